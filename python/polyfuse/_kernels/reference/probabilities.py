"""Losses of probabilities, and what has to be known of them first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def probability_sums(
    y: NDArray,
    low: int,
    values: NDArray,
    sample_weight: NDArray[np.float64] | None,
    eps: float,
    sums: NDArray[np.float64],
    tallies: NDArray[np.float64],
) -> None:
    p = np.stack((1 - values, values), axis=1) if values.ndim == 1 else values
    n, k = p.shape
    codes = np.subtract(y.astype(np.int64), np.int64(low))
    weight = np.ones(n) if sample_weight is None else sample_weight
    inside = ((codes >= 0) & (codes < k)).nonzero()[0]
    own = codes[inside]
    came_true = np.zeros((n, k))
    came_true[inside, own] = 1.0
    least = values.dtype.type(eps)
    clipped = np.clip(p[inside, own], least, 1 - least).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        sums[0] = (weight[inside] * -np.log(clipped)).sum()
        sums[1] = (weight * np.square(came_true - p).sum(axis=1)).sum()
        sums[2] = n * k - np.count_nonzero((p >= 0) & (p <= 1))
        sums[3] = n - len(inside)
        excess = np.abs(p.sum(axis=1, dtype=np.float64) - 1)
        sums[4] = np.fmax.reduce(excess, initial=0.0)
    tallies[0] = np.bincount(own, minlength=k)
    tallies[1] = np.bincount(own, weight[inside], minlength=k)
