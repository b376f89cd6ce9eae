"""Indicator matrices, several labels per row: dense or sparse, and counts of them.

A sparse matrix is told by its methods (``tocsr``): SciPy is not imported. It is never made dense;
`Marks` are the places of what is not 0, in order, and two sets of places are merged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


class Marks:
    """What is not 0 in a matrix: places, row * n_columns + column, ascending; and values."""

    ndim = 2

    def __init__(self, places: Array, values: Array, shape: tuple[int, int], first: int) -> None:
        self.places, self.values, self.shape = places, values, shape
        self.dtype = values.dtype
        self.first = first  # number of entries that the first row stores

    def __len__(self) -> int:
        return self.shape[0]

    def form(self) -> str:
        """The form of the targets (``type_of_target``). Not one of several labels is "single"."""
        several = self.shape[1] > 1
        integral = self.dtype.kind in "biu"
        if self.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                integral = bool((self.values.astype(np.int64) == self.values).all())
        alike = len(self.values) == 0 or bool((self.values == self.values[0]).all())
        if 0 in self.shape:
            # No column is not an error of its own, and nothing to count; no row is one elsewhere.
            return "multilabel-indicator" if several else "unknown"
        if several and alike and integral:
            return "multilabel-indicator"
        if not integral:
            return "continuous-multioutput" if several else "continuous"
        # scikit-learn takes a matrix for one label per row if its first row has one entry.
        return "multiclass-multioutput" if several and self.first > 1 else "single"


def read_sparse(y: Any) -> Marks:
    """The marks of a sparse matrix of any format; entries given twice are added up."""
    csr = y.tocsr()
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    if csr.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{y}\n")
    if csr.ndim != 2:
        raise ValueError(f"Sparse targets must have two dimensions, got shape {csr.shape}")
    n_rows, n_columns = csr.shape
    per_row = np.diff(csr.indptr)
    rows = np.repeat(np.arange(n_rows, dtype=np.int64), per_row)
    places, values = rows * n_columns + csr.indices, csr.data
    kept = values != 0
    if not kept.all():
        places, values = places[kept], values[kept]
    return Marks(places, values, (n_rows, n_columns), int(per_row[0]) if n_rows else 0)


def _marks(y: Array | Marks) -> Marks:
    if isinstance(y, Marks):
        return y
    places = np.flatnonzero(y)
    return Marks(places, y.reshape(-1)[places], (y.shape[0], y.shape[1]), 0)


def _common(t: Marks, p: Marks) -> tuple[Array, Array]:
    """Where the marks that both have stand among those of `t`, and among those of `p`."""
    if len(t.places) == 0:
        nothing = np.empty(0, np.int64)
        return nothing, nothing
    at = np.searchsorted(t.places, p.places)
    at[at == len(t.places)] = 0
    found = (t.places[at] == p.places).nonzero()[0]
    return at[found], found


def differences(y_true: Array | Marks, y_pred: Array | Marks) -> Array:
    """The number of entries of each row that differ."""
    if not (isinstance(y_true, Marks) or isinstance(y_pred, Marks)):
        number: Array = np.count_nonzero(y_true != y_pred, axis=1)
        return number
    t, p = _marks(y_true), _marks(y_pred)
    in_true, in_pred = _common(t, p)
    alike = in_true[t.values[in_true] == p.values[in_pred]]
    both = in_true[t.values[in_true] != p.values[in_pred]]
    n_rows, width = t.shape
    marks = (
        np.bincount(places // width, minlength=n_rows)
        for places in (t.places, p.places, t.places[alike], t.places[both])
    )
    n_true, n_pred, n_alike, n_both = marks
    return n_true + n_pred - 2 * n_alike - n_both


# -- sums ----------------------------------------------------------------------------------------


def label_sums(
    y_true: Array | Marks,
    y_pred: Array | Marks,
    labels: ArrayLike | None,
    weight: Array | None,
    samplewise: bool,
) -> tuple[Array, Array, Array]:
    """Number, or weight, of rows of each label: rightly predicted, predicted, true.

    Of each row instead of each label if `samplewise`. `labels` are numbers of columns.
    """
    columns = None if labels is None else _columns(labels, y_true.shape[1])
    if isinstance(y_true, Marks) or isinstance(y_pred, Marks):
        t, p = (_choose(_marks(y), columns) for y in (y_true, y_pred))
        both = t.places[_common(t, p)[0]]
        shape = t.shape
        coordinates = [np.divmod(x, shape[1] or 1) for x in (both, p.places, t.places)]
        return _add_up(coordinates, shape, weight, samplewise)
    marks_true, marks_pred = y_true != 0, y_pred != 0
    if columns is not None:
        marks_true, marks_pred = marks_true[:, columns], marks_pred[:, columns]
    marked = (marks_true & marks_pred, marks_pred, marks_true)
    if weight is not None and not samplewise:
        return _add_up([m.nonzero() for m in marked], marks_true.shape, weight, samplewise)
    tp, predicted, true = (_weighted(m.sum(axis=int(samplewise)), weight) for m in marked)
    return tp, predicted, true


def _columns(labels: ArrayLike, width: int) -> Array:
    columns, last = np.asarray(labels), width - 1
    if columns.dtype.kind == "f" and (columns == np.floor(columns)).all():
        columns = columns.astype(np.int64)
    problem = "All labels must be in [0, n labels) for multilabel targets. Got {:d} {} {:d}"
    if (columns > last).any():
        raise ValueError(problem.format(columns.max(), ">", last))
    if (columns < 0).any():
        raise ValueError(problem.format(columns.min(), "<", 0))
    return columns.astype(np.int64) if columns.size == 0 else columns


def _choose(y: Marks, columns: Array | None) -> Marks:
    """The marks in some columns, in this order; a column may be chosen twice."""
    if columns is None:
        return y
    n_rows, width = y.shape
    rows, old = np.divmod(y.places, width)
    order = np.argsort(columns, kind="stable")
    ascending = columns[order]
    first = np.searchsorted(ascending, old, "left")
    times = np.searchsorted(ascending, old, "right") - first
    step = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    chosen = order[np.repeat(first, times) + step]
    places = np.sort(np.repeat(rows, times) * len(columns) + chosen)
    return Marks(places, np.ones(len(places), np.int8), (n_rows, len(columns)), 0)


def _add_up(
    coordinates: list[tuple[Array, Array]],
    shape: tuple[int, ...],
    weight: Array | None,
    samplewise: bool,
) -> tuple[Array, Array, Array]:
    """Sums over marks at (rows, columns), in their order: that of the rows."""
    axis = 0 if samplewise else 1
    sums = []
    for places in coordinates:
        if weight is None or samplewise:
            sums.append(_weighted(np.bincount(places[axis], minlength=shape[axis]), weight))
        else:
            by_row = weight[places[0]]
            sums.append(np.bincount(places[1], weights=by_row, minlength=shape[1]))
    if weight is not None and not samplewise:
        # What has no mark at all is an integer; scikit-learn stacks the sums, and their total.
        kind = np.result_type(weight.sum(), *sums)
        sums = [x.astype(kind, copy=False) for x in sums]
    return sums[0], sums[1], sums[2]


def _weighted(number: Array, weight: Array | None) -> Array:
    # int32, as the row pointers of scikit-learn's sparse matrices: narrow weights stay narrow.
    return number if weight is None else number.astype(np.int32) * weight
