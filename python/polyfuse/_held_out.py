"""Folds of the rows a model is fitted on, and scores of rows by models that did not see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import require_rows
from ._interchange import as_array

Score = Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray]
"""Scores of the rows of an index, by a model learned from rows with weights."""


def as_groups(groups: ArrayLike | None, n_rows: int) -> NDArray[np.int64] | None:
    """A code per row for its group; None if there are none.

    Raises
    ------
    ValueError
        If there is not one group per row, or only one group in all.
    """
    if groups is None:
        return None
    given: Any = as_array(groups, "groups")
    if given.ndim != 1:
        raise ValueError(f"groups must be 1-D, one per row; got shape {given.shape}.")
    require_rows(n_rows, given, "groups")
    labels, codes = np.unique(given, return_inverse=True)
    if len(labels) < 2:
        raise ValueError(f"groups must be at least two; got only {labels.tolist()[0]!r}.")
    return codes.astype(np.int64)


def fold_rows(
    n_rows: int, cv: Any, codes: NDArray[np.int64] | None, groups: NDArray[np.int64] | None
) -> list[NDArray[np.int64]]:
    """Rows of each fold: whole groups, else every cv-th row, of each class.

    Of fewer folds where there are fewer groups or rows than that; none if that leaves no two. If
    `cv` holds pairs of rows to learn from and to test, or splits rows into these, the latter.

    Raises
    ------
    ValueError
        If there are no such rows.
    """
    if isinstance(cv, Iterable) or hasattr(cv, "split"):
        return _given_folds(cv, n_rows, codes, groups)
    n_folds = cv
    if groups is not None:
        return list(_group_folds(groups, n_folds))
    if codes is not None:
        n_folds = min(n_folds, int(np.bincount(codes).max()))
    n_folds = min(n_folds, n_rows)
    if n_folds < 2:
        return []
    # Not consecutive rows, as in KFold: files are often sorted by what is to be predicted, or have
    # neighbours that are alike.
    order = np.arange(n_rows) if codes is None else np.argsort(codes, kind="stable")
    return [np.sort(order[k::n_folds]) for k in range(n_folds)]


def _group_folds(groups: NDArray[np.int64], n_folds: int) -> Iterator[NDArray[np.int64]]:
    """Groups go, from the largest on, to the fold that has the fewest rows, as in GroupKFold."""
    counts = np.bincount(groups)
    n_folds = min(n_folds, len(counts))
    sizes, fold_of = np.zeros(n_folds, np.int64), np.empty(len(counts), np.int64)
    for group in np.argsort(-counts, kind="stable"):
        fold_of[group] = sizes.argmin()
        sizes[fold_of[group]] += counts[group]
    for fold in range(n_folds):
        yield np.flatnonzero(fold_of[groups] == fold)


def held_out_scores(
    score: Score, parts: list[NDArray[np.int64]], weight: NDArray[np.float64], n_outputs: int
) -> NDArray[np.float64]:
    """Scores of all rows, each by a model that learned from the other folds, (n, n_outputs).

    A fold is left out by weights of zero: no row is copied. NaN in rows of no fold.
    """
    out = np.full((len(weight), n_outputs), np.nan)
    for rows in parts:
        learned = weight.copy()
        learned[rows] = 0.0
        if learned.any():
            out[rows] = score(learned, rows)
    return out


def _given_folds(
    cv: Any, n_rows: int, codes: NDArray[np.int64] | None, groups: NDArray[np.int64] | None
) -> list[NDArray[np.int64]]:
    if hasattr(cv, "split"):
        cv = cv.split(np.zeros((n_rows, 1)), codes, groups)
    pairs = [tuple(pair) if isinstance(pair, Iterable) else () for pair in cv]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        got = "none: a generator gives them once" if not pairs else repr(pairs)
        raise ValueError(f"cv must hold pairs of rows, to learn from and to test on; got {got}.")
    return [_rows_within(test, n_rows) for _, test in pairs]


def _rows_within(test: ArrayLike, n_rows: int) -> NDArray[np.int64]:
    rows = np.asarray(test)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    sound = rows.ndim == 1 and rows.size > 0 and rows.dtype.kind in "iu"
    if not sound or rows.min() < 0 or rows.max() >= n_rows:
        raise ValueError(f"cv must hold rows of 0 to {n_rows - 1} to test on; got {test!r}.")
    return rows.astype(np.int64)
