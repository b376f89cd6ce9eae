"""Named arrays in one file, in the safetensors format, with a checksum; NumPy alone reads it.

A file [1]_ is the length of a header (8 bytes, little-endian), the header, a JSON object that gives
dtype, shape and place of each array and, under ``__metadata__``, texts by name, and then the bytes
of the arrays, one after the other. Any reader of the format reads what is written here. The
checksum is one of the texts: SHA-256 of the header, with 64 zeros in its place, and of the bytes.

What is read may have been written by an enemy: every number is checked before it is used, nothing
is allocated that the file is too short for, and nothing in the file is ever looked up or run.

References
----------
.. [1] https://huggingface.co/docs/safetensors (the section "Format")
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._arrays import short
from .exceptions import ModelFileError

DTYPES = {
    "BOOL": np.dtype("?"), "U8": np.dtype("u1"), "I8": np.dtype("i1"), "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"), "U32": np.dtype("<u4"), "I32": np.dtype("<i4"), "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"), "F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "F64": np.dtype("<f8"),
}  # fmt: skip
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_METADATA, _CHECKSUM = "__metadata__", "sha256"
_BLANK = "0" * 64
_LONGEST_HEADER = 100_000_000  # bytes; other readers take no longer one
_MOST_DIMENSIONS = 32

FilePath = str | os.PathLike[str]


def write(
    path: FilePath, arrays: Mapping[str, NDArray], metadata: Mapping[str, str], *, sync: bool = True
) -> None:
    """Write arrays and texts to a file: whole, or not at all.

    The bytes depend on the arrays and texts alone, not on their order or on the memory they lie in.

    Parameters
    ----------
    path : str or path
        A regular file there is replaced once the new one is complete.
    arrays : mapping of str to ndarray
        Of booleans, integers or floats of up to 8 bytes; any strides and byte order.
    metadata : mapping of str to str
    sync : bool, default=True
        Wait until it is on the disk, so that it survives the machine as well as the process.

    Raises
    ------
    OSError
        If it cannot be written; what was there before still is.
    TypeError, ValueError
        If an array is of another dtype, or a name is taken.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from polyfuse import _safetensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _safetensors.write(f"{folder}/a.safetensors", {"a": np.arange(3)}, {"by": "hand"})
    ...     _safetensors.read(f"{folder}/a.safetensors")
    ({'a': array([0, 1, 2])}, {'by': 'hand'})
    """
    ready = {name: _little(name, array) for name, array in arrays.items()}
    # As other writers do: wide items first, so that each array is aligned to its own.
    order = sorted(ready, key=lambda name: (-ready[name].itemsize, name))
    chunks = [ready[name].reshape(-1).view(np.uint8) for name in order]
    header = _header({name: ready[name] for name in order}, metadata)
    digest = hashlib.sha256(header)
    for chunk in chunks:
        digest.update(chunk.data)
    header = header.replace(_BLANK.encode(), digest.hexdigest().encode(), 1)
    if len(header) > _LONGEST_HEADER:
        raise ValueError(
            f"names and metadata take {len(header)} bytes; safetensors allow {_LONGEST_HEADER}."
        )
    with _replacing(Path(path), sync) as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for chunk in chunks:
            file.write(chunk.data)


def read(path: FilePath) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Read arrays and texts that :func:`write` has written.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    arrays : dict of str to ndarray
        Each with memory of its own.
    metadata : dict of str to str

    Raises
    ------
    OSError
        If there is no such file, or it cannot be opened.
    ModelFileError
        If it is damaged, cut short, not of this format or without a checksum.
    """
    name = repr(os.fspath(path))
    with open(path, "rb", opener=_open_regular) as file:
        try:
            return _read(file, os.fstat(file.fileno()).st_size)
        except _DamagedError as error:
            raise ModelFileError(f"{name} cannot be read as a model: {error}.") from None
        except MemoryError:
            raise ModelFileError(f"{name} does not fit into memory.") from None


class _DamagedError(Exception):
    """What is wrong with a file."""


class _Place(NamedTuple):
    """An array of a file, and where its bytes begin and end."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


def _little(name: str, array: NDArray) -> NDArray:
    """The array, contiguous and little-endian."""
    dtype = np.asarray(array).dtype.newbyteorder("<")
    if dtype not in _NAMES:
        raise TypeError(f"array {name!r} must hold booleans or numbers; got dtype {dtype}.")
    if name == _METADATA:
        raise ValueError(f"an array must not be named {name!r}.")
    return np.asarray(array, dtype, order="C")


def _header(arrays: Mapping[str, NDArray], metadata: Mapping[str, str]) -> bytes:
    """The header, with a blank for the checksum; its length is a multiple of 8."""
    if _CHECKSUM in metadata:
        raise ValueError(f"metadata must leave {_CHECKSUM!r} free, for the checksum.")
    texts = {_CHECKSUM: _BLANK, **{name: metadata[name] for name in sorted(metadata)}}
    entries: dict[str, Any] = {_METADATA: texts}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        entries[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    header = json.dumps(entries, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % 8)


@contextmanager
def _replacing(target: Path, sync: bool) -> Iterator[BinaryIO]:
    """A new file that takes the place of the target once it is complete."""
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r}")
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise OSError(f"{str(target)!r} is not a regular file")
    temporary = target.with_name(f".polyfuse-{os.urandom(6).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _open_regular(path: str, flags: int) -> int:
    """Open a file, but do not wait for a pipe, or read from a device that never ends."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path!r} is not a regular file")
    return descriptor


def _read(file: BinaryIO, size: int) -> tuple[dict[str, NDArray], dict[str, str]]:
    length = int.from_bytes(_exactly(file, 8), "little")
    if not 2 <= length <= min(size - 8, _LONGEST_HEADER):
        text = f"its header would be {length} bytes long, of {size} in the file"
        cut_short = 2 <= length <= _LONGEST_HEADER
        raise _DamagedError(text if cut_short else f"it is no safetensors file; {text}")
    header = _exactly(file, length)
    entries = _parsed(header)
    metadata = _texts(entries.pop(_METADATA, None))
    places = sorted(
        (_place(name, entry) for name, entry in entries.items()),
        key=lambda place: (place.begin, place.end),
    )
    _require_gapless(places, size - 8 - length)
    checksum = metadata.pop(_CHECKSUM, "")
    if not re.fullmatch("[0-9a-f]{64}", checksum) or header.count(checksum.encode()) != 1:
        raise _DamagedError("it has no checksum (sha256 in its metadata)")
    digest = hashlib.sha256(header.replace(checksum.encode(), _BLANK.encode()))
    arrays = {}
    for place in places:
        array = np.empty(place.shape, place.dtype)
        content = array.reshape(-1).view(np.uint8).data
        if file.readinto(content) != len(content):  # type: ignore[attr-defined]
            raise _DamagedError("it ends too early")
        digest.update(content)
        arrays[place.name] = array
    if digest.hexdigest() != checksum:
        raise _DamagedError("its checksum is wrong, the file is damaged")
    for name, array in arrays.items():
        if array.dtype == bool and (array.view(np.uint8) > 1).any():
            raise _DamagedError(f"array {short(name)} holds booleans that are neither 0 nor 1")
    native = {name: _native(array) for name, array in arrays.items()}
    return native, metadata


def _native(array: NDArray) -> NDArray:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _exactly(file: BinaryIO, n: int) -> bytes:
    found = file.read(n)
    if len(found) != n:
        raise _DamagedError("it ends too early")
    return found


def parse(text: str) -> Any:
    """JSON, and nothing that Python takes for it beside.

    Raises
    ------
    ValueError
        If it is not, or a name occurs twice in an object.
    """
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _parsed(header: bytes) -> dict[str, Any]:
    """The header as a dict of unknown content."""
    try:
        entries = parse(header.decode())
    except ValueError as error:
        raise _DamagedError(f"its header is not JSON ({error})") from None
    if not isinstance(entries, dict):
        raise _DamagedError("its header is not a JSON object")
    return entries


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise _DamagedError(f"its {_METADATA} is not an object of texts")
    return found


def _place(name: str, entry: Any) -> _Place:
    """An entry of the header; its numbers agree with each other."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _DamagedError(f"array {short(name)} has not got dtype, shape and data_offsets alone")
    dtype = DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise _DamagedError(f"array {short(name)} has the unknown dtype {short(entry['dtype'])}")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or len(shape) > _MOST_DIMENSIONS:
        raise _DamagedError(f"array {short(name)} has no shape, but {short(shape)}")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise _DamagedError(f"array {short(name)} has no data_offsets, but {short(offsets)}")
    begin, end = offsets
    if math.prod(shape) * dtype.itemsize != end - begin:
        raise _DamagedError(
            f"array {short(name)} of shape {short(shape)} has {end - begin} bytes, not "
            f"{short(math.prod(shape) * dtype.itemsize)}"
        )
    # An array without elements has no bytes that would bound its other dimensions.
    if math.prod(n for n in shape if n) * dtype.itemsize > max(end, 2**31):
        raise _DamagedError(f"array {short(name)} has the shape {short(shape)}")
    return _Place(name, dtype, tuple(shape), begin, end)


def _are_sizes(found: Any) -> bool:
    # JSON's true is an int for Python; no size needs more than 63 bits.
    return isinstance(found, list) and all(type(n) is int and 0 <= n < 2**63 for n in found)


def _require_gapless(places: list[_Place], size: int) -> None:
    """Raise unless the arrays, in order, take all the bytes after the header, each byte once."""
    ends = [0, *(place.end for place in places)]
    begins = [*(place.begin for place in places), size]
    for (n, end), begin in zip(enumerate(ends), begins, strict=True):
        after = f"array {short(places[n - 1].name)}" if n else "the header"
        if begin > end:
            raise _DamagedError(f"{begin - end} bytes after {after} belong to no array")
        if begin < end:
            raise _DamagedError(f"{after} ends at byte {end}, after what comes next begins or ends")
