"""Losses of predicted probabilities and of margins; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._probability_sums import Held, hold, hold_positive, read_probabilities
from .exceptions import UndefinedMetricWarning, shared, warn


def log_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike | None = None,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    y_pred: ArrayLike | str = "deprecated",
) -> float:
    """Log loss, or cross-entropy: the mean negative logarithm of the true class's probability.

    ``-sum(w[i] * log(p[i, y[i]])) / sum(w)``, with w = 1 without weights. Probabilities are
    clipped to [eps, 1 - eps] with the eps of their precision. Each is read once: the sweep that
    adds them up also looks whether they are probabilities. Sums are float64.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_classes)
        True labels: integers, booleans, strings or floats with integer values; or an indicator
        matrix of 0 and 1.
    y_proba : array-like of shape (n,) or (n, n_classes)
        Predicted probabilities, columns in the sorted order of the labels. One number a row is
        the probability of the greater of two labels.
    normalize : bool, default=True
        Return the mean over rows; else the sum.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    labels : array-like of shape (n_classes,), default=None
        All labels that there are, at least two. By default those of `y_true`.
    y_pred : array-like, default="deprecated"
        The old name of `y_proba`.

    Returns
    -------
    loss : float
        In nats; 0 is best.

    Raises
    ------
    ValueError
        If lengths or the numbers of classes differ, there are no rows, values are not within
        [0, 1], `y_true` has one label and there are no `labels`, or one that is not among them,
        or weights are not finite or all zero.
    ZeroDivisionError
        If `normalize` and the weights add up to zero.

    Warns
    -----
    UserWarning
        If rows do not add up to one, or `labels` are not sorted.
    FutureWarning
        If `y_pred` is given.

    References
    ----------
    C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, p. 209; scikit-learn 1.9,
    ``sklearn.metrics.log_loss``.

    Examples
    --------
    >>> from polyfuse.metrics import log_loss
    >>> loss = log_loss(["spam", "ham", "ham"], [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2]])
    >>> round(loss, 6)
    0.144622
    """
    caller = "log_loss"
    _check(caller, y_true, y_proba, optional=True)
    _parameters.check_boolean(caller, "normalize", normalize)
    _parameters.check_optional(caller, sample_weight=sample_weight, labels=labels)
    y_proba = _renamed(caller, y_proba, y_pred)
    held = hold(y_true, read_probabilities(y_proba), sample_weight, labels)
    return held.mean(held.log) if normalize else held.log


def brier_score_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: float | str | None = None,
    labels: ArrayLike | None = None,
    scale_by_half: bool | Literal["auto"] = "auto",
) -> float:
    """Brier score: the mean squared error of predicted probabilities.

    ``sum(w[i] * sum((y[i, j] - p[i, j])**2 for j)) / sum(w)``, where y[i, j] is 1 if row i is of
    class j and else 0, and w = 1 without weights; half of it for two classes. Each probability is
    read once. Sums are float64.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_classes)
        True labels, as for :func:`log_loss`; two of them if `y_proba` has one number a row.
    y_proba : array-like of shape (n,) or (n, n_classes)
        Predicted probabilities, columns in the sorted order of the labels. One number a row is
        the probability of `pos_label`.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    pos_label : int, float, bool or str, default=None
        The label that one number a row is the probability of. By default 1 if the labels are
        among 0 and 1, or -1 and 1, else the greater one; strings have no default.
    labels : array-like of shape (n_classes,), default=None
        All labels that there are, where `y_proba` has a column for each. By default those of
        `y_true`.
    scale_by_half : bool or "auto", default="auto"
        Whether to halve the score, so that it is between 0 and 1; "auto" does for two classes.

    Returns
    -------
    score : float
        Between 0, the best, and 1, or 2 if not halved.

    Raises
    ------
    ValueError
        As :func:`log_loss`; also if `y_true` is of strings and there is no `pos_label`.
    ZeroDivisionError
        If the weights add up to zero.

    Warns
    -----
    UserWarning
        As :func:`log_loss`.

    References
    ----------
    G. W. Brier, Monthly Weather Review 78, 1950; scikit-learn 1.9,
    ``sklearn.metrics.brier_score_loss``.

    Examples
    --------
    >>> from polyfuse.metrics import brier_score_loss
    >>> brier_score_loss([0, 1, 1, 0], [0.0, 0.5, 1.0, 0.5])
    0.125
    >>> brier_score_loss(["no", "yes"], [0.5, 1.0], pos_label="yes")
    0.125
    """
    caller = "brier_score_loss"
    _check(caller, y_true, y_proba)
    _check_brier(caller, sample_weight, pos_label, labels)
    half = scale_by_half
    if not (isinstance(half, (bool, np.bool_)) or (isinstance(half, str) and half == "auto")):
        expected = f"{_parameters.BOOLEAN} or a str among {{'auto'}}"
        raise _parameters.invalid_parameter("scale_by_half", caller, expected, half)
    held = _held_brier(y_true, y_proba, sample_weight, pos_label, labels)
    score = held.mean(held.square)
    if half == "auto":
        half = len(held.came_true) < 3
    return 0.5 * score if half else score


def d2_log_loss_score(
    y_true: ArrayLike,
    y_proba: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    y_pred: ArrayLike | str = "deprecated",
) -> float:
    """D², the share of the log loss that predicted probabilities explain.

    ``1 - log_loss(y, p) / log_loss(y, q)``, where q gives each class its share of the rows.

    Parameters
    ----------
    y_true, y_proba, sample_weight, labels, y_pred
        See :func:`log_loss`.

    Returns
    -------
    score : float
        Without unit; 1 is best, 0 that of the shares. NaN for fewer than two rows.

    Raises
    ------
    ValueError, ZeroDivisionError
        As :func:`log_loss`.

    Warns
    -----
    UndefinedMetricWarning
        If there are fewer than two rows.
    UserWarning, FutureWarning
        As :func:`log_loss`.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.d2_log_loss_score``.

    Examples
    --------
    >>> from polyfuse.metrics import d2_log_loss_score
    >>> round(d2_log_loss_score([0, 1, 1, 0], [0.1, 0.9, 0.9, 0.1]), 6)
    0.847997
    """
    caller = "d2_log_loss_score"
    _check(caller, y_true, y_proba, optional=True)
    _parameters.check_optional(caller, sample_weight=sample_weight, labels=labels)
    y_proba = _renamed(caller, y_proba, y_pred)
    if y_proba is None:
        raise TypeError(f"Expected sequence or array-like, got {type(y_proba)}")
    if _too_few(y_true, y_proba, sample_weight):
        return float("nan")
    held = hold(y_true, read_probabilities(y_proba), sample_weight, labels)
    eps = np.finfo(np.float64).eps
    shares = np.clip(held.shares(), eps, 1 - eps)
    return float(1 - held.log / -float(np.dot(held.came_true, np.log(shares))))


def d2_brier_score(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: float | str | None = None,
    labels: ArrayLike | None = None,
) -> float:
    """D², the share of the Brier score that predicted probabilities explain: the skill score.

    ``1 - brier(y, p) / brier(y, q)``, where q gives each class its share of the rows.

    Parameters
    ----------
    y_true, y_proba, sample_weight, pos_label, labels
        See :func:`brier_score_loss`.

    Returns
    -------
    score : float
        Without unit; 1 is best, 0 that of the shares. NaN for fewer than two rows.

    Raises
    ------
    ValueError, ZeroDivisionError
        As :func:`brier_score_loss`.

    Warns
    -----
    UndefinedMetricWarning
        If there are fewer than two rows.
    UserWarning
        As :func:`log_loss`.
    RuntimeWarning
        If all rows are of one class: there is nothing to explain.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.d2_brier_score``.

    Examples
    --------
    >>> from polyfuse.metrics import d2_brier_score
    >>> d2_brier_score([0, 1, 1, 0], [0.0, 0.5, 1.0, 0.5])
    0.5
    """
    caller = "d2_brier_score"
    _check(caller, y_true, y_proba)
    _check_brier(caller, sample_weight, pos_label, labels)
    if _too_few(y_true, y_proba, sample_weight):
        return float("nan")
    held = _held_brier(y_true, y_proba, sample_weight, pos_label, labels)
    shares = held.shares()
    if held.squares is None:
        unexplained = held.came_true * held.other_shares()
    else:
        unexplained = held.squares - shares * held.came_true
    return float(1 - np.divide(np.asarray(held.square), np.add.reduce(unexplained)))


# -- what they share -----------------------------------------------------------------------------


def _check(caller: str, y_true: Any, y_proba: Any, *, optional: bool = False) -> None:
    _parameters.check_array_likes(caller, y_true=y_true)
    if not (optional and y_proba is None):
        _parameters.check_array_likes(caller, y_proba=y_proba)


def _check_brier(caller: str, sample_weight: Any, pos_label: Any, labels: Any) -> None:
    _parameters.check_optional(caller, sample_weight=sample_weight)
    _parameters.check_pos_label(caller, pos_label)
    _parameters.check_optional(caller, labels=labels)


def _renamed(caller: str, y_proba: Any, y_pred: Any) -> Any:
    """`y_proba`, or what was given by its old name."""
    if isinstance(y_pred, str) and y_pred == "deprecated":
        return y_proba
    if not (isinstance(y_pred, str) or _parameters.is_array_like(y_pred)):
        expected = "an array-like or an instance of 'str'"
        raise _parameters.invalid_parameter("y_pred", caller, expected, y_pred)
    if y_proba is not None:
        raise ValueError(
            "Cannot use both `y_pred` and `y_proba`. `y_pred` is deprecated, use `y_proba` instead."
        )
    warn(
        "`y_pred` was renamed to `y_proba` in version 1.9 and will be removed in 1.11. Use "
        "`y_proba` instead.",
        FutureWarning,
    )
    return y_pred


def _too_few(y_true: Any, y_proba: Any, sample_weight: Any) -> bool:
    """Whether there are fewer than two rows, of which this warns."""
    given = (y_proba, y_true, sample_weight)
    arrays = [
        None if y is None else _labels.as_array(list(y) if isinstance(y, str) else y) for y in given
    ]
    _labels.check_consistent_length(*arrays)
    if arrays[0] is not None and len(arrays[0]) >= 2:
        return False
    warn(
        "D^2 score is not well-defined with less than two samples.", shared(UndefinedMetricWarning)
    )
    return True


def _held_brier(y_true: Any, y_proba: Any, sample_weight: Any, pos_label: Any, labels: Any) -> Held:
    p = read_probabilities(y_proba)
    if p.ndim == 1 or p.shape[1] == 1:
        return hold_positive(y_true, p, sample_weight, pos_label)
    return hold(y_true, p, sample_weight, labels)
