"""StandardScaler: mean 0 and variance 1 in each column."""

from __future__ import annotations

from copy import copy as shallow_copy
from functools import partial
from typing import Any, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ._callbacks import TakesCallbacks, told
from ._feature_names import check_names, names_of
from ._inputs import as_weights, require_finite_values
from ._moment_segments import join, moment_leaves
from ._moments import Moments, Part, is_constant, variance
from ._parameters import is_sparse
from ._scaler import AffineMap
from ._segments import Segment, segment
from ._sparse import column_moments

Array = NDArray[np.float64]


class StandardScaler(TakesCallbacks, AffineMap):
    """Standardise columns: x' = (x - μ) / σ.

    μ is the mean and σ the (population) standard deviation of a column over the rows seen; NaNs
    are passed over and kept. A column that is constant to rounding keeps its scale: σ is taken as
    1, by scikit-learn's rule var <= n ε var + (n μ ε)².

    Statistics are float64, of leaves of rows that are merged in a fixed tree. They do not depend,
    to the last bit, on how the rows were cut into calls of :meth:`partial_fit`, on the number of
    threads or on the instruction set. For that the scaler keeps the rows of an unfinished leaf,
    at most 4095 of those it has seen last; they are saved with it.

    Parameters
    ----------
    copy : bool, default=True
        If False, scale in place where that can be: `X` is a writeable array of floats.
    with_mean : bool, default=True
        Subtract the mean. Sparse data cannot be centred.
    with_std : bool, default=True
        Divide by the standard deviation.

    Attributes
    ----------
    mean_, var_, scale_ : ndarray of shape (n_features,)
        μ, σ² and σ; `var_` and `scale_` are None without `with_std`, `mean_` if neither is wanted.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        Rows without NaN, or the sum of their weights; one number if it is the same for all columns.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

    References
    ----------
    T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance:
    analysis and recommendations", The American Statistician 37 (1983), 242-247.

    Examples
    --------
    >>> from polyfuse.preprocessing import StandardScaler
    >>> StandardScaler().fit_transform([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    array([[-1.22474487, -1.22474487],
           [ 0.        ,  0.        ],
           [ 1.22474487,  1.22474487]])
    """

    mean_: Array | None
    var_: Array | None
    scale_: Array | None
    n_samples_seen_: Any
    _moments: Moments
    _moments_mark: int  # of the attributes that these moments stand for

    _converts = True
    _sparse_divisor = "scale_"
    _sparse_formats = ("csr",)

    def __init__(self, *, copy: bool = True, with_mean: bool = True, with_std: bool = True) -> None:
        self.copy = copy
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn mean and standard deviation of each column of `X`, forgetting what was seen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : ignored
        sample_weight : float or array-like of shape (n_samples,), optional
            A weight per row, not all zero.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `X` is no numeric matrix or has an infinity, or the weights do not fit; the scaler is
            then left as it was.
        """
        return self._learn(X, y, sample_weight, anew=True)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from more rows: as `fit` on all of them together, to the last bit.

        Parameters are those of `fit`. Sparse rows, and those that :meth:`merge` has brought, are
        added to rounding; so are all, where nothing is known of rows before but the attributes.
        """
        return self._learn(X, y, sample_weight, anew=not hasattr(self, "scale_"))

    def merge(self, other: StandardScaler) -> Self:
        """Learn what another scaler has seen, as if its rows had been given to this one.

        Parameters
        ----------
        other : StandardScaler
            Fitted on as many columns, with the same parameters; it is left as it is.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If `other` is no such scaler.

        Examples
        --------
        >>> from polyfuse.preprocessing import StandardScaler
        >>> a, b = StandardScaler().fit([[1.0], [2.0]]), StandardScaler().fit([[6.0]])
        >>> a.merge(b).mean_
        array([3.])
        """
        self._require_alike(other)
        weighted = _is_weighted(other)
        if not hasattr(self, "scale_"):
            self._remember(other.n_features_in_, getattr(other, "feature_names_in_", None))
            moments, weighted = Moments(other.n_features_in_), False
        else:
            moments = self._moments_so_far()
            weighted = weighted or _is_weighted(self)
        moments.add(other._moments_so_far().result())
        self._set_moments(moments, moments.result(), weighted)
        return self

    def transform(self, X: Any, copy: bool | None = None, *, out: NDArray | None = None) -> Any:
        return self._delivered(X, self._transform(X, copy, out))

    def inverse_transform(
        self, X: Any, copy: bool | None = None, *, out: NDArray | None = None
    ) -> Any:
        """Return scaled `X` in its original units; parameters as for `transform`."""
        return self._restore(X, copy, out)

    transform.__doc__ = AffineMap.transform.__doc__

    def _accept_sparse(self, X: Any, *, copy: bool, fitted: bool = True) -> Any:
        x = super()._accept_sparse(X, copy=copy, fitted=fitted)
        if self.with_mean:
            raise ValueError(
                "Cannot center sparse matrices: pass `with_mean=False` instead. "
                "See docstring for motivation and alternatives."
            )
        return x

    def _scale_sparse(
        self, X: Any, copy: bool | None, out: NDArray | None, *, inverse: bool
    ) -> Any:
        if self.with_mean and inverse:
            raise ValueError(
                "Cannot uncenter sparse matrices: pass `with_mean=False` instead "
                "See docstring for motivation and alternatives."
            )
        return super()._scale_sparse(X, copy, out, inverse=inverse)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.with_mean
        return tags

    def _learn(self, X: Any, y: Any, sample_weight: Any, *, anew: bool) -> Self:
        if anew:
            self._require_booleans("copy", "with_mean", "with_std")
        sparse = is_sparse(X)
        names = names_of(X) if anew else None
        if not anew and sparse:
            check_names(self, X)
        if sparse:
            x = self._accept_sparse(X, copy=False, fitted=not anew)
        else:
            x = self._accept(X)[0] if anew else self._accept_more(X)
        weight = as_weights(sample_weight, x.shape[0], type(self).__name__)
        learn = partial(self._take_in, x, weight, names, anew=anew)
        told(self, learn, x, y, {"sample_weight": sample_weight})
        return self

    def _take_in(self, x: Any, weight: Array | None, names: NDArray | None, *, anew: bool) -> None:
        moments = Moments(x.shape[1]) if anew else self._moments_so_far()
        sparse = is_sparse(x)
        if sparse:
            moments.add(column_moments(x, weight))
        else:
            moments.update(x, weight)
        result = moments.result()
        idle = () if sparse or weight is None or x.dtype.kind != "f" else x[weight == 0.0]
        if not sparse and (np.isinf(idle).any() or not np.isfinite(result.mean).all()):
            require_finite_values(x, "X", type(self).__name__, allow_nan=True)
        weighted = weight is not None or (not anew and _is_weighted(self))
        if anew:
            self._remember(x.shape[1], names)
        self._set_moments(moments, result, weighted)

    @staticmethod
    def _ahead(X: NDArray, start: int) -> Segment:
        """What `_gather` takes in of rows of which the first is number `start` of all.

        It needs no state: threads find it for rows whose turn has not come.
        """
        return segment(moment_leaves(X.shape[1]), (X,), start)

    def _gather(self, rows: Segment) -> None:
        """Take in rows of a matrix like those before, which start where these end.

        What is known of all is left to `_settle`.
        """
        join(self._moments, rows)

    def _settle(self) -> None:
        """Set what all rows gathered say.

        Raises
        ------
        ValueError
            If there was an infinity.
        """
        moments, weighted = self._moments, _is_weighted(self)
        result = moments.result()
        if not np.isfinite(result.mean).all():
            raise ValueError("Input X contains infinity.")
        self._set_moments(moments, result, weighted)

    def _moments_so_far(self) -> Moments:
        """A copy of the moments, or those that the attributes tell of, if others have set them."""
        if getattr(self, "_moments_mark", None) == _mark(self):
            return shallow_copy(self._moments)
        width = self.n_features_in_
        n = np.broadcast_to(np.asarray(self.n_samples_seen_, np.float64), width)
        mean, var = (
            np.zeros(width) if each is None else np.where(n != 0.0, each, 0.0)
            for each in (self.mean_, self.var_)
        )
        moments = Moments(width)
        moments.add(Part(n, mean, var * n))
        return moments

    def _set_moments(self, moments: Moments, result: Part, weighted: bool) -> None:
        n = result.n if weighted else result.n.astype(np.int64)
        self.n_samples_seen_ = n[0] if (n == n[0]).all() else n
        wanted = self.with_mean or self.with_std
        self.mean_ = np.where(result.n != 0.0, result.mean, np.nan) if wanted else None
        self.var_ = self.scale_ = None
        if self.with_std:
            self.var_ = variance(result)
            self.scale_ = np.where(is_constant(result, self.var_), 1.0, np.sqrt(self.var_))
        self._moments, self._moments_mark = moments, _mark(self)

    def _parameters(self) -> tuple[NDArray | None, NDArray | None]:
        return self.mean_ if self.with_mean else None, self.scale_


def _is_weighted(scaler: StandardScaler) -> bool:
    """Whether rows are counted by their weights, as a type of float says."""
    return np.asarray(scaler.n_samples_seen_).dtype.kind == "f"


def _mark(scaler: StandardScaler) -> int:
    mark = 0
    for value in (scaler.n_samples_seen_, scaler.mean_, scaler.var_):
        if value is not None:
            mark = crc32(np.ascontiguousarray(value, np.float64).data, mark)
    return mark
