"""Statistics of columns, and rows and groups scaled by their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loops import F64, jit, parts, plain


@jit
def _add_powers(x: NDArray, weight: NDArray, origin: NDArray, sums: NDArray) -> None:
    """Weights, deviations from an origin and their squares, of what is no NaN and has weight."""
    for i in range(x.shape[0]):
        w = weight[i]
        for j in range(x.shape[1]):
            present = x[i, j] == x[i, j] and w != 0.0
            deviation = x[i, j] - origin[j]
            sums[0, j] += w if present else 0.0
            sums[1, j] += w * deviation if present else 0.0
            sums[2, j] += w * deviation * deviation if present else 0.0


@jit
def _merge(left: NDArray, right: NDArray) -> None:
    """Chan, Golub and LeVeque: moments (count, mean, squares) of two sets of rows into `left`."""
    for j in range(left.shape[1]):
        a, b = left[0, j], right[0, j]
        n, delta = a + b, right[1, j] - left[1, j]
        if b != 0.0 and a == 0.0:
            left[1, j], left[2, j] = right[1, j], right[2, j]
        elif b != 0.0:
            left[1, j] += delta * (b / n)
            left[2, j] = left[2, j] + right[2, j] + delta * delta * (a / n * b)
        left[0, j] = n


def _leaf_moments(values: NDArray, weight: F64) -> F64:
    """Two sweeps: about the first numbers, and about the mean, which also corrects that mean."""
    n, d = values.shape
    tiles = list(parts(n, 8 * d))
    top = plain(values[tiles[0]])
    present = ~np.isnan(top) & (weight[tiles[0]] != 0.0)[:, None]
    origin = np.where(present.any(axis=0), top[present.argmax(axis=0), np.arange(d)], 0.0)

    def about(origin: F64) -> tuple[F64, NDArray[np.bool_]]:
        sums = np.zeros((3, d))
        for part in tiles:
            _add_powers(plain(values[part]), weight[part], origin, sums)
        return sums, sums[0] != 0.0

    sums, there = about(origin)
    mean = np.where(there, origin + sums[1] / sums[0], 0.0)
    if not np.isfinite(mean).all():
        sums, there = about(np.where(np.isfinite(mean), origin, 0.0))
        mean = np.where(np.isfinite(mean), mean, np.where(there, sums[1] / sums[0], 0.0))
    sums, there = about(mean)
    correct = there & np.isfinite(sums[2])
    share = np.where(correct, sums[1] / sums[0], 0.0)
    return np.stack([sums[0], mean + share, np.where(correct, sums[2] - sums[1] * share, sums[2])])


@np.errstate(all="ignore")
def column_moments(
    values: NDArray,
    sample_weight: F64 | None,
    leaf_rows: int,
    count: F64,
    mean: F64,
    squares: F64,
) -> None:
    # A binary counter: trees of 2**depth leaves, the deepest first.
    trees: list[tuple[int, F64]] = []
    ones = np.ones(min(leaf_rows, len(values)))
    for start in range(0, len(values), leaf_rows):
        leaf = values[start : start + leaf_rows]
        weight = ones if sample_weight is None else plain(sample_weight[start : start + leaf_rows])
        depth, moments = 0, _leaf_moments(leaf, weight[: len(leaf)])
        while trees and trees[-1][0] == depth:
            _merge(trees[-1][1], moments)
            depth, moments = depth + 1, trees.pop()[1]
        trees.append((depth, moments))
    while len(trees) > 1:
        moments = trees.pop()[1]
        _merge(trees[-1][1], moments)
    count[:], mean[:], squares[:] = trees[0][1] if trees else np.zeros((3, values.shape[1]))


@jit
def _widen(x: NDArray, low: NDArray, high: NDArray) -> None:
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            low[j] = x[i, j] if x[i, j] < low[j] else low[j]
            high[j] = x[i, j] if x[i, j] > high[j] else high[j]


def column_extrema(values: NDArray, low: F64, high: F64) -> None:
    least, greatest = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
    for part in parts(len(values), 8 * values.shape[1]):
        _widen(plain(values[part]), least, greatest)
    low[:], high[:] = least, greatest
