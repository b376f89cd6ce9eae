"""Blocks that come as they come, kept in unnamed temporary files, so that they can be read again.

Whoever makes the blocks, a generator or a model, is asked once, however many passes there will be,
and rows can be visited in any order. That takes the size of the blocks on disk, in TMPDIR, and no
memory but for texts of the target.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._iterables import Piece, Stream
from ._raw_rows import read_at
from ._readers import ArrayReader, Reader, SourceError
from ._watched import reason

_BESIDE = ("target", "sample_weight")


class SpooledRows(Reader):
    """Rows in a temporary file that is gone with its reader."""

    concurrent = True

    def __init__(self, name: str, first: NDArray) -> None:
        self.name, self.n_rows, self._fd = name, 0, -1
        self.width = None if first.ndim == 1 else first.shape[1]
        self.dtype = first.dtype.newbyteorder("=")
        with tempfile.TemporaryFile() as file:
            self._fd = os.dup(file.fileno())

    def add(self, rows: NDArray) -> None:
        """Rows behind those there are.

        Raises
        ------
        SourceError
            If there is no room for them.
        """
        view = np.ascontiguousarray(rows, self.dtype).reshape(-1).view(np.uint8).data
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise SourceError(
                f"{self.name} cannot be kept in {tempfile.gettempdir()}: {reason(error)}; TMPDIR "
                "names another place."
            ) from error
        self.n_rows += len(rows)

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        rows = np.empty(self.shape(stop - start), self.dtype) if out is None else out
        read_at(self._fd, rows, start * self.row_bytes, self.name)
        return rows

    def fingerprint(self) -> dict[str, Any]:
        shape = list(self.shape(self.n_rows))
        return {"pid": os.getpid(), "shape": shape, "dtype": self.dtype.str}

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


def spool(stream: Stream) -> dict[str, Reader]:
    """Readers of all blocks that a stream gives, and of "target" and "sample_weight".

    Raises
    ------
    SourceError
        If it gives nothing, or the pieces are not alike.
    """
    kept: dict[str, SpooledRows] = {}
    texts: dict[str, list[NDArray]] = {}
    for piece in stream:
        require_free(piece.blocks)
        for name, rows in _arrays(piece).items():
            if rows.dtype.kind in "UO":
                texts.setdefault(name, []).append(rows.copy())
                continue
            if name not in kept:
                kept[name] = SpooledRows(name, rows)
            kept[name].add(rows)
    if not kept:
        raise SourceError("blocks gives no rows.")
    readers: dict[str, Reader] = dict(kept)
    for name, parts in texts.items():
        readers[name] = ArrayReader(np.concatenate(parts), name)
    return readers


def require_free(names: Iterable[str]) -> None:
    """Raise SourceError if a modality is called as what is read beside modalities."""
    for name in names:
        if name in _BESIDE:
            raise SourceError(f"A modality cannot be called {name!r}.")


def _arrays(piece: Piece) -> dict[str, NDArray]:
    values = dict(zip(_BESIDE, (piece.y, piece.weight), strict=True))
    return {**piece.blocks, **{name: x for name, x in values.items() if x is not None}}
