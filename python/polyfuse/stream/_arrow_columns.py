"""Which columns of an Arrow table are read, and as what."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from ._readers import SourceError
from ._values import TEXT, plain_dtype

_TEXTS = ("string", "binary")


def arrow(name: str, part: str = "") -> Any:
    """PyArrow, or a module of it, to read what is called `name`.

    Raises
    ------
    ImportError
        If it is not there, with what to install.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            f'{name} is read by PyArrow, which is not there: pip install "polyfuse[arrow]".'
        ) from error
    return importlib.import_module(f"pyarrow.{part}") if part else pyarrow


@dataclass(frozen=True)
class Wanted:
    """Which columns of a table are read, and as what.

    Attributes
    ----------
    columns : sequence of str, optional
        Names, or patterns such as "f*"; all of them if None.
    without : str, optional
        A column that is not among all of them: the key.
    one_per_row : bool
        Whether one value per row is wanted, of any plain kind, rather than numbers.
    """

    columns: Sequence[str] | None = None
    without: str | None = None
    one_per_row: bool = False


def chosen(schema: Any, wanted: Wanted, name: str) -> list[str]:
    """Names of columns in the order of the table, patterns in the order in which they are given.

    Raises
    ------
    SourceError
        If there is no such column, or several where one is wanted.
    """
    names = list(schema.names)
    if wanted.columns is None:
        hidden = {wanted.without, *_of_index(schema)}
        picked = [column for column in names if column not in hidden]
    else:
        found = (_matching(names, pattern, name) for pattern in wanted.columns)
        picked = list(dict.fromkeys(column for columns in found for column in columns))
    if not picked:
        raise SourceError(f"{name} has no column to read; it has {_listed(names)}.")
    if wanted.one_per_row and len(picked) != 1:
        raise SourceError(
            f"{name} must name one column, as in FILE:COLUMN; it has {_listed(picked)}."
        )
    for column in picked:
        if names.count(column) > 1:
            raise SourceError(f"{name} has several columns called {column!r}.")
    return picked


def _matching(names: list[str], pattern: str, name: str) -> list[str]:
    if pattern in names:
        return [pattern]
    found = [column for column in names if fnmatchcase(column, pattern)]
    if not found:
        raise SourceError(f"{name} has no column {pattern!r}; it has {_listed(names)}.")
    return found


def _of_index(schema: Any) -> list[str]:
    """Columns that pandas has written for the index of a frame."""
    metadata = getattr(schema, "pandas_metadata", None) or {}
    return [each for each in metadata.get("index_columns", ()) if isinstance(each, str)]


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown or "none"


def value_type(kind: Any) -> Any:
    """The type of single values: of a list what is in it, of codes what they stand for."""
    kind = kind.value_type if is_list(kind) else kind
    return kind.value_type if arrow("Arrow").types.is_dictionary(kind) else kind


def is_list(kind: Any) -> bool:
    """Whether values are lists."""
    types = arrow("Arrow").types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def dtype_of(field: Any, name: str, one_per_row: bool) -> np.dtype:
    """The dtype of a column.

    Raises
    ------
    SourceError
        If it has no numbers, or, where one value per row is wanted, anything that is not plain.
    """
    pyarrow = arrow(name)
    types, kind = pyarrow.types, value_type(field.type)
    if types.is_decimal(kind) or types.is_null(kind):
        return np.dtype(np.float64)
    single = not is_list(field.type)
    if one_per_row and single and str(kind).removeprefix("large_").removesuffix("_view") in _TEXTS:
        return TEXT
    if types.is_primitive(kind) and not types.is_time(kind) and (single or not one_per_row):
        try:
            dtype = pyarrow.array([], kind).to_numpy(zero_copy_only=False).dtype
            return plain_dtype(dtype, name, numbers=not one_per_row)
        except SourceError:
            pass
    what = "one plain value per row" if one_per_row else "numbers"
    raise SourceError(
        f"{name} must hold {what}, and column {field.name!r} is of type {field.type}; name the "
        "columns to read, as in FILE:COLUMN,PREFIX*."
    )


def promoted(dtypes: Sequence[np.dtype], name: str) -> np.dtype:
    """One dtype for columns side by side."""
    if len(set(dtypes)) == 1:
        return dtypes[0]
    return plain_dtype(np.result_type(*dtypes), name, numbers=True)
