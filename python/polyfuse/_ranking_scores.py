"""Areas under curves, averaged over labels; see ``polyfuse.metrics``."""

from __future__ import annotations

from functools import partial
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters, _ranked
from ._label_averages import (
    Positives,
    area,
    average_classes,
    average_columns,
    average_pairs,
    precision_sum,
)
from ._labels import INDICATOR, Array

Average = Literal["micro", "macro", "samples", "weighted"]
_AVERAGES = ("macro", "micro", "samples", "weighted")


# -- area under the ROC curve --------------------------------------------------------------------


def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: Average | None = "macro",
    sample_weight: ArrayLike | None = None,
    max_fpr: float | None = None,
    multi_class: Literal["raise", "ovr", "ovo"] = "raise",
    labels: ArrayLike | None = None,
) -> float | Array:
    """Area under the ROC curve: how likely a positive row is scored above a negative one.

    ``(pairs in the right order + ties / 2) / pairs`` over pairs of a positive and a negative row,
    counted exactly; with weights, a pair counts as the product of its two. The part up to `max_fpr`
    is measured by the trapezoidal rule, and scaled to 0.5 for no skill and 1 at best (McClish,
    1989).

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_labels)
        True labels, of which the greater one of two is positive; or an indicator matrix.
    y_score : array-like of shape (n,), (n, n_labels) or (n, n_classes)
        The greater, the more positive. Of more than two classes: probabilities, in the order of
        `labels`.
    average : {"macro", "micro", "samples", "weighted"} or None, default="macro"
        ``"macro"``: mean over labels, ``"weighted"`` weighted by their numbers of rows;
        ``"micro"``: one score of all elements; ``"samples"``: mean over the rows; None: the score
        of each label. For classes, not ``"samples"``; one against one, the first two only. Two
        labels need no average.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row; not for one against one.
    max_fpr : float, default=None
        From where on false positive rates do not count, above 0 and up to 1. Not for classes.
    multi_class : {"raise", "ovr", "ovo"}, default="raise"
        More than two classes: refuse; each against the rest; each against each other one.
    labels : array-like of shape (n_classes,), default=None
        The classes, ascending; by default those of `y_true`.

    Returns
    -------
    auc : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1; NaN if a class is missing.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, scores or weights are not finite, probabilities do
        not add up to 1, or targets, classes and options do not suit each other.
    NotImplementedError
        For one against one without an average.

    Warns
    -----
    UndefinedMetricWarning
        If all rows have one class.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.roc_auc_score``; Hand and Till, Machine Learning 45, 2001.

    Examples
    --------
    >>> from polyfuse.metrics import roc_auc_score
    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> roc_auc_score([0, 1, 2], [[0.6, 0.3, 0.1], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]],
    ...               multi_class="ovr")
    0.9166666666666666
    """
    caller = "roc_auc_score"
    _check_auc_arguments(caller, y_true, y_score, average, sample_weight, max_fpr)
    _parameters.check_choice(caller, "multi_class", multi_class, ("ovo", "ovr", "raise"))
    _parameters.check_optional(caller, labels=labels)
    truth = _ranked.read_truth(y_true)
    _parameters.check_matrix(truth.given, numeric=False)
    s = _parameters.check_matrix(y_score, "y_score", numeric=True)
    weight = (
        None if sample_weight is None else _parameters.as_column(sample_weight, "sample_weight")
    )
    wide = s.ndim == 2 and s.shape[1] > 2
    if truth.form == "multiclass" or (truth.form == "binary" and wide):
        if max_fpr is not None and max_fpr != 1.0:
            raise ValueError(
                "Partial AUC computation not available in multiclass setting, 'max_fpr' must be "
                f"set to `None`, received `max_fpr={max_fpr}` instead"
            )
        if multi_class == "raise":
            raise ValueError("multi_class must be in ('ovo', 'ovr')")
        codes = _class_codes(truth, s, labels, multi_class, average)
        if multi_class == "ovr":
            return average_classes(area, codes, s, average, weight)
        if weight is not None:
            raise ValueError(
                "sample_weight is not supported for multiclass one-vs-one ROC AUC, "
                "'sample_weight' must be None in this case."
            )
        return average_pairs(codes, s, average)
    score = partial(area, max_fpr=max_fpr)
    if truth.form == INDICATOR:
        return average_columns(score, truth.given, s, average, weight)
    if truth.form != "binary":
        raise ValueError(f"{truth.form} format is not supported")
    if len(truth.classes) < 2:
        return score(Positives(truth.values, 1, False), s, weight)
    return score(Positives(*_ranked.mark(truth, truth.labels[1]), True), s, weight)


def _check_auc_arguments(
    caller: str, y_true: Any, y_score: Any, average: Any, sample_weight: Any, max_fpr: Any
) -> None:
    _parameters.check_array_likes(caller, y_true=y_true, y_score=y_score)
    _parameters.check_choice(caller, "average", average, _AVERAGES, none=True)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    if not (max_fpr is None or (isinstance(max_fpr, Real) and 0.0 < float(max_fpr) <= 1)):
        expected = "a float in the range (0.0, 1.0] or None"
        raise _parameters.invalid_parameter("max_fpr", caller, expected, max_fpr)


def _class_codes(
    truth: _ranked.Truth, s: Array, labels: Any, multi_class: str, average: str | None
) -> Array:
    """The class of each row as a column of the scores, if all options suit several classes."""
    if s.ndim != 2:
        raise ValueError(
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains "
            f"multiple classes. Got `y_score.shape={s.shape}`."
        )
    if not np.allclose(1, s.sum(axis=1)):
        raise ValueError(
            "Target scores need to be probabilities for multiclass roc_auc, i.e. they should sum "
            "up to 1.0 over classes"
        )
    options = (*(("micro",) if multi_class == "ovr" else ()), "macro", "weighted", None)
    if average not in options:
        raise ValueError(f"average must be one of {options} for multiclass problems")
    if average is None and multi_class == "ovo":
        raise NotImplementedError("average=None is not implemented for multi_class='ovo'.")
    if labels is None:
        if len(truth.classes) != s.shape[1]:
            raise ValueError(
                "Number of classes in y_true not equal to the number of columns in 'y_score'"
            )
        return _ranked.codes_of(truth.values, truth.classes)
    classes = check_classes(labels, end="")
    if len(classes) != s.shape[1]:
        raise ValueError(
            f"Number of given labels, {len(classes)}, not equal to the number of columns in "
            f"'y_score', {s.shape[1]}"
        )
    return known_codes(truth, classes, end="")


def check_classes(labels: Any, end: str) -> Array:
    """Labels that are distinct and ascend; `end` closes the sentences of the errors."""
    given = _parameters.as_column(labels, "labels")
    classes = np.unique(given)
    if len(classes) != len(given):
        raise ValueError(f"Parameter 'labels' must be unique{end}")
    if not np.array_equal(classes, given):
        raise ValueError(f"Parameter 'labels' must be ordered{end}")
    return classes


def known_codes(truth: _ranked.Truth, classes: Array, end: str) -> Array:
    if len(np.setdiff1d(truth.labels, classes)):
        raise ValueError(f"'y_true' contains labels not in parameter 'labels'{end}")
    return np.searchsorted(classes, truth.labels)[_ranked.codes_of(truth.values, truth.classes)]


# -- average precision ---------------------------------------------------------------------------


def average_precision_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: Average | None = "macro",
    pos_label: float | str = 1,
    sample_weight: ArrayLike | None = None,
) -> float | Array:
    """Average precision: the mean, over positive rows, of the precision at their scores.

    ``sum((R[i] - R[i-1]) * P[i])`` with recall R and precision P at the distinct scores in
    descending order: the area under the precision-recall curve, as steps.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_labels)
        True labels, or an indicator matrix. More than two classes are scored each against the
        rest.
    y_score : array-like of shape (n,), (n, n_labels) or (n, n_classes)
        The greater, the more positive.
    average : {"macro", "micro", "samples", "weighted"} or None, default="macro"
        ``"macro"``: mean over labels, ``"weighted"`` weighted by their numbers of rows;
        ``"micro"``: one score of all elements; ``"samples"``: mean over the rows; None: the score
        of each label. Two labels need no average.
    pos_label : int, float, bool or str, default=1
        The positive one of two labels.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    average_precision : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, scores or weights are not finite, targets are
        continuous, or `pos_label` does not suit them.

    Warns
    -----
    UserWarning
        If there are no positive rows: the score is 0 then.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.average_precision_score``.

    Examples
    --------
    >>> from polyfuse.metrics import average_precision_score
    >>> average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8333333333333333
    """
    caller = "average_precision_score"
    _parameters.check_array_likes(caller, y_true=y_true, y_score=y_score)
    _parameters.check_choice(caller, "average", average, _AVERAGES, none=True)
    _parameters.check_pos_label(caller, pos_label, none=False)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    weight = (
        None if sample_weight is None else _parameters.as_column(sample_weight, "sample_weight")
    )
    truth = _ranked.read_truth(y_true)
    if truth.form == "binary":
        if len(truth.classes) == 2 and pos_label not in truth.labels.tolist():
            raise ValueError(
                f"pos_label={pos_label} is not a valid label. It should be one of {truth.labels}"
            )
        marks = Positives(*_ranked.mark(truth, pos_label), True)
        return precision_sum(marks, y_score, weight)
    if truth.form in (INDICATOR, "multiclass") and pos_label != 1:
        raise ValueError(
            f"Parameter pos_label is fixed to 1 for {truth.form} y_true. Do not set pos_label or "
            "set pos_label to 1."
        )
    s = _labels.as_array(y_score, "y_score")
    if truth.form == INDICATOR:
        return average_columns(precision_sum, truth.given, s, average, weight, 1)
    if truth.form != "multiclass":
        raise ValueError(f"{truth.form} format is not supported")
    if s.shape != (len(truth.values), len(truth.classes)):
        raise ValueError(
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains "
            f"multiple classes. Got `y_score.shape={s.shape}`."
        )
    codes = _ranked.codes_of(truth.values, truth.classes)
    return average_classes(
        precision_sum, codes, _parameters.check_matrix(s, numeric=True), average, weight
    )
