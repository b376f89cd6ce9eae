"""Quantiles of errors, and errors of predicted quantiles; see ``polyfuse.metrics``."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ._constraints import interval, require
from ._kernels.views import SUM, SURPLUS, WEIGHT
from ._labels import Array
from ._regression_targets import (
    Pair,
    as_taken,
    check_arrays,
    check_multioutput,
    check_parameters,
    check_weight,
    explained,
    read,
    too_few,
)

# Errors so many that their median is sought where a sample has it.
_LARGE, _SAMPLE, _PIECE = 1 << 16, 1 << 14, 1 << 14
_ALPHA = {"alpha": (interval(Real, 0, 1, "[]"),)}


def median_absolute_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
    sample_weight: ArrayLike | None = None,
) -> float | Array:
    """Median absolute error of predicted numbers: outliers do not show.

    The median of ``abs(y_true[i] - y_pred[i])`` of each output, with weights if there are any; then
    the mean over outputs.

    Parameters
    ----------
    y_true, y_pred, multioutput, sample_weight
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
        If weights of outputs add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.median_absolute_error``.

    Examples
    --------
    >>> from polyfuse.metrics import median_absolute_error
    >>> median_absolute_error([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])
    0.5
    """
    check_parameters("median_absolute_error", y_true, y_pred, sample_weight, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput, text=False)
    types = [y.dtype for y in (pair.y_true, pair.y_pred)]
    dtype = np.result_type(*types)
    pair = pair._replace(dtype=dtype if dtype.kind == "f" else np.dtype(np.float64))
    with np.errstate(all="ignore"):
        if pair.weight is None:
            outputs = range(pair.y_true.shape[1])
            return pair.averaged(np.array([_median_error(pair, j) for j in outputs], pair.dtype))
        errors = _absolute(pair.y_true, pair.y_pred)
    if not np.isfinite(np.add.reduce(errors, axis=None)):
        pair.check_finite()
    return pair.averaged(_quantiles(errors, pair.weight, 0.5, pair.dtype))


def mean_pinball_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    alpha: float = 0.5,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Mean pinball loss of predicted quantiles.

    ``sum(w[i] * max(alpha * d[i], (alpha - 1) * d[i])) / sum(w)`` with ``d = y_true - y_pred`` and
    w = 1 without weights, of each output; then the mean over outputs. Computed in float64, in one
    sweep.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.
    alpha : float, default=0.5
        Which quantile is predicted, from 0 to 1; 0.5 is the median.

    Returns
    -------
    loss : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        In the unit of the values; 0 is best. An array has the widest floating type among the
        arguments.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero, or `alpha` is not from 0 to 1.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    scikit-learn 1.9, ``sklearn.metrics.mean_pinball_loss``.

    Examples
    --------
    >>> from polyfuse.metrics import mean_pinball_loss
    >>> round(mean_pinball_loss([1, 2, 3], [0, 2, 3], alpha=0.9), 6)
    0.3
    """
    caller = "mean_pinball_loss"
    check_arrays(caller, y_true, y_pred, sample_weight)
    require(caller, {"alpha": alpha}, _ALPHA)
    check_multioutput(caller, multioutput)
    pair = read(y_true, y_pred, sample_weight, multioutput)
    return pair.averaged(_pinball_losses(pair, alpha))


def d2_pinball_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    alpha: float = 0.5,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """D², the share of the pinball loss that predicted quantiles explain.

    ``1 - mean_pinball_loss(y, p) / mean_pinball_loss(y, q)``, where q is the quantile of `y_true`
    itself, of each output.

    Parameters
    ----------
    y_true, y_pred, sample_weight, alpha, multioutput
        See :func:`mean_pinball_loss`.

    Returns
    -------
    score : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit; 1 is best, 0 that of the quantile. NaN for fewer than two rows.

    Warns
    -----
    UndefinedMetricWarning
        If there are fewer than two rows.

    Raises
    ------
    ValueError
        If shapes differ, there are no rows, values or weights are not finite, or weights are all
        zero, or `alpha` is not from 0 to 1.
    ZeroDivisionError
        If weights add up to zero.

    References
    ----------
    R. Koenker and J. A. F. Machado, "Goodness of fit and related inference processes for quantile
    regression", JASA 94, 1999, eq. 7; scikit-learn 1.9, ``sklearn.metrics.d2_pinball_score``.

    Examples
    --------
    >>> from polyfuse.metrics import d2_pinball_score
    >>> d2_pinball_score([1, 2, 3], [1, 3, 3])
    0.5
    """
    caller = "d2_pinball_score"
    check_arrays(caller, y_true, y_pred, sample_weight)
    require(caller, {"alpha": alpha}, _ALPHA)
    check_multioutput(caller, multioutput)
    return _explained_pinball(read(y_true, y_pred, sample_weight, multioutput), alpha)


def d2_absolute_error_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """D², the share of the absolute error that predicted medians explain.

    ``1 - mean_absolute_error(y, p) / mean_absolute_error(y, m)``, where m is the median of
    `y_true`, of each output.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        See :func:`mean_squared_error`.

    Returns
    -------
    score : float, or ndarray of shape (n_outputs,) if `multioutput` is "raw_values"
        Without unit; 1 is best, 0 that of the median. NaN for fewer than two rows.

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
    scikit-learn 1.9, ``sklearn.metrics.d2_absolute_error_score``.

    Examples
    --------
    >>> from polyfuse.metrics import d2_absolute_error_score
    >>> d2_absolute_error_score([1, 2, 3], [1, 3, 3])
    0.5
    """
    check_parameters("d2_absolute_error_score", y_true, y_pred, sample_weight, multioutput)
    return _explained_pinball(read(y_true, y_pred, sample_weight, multioutput), 0.5)


# -- what they share -----------------------------------------------------------------------------


def _absolute(t: Array, p: Array) -> Array:
    errors = np.subtract(p, t, dtype=np.float64)
    return np.abs(errors, out=errors)


def _median_error(pair: Pair, output: int) -> float:
    """The median of the absolute errors of one output; raises if values are not finite.

    A sample says where it should be, and what is there is sought in pieces: few values are left to
    be sorted, and where they lack the median, all are (R. W. Floyd and R. L. Rivest, "Expected
    time bounds for selection", CACM 18, 1975).
    """
    t, p = pair.y_true[:, output], pair.y_pred[:, output]
    n = len(t)
    first, second = (n - 1) // 2, n // 2
    if n >= _LARGE:
        step = n // _SAMPLE
        sample = np.sort(_absolute(t[::step], p[::step]))
        middle, aside = len(sample) // 2, 2 * math.isqrt(len(sample))
        below, values = _between(t, p, sample[middle - aside], sample[middle + aside])
        if below <= first and second < below + len(values):
            found = np.partition(values, (first - below, second - below))
            return float((found[first - below] + found[second - below]) / 2)
    errors = _absolute(t, p)
    if not math.isfinite(np.add.reduce(errors)):
        pair.check_finite()
    errors.partition((first, second))
    return float((errors[first] + errors[second]) / 2)


def _between(t: Array, p: Array, low: float, high: float) -> tuple[int, Array]:
    """How many absolute errors are below `low`, and those from there to `high`.

    Of errors that are not all finite, as if none was below, nor between.
    """
    below, found = 0, []
    for start in range(0, len(t), _PIECE):
        rows = slice(start, start + _PIECE)
        errors = _absolute(t[rows], p[rows])
        if not math.isfinite(np.add.reduce(errors)):
            return 0, errors[:0]
        under = errors < low
        below += int(np.count_nonzero(under))
        found.append(errors[(errors <= high) ^ under])
    return below, np.concatenate(found)


def _pinball_losses(pair: Pair, alpha: float) -> Array:
    sums = pair.sums("sides")
    check_weight(sums[WEIGHT])
    losses: Array = (alpha * sums[SUM] + (1 - alpha) * sums[SURPLUS]) / sums[WEIGHT]
    return losses


def _explained_pinball(pair: Pair, alpha: float) -> float | Array:
    if too_few(pair, "D^2"):
        return float("nan")
    unexplained = _pinball_losses(pair, alpha)
    quantile = _quantiles(pair.y_true, pair.weight, alpha, pair.dtype)
    constant = pair._replace(y_pred=np.broadcast_to(as_taken(quantile), pair.y_true.shape))
    return explained(pair, unexplained, _pinball_losses(constant, alpha), force_finite=True)


def _quantiles(x: Array, weight: Array | None, alpha: float, dtype: np.dtype[Any]) -> Array:
    """The quantile of each column, where the distribution reaches `alpha`.

    Exactly there, it is half way to the next value that has a weight. Decided in the precision of
    `dtype`, as scikit-learn does.
    """
    rank = dtype.type(alpha * 100) / dtype.type(100)
    x = x.astype(dtype, copy=False)
    if weight is None:
        return np.array([_plain_quantile(column, rank) for column in x.T], dtype)
    weight = weight.astype(dtype, copy=False)
    return np.array([_weighted_quantile(column, weight, rank) for column in x.T], dtype)


def _plain_quantile(x: Array, rank: Any) -> Any:
    target = rank * x.dtype.type(len(x))
    at = min(max(int(np.ceil(target)) - 1, 0), len(x) - 1)
    after = min(at + 1, len(x) - 1)
    x = np.partition(x, (at, after))
    if at + 1 - target > np.finfo(x.dtype).eps:
        return x[at]
    return (x[at] + x[after]) / 2


def _weighted_quantile(x: Array, weight: Array, rank: Any) -> Any:
    order = np.argsort(x)
    reached = np.cumsum(weight[order])
    target = rank * reached[-1]
    if target == 0:  # rows without weight are not the least
        target = np.nextafter(target, target + 1)
    last = len(x) - 1
    at = min(int(np.searchsorted(reached, target)), last)
    if reached[at] - target > np.finfo(x.dtype).eps:
        return x[order[at]]
    after = min(at + 1, last)
    if weight[order[after]] == 0:
        after = int(np.searchsorted(reached, reached[at], side="right"))
        after = at if after > last else after
    return (x[order[at]] + x[order[after]]) / 2
