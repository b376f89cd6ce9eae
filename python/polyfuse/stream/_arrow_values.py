"""Record batches of Arrow as rows of NumPy: columns side by side, lists as several columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrow_columns import arrow, is_list
from ._readers import SourceError
from ._watched import plainly

_TILE = 2000  # rows; a power of two would have columns collide in a cache


class Place(NamedTuple):
    """Where values come from, for errors: a source, a column of it, and the first row of them."""

    name: str
    column: str
    first: int

    def missing(self, there: NDArray, per_row: int = 1) -> SourceError:
        """That values are not there which must be."""
        row = self.first + int(np.argmin(there)) // per_row
        return SourceError(
            f"{self.name} has no value in row {row}, column {self.column!r}, which only columns "
            "of floating numbers may lack."
        )


def put(into: NDArray, batch: Any, columns: Sequence[str], first: int, name: str) -> None:
    """Write columns of a record batch side by side, whatever their dtypes.

    Parameters
    ----------
    into : ndarray of shape (n, width) or (n,)
    batch : pyarrow.RecordBatch
    columns : sequence of str
    first : int
        The number of its first row, for errors.
    name : str

    Raises
    ------
    SourceError
        If a value is missing that cannot be NaN, or lists have not the length they should have.
    """
    if into.ndim == 1:
        into[...] = _values(batch.column(columns[0]), Place(name, columns[0], first))
        return
    parts: list[NDArray] = []
    for column in columns:
        values, place = batch.column(column), Place(name, column, first)
        part = _lists(values, place) if is_list(values.type) else _values(values, place)
        if part is None:  # no list is there that could tell their length
            part = np.full((len(values), into.shape[1] - _width(parts)), np.nan)
        parts.append(part)
    if _width(parts) != into.shape[1]:
        raise SourceError(
            f"{name} has {_width(parts)} values per row from row {first} on, and "
            f"{into.shape[1]} before."
        )
    if len(parts) == 1:
        into[...] = parts[0].reshape(into.shape)
    else:
        _side_by_side(into, parts)


def _side_by_side(into: NDArray, parts: Sequence[NDArray]) -> None:
    """Columns gathered where they lie whole, then turned round: a part that stays in a cache."""
    columns = np.empty((into.shape[1], min(_TILE, len(into))), into.dtype)
    for start in range(0, len(into), _TILE):
        rows, at = into[start : start + _TILE], 0
        for part in parts:
            width = _width([part])
            columns[at : at + width, : len(rows)] = part[start : start + _TILE].T
            at += width
        rows[...] = columns[:, : len(rows)].T


def _width(parts: Sequence[NDArray]) -> int:
    return sum(1 if part.ndim == 1 else part.shape[1] for part in parts)


def list_width(values: Any, place: Place) -> int | None:
    """How many values each list of an array has; None if none is there.

    Raises
    ------
    SourceError
        If their lengths differ.
    """
    if arrow(place.name).types.is_fixed_size_list(values.type):
        return int(values.type.list_size)
    lengths = arrow(place.name, "compute").list_value_length(values)
    lengths = lengths.fill_null(-1).to_numpy(zero_copy_only=False)
    there = lengths[lengths >= 0]
    if len(there) == 0:
        return None
    other = np.flatnonzero((lengths >= 0) & (lengths != there[0]))
    if len(other):
        raise SourceError(
            f"{place.name} must have lists of one length in column {place.column!r}; row "
            f"{place.first + other[0]} has {lengths[other[0]]} values, rows before {there[0]}."
        )
    return int(there[0])


def _lists(values: Any, place: Place) -> NDArray | None:
    """Lists as rows, NaN where a list is missing; None if all are, and do not tell their length."""
    types, width = arrow(place.name).types, list_width(values, place)
    there = values.is_valid().to_numpy(zero_copy_only=False)
    if not there.all() and not types.is_floating(values.type.value_type):
        raise place.missing(there)
    if width is None:
        return None
    flat = _values(values.flatten(), place, width).reshape(-1, width)
    if there.all():
        return flat
    rows = np.full((len(values), width), np.nan, flat.dtype)
    rows[there] = flat
    return rows


def _values(values: Any, place: Place, per_row: int = 1) -> NDArray:
    """An array of Arrow as one of NumPy; what is missing is NaN if it floats, or an error."""
    pyarrow = arrow(place.name)
    types = pyarrow.types
    with plainly(f"{place.name}, column {place.column!r}"):
        if types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if types.is_decimal(values.type) or types.is_null(values.type):
            values = values.cast(pyarrow.float64())
        elif types.is_binary(values.type) or types.is_large_binary(values.type):
            values = values.cast(pyarrow.large_string())
    if values.null_count and not types.is_floating(values.type):
        raise place.missing(values.is_valid().to_numpy(zero_copy_only=False), per_row)
    plain: NDArray = values.to_numpy(zero_copy_only=False)
    return plain
