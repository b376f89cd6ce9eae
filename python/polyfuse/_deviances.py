"""Deviances of distributions that predicted means are held against; see ``polyfuse.metrics``."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from ._constraints import interval, require
from ._labels import Array
from ._regression_targets import Pair, check_arrays, check_weight, read_single, too_few

_POWER = {"power": (interval(Real, None, 0, "(]"), interval(Real, 1, None, "[)"))}
# The unit deviances that the kernel knows, by power.
_KINDS = {0: "squared", 1: "poisson", 2: "gamma"}
# Rows whose deviances are worked out at once: scratch stays in the cache.
_PIECE = 8192


def mean_tweedie_deviance(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    power: float = 0,
) -> float:
    """Mean deviance of a Tweedie distribution with predicted means.

    The mean of ``2 * (max(y, 0)**(2 - p) / ((1 - p) * (2 - p)) - y * m**(1 - p) / (1 - p) + m**(2 -
    p) / (2 - p))`` with the true values y, the predicted means m and the power p; or its limit
    where p is 1, or 2. Powers 0, 1 and 2 take one sweep that also looks at the values.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True values.
    y_pred : array-like of shape (n,)
        Predicted means.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
    power : float, default=0
        The variance of the distribution goes with this power of its mean: 0 is normal, 1 Poisson,
        2 gamma, 3 inverse Gaussian; from 1 to 2 it is Poisson sums of gammas. Unless it is 0,
        `y_pred` must be positive; `y_true` must not be negative from 1 on, and be positive from 2
        on. There is no such distribution between 0 and 1.

    Returns
    -------
    deviance : float
        In the unit of the values to the power ``2 - p``; 0 is best.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows or several outputs, values or weights are not finite,
        weights are all zero, or values are outside the domain of the power.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    B. Jørgensen, *The Theory of Dispersion Models*, 1997; scikit-learn 1.9,
    ``sklearn.metrics.mean_tweedie_deviance``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_tweedie_deviance
    >>> mean_tweedie_deviance([2, 0, 1, 4], [0.5, 0.5, 2.0, 2.0], power=1)
    1.4260151319598084
    """
    caller = "mean_tweedie_deviance"
    check_arrays(caller, y_true, y_pred, sample_weight)
    require(caller, {"power": power}, _POWER)
    return _mean_deviance(read_single(caller, y_true, y_pred, sample_weight), power)


def mean_poisson_deviance(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean deviance of the Poisson distribution with predicted means.

    The mean of ``2 * (y * log(y / m) - y + m)`` with the true values y and the predicted means m.
    Computed in float64, in one sweep that also looks at the values.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True values, not negative.
    y_pred : array-like of shape (n,)
        Predicted means, positive.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    deviance : float
        In the unit of the values; 0 is best.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows or several outputs, values or weights are not finite,
        weights are all zero, or values are outside the domain.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    B. Jørgensen, *The Theory of Dispersion Models*, 1997; scikit-learn 1.9,
    ``sklearn.metrics.mean_poisson_deviance``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_poisson_deviance
    >>> round(mean_poisson_deviance([2, 0, 1, 4], [0.5, 0.5, 2.0, 2.0]), 6)
    1.426015
    """
    check_arrays("mean_poisson_deviance", y_true, y_pred, sample_weight)
    pair = read_single("mean_tweedie_deviance", y_true, y_pred, sample_weight)
    return _mean_deviance(pair, 1)


def mean_gamma_deviance(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean deviance of the gamma distribution with predicted means.

    The mean of ``2 * (log(m / y) + y / m - 1)`` with the true values y and the predicted means m.
    Computed in float64, in one sweep that also looks at the values.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True values, positive.
    y_pred : array-like of shape (n,)
        Predicted means, positive.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    deviance : float
        Without unit; 0 is best.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows or several outputs, values or weights are not finite,
        weights are all zero, or values are outside the domain.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    B. Jørgensen, *The Theory of Dispersion Models*, 1997; scikit-learn 1.9,
    ``sklearn.metrics.mean_gamma_deviance``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_gamma_deviance
    >>> round(mean_gamma_deviance([2, 0.5, 1, 4], [0.5, 0.5, 2.0, 2.0]), 6)
    1.056853
    """
    check_arrays("mean_gamma_deviance", y_true, y_pred, sample_weight)
    pair = read_single("mean_tweedie_deviance", y_true, y_pred, sample_weight)
    return _mean_deviance(pair, 2)


def d2_tweedie_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    power: float = 0,
) -> float:
    """D², the share of the Tweedie deviance that predicted means explain.

    ``1 - deviance(y, m) / deviance(y, mean(y))``, see :func:`mean_tweedie_deviance`. With power 0
    it is R².

    Parameters
    ----------
    y_true, y_pred, sample_weight, power
        See :func:`mean_tweedie_deviance`.

    Returns
    -------
    score : float
        Without unit; 1 is best, 0 that of the mean. NaN for fewer than two rows.

    Warns
    -----
    UndefinedMetricWarning
        If there are fewer than two rows.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows or several outputs, values or weights are not finite,
        weights are all zero, or values are outside the domain of the power.
    ZeroDivisionError
        If weights add up to zero, or `y_true` is constant.

    References
    ----------
    T. Hastie, R. Tibshirani and M. Wainwright, *Statistical Learning with Sparsity*, 2015, eq.
    3.11; scikit-learn 1.9, ``sklearn.metrics.d2_tweedie_score``.

    Examples
    --------
    >>> from polyfuse.metrics import d2_tweedie_score
    >>> round(d2_tweedie_score([0.5, 1, 2.5, 7], [1, 1, 5, 3.5], power=1), 6)
    0.487915
    """
    caller = "d2_tweedie_score"
    check_arrays(caller, y_true, y_pred, sample_weight)
    require(caller, {"power": power}, _POWER)
    pair = read_single(caller, y_true, y_pred, sample_weight)
    if too_few(pair, "D^2"):
        return float("nan")
    deviance = _mean_deviance(pair, power)
    weight = None if pair.weight is None else pair.weight.astype(pair.dtype)
    mean = np.average(pair.y_true.astype(pair.dtype, copy=False), axis=0, weights=weight)
    return 1 - deviance / _of_power(pair, np.broadcast_to(mean, pair.y_true.shape), power)


# -- what they share -----------------------------------------------------------------------------


def _mean_deviance(pair: Pair, power: float) -> float:
    if power in _KINDS:
        deviance = float(pair.means(_KINDS[int(power)])[0])
        if not np.isfinite(deviance):
            _check_domain(pair, power)
        return deviance
    pair.check_finite()
    _check_domain(pair, power)
    return _of_power(pair, pair.y_pred, power)


def _check_domain(pair: Pair, power: float) -> None:
    t, p = pair.y_true, pair.y_pred
    message = f"Mean Tweedie deviance error with power={power} can only be used on "
    if power < 0 and (p <= 0).any():
        raise ValueError(message + "strictly positive y_pred.")
    if 1 <= power < 2 and ((t < 0).any() or (p <= 0).any()):
        raise ValueError(message + "non-negative y and strictly positive y_pred.")
    if power >= 2 and ((t <= 0).any() or (p <= 0).any()):
        raise ValueError(message + "strictly positive y and y_pred.")


def _of_power(pair: Pair, means: Array, power: float) -> float:
    """The mean deviance from these means, in pieces; of float32 in float32, as scikit-learn's."""
    n, total, weight = len(means), 0.0, pair.weight
    dtype = np.result_type(pair.dtype, np.float32)
    for start in range(0, n, _PIECE):
        rows = slice(start, start + _PIECE)
        t, m = (y[rows, 0].astype(dtype, copy=False) for y in (pair.y_true, means))
        deviances = _deviances(t, m, power)
        total += float(
            deviances.sum(dtype=np.float64) if weight is None else weight[rows] @ deviances
        )
    whole = float(n) if weight is None else float(weight.sum())
    check_weight(np.array([whole]))
    return total / whole


def _deviances(t: Array, m: Array, p: float) -> Array:
    if p == 0:
        return np.asarray(np.square(t - m))
    if p == 1:
        ratio = t / m
        information = np.multiply(t, np.log(ratio, where=t != 0, out=np.zeros_like(t)))
        return np.asarray(2 * (information - t + m))
    if p == 2:
        return np.asarray(2 * (np.log(m / t) + t / m - 1))
    y = np.where(t > 0, t, 0.0) if p < 0 else t
    first = np.power(y, 2 - p) / ((1 - p) * (2 - p))
    deviances: Array = 2 * (first - t * np.power(m, 1 - p) / (1 - p) + np.power(m, 2 - p) / (2 - p))
    return deviances
