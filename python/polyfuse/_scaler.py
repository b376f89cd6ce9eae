"""What the scalers share: a map of each column, learned or given, applied in one pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import as_out, kind_of, one_block, require_fitted, require_width
from ._estimator import Transformer, nameless
from ._feature_names import check_names, keep_names, names_of, names_out
from ._inputs import as_samples, as_sparse_samples, float_dtype
from ._kernels.contract import Affine, Block
from ._parameters import BOOLEAN, invalid_parameter, is_sparse
from ._sparse import scale_columns

_SINGLE = np.dtype(np.float32)
_HALF = np.dtype(np.float16)


def apply(matrix: NDArray, params: Affine, out: NDArray | None) -> NDArray:
    """Scale the columns of `matrix`, in one pass, in the dtype and the order in which it lies."""
    dtype = float_dtype(matrix)
    if out is None:
        out = np.empty_like(matrix, dtype, subok=False)
    elif out is not matrix or dtype != matrix.dtype or not matrix.flags.writeable:
        shape: Any = matrix.shape
        out = as_out(out, shape, dtype, (matrix,))
    precision = _SINGLE if dtype == _HALF else dtype
    _kernels.select().fuse(one_block(Block(matrix, params), precision), out)
    return out


@nameless
class Scaler(Transformer, ABC):
    """A transformer with one column out for each column in.

    ``transform`` and ``inverse_transform`` take `out=`, an array to write to, which may be `X`
    itself. They do not look for infinities, which would take a second pass: these flow through.
    """

    copy: bool
    n_features_in_: int
    feature_names_in_: NDArray
    _sparse_formats: tuple[str, ...] = ()
    _allow_nan = True

    @abstractmethod
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the map of each column of `X`."""

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the columns of the result: those of `X`, or x0, x1, ... where it has none.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names to use; they must be those of fit, where `X` had some.

        Returns
        -------
        ndarray of str objects, shape (n_features,)
        """
        require_fitted(self, "n_features_in_")
        return names_out(self, input_features)

    # -- what the methods of scalers begin and end with ------------------------------------------

    def _accept(self, X: Any) -> tuple[NDArray, NDArray | None]:
        """Dense `X`, checked, and the names of its columns, for a fit that starts anew."""
        return as_samples(X, type(self).__name__), names_of(X)

    def _accept_more(self, X: Any) -> NDArray:
        """Dense `X`, checked against what was fitted."""
        if type(X) is not np.ndarray or hasattr(self, "feature_names_in_"):
            check_names(self, X)
        matrix = as_samples(X, type(self).__name__)
        require_width(self, matrix.shape[1])
        return matrix

    def _accept_sparse(self, X: Any, *, copy: bool, fitted: bool = True) -> Any:
        """Sparse `X`, checked, against what was fitted if there is something."""
        if not self._sparse_formats:
            as_samples(X, type(self).__name__)
        x = as_sparse_samples(
            X, type(self).__name__, self._sparse_formats, copy=copy, allow_nan=self._allow_nan
        )
        if fitted:
            require_width(self, x.shape[1])
        return x

    def _require_alike(self, other: Any) -> None:
        """Raise unless `other` is a fitted scaler whose rows this one could have seen."""
        name = type(self).__name__
        if type(other) is not type(self):
            raise TypeError(f"other must be a {name}; got {type(other).__name__}.")
        require_fitted(other, "n_features_in_")
        for key, value in self.get_params(deep=False).items():
            theirs = getattr(other, key)
            if key != "copy" and theirs != value:
                raise ValueError(f"other must have {key}={value!r}; got {theirs!r}.")
        if not hasattr(self, "n_features_in_"):
            return
        if other.n_features_in_ != self.n_features_in_:
            raise ValueError(
                f"other must have seen {self.n_features_in_} features; got {other.n_features_in_}."
            )
        names = [getattr(each, "feature_names_in_", None) for each in (self, other)]
        if names[0] is not None and names[1] is not None and (names[0] != names[1]).any():
            raise ValueError("other must have seen features of the same names, in the same order.")

    def _remember(self, width: int, names: NDArray | None) -> None:
        """Keep width and names of what a fit that starts anew has seen."""
        self.n_features_in_ = width
        keep_names(self, names)

    def _require_booleans(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise invalid_parameter(name, type(self).__name__, BOOLEAN, value)

    def _target(
        self, X: Any, matrix: NDArray, copy: bool | None, out: NDArray | None
    ) -> NDArray | None:
        """Where to write: `out`, or `X` itself without `copy`, where that can be."""
        if copy is not None and not isinstance(copy, bool | np.bool_):
            raise TypeError(
                f"copy must be True, False or None; got {kind_of(copy)}. What to write to is out=."
            )
        if out is not None or (self.copy if copy is None else copy):
            return out
        in_place = matrix is X and matrix.flags.writeable and float_dtype(matrix) == matrix.dtype
        return matrix if in_place else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = bool(self._sparse_formats)
        tags.input_tags.allow_nan = self._allow_nan
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "float16"]
        return tags


@nameless
class AffineMap(Scaler):
    """A scaler whose map is affine in each column, (x - offset) / factor or x * factor + offset."""

    _divide = True
    _converts = False  # its parameters to the dtype of X, before use
    _sparse_divisor: str | None = None  # name of the attribute that sparse data are divided by

    @abstractmethod
    def _parameters(self) -> tuple[NDArray | None, NDArray | None]:
        """Offset and factor per column, in the dtypes they have; None for 0 and for 1."""

    def _affine(self) -> Affine:
        offset, factor = self._parameters()
        width = self.n_features_in_
        return Affine(
            np.zeros(width) if offset is None else self._kept(offset),
            np.ones(width) if factor is None else self._kept(factor),
            self._divide,
            not self._converts,
        )

    def _kept(self, parameter: NDArray) -> NDArray:
        if parameter.dtype.char == "d":  # as most are; a call of astype takes longer
            return parameter
        single = not self._converts and parameter.dtype.char in "ef"
        return parameter.astype(np.float32 if single else np.float64, copy=False)

    def _inverse(self) -> Affine:
        offset, factor, divide, wide = self._affine()
        if divide and self._parameters()[0] is None:
            offset = -offset  # adding -0.0 leaves every number as it is, adding 0.0 not -0.0
        return Affine(offset, factor, not divide, wide)

    def as_affine(self) -> Affine:
        """The fitted map, as :func:`polyfuse.fusion.fuse` and the kernels take it.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the scaler clips, which is no affine map.
        """
        require_fitted(self, "n_features_in_")
        if getattr(self, "clip", False):
            raise ValueError(
                f"{type(self).__name__} clips (clip=True), which is no affine map; use clip=False."
            )
        return self._affine()

    def transform(self, X: Any, *, out: NDArray | None = None) -> Any:
        """Return `X` scaled, in one pass.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Any real dtype, any strides; NaNs stay, infinities flow through.
        out : ndarray of shape (n_samples, n_features), optional
            Where to write; may be `X` itself. With ``copy=False`` that is the default.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_features)
            float16, 32 or 64 as `X` is, otherwise float64, in the memory order of `X`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If `X` or `out` does not fit.
        """
        return self._delivered(X, self._transform(X, None, out))

    def inverse_transform(self, X: Any, *, out: NDArray | None = None) -> Any:
        """Return scaled `X` in its original units; parameters as for `transform`."""
        return self._restore(X, None, out)

    def _transform(self, X: Any, copy: bool | None, out: NDArray | None) -> Any:
        require_fitted(self, "n_features_in_")
        if is_sparse(X):
            check_names(self, X)
            return self._scale_sparse(X, copy, out, inverse=False)
        matrix = self._accept_more(X)
        return self._map(matrix, self._target(X, matrix, copy, out), inverse=False)

    def _restore(self, X: Any, copy: bool | None, out: NDArray | None) -> Any:
        require_fitted(self, "n_features_in_")
        if is_sparse(X):
            return self._scale_sparse(X, copy, out, inverse=True)
        matrix = as_samples(X, type(self).__name__)
        require_width(self, matrix.shape[1])
        return self._map(matrix, self._target(X, matrix, copy, out), inverse=True)

    def _map(self, matrix: NDArray, out: NDArray | None, *, inverse: bool) -> NDArray:
        return apply(matrix, self._inverse() if inverse else self._affine(), out)

    def _scale_sparse(
        self, X: Any, copy: bool | None, out: NDArray | None, *, inverse: bool
    ) -> Any:
        x = self._accept_sparse(X, copy=self.copy if copy is None else copy)
        if out is not None:
            raise ValueError("out must be None for sparse X, which is scaled to sparse data.")
        factor = getattr(self, self._sparse_divisor) if self._sparse_divisor else None
        if factor is not None:
            scale_columns(x, factor if inverse else 1.0 / factor)
        return x
