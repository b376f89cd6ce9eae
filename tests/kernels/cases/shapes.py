"""Sizes and lists that the cases draw from."""

from __future__ import annotations

import numpy as np

from polyfuse._kernels.contract import CONCATENATE, INPUT_DTYPES
from polyfuse._kernels.fusion_ops import OPERATORS

DOUBLE = (np.dtype("float64"),)
WIDTHS = (1, 3, 16, 17, 64, 200)
HEIGHTS = (0, 1, 5, 257, 3000)
DTYPE_NAMES = tuple(dtype.name for dtype in INPUT_DTYPES)
OPS = (*OPERATORS, CONCATENATE)
