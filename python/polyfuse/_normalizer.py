"""Rows divided by their norms: ``normalize`` and Normalizer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import as_out, overlap, require_width
from ._extrema import nonzero
from ._feature_names import check_names, names_of
from ._inputs import as_samples, as_sparse_samples, float_dtype, require_finite_values
from ._parameters import BOOLEAN, invalid_parameter, is_array_like, is_sparse
from ._scaler import Scaler
from ._sparse import normalize_rows

NORMS = ("l1", "l2", "max")
_CALLER = "the normalize function"


def normalize(
    X: Any,
    norm: str = "l2",
    *,
    axis: int = 1,
    copy: bool = True,
    return_norm: bool = False,
    out: NDArray | None = None,
) -> Any:
    """Divide each row, or column, by its norm.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Finite.
    norm : {"l1", "l2", "max"}, default="l2"
        Sum of magnitudes, root of the sum of squares, or greatest magnitude. A norm that is zero to
        rounding, below 10 ε of the dtype of the result, counts as 1.
    axis : {0, 1}, default=1
        1 for rows, 0 for columns.
    copy : bool, default=True
        If False, write to `X` where that can be: it is a writeable array of floats.
    return_norm : bool, default=False
        Return the norms too.
    out : ndarray of shape (n_samples, n_features), optional
        Where to write; may be `X` itself. A value that is not finite is found while the others are
        written, but before `X` itself is written over.

    Returns
    -------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        float16, 32 or 64 as `X` is, otherwise float64, in the memory order of `X`. Norms are
        summed in float64.
    norms : ndarray of shape (n_samples,) or (n_features,)
        With `return_norm`: what was divided by.

    Raises
    ------
    ValueError
        If `X` is no numeric matrix, a value is not finite, or a parameter is not as described.
    NotImplementedError
        If norms of sparse data are to be returned, other than "max".

    Examples
    --------
    >>> from polyfuse.preprocessing import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    _check(X, norm, axis, copy, return_norm)
    if is_sparse(X):
        return _normalize_sparse(X, norm, axis, copy, return_norm, out)
    matrix = as_samples(X, _CALLER)
    if out is None and not copy:
        in_place = matrix is X and matrix.flags.writeable and matrix.dtype == float_dtype(matrix)
        out = matrix if in_place else None
    result, norms = _normalize(matrix, norm, axis, out, "", _CALLER, return_norm)
    return (result, norms) if return_norm else result


def _check(X: Any, norm: Any, axis: Any, copy: Any, return_norm: Any) -> None:
    if not is_sparse(X) and not is_array_like(X):
        raise invalid_parameter("X", "normalize", "an array-like or a sparse array or matrix", X)
    require_norm(norm, "normalize")
    require_axis(axis, "normalize")
    for name, value in (("copy", copy), ("return_norm", return_norm)):
        if not isinstance(value, bool | np.bool_):
            raise invalid_parameter(name, "normalize", BOOLEAN, value)


def require_norm(norm: Any, caller: str) -> None:
    if not isinstance(norm, str) or norm not in NORMS:
        raise invalid_parameter("norm", caller, f"a str among {set(NORMS)}", norm)


def require_axis(axis: Any, caller: str) -> None:
    if not isinstance(axis, int | np.integer) or axis not in (0, 1):
        raise invalid_parameter("axis", caller, "a int among {0, 1}", axis)


def _normalize(
    matrix: NDArray,
    norm: str,
    axis: int,
    out: NDArray | None,
    name: str,
    caller: str,
    return_norm: bool = False,
) -> tuple[NDArray, NDArray | None]:
    dtype = float_dtype(matrix)
    shape: Any = matrix.shape
    out = np.empty_like(matrix, dtype, subok=False) if out is None else out
    out = as_out(out, shape, dtype, (matrix,))
    x, target = (matrix.T, out.T) if axis == 0 else (matrix, out)
    norms = nonzero(norms_of(x.astype(dtype, copy=False), norm)) if return_norm else None
    # Norms tell in passing whether all is finite; what is written over must be known to be before.
    in_place = overlap(out, matrix)
    if in_place:
        require_finite_values(x, name, caller)
    if not _kernels.select().normalize_rows(x, norm, target, least_norm(dtype)) and not in_place:
        require_finite_values(x, name, caller)
    return out, norms


def least_norm(dtype: np.dtype) -> float:
    """The least number that is not below 10 ε once it is rounded to a dtype."""
    eps = float(np.finfo(dtype).eps)
    return 10 * eps - 4 * eps * eps


def norms_of(x: NDArray, norm: str) -> NDArray:
    """Norms of rows, in the dtype of `x`."""
    wide = np.abs(x.astype(np.float64, copy=False))
    with np.errstate(over="ignore"):
        if norm == "max":
            norms = wide.max(axis=1)
        else:
            norms = wide.sum(axis=1) if norm == "l1" else np.sqrt((wide * wide).sum(axis=1))
        rounded: NDArray = norms.astype(x.dtype)
    return rounded


def _normalize_sparse(
    X: Any, norm: str, axis: int, copy: bool, return_norm: bool, out: NDArray | None
) -> Any:
    if out is not None:
        raise ValueError("out must be None for sparse X, which is scaled to sparse data.")
    formats = ("csc",) if axis == 0 else ("csr",)
    x = as_sparse_samples(X, _CALLER, formats, copy=copy, allow_nan=False, name="")
    if return_norm and norm != "max":
        raise NotImplementedError(
            "return_norm=True is not implemented for sparse matrices with norm 'l1' or norm 'l2'"
        )
    rows = x.T if axis == 0 else x
    norms = normalize_rows(rows, norm).astype(x.dtype)
    return (x, norms) if return_norm else x


class Normalizer(Scaler):
    """Divide each row by its norm: x' = x / ‖x‖.

    Nothing is learned; `fit` only checks. A row of zeros stays as it is.

    Parameters
    ----------
    norm : {"l1", "l2", "max"}, default="l2"
        Sum of magnitudes, root of the sum of squares, or greatest magnitude.
    copy : bool, default=True
        If False, write to `X` where that can be: it is a writeable array of floats.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where `X` is a data frame whose columns are named by strings.

    See Also
    --------
    normalize : The same as a function.

    Examples
    --------
    >>> from polyfuse.preprocessing import Normalizer
    >>> Normalizer(norm="l1").fit_transform([[1.0, -3.0], [0.0, 2.0]])
    array([[ 0.25, -0.75],
           [ 0.  ,  1.  ]])
    """

    _sparse_formats = ("csr",)
    _allow_nan = False

    def __init__(self, norm: str = "l2", *, copy: bool = True) -> None:
        self.norm = norm
        self.copy = copy

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check `X` and the parameters.

        Raises
        ------
        ValueError
            If `X` is no numeric matrix, a value is not finite, or a parameter is not as described.
        """
        require_norm(self.norm, type(self).__name__)
        self._require_booleans("copy")
        names = names_of(X)
        if is_sparse(X):
            x = self._accept_sparse(X, copy=False, fitted=False)
        else:
            x = as_samples(X, type(self).__name__, numeric=True)
            require_finite_values(x, "X", type(self).__name__)
        self._remember(x.shape[1], names)
        return self

    def transform(self, X: Any, copy: bool | None = None, *, out: NDArray | None = None) -> Any:
        """Return `X` with each row divided by its norm.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Finite.
        copy : bool, optional
            In place of the parameter of that name.
        out : ndarray of shape (n_samples, n_features), optional
            Where to write; may be `X` itself.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_features)
            float16, 32 or 64 as `X` is, otherwise float64, in the memory order of `X`.

        Raises
        ------
        ValueError
            If `X` or `out` does not fit, or a value is not finite.
        """
        return self._delivered(X, self._transform(X, copy, out))

    def _transform(self, X: Any, copy: bool | None, out: NDArray | None) -> Any:
        caller = type(self).__name__
        require_norm(self.norm, caller)
        check_names(self, X)
        if is_sparse(X):
            if out is not None:
                raise ValueError("out must be None for sparse X, which is scaled to sparse data.")
            kept = self.copy if copy is None else copy
            x = self._accept_sparse(X, copy=kept, fitted=hasattr(self, "n_features_in_"))
            normalize_rows(x, self.norm)
            return x
        matrix = as_samples(X, caller, numeric=True)
        if hasattr(self, "n_features_in_"):
            require_width(self, matrix.shape[1])
        target = self._target(X, matrix, copy, out)
        return _normalize(matrix, self.norm, 1, target, "X", caller)[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
