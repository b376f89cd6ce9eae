"""The one door for data that are no arrays: Arrow, DLPack, data frames, what has ``__array__``.

Memory is looked at where it lies if that is possible. Columns that lie apart are gathered into one
array, column after column, which is the only copy that is made.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

STREAM, ARRAY, DLPACK = "__arrow_c_stream__", "__arrow_c_array__", "__dlpack__"
CAPSULES = (STREAM, ARRAY, DLPACK)

_NUMBERS = frozenset("fiub")
_DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm"}  # of dlpack.h
_OF_CPU = (1, 3, 11, 13)  # its own memory, and what it shares with CUDA and ROCm


def as_array(x: Any, name: str) -> NDArray:
    """`x` as an array of whatever kind and shape it has; missing values are NaN.

    Raises
    ------
    TypeError, RuntimeError
        If it is a tensor that NumPy cannot look at, or is not computed yet.
    ValueError
        If it has columns of several values per row, or rows of different lengths.
    """
    if hasattr(x, "iloc"):
        return _of_pandas(x)
    x = opened(x, name)
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(x, pyarrow.Table | pyarrow.RecordBatch):
        return _of_table(x, name)
    try:
        return np.asarray(x)
    except (TypeError, RuntimeError, BufferError) as error:
        if not hasattr(x, DLPACK):
            raise
        raise _unreadable(x, name, error) from error


def opened(x: Any, name: str) -> Any:
    """`x`, or what has ``__array__`` in place of what has only a protocol to pass memory on.

    Some streams can be opened only once.

    Raises
    ------
    TypeError
        If that takes a library that is not there, another device, or a computation first.
    """
    if hasattr(x, "__array__") or isinstance(x, list | tuple):
        return x
    if hasattr(x, STREAM) or hasattr(x, ARRAY):
        return _of_arrow(x, name)
    if hasattr(x, DLPACK):
        return _of_dlpack(x, name)
    if hasattr(x, "collect"):
        raise TypeError(
            f"{name} is not computed yet ({type(x).__name__}); pass what its .collect() returns."
        )
    return x


def dimensions(x: Any) -> int | None:
    """How many dimensions `x` has, if that shows before it is read; a stream has two."""
    if isinstance(x, list | tuple | str | float | int):
        return None
    ndim = getattr(x, "ndim", None)
    if isinstance(ndim, int):
        return ndim
    if hasattr(x, "shape"):
        return len(x.shape)
    if hasattr(x, STREAM) or hasattr(x, ARRAY):
        return 1 if hasattr(x, "__len__") else 2  # Arrow's arrays and columns have a length
    if hasattr(x, "__array__") or hasattr(x, DLPACK):
        return as_array(x, "X").ndim
    return None


def column_names(x: Any) -> Sequence[Any] | None:
    """What a data frame, or a table, calls its columns; a stream is not opened for that."""
    if not any(hasattr(x, mark) for mark in ("iloc", "__dataframe__", STREAM, ARRAY)):
        return None
    for own in ("column_names", "columns"):
        names = getattr(x, own, None)
        if names is not None and not callable(names):
            return names  # type: ignore[no-any-return]
    names = getattr(getattr(x, "schema", None), "names", None)
    if names is not None:
        return names  # type: ignore[no-any-return]
    pyarrow = _library("pyarrow") if hasattr(x, "__arrow_c_schema__") else None
    return None if pyarrow is None else [field.name for field in pyarrow.schema(x)]


# -- Arrow ---------------------------------------------------------------------------------------


def _of_arrow(x: Any, name: str) -> Any:
    """A table, or a column, of what offers the C interface: nothing is copied."""
    pyarrow = _library("pyarrow")
    if pyarrow is not None:
        array = pyarrow.chunked_array(x) if hasattr(x, STREAM) else pyarrow.array(x)
        is_table = pyarrow.types.is_struct(array.type)
        return pyarrow.Table.from_struct_array(array) if is_table else array
    polars = _library("polars")
    # Before 1.10 it reads the first part of a table and drops the others.
    if polars is None or [*map(int, polars.__version__.split(".")[:2])] < [1, 10]:
        raise TypeError(
            f"{name} offers its data by the Arrow C interface ({type(x).__name__}), which takes "
            "pyarrow, or polars from 1.10 on, to read: install one of them."
        )
    series = polars.Series(x)
    return series.struct.unnest() if isinstance(series.dtype, polars.Struct) else series


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _of_table(table: Any, name: str) -> NDArray:
    dtypes = [
        _number_type(field, column, name)
        for field, column in zip(table.schema, table.columns, strict=True)
    ]
    if any(dtype is None for dtype in dtypes):  # text, dates, decimals: as pyarrow has them
        return np.asarray(table)
    columns = [getattr(column, "chunks", [column]) for column in table.columns]
    alike = len(set(dtypes)) == 1 and dtypes[0] != np.bool_  # of which Arrow packs the bits
    if alike and all(len(chunks) == 1 and not chunks[0].null_count for chunks in columns):
        matrix = _in_place([chunk.to_numpy() for (chunk,) in columns], table)
        if matrix is not None:
            return matrix
    dtype = np.result_type(*dtypes) if dtypes else np.float64
    parts = ([chunk.to_numpy(zero_copy_only=False) for chunk in chunks] for chunks in columns)
    return _gathered(parts, (table.num_rows, table.num_columns), dtype)


def _number_type(field: Any, column: Any, name: str) -> np.dtype | None:
    """The dtype of a column of numbers, wide enough for NaN where values are missing."""
    if field.type.num_fields:
        raise ValueError(
            f"{name} must have one number per row and column; column {field.name!r} is of type "
            f"{field.type}."
        )
    try:
        dtype = np.dtype(field.type.to_pandas_dtype())
    except (NotImplementedError, TypeError):
        return None
    if dtype.kind not in _NUMBERS:
        return None
    return np.dtype(np.float64) if column.null_count and dtype.kind != "f" else dtype


def _in_place(columns: list[NDArray], owner: Any) -> NDArray | None:
    """Columns that lie at one distance from each other, as in a file of Arrow, as one matrix."""
    first = columns[0]
    places = [column.__array_interface__["data"][0] for column in columns]
    steps = {after - before for before, after in pairwise(places)} or {first.nbytes}
    step = steps.pop()
    if steps or len(first) == 0 or step < first.nbytes or step % first.itemsize:
        return None
    return np.asarray(_Memory(first, len(columns), step, owner))


class _Memory:
    """What NumPy needs to look at some columns, and what keeps them alive."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, first: NDArray, n_columns: int, step: int, owner: Any) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "shape": (len(first), n_columns),
            "strides": (first.itemsize, step),
            "typestr": first.dtype.str,
            "data": (first.__array_interface__["data"][0], True),
        }


def _gathered(columns: Iterable[Iterable[NDArray]], shape: tuple[int, int], dtype: Any) -> NDArray:
    """Columns, each in some parts, as one matrix in which they lie one after another."""
    matrix = np.empty(shape, dtype, order="F")
    for j, parts in enumerate(columns):
        start = 0
        for part in parts:
            matrix[start : start + len(part), j] = part
            start += len(part)
    return matrix


# -- pandas --------------------------------------------------------------------------------------


def _of_pandas(x: Any) -> NDArray:
    """Nullable and Arrow-backed numbers as float64, as scikit-learn has them.

    Left to itself, pandas makes an object of each of them where some are missing.
    """
    if x.ndim == 1:
        if not _is_extension(getattr(x, "dtype", None)):
            return np.asarray(x)
        if x.hasnans:
            return np.asarray(x.to_numpy(np.float64, na_value=np.nan))
        return np.asarray(x, getattr(x.dtype, "numpy_dtype", None))
    dtypes = [*getattr(x, "dtypes", ())]  # what only looks like a frame has none
    if not any(map(_is_extension, dtypes)) or any(d.kind not in _NUMBERS for d in dtypes):
        return np.asarray(x)
    columns = ([x.iloc[:, j].to_numpy(np.float64, na_value=np.nan)] for j in range(len(dtypes)))
    return _gathered(columns, x.shape, np.float64)


def _is_extension(dtype: Any) -> bool:
    """Whether it is a dtype of numbers that NumPy has not; sparse ones know better themselves."""
    if isinstance(dtype, np.dtype) or type(dtype).__name__ == "SparseDtype":
        return False
    return getattr(dtype, "kind", None) in _NUMBERS


# -- tensors -------------------------------------------------------------------------------------


def _of_dlpack(x: Any, name: str) -> NDArray:
    device = x.__dlpack_device__()[0]
    if device not in _OF_CPU:
        raise _elsewhere(name, _DEVICES.get(device, f"number {int(device)} of DLPack"))
    try:
        return np.from_dlpack(x)
    except (RuntimeError, BufferError) as error:
        raise _unreadable(x, name, error) from error


def _elsewhere(name: str, device: Any) -> TypeError:
    return TypeError(
        f"{name} lies on the device {device}, where NumPy cannot look; pass what its .cpu() "
        "returns."
    )


def _unreadable(x: Any, name: str, error: Exception) -> Exception:
    """What to do about a tensor that does not become an array."""
    if getattr(x, "requires_grad", False):
        return RuntimeError(f"{name} is a tensor that requires grad; pass what .detach() returns.")
    device = getattr(x, "device", "cpu")
    if getattr(device, "type", device) != "cpu":
        return _elsewhere(name, device)
    if "bfloat16" in str(getattr(x, "dtype", "")):
        return TypeError(
            f"{name} is of dtype {x.dtype}, which NumPy has not; pass what its .float() returns."
        )
    return TypeError(f"{name} cannot be read as an array ({type(x).__name__}): {error}")
