"""Arrays of Zarr stores, by zarr: a few whole chunks (or shards) at a time.

Zarr reads a chunk that is not there as zeros, which is right for one that was never written. So
the files of chunks are listed when an array is opened, and one that is gone later, or was written
to, is an error.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ._readers import Reader, SourceError
from ._sliced import SlicedRows
from ._watched import Watched, plainly

MARKS = ("zarr.json", ".zarray", ".zgroup")


def open_zarr(name: str, path: str, array: str | None) -> Reader:
    """Rows of an array of a store: a folder, or a .zip file.

    Parameters
    ----------
    name : str
        What errors call it.
    path : str
    array : str or None
        Its path inside the store; None for the only one.

    Raises
    ------
    SourceError
        If the store cannot be read, or has no such array.
    """
    zarr = _library(name)
    with plainly(name):
        if os.path.isdir(path):
            found = _found(name, zarr.open(os.path.abspath(path), mode="r"), array, zarr)
            return _FolderRows(name, found, os.path.abspath(os.path.join(path, found.path)))
        watched = Watched(path, name)
        store = zarr.storage.ZipStore(watched.path, mode="r")
        found = _found(name, zarr.open(store, mode="r"), array, zarr)
        origin = {**watched.fingerprint(), "array": found.path}
        rows = _chunk_rows(found)
        return SlicedRows(
            name, found, rows, origin=origin, reading=watched.reading, close=store.close
        )


def array_rows(name: str, array: Any) -> Reader:
    """Rows of a zarr.Array, wherever it lies."""
    return SlicedRows(name, array, _chunk_rows(array), origin={"store": str(array.store_path)})


def _library(name: str) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise ImportError(
            f'{name} is read by zarr, which is not there: pip install "polyfuse[zarr]".'
        ) from error
    return zarr


def _found(name: str, opened: Any, array: str | None, zarr: Any) -> Any:
    if isinstance(opened, zarr.Array):
        if array is not None:
            raise SourceError(f"{name} is one array, in which there is no {array!r}.")
        return opened
    held = {key: each for key, each in opened.members(max_depth=None) if hasattr(each, "chunks")}
    names = ", ".join(sorted(held)) or "none"
    if array is None and len(held) != 1:
        raise SourceError(
            f"{name} must name one of its arrays, as in STORE:GROUP/ARRAY; it holds {names}."
        )
    key = next(iter(held)) if array is None else array.strip("/")
    if key not in held:
        raise SourceError(f"{name} has no array {array!r}; it holds {names}.")
    return held[key]


def _chunk_shape(array: Any) -> tuple[int, ...]:
    """What is stored in one file."""
    shape: tuple[int, ...] = getattr(array, "shards", None) or array.chunks
    return shape


def _chunk_rows(array: Any) -> int:
    return int((_chunk_shape(array) or (1,))[0])


class _FolderRows(SlicedRows):
    """Rows of an array whose chunks are files, which are there and unchanged as they are read."""

    def __init__(self, name: str, array: Any, folder: str) -> None:
        self._folder, self._files = folder, dict(_states(folder))
        origin = {
            "path": folder,
            "files": len(self._files),
            "size": sum(size for size, _ in self._files.values()),
            "mtime_ns": max((changed for _, changed in self._files.values()), default=0),
        }
        super().__init__(name, array, _chunk_rows(array), origin=origin)

    def _load(self, i: int, into: NDArray) -> None:
        try:
            super()._load(i, into)
        finally:  # a chunk that has changed says more than what came of it
            self._require_files(i)

    def _require_files(self, i: int) -> None:
        """Raise SourceError unless the chunks of a piece are what they were."""
        shape, (start, stop) = _chunk_shape(self._array), self._bounds[i : i + 2]
        across = [
            range(-(-length // step))
            for length, step in zip(self._array.shape[1:], shape[1:], strict=True)
        ]
        rows = range(start // shape[0], -(-stop // shape[0]))
        chunks = itertools.product(rows, *across)
        for key in (*MARKS, *map(self._array.metadata.encode_chunk_key, chunks)):
            if key in self._files and _state(os.path.join(self._folder, key)) != self._files[key]:
                raise SourceError(
                    f"{self.name} has changed since it was opened: {key} is gone or was written to."
                )


def _states(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for inside, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(inside, file)
            state = _state(path)
            if state is not None:
                yield os.path.relpath(path, folder), state


def _state(path: str) -> tuple[int, int] | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns
