"""Pairs of labels counted in parts; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._codes import Codes, encode, union
from ._compensated import add_twofold, two_sum
from ._confusion_table import ConfusionTable
from ._labels import INDICATOR, Array

Dtypes = tuple[np.dtype[Any], np.dtype[Any]]


class _Part(NamedTuple):
    """Counts of pairs of the sorted `values`, what they lack as floats, and dtypes of targets."""

    values: Array
    dtypes: Dtypes
    counts: Array
    lost: Array | None


class ConfusionCounts:
    """How often each pair of a true and a predicted label occurs, counted a part at a time.

    What streams and clusters use: each part of the data updates a count of its own, or the same
    one, and counts merge. However the rows are cut, and in whatever order the parts come, the
    counts are the same, and every metric made of them is that of all rows at once.

    Parameters
    ----------
    labels : array-like of shape (k,), default=None
        The rows and columns of the matrix, in this order; what the metrics take as ``labels``.
        Rows of other labels are counted, too: they are errors of these. By default all labels
        that occur, sorted. They need not be known in advance.

    Notes
    -----
    Counts and integer weights are added as integers. Float weights are added in pairs of floats, a
    value and what it lacks, so that the order of the parts shows in the last place or two at most.

    Memory is that of the matrix: k**2 numbers for k labels.

    Examples
    --------
    >>> from polyfuse.metrics import ConfusionCounts
    >>> monday = ConfusionCounts().update(["cat", "dog"], ["cat", "cat"])
    >>> tuesday = ConfusionCounts().update(["emu", "dog"], ["emu", "dog"])
    >>> week = monday + tuesday
    >>> week
    ConfusionCounts(4 rows, 3 labels)
    >>> week.result().matrix
    array([[1, 0, 0],
           [1, 1, 0],
           [0, 0, 1]])
    >>> week.result().score("accuracy")
    0.75
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, labels: ArrayLike | None = None) -> None:
        self.labels = None if labels is None else _checked(labels)
        self.n_rows = 0
        self.weighted = False
        self._part: _Part | None = None

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> ConfusionCounts:
        """Count some rows more.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n,)
            True and predicted labels; n may be 0.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row; all may be 0.

        Returns
        -------
        self : ConfusionCounts

        Raises
        ------
        ValueError
            As :func:`confusion_matrix`, and if labels are strings where there were numbers, or
            numbers where there were strings. The counts are then as they were.
        """
        t, p = _labels.as_array(y_true, "y_true"), _labels.as_array(y_pred, "y_pred")
        weight = None if sample_weight is None else _labels.as_array(sample_weight, "sample_weight")
        _labels.check_consistent_length(t, p, weight)
        if len(t) == 0:
            return self
        targets = _labels.read_targets(t, p)
        if targets.form == INDICATOR:
            raise ValueError(f"{INDICATOR} is not supported")
        if weight is not None and (weight.ndim != 1 or weight.any()):
            weight = _labels.check_sample_weight(weight, len(t))
        codes = encode(targets)
        if self.labels and isinstance(self.labels[0], str) != isinstance(codes.values[0], str):
            raise ValueError(
                f"labels and targets must be of one kind; got {self.labels} and {codes.values}."
            )
        self._part = _merged(
            self._part, _Part(codes.values, targets.dtypes, *_count(codes, weight))
        )
        self.n_rows += len(t)
        self.weighted |= weight is not None
        return self

    def merge(self, other: ConfusionCounts) -> ConfusionCounts:
        """Add what `other` has counted; it stays as it is.

        Parameters
        ----------
        other : ConfusionCounts

        Returns
        -------
        self : ConfusionCounts

        Raises
        ------
        TypeError
            If it is no ConfusionCounts.
        ValueError
            If one has counted strings and the other numbers, or has other `labels`.
        """
        if not isinstance(other, ConfusionCounts):
            raise TypeError(f"other must be a ConfusionCounts; got {type(other).__name__}.")
        if self.labels != other.labels:
            raise ValueError(f"other must have labels={self.labels}; got {other.labels}.")
        if other._part is not None:
            self._part = _merged(self._part, other._part)
        self.n_rows += other.n_rows
        self.weighted |= other.weighted
        return self

    def __add__(self, other: object) -> ConfusionCounts:
        if not isinstance(other, ConfusionCounts):
            return NotImplemented
        return ConfusionCounts(self.labels).merge(self).merge(other)

    def __radd__(self, other: object) -> ConfusionCounts:
        """So that ``sum`` of several works, which starts with 0."""
        return ConfusionCounts(self.labels) + self if other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfusionCounts):
            return NotImplemented
        same = self.labels == other.labels and (self.n_rows, self.weighted) == (
            other.n_rows,
            other.weighted,
        )
        if self._part is None or other._part is None:
            return same and self._part is other._part
        return (
            same
            and np.array_equal(self._part.values, other._part.values)
            and np.array_equal(_total(self._part), _total(other._part))
        )

    def __repr__(self) -> str:
        weighted = "weighted " if self.weighted else ""
        n_labels = 0 if self._part is None else len(self._part.values)
        return f"ConfusionCounts({self.n_rows:,} {weighted}rows, {n_labels:,} labels)"

    def result(self) -> ConfusionTable:
        """What is counted so far, to be scored. Later updates leave it as it is.

        Raises
        ------
        ValueError
            If no row is counted yet.
        """
        if self._part is None:
            raise ValueError("No rows are counted yet; call update(y_true, y_pred) first.")
        rows = None if self.weighted else self.n_rows
        values, dtypes = self._part.values, self._part.dtypes
        return ConfusionTable(values, dtypes, _total(self._part), self.labels, rows)


def _checked(labels: Any) -> list[Any]:
    """A copy of labels, which are there, of one kind, and each once."""
    wanted = labels.tolist() if isinstance(labels, np.ndarray) else labels
    flat = isinstance(wanted, Sequence) and not isinstance(wanted, str)
    if flat and not any(isinstance(x, Sequence) and not isinstance(x, str) for x in wanted):
        kinds = {isinstance(x, str) for x in wanted}
        if len(kinds) == 1 and len(set(wanted)) == len(wanted) and all(x == x for x in wanted):
            return list(wanted)
    expected = "labels in one dimension, each once, all strings or all numbers"
    raise _parameters.invalid_parameter("labels", "ConfusionCounts", expected, labels)


def _total(part: _Part) -> Array:
    return part.counts if part.lost is None else part.counts + part.lost


def _merged(old: _Part | None, new: _Part) -> _Part:
    if old is None:
        return new
    values = union(old.values, new.values)
    true, pred = (np.result_type(a, b) for a, b in zip(old.dtypes, new.dtypes, strict=True))
    first, second = (_spread(part.counts, part.values, values) for part in (old, new))
    if first.dtype.kind == second.dtype.kind == "i":
        return _Part(values, (true, pred), first + second, None)
    lacks = [
        0.0 if part.lost is None else _spread(part.lost, part.values, values) for part in (old, new)
    ]
    total, lost = add_twofold(
        first.astype(np.float64), lacks[0], second.astype(np.float64), lacks[1]
    )
    return _Part(values, (true, pred), total, lost)


def _spread(counts: Array, values: Array, among: Array) -> Array:
    """The matrix of `values` as one of more labels."""
    if len(values) == len(among):
        return counts
    place = np.searchsorted(among, values)
    spread = np.zeros((len(among), len(among)), counts.dtype)
    spread[place[:, None], place] = counts
    return spread


def _count(codes: Codes, weight: Array | None) -> tuple[Array, Array | None]:
    """The matrix of counts and, of float weights, what it lacks.

    Weights are cut into pieces of so few bits that any number of them add up without an error,
    in any order; the sums of the pieces are then added as pairs of floats.

    References
    ----------
    J. Demmel and H. D. Nguyen, "Fast reproducible floating-point summation", ARITH 2013.
    """
    if weight is None or weight.dtype.kind != "f":
        return codes.matrix(weight), None
    rest, bits = weight.astype(np.float64), 52 - math.ceil(math.log2(len(weight) + 1))
    total = np.zeros((len(codes.values),) * 2)
    lost = np.zeros_like(total)
    while rest.any():
        exponent = math.frexp(float(np.abs(rest).max()))[1]
        unit = max(exponent - bits, -1074)
        piece = np.trunc(_shifted(rest, -unit))  # rounded, the largest double would be infinite
        piece = _shifted(piece, unit)
        rest -= piece
        total, error = two_sum(total, codes.matrix(piece))
        lost = lost + error
    return two_sum(total, lost)


def _shifted(x: Array, by: int) -> Array:
    """`x` times 2**by."""
    shifted: Array = x * 2.0**by if abs(by) < 1000 else np.ldexp(x, by)
    return shifted
