"""The scalers as functions, along either axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.exceptions import AxisError
from numpy.typing import NDArray

from ._extrema import MaxAbsScaler, MinMaxScaler, nonzero
from ._inputs import as_samples, as_sparse_samples, float_dtype, require_finite_values
from ._kernels.contract import Affine
from ._moments import Moments, variance
from ._normalizer import require_axis
from ._parameters import BOOLEAN, invalid_parameter, is_array_like, is_sparse
from ._robust import RobustScaler
from ._scaler import AffineMap, apply
from ._sparse import column_moments, scale_columns

_CALLER = "the scale function"


def scale(
    X: Any, *, axis: int = 0, with_mean: bool = True, with_std: bool = True, copy: bool = True
) -> Any:
    """Standardise columns, or rows: x' = (x - μ) / σ.

    NaNs are passed over and kept. A deviation below 10 ε of the dtype of the result is taken as 1.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features) or (n_samples,)
    axis : {0, 1}, default=0
        0 to standardise each column, 1 each row.
    with_mean : bool, default=True
        Subtract the mean. Sparse data cannot be centred.
    with_std : bool, default=True
        Divide by the (population) standard deviation.
    copy : bool, default=True
        If False, write to `X` where that can be: it is a writeable array of floats.

    Returns
    -------
    ndarray or sparse matrix of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64.

    Raises
    ------
    ValueError
        If `X` is not numeric or has an infinity, or a parameter is not as described; a vector has
        no axis 1.

    Examples
    --------
    >>> from polyfuse.preprocessing import scale
    >>> scale([[-2.0, 1.0], [0.0, 3.0]])
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    _check(X, axis, "scale", with_mean=with_mean, with_std=with_std, copy=copy)
    if is_sparse(X):
        return _scale_sparse(X, axis, with_mean, with_std, copy)
    array = as_samples(X, _CALLER, ensure_2d=False)
    if axis >= array.ndim:
        raise AxisError(axis, array.ndim)
    columns = _columns(array, axis)
    moments = Moments(columns.shape[1])
    moments.update(columns)
    part = moments.result()
    if not np.isfinite(part.mean).all():
        require_finite_values(array, "X", _CALLER, allow_nan=True)
    dtype, width = float_dtype(array), columns.shape[1]
    deviation = nonzero(np.sqrt(variance(part)).astype(dtype)) if with_std else np.ones(width)
    mean = np.where(part.n > 0, part.mean, np.nan) if with_mean else np.zeros(width)
    in_place = not copy and array.flags.writeable and array.dtype == dtype
    out = columns if in_place else None
    result = apply(columns, Affine(mean, deviation.astype(np.float64), divide=True), out)
    return _like(result, array, axis)


def _scale_sparse(X: Any, axis: int, with_mean: bool, with_std: bool, copy: bool) -> Any:
    x = as_sparse_samples(X, _CALLER, ("csc",), copy=copy)
    if with_mean:
        raise ValueError(
            "Cannot center sparse matrices: pass `with_mean=False` instead See docstring for "
            "motivation and alternatives."
        )
    if axis != 0:
        raise ValueError(f"Can only scale sparse matrix on axis=0,  got axis={axis}")
    if with_std:
        var = variance(column_moments(x, None)).astype(x.dtype)
        scale_columns(x, 1 / np.sqrt(nonzero(var)))
    return x


def minmax_scale(
    X: Any, feature_range: tuple[float, float] = (0, 1), *, axis: int = 0, copy: bool = True
) -> Any:
    """Map columns, or rows, to a range, as :class:`~polyfuse.preprocessing.MinMaxScaler`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples,)
    feature_range : tuple (a, b), default=(0, 1)
        The range to map to.
    axis : {0, 1}, default=0
        0 to map each column, 1 each row.
    copy : bool, default=True
        If False, write to `X` where that can be: it is a writeable array of floats.

    Returns
    -------
    ndarray of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64.

    Raises
    ------
    TypeError, ValueError
        If `X` is not numeric, is sparse, or has an infinity, or a parameter is not as described.

    Examples
    --------
    >>> from polyfuse.preprocessing import minmax_scale
    >>> minmax_scale([[1.0, 2.0, 5.0], [4.0, 4.0, 3.0]], axis=1)
    array([[0.  , 0.25, 1.  ],
           [1.  , 1.  , 0.  ]])
    """
    _check(X, axis, "minmax_scale", sparse=False)
    return _scaled(MinMaxScaler(feature_range), X, axis, copy)


def maxabs_scale(X: Any, *, axis: int = 0, copy: bool = True) -> Any:
    """Divide columns, or rows, by their greatest magnitude.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features) or (n_samples,)
    axis : {0, 1}, default=0
        0 to scale each column, 1 each row.
    copy : bool, default=True
        If False, write to `X` where that can be: it is a writeable array of floats.

    Returns
    -------
    ndarray or sparse matrix of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64.

    Raises
    ------
    ValueError
        If `X` is not numeric or has an infinity, or a parameter is not as described.

    Examples
    --------
    >>> from polyfuse.preprocessing import maxabs_scale
    >>> maxabs_scale([[1.0, -8.0], [2.0, 4.0]])
    array([[ 0.5, -1. ],
           [ 1. ,  0.5]])
    """
    _check(X, axis, "maxabs_scale")
    return _scaled(MaxAbsScaler(), X, axis, copy)


def robust_scale(
    X: Any,
    *,
    axis: int = 0,
    with_centering: bool = True,
    with_scaling: bool = True,
    quantile_range: tuple[float, float] = (25.0, 75.0),
    copy: bool = True,
    unit_variance: bool = False,
) -> Any:
    """Subtract the median and divide by the range between two quantiles, of columns or rows.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features) or (n_samples,)
    axis : {0, 1}, default=0
        0 to scale each column, 1 each row.
    with_centering, with_scaling, quantile_range, unit_variance
        As for :class:`~polyfuse.preprocessing.RobustScaler`.
    copy : bool, default=True
        If False, write to `X` where that can be: it is a writeable array of floats.

    Returns
    -------
    ndarray or sparse matrix of the shape of X
        float16, 32 or 64 as `X` is, otherwise float64.

    Raises
    ------
    ValueError
        If `X` is not numeric or has an infinity, or a parameter is not as described.

    Examples
    --------
    >>> from polyfuse.preprocessing import robust_scale
    >>> robust_scale([1.0, 2.0, 3.0, 4.0, 1000.0])
    array([ -1. ,  -0.5,   0. ,   0.5, 498.5])
    """
    _check(X, axis, "robust_scale")
    scaler = RobustScaler(
        with_centering=with_centering,
        with_scaling=with_scaling,
        quantile_range=quantile_range,
        unit_variance=unit_variance,
    )
    return _scaled(scaler, X, axis, copy)


def _check(X: Any, axis: Any, caller: str, *, sparse: bool = True, **flags: Any) -> None:
    if not is_array_like(X) and not (sparse and is_sparse(X)):
        kinds = " or a sparse array or matrix" if sparse else ""
        raise invalid_parameter("X", caller, f"an array-like{kinds}", X)
    require_axis(axis, caller)
    for name, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise invalid_parameter(name, caller, BOOLEAN, value)


def _scaled(scaler: AffineMap, X: Any, axis: int, copy: bool) -> Any:
    if is_sparse(X):
        x = X.T if axis == 1 else X
        result = scaler.fit(x)._transform(x, copy, None)
        return result.T if axis == 1 else result
    array = as_samples(X, "", ensure_2d=False)
    columns = _columns(array, axis)
    result = scaler.fit(columns)._transform(columns, copy, None)
    return _like(result, array, axis)


def _columns(array: NDArray, axis: int) -> NDArray:
    """What is scaled, as columns of a matrix that shares memory with the array.

    A vector is one column, as in scikit-learn, so its rows are single numbers.
    """
    matrix = array[:, None] if array.ndim == 1 else array
    return matrix.T if axis == 1 else matrix


def _like(result: NDArray, array: NDArray, axis: int) -> NDArray:
    """A result of `_columns`, in the shape of the array."""
    if array.ndim == 1:
        return result.reshape(array.shape)
    return result.T if axis == 1 else result
