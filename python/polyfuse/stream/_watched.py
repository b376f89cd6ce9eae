"""Files that must not change while they are read, and errors of libraries in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._readers import SourceError

_LONGEST = 300


class Watched:
    """A file, and what it was when it was opened.

    Parameters
    ----------
    path : str
    name : str
        What errors call the source.

    Raises
    ------
    SourceError
        If there is no such file.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path, self.name = os.path.abspath(path), name
        self.size, self.mtime_ns = self._now()

    def require_unchanged(self) -> None:
        """Raise SourceError if the file is gone, has shrunk, or was written to."""
        size, mtime_ns = self._now()
        if size < self.size:
            raise SourceError(
                f"{self.name} has shrunk since it was opened, from {self.size} bytes to {size}."
            )
        if (size, mtime_ns) != (self.size, self.mtime_ns):
            raise SourceError(
                f"{self.name} was written to since it was opened; it had {self.size} bytes and "
                f"has {size}."
            )

    def fingerprint(self) -> dict[str, Any]:
        """Path, size and time of change, for JSON."""
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Whatever goes wrong inside is a SourceError, and so is a file that has changed."""
        try:
            with plainly(self.name):
                yield
        except SourceError:
            self.require_unchanged()  # says more than what came of it
            raise
        self.require_unchanged()

    def _now(self) -> tuple[int, int]:
        try:
            state = os.stat(self.path)
        except (OSError, ValueError) as error:  # ValueError: a path with a null in it
            raise SourceError(f"{self.name} cannot be opened: {reason(error)}.") from error
        return state.st_size, state.st_mtime_ns


def paths_in(fingerprint: Any) -> Iterator[str]:
    """The files of which a fingerprint tells, and those inside of it."""
    inside = fingerprint if isinstance(fingerprint, list) else ()
    if isinstance(fingerprint, dict):
        if isinstance(fingerprint.get("path"), str):
            yield fingerprint["path"]
        inside = [*fingerprint.values()]
    for each in inside:
        yield from paths_in(each)


@contextmanager
def plainly(name: str) -> Iterator[None]:
    """Whatever goes wrong inside is a SourceError of one line; damaged files may raise anything."""
    try:
        yield
    except (SourceError, ImportError):
        raise
    except Exception as error:
        raise SourceError(f"{name} cannot be read: {reason(error)}.") from error


def reason(error: Exception) -> str:
    """What an error says, in one line without a full stop."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip()[:_LONGEST].rstrip(".: ")
