"""Counts of labels, in pairs and alone, and codes of those that are words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _codes(y: NDArray, low: int) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.subtract(y.astype(np.int64), np.int64(low))
    return codes


def confusion(
    y_true: NDArray,
    y_pred: NDArray,
    low: int,
    sample_weight: NDArray[np.float64] | None,
    out: NDArray,
) -> None:
    k = len(out)
    t, p = _codes(y_true, low), _codes(y_pred, low)
    inside = (t >= 0) & (t < k) & (p >= 0) & (p < k)
    weights = None if sample_weight is None else sample_weight[inside]
    out[...] = np.bincount(t[inside] * k + p[inside], weights, minlength=k * k).reshape(k, k)


def label_sums(
    y_true: NDArray,
    y_pred: NDArray,
    low: int,
    sample_weight: NDArray[np.float64] | None,
    out: NDArray,
) -> None:
    k = out.shape[1]
    t, p = _codes(y_true, low), _codes(y_pred, low)
    for row, codes, chosen in ((0, t, t == p), (1, p, True), (2, t, True)):
        chosen = (codes >= 0) & (codes < k) & chosen
        weights = None if sample_weight is None else sample_weight[chosen]
        out[row] = np.bincount(codes[chosen], weights, minlength=k)


def count_equal(y_true: NDArray, y_pred: NDArray) -> int:
    return int(np.count_nonzero(_codes(y_true, 0) == _codes(y_pred, 0)))


def label_range(y: NDArray) -> tuple[int, int]:
    return int(y.min()), int(y.max())


def encode_words(
    words: NDArray[np.uint32], codes: NDArray[np.int64], firsts: NDArray[np.int64]
) -> int:
    if len(words) == 0:
        return 0
    _, first, own = np.unique(words, axis=0, return_index=True, return_inverse=True)
    if len(first) > len(firsts):
        return -1
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    codes[...] = place[own.reshape(-1)]
    firsts[: len(order)] = first[order]
    return len(order)
