"""The loops a user would write by hand in Numba: parallel, one pass, no more checks than needed.

They are peers to measure against, not a part of the library, and as good as a patient user makes
them. Where `fastmath` lets LLVM vectorise a sum, it is on.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

_serial = njit(cache=True, error_model="numpy", fastmath=True)
_parallel = njit(cache=True, error_model="numpy", parallel=True)
_fast = njit(cache=True, error_model="numpy", parallel=True, fastmath=True)

PARTS = get_num_threads()  # for the loops that ask: Numba cannot keep one on disk that does so
_CHUNK = 1 << 12  # elements, or rows, that one step of an outer loop takes


# -- bandwidth -----------------------------------------------------------------------------------
@_serial
def _sum(x: NDArray) -> float:
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += x[i]
    return total


@_fast
def read_sum(x: NDArray) -> float:
    total = 0.0
    for c in prange((x.size + _CHUNK - 1) // _CHUNK):
        total += _sum(x[c * _CHUNK : (c + 1) * _CHUNK])
    return total


@_parallel
def copy(x: NDArray, out: NDArray) -> None:
    for i in prange(x.size):
        out[i] = x[i]


# -- normalization -------------------------------------------------------------------------------
@_parallel
def column_moments(x: NDArray, parts: int) -> tuple[NDArray, NDArray]:
    """Mean and variance without NaNs: sums of deviations from the first row."""
    n, d = x.shape
    counts, totals, squares = np.zeros((parts, d)), np.zeros((parts, d)), np.zeros((parts, d))
    origin = x[0].astype(np.float64)
    for p in prange(parts):
        n_p, t_p, s_p = np.zeros(d), np.zeros(d), np.zeros(d)
        for i in range(n * p // parts, n * (p + 1) // parts):
            for j in range(d):
                v = x[i, j] - origin[j]
                seen = v == v
                v = v if seen else 0.0
                n_p[j] += 1.0 if seen else 0.0
                t_p[j] += v
                s_p[j] += v * v
        counts[p], totals[p], squares[p] = n_p, t_p, s_p
    count = counts.sum(axis=0)
    shift = totals.sum(axis=0) / count
    return origin + shift, squares.sum(axis=0) / count - shift * shift


@_parallel
def column_extrema(x: NDArray, parts: int) -> tuple[NDArray, NDArray]:
    """Least and greatest value without NaNs."""
    n, d = x.shape
    lows, highs = np.empty((parts, d), x.dtype), np.empty((parts, d), x.dtype)
    for p in prange(parts):
        low, high = np.full(d, np.inf, x.dtype), np.full(d, -np.inf, x.dtype)
        for i in range(n * p // parts, n * (p + 1) // parts):
            for j in range(d):
                low[j] = x[i, j] if x[i, j] < low[j] else low[j]
                high[j] = x[i, j] if x[i, j] > high[j] else high[j]
        lows[p], highs[p] = low, high
    for p in range(1, parts):
        lows[0] = np.minimum(lows[0], lows[p])
        highs[0] = np.maximum(highs[0], highs[p])
    return lows[0], highs[0]


@_parallel
def scale(x: NDArray, shift: NDArray, factor: NDArray, out: NDArray) -> None:
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = (x[i, j] - shift[j]) / factor[j]


@_parallel
def multiply(x: NDArray, factor: NDArray, shift: NDArray, out: NDArray) -> None:
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] * factor[j] + shift[j]


# -- fusion --------------------------------------------------------------------------------------
@_parallel
def mean3(a: NDArray, b: NDArray, c: NDArray, out: NDArray) -> None:
    three = a.dtype.type(3)
    for i in prange(a.size):
        out[i] = (a[i] + b[i] + c[i]) / three


@_parallel
def weighted_mean3(a: NDArray, b: NDArray, c: NDArray, w: NDArray, out: NDArray) -> None:
    total = w[0] + w[1] + w[2]
    for i in prange(a.size):
        out[i] = (w[0] * a[i] + w[1] * b[i] + w[2] * c[i]) / total


@_parallel
def maximum3(a: NDArray, b: NDArray, c: NDArray, out: NDArray) -> None:
    for i in prange(a.size):
        top = a[i] if a[i] > b[i] else b[i]
        out[i] = top if top > c[i] else c[i]


@_parallel
def mean_many(blocks: Any, out: NDArray) -> None:
    """Mean of a tuple of flat arrays, a chunk at a time so that sums stay in cache."""
    k = len(blocks)
    for c in prange((out.size + _CHUNK - 1) // _CHUNK):
        first, last = c * _CHUNK, min(out.size, (c + 1) * _CHUNK)
        acc = out[first:last]
        acc[:] = blocks[0][first:last]
        for b in range(1, k):
            x = blocks[b][first:last]
            for i in range(len(acc)):
                acc[i] += x[i]
        for i in range(len(acc)):
            acc[i] /= acc.dtype.type(k)


@_parallel
def scaled_mean3(a: NDArray, b: NDArray, c: NDArray, shift: NDArray, factor: NDArray,
                 out: NDArray) -> None:  # fmt: skip
    """Standardise three blocks (rows 0 to 2 of `shift` and `factor`) and take their mean."""
    three = a.dtype.type(3)
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            x = (a[i, j] - shift[0, j]) / factor[0, j]
            y = (b[i, j] - shift[1, j]) / factor[1, j]
            z = (c[i, j] - shift[2, j]) / factor[2, j]
            out[i, j] = (x + y + z) / three


@_parallel
def concatenate3(a: NDArray, b: NDArray, c: NDArray, out: NDArray) -> None:
    d = a.shape[1]
    for i in prange(a.shape[0]):
        for j in range(d):
            out[i, j] = a[i, j]
        for j in range(d):
            out[i, d + j] = b[i, j]
        for j in range(d):
            out[i, 2 * d + j] = c[i, j]


# -- sgd -----------------------------------------------------------------------------------------
@_fast
def linear_scores(x: NDArray, coef: NDArray, intercept: NDArray, out: NDArray) -> None:
    for i in prange(x.shape[0]):
        for k in range(coef.shape[0]):
            total = intercept[k]
            for j in range(x.shape[1]):
                total += x[i, j] * coef[k, j]
            out[i, k] = total


@_serial
def _residuals(x: NDArray, label: int, coef: NDArray, intercept: NDArray, out: NDArray) -> None:
    """Derivatives of a row's loss: logistic for one score, softmax for more."""
    for k in range(len(out)):
        total = intercept[k]
        for j in range(len(x)):
            total += x[j] * coef[k, j]
        out[k] = total
    if len(out) == 1:
        out[0] = 1.0 / (1.0 + math.exp(-out[0])) - label
        return
    top, total = out.max(), 0.0
    for k in range(len(out)):
        out[k] = math.exp(out[k] - top)
        total += out[k]
    for k in range(len(out)):
        out[k] /= total
    out[label] -= 1.0


@_fast
def gradient(x: NDArray, labels: NDArray, coef: NDArray, intercept: NDArray,
             parts: int) -> NDArray:  # fmt: skip
    """Gradient of the summed loss, intercept last: float64 across chunks of rows."""
    (n, d), k = x.shape, coef.shape[0]
    totals = np.empty((parts, k, d + 1))
    for p in prange(parts):
        total, chunk = np.zeros((k, d + 1)), np.empty((k, d + 1), x.dtype)
        residual = np.empty(k, x.dtype)
        last = n * (p + 1) // parts
        for start in range(n * p // parts, last, 256):
            chunk[:] = 0
            for i in range(start, min(last, start + 256)):
                _residuals(x[i], labels[i], coef, intercept, residual)
                for c in range(k):
                    chunk[c, d] += residual[c]
                    for j in range(d):
                        chunk[c, j] += residual[c] * x[i, j]
            total += chunk
        totals[p] = total
    return totals.sum(axis=0)


@_serial
def epoch(x: NDArray, labels: NDArray, batch: int, step: float, alpha: float) -> NDArray:
    """One epoch of logistic regression from zero, in the order of the rows; intercept last."""
    n, d = x.shape
    number = x.dtype.type
    coef, intercept = np.zeros((1, d), x.dtype), np.zeros(1, x.dtype)
    grad, residual = np.zeros(d + 1, x.dtype), np.empty(1, x.dtype)
    for start in range(0, n, batch):
        stop = min(n, start + batch)
        grad[:] = 0
        for i in range(start, stop):
            _residuals(x[i], labels[i], coef, intercept, residual)
            grad[d] += residual[0]
            for j in range(d):
                grad[j] += residual[0] * x[i, j]
        rate, keep = number(step / (stop - start)), number(1.0 - step * alpha)
        for j in range(d):
            coef[0, j] = keep * coef[0, j] - rate * grad[j]
        intercept[0] -= rate * grad[d]
    return np.append(coef[0], intercept)


# -- confusion -----------------------------------------------------------------------------------
@_parallel
def label_range(t: NDArray, p: NDArray) -> tuple[int, int]:
    low, high = t[0], t[0]
    for i in prange(len(t)):
        low = min(low, min(t[i], p[i]))
        high = max(high, max(t[i], p[i]))
    return low, high


@_parallel
def count_pairs(t: NDArray, p: NDArray, low: int, k: int, parts: int) -> NDArray:
    counts = np.empty((parts, k, k), np.int64)
    for part in prange(parts):
        mine = np.zeros((k, k), np.int64)
        for i in range(len(t) * part // parts, len(t) * (part + 1) // parts):
            mine[t[i] - low, p[i] - low] += 1
        counts[part] = mine
    return counts.sum(axis=0)


@_parallel
def count_equal(t: NDArray, p: NDArray) -> int:
    total = 0
    for i in prange(len(t)):
        total += t[i] == p[i]
    return total


@_fast
def sum_of_squares(t: NDArray, p: NDArray) -> float:
    total = 0.0
    for i in prange(len(t)):
        total += (t[i] - p[i]) * (t[i] - p[i])
    return total
