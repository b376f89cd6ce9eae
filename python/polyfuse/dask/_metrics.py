"""Metrics of collections, of states that merge: counts, sums and histograms of each partition.

Counts do not depend on how rows are cut. Sums of floats do, unless what is added up is: rows are
counted into leaves of a fixed number of them, as :mod:`polyfuse._segments` has them, and the
states of leaves are added from the first to the last. That is what ``update`` does with all rows
at once, so that sums have its bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._regression_sums import PIECE
from .._segments import Leaves, Rows, joined_all, segment
from ..metrics import ConfusionCounts, RegressionSums, ScoreHistogram
from ._graph import compute, merged, task
from ._partitions import as_dask_array, cut_alike, delayed_parts

State = TypeVar("State")


def confusion_counts(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, labels: Any = None
) -> ConfusionCounts:
    """Count pairs of true and predicted labels.

    Parameters
    ----------
    y_true, y_pred : Dask Array or Series, list of Delayed, or array-like, of shape (n,)
        The partitions are those of `y_true`.
    sample_weight : the same, optional
    labels : array-like of shape (k,), optional
        See :class:`polyfuse.metrics.ConfusionCounts`.

    Returns
    -------
    ConfusionCounts
        Equal to one that all rows have updated at once, whatever the partitions.

    Raises
    ------
    ValueError
        As ``ConfusionCounts.update``.

    Examples
    --------
    >>> import dask.array as da
    >>> from polyfuse.dask import confusion_counts
    >>> y_true = da.from_array([0, 1, 1, 0], chunks=2)
    >>> confusion_counts(y_true, [0, 1, 0, 0]).result().score("accuracy")
    0.75
    """
    counts: ConfusionCounts = _counted(
        partial(ConfusionCounts, labels), PIECE, y_true, y_pred, sample_weight
    )
    return counts


def regression_sums(y_true: Any, y_pred: Any, sample_weight: Any = None) -> RegressionSums:
    """Sum the errors of predicted numbers.

    Parameters
    ----------
    y_true, y_pred : Dask Array, Series or DataFrame, list of Delayed, or array-like, of shape \
(n,) or (n, n_outputs)
        The partitions are those of `y_true`.
    sample_weight : the same of shape (n,), optional

    Returns
    -------
    RegressionSums
        Equal, in bits, to one that all rows have updated at once, whatever the partitions.

    Raises
    ------
    ValueError
        As ``RegressionSums.update``.

    Notes
    -----
    Rows of a leaf of ``2**20 / n_outputs`` rows that is cut travel between workers: all rows of
    targets and predictions, once.

    Examples
    --------
    >>> import dask.array as da
    >>> from polyfuse.dask import regression_sums
    >>> y_true, y_pred = da.from_array([1.0, 2.0, 3.0], chunks=2), da.from_array([1.0, 2.0, 5.0])
    >>> regression_sums(y_true, y_pred).result().mean_absolute_error
    0.6666666666666666
    """
    arrays = arrays_of(y_true=y_true, y_pred=y_pred, sample_weight=sample_weight)
    n_outputs = 1 if arrays[0].ndim == 1 else arrays[0].shape[1]
    return _folded(RegressionSums, max(1, PIECE // n_outputs), arrays)


def score_histogram(
    y_true: Any, y_score: Any, sample_weight: Any = None, *, pos_label: float | str = 1,
    exact_rows: int = 1 << 20, bits: int = 24,
) -> ScoreHistogram:  # fmt: skip
    """Count positive and negative rows by their scores, for ROC AUC and average precision.

    Parameters
    ----------
    y_true, y_score : Dask Array or Series, list of Delayed, or array-like, of shape (n,)
        The partitions are those of `y_true`.
    sample_weight : the same, optional
    pos_label, exact_rows, bits
        See :class:`polyfuse.metrics.ScoreHistogram`.

    Returns
    -------
    ScoreHistogram
        Equal to one that all rows have updated at once (with weights, ``2**20`` rows at a time),
        whatever the partitions.

    Raises
    ------
    ValueError
        As ``ScoreHistogram.update``.

    Examples
    --------
    >>> import dask.array as da
    >>> from polyfuse.dask import score_histogram
    >>> y_true, scores = da.from_array([0, 0, 1, 1], chunks=2), da.from_array([0.1, 0.4, 0.35, 0.8])
    >>> score_histogram(y_true, scores).result().auc
    0.75
    """
    new = partial(ScoreHistogram, pos_label=pos_label, exact_rows=exact_rows, bits=bits)
    histogram: ScoreHistogram = _counted(new, PIECE, y_true, y_score, sample_weight)
    return histogram


# -- counts, whose order does not show ------------------------------------------------------------


_NAMES = ("y_true", "y_pred", "sample_weight")


def _counted(new: Callable[[], State], size: int, *given: Any) -> State:
    """Counts; weights that are floats are added in the order of the rows."""
    arrays = arrays_of(known=given[2] is not None, **dict(zip(_NAMES, given, strict=True)))
    if len(arrays) > 2 and arrays[2].dtype.kind not in "biu":
        return _folded(new, size, arrays)
    parts = zip(*map(delayed_parts, arrays), strict=True)
    (state,) = compute([merged([task(_updated, new, *part) for part in parts], _added)])
    checked: State = state
    return checked


def arrays_of(*, known: bool = True, **given: Any) -> list[Any]:
    """Arrays that are cut as the first of them, of those that are given."""
    names = [name for name, x in given.items() if x is not None]
    arrays: list[Any] = []
    for name in names:
        lengths = arrays[0].chunks[0] if arrays else None
        array = as_dask_array(given[name], name, lengths)[0]
        whole = array.ndim == 2 and array.numblocks[1] > 1
        arrays.append(array.rechunk({1: -1}) if whole else array)
    return cut_alike(arrays, names, known=known)


def _updated(new: Callable[[], Any], *rows: NDArray) -> Any:
    return new().update(*rows)


def _added(*states: Any) -> Any:
    total = states[0] + states[1]  # a new one: the states of tasks stay as they are
    for own in states[2:]:
        total.merge(own)
    return total


# -- sums, of leaves ------------------------------------------------------------------------------


def _folded(new: Callable[[], State], size: int, arrays: list[Any]) -> State:
    """What the leaves of all rows are, added from the first to the last."""
    total: Any = new()
    for state in leaf_states(Leaves(size, partial(_state, new)), arrays):
        total.merge(state)
    folded: State = total
    return folded


def _state(new: Callable[[], Any], rows: Rows) -> Any:
    return new().update(*rows)


def leaf_states(leaves: Leaves, arrays: list[Any]) -> list[Any]:
    """The state of each leaf, and of the rows after the last whole one, of arrays cut alike."""
    starts = np.cumsum([0, *arrays[0].chunks[0][:-1]]).tolist()
    states = [
        task(segment, leaves, rows, start)
        for start, *rows in zip(starts, *map(delayed_parts, arrays), strict=True)
    ]
    (whole,) = compute([merged(states, partial(joined_all, leaves))])
    found = [node.state for node in whole.nodes]
    return [*found, leaves.state(whole.tail)] if len(whole.tail[0]) else found
