"""What is given as a source becomes a reader: a file, many files, an array, a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._interchange import DLPACK, STREAM, as_array, dimensions
from ._arrow_columns import Wanted, arrow
from ._formats import TABLES, format_of, open_file
from ._hdf5 import dataset_rows
from ._parts import PartsReader
from ._paths import files_of, listed, split
from ._raw_rows import width_of
from ._readers import ArrayReader, Reader, SourceError
from ._sliced import SlicedRows
from ._tables import MemoryTable
from ._values import plain_dtype
from ._zarr import array_rows


@dataclass(frozen=True)
class Source:
    """A source of rows, with what a path alone does not say.

    Parameters
    ----------
    path : str, path-like, list of them, or anything that is a source itself
    columns : sequence of str, optional
        Columns of a table: names, or patterns such as "f*", which stand for columns in the order
        of the table. All columns but the key if None.
    key : str or source, optional
        What tells which rows of several sources belong together: a column of the same table, or a
        source of one value per row.

    Examples
    --------
    >>> from polyfuse.stream import Source
    >>> Source("texts.parquet", columns=["embedding"], key="id").key
    'id'
    """

    path: Any
    columns: Sequence[str] | None = None
    key: Any = None


def open_source(
    name: str,
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    key: Any = None,
    one_per_row: bool = False,
) -> Reader:
    """A reader of the rows of a source.

    Parameters
    ----------
    name : str
        Of the modality or role, as errors call it: "image".
    source : str, path-like, list of them, array, table, Reader or Source
        Files are told apart by their first bytes. After a colon stands which array of a file, or
        which columns of a table are meant ("a.npz:x", "b.parquet:id,f*"). A pattern ("part-*.npy")
        stands for all files that match, in sorted order; a folder, for the tables in it.
    columns : sequence of str, optional
        Of a table.
    key : str or source, optional
        A column of the same table that is not among all columns.
    one_per_row : bool
        Whether one value per row is wanted, of any plain kind, rather than rows of numbers.

    Returns
    -------
    Reader
        `width` is None if `one_per_row`, and a number otherwise.

    Raises
    ------
    SourceError
        If it cannot be read, or does not hold what is wanted.
    TypeError
        If it is nothing that has rows.
    """
    if isinstance(source, Source):
        columns = source.columns if columns is None else columns
        key = source.key if key is None else key
        source = source.path
    columns = [columns] if isinstance(columns, str) else columns
    wanted = Wanted(columns, key_column(name, source, key), one_per_row)
    return _fitting(_opened(name, source, wanted), one_per_row)


def key_column(name: str, source: Any, key: Any) -> str | None:
    """The column of a table that is its key; None if the key is a source of its own."""
    source = source.path if isinstance(source, Source) else source
    if not isinstance(key, str) or not is_table(name, source):
        return None
    path, selector = split(key)
    paths = [file for each in listed(source) or () for file, _ in files_of(name, each)]
    if selector is not None and path in paths:
        return selector
    return None if selector is not None or os.path.isfile(path) else key


def is_table(name: str, source: Any) -> bool:
    """Whether it has columns with names."""
    source = source.path if isinstance(source, Source) else source
    paths = listed(source)
    if paths is not None:
        (file, _), *_ = files_of(name, paths[0])
        return format_of(f"{name}={file}", file) in TABLES
    return hasattr(source, "get_fragments") or _is_frame(source)


def _opened(name: str, source: Any, wanted: Wanted) -> Reader:
    if isinstance(source, Reader):
        return source
    if listed(source) is not None:
        return _of_files(name, source, wanted)
    if hasattr(source, "get_fragments"):
        return _of_dataset(name, source, wanted)
    if _is_frame(source):
        return MemoryTable(name, arrow(name).table(source), wanted)
    if wanted.columns is not None:
        raise SourceError(f"{name} is no table, of which columns could be named.")
    if isinstance(source, getattr(sys.modules.get("zarr"), "Array", ())):
        return array_rows(name, source)
    if isinstance(source, getattr(sys.modules.get("h5py"), "Dataset", ())):
        return dataset_rows(name, source)
    if _is_sliced(source):
        return SlicedRows(name, source)
    return ArrayReader(_array(name, source), name)


def _fitting(reader: Reader, one_per_row: bool) -> Reader:
    if one_per_row and reader.width is not None:
        if reader.width != 1:
            raise SourceError(
                f"{reader.name} must have one value per row; got {reader.width} columns."
            )
        return _Single(reader)
    if not one_per_row:
        if reader.width is None:
            raise SourceError(
                f"{reader.name} must be 2-D, one row per sample; got shape ({reader.n_rows},)."
            )
        plain_dtype(reader.dtype, reader.name, numbers=True)
    return reader


class _Single(Reader):
    """The only column of a matrix as one value per row."""

    width = None

    def __init__(self, reader: Reader) -> None:
        self.name, self.n_rows, self.dtype = reader.name, reader.n_rows, reader.dtype
        self._reader, self.concurrent = reader, reader.concurrent

    def read(self, start: int, stop: int, out: NDArray | None = None) -> NDArray:
        """Values [start, stop), in `out` if that saves a copy."""
        return self._reader.read(start, stop, None if out is None else out[:, None])[:, 0]

    def fingerprint(self) -> dict[str, Any]:
        return self._reader.fingerprint()

    def close(self) -> None:
        self._reader.close()


# -- files ---------------------------------------------------------------------------------------


def _of_files(name: str, source: Any, wanted: Wanted) -> Reader:
    openers = []
    paths = listed(source) or []
    for each in paths:
        for file, selector in files_of(name, each):
            label = f"{name}={file}" if selector is None else f"{name}={file}:{selector}"
            openers.append(partial(open_file, label, file, selector, wanted))
    if len(openers) == 1:
        return openers[0]()
    label = f"{name}={paths[0]}" if len(paths) == 1 else f"{name}=[{paths[0]}, ...]"
    return PartsReader(label, openers)


def _of_dataset(name: str, dataset: Any, wanted: Wanted) -> Reader:
    """Files of a pyarrow.dataset.Dataset; what filters it is not known to them."""
    files = getattr(dataset, "files", None)
    if not files or not all(map(os.path.exists, files)):
        raise SourceError(
            f"{name} must be a dataset of files on this machine; pass .to_table() if it fits in "
            "memory."
        )
    if getattr(dataset, "_scan_options", None):  # what filter() leaves; its files are all there
        raise SourceError(f"{name} must be a dataset without a filter.")
    return _of_files(name, list(files), wanted)


# -- memory --------------------------------------------------------------------------------------


def _is_frame(source: Any) -> bool:
    """Whether it is a table in memory: of Arrow, or a data frame."""
    return hasattr(source, STREAM) and dimensions(source) == 2


def _is_sliced(source: Any) -> bool:
    """Whether it is an array that is somewhere else, and is read by slices."""
    if isinstance(source, np.ndarray) or not hasattr(source, "__getitem__"):
        return False
    elsewhere = not any(hasattr(source, mark) for mark in ("iloc", "toarray", DLPACK))
    return elsewhere and hasattr(source, "shape") and hasattr(source, "dtype")


def _array(name: str, source: Any) -> NDArray:
    array = as_array(source, name)
    if array.ndim == 0:
        raise TypeError(
            f"{name} must be a path, an array, a table or a reader; got {type(source).__name__}."
        )
    if array.dtype == object and all(isinstance(each, str) for each in array.flat):
        return array.astype(str)
    if array.dtype == object:
        raise SourceError(f"{name} must hold numbers or text; got objects of Python.")
    plain_dtype(array.dtype, name)
    width_of(array.shape, name)
    return array
