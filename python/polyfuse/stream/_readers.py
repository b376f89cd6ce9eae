"""Sources that are read a range of rows at a time: what all have in common, arrays and .npy files.

Files are read at positions, never mapped: a file that somebody shortens meanwhile would end the
process by a signal. Reads let go of the GIL, so that kernels run beside them.
"""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import SourceError

NPY = b"\x93NUMPY"


class Reader(ABC):
    """A matrix, or one value per row, of which ranges of rows can be read in any order.

    Attributes
    ----------
    name : str
        What errors call it.
    n_rows : int
    width : int or None
        Columns; None for one value per row, which is read as 1-D arrays.
    dtype : dtype
        Of what is read, in native byte order.
    """

    name: str
    n_rows: int
    width: int | None
    dtype: np.dtype

    @abstractmethod
    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Rows from start to below stop.

        Parameters
        ----------
        start, stop : int
        out : ndarray, optional
            C-contiguous, of the right shape and dtype: where to read to, if that saves a copy.
            What is returned holds the rows in any case.

        Raises
        ------
        SourceError
            If they cannot be read.
        """

    @abstractmethod
    def fingerprint(self) -> dict[str, Any]:
        """What must not change between a job and its resumption, as JSON can hold it."""

    def close(self) -> None:  # noqa: B027
        """Let go of files, if there are any."""

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * (1 if self.width is None else self.width)

    def shape(self, n: int) -> tuple[int, ...]:
        """The shape of n rows."""
        return (n,) if self.width is None else (n, self.width)


def layout(shape: tuple[int, ...], name: str, one_per_row: bool) -> tuple[int, int | None]:
    """Rows and columns of an array of a shape; no columns where it has one value per row.

    Raises
    ------
    SourceError
        If it has other dimensions.
    """
    if one_per_row:
        if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
            return shape[0], None
        raise SourceError(f"{name} must hold one value per row; got shape {shape}.")
    if len(shape) == 2 and shape[1] > 0:
        return shape[0], shape[1]
    raise SourceError(f"{name} must hold a matrix, a row per sample; got shape {shape}.")


def require_readable(dtype: np.dtype, name: str, one_per_row: bool) -> None:
    """Raise SourceError unless a dtype is one of numbers or, one per row, of text."""
    if dtype.kind not in ("biufSU" if one_per_row else "biuf") or dtype.char == "g":
        what = "numbers or text" if one_per_row else "numbers"
        raise SourceError(f"{name} must hold {what}; got dtype {dtype}.")


class ArrayReader(Reader):
    """Anything with a shape, a dtype and slices of rows: arrays, memory maps, Zarr, HDF5."""

    def __init__(self, name: str, array: Any, *, one_per_row: bool = False) -> None:
        self.name, self.array = name, array
        require_readable(np.dtype(array.dtype), name, one_per_row)
        self.n_rows, self.width = layout(tuple(array.shape), name, one_per_row)
        self.dtype = np.dtype(array.dtype).newbyteorder("=")

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        try:
            rows = np.asarray(self.array[start:stop])
        except Exception as error:
            raise SourceError(f"{self.name} cannot be read: {_words(error)}.") from error
        if len(rows) != stop - start:
            raise SourceError(f"{self.name} has become shorter than {self.n_rows} rows.")
        return rows.reshape(self.shape(stop - start)).astype(self.dtype, copy=False)

    def fingerprint(self) -> dict[str, Any]:
        return {"shape": [self.n_rows, self.width], "dtype": self.dtype.str}


class NpyReader(Reader):
    """A .npy file, or one that lies at some place in another file."""

    def __init__(
        self, name: str, path: str | os.PathLike[str], *, one_per_row: bool = False, offset: int = 0
    ) -> None:
        self.name, self.path, self._fd = name, os.fspath(path), -1
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise SourceError(f"{name} cannot be opened: {_words(error)}.") from error
        try:
            shape, self._by_column, stored, self._offset = read_header(self._fd, name, offset)
            require_readable(stored, name, one_per_row)
            self.n_rows, self.width = layout(shape, name, one_per_row)
            self._stored, self.dtype = stored, stored.newbyteorder("=")
            self._require_whole()
        except BaseException:
            self.close()
            raise

    def _require_whole(self) -> None:
        self._status = os.fstat(self._fd)
        wanted = self._offset + self.n_rows * self.row_bytes
        if self._status.st_size < wanted:
            raise SourceError(
                f"{self.name} is truncated: its header promises {wanted} bytes, the file has "
                f"{self._status.st_size}."
            )

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        n = stop - start
        if self._by_column and self.width is not None:
            columns = np.empty((self.width, n), self._stored)
            for j, column in enumerate(columns):
                self._fill(column, (j * self.n_rows + start) * self._stored.itemsize)
            return np.ascontiguousarray(columns.T, self.dtype)
        fits = out is not None and self._stored == self.dtype
        rows = out if fits and out is not None else np.empty(self.shape(n), self._stored)
        self._fill(rows, start * self.row_bytes)
        return rows.astype(self.dtype, copy=False)

    def _fill(self, rows: NDArray, place: int) -> None:
        fill(self._fd, rows, self._offset + place, self.name)

    def fingerprint(self) -> dict[str, Any]:
        return {
            "path": os.path.abspath(self.path),
            "size": self._status.st_size,
            "mtime_ns": self._status.st_mtime_ns,
            "shape": [self.n_rows, self.width],
            "dtype": self._stored.str,
        }

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


def fill(fd: int, rows: NDArray, place: int, name: str) -> None:
    """Fill a C-contiguous array with the bytes of a file from a place on.

    Raises
    ------
    SourceError
        If the file ends before, or cannot be read.
    """
    view = rows.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(view):
        try:
            got = os.preadv(fd, [view[done:]], place + done)
        except OSError as error:
            raise SourceError(f"{name} cannot be read: {_words(error)}.") from error
        if got == 0:
            raise SourceError(
                f"{name} has become shorter while it was read: it ends at byte {place + done}, "
                f"within rows that were there."
            )
        done += got


def read_header(fd: int, name: str, offset: int = 0) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, whether it lies by columns, dtype, and where the values begin, of a .npy file.

    Raises
    ------
    SourceError
        If it has no such header.
    """
    try:
        with os.fdopen(os.dup(fd), "rb") as file:
            file.seek(offset)
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                shape, by_column, dtype = np.lib.format.read_array_header_2_0(file)
            place = file.tell()
    except (OSError, ValueError) as error:
        raise SourceError(f"{name} is no .npy file: {_words(error)}.") from error
    if dtype.hasobject:
        raise SourceError(f"{name} holds Python objects, which are not read from files.")
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize > 1 << 62:
        raise SourceError(f"{name} is no .npy file: its header has the shape {shape}.")
    return shape, by_column and len(shape) > 1, dtype, place


def _words(error: Exception) -> str:
    """What an exception says, in one line, without a full stop."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join((text or type(error).__name__).split()).rstrip(".")
