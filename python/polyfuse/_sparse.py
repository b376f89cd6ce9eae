"""Sparse matrices, CSR and CSC: statistics of their columns, and columns and rows scaled.

Nothing of SciPy is imported: who hands over a sparse matrix has loaded it. What is not stored is
zero, and a stored NaN is a missing value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._moments import Part

Array = NDArray[np.float64]


def scale_columns(x: Any, factor: NDArray) -> None:
    """Multiply the columns of a CSR or CSC matrix, in place."""
    major = x.format == "csc"
    x.data *= np.repeat(factor, np.diff(x.indptr)) if major else factor.take(x.indices, mode="clip")


def places(x: Any) -> tuple[NDArray, NDArray]:
    """Row and column of each stored value."""
    major = np.repeat(np.arange(len(x.indptr) - 1), np.diff(x.indptr))
    return (x.indices, major) if getattr(x, "format", "csr") == "csc" else (major, x.indices)


def column_moments(x: Any, weight: Array | None) -> Part:
    """Moments of the columns, by the corrected two-pass algorithm, as scikit-learn sums them."""
    rows, columns = places(x)
    n, d = x.shape
    weight = np.ones(n) if weight is None else weight
    present = ~np.isnan(x.data)

    def total(values: Array, chosen: NDArray[np.bool_]) -> Array:
        return np.bincount(columns[chosen], values[chosen], minlength=d).astype(np.float64)

    own, value = weight[rows], x.data.astype(np.float64)
    count = weight.sum() - total(own, ~present)
    stored = np.bincount(columns, minlength=d)
    with np.errstate(all="ignore"):
        mean = np.where(count != 0.0, total(value * own, present) / count, 0.0)
        deviation = value - mean[columns]
        zeros = np.where(stored == n, 0.0, count - total(own, present))
        correction = total(deviation * own, present) - zeros * mean
        squares = total(deviation * deviation * own, present) + zeros * mean**2
        squares = np.where(count != 0.0, squares - correction**2 / count, 0.0)
    return Part(count, mean, squares)


def largest_magnitudes(x: Any) -> NDArray:
    """Greatest magnitude of each column, in the dtype of `x`; NaN where all values are."""
    by_column = x.tocsc()
    stored = np.diff(by_column.indptr)
    found = np.zeros(x.shape[1], x.dtype)
    filled = stored > 0
    starts = by_column.indptr[:-1][filled]
    if len(starts):
        found[filled] = np.fmax.reduceat(np.abs(by_column.data), starts)
    found[np.isnan(found) & (stored < x.shape[0])] = 0.0
    return found


def column(x: Any, index: int) -> NDArray:
    """The values of one column of a CSC matrix, zeros and all, in some order."""
    stored = x.data[x.indptr[index] : x.indptr[index + 1]]
    dense = np.zeros(x.shape[0], x.dtype)
    dense[: len(stored)] = stored
    return dense


def normalize_rows(x: Any, norm: str) -> NDArray:
    """Divide the rows of a CSR matrix by their norms, in place; rows of zeros stay. The norms."""
    lengths = np.diff(x.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    magnitude = np.abs(x.data).astype(np.float64)
    if norm == "max":
        norms = np.zeros(x.shape[0])
        np.maximum.at(norms, rows, magnitude)
    else:
        sums = magnitude if norm == "l1" else magnitude * magnitude
        norms = np.bincount(rows, sums, minlength=x.shape[0])
        norms = norms if norm == "l1" else np.sqrt(norms)
    x.data /= np.where(norms == 0.0, 1.0, norms)[rows]
    return norms
