"""Curves over all thresholds of a score; see ``polyfuse.metrics``."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters, _ranked
from ._labels import Array
from .exceptions import UndefinedMetricWarning, shared, warn

PosLabel = float | str | None


def auc(x: ArrayLike, y: ArrayLike) -> float:
    """Area under a curve, by the trapezoidal rule.

    ``sum((x[i+1] - x[i]) * (y[i+1] + y[i]) / 2)``, of the other sign where x descends.

    Parameters
    ----------
    x : array-like of shape (n,)
        Ascending or descending.
    y : array-like of shape (n,)
        The values at `x`.

    Returns
    -------
    area : float
        In the product of both units.

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than two points, or `x` goes up and down.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.auc``.

    Examples
    --------
    >>> from polyfuse.metrics import auc
    >>> auc([0, 0.5, 1], [0, 1, 1])
    0.75
    """
    _parameters.check_array_likes("auc", x=x, y=y)
    across, up = _labels.as_array(x, "x"), _labels.as_array(y, "y")
    _labels.check_consistent_length(across, up)
    across, up = _parameters.as_column(across), _parameters.as_column(up)
    if len(across) < 2:
        raise ValueError(
            "At least 2 points are needed to compute area under curve, but x.shape = "
            f"{across.shape[0]}"
        )
    steps = np.diff(across)
    direction = 1
    if (steps < 0).any():
        if not (steps <= 0).all():
            raise ValueError(f"x is neither increasing nor decreasing : {across}.")
        direction = -1
    return float(direction * np.add.reduce(steps * (up[1:] + up[:-1]) / 2.0))


@_parameters.warn_of_positions(("pos_label", "sample_weight"))
def confusion_matrix_at_thresholds(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: PosLabel = None,
    sample_weight: ArrayLike | None = None,
) -> tuple[Array, Array, Array, Array, Array]:
    """The four cells of the binary confusion matrix, for every threshold of a score.

    At a threshold, the rows with a score of that or more are predicted positive.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels, two at most; more if `pos_label` is given.
    y_score : array-like of shape (n,)
        The greater, the more positive.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None is 1 for labels among 0 and 1, or -1 and 1.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row; rows of weight zero are not there.

    Returns
    -------
    tns, fps, fns, tps : ndarray of shape (n_thresholds,)
        Numbers, or weights, of true negative, false positive, false negative and true positive
        rows, float64.
    thresholds : ndarray of shape (n_thresholds,)
        The distinct scores in descending order, in the type of the scores; float64 for
        objects.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, the targets are not binary, `pos_label` is needed,
        scores or weights are not finite, or weights are all zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.confusion_matrix_at_thresholds``.

    Examples
    --------
    >>> from polyfuse.metrics import confusion_matrix_at_thresholds
    >>> tns, fps, fns, tps, thresholds = confusion_matrix_at_thresholds(
    ...     [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    ... )
    >>> tps
    array([1., 1., 2., 2.])
    >>> thresholds
    array([0.8 , 0.4 , 0.35, 0.1 ])
    """
    caller = "confusion_matrix_at_thresholds"
    curve = _curve(caller, y_true, y_score, pos_label, sample_weight)
    fps, tps, thresholds = curve
    return fps[-1] - fps, fps, tps[-1] - tps, tps, thresholds


def _curve(
    caller: str,
    y_true: ArrayLike,
    y_score: ArrayLike,
    pos_label: PosLabel,
    sample_weight: ArrayLike | None,
    drop_intermediate: bool = False,
) -> _ranked.Curve:
    _parameters.check_array_likes(caller, y_true=y_true, y_score=y_score)
    _parameters.check_pos_label(caller, pos_label)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    _parameters.check_boolean(caller, "drop_intermediate", drop_intermediate)
    return _ranked.read_binary(y_true, y_score, pos_label, sample_weight).curve()


def _keep(curve: _ranked.Curve, inner: Array) -> _ranked.Curve:
    """The first and the last point of a curve, and those between that are to stay."""
    kept = np.concatenate(([True], inner, [True]))
    if kept.all():
        return curve
    places = kept.nonzero()[0]
    return _ranked.Curve(*(x[places] for x in curve))


def roc_points(curve: _ranked.Curve, drop_intermediate: bool) -> tuple[Array, Array, Array]:
    """The ROC curve; NaN and a warning where a class is missing."""
    if drop_intermediate and len(curve.fps) > 2:
        # A point between two others on one line is no corner: the steps beside it are equal.
        across, up = np.diff(curve.fps), np.diff(curve.tps)
        curve = _keep(curve, (across[1:] != across[:-1]) | (up[1:] != up[:-1]))
    fps, tps = (np.concatenate(([0.0], x)) for x in (curve.fps, curve.tps))
    rates = []
    for counts, there, rate in ((fps, "negative", "false"), (tps, "positive", "true")):
        if counts[-1] > 0:
            rates.append(counts / counts[-1])
            continue
        warn(
            f"No {there} samples in y_true, {rate} positive value should be meaningless",
            shared(UndefinedMetricWarning),
        )
        rates.append(np.full(counts.shape, np.nan))
    thresholds = np.concatenate(([np.inf], curve.thresholds.astype(np.float64)))
    return rates[0], rates[1], thresholds


def roc_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: PosLabel = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = True,
) -> tuple[Array, Array, Array]:
    """Receiver operating characteristic: true against false positive rate, for all thresholds.

    Parameters
    ----------
    y_true, y_score, pos_label, sample_weight
        See :func:`confusion_matrix_at_thresholds`.
    drop_intermediate : bool, default=True
        Leave out points that lie between two others on a line.

    Returns
    -------
    fpr : ndarray of shape (n_points,)
        Fraction of the negative rows with a score of the threshold or more, ascending from 0 to
        1; NaN if there are none.
    tpr : ndarray of shape (n_points,)
        The same of the positive rows.
    thresholds : ndarray of shape (n_points,)
        Descending scores, float64; the first one is infinite.

    Raises
    ------
    ValueError
        As :func:`confusion_matrix_at_thresholds`.

    Warns
    -----
    UndefinedMetricWarning
        If there are no positive, or no negative rows.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.roc_curve``; Fawcett, Pattern Recognition Letters 27, 2006.

    Examples
    --------
    >>> from polyfuse.metrics import roc_curve
    >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> fpr
    array([0. , 0. , 0.5, 0.5, 1. ])
    >>> tpr
    array([0. , 0.5, 0.5, 1. , 1. ])
    """
    curve = _curve("roc_curve", y_true, y_score, pos_label, sample_weight, drop_intermediate)
    return roc_points(curve, bool(drop_intermediate))


def precision_recall_points(
    curve: _ranked.Curve, drop_intermediate: bool
) -> tuple[Array, Array, Array]:
    if drop_intermediate and len(curve.fps) > 2:
        curve = _keep_steps(curve)
    fps, tps, thresholds = curve
    predicted = tps + fps
    precision = np.where(predicted != 0, np.divide(tps, predicted), 0.0)
    if tps[-1] == 0:
        warn("No positive class found in y_true, recall is set to one for all thresholds.")
        recall = np.ones(tps.shape)
    else:
        recall = tps / tps[-1]
    return (
        np.concatenate((precision[::-1], [1.0])),
        np.concatenate((recall[::-1], [0.0])),
        thresholds[::-1],
    )


def _keep_steps(curve: _ranked.Curve) -> _ranked.Curve:
    """The points beside which the true positives change."""
    steps = np.diff(curve.tps) != 0
    return _keep(curve, np.logical_or(steps[:-1], steps[1:]))


def precision_recall_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: PosLabel = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = False,
) -> tuple[Array, Array, Array]:
    """Precision against recall, for all thresholds.

    Precision is TP / (TP + FP), recall TP / (TP + FN), with the true positives TP, false positives
    FP and false negatives FN at the threshold.

    Parameters
    ----------
    y_true, y_score, pos_label, sample_weight
        See :func:`confusion_matrix_at_thresholds`.
    drop_intermediate : bool, default=False
        Leave out points with the true positives of both their neighbours.

    Returns
    -------
    precision : ndarray of shape (n_thresholds + 1,)
        The precision at each threshold, then 1.
    recall : ndarray of shape (n_thresholds + 1,)
        The recall at each threshold, descending, then 0.
    thresholds : ndarray of shape (n_thresholds,)
        Ascending scores, in the type of the scores; float64 for objects.

    Raises
    ------
    ValueError
        As :func:`confusion_matrix_at_thresholds`.

    Warns
    -----
    UserWarning
        If there are no positive rows: recall is 1 then.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.precision_recall_curve``.

    Examples
    --------
    >>> from polyfuse.metrics import precision_recall_curve
    >>> precision, recall, thresholds = precision_recall_curve(
    ...     [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    ... )
    >>> recall
    array([1. , 1. , 0.5, 0.5, 0. ])
    >>> thresholds
    array([0.1 , 0.35, 0.4 , 0.8 ])
    """
    caller = "precision_recall_curve"
    curve = _curve(caller, y_true, y_score, pos_label, sample_weight, drop_intermediate)
    return precision_recall_points(curve, bool(drop_intermediate))


def det_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    pos_label: PosLabel = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = False,
) -> tuple[Array, Array, Array]:
    """Detection error tradeoff: false negative against false positive rate, for all thresholds.

    Parameters
    ----------
    y_true, y_score, pos_label, sample_weight
        See :func:`confusion_matrix_at_thresholds`.
    drop_intermediate : bool, default=False
        Leave out points with the true positives of both their neighbours.

    Returns
    -------
    fpr : ndarray of shape (n_points,)
        Fraction of the negative rows with a score of the threshold or more, descending.
    fnr : ndarray of shape (n_points,)
        Fraction of the positive rows with a lower score, ascending from 0.
    thresholds : ndarray of shape (n_points,)
        Ascending scores, float64; the last one is infinite unless no negative row has the
        greatest score.

    Raises
    ------
    ValueError
        As :func:`confusion_matrix_at_thresholds`; and if there are not two labels.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.det_curve``.

    Examples
    --------
    >>> from polyfuse.metrics import det_curve
    >>> fpr, fnr, thresholds = det_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> fpr
    array([0.5, 0.5, 0. ])
    >>> fnr
    array([0. , 0.5, 0.5])
    >>> thresholds
    array([0.35, 0.4 , 0.8 ])
    """
    caller = "det_curve"
    curve = _curve(caller, y_true, y_score, pos_label, sample_weight, drop_intermediate)
    fps, tps, thresholds = curve
    fps, tps = (np.concatenate(([0.0], x)) for x in (fps, tps))
    curve = _ranked.Curve(fps, tps, np.concatenate(([np.inf], thresholds.astype(np.float64))))
    if drop_intermediate and len(fps) > 2:
        curve = _keep_steps(curve)
    if len(_ranked.read_truth(y_true).classes) != 2:
        raise ValueError(
            "Only one class is present in y_true. Detection error tradeoff curve is not defined "
            "in that case."
        )
    fps, tps, thresholds = curve
    # From the last point without false positives to the first one without false negatives.
    first = int(np.searchsorted(fps, fps[0], side="right")) - 1
    kept = slice(max(first, 0), int(np.searchsorted(tps, tps[-1])) + 1)
    missed = tps[-1] - tps
    return (
        fps[kept][::-1] / fps[-1],
        missed[kept][::-1] / tps[-1],
        thresholds[kept][::-1],
    )
