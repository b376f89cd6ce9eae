"""Losses of probabilities, and what has to be known of them first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loops import F64, I64, TILE_BYTES, jit, parts, plain


@jit
def _add(
    codes: I64, p: NDArray, weight: F64, least: float, greatest: float, sums: F64, tallies: F64
) -> None:
    n, k = p.shape
    logs, squares = 0.0, 0.0
    for i in range(n):
        code, total, square = codes[i], 0.0, 0.0
        for j in range(k):
            x = np.float64(p[i, j])
            total += x
            miss = 1.0 - x if j == code else x
            square += miss * miss
            if not 0.0 <= x <= 1.0:
                sums[2] += 1
        squares += weight[i] * square
        excess = abs(total - 1.0)
        if excess > sums[4]:
            sums[4] = excess
        if 0 <= code < k:
            own = min(max(np.float64(p[i, code]), least), greatest)
            logs -= weight[i] * np.log(own)
            tallies[0, code] += 1.0
            tallies[1, code] += weight[i]
        else:
            sums[3] += 1
    sums[0] += logs
    sums[1] += squares


def probability_sums(
    y: NDArray, low: int, values: NDArray, sample_weight: F64 | None, eps: float,
    sums: F64, tallies: F64,
) -> None:  # fmt: skip
    sums[...] = 0.0
    tallies[...] = 0.0
    least = values.dtype.type(eps)
    greatest = float(1 - least)
    width = 2 if values.ndim == 1 else values.shape[1]
    ones = np.ones(TILE_BYTES // 8)
    for part in parts(len(values), 8 * width):
        p = values[part]
        p = np.stack((1 - p, p), axis=1) if p.ndim == 1 else plain(p, p.dtype)
        codes = np.subtract(y[part].astype(np.int64), np.int64(low))
        weight = ones if sample_weight is None else plain(sample_weight[part])
        _add(codes, p, weight, float(least), greatest, sums, tallies)
