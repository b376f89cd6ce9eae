"""Rows of a source in another order than that in which they lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._readers import Reader
from ._values import empty_rows

_GAP = 1 << 16  # bytes that are read, and thrown away, sooner than read from another place
_RUN = 8 << 20  # bytes that are read at once


class JoinedReader(Reader):
    """Rows of a reader, gathered by their numbers.

    The rows of one call are read in the order in which they lie, those that are near to each other
    together. Where they lie all over the source, that is a read for each row of a .npy file, and of
    formats with pieces (row groups, chunks) a piece for each: sort such sources by their key.

    Parameters
    ----------
    reader : Reader
    rows : ndarray of int64
        Row i is row rows[i] of the reader.
    key : Reader
        What tells that; in the fingerprint.
    """

    def __init__(self, reader: Reader, rows: NDArray[np.int64], key: Reader) -> None:
        self.name, self.width, self.dtype = reader.name, reader.width, reader.dtype
        self.n_rows = len(rows)
        self._reader, self._rows, self._key = reader, rows, key
        self._row_bytes = max(1, self.dtype.itemsize * (self.width or 1))

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Rows [start, stop), in `out` if it is given."""
        if out is None:
            out = empty_rows(stop - start, self.width, self.dtype)
        rows = self._rows[start:stop]
        order = np.argsort(rows, kind="stable")
        for places in self._runs(rows, order):
            wanted = rows[places]
            first, last = int(wanted[0]), int(wanted[-1]) + 1
            out[places] = self._reader.read(first, last)[wanted - first]
        return out

    def fingerprint(self) -> dict[str, Any]:
        """The source, and the key by which it is joined."""
        return {**self._reader.fingerprint(), "joined_by": self._key.fingerprint()}

    def close(self) -> None:
        """Close the source and its key."""
        self._reader.close()
        self._key.close()

    def _runs(self, rows: NDArray[np.int64], order: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """Places of rows that are read together."""
        lying = rows[order]
        gaps = np.flatnonzero(np.diff(lying) > 1 + _GAP // self._row_bytes) + 1
        most = max(1, _RUN // self._row_bytes)
        for part in np.split(order, gaps):
            start = 0
            while start < len(part):
                end = int(np.searchsorted(rows[part], rows[part[start]] + most))
                yield part[start:end]
                start = end
