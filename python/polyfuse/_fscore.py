"""Precision, recall and F-score; see ``polyfuse.metrics``. The arithmetic is in ``scores``."""

from __future__ import annotations

from typing import Literal

from numpy.typing import ArrayLike

from ._labels import Array
from ._scores import METRICS, Request, scores

Average = Literal["binary", "micro", "macro", "weighted", "samples"]
ZeroDivision = float | Literal["warn"]


def precision_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: float | str | None = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | Array:
    """Precision: of the rows predicted to have a label, the fraction that has it.

    ``TP / (TP + FP)`` with the true positives TP and false positives FP of the label.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_labels)
        True labels: integers, booleans, strings or floats with integer values; or an indicator
        matrix of 0 and 1, dense or sparse.
    y_pred : array-like of shape (n,) or (n, n_labels)
        Predicted labels.
    labels : array-like, default=None
        The labels to score when `average` is not ``"binary"``, in the order of the result; column
        numbers for indicator matrices. By default all labels, sorted.
    pos_label : int, float, bool, str or None, default=1
        The label scored when `average` is ``"binary"``.
    average : {"binary", "micro", "macro", "weighted", "samples"} or None, default="binary"
        ``"binary"``: the score of `pos_label`, for targets with two labels. ``"micro"``: one
        score from the sums over labels. ``"macro"``: mean over labels. ``"weighted"``: mean over
        labels, weighted by the number of true rows. ``"samples"``: mean over the rows of an
        indicator matrix. None: the score of each label.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The score of a label that is never predicted. ``"warn"`` is 0.0 with a warning; nan keeps
        the label out of averages.

    Returns
    -------
    precision : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, targets are continuous or of different kinds, the
        average does not suit the targets, `pos_label` is not among the labels, or weights are not
        finite or all zero.

    Warns
    -----
    UndefinedMetricWarning
        If `zero_division` is ``"warn"`` and a label is never predicted.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.precision_score``.

    Examples
    --------
    >>> from polyfuse.metrics import precision_score
    >>> precision_score([0, 1, 1, 0], [0, 1, 1, 1])
    0.6666666666666666
    >>> precision_score(["a", "b", "b"], ["a", "a", "b"], average=None)
    array([0.5, 1. ])
    """
    request = Request(
        "precision_score", labels, pos_label, average, sample_weight, zero_division, ("precision",)
    )
    score: float | Array = scores(y_true, y_pred, request)[0]
    return score


def recall_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: float | str | None = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | Array:
    """Recall: of the rows that have a label, the fraction predicted to have it.

    ``TP / (TP + FN)`` with the true positives TP and false negatives FN of the label.

    Parameters
    ----------
    y_true, y_pred, labels, pos_label, average, sample_weight
        See :func:`precision_score`.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The score of a label that no row has. ``"warn"`` is 0.0 with a warning; nan keeps the
        label out of averages.

    Returns
    -------
    recall : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        As :func:`precision_score`.

    Warns
    -----
    UndefinedMetricWarning
        If `zero_division` is ``"warn"`` and no row has a label.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.recall_score``.

    Examples
    --------
    >>> from polyfuse.metrics import recall_score
    >>> recall_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.5
    """
    request = Request(
        "recall_score", labels, pos_label, average, sample_weight, zero_division, ("recall",)
    )
    score: float | Array = scores(y_true, y_pred, request)[0]
    return score


def f1_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: float | str | None = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | Array:
    """F1 score: the harmonic mean of precision and recall.

    ``2 TP / (2 TP + FP + FN)`` with the true positives TP, false positives FP and false negatives
    FN of the label.

    Parameters
    ----------
    y_true, y_pred, labels, pos_label, average, sample_weight
        See :func:`precision_score`.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The score of a label that no row has and that is never predicted. ``"warn"`` is 0.0 with a
        warning; nan keeps the label out of averages.

    Returns
    -------
    f1 : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        As :func:`precision_score`.

    Warns
    -----
    UndefinedMetricWarning
        If `zero_division` is ``"warn"`` and a label occurs neither in `y_true` nor in `y_pred`.

    References
    ----------
    C. J. van Rijsbergen, *Information Retrieval*, 2nd ed., 1979, chapter 7; scikit-learn 1.9,
    ``sklearn.metrics.f1_score``.

    Examples
    --------
    >>> from polyfuse.metrics import f1_score
    >>> f1_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.6666666666666666
    >>> f1_score([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], average=None)
    array([0.8, 0. , 0. ])
    """
    request = Request(
        "f1_score", labels, pos_label, average, sample_weight, zero_division, ("f-score",)
    )
    score: float | Array = scores(y_true, y_pred, request)[0]
    return score


def fbeta_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float,
    labels: ArrayLike | None = None,
    pos_label: float | str | None = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | Array:
    """F-beta score: the weighted harmonic mean of precision and recall.

    ``(1 + beta**2) TP / (beta**2 (TP + FN) + (TP + FP))`` with the true positives TP, false
    positives FP and false negatives FN of the label.

    Parameters
    ----------
    y_true, y_pred, labels, pos_label, average, sample_weight
        See :func:`precision_score`.
    beta : float
        Weight of recall relative to precision, between 0 (precision alone) and infinity (recall
        alone).
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        As for :func:`f1_score`.

    Returns
    -------
    fbeta : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        As :func:`precision_score`; also if `beta` is negative.

    Warns
    -----
    UndefinedMetricWarning
        As :func:`f1_score`.

    References
    ----------
    C. J. van Rijsbergen, *Information Retrieval*, 2nd ed., 1979, chapter 7; scikit-learn 1.9,
    ``sklearn.metrics.fbeta_score``.

    Examples
    --------
    >>> from polyfuse.metrics import fbeta_score
    >>> fbeta_score([0, 1, 1, 0], [0, 1, 0, 0], beta=0.5)
    0.8333333333333334
    """
    request = Request(
        "fbeta_score", labels, pos_label, average, sample_weight, zero_division, ("f-score",), beta
    )
    score: float | Array = scores(y_true, y_pred, request)[0]
    return score


def precision_recall_fscore_support(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float = 1.0,
    labels: ArrayLike | None = None,
    pos_label: float | str | None = 1,
    average: Average | None = None,
    warn_for: list[str] | tuple[str, ...] | set[str] = METRICS,
    sample_weight: ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> tuple[float | Array, float | Array, float | Array, Array | None]:
    """Precision, recall, F-score and number of true rows of each label, from one count.

    The F-score is ``(1 + beta**2) TP / (beta**2 (TP + FN) + (TP + FP))`` with the true positives
    TP, false positives FP and false negatives FN of the label.

    Parameters
    ----------
    y_true, y_pred, labels, pos_label, average, sample_weight
        See :func:`precision_score`; here `average` is None by default.
    beta : float, default=1.0
        Weight of recall relative to precision, between 0 (precision alone) and infinity (recall
        alone).
    warn_for : list, tuple or set, default=("precision", "recall", "f-score")
        The scores to warn about when they are undefined.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The value of an undefined score. ``"warn"`` is 0.0 with a warning; nan keeps the label out
        of averages.

    Returns
    -------
    precision, recall, fscore : float, or ndarray of shape (n_labels,) if `average` is None
        Between 0 and 1.
    support : ndarray of shape (n_labels,), or None unless `average` is None
        Number of true rows of each label: float64 if weighted or if no row is predicted right,
        as in scikit-learn, else int64.

    Raises
    ------
    ValueError
        As :func:`precision_score`; also if `beta` is negative.

    Warns
    -----
    UndefinedMetricWarning
        If `zero_division` is ``"warn"`` and a score named in `warn_for` is undefined.

    References
    ----------
    C. J. van Rijsbergen, *Information Retrieval*, 2nd ed., 1979, chapter 7; scikit-learn 1.9,
    ``sklearn.metrics.precision_recall_fscore_support``.

    Examples
    --------
    >>> from polyfuse.metrics import precision_recall_fscore_support
    >>> p, r, f, support = precision_recall_fscore_support([0, 1, 1, 2], [0, 0, 1, 2])
    >>> p, r, support
    (array([0.5, 1. , 1. ]), array([1. , 0.5, 1. ]), array([1, 2, 1]))
    """
    request = Request(
        "precision_recall_fscore_support",
        labels,
        pos_label,
        average,
        sample_weight,
        zero_division,
        METRICS,
        beta,
        warn_for,
    )
    precision, recall, fscore, support = scores(y_true, y_pred, request)
    return precision, recall, fscore, support
