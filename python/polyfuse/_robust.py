"""RobustScaler: the median and the range between two quantiles of each column."""

from __future__ import annotations

import warnings
from copy import deepcopy
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._extrema import column_range, nonzero
from ._feature_names import names_of
from ._inputs import float_dtype
from ._parameters import invalid_parameter, is_sparse
from ._scaler import AffineMap
from ._sketch import QuantileSketch
from ._sparse import column

Array = NDArray[np.float64]


class Brackets:
    """The two values of each column between which each of some quantiles lies, and what to make of
    them: NumPy's interpolations, to the last bit.
    """

    def __init__(self, matrix: NDArray, fractions: list[float]) -> None:
        width, q = matrix.shape[1], len(fractions)
        self.fractions = np.array(fractions)
        self.count, self.below, self.above = np.empty(width), *np.empty((2, q, width))
        _kernels.select().column_quantiles(
            matrix, self.fractions, self.count, self.below, self.above
        )
        self.dtype = float_dtype(matrix)

    def quantile(self, index: int) -> Array:
        """What ``numpy.nanquantile`` makes of a column: the step in its dtype, the rest float64."""
        place = (self.count - 1) * self.fractions[index]
        share = place - np.floor(place)
        below, above = self.below[index], self.above[index]
        with np.errstate(over="ignore", invalid="ignore"):
            step = (above.astype(self.dtype) - below.astype(self.dtype)).astype(np.float64)
            mixed = np.where(share >= 0.5, above - step * (1.0 - share), below + step * share)
        found: Array = np.where(below == above, below, mixed)
        return found

    def median(self, index: int) -> NDArray:
        """What ``numpy.nanmedian`` makes of a matrix, in its dtype."""
        work = np.promote_types(self.dtype, np.float32)
        below, above = self.below[index].astype(work), self.above[index].astype(work)
        with np.errstate(over="ignore", invalid="ignore"):
            middle: NDArray = np.where(self.count % 2 == 1.0, below, (below + above) / 2)
            return middle.astype(self.dtype)


class _Wanted(NamedTuple):
    """Parameters of a scaler as they were when it last learned something."""

    centering: bool
    scaling: bool
    quantile_range: tuple[float, float]
    unit_variance: bool

    def fractions(self) -> list[float]:
        return [0.5, *(float(q) / 100 for q in self.quantile_range)]


class RobustScaler(AffineMap):
    """Subtract the median, divide by the range between two quantiles: x' = (x - m) / (q₂ - q₁).

    NaNs are passed over and kept. A range that is zero to rounding, below 10 ε, is taken as 1.

    ``fit`` is exact. ``partial_fit`` and ``merge`` keep a summary of each column in place of its
    rows, at most a few hundred kilobytes per column, and are exact up to 4095 rows; beyond that
    each quantile is that of a place in order which is wrong by at most the share `rank_error_` of
    the rows. That bound is guaranteed for any rows in any chunks: about 0.09 % for a million rows,
    0.17 % for a hundred million. Quantiles are looked up in the summary when they are asked for, so
    that a chunk costs no more than taking it in.

    Parameters
    ----------
    with_centering : bool, default=True
        Subtract the median. Sparse data cannot be centred.
    with_scaling : bool, default=True
        Divide by the range between the quantiles.
    quantile_range : tuple (q_min, q_max), default=(25.0, 75.0)
        The quantiles, in percent.
    copy : bool, default=True
        If False, scale in place where that can be: `X` is a writeable array of floats.
    unit_variance : bool, default=False
        Divide by the deviation of the normal distribution that has that range.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_features,)
        Median, in the dtype of `X`, and range, in float64; None where it is not wanted.
    rank_error_ : float
        How far, at most, the places of the quantiles are from those wanted, as a share of the rows
        (without NaNs) of a column; 0 where they are exact.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

    Examples
    --------
    >>> from polyfuse.preprocessing import RobustScaler
    >>> RobustScaler().fit_transform([[1.0], [2.0], [3.0], [4.0], [1000.0]]).ravel()
    array([ -1. ,  -0.5,   0. ,   0.5, 498.5])
    """

    _sketch: QuantileSketch
    _dtype: np.dtype
    _wanted: _Wanted

    _sparse_divisor = "scale_"
    _sparse_formats = ("csr", "csc")

    def __init__(
        self,
        *,
        with_centering: bool = True,
        with_scaling: bool = True,
        quantile_range: tuple[float, float] = (25.0, 75.0),
        copy: bool = True,
        unit_variance: bool = False,
    ) -> None:
        self.with_centering = with_centering
        self.with_scaling = with_scaling
        self.quantile_range = quantile_range
        self.copy = copy
        self.unit_variance = unit_variance

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find median and quantiles of each column of `X`, exactly.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `X` is no numeric matrix or has an infinity, or a parameter is not as described; the
            scaler is then left as it was.
        """
        self._check_parameters()
        names = names_of(X)
        if is_sparse(X):
            x = self._accept_sparse(X, copy=False, fitted=False)
            center, low, high = None, *self._sparse_quantiles(x)
        else:
            x = self._accept(X)[0]
            column_range(x, type(self).__name__)
            brackets = Brackets(x, self._parameters_now().fractions())
            center, low, high = brackets.median(0), brackets.quantile(1), brackets.quantile(2)
        self._remember(x.shape[1], names)
        self._set(self._parameters_now(), center, low, high, 0.0)
        for name in ("_sketch", "_dtype", "_wanted"):
            self.__dict__.pop(name, None)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from more rows, to within `rank_error_`; parameters as for `fit`, dense `X` only.

        Raises
        ------
        ValueError
            As for `fit`.

        Warns
        -----
        UserWarning
            After a `fit`, which keeps nothing that rows could be added to: this starts anew.
        """
        self._check_parameters()
        anew = not hasattr(self, "_sketch")
        if anew and hasattr(self, "n_features_in_"):
            warnings.warn(
                "partial_fit starts anew: fit, which is exact, has kept no summary of its rows. "
                "Give all rows to partial_fit, on a new RobustScaler.",
                UserWarning,
                stacklevel=2,
            )
        names = names_of(X) if anew else None
        x = self._accept(X)[0] if anew else self._accept_more(X)
        column_range(x, type(self).__name__)
        sketch = QuantileSketch(x.shape[1]) if anew else self._sketch
        sketch.update(x)
        if anew:
            self._remember(x.shape[1], names)
            self._dtype = float_dtype(x)
        self._set_sketch(sketch, np.promote_types(self._dtype, float_dtype(x)))
        return self

    def merge(self, other: RobustScaler) -> Self:
        """Learn what another scaler has seen, to within `rank_error_`.

        Parameters
        ----------
        other : RobustScaler
            Fitted by `partial_fit` on as many columns, with the same parameters; it is left as it
            is.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If `other` is no such scaler, or one of the two was fitted by `fit`.
        """
        self._check_parameters()
        self._require_alike(other)
        for name, scaler in (("self", self), ("other", other)):
            if hasattr(scaler, "n_features_in_") and not hasattr(scaler, "_sketch"):
                raise ValueError(
                    f"{name} must be fitted by partial_fit to be merged; fit is exact and keeps no "
                    "summary of its rows."
                )
        if not hasattr(self, "_sketch"):
            self._remember(other.n_features_in_, getattr(other, "feature_names_in_", None))
            self._dtype = other._dtype
            self._sketch = QuantileSketch(other.n_features_in_)
        self._set_sketch(
            self._sketch.merge(other._sketch), np.promote_types(self._dtype, other._dtype)
        )
        return self

    def _check_parameters(self) -> None:
        self._require_booleans("with_centering", "with_scaling", "copy", "unit_variance")
        if not isinstance(self.quantile_range, tuple):
            raise invalid_parameter(
                "quantile_range", type(self).__name__, "an instance of 'tuple'", self.quantile_range
            )
        low, high = self.quantile_range
        if not 0 <= low <= high <= 100:
            raise ValueError(f"Invalid quantile range: {self.quantile_range}")

    def _parameters_now(self) -> _Wanted:
        return _Wanted(
            self.with_centering, self.with_scaling, self.quantile_range, self.unit_variance
        )

    def _sparse_quantiles(self, x: Any) -> tuple[Array, Array]:
        by_column = x.tocsc()
        columns = (column(by_column, index) for index in range(x.shape[1]))
        fractions = self._parameters_now().fractions()[1:]
        low, high = np.transpose([_quantiles_of(each, fractions) for each in columns])
        return low, high

    def _accept_sparse(self, X: Any, *, copy: bool, fitted: bool = True) -> Any:
        x = super()._accept_sparse(X, copy=copy, fitted=fitted)
        if self.with_centering and not fitted:
            raise ValueError(
                "Cannot center sparse matrices: use `with_centering=False` instead. See docstring "
                "for motivation and alternatives."
            )
        return x

    # -- what was learned -------------------------------------------------------------------------

    @cached_property
    def center_(self) -> NDArray | None:
        found: NDArray | None = self._looked_up("center_")
        return found

    @cached_property
    def scale_(self) -> Array | None:
        found: Array | None = self._looked_up("scale_")
        return found

    @cached_property
    def rank_error_(self) -> float:
        found: float = self._looked_up("rank_error_")
        return found

    def _set_sketch(self, sketch: QuantileSketch, dtype: np.dtype) -> None:
        """Keep a summary, and forget what was looked up in the one before."""
        self._sketch, self._dtype, self._wanted = sketch, dtype, self._parameters_now()
        for name in ("center_", "scale_", "rank_error_"):
            self.__dict__.pop(name, None)

    def _looked_up(self, name: str) -> Any:
        if "_sketch" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        center, low, high = self._sketch.quantiles(self._wanted.fractions())
        error = self._sketch.rank_error
        self._set(self._wanted, center.astype(self._dtype), low, high, error)
        return self.__dict__[name]

    def _set(
        self, wanted: _Wanted, center: NDArray | None, low: Array, high: Array, rank_error: float
    ) -> None:
        scale = None
        if wanted.scaling:
            with np.errstate(over="ignore", invalid="ignore"):
                scale = nonzero(high - low)
            if wanted.unit_variance:
                scale = scale / _normal_range(*wanted.quantile_range)
        self.center_ = center if wanted.centering else None
        self.scale_, self.rank_error_ = scale, rank_error

    def __copy__(self) -> Self:
        """A copy that does not learn what this one learns: a summary is written to."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        if "_sketch" in self.__dict__:
            twin._sketch = deepcopy(self._sketch)
        return twin

    def _parameters(self) -> tuple[NDArray | None, NDArray | None]:
        return self.center_, self.scale_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.with_centering
        return tags


def _quantiles_of(values: NDArray, fractions: list[float]) -> tuple[Array, Array]:
    brackets = Brackets(values[:, None], fractions)
    return brackets.quantile(0)[0], brackets.quantile(1)[0]


def _normal_range(low: float, high: float) -> np.float64:
    """The distance between two percentiles of the standard normal distribution."""
    from statistics import NormalDist

    ends = {0.0: -np.inf, 100.0: np.inf}
    a, b = (ends.get(float(q)) or NormalDist().inv_cdf(q / 100) for q in (low, high))
    return np.float64(b - a)
