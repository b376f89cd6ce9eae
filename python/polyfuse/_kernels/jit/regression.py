"""Sums of the errors of predicted numbers, with what they lack.

Means and squares of a tile are merged into those before it, as the C++ kernels do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import ERRORS
from .loops import F64, TILE_BYTES, jit, parts, plain

_SQUARED, _ABSOLUTE, _SIDES, _PERCENTAGE, _LOGARITHMIC, _POISSON, _GAMMA, _MOMENTS, _DEVIATIONS = (
    range(len(ERRORS))
)


@jit
def _add(to: F64, x: float) -> None:
    total = to[0] + x
    part = total - to[0]
    to[1] += (to[0] - (total - part)) + (x - part)
    to[0] = total


@jit
def _term(code: int, t: float, p: float) -> float:
    d = t - p
    if code == _ABSOLUTE:
        return abs(d)
    if code == _SIDES:
        return d if d > 0.0 else 0.0 * d
    if code == _PERCENTAGE:
        return abs(d) / max(abs(t), 2.0**-52)
    if code == _LOGARITHMIC:
        d = np.log1p(t) - np.log1p(p)
    elif code == _POISSON:
        information = t * np.log(t / p) if t != 0.0 else 0.0
        return 2.0 * (information - t + p) if t >= 0.0 and p > 0.0 else np.nan
    elif code == _GAMMA:
        return 2.0 * (np.log(p / t) + t / p - 1.0) if t > 0.0 and p > 0.0 else np.nan
    return d * d


@jit
def _centre(x: F64, w: F64, weight: float, before: float, mean: F64, squares: F64) -> None:
    """Merge rows of this weight into the mean and squares of those that weigh `before`."""
    own, first, found = np.zeros(2), np.zeros(2), np.zeros(2)
    for i in range(len(x)):
        _add(own, w[i] * x[i])
    centre = own[0] / weight if weight != 0.0 else 0.0
    for i in range(len(x)):
        d = x[i] - centre
        _add(first, w[i] * d)
        _add(found, w[i] * (d * d))
    if weight == 0.0:
        if found[0] != 0.0:  # NaNs, or weights that cancel
            squares[0] += np.nan
        return
    rest = (first[0] + first[1]) / weight
    _add(found, -(first[0] * rest))
    if before == 0.0:
        mean[:] = centre, rest
        squares[:] = found
        return
    d = (centre - mean[0]) + (rest - mean[1])
    share = weight / (before + weight)
    _add(squares, found[0])
    squares[1] += found[1]
    _add(squares, d * d * (before * share))
    _add(mean, d * share)


@jit
def _sweep(code: int, t: F64, p: F64, w: F64, sums: F64) -> None:
    before = sums[0, 0] + sums[0, 1]
    weight = np.zeros(2)
    for i in range(len(t)):
        _add(weight, w[i])
        if code != _DEVIATIONS:
            _add(sums[1], w[i] * _term(code, t[i], p[i]))
        if code == _SIDES:
            d = p[i] - t[i]
            _add(sums[2], w[i] * (d if d > 0.0 else 0.0 * d))
        if code == _ABSOLUTE and abs(t[i] - p[i]) > sums[3, 0]:
            sums[3, 0] = abs(t[i] - p[i])
    own = weight[0] + weight[1]
    if code == _DEVIATIONS:
        _centre(t - p, w, own, before, sums[4], sums[5])
    if code in (_MOMENTS, _DEVIATIONS):
        _centre(t, w, own, before, sums[6], sums[7])
    _add(sums[0], weight[0])
    sums[0, 1] += weight[1]


def error_sums(
    y_true: NDArray, y_pred: NDArray, sample_weight: F64 | None, kind: str, out: F64
) -> None:
    if kind not in ERRORS:
        raise ValueError(f"kind must be one of {', '.join(ERRORS)}; got {kind!r}")
    code, (n, k) = ERRORS.index(kind), y_true.shape
    ones = np.ones(TILE_BYTES // 8)
    sums = np.zeros((k, 8, 2))
    for part in parts(n, 8 * k):
        m = part.stop - part.start
        weight = ones[:m] if sample_weight is None else plain(sample_weight[part])
        for j in range(k):
            _sweep(code, plain(y_true[part, j]), plain(y_pred[part, j]), weight, sums[j])
    with np.errstate(all="ignore"):
        finite = np.isfinite(sums[..., 0])
        total = np.where(finite, sums.sum(axis=-1), sums[..., 0])
        out[0] = total.T
        out[1] = np.where(finite, (sums[..., 0] - total) + sums[..., 1], 0.0).T
