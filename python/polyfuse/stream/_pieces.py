"""Rows of formats that hand them out by pieces: row groups, record batches, chunks, lines.

A piece is read as a whole, and the last one that was not wanted as a whole is kept: what reads on
from there takes its rows out of memory.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from ._readers import Reader, SourceError
from ._values import empty_rows

PIECE = 8 << 20  # bytes of rows, where the format leaves a choice


class PieceReader(Reader):
    """Rows of pieces that follow each other; subclasses say what is in one."""

    _bounds: NDArray[np.int64]  # the first row of each piece, and the number of rows
    _kept: tuple[int, NDArray] | None = None

    @abstractmethod
    def _load(self, i: int, into: NDArray) -> None:
        """Write the rows of piece `i`."""

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Rows [start, stop), in `out` if it is given; else perhaps a view."""
        i = max(0, int(np.searchsorted(self._bounds, start, "right")) - 1)
        if out is None and start < stop <= self._bounds[i + 1]:
            first = int(self._bounds[i])
            return self._piece(i)[start - first : stop - first]
        if out is None:
            out = empty_rows(stop - start, self.width, self.dtype)
        at = start
        while at < stop:
            first, last = int(self._bounds[i]), int(self._bounds[i + 1])
            end = min(last, stop)
            into = out[at - start : end - start]
            if (at, end) == (first, last) and not self._keeps(i):
                self._load(i, into)
            elif at < end:
                into[...] = self._piece(i)[at - first : end - first]
            at, i = end, i + 1
        return out

    def close(self) -> None:
        """Let go of the piece that is kept."""
        self._kept = None

    def _keeps(self, i: int) -> bool:
        return self._kept is not None and self._kept[0] == i

    def _piece(self, i: int) -> NDArray:
        if self._kept is None or self._kept[0] != i:
            self._kept = None  # before the next is made
            n_rows = int(self._bounds[i + 1] - self._bounds[i])
            try:
                rows = empty_rows(n_rows, self.width, self.dtype)
            except (MemoryError, ValueError) as error:  # of which a damaged header may tell
                raise SourceError(
                    f"{self.name} has {n_rows} rows in one piece, which do not fit in memory."
                ) from error
            self._load(i, rows)
            self._kept = (i, rows)
        return self._kept[1]


def even_bounds(n_rows: int, step: int) -> NDArray[np.int64]:
    """Where pieces of `step` rows begin, and the last ends."""
    return np.append(np.arange(0, n_rows, max(1, step)), n_rows).astype(np.int64)
