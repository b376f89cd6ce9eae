"""Statistics of columns, and rows and groups scaled by their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .loops import F64, I64, jit, parts, plain


@jit
def _add_powers(x: NDArray, origin: NDArray, count: NDArray, total: NDArray, squares: Any) -> None:
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            present = x[i, j] == x[i, j]
            deviation = x[i, j] - origin[j] if present else 0.0
            count[j] += 1.0 if present else 0.0
            total[j] += deviation
            squares[j] += deviation * deviation


@jit
def _merge(left: NDArray, right: NDArray) -> None:
    """Chan, Golub and LeVeque: moments (count, mean, squares) of two sets of rows into `left`."""
    for j in range(left.shape[1]):
        n, delta = left[0, j] + right[0, j], right[1, j] - left[1, j]
        share = right[0, j] / max(n, 1.0)
        left[2, j] += right[2, j] + delta * delta * (left[0, j] * share)
        left[1, j] += delta * share
        left[0, j] = n


def _leaf_moments(values: NDArray) -> F64:
    """Two sweeps: about the first numbers, and about the mean, which also corrects that mean."""
    n, d = values.shape
    tiles = [values[part] for part in parts(n, 8 * d)]
    top = plain(tiles[0])
    origin = top[np.isnan(top).argmin(axis=0), np.arange(d)]
    origin[np.isnan(origin)] = 0.0
    for _ in range(2):
        count, total, squares = np.zeros((3, d))
        for tile in tiles:
            _add_powers(plain(tile), origin, count, total, squares)
        present = np.maximum(count, 1.0)
        origin = np.where(count > 0.0, origin + total / present, 0.0)
    return np.stack([count, origin, squares - total * total / present])


@np.errstate(all="ignore")
def column_moments(values: NDArray, leaf_rows: int, count: I64, mean: F64, squares: F64) -> None:
    # A binary counter: trees of 2**depth leaves, the deepest first, below them one that is empty.
    trees = [(-1, np.zeros((3, values.shape[1])))]
    for start in range(0, len(values), leaf_rows):
        depth, moments = 0, _leaf_moments(values[start : start + leaf_rows])
        while trees[-1][0] == depth:
            _merge(trees[-1][1], moments)
            depth, moments = depth + 1, trees.pop()[1]
        trees.append((depth, moments))
    while len(trees) > 1:
        moments = trees.pop()[1]
        _merge(trees[-1][1], moments)
    count[:], mean[:], squares[:] = trees[0][1]


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
