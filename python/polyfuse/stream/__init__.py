"""Data larger than memory, read, learned from and written a chunk at a time."""

from __future__ import annotations

from ._iterables import Stream
from ._keys import open_aligned
from ._readers import Reader, SourceError
from ._sources import Source, open_source

__all__ = ["Reader", "Source", "SourceError", "Stream", "open_aligned", "open_source"]
