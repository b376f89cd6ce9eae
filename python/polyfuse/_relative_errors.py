"""Metrics of predicted numbers relative to the true ones; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._labels import Array
from ._regression_targets import Pair, check_parameters, read


def mean_absolute_percentage_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Mean absolute percentage error of predicted numbers, as a fraction.

    ``sum(w[i] * abs(y_true[i] - y_pred[i]) / max(abs(y_true[i]), eps)) / sum(w)``, with eps that of
    float64 and w = 1 without weights, of each output; then the mean over outputs. Computed in
    float64, in one sweep.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.

    Returns
    -------
    error : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit, 1 is 100 percent; 0 is best. An array has the widest floating type among the
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
    scikit-learn 1.9, ``sklearn.metrics.mean_absolute_percentage_error``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_absolute_percentage_error
    >>> mean_absolute_percentage_error([1, 2, 4], [2, 2, 2])
    0.5
    """
    check_parameters("mean_absolute_percentage_error", y_true, y_pred, sample_weight, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    return pair.averaged(pair.means("percentage"))


def mean_squared_log_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Mean squared logarithmic error of predicted numbers.

    ``sum(w[i] * (log(1 + y_true[i]) - log(1 + y_pred[i]))**2) / sum(w)``, with w = 1 without
    weights, of each output; then the mean over outputs. Computed in float64, in one sweep that also
    looks at the values.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.

    Returns
    -------
    error : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit; 0 is best. An array has the widest floating type among the arguments.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, weights are all zero,
        or a value is -1 or less.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.mean_squared_log_error``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_squared_log_error
    >>> round(mean_squared_log_error([3, 5, 2.5, 7], [2.5, 5, 4, 8]), 6)
    0.03973
    """
    check_parameters("mean_squared_log_error", y_true, y_pred, sample_weight, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    return pair.averaged(_squared_log_errors(pair, "Mean Squared Logarithmic Error"))


def root_mean_squared_log_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Root mean squared logarithmic error of predicted numbers.

    The square root of :func:`mean_squared_log_error` of each output; then the mean over outputs.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.

    Returns
    -------
    error : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit; 0 is best. An array has the widest floating type among the arguments.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, weights are all zero,
        or a value is -1 or less.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.root_mean_squared_log_error``.

    Examples
    --------
    >>> from polyfuse.metrics import root_mean_squared_log_error
    >>> round(root_mean_squared_log_error([3, 5, 2.5, 7], [2.5, 5, 4, 8]), 6)
    0.199324
    """
    check_parameters("root_mean_squared_log_error", y_true, y_pred, sample_weight, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    return pair.averaged(np.sqrt(_squared_log_errors(pair, "Root Mean Squared Logarithmic Error")))


def _squared_log_errors(pair: Pair, what: str) -> Array:
    errors = pair.means("logarithmic")
    # What has no logarithm makes no finite sum, nor does it without a weight.
    if not np.isfinite(errors).all() and ((pair.y_true <= -1).any() or (pair.y_pred <= -1).any()):
        raise ValueError(
            f"{what} cannot be used when targets contain values less than or equal to -1."
        )
    return errors
