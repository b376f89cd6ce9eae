"""MinMaxScaler and MaxAbsScaler: the least and the greatest values of columns set the scale."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._estimator import nameless
from ._feature_names import check_names, names_of
from ._inputs import float_dtype, require_finite_values
from ._parameters import invalid_parameter, is_sparse
from ._scaler import AffineMap
from ._sparse import largest_magnitudes


def column_range(matrix: NDArray, caller: str) -> tuple[NDArray, NDArray]:
    """Least and greatest value of each column, in the dtype scalers keep; NaN where all are NaN.

    Raises
    ------
    ValueError
        If there is an infinity.
    """
    low, high = np.empty((2, matrix.shape[1]))
    _kernels.select().column_extrema(matrix, low, high)
    nothing = low > high
    if nothing.any():
        low[nothing], high[nothing] = np.nan, np.nan
    if np.isinf(low).any() or np.isinf(high).any():
        require_finite_values(matrix, "X", caller, allow_nan=True)
    dtype = float_dtype(matrix)
    return low.astype(dtype), high.astype(dtype)


def nonzero(scale: NDArray) -> NDArray:
    """`scale`, with 1 for what is zero to rounding: below 10 ε of its dtype."""
    return np.where(scale < 10 * np.finfo(scale.dtype).eps, scale.dtype.type(1), scale)


@nameless
class _ExtremaScaler(AffineMap):
    """What the two have in common: statistics that merge exactly."""

    n_samples_seen_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the range of each column of `X`, forgetting what was seen.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If `X` is no numeric matrix or has an infinity, or a parameter is not as described; the
            scaler is then left as it was.
        """
        return self._learn(X, anew=True)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from more rows: exactly as `fit` on all of them together."""
        return self._learn(X, anew=not hasattr(self, "n_samples_seen_"))

    def merge(self, other: Self) -> Self:
        """Learn what another scaler has seen, exactly as if its rows had been given to this one.

        Parameters
        ----------
        other : scaler of the same class
            Fitted on as many columns, with the same parameters; it is left as it is.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If `other` is no such scaler.
        """
        self._require_alike(other)
        if not hasattr(self, "n_samples_seen_"):
            self._remember(other.n_features_in_, getattr(other, "feature_names_in_", None))
            self._take(*other._range(), other.n_samples_seen_, anew=True)
        else:
            self._take(*other._range(), other.n_samples_seen_, anew=False)
        return self

    def _learn(self, X: Any, *, anew: bool) -> Self:
        self._check_parameters(anew)
        names = names_of(X) if anew else None
        if is_sparse(X):
            if not self._sparse_formats:
                raise TypeError(
                    f"{type(self).__name__} does not support sparse input. Consider using "
                    "MaxAbsScaler instead."
                )
            if not anew:
                check_names(self, X)
            x = self._accept_sparse(X, copy=False, fitted=not anew)
            low = high = largest_magnitudes(x)
        else:
            x = self._accept(X)[0] if anew else self._accept_more(X)
            low, high = column_range(x, type(self).__name__)
        if anew:
            self._remember(x.shape[1], names)
        self._take(low, high, x.shape[0], anew=anew)
        return self

    @abstractmethod
    def _check_parameters(self, anew: bool) -> None:
        """Raise unless the parameters are as described."""

    @abstractmethod
    def _range(self) -> tuple[NDArray, NDArray]:
        """What was found so far, as `_take` takes it."""

    @abstractmethod
    def _take(self, low: NDArray, high: NDArray, n: int, *, anew: bool) -> None:
        """Take in the least and greatest values of n rows."""


class MinMaxScaler(_ExtremaScaler):
    """Map columns to a range: x' = (x - min) / (max - min) · (b - a) + a.

    Computed as k x + offset with k = (b - a) / (max - min) and offset = a - min k, in the dtype of
    `X`, as scikit-learn does. NaNs are passed over and kept. A constant column is not stretched.

    Parameters
    ----------
    feature_range : tuple (a, b), default=(0, 1)
        The range to map to.
    copy : bool, default=True
        If False, scale in place where that can be: `X` is a writeable array of floats.
    clip : bool, default=False
        Clip what `transform` returns to the range.

    Attributes
    ----------
    data_min_, data_max_, data_range_ : ndarray of shape (n_features,)
        Least and greatest value seen, and their difference.
    scale_, min_ : ndarray of shape (n_features,)
        k and offset.
    n_samples_seen_, n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

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

    _divide = False

    def __init__(
        self, feature_range: tuple[float, float] = (0, 1), *, copy: bool = True, clip: bool = False
    ) -> None:
        self.feature_range = feature_range
        self.copy = copy
        self.clip = clip

    def _check_parameters(self, anew: bool) -> None:
        if anew:
            if not isinstance(self.feature_range, tuple):
                expected = "an instance of 'tuple'"
                raise invalid_parameter(
                    "feature_range", type(self).__name__, expected, self.feature_range
                )
            self._require_booleans("copy", "clip")
        a, b = self.feature_range
        if not -np.inf < a < b < np.inf:
            raise ValueError(
                "Minimum of desired feature range must be smaller than maximum. "
                f"Got {self.feature_range}."
            )

    def _range(self) -> tuple[NDArray, NDArray]:
        return self.data_min_, self.data_max_

    def _take(self, low: NDArray, high: NDArray, n: int, *, anew: bool) -> None:
        if not anew:
            low, high = np.fmin(self.data_min_, low), np.fmax(self.data_max_, high)
            n += self.n_samples_seen_
        a, b = (low.dtype.type(edge) for edge in self.feature_range)
        with np.errstate(over="ignore", invalid="ignore"):
            self.n_samples_seen_ = n
            self.data_min_, self.data_max_ = low, high
            self.data_range_ = high - low
            self.scale_ = (b - a) / nonzero(self.data_range_)
            self.min_ = a - low * self.scale_

    def _parameters(self) -> tuple[NDArray | None, NDArray | None]:
        return self.min_, self.scale_

    def _map(self, matrix: NDArray, out: NDArray | None, *, inverse: bool) -> NDArray:
        result = super()._map(matrix, out, inverse=inverse)
        if self.clip and not inverse:
            a, b = (result.dtype.type(edge) for edge in self.feature_range)
            np.clip(result, a, b, out=result)
        return result


class MaxAbsScaler(_ExtremaScaler):
    """Divide columns by their greatest magnitude, to the range from -1 to 1; zeros stay zeros.

    NaNs are passed over and kept; a column of zeros is divided by 1. Sparse data stay sparse.

    Parameters
    ----------
    copy : bool, default=True
        If False, scale in place where that can be: `X` is a writeable array of floats.
    clip : bool, default=False
        Clip what `transform` returns to the range from -1 to 1.

    Attributes
    ----------
    max_abs_, scale_ : ndarray of shape (n_features,)
        Greatest magnitude of a column, and what it is divided by.
    n_samples_seen_, n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

    Examples
    --------
    >>> from polyfuse.preprocessing import MaxAbsScaler
    >>> MaxAbsScaler().fit_transform([[1.0, -8.0], [2.0, 4.0]])
    array([[ 0.5, -1. ],
           [ 1. ,  0.5]])
    """

    max_abs_: NDArray
    scale_: NDArray
    clip: bool = False  # instances of scikit-learn before 1.9 have none

    _sparse_divisor = "scale_"
    _sparse_formats = ("csr", "csc")

    def __init__(self, *, copy: bool = True, clip: bool = False) -> None:
        self.copy = copy
        self.clip = clip

    def _check_parameters(self, anew: bool) -> None:
        if anew:
            self._require_booleans("copy", "clip")

    def _range(self) -> tuple[NDArray, NDArray]:
        return self.max_abs_, self.max_abs_

    def _take(self, low: NDArray, high: NDArray, n: int, *, anew: bool) -> None:
        magnitude = np.maximum(np.abs(low), np.abs(high))
        if not anew:
            magnitude = np.fmax(self.max_abs_, magnitude)
            n += self.n_samples_seen_
        self.n_samples_seen_ = n
        self.max_abs_, self.scale_ = magnitude, nonzero(magnitude)

    def _parameters(self) -> tuple[NDArray | None, NDArray | None]:
        return None, self.scale_

    def _map(self, matrix: NDArray, out: NDArray | None, *, inverse: bool) -> NDArray:
        result = super()._map(matrix, out, inverse=inverse)
        return np.clip(result, -1, 1, out=result) if self.clip and not inverse else result

    def _scale_sparse(
        self, X: Any, copy: bool | None, out: NDArray | None, *, inverse: bool
    ) -> Any:
        x = super()._scale_sparse(X, copy, out, inverse=inverse)
        if self.clip and not inverse:
            np.clip(x.data, -1.0, 1.0, out=x.data)
        return x
