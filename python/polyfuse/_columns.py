"""One matrix cut into blocks: which of its columns are which block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import kind_of
from ._blocks import named_blocks

Part = slice | NDArray[np.intp]


def as_parts(
    columns: Any, width: int, names: NDArray | None, argument: str = "columns"
) -> dict[str, Part]:
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
    keys, values = named_blocks(columns, argument)
    parts = zip(keys, values, strict=True)
    return {key: _part(value, f"{argument}[{key!r}]", width, names) for key, value in parts}


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


# -- for a container -----------------------------------------------------------------------------


def as_listed(part: Any, name: str, own: NDArray | None) -> Any:
    """Columns of a block, those of a prefix by name."""
    if not isinstance(part, str):
        return part
    if own is None:
        raise ValueError(f"{name}={part!r} starts names, but the columns of X have none.")
    found = [column for column in own if column.startswith(part)]
    if not found:
        raise ValueError(f"{name} must start the name of a column; none starts with {part!r}.")
    return found


def by_block(groups: Any, width: int) -> Any:
    """Columns by block, where a label is given for each column."""
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise TypeError(
            "groups must be a dict or list of columns, or a name per column; got "
            f"{kind_of(groups)}."
        )
    labels = list(groups)
    if isinstance(groups, Mapping) or any(isinstance(g, slice) or np.ndim(g) for g in labels):
        return groups
    if len(labels) != width:
        raise ValueError(f"groups must have a name per column, {width}; got {len(labels)}.")
    parts: dict[Any, list[int]] = {}
    for place, label in enumerate(labels):
        parts.setdefault(label, []).append(place)
    return parts


def cut(X: Any, parts: Mapping[str, Part], own: NDArray | None, argument: str) -> dict[str, Any]:
    """Columns of X by block, each in at most one."""
    owners: dict[int, str] = {}
    blocks = {}
    for key, part in parts.items():
        places = np.arange(X.shape[1])[part]
        if not len(places):
            raise ValueError(f"{argument}[{key!r}] must have a column; got none.")
        for place in places.tolist():
            if place in owners:
                column = place if own is None else repr(own[place])
                raise ValueError(
                    f"{argument} must not overlap: column {column} is in {owners[place]!r} and "
                    f"{key!r}."
                )
            owners[place] = key
        blocks[key] = _columns_of(X, places, own)
    return blocks


def _columns_of(X: Any, places: NDArray[np.intp], own: NDArray | None) -> Any:
    if own is not None and hasattr(X, "select"):
        return X.select(own[places].tolist())
    steps = set(np.diff(places).tolist()) or {1}
    even = len(steps) == 1 and min(steps) > 0
    part = slice(int(places[0]), int(places[-1]) + 1, steps.pop()) if even else places
    return X.iloc[:, part] if hasattr(X, "iloc") else X[:, part]
