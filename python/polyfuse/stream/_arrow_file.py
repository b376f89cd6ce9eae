"""How many rows each record batch of an Arrow IPC file has, without reading the batches.

PyArrow tells it only of batches that it has read. The format does: a file ends with the places of
its batches, and each begins with its length. Both are FlatBuffers, of which a few fields are read
here (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format).
"""

from __future__ import annotations

import os
import struct

from ._readers import SourceError

MAGIC = b"ARROW1"
_TAIL = struct.Struct("<i6s")  # length of the footer, magic
_BLOCK = struct.Struct("<qixxxxq")  # offset, bytes of metadata, bytes of the body
_FOOTER_BATCHES, _MESSAGE_HEADER, _BATCH_LENGTH = 3, 2, 0  # fields by their number


def batch_lengths(path: str, size: int, name: str) -> list[int]:
    """Rows of each record batch of a file of `size` bytes.

    Raises
    ------
    SourceError
        If the file does not end as one of Arrow does, or points outside of itself.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        tail = os.pread(fd, _TAIL.size, max(0, size - _TAIL.size))
        if not tail.endswith(MAGIC):
            raise SourceError(
                f"{name} is truncated, or was not closed: it has {size} bytes, and no footer of "
                "an Arrow file at their end."
            )
        n_bytes, _ = _TAIL.unpack(tail)
        footer = os.pread(fd, n_bytes, size - _TAIL.size - n_bytes)
        return [_length(fd, *block, size) for block in _blocks(footer)]
    except (struct.error, OSError, OverflowError, _Outside) as error:
        raise SourceError(f"{name} is damaged: its footer points to no record batches.") from error
    finally:
        os.close(fd)


class _Outside(Exception):
    """The footer points to where no record batch is."""


def _blocks(footer: bytes) -> list[tuple[int, int, int]]:
    (root,) = struct.unpack_from("<I", footer)
    vector = _field(footer, root, _FOOTER_BATCHES)
    if vector is None:
        return []
    vector += struct.unpack_from("<I", footer, vector)[0]
    (n,) = struct.unpack_from("<I", footer, vector)
    return [_BLOCK.unpack_from(footer, vector + 4 + i * _BLOCK.size) for i in range(n)]


def _length(fd: int, offset: int, n_metadata: int, n_body: int, size: int) -> int:
    if offset < 0 or n_body < 0 or offset + n_metadata + n_body > size:
        raise _Outside
    metadata = os.pread(fd, n_metadata, offset)
    # Since version 0.15 four bytes of ones stand before the length of the metadata.
    start = 8 if metadata.startswith(b"\xff\xff\xff\xff") else 4
    message = metadata[start:]
    (root,) = struct.unpack_from("<I", message)
    header = _field(message, root, _MESSAGE_HEADER)
    if header is None:
        raise _Outside
    header += struct.unpack_from("<I", message, header)[0]
    length = _field(message, header, _BATCH_LENGTH)
    n_rows = 0 if length is None else int(struct.unpack_from("<q", message, length)[0])
    if n_rows < 0:
        raise _Outside
    return n_rows


def _field(table: bytes, start: int, number: int) -> int | None:
    """Where field `number` of the FlatBuffers table at `start` lies; None if it has its default."""
    (back,) = struct.unpack_from("<i", table, start)
    fields = start - back
    (n_bytes,) = struct.unpack_from("<H", table, fields)
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", table, fields + place)[0] if place < n_bytes else 0
    return start + offset if offset else None
