"""Which dtypes rows of a source have: numbers that kernels take, or one value of any plain kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._kernels.contract import INPUT_DTYPES
from ._readers import SourceError

TEXT = np.dtype(object)  # of str: their lengths are not known before all are read


def plain_dtype(dtype: np.dtype, name: str, *, numbers: bool = False) -> np.dtype:
    """What values of `dtype` are read as: in native byte order, bytes as text.

    Raises
    ------
    SourceError
        If it is complex, of records or of objects; if it is no dtype of `numbers`, where only
        those are wanted.
    """
    native = dtype.newbyteorder("=")
    if native in INPUT_DTYPES:
        return native
    if dtype.kind in "fiu":  # long double
        return np.dtype(np.float64)
    if not numbers:
        if dtype.kind == "S":
            return np.dtype(f"U{dtype.itemsize}")
        if dtype.kind in "UM":
            return native
        if dtype.kind == "T" or dtype == TEXT:
            return TEXT
    raise SourceError(
        f"{name} must hold {'numbers' if numbers else 'numbers or text'}; got dtype {dtype}."
    )


def as_plain(values: NDArray, dtype: np.dtype) -> NDArray:
    """Values as `plain_dtype` has them; copied only if they must be.

    Raises
    ------
    UnicodeDecodeError
        If bytes are no UTF-8 text.
    """
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    return values.astype(dtype, copy=False)


def empty_rows(n: int, width: int | None, dtype: np.dtype) -> NDArray:
    """Room for `n` rows."""
    return np.empty(n if width is None else (n, width), dtype)
