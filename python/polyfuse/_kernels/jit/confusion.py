"""Counts of pairs of codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loops import F64, I64, TILE_BYTES, jit, parts, plain


@jit
def _count(y_true: NDArray, y_pred: NDArray, weight: NDArray, out: NDArray) -> None:
    k = out.shape[0]
    for i in range(len(y_true)):
        if 0 <= y_true[i] < k and 0 <= y_pred[i] < k:
            out[y_true[i], y_pred[i]] += weight[i]


def confusion(y_true: I64, y_pred: I64, sample_weight: F64 | None, out: NDArray) -> None:
    ones = np.ones(TILE_BYTES // 8, np.int64)
    out[...] = 0
    for part in parts(len(y_true), 8):
        weight = ones if sample_weight is None else plain(sample_weight[part])
        _count(plain(y_true[part], np.int64), plain(y_pred[part], np.int64), weight, out)
