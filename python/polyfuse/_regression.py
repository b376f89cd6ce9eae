"""Metrics of predicted numbers; see ``polyfuse.metrics``."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _labels, _parameters
from ._kernels import select
from ._labels import Array
from .exceptions import UndefinedMetricWarning, shared, warn

# Rows are worked on in pieces of this many values: two scratch vectors stay in the cache.
_PIECE = 8192


def mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["raw_values", "uniform_average"] | ArrayLike = "uniform_average",
) -> float | Array:
    """Mean squared error of predicted numbers.

    ``sum(w[i] * (y_true[i] - y_pred[i])**2) / sum(w)``, with w = 1 without weights, of each
    output; then the mean over outputs. Computed in float64 from inputs of any type, in pieces
    that stay in the cache: each input is read once, and nothing of its size is allocated.

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
    caller = "mean_squared_error"
    _parameters.check_arrays(caller, y_true, y_pred, sparse=False)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    _check_multioutput(caller, multioutput, ("raw_values", "uniform_average"), "")
    named = isinstance(multioutput, str)
    t, p, weight, dtype = _read_numbers(y_true, y_pred, sample_weight)
    weights = None if named else _output_weights(multioutput, t.shape[1])
    errors = _square_sums(t, p, weight)
    if not np.isfinite(errors).all():
        # What is not finite goes through every sum above: a look at the result saves a pass.
        _labels.check_finite(t)
        _labels.check_finite(p)
    total = len(t) if weight is None else weight.sum(dtype=np.float64)
    if total == 0.0:
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    errors /= total
    if named and multioutput == "raw_values":
        return errors.astype(dtype, copy=False)
    return float(errors[0] if len(errors) == 1 else np.average(errors, weights=weights))


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
    without weights and the weighted mean of `y_true`, of each output. Computed in float64.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_outputs)
        True values.
    y_pred : array-like of shape (n,) or (n, n_outputs)
        Predicted values.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.
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
        If shapes differ, there are no rows, or values or weights are not finite.

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
    _parameters.check_arrays(caller, y_true, y_pred, sparse=False)
    _parameters.check_optional(caller, sample_weight=sample_weight)
    if multioutput is not None:
        names = ("raw_values", "uniform_average", "variance_weighted")
        _check_multioutput(caller, multioutput, names, " or None")
    if not isinstance(force_finite, bool | np.bool_):
        raise _parameters.invalid_parameter(
            "force_finite", caller, _parameters.BOOLEAN, force_finite
        )
    t, p, weight, dtype = _read_numbers(y_true, y_pred, sample_weight)
    custom = multioutput is not None and not isinstance(multioutput, str)
    weights = _output_weights(multioutput, t.shape[1]) if custom else None  # type: ignore[arg-type]
    _labels.check_finite(t)
    _labels.check_finite(p)
    if len(p) < 2:
        warn(
            "R^2 score is not well-defined with less than two samples.",
            shared(UndefinedMetricWarning),
        )
        return float("nan")
    centre = np.average(t.astype(np.float64, copy=False), axis=0, weights=weight)
    unexplained, total = (
        _square_sums(t, p, weight),
        _square_sums(t, np.broadcast_to(centre, t.shape), weight),
    )
    scores = _r2_of(unexplained, total, force_finite)
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return scores.astype(dtype, copy=False)
    if isinstance(multioutput, str) and multioutput == "variance_weighted" and total.any():
        weights = total
    return float(np.average(scores, weights=weights))


def _r2_of(unexplained: Array, total: Array, force_finite: bool) -> Array:
    heard: Literal["ignore", "warn"] = "ignore" if force_finite else "warn"
    with np.errstate(divide=heard, invalid=heard):
        scores: Array = 1.0 - unexplained / total
    if force_finite:
        scores[total == 0.0] = 0.0
        scores[unexplained == 0.0] = 1.0
    return scores


def _check_multioutput(caller: str, given: Any, names: tuple[str, ...], more: str) -> None:
    if given in names if isinstance(given, str) else _parameters.is_array_like(given):
        return
    listed = ", ".join(map(repr, names))
    expected = f"a str among {{{listed}}}{',' if more else ' or'} an array-like{more}"
    raise _parameters.invalid_parameter("multioutput", caller, expected, given)


def _read_numbers(
    y_true: Any, y_pred: Any, sample_weight: Any
) -> tuple[Array, Array, Array | None, np.dtype[Any]]:
    """Both targets of shape (n, n_outputs), the weights, and the floating type of the result."""
    given = (y_true, y_pred, sample_weight)
    t, p = _labels.as_array(y_true), _labels.as_array(y_pred)
    weight = None if sample_weight is None else _labels.as_array(sample_weight)
    typed = [np.asarray(y).dtype for y in given if hasattr(y, "dtype")]
    floats = [dtype for dtype in typed if dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
    _labels.check_consistent_length(t, p, weight)
    t, p = _numbers(y_true, t), _numbers(y_pred, p)
    if weight is not None:
        weight = _labels.check_sample_weight(weight, len(t))
    if t.shape[1] != p.shape[1]:
        _labels.check_finite(t)
        _labels.check_finite(p)
        raise ValueError(
            f"y_true and y_pred have different number of output ({t.shape[1]}!={p.shape[1]})"
        )
    return t, p, weight, dtype


def _numbers(given: Any, y: Array) -> Array:
    """`y`, the array of what was given, as real numbers of shape (n, n_outputs), at least 1."""
    if y.dtype.kind not in "biuf":
        if isinstance(given, np.ndarray):
            _labels.check_real(y)
        y = np.asarray(given, np.float64)
    _parameters.check_dimensions(y)
    if len(y) == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={y.shape}) while a minimum of 1 is required."
        )
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={y.shape}) while a minimum of 1 is required."
        )
    return y.reshape(len(y), -1)


def _output_weights(multioutput: ArrayLike, n_outputs: int) -> Array:
    weights = np.asarray(multioutput)
    _labels.check_finite(weights)
    if n_outputs == 1:
        raise ValueError("Custom weights are useful only in multi-output cases.")
    if n_outputs != len(weights):
        raise ValueError(
            f"There must be equally many custom weights ({len(weights)}) as outputs ({n_outputs})."
        )
    return weights


def _square_sums(t: Array, p: Array, weight: Array | None) -> Array:
    """Sum over rows of the (weighted) squared differences of each output, in float64."""
    n_rows, n_outputs = t.shape
    step = max(1, _PIECE // n_outputs)
    scratch = np.empty((min(step, n_rows), n_outputs))
    sums = np.zeros(n_outputs)
    dot = select().dot
    with np.errstate(all="ignore"):
        for start in range(0, n_rows, step):
            piece = slice(start, start + step)
            d = scratch[: min(step, n_rows - start)]
            np.subtract(t[piece], p[piece], out=d, dtype=np.float64)
            if n_outputs == 1 and weight is None:
                sums += dot(d[:, 0], d[:, 0])
                continue
            np.multiply(d, d, out=d)
            sums += d.sum(axis=0) if weight is None else weight[piece] @ d
    return sums
