"""Metrics of predicted numbers; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _parameters
from ._kernels.views import ERROR, ERROR_SQUARES, GREATEST, SUM, TARGET, TARGET_SQUARES, WEIGHT
from ._labels import Array
from ._regression_targets import (
    VARIANCE_AVERAGES,
    check_parameters,
    check_weight,
    explained,
    read,
    read_single,
    squares_about_mean,
    too_few,
)


def mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Mean squared error of predicted numbers.

    ``sum(w[i] * (y_true[i] - y_pred[i])**2) / sum(w)``, with w = 1 without weights, of each
    output; then the mean over outputs. Computed in float64 from inputs of any type, which are read
    once, where they lie.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_outputs)
        True values.
    y_pred : array-like of shape (n,) or (n, n_outputs)
        Predicted values.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_outputs,), \
default="uniform_average"
        Return the error of each output, their mean, or their mean with these weights.

    Returns
    -------
    error : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        In the square of the unit of the values; 0 is best. An array has the widest floating type
        among the arguments.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.mean_squared_error``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_squared_error
    >>> mean_squared_error([1.5, 2.5, 3.5], [1, 2, 3])
    0.25
    >>> mean_squared_error([[0, 1], [2, 3]], [[0, 2], [2, 5]], multioutput="raw_values")
    array([0. , 2.5])
    """
    check_parameters("mean_squared_error", y_true, y_pred, sample_weight, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    return pair.averaged(pair.means("squared"))


def root_mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Root mean squared error of predicted numbers.

    ``sqrt(sum(w[i] * (y_true[i] - y_pred[i])**2) / sum(w))``, with w = 1 without weights, of each
    output; then the mean over outputs.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.

    Returns
    -------
    error : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        In the unit of the values; 0 is best. An array has the widest floating type among the
        arguments.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.root_mean_squared_error``.

    Examples
    --------
    >>> from polyfuse.metrics import root_mean_squared_error
    >>> root_mean_squared_error([1.5, 2.5, 3.5], [1, 2, 3])
    0.5
    """
    check_parameters("root_mean_squared_error", y_true, y_pred, sample_weight, multioutput)
    # scikit-learn leaves it to np.average whether weights go with the outputs.
    named = isinstance(multioutput, str)
    pair = read(y_true, y_pred, sample_weight, multioutput if named else None)
    pair = pair if named else pair._replace(over=np.asarray(multioutput))
    return pair.averaged(np.sqrt(pair.means("squared")))


def mean_absolute_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Mean absolute error of predicted numbers.

    ``sum(w[i] * abs(y_true[i] - y_pred[i])) / sum(w)``, with w = 1 without weights, of each
    output; then the mean over outputs. Computed in float64 from inputs of any type, which are read
    once, where they lie.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.

    Returns
    -------
    error : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        In the unit of the values; 0 is best. An array has the widest floating type among the
        arguments.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.mean_absolute_error``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_absolute_error
    >>> mean_absolute_error([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])
    0.5
    """
    check_parameters("mean_absolute_error", y_true, y_pred, sample_weight, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    return pair.averaged(pair.means("absolute"))


def max_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """The greatest absolute error of predicted numbers.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True values.
    y_pred : array-like of shape (n,)
        Predicted values.

    Returns
    -------
    error : float
        In the unit of the values; 0 is best.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values are not finite, or there are several outputs.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.max_error``.

    Examples
    --------
    >>> from polyfuse.metrics import max_error
    >>> max_error([3, 2, 7, 1], [4, 2, 7, 1])
    1.0
    """
    _parameters.check_array_likes("max_error", y_true=y_true, y_pred=y_pred)
    return float(read_single("max_error", y_true, y_pred, text=False).sums("absolute")[GREATEST, 0])


def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average", "variance_weighted"]
    | ArrayLike
    | None = "uniform_average",
    force_finite: bool = True,
) -> float | Array:
    """R², the share of the variance of the targets that predicted numbers explain.

    ``1 - sum(w[i] * (y_true[i] - y_pred[i])**2) / sum(w[i] * (y_true[i] - mean)**2)``, with w = 1
    without weights and the weighted mean of `y_true`, of each output. Computed in float64, in one
    sweep.

    Parameters
    ----------
    y_true, y_pred, sample_weight
        See :func:`mean_squared_error`.
    multioutput : {"raw_values", "uniform_average", "variance_weighted"}, array-like of shape \
(n_outputs,) or None, default="uniform_average"
        Return the score of each output, their mean, their mean weighted by the variances of the
        targets, or with these weights; None is the mean.
    force_finite : bool, default=True
        Whether a constant target counts 1 if it is met exactly, else 0; or NaN, and minus infinity.

    Returns
    -------
    score : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit; 1 is best, 0 that of the mean. NaN for fewer than two rows.

    Warns
    -----
    UndefinedMetricWarning
        If there are fewer than two rows.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.r2_score``.

    Examples
    --------
    >>> from polyfuse.metrics import r2_score
    >>> r2_score([1, 2, 3, 4], [1, 2, 3, 5])
    0.8
    """
    caller = "r2_score"
    check_parameters(
        caller, y_true, y_pred, sample_weight, multioutput, VARIANCE_AVERAGES, none=True
    )
    _parameters.check_boolean(caller, "force_finite", force_finite)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    if too_few(pair, "R^2"):
        return float("nan")
    sums = pair.sums("moments")
    check_weight(sums[WEIGHT])
    total = squares_about_mean(
        pair, lambda: pair.y_true, sums[WEIGHT], sums[TARGET], sums[TARGET_SQUARES]
    )
    return explained(
        pair, sums[SUM], total, force_finite=force_finite, by_total=_by_variance(multioutput)
    )


def explained_variance_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average", "variance_weighted"]
    | ArrayLike = "uniform_average",
    force_finite: bool = True,
) -> float | Array:
    """The share of the variance of the targets that predicted numbers explain.

    ``1 - Var(y_true - y_pred) / Var(y_true)``, of each output, with weights if there are any. It
    is R² of predictions that an offset of all of them does not make worse. Computed in float64, in
    one sweep.

    Parameters
    ----------
    y_true, y_pred, sample_weight
        See :func:`mean_squared_error`.
    multioutput : {"raw_values", "uniform_average", "variance_weighted"} or array-like of shape \
(n_outputs,), default="uniform_average"
        Return the score of each output, their mean, their mean weighted by the variances of the
        targets, or with these weights.
    force_finite : bool, default=True
        Whether a constant target counts 1 if it is met up to an offset, else 0; or NaN, and minus
        infinity.

    Returns
    -------
    score : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit; 1 is best, 0 that of any constant.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.explained_variance_score``.

    Examples
    --------
    >>> from polyfuse.metrics import explained_variance_score
    >>> explained_variance_score([1, 2, 3, 4], [2, 3, 4, 5])
    1.0
    """
    caller = "explained_variance_score"
    check_parameters(caller, y_true, y_pred, sample_weight, multioutput, VARIANCE_AVERAGES)
    _parameters.check_boolean(caller, "force_finite", force_finite)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    sums = pair.sums("deviations")
    weight = sums[WEIGHT]
    check_weight(weight)
    errors = squares_about_mean(
        pair, lambda: np.subtract(pair.y_true, pair.y_pred, dtype=np.float64), weight,
        sums[ERROR], sums[ERROR_SQUARES],
    )  # fmt: skip
    total = squares_about_mean(
        pair, lambda: pair.y_true, weight, sums[TARGET], sums[TARGET_SQUARES]
    )
    return explained(
        pair, errors / weight, total / weight, force_finite=force_finite,
        by_total=_by_variance(multioutput),
    )  # fmt: skip


def _by_variance(multioutput: Any) -> bool:
    return isinstance(multioutput, str) and multioutput == "variance_weighted"
