"""Rows of several sources as those of one: many files, one after another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._readers import Reader, SourceError
from ._values import empty_rows

_OPEN = 2  # at a time: each may keep a piece of its rows


class PartsReader(Reader):
    """Rows of parts that follow each other.

    Each part is opened to see what it has, and closed; a few are open at a time.

    Parameters
    ----------
    name : str
        What errors call all of them.
    parts : sequence of callables
        Each opens one.

    Raises
    ------
    SourceError
        If a part cannot be read, or has another width or dtype than the first.
    """

    def __init__(self, name: str, parts: Sequence[Callable[[], Reader]]) -> None:
        self.name, self._parts = name, parts
        self._open: OrderedDict[int, Reader] = OrderedDict()
        counts, self._prints, first = [0], [], ""
        for opener in parts:
            part = opener()
            if not first:
                first, self.width, self.dtype = part.name, part.width, part.dtype
            self._require_alike(part, first)
            counts.append(part.n_rows)
            self._prints.append(part.fingerprint())
            part.close()
        self._bounds = np.cumsum(counts, dtype=np.int64)
        self.n_rows = int(self._bounds[-1])

    def _require_alike(self, part: Reader, first: str) -> None:
        if part.width != self.width:
            raise SourceError(
                f"{part.name} has {part.width or 1} values per row, and {first} {self.width or 1}."
            )
        if part.dtype != self.dtype:
            if not part.dtype.kind == self.dtype.kind == "U":
                raise SourceError(f"{part.name} has dtype {part.dtype}, and {first} {self.dtype}.")
            self.dtype = max(self.dtype, part.dtype, key=lambda dtype: dtype.itemsize)

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Rows [start, stop), in `out` if it is given or they are of several parts."""
        i = max(0, int(np.searchsorted(self._bounds, start, "right")) - 1)
        if start < stop <= self._bounds[i + 1] and self._part(i).dtype == self.dtype:
            first = int(self._bounds[i])
            return self._part(i).read(start - first, stop - first, out)
        if out is None:
            out = empty_rows(stop - start, self.width, self.dtype)
        at = start
        while at < stop:
            first, end = int(self._bounds[i]), min(int(self._bounds[i + 1]), stop)
            if at < end:
                into, part = out[at - start : end - start], self._part(i)
                fits = into if part.dtype == self.dtype else None
                rows = part.read(at - first, end - first, fits)
                if rows is not into:
                    into[...] = rows
            at, i = end, i + 1
        return out

    def fingerprint(self) -> dict[str, Any]:
        """What all parts say of themselves."""
        return {"parts": self._prints}

    def close(self) -> None:
        """Close all parts."""
        while self._open:
            self._open.popitem()[1].close()

    def _part(self, i: int) -> Reader:
        part = self._open.pop(i, None)
        if part is None:
            part = self._parts[i]()
            if part.fingerprint() != self._prints[i]:
                raise SourceError(f"{part.name} has changed since it was first opened.")
            while len(self._open) >= _OPEN:
                self._open.popitem(last=False)[1].close()
        self._open[i] = part
        return part
