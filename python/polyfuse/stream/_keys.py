"""Rows of several sources that belong together: by their order, or by keys.

Keys are compared before anything else is read: they are small beside the rows, and a job learns
that its sources do not fit before its first row instead of after some hours. Where they are the
same row by row, nothing more is to be done. Otherwise the first source gives the order, and the
rows of the others are found by an index of their keys.

An index takes 16 bytes per row while it is made (keys that are text: 24, in place of which 128
bits of a hash stand), and 8 bytes per row from then on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._joined import JoinedReader
from ._key_index import KeyIndex, common_kind
from ._paths import listed, split
from ._readers import Reader, SourceError
from ._sources import Source, is_table, key_column, open_source

_ROWS = 1 << 16


def open_aligned(
    modalities: Mapping[str, Any], values: Mapping[str, Any] | None = None, key: Any = None
) -> dict[str, Reader]:
    """Readers of several sources, row i of which belong together.

    Parameters
    ----------
    modalities : mapping of str to source
        Sources of rows of numbers; the first gives the order.
    values : mapping of str to source, optional
        Sources of one value per row: a target, weights.
    key : str or mapping of str to (str or source), optional
        The key column that all tables have, or the key of each source: a column of it, or a source
        of one value per row. Keys that a Source names itself come first. A source without a key
        has that of another source in the same table; if there is none, its rows are in the order
        of the first modality.

    Returns
    -------
    dict of str to Reader

    Raises
    ------
    SourceError
        If a source cannot be read; if rows do not belong together, with the first that does not;
        if `key` names no source, or a value is called as a modality is.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse.stream._keys import open_aligned
    >>> image, text = np.eye(3), np.arange(3.0)[:, None]
    >>> key = {"image": np.array([7, 8, 9]), "text": np.array([9, 7, 8])}
    >>> open_aligned({"image": image, "text": text}, key=key)["text"].read(0, 3).ravel()
    array([1., 2., 0.])
    """
    values = values or {}
    for name in values:
        if name in modalities:
            raise SourceError(f"A modality cannot be called {name!r}.")
    sources = {**modalities, **values}
    for name in key if isinstance(key, Mapping) else ():
        if name not in sources:
            raise SourceError(f"key names {name!r}, which is no source of {', '.join(sources)}.")
    readers, keys = {}, {}
    for name, source in sources.items():
        one_per_row = name not in modalities
        own = _key_of(name, source, key, required=not one_per_row)
        if own is None:
            own = _key_of_same_table(source, sources, key)
        readers[name] = open_source(name, source, key=own, one_per_row=one_per_row)
        if own is not None:
            keys[name] = _open_key(name, source, own)
    return align(readers, keys)


def align(readers: Mapping[str, Reader], keys: Mapping[str, Reader]) -> dict[str, Reader]:
    """Readers whose row i belong together.

    Parameters
    ----------
    readers : mapping of str to Reader
        The first gives the order.
    keys : mapping of str to Reader
        One value per row: integers, text or times. Sources without keys are in the order of the
        first; where no source has any, all are.

    Returns
    -------
    dict of str to Reader
        The same readers, or ones that join their rows.

    Raises
    ------
    SourceError
        If numbers of rows differ; if a key is in one source only, or twice in one.
    """
    first = next(iter(readers))
    if keys and first not in keys:
        raise SourceError(
            f"{readers[first].name} gives the order of rows, and has no key; "
            f"{', '.join(keys)} has one."
        )
    for name, key in keys.items():
        _require_rows(key, readers[name])
    kind = common_kind(list(keys.values())) if keys else None
    aligned: dict[str, Reader] = {}
    for name, reader in readers.items():
        if name not in keys:
            _require_rows(reader, readers[first])
            aligned[name] = reader
        elif name == first or _same(keys[first], keys[name]):
            aligned[name] = reader
        else:
            assert kind is not None
            rows = KeyIndex(keys[name], kind).rows_of(keys[first])
            aligned[name] = JoinedReader(reader, rows, keys[name])
    return aligned


def _key_of(name: str, source: Any, key: Any, required: bool) -> Any:
    """The key of a source as it is given, or None."""
    if isinstance(source, Source) and source.key is not None:
        return source.key
    if isinstance(key, Mapping):
        return key.get(name)
    if key is None:
        return None
    if is_table(name, source):
        return key
    if required:
        raise SourceError(
            f"{name} is no table, and has no column {key!r}; name the key of each source, as in "
            f"key={{{name!r}: 'keys.npy', ...}}, or --key {name}=keys.npy on the command line."
        )
    return None


def _key_of_same_table(source: Any, sources: Mapping[str, Any], key: Any) -> str | None:
    """The key column of another source that is read from the same files, or None."""
    files = _files(source)
    for name, other in sources.items() if files else ():
        if _files(other) == files:
            own = key_column(name, other, _key_of(name, other, key, required=False))
            if own is not None:
                return own
    return None


def _files(source: Any) -> list[str]:
    """The paths of a source, without what stands after a colon."""
    source = source.path if isinstance(source, Source) else source
    return [os.path.abspath(split(os.fspath(path))[0]) for path in listed(source) or ()]


def _open_key(name: str, source: Any, key: Any) -> Reader:
    label = f"the key of {name}"
    column = key_column(name, source, key)
    if column is None:
        return open_source(label, key, one_per_row=True)
    table = source.path if isinstance(source, Source) else source
    paths = [split(os.fspath(path))[0] for path in listed(table) or ()]
    return open_source(label, paths or table, columns=[column], one_per_row=True)


def _require_rows(reader: Reader, other: Reader) -> None:
    if reader.n_rows != other.n_rows:
        raise SourceError(
            f"{reader.name} has {reader.n_rows} rows, and {other.name} {other.n_rows}."
        )


def _same(key: Reader, other: Reader) -> bool:
    """Whether two sources have the same keys row by row."""
    if key.n_rows != other.n_rows:
        return False
    return all(np.array_equal(*pair) for pair in _pairs(key, other))


def _pairs(key: Reader, other: Reader) -> Iterator[tuple[NDArray, NDArray]]:
    for start in range(0, key.n_rows, _ROWS):
        stop = min(start + _ROWS, key.n_rows)
        yield key.read(start, stop), other.read(start, stop)
