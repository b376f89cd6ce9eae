"""Arrays of .npy files, read in place."""

from __future__ import annotations

from typing import IO

import numpy as np

from ._raw_rows import Layout, RawRows, require_bytes
from ._readers import Reader, SourceError
from ._watched import Watched

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def open_npy(name: str, path: str) -> Reader:
    """Rows of a .npy file.

    Raises
    ------
    SourceError
        If it is none, or is shorter than its header says.
    """
    watched = Watched(path, name)
    with watched.reading(), open(watched.path, "rb") as file:
        layout = read_layout(file, name)
    require_bytes(watched.size, layout, name)
    return RawRows(watched, layout)


def read_layout(file: IO[bytes], name: str) -> Layout:
    """What the header of an array says, which is at the beginning of a file.

    Raises
    ------
    SourceError
        If it holds more than plain values.
    """
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise SourceError(f"{name} must hold plain values; its header is of version {version}.")
    shape, by_column, dtype = _HEADERS[version](file)
    if any(n < 0 for n in shape):
        raise SourceError(f"{name} is damaged: its header has the shape {shape}.")
    if dtype.hasobject:
        raise SourceError(
            f"{name} holds Python objects, pickled, which are not read; save text as "
            "array.astype(str), numbers as array.astype(float)."
        )
    return Layout(file.tell(), shape, dtype, by_column)
