"""What a source of rows is to the rest of the library; arrays in memory.

Files are read at positions, never mapped: a file that somebody shortens meanwhile would end the
process by a signal. Reads let go of the GIL, so that kernels run beside them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import SourceError


class Reader(ABC):
    """Rows of one source, read in ranges.

    Attributes
    ----------
    name : str
        What errors call it, as in "image=a.npy".
    n_rows : int
    width : int or None
        Values per row; None for one value per row, of which arrays are 1-D.
    dtype : dtype
    concurrent : bool
        Whether several threads may read at a time.
    """

    concurrent: bool = False
    name: str
    n_rows: int
    width: int | None
    dtype: np.dtype

    @abstractmethod
    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Rows [start, stop), in `out` if that saves a copy.

        Raises
        ------
        SourceError
            If they cannot be read.
        """

    @abstractmethod
    def fingerprint(self) -> dict[str, Any]:
        """What must not change between a job and its resumption, for JSON."""

    def close(self) -> None:  # noqa: B027
        """Let go of what is open."""

    def __repr__(self) -> str:
        width = "one value per row" if self.width is None else f"{self.width} columns"
        kind = "text" if self.dtype.hasobject else self.dtype
        return f"{type(self).__name__}({self.name}: {self.n_rows} rows, {width}, {kind})"

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, of text those of pointers."""
        return self.dtype.itemsize * (self.width or 1)

    def shape(self, n: int) -> tuple[int, ...]:
        """The shape of n rows."""
        return (n,) if self.width is None else (n, self.width)


class ArrayReader(Reader):
    """Rows of an array in memory, as kernels take them: in native byte order, and aligned."""

    concurrent = True

    def __init__(self, array: NDArray, name: str) -> None:
        self.name, self._array = name, array
        self.n_rows, self.dtype = len(array), array.dtype.newbyteorder("=")
        self.width = None if array.ndim == 1 else array.shape[1]

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        rows = self._array[start:stop]
        if rows.dtype == self.dtype and rows.flags.aligned:
            return rows
        return rows.astype(self.dtype)

    def fingerprint(self) -> dict[str, Any]:
        return {"shape": list(self._array.shape), "dtype": self.dtype.str}


__all__ = ["ArrayReader", "Reader", "SourceError"]
