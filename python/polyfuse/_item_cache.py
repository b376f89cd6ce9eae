"""Rows of items on disk: plain .npy files, each whole or not there, for any number of processes.

A file holds the keys and rows of one batch, and is named by the hash of its content. So two
processes that write the same batch write the same file, and what is damaged shows.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._encoder import described

KEY = np.dtype("V32")


def key_of(i: int, item: Any) -> bytes:
    """32 bytes that tell the content of an item from any other.

    Raises
    ------
    TypeError
        If it is no str, bytes, path, array or image of Pillow.
    ValueError
        If a path cannot be read.
    """
    digest = hashlib.sha256()
    if isinstance(item, str):
        digest.update(b"text:" + item.encode("utf-8", "surrogatepass"))
    elif isinstance(item, bytes):
        digest.update(b"bytes:" + item)
    elif isinstance(item, os.PathLike):
        digest.update(b"bytes:")
        try:
            with open(item, "rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
        except OSError as error:
            raise ValueError(f"{described(i, item)} cannot be read: {error.strerror}.") from error
    elif isinstance(item, np.ndarray) and not item.dtype.hasobject:
        digest.update(f"array:{item.dtype.str}{item.shape}:".encode())
        digest.update(np.ascontiguousarray(item).data.cast("B") if item.size else b"")
    elif hasattr(item, "tobytes") and hasattr(item, "mode") and hasattr(item, "size"):
        digest.update(f"image:{item.mode}{item.size}:".encode() + item.tobytes())
    else:
        raise TypeError(
            f"{described(i, item)} has no key in a cache: that takes a str, bytes, path, array or "
            "image of Pillow."
        )
    return digest.digest()


class ItemRows:
    """Rows of distinct items, as they come.

    Parameters
    ----------
    keys : list of hashable
        Of the items that are wanted; items with one key have one row.
    known : (int, dtype), optional
        What rows are like, if that is known before.
    """

    def __init__(self, keys: list[Any], known: tuple[int, np.dtype] | None) -> None:
        self._place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
        self._done = np.zeros(len(self._place), bool)
        self._values: NDArray | None = None if known is None else self._empty(*known)

    def put(self, keys: list[Any], values: NDArray, origin: str) -> None:
        """Take the rows that are wanted.

        Raises
        ------
        ValueError
            If they are of another width or dtype than those before.
        """
        if self._values is None:
            self._values = self._empty(values.shape[1], values.dtype)
        elif (values.shape[1], values.dtype) != (self._values.shape[1], self._values.dtype):
            raise ValueError(
                f"{origin} rows of {values.shape[1]} {values.dtype}, after rows of "
                f"{self._values.shape[1]} {self._values.dtype}: rows of another function, or of "
                "another version of it, need another name."
            )
        wanted = [j for j, key in enumerate(keys) if key in self._place]
        places = [self._place[keys[j]] for j in wanted]
        self._values[places] = values[wanted]
        self._done[places] = True

    def missing(self) -> list[Any]:
        """Keys that have no row yet, in order."""
        return [key for key, done in zip(self._place, self._done, strict=True) if not done]

    def laid_out(self, keys: list[Any]) -> NDArray:
        """A row for each key.

        Raises
        ------
        ValueError
            If no row has come, which would tell the width.
        """
        if self._values is None:
            raise ValueError("X must have an item that is there, to tell the width of rows.")
        if len(keys) == len(self._place):
            return self._values
        return self._values[[self._place[key] for key in keys]]

    def _empty(self, width: int, dtype: np.dtype) -> NDArray:
        return np.empty((len(self._place), width), dtype)


class ItemCache:
    """Rows that a function has given, by the keys of items.

    Parameters
    ----------
    folder : str or path
        Made if it is not there; functions of other names may share it.
    name : str
        Of the function, and its version.
    """

    def __init__(self, folder: str | os.PathLike[str], name: str) -> None:
        readable = re.sub(r"[^\w.-]", "_", name)[:40]
        mark = hashlib.sha256(name.encode()).hexdigest()[:12]
        self.folder = Path(folder) / f"{readable}-{mark}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def batches(self) -> Iterator[tuple[list[bytes], NDArray]]:
        """Keys and rows of each file that is whole; others are removed."""
        for path in sorted(self.folder.glob("*.npy")):
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # another process has just removed it
                continue
            if hashlib.sha256(content).hexdigest() != path.stem:
                path.unlink(missing_ok=True)
                continue
            batch = np.load(io.BytesIO(content), allow_pickle=False)
            yield [key.tobytes() for key in batch["key"]], batch["row"]

    def save(self, keys: list[bytes], rows: NDArray) -> None:
        """Write a batch beside its place, and rename it."""
        batch = np.empty(len(keys), [("key", KEY), ("row", rows.dtype, rows.shape[1:])])
        batch["key"], batch["row"] = np.array(keys, KEY), rows
        buffer = io.BytesIO()
        np.save(buffer, batch, allow_pickle=False)
        content = buffer.getvalue()
        temporary = self.folder / f".{os.urandom(8).hex()}.tmp"
        try:
            with open(temporary, "xb") as file:
                file.write(content)
            os.replace(temporary, self.folder / f"{hashlib.sha256(content).hexdigest()}.npy")
        finally:
            temporary.unlink(missing_ok=True)
