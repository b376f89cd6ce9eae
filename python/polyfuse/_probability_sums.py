"""Probabilities held against classes: validation, and the sums that the losses are made of.

scikit-learn looks at the values of the probabilities before it looks at the targets. Here one
kernel sums and validates in the same sweep, which needs the codes of the targets first; an error
about those therefore waits until the values have been looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import _labels, _parameters
from ._codes import plain
from ._kernels import select
from ._labels import Array
from ._probability_targets import (
    Coded,
    Declared,
    check_no_nan,
    code,
    declare,
    positive_of,
    two_values,
)
from .exceptions import warn

# Values that are brought into the kernel's layout at once, where they are not in it: one copy of
# them stays in the cache.
_PIECE = 1 << 17


class Held(NamedTuple):
    """What came of it, added up over rows.

    `log` and `square` are the (weighted) losses, `came_true` the (weighted) number of rows of
    each class. `squares`, of indicators alone, is the sum of their squares.
    """

    log: float
    square: float
    weight: float
    came_true: Array
    squares: Array | None = None

    def mean(self, total: float) -> float:
        if self.weight == 0.0:
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        return total / self.weight

    def shares(self) -> Array:
        """How often each class came true, as a share of all rows."""
        if self.weight == 0.0:
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        return self.came_true / self.weight

    def other_shares(self) -> Array:
        """How often each class did not come true: to the last digits, where it mostly did."""
        before, after = (np.zeros(len(self.came_true)) for _ in range(2))
        before[1:] = np.cumsum(self.came_true[:-1])
        after[:-1] = np.cumsum(self.came_true[:0:-1])[::-1]
        return (before + after) / self.weight


# -- probabilities -------------------------------------------------------------------------------


def read_probabilities(given: Any) -> Array:
    """`given` as real numbers of float16, 32 or 64, of shape (n,) or (n, k); values unseen."""
    p = np.asarray(math.nan) if given is None else _labels.as_array(given, "y_proba")
    _labels.check_real(p)
    dtype = _dtype_of(given)
    kept = isinstance(dtype, np.dtype) and dtype in (np.float16, np.float32, np.float64)
    if not kept or p.dtype != dtype:
        p = np.asarray(given if isinstance(given, str) else p, dtype if kept else np.float64)
    _parameters.check_dimensions(p)
    if p.ndim == 0:
        _labels.check_finite(p)
        _labels.check_consistent_length(p)
    _parameters.check_filled(p)
    return p


def _dtype_of(given: Any) -> Any:
    """The dtype of an array, or that of the columns of a data frame together."""
    of_columns: Any = getattr(given, "dtypes", None)
    if not hasattr(of_columns, "__array__"):
        return getattr(given, "dtype", None)
    dtypes = list(of_columns)
    numeric = dtypes and all(isinstance(dtype, np.dtype) for dtype in dtypes)
    return np.result_type(*dtypes) if numeric else None


def check_values(p: Array, least: str = "lower") -> None:
    """Raise unless all values are numbers from 0 to 1."""
    _labels.check_finite(p)
    if p.max() > 1:
        raise ValueError(f"y_prob contains values greater than 1: {p.max()}")
    if p.min() < 0:
        raise ValueError(f"y_prob contains values {least} than 0: {p.min()}")


def read_weight(p: Array, y: Array, sample_weight: Any) -> Array | None:
    """The weights in the kernel's layout, once all lengths agree."""
    weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
    _labels.check_consistent_length(p, y, weight)
    if weight is None:
        return None
    return _labels.check_sample_weight(weight, len(p)).astype(np.float64, copy=False)


def _columns(p: Array) -> Array:
    """One number a row as a vector, except that float16 must be rounded before it is widened."""
    if p.ndim == 2 and p.shape[1] == 1:
        p = p[:, 0]
    if p.dtype == np.float16:
        p = np.stack((1 - p, p), axis=1) if p.ndim == 1 else p
    return p


def _pieces(p: Array) -> Iterator[tuple[slice, Array]]:
    """`p` as the kernel takes it: where it lies, or copied some rows at a time."""
    if p.dtype != np.float16 and _labels.is_plain(p):
        yield slice(None), p
        return
    dtype = np.float32 if p.dtype == np.float16 else p.dtype
    step = max(1, _PIECE // math.prod(p.shape[1:]))
    for start in range(0, len(p), step):
        piece = slice(start, start + step)
        yield piece, np.array(p[piece], dtype, order="C")


def kernel_sums(y: Array, low: int, p: Array, weight: Array | None) -> tuple[Array, Array]:
    """The kernel's sums and tallies; `p` has a number for each row or for each class."""
    eps = float(np.finfo(p.dtype).eps)
    p = _columns(p)
    width = 2 if p.ndim == 1 else p.shape[1]
    sums, tallies = np.zeros(5), np.zeros((2, width))
    own, own_tallies = np.empty(5), np.empty((2, width))
    y, kernel = plain(y), select().probability_sums
    for rows, values in _pieces(p):
        kernel(
            y[rows], low, values, None if weight is None else weight[rows], eps, own, own_tallies
        )
        farthest = max(sums[4], own[4])
        sums += own
        sums[4] = farthest
        tallies += own_tallies
    return sums, tallies


def _held(sums: Array, tallies: Array) -> Held:
    return Held(float(sums[0]), float(sums[1]), float(np.add.reduce(tallies[1])), tallies[1])


# -- one class a row, or several -----------------------------------------------------------------


def hold(y_true: Any, p: Array, sample_weight: Any, labels: Any) -> Held:
    """Probabilities of all classes, or of the greater of two, held against the true ones."""
    n_columns, declared = _n_columns(p), None
    try:
        y = _labels.as_array(y_true, "y_true")
        weight = read_weight(p, y, sample_weight)
        coded = None if labels is not None else _guess(y, n_columns)
        if coded is not None:
            sums, tallies = kernel_sums(coded.y, 0, p, weight)
            if sums[3] == 0 and tallies[0].all():
                return _checked(p, coded, sums, tallies, None)
        declared = declare(labels)
        coded = code(y_true, y, declared)
    except Exception:
        check_values(p)
        if declared is not None:
            declared.warn()
        raise
    if coded.y.ndim == 2:
        return _hold_indicators(p, coded, weight, declared)
    sums, tallies = kernel_sums(coded.y, coded.low, p, weight)
    return _checked(p, coded, sums, tallies, declared)


def _n_columns(p: Array) -> int:
    return 2 if p.ndim == 1 or p.shape[1] == 1 else p.shape[1]


def _guess(y: Array, n_columns: int) -> Coded | None:
    """Most targets are 0 to k - 1: to see whether these are takes no sweep of its own."""
    if y.ndim == 1 and y.dtype.kind in "biu" and all(0 <= y[i] < n_columns for i in (0, -1)):
        return Coded(y, 0, np.arange(n_columns))
    return None


def _checked(
    p: Array, coded: Coded, sums: Array, tallies: Array, declared: Declared | None
) -> Held:
    if sums[2]:
        check_values(p)
    if declared is not None:
        declared.warn()
    _warn_of_excess(p, float(sums[4]))
    _check_number(len(coded.classes), p, coded.classes, declared)
    return _held(sums, tallies)


def _warn_of_excess(p: Array, excess: float) -> None:
    # A probability and what it leaves of one add up to one by themselves.
    one = p.ndim == 1 or p.shape[1] == 1
    if not one and excess > 1e-8 + math.sqrt(np.finfo(p.dtype).eps):
        warn("The y_prob values do not sum to one. Make sure to pass probabilities.")


def _check_number(n_classes: int, p: Array, classes: Array, declared: Declared | None) -> None:
    n_columns = _n_columns(p)
    if n_classes == n_columns:
        return
    if declared is None:
        raise ValueError(
            f"y_true and y_prob contain different number of classes: {n_classes} vs {n_columns}. "
            "Please provide the true labels explicitly through the labels argument. Classes found "
            f"in y_true: {classes}"
        )
    raise ValueError(
        "The number of classes in labels is different from that in y_prob. Classes found in "
        f"labels: {classes}"
    )


def _hold_indicators(
    p: Array, coded: Coded, weight: Array | None, declared: Declared | None
) -> Held:
    """The same for an indicator matrix, in which a row may have any number of classes."""
    check_values(p)
    if declared is not None:
        declared.warn()
    eps = np.finfo(p.dtype).eps
    p = p.reshape(len(p), -1)
    p = np.concatenate((1 - p, p), axis=1) if p.shape[1] == 1 else p
    _warn_of_excess(p, float(np.abs(p.sum(axis=1) - 1).max()))
    _check_number(len(coded.classes), p, coded.classes, declared)
    y = coded.y.astype(np.int64)
    logs = (y * -np.log(np.clip(p, eps, 1 - eps))).sum(axis=1, dtype=np.float64)
    misses = np.square(y - p).sum(axis=1, dtype=np.float64)
    rows = np.ones(len(p)) if weight is None else weight
    total = float(rows.sum())
    return Held(float(rows @ logs), float(rows @ misses), total, rows @ y, rows @ np.square(y))


# -- one probability a row -----------------------------------------------------------------------


def hold_positive(y_true: Any, p: Array, sample_weight: Any, pos_label: Any) -> Held:
    """Probabilities of the positive one of two classes, held against the true ones."""
    p = p.reshape(-1)
    try:
        y = _parameters.as_column(y_true, "y_true")
        check_no_nan(y)
        weight = read_weight(p, y, sample_weight)
        plain_label = pos_label is None or (not isinstance(pos_label, str) and pos_label == 1)
        if plain_label and _guess(y, 2) is not None:
            sums, tallies = kernel_sums(y, 0, p, weight)
            if sums[3] == 0:
                if sums[2]:
                    check_values(p, "less")
                return _held(sums, tallies)
        values = two_values(y)
    except Exception:
        _labels.check_finite(p)
        raise
    try:
        positive = positive_of(values, pos_label)
    except ValueError:
        check_values(p, "less")
        raise
    came_true = np.broadcast_to(np.asarray(y == positive), y.shape)
    sums, tallies = kernel_sums(came_true, 0, p, weight)
    if sums[2]:
        check_values(p, "less")
    return _held(sums, tallies)
