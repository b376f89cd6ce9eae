"""Rows, and columns of groups of rows, scaled by their own statistics.

Every formula takes runs, one in each row of a matrix `x` that has the precision of the work. Its
statistics are found in float64 and rounded to that precision before they are applied.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def _standard(x: NDArray) -> NDArray:
    present = ~np.isnan(x)
    n = np.maximum(present.sum(axis=1, keepdims=True), 1)
    wide = np.where(present, x, 0.0).astype(np.float64)
    rough = wide.sum(axis=1, keepdims=True) / n
    deviation = np.where(present, wide - rough, 0.0)
    shift = deviation.sum(axis=1, keepdims=True)
    mean = rough + shift / n  # of equal numbers, that number exactly
    var = ((deviation**2).sum(axis=1, keepdims=True) - shift * (shift / n)) / n
    eps = np.finfo(np.float64).eps
    constant = var <= n * eps * var + (n * mean * eps) ** 2
    deviation = np.where(constant, 1.0, np.sqrt(var))
    scaled: NDArray = (x - mean.astype(x.dtype)) / deviation.astype(x.dtype)
    return scaled


def _minmax(x: NDArray) -> NDArray:
    least = np.fmin.reduce(x, axis=1, keepdims=True)
    span = np.fmax.reduce(x, axis=1, keepdims=True) - least
    constant = span < 10 * np.finfo(x.dtype).eps
    scaled: NDArray = (x - least) / np.where(constant, x.dtype.type(1), span)
    return scaled


def _by_norm(x: NDArray, kind: str, least: float) -> tuple[NDArray, bool]:
    """The rows divided by their norms, and whether these are finite."""
    norms = _NORMS[kind](x.astype(np.float64))
    divisors = np.where((norms == 0.0) | (norms < least), 1.0, norms)
    return x / divisors.astype(x.dtype), bool(np.isfinite(norms).all())


def _softmax(x: NDArray) -> NDArray:
    odds = np.exp(x - x.max(axis=1, keepdims=True))
    total = odds.sum(axis=1, keepdims=True, dtype=np.float64)
    scaled: NDArray = odds / total.astype(x.dtype)
    return scaled


def _rank(x: NDArray) -> NDArray:
    ranks = np.full(x.shape, np.nan, x.dtype)
    for i, run in enumerate(x):
        present = ~np.isnan(run)
        _, place, times = np.unique(run[present], return_inverse=True, return_counts=True)
        last = np.cumsum(times)
        ranks[i, present] = (last - (times - 1) / 2.0)[place]
    return ranks


_FORMULAS: dict[str, Callable[[NDArray], NDArray]] = {
    "standard": _standard,
    "minmax": _minmax,
    "softmax": _softmax,
    "rank": _rank,
}
_NORMS: dict[str, Callable[[NDArray], NDArray]] = {
    "l1": lambda x: np.abs(x).sum(axis=1, keepdims=True),
    "l2": lambda x: np.sqrt((x**2).sum(axis=1, keepdims=True)),
    "max": lambda x: np.abs(x).max(axis=1, keepdims=True),
}


@np.errstate(all="ignore")
def normalize_rows(values: NDArray, kind: str, out: NDArray, least: float = 0.0) -> bool:
    work = np.promote_types(out.dtype, np.float32)
    # In C order: NumPy's sums are then pairwise, and their error does not grow with the length.
    x, finite = values.astype(work, order="C"), True
    if kind in _NORMS:
        out[...], finite = _by_norm(x, kind, least)
    else:
        out[...] = _FORMULAS[kind](x)
    return finite


def normalize_groups(
    values: NDArray,
    order: NDArray[np.int64] | None,
    starts: NDArray[np.int64],
    kind: str,
    out: NDArray,
) -> None:
    for start, end in pairwise(starts):
        rows = slice(start, end) if order is None else order[start:end]
        if start < end:
            scaled = np.empty((values.shape[1], end - start), out.dtype)
            normalize_rows(values[rows].T, kind, scaled)
            out[rows] = scaled.T
