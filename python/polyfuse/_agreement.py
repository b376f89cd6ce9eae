"""Balanced accuracy, Matthews' correlation and Cohen's kappa; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from numbers import Real
from operator import mul
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._classification import confusion_matrix, warn_single_label
from ._codes import Codes, encode
from ._labels import INDICATOR, Array
from .exceptions import UndefinedMetricWarning, shared, warn


def _read(y_true: Any, y_pred: Any, sample_weight: Any) -> Codes:
    """Codes of targets with one label per row; one label in all is warned of."""
    targets = _labels.read_targets(y_true, y_pred, sample_weight)
    if targets.form == INDICATOR:
        raise ValueError(f"{INDICATOR} is not supported")
    codes = encode(targets)
    if len(codes.values) == 1:
        warn_single_label()
    return codes


# Cells of a matrix whose costs are in memory at a time.
_CELLS = 1 << 20


def balanced_accuracy_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    adjusted: bool = False,
) -> float:
    """Mean over the labels of `y_true` of the fraction of their rows predicted right.

    ``mean(TP / (TP + FN))``: accuracy where every label counts the same, however many rows it
    has.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels: integers, booleans, strings or floats with integer values.
    y_pred : array-like of shape (n,)
        Predicted labels.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    adjusted : bool, default=False
        Scale the score so that guessing scores 0: ``(score - 1/k) / (1 - 1/k)`` with k labels.

    Returns
    -------
    score : float
        Between 0 and 1, or 1 / (1 - k) and 1 if `adjusted`; 1 is best.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, targets are continuous, of different kinds or not
        one label per row, or weights are not finite or all zero.

    Warns
    -----
    UserWarning
        If a predicted label has no rows, and does not count; if there is one label only.

    References
    ----------
    K. H. Brodersen et al., *The balanced accuracy and its posterior distribution*, ICPR 2010;
    scikit-learn 1.9, ``sklearn.metrics.balanced_accuracy_score``.

    Examples
    --------
    >>> from polyfuse.metrics import balanced_accuracy_score
    >>> balanced_accuracy_score([0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1])
    0.625
    """
    caller = "balanced_accuracy_score"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=False)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    _parameters.check_boolean(caller, "adjusted", adjusted)
    y_true, y_pred = _labels.as_array(y_true, "y_true"), _labels.as_array(y_pred, "y_pred")
    for y in (y_true, y_pred):
        _parameters.check_dimensions(y)
    codes = _read(y_true, y_pred, sample_weight)
    right, _, true = codes.sums(codes.targets.sample_weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = right / true
    known = found == found
    if not known.all():
        warn("y_pred contains classes not in y_true")
        found = found[known]
    score = np.mean(found)
    if adjusted:
        chance = 1 / len(found)
        score = (score - chance) / (1 - chance)
    return float(score)


def matthews_corrcoef(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Matthews' correlation coefficient of true and predicted labels.

    ``(c s - p·t) / sqrt((s² - p·p) (s² - t·t))`` with the number c of right rows out of s, and the
    numbers p and t of rows of each label predicted and true. The numbers are added and multiplied
    as integers without a limit, unless weighted: what cancels is exact for any number of rows.

    Parameters
    ----------
    y_true, y_pred, sample_weight
        See :func:`balanced_accuracy_score`.

    Returns
    -------
    mcc : float
        Between -1 and 1; 0 is chance, or one label only.

    Raises
    ------
    ValueError
        As :func:`balanced_accuracy_score`.

    Warns
    -----
    UserWarning
        If there is one label only.

    References
    ----------
    J. Gorodkin, *Comparing two K-category assignments by a K-category correlation coefficient*,
    Computational Biology and Chemistry 28, 2004; scikit-learn 1.9,
    ``sklearn.metrics.matthews_corrcoef``.

    Examples
    --------
    >>> from polyfuse.metrics import matthews_corrcoef
    >>> matthews_corrcoef([1, 1, 1, -1], [1, -1, 1, 1])
    -0.3333333333333333
    """
    caller = "matthews_corrcoef"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=False)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    codes = _read(y_true, y_pred, sample_weight)
    right, predicted, true = codes.sums(codes.targets.sample_weight)
    if right.dtype.kind == "f":
        return _correlation(
            right.sum(),
            predicted.sum(),
            np.dot(true, predicted),
            np.dot(predicted, predicted),
            np.dot(true, true),
        )
    r, p, t = right.tolist(), predicted.tolist(), true.tolist()
    return _correlation(
        sum(r), sum(p), sum(map(mul, t, p)), sum(map(mul, p, p)), sum(map(mul, t, t))
    )


def _correlation(right: Any, whole: Any, mixed: Any, predicted: Any, true: Any) -> float:
    """The coefficient from sums, and sums of products, over labels."""
    squares = float(whole**2 - predicted) * float(whole**2 - true)
    return float(right * whole - mixed) / math.sqrt(squares) if squares else 0.0


def cohen_kappa_score(
    y1: ArrayLike,
    y2: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    weights: Literal["linear", "quadratic"] | None = None,
    sample_weight: ArrayLike | None = None,
    replace_undefined_by: float = np.nan,
) -> float:
    """Cohen's kappa: agreement of two annotators beyond chance.

    ``1 - sum(W * C) / sum(W * E)`` with the confusion matrix C of the annotators, the matrix E
    expected of independent ones with the same labels, and the cost W of each disagreement: 1, or
    with `weights` the distance of the labels' places, or its square.

    Parameters
    ----------
    y1 : array-like of shape (n,)
        Labels by one annotator: integers, booleans, strings or floats with integer values.
    y2 : array-like of shape (n,)
        Labels by the other. The score is the same if they change places.
    labels : array-like of shape (k,), default=None
        The labels to count, in the order that `weights` refer to. By default all, sorted.
    weights : {"linear", "quadratic"}, default=None
        The cost of a disagreement.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    replace_undefined_by : float in [-1, 1] or nan, default=nan
        The score where no disagreement is possible.

    Returns
    -------
    kappa : float
        Between -1 and 1; 1 is best, 0 is chance.

    Raises
    ------
    ValueError
        As :func:`confusion_matrix`.

    Warns
    -----
    UndefinedMetricWarning
        If the score is undefined.
    UserWarning
        If there is one label only.

    References
    ----------
    J. Cohen, *A coefficient of agreement for nominal scales*, Educational and Psychological
    Measurement 20(1), 1960; scikit-learn 1.9, ``sklearn.metrics.cohen_kappa_score``.

    Examples
    --------
    >>> from polyfuse.metrics import cohen_kappa_score
    >>> cohen_kappa_score([0, 1, 0, 1, 2], [0, 1, 1, 1, 2])
    0.6875
    """
    _check_kappa(y1, y2, labels, weights, sample_weight, replace_undefined_by)
    try:
        counts = confusion_matrix(y1, y2, labels=labels, sample_weight=sample_weight)
    except ValueError as error:
        if "At least one label specified must be in y_true" not in str(error):
            raise
        raise ValueError(
            "At least one label in `labels` must be present in `y1` (even though "
            "`cohen_kappa_score` is otherwise agnostic to the order of `y1` and `y2`)."
        ) from error
    counts = counts.astype(np.float64, copy=False)
    given2, given1 = counts.sum(axis=0), counts.sum(axis=1)
    whole = given2.sum()
    shown = f"param, which is set to {replace_undefined_by}."
    if whole == 0:
        _warn_undefined(
            "`y2` contains no labels that are present in both `y1` and `labels`."
            "`cohen_kappa_score` is undefined and set to the value defined by "
            f"the `replace_undefined_by` {shown}"
        )
        return replace_undefined_by
    disagreement = by_chance = 0.0
    step = max(1, _CELLS // len(counts))
    for start in range(0, len(counts), step):
        rows = slice(start, start + step)
        costs = _costs(rows, len(counts), weights)
        # Of the transposed matrix, as in scikit-learn; the costs are symmetric.
        expected = np.outer(given2[rows], given1) / whole
        disagreement += (costs * counts[rows]).sum()
        by_chance += (costs * expected).sum()
    if by_chance == 0:
        _warn_undefined(
            "`y1`, `y2` and `labels` have only one label in common. "
            "`cohen_kappa_score` is undefined and set to the value defined by the "
            f"the `replace_undefined_by` {shown}"
        )
        return replace_undefined_by
    return float(1 - disagreement / by_chance)


def _check_kappa(
    y1: Any, y2: Any, labels: Any, weights: Any, sample_weight: Any, replacement: Any
) -> None:
    caller = "cohen_kappa_score"
    _parameters.check_array_likes(caller, y1=y1, y2=y2)
    _parameters.check_optional(caller, labels=labels)
    _parameters.check_choice(caller, "weights", weights, ("linear", "quadratic"), none=True)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    number = float(replacement) if isinstance(replacement, Real) else math.inf
    if not (-1 <= number <= 1 or math.isnan(number)):
        expected = "a float in the range [-1.0, 1.0] or numpy.nan"
        raise _parameters.invalid_parameter("replace_undefined_by", caller, expected, replacement)


def _costs(rows: slice, size: int, weights: str | None) -> Array:
    """The cost of pairs of labels, one row for each of some."""
    places = np.arange(size, dtype=np.float64)
    distances: Array = np.abs(places - places[rows, None])
    if weights is None:
        distances = np.minimum(distances, 1.0)
    return distances if weights == "linear" else distances**2


def _warn_undefined(message: str) -> None:
    warn(message, shared(UndefinedMetricWarning))
