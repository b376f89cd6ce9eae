"""Fused rows, written out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Rows
from .stage import Stage


@np.errstate(all="ignore")
def fuse(rows: Rows, out: NDArray) -> None:
    for part, tile in Stage(rows).tiles():
        out[part] = tile
