"""Statistics of columns, and rows and groups scaled by their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def column_moments(
    values: NDArray,
    leaf_rows: int,
    count: NDArray[np.int64],
    mean: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    present = ~np.isnan(values)
    with np.errstate(all="ignore"):
        count[:] = present.sum(axis=0)
        n = np.maximum(count, 1)
        x = values.astype(np.float64)
        origin = x[np.argmax(present, axis=0), np.arange(x.shape[1])] if len(x) else 0.0
        origin = np.where(count > 0, origin, 0.0)
        mean[:] = origin + np.where(present, x - origin, 0.0).sum(axis=0) / n
        deviation = np.where(present, x - mean, 0.0)
        squares[:] = (deviation**2).sum(axis=0) - deviation.sum(axis=0) ** 2 / n


def column_extrema(values: NDArray, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    missing = np.isnan(values)
    x = values.astype(np.float64)
    low[:] = np.where(missing, np.inf, x).min(axis=0, initial=np.inf)
    high[:] = np.where(missing, -np.inf, x).max(axis=0, initial=-np.inf)
