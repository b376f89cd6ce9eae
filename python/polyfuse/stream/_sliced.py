"""Rows of anything that has a shape, a dtype and slices: arrays of HDF5, Zarr, Dask and others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._pieces import PIECE, PieceReader, even_bounds
from ._raw_rows import width_of
from ._values import TEXT, as_plain, plain_dtype
from ._watched import plainly


class SlicedRows(PieceReader):
    """Rows of an array that is read by slices, whole chunks at a time.

    Parameters
    ----------
    name : str
    array : object with shape, dtype and slices
    chunk_rows : int
        Rows that the array stores together.
    origin : dict
        What the fingerprint says beside shape and dtype.
    reading : callable, optional
        Makes the context in which slices are read.
    close : callable, optional
        Closes what the array lies in.

    Raises
    ------
    SourceError
        If it is no array of rows of plain values.
    """

    def __init__(
        self,
        name: str,
        array: Any,
        chunk_rows: int = 1,
        *,
        origin: dict[str, Any] | None = None,
        reading: Callable[[], AbstractContextManager[None]] | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.name, self._array, self._origin = name, array, origin or {}
        self._reading, self._close = reading or (lambda: plainly(name)), close
        self.width = width_of(array.shape, name)
        self.n_rows = int(array.shape[0])
        self._stored = np.dtype(array.dtype)
        self.dtype = plain_dtype(self._stored, name)
        row_bytes = max(1, self.dtype.itemsize) * (self.width or 1)
        together = max(1, PIECE // (row_bytes * max(1, chunk_rows)))
        self._bounds = even_bounds(self.n_rows, max(1, chunk_rows) * together)

    def _load(self, i: int, into: NDArray) -> None:
        start, stop = map(int, self._bounds[i : i + 2])
        with self._reading():
            rows = np.asarray(self._array[start:stop])
            into[...] = as_plain(rows, self.dtype)

    def fingerprint(self) -> dict[str, Any]:
        """Where the array is, and what it is like."""
        shape = [self.n_rows] if self.width is None else [self.n_rows, self.width]
        dtype = "text" if self.dtype == TEXT else self._stored.str
        return {**self._origin, "shape": shape, "dtype": dtype}

    def close(self) -> None:
        """Close what the array lies in, if it was opened for that."""
        super().close()
        if self._close is not None:
            self._close()
