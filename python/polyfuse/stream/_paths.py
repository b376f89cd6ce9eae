"""Names of files: patterns, folders, and what stands after a colon."""

from __future__ import annotations

import glob
import os
from typing import Any

from ._readers import SourceError
from ._zarr import MARKS

_TABLES = (".parquet", ".arrow", ".feather", ".ipc", ".csv", ".tsv")
_HIDDEN = (".", "_")


def is_path(source: Any) -> bool:
    """Whether it is the name of a file, a folder or a pattern."""
    return isinstance(source, str | os.PathLike)


def listed(source: Any) -> list[Any] | None:
    """A path, or a list of them, as a list; None if it is neither."""
    if is_path(source):
        return [source]
    if isinstance(source, list | tuple) and source and all(map(is_path, source)):
        return list(source)
    return None


def files_of(name: str, source: Any) -> list[tuple[str, str | None]]:
    """The files that a path stands for, each with what stands after the colon.

    Raises
    ------
    SourceError
        If a pattern matches nothing, or a folder is empty.
    """
    path, selector = split(os.fspath(source))
    return [(found, selector) for found in _expanded(path, f"{name}={path}")]


def split(source: str) -> tuple[str, str | None]:
    """A path, and what stands after a colon; a path may have colons itself."""
    if _is_there(source):
        return source, None
    at = source.find(":")
    while at > 0:
        if _is_there(source[:at]):
            return source[:at], source[at + 1 :]
        at = source.find(":", at + 1)
    path, colon, selector = source.rpartition(":")
    # Of what is not there, that with a suffix is a file.
    return (path, selector) if colon and os.path.splitext(path)[1] else (source, None)


def _is_there(path: str) -> bool:
    return os.path.exists(path) or bool(glob.glob(path, recursive=True))


def _expanded(path: str, name: str) -> list[str]:
    if not os.path.exists(path):
        found = sorted(glob.glob(path, recursive=True))
        if not found and glob.has_magic(path):
            raise SourceError(f"{name} matches no file.")
        return found or [path]
    if not os.path.isdir(path) or any(os.path.exists(os.path.join(path, m)) for m in MARKS):
        return [path]
    files = _tables_in(path)
    if not files:
        raise SourceError(f"{name} is a folder without tables, and no Zarr store.")
    return files


def _tables_in(folder: str) -> list[str]:
    """Tables in a folder and those inside, but for what writers hide there until they are done."""
    files: list[str] = []
    for inside, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(_HIDDEN)]
        files += [
            os.path.join(inside, name)
            for name in names
            if name.lower().endswith(_TABLES) and not name.startswith(_HIDDEN)
        ]
    return sorted(files)
