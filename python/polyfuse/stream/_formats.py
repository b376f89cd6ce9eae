"""Which format a file is in, by its first bytes, and who reads it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace

from ._arrow_columns import Wanted
from ._arrow_file import MAGIC
from ._csv import CsvReader
from ._hdf5 import open_hdf5
from ._npy import open_npy
from ._npz import open_npz
from ._readers import Reader, SourceError
from ._tables import IpcReader, ParquetReader
from ._watched import Watched, plainly, reason
from ._zarr import MARKS, open_zarr

TABLES: dict[str, Callable[[Watched, Wanted], Reader]] = {
    "parquet": ParquetReader,
    "ipc": IpcReader,
    "csv": CsvReader,
}
_FIRST = (
    (b"\x93NUMPY", "npy"),
    (b"PK", "zip"),
    (b"PAR1", "parquet"),
    (MAGIC, "ipc"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
)
_OF_SUFFIX = {
    ".npy": "npy", ".npz": "zip", ".parquet": "parquet", ".arrow": "ipc", ".feather": "ipc",
    ".ipc": "ipc", ".h5": "hdf5", ".hdf5": "hdf5",
}  # fmt: skip
_REFUSED = (
    (b"\x1f\x8b", "is compressed by gzip, which cannot be entered in the middle: decompress it"),
    (b"\x28\xb5\x2f\xfd", "is compressed by Zstandard, which cannot be entered in the middle: "
     "decompress it"),
    (b"FEA1", "is of Feather 1, which is out of use: write it as Feather 2"),
    (b"\xff\xff\xff\xff", "looks like a stream of Arrow, which cannot be entered in the middle: "
     "write it as a file of Arrow (pyarrow.ipc.new_file)"),
)  # fmt: skip
_HDF5_STARTS = (512, 1024, 2048)  # after a block of the user's


def open_file(name: str, path: str, selector: str | None, wanted: Wanted) -> Reader:
    """Rows of one file, or of one store of Zarr.

    Parameters
    ----------
    name : str
        What errors call it.
    path : str
    selector : str or None
        What stands after the colon: columns, or the name of an array inside.
    wanted : Wanted
        What is read of a table.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    with plainly(name):
        return _opened(name, path, selector, wanted)


def _opened(name: str, path: str, selector: str | None, wanted: Wanted) -> Reader:
    kind = format_of(name, path)
    if kind in TABLES:
        if wanted.columns is None and selector is not None:
            wanted = replace(wanted, columns=selector.split(","))
        return TABLES[kind](Watched(path, name), wanted)
    if wanted.columns is not None:
        raise SourceError(f"{name} is no table, of which columns could be named.")
    if kind == "npy":
        if selector is not None:
            raise SourceError(f"{name} is one array; nothing of it can be named after a colon.")
        return open_npy(name, path)
    return {"npz": open_npz, "hdf5": open_hdf5, "zarr": open_zarr}[kind](name, path, selector)


def format_of(name: str, path: str) -> str:
    """One of "npy", "npz", "parquet", "ipc", "csv", "hdf5", "zarr".

    Raises
    ------
    SourceError
        If it is in no format that is known here.
    """
    if os.path.isdir(path):
        if any(os.path.exists(os.path.join(path, mark)) for mark in MARKS):
            return "zarr"
        raise SourceError(f"{name} is a folder, and no Zarr store.")
    try:
        with open(path, "rb") as file:
            head = file.read(16)
            userblock = [file.seek(start) and file.read(8) for start in _HDF5_STARTS]
    except (OSError, ValueError) as error:
        raise SourceError(f"{name} cannot be opened: {reason(error)}.") from error
    if not head:
        raise SourceError(f"{name} is empty.")
    for mark, why in _REFUSED:
        if head.startswith(mark):
            raise SourceError(f"{name} {why}.")
    found = next((kind for mark, kind in _FIRST if head.startswith(mark)), None)
    if found is None and _FIRST[-1][0] in userblock:
        found = "hdf5"
    if found == "zip":
        return _of_zip(path)
    return found or _by_suffix(name, path, head)


def _by_suffix(name: str, path: str, head: bytes) -> str:
    """Text, unless the file is called something else, or holds bytes that are no text."""
    said = _OF_SUFFIX.get(os.path.splitext(path)[1].lower())
    if said is not None:
        called = {"zip": "npz", "ipc": "Arrow", "hdf5": "HDF5", "parquet": "Parquet"}
        raise SourceError(
            f"{name} is called a file of {called.get(said, said)} and begins as none: {head[:8]!r}."
        )
    if b"\0" in head:
        raise SourceError(
            f"{name} is in no format that can be read here (.npy, .npz, Parquet, Arrow, HDF5, "
            f"Zarr, CSV); it begins with {head[:8]!r}."
        )
    return "csv"


def _of_zip(path: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            return "zarr" if any(mark in archive.namelist() for mark in MARKS) else "npz"
    except (zipfile.BadZipFile, OSError):
        return "npz"  # whose reader says what is wrong
