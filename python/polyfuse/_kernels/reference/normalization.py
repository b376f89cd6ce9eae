"""Statistics of columns, and rows and groups scaled by their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Moments = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _leaf(x: NDArray[np.float64], weight: NDArray[np.float64]) -> Moments:
    present = ~np.isnan(x) & (weight != 0.0)[:, None]
    w = np.where(present, weight[:, None], 0.0)
    count = w.sum(axis=0)
    there = count != 0.0
    first = x[np.argmax(present, axis=0), np.arange(x.shape[1])] if len(x) else 0.0

    def mean_about(origin: NDArray[np.float64]) -> NDArray[np.float64]:
        deviation = np.where(present, w * (x - origin), 0.0).sum(axis=0)
        found: NDArray[np.float64] = origin + deviation / np.where(there, count, 1)
        return found

    mean = mean_about(np.where(there, first, 0.0))
    mean = np.where(np.isfinite(mean), mean, mean_about(np.zeros(x.shape[1])))
    deviation = np.where(present, x - mean, 0.0)
    total, squares = (w * deviation).sum(axis=0), (w * deviation * deviation).sum(axis=0)
    correct = there & np.isfinite(squares)
    share = np.where(correct, total / count, 0.0)
    return count, mean + share, np.where(correct, squares - total * share, squares)


def _merge(a: Moments, b: Moments) -> Moments:
    """Moments of the rows of `a` followed by those of `b` (Chan, Golub and LeVeque, 1979)."""
    (n_a, mean_a, squares_a), (n_b, mean_b, squares_b) = a, b
    n, delta = n_a + n_b, mean_b - mean_a
    mean = mean_a + delta * (n_b / n)
    squares = squares_a + squares_b + delta * delta * (n_a / n * n_b)
    return (
        n,
        np.where(n_b == 0.0, mean_a, np.where(n_a == 0.0, mean_b, mean)),
        np.where(n_b == 0.0, squares_a, np.where(n_a == 0.0, squares_b, squares)),
    )


def _tree(x: NDArray[np.float64], weight: NDArray[np.float64], leaf_rows: int) -> Moments:
    if len(x) <= leaf_rows:
        return _leaf(x, weight)
    n_leaves = -(-len(x) // leaf_rows)
    cut = 2 ** ((n_leaves - 1).bit_length() - 1) * leaf_rows
    left = _tree(x[:cut], weight[:cut], leaf_rows)
    return _merge(left, _tree(x[cut:], weight[cut:], leaf_rows))


def column_moments(
    values: NDArray,
    sample_weight: NDArray[np.float64] | None,
    leaf_rows: int,
    count: NDArray[np.float64],
    mean: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    x = values.astype(np.float64, order="C")
    weight = np.ones(len(x)) if sample_weight is None else sample_weight
    with np.errstate(all="ignore"):
        count[:], mean[:], squares[:] = _tree(x, weight, leaf_rows)


def column_extrema(values: NDArray, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    missing = np.isnan(values)
    x = values.astype(np.float64)
    low[:] = np.where(missing, np.inf, x).min(axis=0, initial=np.inf)
    high[:] = np.where(missing, -np.inf, x).max(axis=0, initial=-np.inf)
