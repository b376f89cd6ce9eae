"""Rows that lie in a file as they do in memory: read by their position, never mapped.

A mapped file that shrinks ends the process (SIGBUS); a positioned read that comes to the end of a
file says so, and releases the GIL.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._readers import Reader, SourceError
from ._values import as_plain, empty_rows, plain_dtype
from ._watched import Watched


@dataclass(frozen=True)
class Layout:
    """Where the values of an array lie in a file, from its first byte on."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype
    by_column: bool = False

    @property
    def nbytes(self) -> int:
        """How many bytes the values take."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


class RawRows(Reader):
    """Rows of an array that lies in a file.

    Parameters
    ----------
    watched : Watched
    layout : Layout
        Of one or two dimensions.
    origin : dict, optional
        What else the fingerprint is to say.

    Raises
    ------
    SourceError
        If the file is shorter than that, or the array is no matrix and no vector.
    """

    concurrent = True

    def __init__(
        self, watched: Watched, layout: Layout, origin: dict[str, Any] | None = None
    ) -> None:
        self.name = watched.name
        self.width = width_of(layout.shape, self.name)
        self.n_rows = layout.shape[0]
        self.dtype = plain_dtype(layout.dtype, self.name)
        self._watched, self._layout, self._origin = watched, layout, origin or {}
        self._fd, self._opening = -1, Lock()

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Rows [start, stop), in `out` if it is given."""
        stored = self._layout.dtype
        direct = out is not None and out.dtype == stored and not self._layout.by_column
        raw = out if direct else empty_rows(stop - start, self.width, stored)
        assert raw is not None
        with self._watched.reading():
            with self._opening:
                if self._fd < 0:
                    self._fd = self._opened()
            self._fill(raw, start)
            values = as_plain(raw, self.dtype)
        if out is None or values is out:
            return values
        out[...] = values
        return out

    def fingerprint(self) -> dict[str, Any]:
        """The file, and what is read of it."""
        shape, dtype = list(self._layout.shape), self._layout.dtype.str
        return {**self._watched.fingerprint(), **self._origin, "shape": shape, "dtype": dtype}

    def close(self) -> None:
        """Close the file; reading opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)

    def _opened(self) -> int:
        require_bytes(self._watched.size, self._layout, self.name)
        return os.open(self._watched.path, os.O_RDONLY | os.O_CLOEXEC)

    def _fill(self, raw: NDArray, start: int) -> None:
        layout, size = self._layout, raw.dtype.itemsize
        if not layout.by_column or self.width is None:
            first = layout.offset + start * size * (self.width or 1)
            read_at(self._fd, raw, first, self.name)
            return
        columns = np.empty(raw.shape[::-1], raw.dtype)
        for j, column in enumerate(columns):
            place = layout.offset + (j * self.n_rows + start) * size
            read_at(self._fd, column, place, self.name)
        raw[...] = columns.T


def width_of(shape: tuple[int, ...], name: str) -> int | None:
    """How many values a row has, or None for one that is no row of a matrix.

    Raises
    ------
    SourceError
        If that is no shape of rows, or of rows without a value.
    """
    if len(shape) not in (1, 2):
        raise SourceError(f"{name} must be 2-D, one row per sample; got shape {tuple(shape)}.")
    if len(shape) == 2 and shape[1] == 0:
        raise SourceError(f"{name} has no columns; its shape is {tuple(shape)}.")
    return int(shape[1]) if len(shape) == 2 else None


def require_bytes(size: int, layout: Layout, name: str) -> None:
    """Raise SourceError if a file of `size` bytes cannot hold what its header says."""
    expected = layout.offset + layout.nbytes
    if size < expected:
        raise SourceError(
            f"{name} is truncated: its header takes {expected} bytes, and it has {size}."
        )


def read_at(fd: int, into: NDArray, offset: int, name: str) -> None:
    """Fill a C-contiguous array with bytes of a file from an offset on.

    Raises
    ------
    SourceError
        If the file ends before.
    """
    view = into.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(view):
        n = os.preadv(fd, [view[done:]], offset + done)
        if n == 0:
            raise SourceError(
                f"{name} ends at byte {offset + done}, where {len(view) - done} more are to be."
            )
        done += n
