"""Counts of pairs of codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def confusion(
    y_true: NDArray[np.int64],
    y_pred: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
    out: NDArray,
) -> None:
    k = len(out)
    inside = (y_true >= 0) & (y_true < k) & (y_pred >= 0) & (y_pred < k)
    cells = y_true[inside] * k + y_pred[inside]
    weights = None if sample_weight is None else sample_weight[inside]
    out[...] = np.bincount(cells, weights, minlength=k * k).reshape(k, k)
