"""Rows in the order of their scores: what ranking metrics are made of.

`read_truth` says what y_true is, `mark` which rows are positive, `read_scores` brings scores to
what the kernels sort; `Binary.curve` counts down to each distinct score, `Binary.sums` counts what
needs no curve.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from . import _codes, _labels, _parameters
from ._codes import plain
from ._kernels import select
from ._labels import SINGLE, Array

# Integers up to here are float64 exactly.
_EXACT = 2**53


# -- targets -------------------------------------------------------------------------------------


class Truth(NamedTuple):
    """What y_true is: its form in scikit-learn's words, and its values, floats as integers.

    `classes` are the sorted labels of targets that have one per row, in the type of the values.
    """

    form: str
    given: Array
    values: Array
    classes: Array

    @property
    def labels(self) -> Array:
        """The sorted labels as they were given."""
        return self.classes.astype(self.given.dtype, copy=False)


def read_truth(y_true: Any) -> Truth:
    y = _labels.as_array(y_true, "y_true")
    if y.ndim == 0:
        return Truth("unknown", y, y, y)
    if y.ndim == 1 and y.dtype.kind in "biu" and len(y):
        form, values = SINGLE, y
    else:
        form, values = _labels.form_of(y, "y_true")
    if form != SINGLE:
        return Truth(form, y, values, values[:0])
    classes = classes_of(values)
    return Truth("binary" if len(classes) <= 2 else "multiclass", y, values, classes)


def classes_of(values: Array) -> Array:
    """The distinct values of a vector, sorted."""
    if values.dtype.kind == "U" and len(values):
        return np.sort(_codes.codes_of_words(values)[1])
    if values.dtype.kind not in "biu" or len(values) == 0:
        return np.unique(values)
    low, high = select().label_range(plain(values))
    if high - low <= 1:
        return np.array([low] if low == high else [low, high], values.dtype)
    if high - low > 2 * len(values) or high >= 1 << 62:
        return np.unique(values)
    found = np.bincount(np.subtract(values, low, dtype=np.int64, casting="unsafe")).nonzero()[0]
    return (found + low).astype(values.dtype)


def codes_of(values: Array, classes: Array) -> Array:
    """The place of each value among sorted classes, all there, as the kernels take labels."""
    low = classes[0]
    if values.dtype.kind in "iu" and int(classes[-1]) - int(low) == len(classes) - 1:
        if low == 0:
            return plain(values)
        codes: Array = np.subtract(values, low, dtype=np.int64, casting="unsafe")
        return codes
    return np.searchsorted(classes, values)


def check_binary(truth: Truth, pos_label: Any) -> Any:
    """The positive label of targets that have one, or two for each row; else ValueError."""
    if not (truth.form == "binary" or (truth.form == "multiclass" and pos_label is not None)):
        raise ValueError(f"{truth.form} format is not supported")
    if pos_label is not None:
        return pos_label
    known = truth.values.dtype.kind in "biu"
    if known and truth.classes.tolist() in ([0, 1], [-1, 1], [0], [-1], [1]):
        return 1
    listed = ", ".join(map(repr, truth.labels.tolist()))
    raise ValueError(
        f"y_true takes value in {{{listed}}} and pos_label is not specified: either make y_true "
        "take value in {0, 1} or {-1, 1} or pass pos_label explicitly."
    )


def check_kind(truth: Truth, pos_label: Any) -> None:
    """Raise if the positive label could not be one of these, now or later."""
    text = truth.values.dtype.kind in "OUT"
    if truth.form in ("binary", "multiclass") and text != isinstance(pos_label, str):
        raise ValueError(
            f"pos_label={pos_label!r} is not a valid label: those of y_true are "
            f"{'strings' if text else 'numbers'}"
        )


def mark(truth: Truth, pos_label: Any) -> tuple[Array, int]:
    """Integers, and which of them stands for positive rows."""
    values = truth.values
    if values.dtype.kind in "biu" and isinstance(pos_label, Real | np.bool_):
        low, high = _limits(values.dtype)
        label: Any = pos_label.item() if isinstance(pos_label, np.generic) else pos_label
        if low <= label <= high and label == int(label):
            return plain(values), int(label)
    return np.asarray(truth.given.reshape(-1) == pos_label, dtype=bool), 1


@cache
def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least and the greatest label of a type, as far as the kernels take it for `positive`."""
    if dtype.kind == "b":
        return 0, 1
    return int(np.iinfo(dtype).min), min(int(np.iinfo(dtype).max), 2**63 - 1)


# -- scores --------------------------------------------------------------------------------------


class ScoreValues(NamedTuple):
    """Scores as float32 or float64, and thresholds among them as what was given."""

    values: Array
    restore: Callable[[Array], Array]


def read_scores(score: Array) -> ScoreValues:
    """A vector of finite numbers for the kernels; ranks stand for what no float64 can hold."""
    dtype = score.dtype
    if dtype.kind == "f" and dtype.itemsize <= 8:
        narrow = np.float64 if dtype.itemsize == 8 else np.float32
        values = plain(score) if dtype == narrow else score.astype(narrow)
        return ScoreValues(values, lambda found: found.astype(dtype, copy=False))
    if dtype.kind == "O":
        return ScoreValues(score.astype(np.float64), lambda found: found)
    exact = dtype.kind in "biu" and len(score) > 0
    if exact and dtype.itemsize == 8:
        low, high = select().label_range(plain(score))
        exact = low >= -_EXACT and high <= _EXACT
    if exact:
        return ScoreValues(score.astype(np.float64), lambda found: found.astype(dtype))
    levels, ranks = np.unique(score, return_inverse=True)
    return ScoreValues(ranks.astype(np.float64), lambda found: levels[found.astype(np.intp)])


def as_float64(score: Array) -> Array:
    """A copy of scores, all of which float64 can tell apart."""
    kind = score.dtype.kind
    if score.dtype.itemsize < 8 or score.dtype == np.float64:
        return score.astype(np.float64)
    with np.errstate(over="ignore"):
        values = score.astype(np.float64)
    far = kind in "iu" and np.abs(values).max() >= _EXACT
    if far or (kind == "f" and (values != score).any()):
        raise ValueError(
            f"y_score must be numbers that float64 can hold, integers below 2**53; got {score!r}"
        )
    return values


class Curve(NamedTuple):
    """Number, or weight, of false and true positives down to each distinct score, descending."""

    fps: Array
    tps: Array
    thresholds: Array


class Binary(NamedTuple):
    """Rows that are positive or not, their scores, and their weights, none of them zero."""

    labels: Array
    positive: int
    score: Array
    weight: Array | None

    def curve(self) -> Curve:
        score, n_rows = read_scores(self.score), len(self.score)
        found, tps, fps = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows)
        n = select().score_curve(
            self.labels, self.positive, score.values, self._weight(), found, tps, fps
        )
        if 2 * n < n_rows:
            found, tps, fps = found[:n].copy(), tps[:n].copy(), fps[:n].copy()
        return Curve(fps[:n], tps[:n], score.restore(found[:n]))

    def sums(self) -> tuple[float, float, float, float]:
        """What `rank_sums` returns."""
        score = read_scores(self.score).values
        return select().rank_sums(self.labels, self.positive, score, self._weight())

    def _weight(self) -> Array | None:
        return None if self.weight is None else self.weight.astype(np.float64, copy=False)

    @property
    def counts(self) -> bool:
        """Whether no weight is negative, so that curves ascend."""
        return self.weight is None or bool(self.weight.min() > 0)


def binary(
    labels: Array, positive: int, y_score: Any, sample_weight: Any, finite: bool = False
) -> Binary:
    """Checked scores and weights beside the marks of `mark`; scores may be known to be finite."""
    score, weight = _labels.as_array(y_score, "y_score"), sample_weight
    weight = None if weight is None else _labels.as_array(weight, "sample_weight")
    _labels.check_consistent_length(labels, score, weight)
    score = _parameters.as_column(score)
    if not finite:
        _parameters.check_numbers(score)
    if weight is not None:
        weight = _labels.check_sample_weight(_parameters.as_column(weight), len(labels))
        if not weight.all():
            there = weight != 0
            labels, score, weight = labels[there], score[there], weight[there]
    _parameters.check_filled(score)
    return Binary(labels, positive, score, weight)


def read_binary(y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any) -> Binary:
    truth = read_truth(y_true)
    pos_label = check_binary(truth, pos_label)
    labels, positive = mark(truth, pos_label)
    return binary(labels, positive, y_score, sample_weight)
