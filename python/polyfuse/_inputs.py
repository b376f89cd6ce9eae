"""What scalers take as X and as weights: scikit-learn's checks, in its words, dense and sparse."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_doubles
from ._interchange import CAPSULES, as_array
from ._kernels.contract import INPUT_DTYPES
from ._parameters import is_sparse
from ._sparse import places
from .exceptions import warn

_ACCEPTED = frozenset(dtype.char for dtype in INPUT_DTYPES)
_FLOATS = frozenset("efd")
_OF_DTYPES = ("__array__", "dtype", *CAPSULES)  # lists have none
_ONE_MATRIX = "X must be one matrix; got {}: fit a scaler per block, or use Fusion(scaler=)."


def float_dtype(array: Any) -> np.dtype:
    """The dtype of what a scaler returns: that of `array` if it floats, else float64."""
    dtype: np.dtype = array.dtype
    return dtype if dtype.char in _FLOATS else np.dtype(np.float64)


def as_samples(x: Any, caller: str, *, ensure_2d: bool = True, numeric: bool = False) -> NDArray:
    """Return `x` as an array of samples that the kernels accept, copied only if it must be.

    It has to be `numeric` where scikit-learn does not convert what it takes, text least of all.

    Raises
    ------
    TypeError, ValueError
        If `x` is sparse, masked, complex or not numeric, or not 2-D, or has no row or no column.
    """
    array = x if type(x) is np.ndarray else _as_array(x, numeric=numeric)
    if numeric:
        _require_numeric(x, array, caller)
    if array.dtype.char not in _ACCEPTED or not array.dtype.isnative or not array.flags.aligned:
        array = _as_accepted(x, array)
    if array.ndim != 2 and (ensure_2d or array.ndim != 1):
        _complain_of_ndim(x, array.astype(float_dtype(array)), caller)
    if array.size == 0:
        _complain_of_nothing(array, caller)
    return array


def without_sparse_columns(x: Any, *, widen: bool) -> Any:
    """A data frame of sparse columns as a sparse matrix, one that has some as an array.

    All else is returned as it is. scikit-learn makes float64 of such frames in fit: `widen`.
    """
    if type(x) is np.ndarray or not hasattr(x, "iloc") or getattr(x, "ndim", 0) != 2:
        return x
    kinds = {type(dtype).__name__ for dtype in getattr(x, "dtypes", ())}
    if "SparseDtype" not in kinds:
        return x
    if len(kinds) == 1:
        x = x.sparse.to_coo()
    else:
        warn(
            "pandas.DataFrame with sparse columns found."
            "It will be converted to a dense numpy array."
        )
        x = np.asarray(x)
    return x.astype(np.float64) if widen else x


def _as_array(x: Any, *, numeric: bool) -> NDArray:
    require_dense(x, "X")
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError("X has masked values, which are not supported; fill them first.")
    if isinstance(x, np.matrix):
        raise TypeError(
            "np.matrix is not supported. Please convert to a numpy array with np.asarray. For more "
            "information see: https://numpy.org/doc/stable/reference/generated/numpy.matrix.html"
        )
    if isinstance(x, Mapping):
        raise TypeError(_ONE_MATRIX.format("a dict"))
    has_dtype = any(hasattr(x, name) for name in _OF_DTYPES)
    try:
        array = as_array(x, "X")
    except ValueError as error:
        if isinstance(x, list | tuple) and all(np.ndim(block) == 2 for block in x):
            raise ValueError(_ONE_MATRIX.format("a list of matrices")) from error
        raise
    if has_dtype or array.dtype.kind not in "fiub" or (numeric and array.ndim < 2):
        return array
    return array.astype(np.float64, copy=False)


def require_dense(x: Any, name: str, instead: str | None = None) -> None:
    """Or tell to densify, or which estimator to take `instead`."""
    if is_sparse(x):
        other = f", or {instead}, which takes sparse data" if instead else ""
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required. Use '.toarray()' to "
            f"convert to a dense numpy array{other}."
        )


def _require_numeric(x: Any, array: NDArray, caller: str) -> None:
    converted = array.dtype.kind == "c" or (array.dtype.kind == "O" and hasattr(x, "dtype"))
    if array.ndim < 2 and not converted:
        _complain_of_ndim(x, array, caller)
    if array.dtype.kind in "USV":
        raise ValueError(
            "dtype='numeric' is not compatible with arrays of bytes/strings."
            "Convert your data to numeric values explicitly instead."
        )


def _as_accepted(x: Any, array: NDArray) -> NDArray:
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{array}\n")
    if array.dtype.kind == "f" and array.dtype.newbyteorder("=").char in _FLOATS:
        return array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind == "O" and hasattr(x, "iloc"):
        x = x.astype(np.float64)  # a DataFrame knows what its missing values are
    return np.require(x, np.float64, "A")


def _complain_of_ndim(x: Any, array: NDArray, caller: str) -> NoReturn:
    if array.ndim > 2:
        context = caller and f" by {caller}"
        raise ValueError(f"Found array with dim {array.ndim}, while dim <= 2 is required{context}.")
    if array.ndim == 1 and hasattr(x, "iloc"):
        raise ValueError(
            f"Expected a 2-dimensional container but got {type(x)} instead. Pass a DataFrame "
            "containing a single row (i.e. single sample) or a single column (i.e. single "
            "feature) instead."
        )
    what = "scalar array" if array.ndim == 0 else "1D array"
    raise ValueError(
        f"Expected 2D array, got {what} instead:\narray={array}.\nReshape your data either using "
        "array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
        "contains a single sample."
    )


def _complain_of_nothing(x: Any, caller: str) -> NoReturn:
    what = "sample" if x.shape[0] == 0 else "feature"
    context = caller and f" by {caller}"
    raise ValueError(
        f"Found array with 0 {what}(s) (shape={x.shape}) while a minimum of 1 is required{context}."
    )


def as_sparse_samples(
    x: Any,
    caller: str,
    formats: tuple[str, ...],
    *,
    copy: bool,
    allow_nan: bool = True,
    name: str = "X",
) -> Any:
    """Return sparse `x` in the first of some formats, or in its own if it is one; floating, finite.

    Raises
    ------
    ValueError
        If `x` is complex, has no row or no column, or a value that is not finite.
    """
    if x.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{x}\n")
    own = x
    if x.format not in formats:
        x = x.asformat(formats[0])
    if x.dtype.char not in _FLOATS:
        x = x.astype(np.float64)
    if x.ndim != 2:
        raise ValueError(
            f"Expected 2D input, got input with shape {x.shape}.\nReshape your data either using "
            "array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
            "contains a single sample."
        )
    require_finite_values(x.data, name, caller, allow_nan=allow_nan, of=x)
    if 0 in x.shape:
        _complain_of_nothing(x, caller)
    writeable = x.data.flags.writeable
    return x.copy() if x is own and (copy or not writeable) else x


def require_finite_values(
    array: NDArray, name: str, caller: str, *, allow_nan: bool = False, of: Any = None
) -> None:
    """Raise ValueError if there is an infinity, or a NaN where they are not allowed.

    `of` is the CSR or CSC matrix whose stored values these are: it tells their rows and columns.
    """
    if array.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if array.dtype != np.float16 and np.isfinite(array.sum()):
            return
    nan = np.zeros(array.shape, bool) if allow_nan else np.isnan(array)
    bad = nan if nan.any() else np.isinf(array)
    if not bad.any():
        return
    what = "NaN" if nan.any() else f"infinity or a value too large for {array.dtype!r}"
    text = f"Input {name} contains {what}." if name else f"Input contains {what}."
    if nan.any() and name == "X":
        text += f"\n{caller} does not accept missing values encoded as NaN natively."
    first = np.argwhere(bad)[0]
    if of is not None:
        first = [indices[first[0]] for indices in places(of)]
    where = ", ".join(map(str, first))
    raise ValueError(f"{text} The first is at [{where}].")


def as_weights(
    weights: Any, n_rows: int, caller: str, *, allow_zeros: bool = False
) -> NDArray[np.float64] | None:
    """Return a contiguous float64 per row, or None; one number stands for all rows.

    Raises
    ------
    TypeError, ValueError
        If there is not one real, finite weight per row, or all are zero and that is not allowed.
    """
    if weights is None:
        return None
    if isinstance(weights, Number):
        weights = np.full(n_rows, weights, np.float64)
    vector = _real(weights, "sample_weight")
    if vector.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {vector.ndim}D array. Expected "
            f"either a scalar value or a 1D array of length {n_rows}."
        )
    require_finite_values(vector, "sample_weight", caller)
    if len(vector) != n_rows:
        raise ValueError(f"sample_weight.shape == {vector.shape}, expected {(n_rows,)}!")
    if not allow_zeros and not vector.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return vector


def _real(x: Any, name: str) -> NDArray[np.float64]:
    """Numbers as contiguous float64, of at least one dimension and one element."""
    require_dense(x, name)
    if getattr(getattr(x, "dtype", None), "kind", "") == "c":
        raise ValueError(f"Complex data not supported\n{x}\n")
    if not isinstance(x, np.ndarray | list | tuple):
        x = as_array(x, name)
    array = as_doubles(x)
    if array.ndim == 0:
        raise TypeError(
            "Input should have at least 1 dimension i.e. satisfy `len(x.shape) > 0`, got scalar "
            f"`{array!r}` instead."
        )
    if array.size == 0:
        _complain_of_nothing(array, "")
    return array
