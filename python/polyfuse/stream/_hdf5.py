"""Datasets of HDF5 files, by h5py.

What lies in a file as one piece of plain numbers is read in its place, without HDF5, whose reads
wait for each other; what is chunked or compressed, a few whole chunks at a time.
"""

from __future__ import annotations

from typing import Any

from ._raw_rows import Layout, RawRows
from ._readers import Reader, SourceError
from ._sliced import SlicedRows
from ._watched import Watched, reason


def open_hdf5(name: str, path: str, dataset: str | None) -> Reader:
    """Rows of a dataset.

    Parameters
    ----------
    name : str
        What errors call it.
    path : str
    dataset : str or None
        Its path inside the file, as in "group/x"; None for the only one.

    Raises
    ------
    SourceError
        If the file cannot be read, or has no such dataset.
    """
    h5py, watched = _library(name), Watched(path, name)
    with watched.reading():
        try:
            file = h5py.File(watched.path, "r")
        except OSError as error:  # "Unable to synchronously open file (truncated file: eof = ...)"
            said = reason(error).removeprefix("Unable to synchronously open file").strip(" ()")
            raise SourceError(f"{name} cannot be opened by HDF5: {said}.") from error
        try:
            return _rows(name, file, _found(name, file, dataset, h5py), watched, h5py)
        except BaseException:
            file.close()
            raise


def dataset_rows(name: str, dataset: Any) -> Reader:
    """Rows of an h5py.Dataset, which stays open."""
    shown, chunk_rows = _shown(dataset, _library(name)), (dataset.chunks or (1,))[0]
    origin = {"path": str(dataset.file.filename), "dataset": dataset.name}
    return SlicedRows(name, shown, chunk_rows, origin=origin)


def _library(name: str) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f'{name} is read by h5py, which is not there: pip install "polyfuse[hdf5]".'
        ) from error
    return h5py


def _found(name: str, file: Any, dataset: str | None, h5py: Any) -> Any:
    held: list[str] = []
    file.visititems(lambda key, what: held.append(key) if isinstance(what, h5py.Dataset) else None)
    if dataset is None and len(held) != 1:
        raise SourceError(
            f"{name} must name one of its datasets, as in FILE:GROUP/DATASET; it holds "
            f"{', '.join(held) or 'none'}."
        )
    found = file.get(held[0] if dataset is None else dataset)
    if not isinstance(found, h5py.Dataset):
        raise SourceError(
            f"{name} has no dataset {dataset!r}; it holds {', '.join(held) or 'none'}."
        )
    return found


def _rows(name: str, file: Any, found: Any, watched: Watched, h5py: Any) -> Reader:
    origin = {"dataset": found.name}
    offset = found.id.get_offset()  # None if it is chunked, compressed, external or not written
    if offset is not None and found.dtype.kind in "fiub" and found.ndim:
        layout = Layout(offset, found.shape, found.dtype)
        file.close()
        return RawRows(watched, layout, origin)
    return SlicedRows(
        name, _shown(found, h5py), (found.chunks or (1,))[0],
        origin={**watched.fingerprint(), **origin}, reading=watched.reading, close=file.close,
    )  # fmt: skip


def _shown(dataset: Any, h5py: Any) -> Any:
    """The dataset, or its bytes as text."""
    return _Text(dataset) if h5py.check_string_dtype(dataset.dtype) is not None else dataset


class _Text:
    """Strings of HDF5, which are bytes there, as str."""

    def __init__(self, dataset: Any) -> None:
        self.shape, self.dtype, self._text = dataset.shape, object, dataset.asstr()

    def __getitem__(self, rows: slice) -> Any:
        return self._text[rows]
