"""Arrays of texts, bytes and records as arrays of numbers, and back.

Texts are the code points of their characters, a row of them for each text; bytes and records are
rows of bytes. What an array stands for is said beside its name, in ``{"array": name, "of": ...}``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import kind_of, short
from ._kernels.contract import (
    CHAIN,
    CHAIN_LOSSES,
    INPUT_DTYPES,
    PART,
    PENALTIES,
    SCHEDULES,
)
from .exceptions import ModelFileError

RECORDS = {"CHAIN": CHAIN, "PART": PART}
_RECORDS_OF = {dtype: name for name, dtype in RECORDS.items()}
_PLACES = {"loss": CHAIN_LOSSES, "penalty": PENALTIES, "schedule": SCHEDULES}
_LAST_CHARACTER = 0x10FFFF


def is_array(value: Any) -> bool:
    """Whether it is an array of NumPy's, not of a class that means more by its values."""
    return type(value) in (np.ndarray, np.memmap, np.ma.MaskedArray)


class Arrays:
    """Arrays as they are packed, each under a name of its own."""

    def __init__(self) -> None:
        self.named: dict[str, NDArray] = {}
        self._known: dict[int, tuple[Any, dict[str, Any]]] = {}  # by id, and held so that it stays

    def put(self, array: NDArray, name: str, where: str) -> dict[str, Any]:
        """Keep an array under a name like that, and return what stands for it.

        Raises
        ------
        TypeError
            If it is of no dtype that can be told.
        """
        if id(array) in self._known:
            return self._known[id(array)][1]
        plain, node = _plain(array, where)
        n, own = 1, name
        while own in self.named:
            n, own = n + 1, f"{name}~{n + 1}"
        self.named[own] = plain
        node = {"array": own, **node}
        self._known[id(array)] = array, node
        return node


def _plain(array: NDArray, where: str) -> tuple[NDArray, dict[str, Any]]:
    """An array of numbers, and what else is to be said of it."""
    array, kind = np.asarray(array), array.dtype.kind
    if array.dtype.newbyteorder("=") in INPUT_DTYPES:
        columns = array.flags.f_contiguous and not array.flags.c_contiguous
        return (array.T, {"order": "F"}) if columns else (array, {})
    if kind in "US" and array.dtype.itemsize:
        native = np.asarray(array, array.dtype.newbyteorder("="), order="C")
        item, of = (np.uint32, "text") if kind == "U" else (np.uint8, "bytes")
        return native.reshape(*native.shape, 1).view(item), {"of": of}
    if array.dtype in _RECORDS_OF:
        rows = np.array(array, order="C").reshape(*array.shape, 1).view(np.uint8)
        return rows, {"of": _RECORDS_OF[array.dtype]}
    raise TypeError(
        f"{where} holds an array of dtype {array.dtype}, which is not saved: a file of a model "
        "holds booleans, integers, floats of up to 8 bytes, and texts."
    )


class Taken:
    """Arrays of a file, by the names that are given to them."""

    def __init__(self, arrays: dict[str, NDArray]) -> None:
        self._arrays = arrays
        self._made: dict[str, tuple[dict[str, Any], NDArray]] = {}

    def take(self, node: dict[str, Any]) -> NDArray:
        """The array that something stands for; the same if it stands for it again."""
        name = node["array"]
        if not isinstance(name, str) or name not in self._arrays:
            raise ModelFileError(f"there is no array {short(name)}")
        if name in self._made:
            if self._made[name][0] != node:
                raise ModelFileError(f"array {short(name)} stands for two things")
            return self._made[name][1]
        made = _restored(self._arrays[name], node)
        self._made[name] = node, made
        return made

    def require_used(self) -> None:
        """Raise if an array stands for nothing."""
        for name in self._arrays:
            if name not in self._made:
                raise ModelFileError(f"array {short(name)} stands for nothing")


def as_array(node: dict[str, Any], arrays: Taken) -> NDArray:
    """The array of ``{"array": name, ...}``."""
    if not set(node) <= {"array", "of", "order"} or len(node) > 2:
        raise ModelFileError(f"nothing is known of an array with {short(list(node))}")
    return arrays.take(node)


def _restored(array: NDArray, node: dict[str, Any]) -> NDArray:
    if node.get("order", "F") != "F":
        raise ModelFileError(f"nothing is known of the order {short(node['order'])}")
    of = node.get("of")
    if of is None:
        return array.T if "order" in node else array
    wanted = np.uint32 if of == "text" else np.uint8
    if not isinstance(of, str) or of not in ("text", "bytes", *RECORDS):
        raise ModelFileError(f"nothing is known of an array of {short(of)}")
    if array.dtype != wanted or array.ndim == 0 or array.shape[-1] == 0:
        raise ModelFileError(f"{of} is not in {kind_of(array)} {array.shape} of {array.dtype}")
    width = array.shape[-1]
    if of == "text":
        return _as_text(array, width)
    if of == "bytes":
        return array.view(f"S{width}")[..., 0]
    return _as_records(array, RECORDS[of], of)


def _as_text(array: NDArray, width: int) -> NDArray:
    """Texts of code points, which NumPy takes on trust."""
    if (array > _LAST_CHARACTER).any():
        raise ModelFileError("an array of texts has a character that is none")
    return array.view(f"U{width}")[..., 0]


def _as_records(array: NDArray, dtype: np.dtype, of: str) -> NDArray:
    """Records of chains, which say nothing that the kernels have no place for."""
    if array.shape[-1] != dtype.itemsize:
        raise ModelFileError(f"a record of {of} has {array.shape[-1]} bytes")
    records: NDArray = array.view(dtype)[..., 0]
    for name, places in _PLACES.items():
        if name in (dtype.names or ()):
            found = records[name]
            if ((found < 0) | (found >= len(places))).any():
                raise ModelFileError(f"a record of {of} has no such {name}")
    return records
