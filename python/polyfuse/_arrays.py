"""The one door for arrays: dtype, layout, shape, and every message about them.

What passes is what the kernels accept: 2-D, aligned, native byte order, a dtype of the contract,
any strides. Nothing is copied unless it has to be converted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, NoReturn, TypeGuard

import numpy as np
from numpy.exceptions import TooHardError
from numpy.typing import ArrayLike, NDArray

from ._interchange import as_array
from ._kernels.contract import INPUT_DTYPES, RESULT_DTYPES, Block, Rows
from .exceptions import NotFittedError, shared

_ONE = np.ones(1)
_MAX_WORK = 10_000  # of np.shares_memory: some hundred microseconds
_ACCEPTED = frozenset(dtype.char for dtype in INPUT_DTYPES)


def as_matrix(x: ArrayLike, name: str = "X", *, min_rows: int = 0) -> NDArray:
    """Return `x` as a 2-D array the kernels accept, copied only if it must be converted.

    Raises
    ------
    ValueError
        If `x` is not 2-D, not numeric, complex, or has no column or fewer than `min_rows` rows.
    """
    array = x if type(x) is np.ndarray else _as_array(x, name)
    if array.ndim != 2:
        _complain_of_ndim(array, name)
    if array.dtype.char not in _ACCEPTED or not array.dtype.isnative or not array.flags.aligned:
        array = _as_accepted(array, name)
    if array.shape[1] == 0 or array.shape[0] < min_rows:
        what, n = ("feature", 0) if array.shape[1] == 0 else ("sample", array.shape[0])
        raise ValueError(
            f"{name} has {n} {what}(s) (shape={array.shape}) while a minimum of "
            f"{max(1, min_rows)} is required."
        )
    return array


def is_accepted(x: Any) -> TypeGuard[NDArray]:
    """Whether `as_matrix` would return `x` itself."""
    if type(x) is not np.ndarray or x.ndim != 2 or x.shape[1] == 0:
        return False
    dtype = x.dtype
    return dtype.char in _ACCEPTED and dtype.isnative and bool(x.flags.aligned)


def as_numbers(x: ArrayLike, name: str = "X") -> NDArray:
    """Return `x` as an array of a dtype the kernels accept, of any shape, copied only if it must.

    Raises
    ------
    ValueError
        If `x` is not numeric, or complex.
    """
    array = x if type(x) is np.ndarray else _as_array(x, name, "an array")
    if array.dtype.char in _ACCEPTED and array.dtype.isnative and array.flags.aligned:
        return array
    return _as_accepted(array, name)


def _as_array(x: Any, name: str, what: str = "a 2-D array") -> NDArray:
    if hasattr(x, "toarray"):
        raise TypeError(
            f"{name} is sparse ({type(x).__name__}), but dense data is required. "
            "Use .toarray() to convert it, if it fits in memory."
        )
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{name} has masked values, which are not supported; fill them first.")
    try:
        array = as_array(x, name)
    except ValueError as error:
        raise ValueError(f"{name} must be {what} of numbers: {error}") from error
    if array.ndim == 0 and array.dtype.kind not in "fiubc":
        raise TypeError(f"{name} must be an array of numbers; got {kind_of(x)}.")
    return array


def _complain_of_ndim(array: NDArray, name: str) -> NoReturn:
    if array.ndim == 1:
        raise ValueError(
            f"{name} must be 2-D, one row per sample; got a 1-D array of shape {array.shape}. "
            "Reshape it with .reshape(-1, 1) if it is a single feature, "
            "or .reshape(1, -1) if it is a single sample."
        )
    raise ValueError(
        f"{name} must be 2-D, one row per sample; got {array.ndim} dimensions, shape {array.shape}."
    )


def _as_accepted(array: NDArray, name: str) -> NDArray:
    if array.dtype.kind == "c":
        raise ValueError(f"{name} must be real; got dtype {array.dtype}.")
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be numeric: {error}") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be numeric; got dtype {array.dtype}.")
    native = array.dtype.newbyteorder("=")
    return array.astype(native if native.char in _ACCEPTED else np.float64)


def result_dtype(arrays: Sequence[NDArray]) -> np.dtype:
    """The precision of the blocks together: NumPy's promotion, float64 where it is no float."""
    dtypes = {a.dtype for a in arrays}
    promoted = dtypes.pop() if len(dtypes) == 1 else np.result_type(*dtypes)
    if promoted == np.float16:
        return np.dtype(np.float32)
    return promoted if promoted in RESULT_DTYPES else np.dtype(np.float64)


def output_dtype(arrays: Sequence[NDArray]) -> np.dtype:
    """What the blocks together are written as: as `result_dtype`, but float16 stays float16."""
    half = all([a.dtype.char == "e" for a in arrays])
    return np.dtype(np.float16) if half else result_dtype(arrays)


def one_block(block: Block, dtype: np.dtype) -> Rows:
    """Rows of a single block."""
    return Rows((block,), "concatenate", _ONE, dtype)


def as_out(
    out: NDArray | None, shape: tuple[int, int], dtype: np.dtype, inputs: Sequence[NDArray] = ()
) -> NDArray:
    """A new array, or `out` if it fits; it may be one of the inputs, but not overlap one.

    A new array lies column after column if all inputs do, so that they are swept as they lie.

    Raises
    ------
    TypeError, ValueError
        If `out` is not a writeable array of that shape and dtype.
    """
    if out is None:
        by_column = bool(inputs) and all(array.flags.fnc for array in inputs)
        return np.empty(shape, dtype, order="F" if by_column else "C")
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array; got {type(out).__name__}.")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(
            f"out must have shape {shape} and dtype {dtype}; got {out.shape} and {out.dtype}."
        )
    if not out.flags.writeable or not out.flags.aligned or not out.dtype.isnative:
        raise ValueError("out must be writeable, aligned and in native byte order.")
    for array in inputs:
        if np.may_share_memory(out, array) and not _same_view(out, array) and overlap(out, array):
            raise ValueError(
                "out must be an input itself or share no memory with any: what is written would "
                "change what is still to be read. Pass out=None, or a copy of the input."
            )
    return out


def overlap(a: NDArray, b: NDArray) -> bool:
    """Whether arrays have an element in common; taken for granted where it takes long to tell.

    Columns, or every other row, of one buffer may lie between each other and have none.
    """
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=_MAX_WORK)  # type: ignore[arg-type,unused-ignore]
    except TooHardError:
        return True


def _same_view(a: NDArray, b: NDArray) -> bool:
    return (
        a.ctypes.data == b.ctypes.data
        and a.strides == b.strides
        and a.shape == b.shape
        and a.dtype == b.dtype
    )


def as_doubles(x: ArrayLike) -> NDArray[np.float64]:
    """Numbers as contiguous, aligned float64, as kernels take them, copied only if they are not.

    Arrays that another process has sent, as to a worker of Dask, may lie at any address.
    """
    array = np.asarray(x, np.float64, order="C")
    return array if array.flags.aligned else array.copy()


def as_vector(x: ArrayLike, name: str, length: int | None = None) -> NDArray[np.float64]:
    """Return finite numbers as a contiguous 1-D float64 array of a given length."""
    if not isinstance(x, np.ndarray | list | tuple):
        x = as_array(x, name)
    try:
        vector = as_doubles(x)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numeric: {error}") from error
    if vector.ndim != 1:
        raise ValueError(f"{name} must be 1-D; got shape {vector.shape}.")
    if length is not None and len(vector) != length:
        raise ValueError(f"{name} must have {length} values; got {len(vector)}.")
    if not np.isfinite(vector).all():
        raise ValueError(f"{name} must be finite; got {vector[~np.isfinite(vector)][0]}.")
    return vector


def per_column(x: ArrayLike, name: str, width: int) -> NDArray[np.float64]:
    """Return one finite float64 per column, given one number or `width` of them."""
    if isinstance(x, float) and isfinite(x):  # in microseconds less, for short calls
        return _repeated(x, width)
    vector = as_vector(np.atleast_1d(x), name)
    if len(vector) not in (1, width):
        raise ValueError(f"{name} must be a number or have {width} values; got {len(vector)}.")
    return vector if len(vector) == width else _repeated(vector[0], width)


def _repeated(x: float, n: int) -> NDArray[np.float64]:
    vector = np.empty(n)
    vector.fill(x)  # np.full takes three times as long
    return vector


def as_sample_weight(weights: ArrayLike | None, n_rows: int) -> NDArray[np.float64] | None:
    """Return one finite, non-negative float64 per row, or None."""
    if weights is None:
        return None
    vector = as_vector(weights, "sample_weight", n_rows)
    if (vector < 0).any() or not vector.any():
        raise ValueError("sample_weight must be non-negative and not all zero.")
    return vector


def require_finite(arrays: Mapping[str, NDArray], *, allow_nan: bool = False) -> None:
    """Raise ValueError naming the first array that holds an infinity, or a NaN if not allowed."""
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            continue
        for start in range(0, len(array), 4096):
            part = array[start : start + 4096]
            bad = np.isinf(part) if allow_nan else ~np.isfinite(part)
            if bad.any():
                row, column = np.argwhere(bad)[0]
                what = "NaN" if np.isnan(array[start + row, column]) else "infinity"
                raise ValueError(
                    f"{name} contains {what} (first in row {start + row}, column {column})."
                )


def require_rows(n_rows: int, y: Any, name: str = "y") -> None:
    """Raise ValueError unless `y` has one entry per row."""
    given = "one value" if getattr(y, "ndim", 1) == 0 else len(y)
    if given != n_rows:
        raise ValueError(f"{name} must have one entry per row; got {given} for {n_rows} rows.")


def require_fitted(estimator: Any, attribute: str) -> None:
    """Raise NotFittedError unless `fit` has set the attribute."""
    if getattr(estimator, attribute, None) is None:
        raise shared(NotFittedError)(
            f"This {type(estimator).__name__} instance is not fitted yet. Call 'fit' with "
            "appropriate arguments before using this estimator."
        )


def require_width(estimator: Any, width: int) -> None:
    """Raise ValueError, in scikit-learn's words, if X has another width than in fit."""
    if width != estimator.n_features_in_:
        raise ValueError(
            f"X has {width} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )


def kind_of(x: Any) -> str:
    """What `x` is, for a message: its class, with the module of one that is not ours or Python's.

    A class itself is called one: it often stands where an instance is meant.
    """
    kind = x if isinstance(x, type) else type(x)
    plain = kind.__module__ == "builtins" or kind.__module__.startswith("polyfuse.")
    name = kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"
    return f"the class {name}" if isinstance(x, type) else name


def short(value: Any) -> str:
    """A value for a message: on one line, and cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except (RecursionError, ValueError):  # lists nested too deep, numbers of too many digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def require_fields(result: Any, names: str, maker: str) -> None:
    """Raise TypeError, saying which function makes such a result, if it lacks one of the fields."""
    lacking = [name for name in names.split() if not hasattr(result, name)]
    if lacking:
        raise TypeError(
            f"result must be what polyfuse.inspection.{maker} returns; got {kind_of(result)}, "
            f"which has no {lacking[0]!r}."
        )


def one_of(value: Any, name: str, allowed: Iterable[Any]) -> None:
    """Raise ValueError, naming the argument and the value, unless it is one of those allowed."""
    choices = allowed if isinstance(allowed, tuple) else tuple(allowed)
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.")


def require_callable(value: Any, name: str) -> None:
    """Raise TypeError unless the value can be called, or is None."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be callable; got {value!r}.")


def require_number(
    value: Any, name: str, *, least: float = -np.inf, above: float = -np.inf, integer: bool = False
) -> None:
    """Raise ValueError unless the value is a finite number, at least `least`, above `above`."""
    kinds = (int, np.integer) if integer else (int, float, np.integer, np.floating)
    number = isinstance(value, kinds) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value < least or value <= above:
        what = "an integer" if integer else "a finite number"
        bound = f" of at least {least:g}" if least > -np.inf else ""
        bound = f" above {above:g}" if above > -np.inf else bound
        raise ValueError(f"{name} must be {what}{bound}; got {value!r}.")
