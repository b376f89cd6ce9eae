"""Rows written to a file beside its final name, in order, and renamed when they are all there."""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import OutputError
from ._watched import paths_in

PARTIAL = ".partial"
CHECKPOINT = ".checkpoint"


class Writer(ABC):
    """A file that grows by rows.

    Parameters
    ----------
    path : path-like
        Its final name; until :meth:`finish` it has ``.partial`` behind it.
    n_rows : int
        How many rows there will be.
    position : int or None
        Bytes that an earlier process has written and that are kept; None to begin anew.

    Raises
    ------
    OutputError
        If it cannot be written, or what was written is gone.
    """

    def __init__(
        self, path: str | os.PathLike[str], n_rows: int, position: int | None = None
    ) -> None:
        self.path, self.n_rows = os.fspath(path), n_rows
        self.partial = self.path + PARTIAL
        self.position = position or 0
        self._fd = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        try:
            self._fd = os.open(self.partial, flags | (0 if position else os.O_TRUNC), 0o666)
            if position:
                self._cut(position)
        except OSError as error:
            self.close()
            raise self._failed(error) from error

    def _cut(self, position: int) -> None:
        if os.fstat(self._fd).st_size < position:
            self.close()
            raise OutputError(
                f"{self.partial} is shorter than its checkpoint says: delete the checkpoint to "
                "start anew."
            )
        os.ftruncate(self._fd, position)

    def write(self, rows: NDArray) -> None:
        """Add rows.

        Raises
        ------
        OutputError
            If the disk is full, or cannot be written to.
        """
        if self.position == 0:
            self._append(self.header(rows))
        self._append(self.encoded(rows))

    @abstractmethod
    def header(self, rows: NDArray) -> bytes:
        """What stands before the rows, of which some are given."""

    @abstractmethod
    def encoded(self, rows: NDArray) -> Any:
        """Rows as bytes, or a buffer of them."""

    def _append(self, data: Any) -> None:
        view, done = memoryview(data).cast("B"), 0
        try:
            while done < len(view):
                done += os.pwrite(self._fd, view[done:], self.position + done)
        except OSError as error:
            raise self._failed(error) from error
        self.position += done

    def finish(self) -> None:
        """Give the file its final name."""
        self.close()
        try:
            os.replace(self.partial, self.path)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def discard(self) -> None:
        """Remove what was written, if it has not got its final name."""
        if os.path.exists(self.partial):
            os.remove(self.partial)

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"output {self.path} cannot be written: {error.strerror or error}.")


class NpyWriter(Writer):
    """A .npy file, as :func:`numpy.save` writes it."""

    def header(self, rows: NDArray) -> bytes:
        file = io.BytesIO()
        about = {
            "descr": np.lib.format.dtype_to_descr(rows.dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *rows.shape[1:]),
        }
        np.lib.format.write_array_header_1_0(file, about)
        return file.getvalue()

    def encoded(self, rows: NDArray) -> Any:
        plain = np.ascontiguousarray(rows)
        return plain.reshape(-1).view(np.uint8).data if plain.size else b""


class CsvWriter(Writer):
    """A .csv file of labels or numbers, with the names of its columns in the first line."""

    def __init__(
        self, path: str | os.PathLike[str], n_rows: int, position: int | None = None,
        columns: list[str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(path, n_rows, position)
        self.columns = columns

    def header(self, rows: NDArray) -> bytes:
        k = 1 if rows.ndim == 1 else rows.shape[1]
        names = self.columns if self.columns and len(self.columns) == k else None
        # Not numbers, which no reader takes for names.
        own = ["prediction"] if rows.ndim == 1 else [f"x{j}" for j in range(k)]
        return _line(names or own)

    def encoded(self, rows: NDArray) -> Any:
        table = rows.reshape(len(rows), -1).tolist()
        return b"".join(map(_line, table))


def _line(values: list[Any]) -> bytes:
    return (",".join(_field(value) for value in values) + "\n").encode()


def _field(value: Any) -> str:
    text = repr(value) if isinstance(value, float) else str(value)
    # A line without anything would be no row.
    quoted = not text or set(text) & set(',"\r\n')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def writer_of(
    path: str | os.PathLike[str], n_rows: int, position: int | None, columns: list[str] | None
) -> Writer:
    """The writer for a file of that name.

    Raises
    ------
    ValueError
        If its ending is not .npy or .csv.
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix == ".npy":
        return NpyWriter(path, n_rows, position)
    if suffix == ".csv":
        return CsvWriter(path, n_rows, position, columns)
    raise ValueError(f"output must end in .npy or .csv; got {os.fspath(path)!r}.")


def holds(path: str | os.PathLike[str], position: int) -> bool:
    """Whether so many bytes of an output have been written that is not complete yet."""
    try:
        return os.stat(os.fspath(path) + PARTIAL).st_size >= position
    except OSError:
        return False


def require_output(path: Any) -> None:
    """Raise ValueError unless there can be an output of that name."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"output must be a path; got {path!r}.")
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in (".npy", ".csv"):
        raise ValueError(f"output must end in .npy or .csv; got {os.fspath(path)!r}.")
    folder = os.path.dirname(os.path.abspath(os.fspath(path)))
    if not os.path.isdir(folder):
        raise ValueError(f"output {os.fspath(path)}: there is no folder {folder}.")


def require_apart(path: str | os.PathLike[str], sources: Mapping[str, Any]) -> None:
    """Raise ValueError if an output would replace a file that is read.

    Parameters
    ----------
    path : path-like
    sources : mapping of str to fingerprint
        As :meth:`Dataset.fingerprint` gives them.
    """
    if os.path.exists(path):
        for name, fingerprint in sources.items():
            for own in paths_in(fingerprint):
                if os.path.exists(own) and os.path.samefile(own, path):
                    raise ValueError(
                        f"output {os.fspath(path)} would replace {name}, which is read: give it "
                        "another name."
                    )
