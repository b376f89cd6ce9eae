"""Normalise columns: standardise, min-max, affine.

Every map is one pass over the data and one operation of the stage, so a fitted scaler can also be
handed to :func:`polyfuse.fusion.fuse` or to an estimator, which then scale while they read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import (
    as_matrix,
    as_out,
    one_block,
    one_of,
    per_column,
    require_finite,
    require_fitted,
    require_width,
    result_dtype,
)
from ._estimator import Transformer
from ._kernels.contract import Affine, Block

__all__ = ["AffineScaler", "MinMaxScaler", "StandardScaler", "affine"]


def affine(
    X: ArrayLike, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0, *, out: NDArray | None = None
) -> NDArray:
    """Scale columns: x' = k x + b.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Any real dtype and any strides; read once, never copied.
    scale : float or array-like of shape (n_features,), default=1.0
        The factor k, per unit of the column.
    offset : float or array-like of shape (n_features,), default=0.0
        The offset b, in units of the result.
    out : ndarray of shape (n_samples, n_features), optional
        Where to write; may be `X` itself.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        float32 or float64 as `X` is, float32 for float16, otherwise float64.

    Raises
    ------
    ValueError
        If a shape or dtype does not fit, or `scale` or `offset` is not finite.

    Examples
    --------
    >>> from polyfuse.preprocessing import affine
    >>> affine([[1.0, 2.0], [3.0, 4.0]], scale=2.0, offset=[1.0, 0.0])
    array([[3., 4.],
           [7., 8.]])
    """
    matrix = as_matrix(X)
    width = matrix.shape[1]
    params = Affine(
        per_column(offset, "offset", width), per_column(scale, "scale", width), divide=False
    )
    return _apply(matrix, params, out)


def _apply(matrix: NDArray, params: Affine, out: NDArray | None) -> NDArray:
    dtype = result_dtype((matrix,))
    out = as_out(out, matrix.shape, dtype, (matrix,))
    _kernels.select().fuse(one_block(Block(matrix, params), dtype), out)
    return out


class _Scaler(Transformer, ABC):
    """A scaler whose map is affine in each column."""

    n_features_in_: int

    @abstractmethod
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the map of each column of `X`."""

    @abstractmethod
    def _affine(self) -> Affine:
        """The map, offset and factor per column."""

    def _inverse(self) -> Affine:
        offset, factor, divide = self._affine()
        return Affine(offset, factor, not divide)

    def as_affine(self) -> Affine:
        """The fitted map, as the kernels take it."""
        require_fitted(self, "n_features_in_")
        return self._affine()

    def _check(self, X: ArrayLike) -> NDArray:
        require_fitted(self, "n_features_in_")
        matrix = as_matrix(X)
        require_width(self, matrix.shape[1])
        return matrix

    def transform(self, X: ArrayLike, *, out: NDArray | None = None) -> NDArray:
        """Return `X` scaled, in one pass; `out` may be `X` itself.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        out : ndarray of shape (n_samples, n_features), optional
            Where to write.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            float32 or float64 as `X` is, float32 for float16, otherwise float64.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a shape or dtype does not fit.
        """
        return _apply(self._check(X), self._affine(), out)

    def inverse_transform(self, X: ArrayLike, *, out: NDArray | None = None) -> NDArray:
        """Return scaled `X` in its original units; parameters as for `transform`."""
        return _apply(self._check(X), self._inverse(), out)


def leaf_rows(width: int) -> int:
    """Rows of a leaf of the statistics: a power of two, so that a leaf stays in cache."""
    return int(2 ** np.clip(np.floor(np.log2(32768 / width)), 5, 10))


class StandardScaler(_Scaler):
    """Standardise columns: x' = (x - μ) / σ.

    μ is the mean and σ the (population) standard deviation of a column over the rows seen; NaNs
    are passed over and kept. Statistics are float64 and stable: see :mod:`polyfuse._kernels`. A
    column that is constant to rounding keeps its scale: σ is taken as 1, by scikit-learn's rule
    var <= n ε var + (n μ ε)².

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean.
    with_std : bool, default=True
        Divide by the standard deviation.

    Attributes
    ----------
    mean_, var_, scale_ : ndarray of shape (n_features,)
        μ, σ² and σ; `var_` and `scale_` are None without `with_std`.
    n_samples_seen_ : int or ndarray of shape (n_features,)
        Rows without NaN, one number if it is the same for all columns.
    n_features_in_ : int

    Examples
    --------
    >>> from polyfuse.preprocessing import StandardScaler
    >>> StandardScaler().fit_transform([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    array([[-1.22474487, -1.22474487],
           [ 0.        ,  0.        ],
           [ 1.22474487,  1.22474487]])
    """

    mean_: NDArray[np.float64]
    var_: NDArray[np.float64] | None
    scale_: NDArray[np.float64] | None
    n_samples_seen_: Any

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn mean and standard deviation of each column of `X`, forgetting what was seen."""
        return self._learn(X, None)

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from more rows, merging their statistics with those of the rows seen before."""
        seen = None
        if hasattr(self, "_count"):
            seen = self._count, self.mean_, self._squares
        return self._learn(X, seen)

    def _learn(self, X: ArrayLike, seen: tuple[NDArray, NDArray, NDArray] | None) -> Self:
        matrix = as_matrix(X, min_rows=1)
        width = matrix.shape[1]
        if seen is not None:
            require_width(self, width)
        count, mean, squares = np.empty(width, np.int64), np.empty(width), np.empty(width)
        _kernels.select().column_moments(matrix, leaf_rows(width), count, mean, squares)
        if not np.isfinite(mean).all():
            require_finite({"Input X": matrix}, allow_nan=True)
        if seen is not None:
            count, mean, squares = _merged(seen, (count, mean, squares))
        self._count, self.mean_, self._squares = count, mean, squares
        self.n_features_in_ = width
        self.n_samples_seen_ = int(count[0]) if (count == count[0]).all() else count
        self._set_scale()
        return self

    def _set_scale(self) -> None:
        self.var_ = self.scale_ = None
        if not self.with_std:
            return
        n = np.maximum(self._count, 1)
        var = np.where(self._count > 0, self._squares / n, np.nan)
        eps = np.finfo(np.float64).eps
        constant = var <= n * eps * var + (n * self.mean_ * eps) ** 2
        self.var_ = var
        self.scale_ = np.where(constant, 1.0, np.sqrt(var))
        self.mean_ = np.where(self._count > 0, self.mean_, np.nan)

    def _affine(self) -> Affine:
        width = self.n_features_in_
        return Affine(
            self.mean_ if self.with_mean else np.zeros(width),
            self.scale_ if self.scale_ is not None else np.ones(width),
            divide=True,
        )


def _merged(
    a: tuple[NDArray, NDArray, NDArray], b: tuple[NDArray, NDArray, NDArray]
) -> tuple[NDArray, NDArray, NDArray]:
    """Moments of the rows of `a` followed by those of `b` (Chan, Golub and LeVeque, 1979)."""
    (n_a, mean_a, squares_a), (n_b, mean_b, squares_b) = a, b
    mean_a, mean_b = np.where(n_a > 0, mean_a, 0.0), np.where(n_b > 0, mean_b, 0.0)
    count = n_a + n_b
    n = np.maximum(count, 1)
    delta = np.where((n_a > 0) & (n_b > 0), mean_b - mean_a, 0.0)
    mean = np.where(n_a > 0, mean_a, mean_b) + delta * (n_b / n)
    return count, mean, squares_a + squares_b + delta**2 * (n_a * (n_b / n))


class MinMaxScaler(_Scaler):
    """Map columns to a range: x' = (x - min) / (max - min) · (b - a) + a.

    Computed as k x + offset with k = (b - a) / (max - min) and offset = a - min k, as
    scikit-learn does. NaNs are passed over and kept. A constant column is not stretched.

    Parameters
    ----------
    feature_range : tuple (a, b), default=(0, 1)
        The range to map to.
    clip : bool, default=False
        Clip what `transform` returns to the range.

    Attributes
    ----------
    data_min_, data_max_, data_range_ : ndarray of shape (n_features,)
        Least and greatest value seen, and their difference.
    scale_, min_ : ndarray of shape (n_features,)
        k and offset.
    n_samples_seen_, n_features_in_ : int

    Examples
    --------
    >>> from polyfuse.preprocessing import MinMaxScaler
    >>> MinMaxScaler().fit_transform([[-1.0], [0.0], [3.0]]).ravel()
    array([0.  , 0.25, 1.  ])
    """

    data_min_: NDArray
    data_max_: NDArray
    data_range_: NDArray
    scale_: NDArray
    min_: NDArray
    n_samples_seen_: int

    def __init__(self, feature_range: tuple[float, float] = (0, 1), *, clip: bool = False) -> None:
        self.feature_range = feature_range
        self.clip = clip

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the least and greatest value of each column, forgetting what was seen."""
        return self._learn(X, reset=True)

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from more rows."""
        return self._learn(X, reset=not hasattr(self, "n_samples_seen_"))

    def _learn(self, X: ArrayLike, *, reset: bool) -> Self:
        a, b = (float(edge) for edge in self.feature_range)
        if not -np.inf < a < b < np.inf:
            raise ValueError(
                "Minimum of desired feature range must be smaller than maximum. "
                f"Got {self.feature_range}."
            )
        matrix = as_matrix(X, min_rows=1)
        width = matrix.shape[1]
        low, high = np.empty(width), np.empty(width)
        _kernels.select().column_extrema(matrix, low, high)
        empty = low > high
        if np.isinf(low[~empty]).any() or np.isinf(high[~empty]).any():
            require_finite({"Input X": matrix}, allow_nan=True)
        low[empty], high[empty] = np.nan, np.nan
        seen = 0
        if not reset:
            require_width(self, width)
            low, high = np.fmin(low, self.data_min_), np.fmax(high, self.data_max_)
            seen = self.n_samples_seen_
        dtype = result_dtype((matrix,))
        self.n_samples_seen_ = seen + len(matrix)
        self.n_features_in_ = width
        self.data_min_, self.data_max_ = low.astype(dtype), high.astype(dtype)
        self.data_range_ = self.data_max_ - self.data_min_
        constant = self.data_range_ < 10 * np.finfo(dtype).eps
        self.scale_ = (b - a) / np.where(constant, dtype.type(1), self.data_range_)
        self.min_ = a - self.data_min_ * self.scale_
        return self

    def _affine(self) -> Affine:
        return Affine(self.min_.astype(np.float64), self.scale_.astype(np.float64), divide=False)

    def transform(self, X: ArrayLike, *, out: NDArray | None = None) -> NDArray:
        result = super().transform(X, out=out)
        return np.clip(result, *self.feature_range, out=result) if self.clip else result

    transform.__doc__ = _Scaler.transform.__doc__


class AffineScaler(_Scaler):
    """Scale columns with given numbers: x' = k x + b.

    Parameters
    ----------
    scale : float or array-like of shape (n_features,), default=1.0
        The factor k.
    offset : float or array-like of shape (n_features,), default=0.0
        The offset b.

    Attributes
    ----------
    n_features_in_ : int

    Examples
    --------
    >>> from polyfuse.preprocessing import AffineScaler
    >>> AffineScaler(scale=1 / 255).fit_transform([[0.0, 255.0]])
    array([[0., 1.]])
    """

    def __init__(self, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0) -> None:
        self.scale = scale
        self.offset = offset

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the parameters against the width of `X`; nothing is learned."""
        width = as_matrix(X).shape[1]
        per_column(self.scale, "scale", width)
        per_column(self.offset, "offset", width)
        self.n_features_in_ = width
        return self

    def _affine(self) -> Affine:
        width = self.n_features_in_
        return Affine(
            per_column(self.offset, "offset", width),
            per_column(self.scale, "scale", width),
            divide=False,
        )


SCALERS: dict[str, type[StandardScaler] | type[MinMaxScaler]] = {
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
}


def make_scaler(name: str | None) -> StandardScaler | MinMaxScaler | None:
    """A new scaler by name, "standard" or "minmax"; None for None."""
    if name is None:
        return None
    one_of(name, "scaler", SCALERS)
    return SCALERS[name]()
