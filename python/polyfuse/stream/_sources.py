"""What a source is opened as, by its type and by what a file begins with."""

from __future__ import annotations

import os
from typing import Any

from .._arrays import kind_of
from ..exceptions import SourceError
from ._readers import ArrayReader, NpyReader, Reader


def open_source(name: str, source: Any, *, one_per_row: bool) -> Reader:
    """A reader of a source."""
    if isinstance(source, Reader):
        return source
    if isinstance(source, str | os.PathLike):
        return NpyReader(f"{name} ({os.fspath(source)})", source, one_per_row=one_per_row)
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        return ArrayReader(name, source, one_per_row=one_per_row)
    raise SourceError(f"{name} must be a path or an array; got {kind_of(source)}.")
