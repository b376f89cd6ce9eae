"""One matrix cut into blocks: which of its columns are which block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import kind_of
from ._blocks import named_blocks

Part = slice | NDArray[np.intp]


def as_parts(columns: Any, width: int, names: NDArray | None) -> dict[str, Part]:
    """The columns of each block: a slice, or their positions.

    Parameters
    ----------
    columns : dict or list of slices, lists of positions, of names, or boolean masks
    width : int
        Columns of the matrix.
    names : ndarray of str objects or None
        Their names, if they have some.

    Raises
    ------
    TypeError, ValueError
        If there are no such columns.
    """
    keys, values = named_blocks(columns, "columns")
    parts = zip(keys, values, strict=True)
    return {key: _part(value, f"columns[{key!r}]", width, names) for key, value in parts}


def _part(part: Any, name: str, width: int, names: NDArray | None) -> Part:
    if isinstance(part, slice):
        return _as_slice(part, name, width)
    if np.ndim(part) == 0:
        single = isinstance(part, int | str | np.integer) and not isinstance(part, bool)
        advice = f": write [{part!r}]" if single else ""
        raise TypeError(
            f"{name} must be a slice or a list of columns; got {kind_of(part)}{advice}."
        )
    chosen = np.asarray(part)
    if chosen.dtype.kind in "UO" and all(isinstance(column, str) for column in chosen.flat):
        return _named(chosen, name, names)
    try:
        positions: NDArray[np.intp] = np.arange(width)[chosen if chosen.size else []]
    except IndexError as error:
        raise ValueError(f"{name} must be columns of {width}: {error}.") from error
    return positions


def _as_slice(part: slice, name: str, width: int) -> slice:
    edges = [edge for edge in (part.start, part.stop) if edge is not None]
    if not all(isinstance(edge, int | np.integer) for edge in edges):
        raise TypeError(f"{name} must be a slice of positions; got {part}.")
    if any(not -width <= edge <= width for edge in edges):
        raise ValueError(f"{name} must lie within {width} columns; got {part}.")
    return part


def _named(chosen: NDArray, name: str, names: NDArray | None) -> NDArray[np.intp]:
    if names is None:
        raise ValueError(
            f"{name} names columns, but those of X have no names: fit to a data frame, or give "
            "positions."
        )
    places = {column: place for place, column in enumerate(names)}
    listed = chosen.tolist()
    unknown = [column for column in listed if column not in places]
    if unknown:
        raise ValueError(f"{name} must name columns of X; it has no {unknown[0]!r}.")
    return np.array([places[column] for column in listed], np.intp)
