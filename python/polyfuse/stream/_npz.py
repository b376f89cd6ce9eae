"""Arrays of .npz files, one of which is larger than memory.

A member that is only stored (`np.savez`) is read in place, where it lies in the file. One that is
deflated (`np.savez_compressed`) cannot be entered in the middle, and is read more than once by
most jobs: it is decompressed once, a mebibyte at a time, into an unnamed temporary file that is
gone with its reader. That takes its size on disk, in TMPDIR, and no memory.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zipfile
from dataclasses import replace
from typing import IO, Any

from ._npy import read_layout
from ._raw_rows import Layout, RawRows, require_bytes
from ._readers import Reader, SourceError
from ._watched import Watched, reason

_LOCAL = struct.Struct("<4s22xHH")  # what stands before a member: its mark, two lengths at the end
_PART = 1 << 20


def open_npz(name: str, path: str, member: str | None) -> Reader:
    """Rows of one array of a .npz file.

    Parameters
    ----------
    name : str
        What errors call it.
    path : str
    member : str or None
        Name of the array; None for the only one.

    Raises
    ------
    SourceError
        If the file is no whole .npz file, or has no such array.
    """
    watched = Watched(path, name)
    with watched.reading(), open(watched.path, "rb") as file, _opened(file, name) as archive:
        info = _member(archive, name, os.path.basename(path), member)
        layout = _layout(archive, info, name)
        if layout.nbytes + layout.offset != info.file_size:
            raise SourceError(
                f"{name} is damaged: its header takes {layout.nbytes + layout.offset} bytes, and "
                f"it has {info.file_size}."
            )
        origin = {"member": info.filename, "crc": info.CRC}
        if info.compress_type != zipfile.ZIP_STORED:
            return _InflatedRows(watched, layout, origin)
        layout = replace(layout, offset=layout.offset + _start(file, info, name))
        require_bytes(watched.size, layout, name)
        return RawRows(watched, layout, origin)


def _opened(file: IO[bytes], name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise SourceError(f"{name} is truncated, or no .npz file: {reason(error)}.") from error


def _member(
    archive: zipfile.ZipFile, name: str, file_name: str, member: str | None
) -> zipfile.ZipInfo:
    arrays = {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }
    held = ", ".join(arrays) or "none"
    if member is None and len(arrays) != 1:
        raise SourceError(
            f"{name} must name one of its arrays, as in {file_name}:KEY; it holds {held}."
        )
    key = next(iter(arrays)) if member is None else member
    if key not in arrays:
        raise SourceError(f"{name} has no array {key!r}; it holds {held}.")
    if arrays[key].flag_bits & 1:
        raise SourceError(f"{name} is encrypted.")
    return arrays[key]


def _layout(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Layout:
    with archive.open(info) as file:
        return read_layout(file, name)


def _start(file: IO[bytes], info: zipfile.ZipInfo, name: str) -> int:
    """Where the bytes of a member begin; what the directory says does not tell."""
    file.seek(info.header_offset)
    mark, *lengths = _LOCAL.unpack(file.read(_LOCAL.size))
    if mark != b"PK\x03\x04":
        raise SourceError(f"{name} is damaged: its directory points to what is no array.")
    return int(info.header_offset + _LOCAL.size + sum(lengths))


class _InflatedRows(RawRows):
    """Rows of a deflated member, decompressed when they are first read."""

    def __init__(self, watched: Watched, layout: Layout, origin: dict[str, Any]) -> None:
        super().__init__(watched, layout, origin)
        self._member = str(origin["member"])

    def _opened(self) -> int:
        with (
            zipfile.ZipFile(self._watched.path) as archive,
            archive.open(self._member) as packed,
            tempfile.TemporaryFile(buffering=0) as plain,
        ):
            while part := packed.read(_PART):  # the last of which has its checksum compared
                self._write(plain, part)
            return os.dup(plain.fileno())

    def _write(self, plain: Any, part: bytes) -> None:
        rest = memoryview(part)
        try:
            while rest:
                rest = rest[plain.write(rest) :]
        except OSError as error:
            raise SourceError(
                f"{self.name} cannot be decompressed into {tempfile.gettempdir()}: "
                f"{reason(error)}; TMPDIR names another place."
            ) from error
