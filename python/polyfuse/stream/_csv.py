"""CSV files with a header, by PyArrow: any rows of them, in bounded memory.

The file is gone over once, when it is opened, to find where lines begin; one place in about a
mebibyte is remembered. What is read later is parsed from there. A line break inside quotes ends
no row (RFC 4180).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrow_columns import Wanted, arrow
from ._readers import SourceError
from ._tables import FileTable
from ._watched import Watched, reason

_BLOCK = 1 << 20
_LONGEST_ROW = 1 << 26
_BREAK, _RETURN, _QUOTE = 10, 13, 34
_DELIMITERS = ",;\t|"
_BOM = b"\xef\xbb\xbf"


class CsvReader(FileTable):
    """Rows of a CSV file: columns of numbers are float64, a column of its own what it looks like.

    Parameters
    ----------
    watched : Watched
    wanted : Wanted

    Raises
    ------
    SourceError
        If it has no header, or no such columns, or they do not hold what is wanted.
    """

    def __init__(self, watched: Watched, wanted: Wanted) -> None:
        arrow(watched.name, "csv")
        self.name, self._types = watched.name, {}
        with watched.reading():
            self._fd = os.open(watched.path, os.O_RDONLY | os.O_CLOEXEC)
            header = self._read_header()
            lines = _lines(watched.path, watched.size, watched.mtime_ns, len(header))
            self._places, self._quoted = lines.places, lines.quoted
            self._of_pieces(np.cumsum([0, *lines.counts], dtype=np.int64))
            schema = self._looks_like(header, wanted.one_per_row)
        super().__init__(watched, schema, wanted)
        self._types = {column: schema.field(column).type for column in self._columns}
        if self.n_rows and not wanted.one_per_row:
            self._block(0)  # a text among numbers shows now

    def _read_header(self) -> bytes:
        """The line of names, after which rows begin; it tells what stands between values."""
        header = _first_line(self._fd, self.name)
        text = header.removeprefix(_BOM).decode("utf-8").strip()
        found = max(_DELIMITERS, key=text.count)
        self._delimiter = found if found in text else ","
        self._names = self._parsed(header + b"\n", header=True).column_names
        if all(map(_is_number, self._names)):
            raise SourceError(
                f"{self.name} must begin with the names of its columns; its first line holds "
                f"numbers: {text[:40]!r}."
            )
        return header

    def _looks_like(self, header: bytes, one_per_row: bool) -> Any:
        """The schema of the file by its first lines; numbers of rows are float64."""
        pyarrow = arrow(self.name)
        if self.n_rows:
            schema = self._block(0).schema
        else:
            schema = self._parsed(header + b"\n", header=True).schema
        kept = pyarrow.types.is_boolean if not one_per_row else lambda kind: str(kind) != "null"
        kinds = [kind if kept(kind) else pyarrow.float64() for kind in schema.types]
        return pyarrow.schema(list(zip(schema.names, kinds, strict=True)))

    def _batches(self, i: int) -> Iterable[Any]:
        batches: Iterable[Any] = self._block(i).combine_chunks().to_batches()
        return batches

    def _block(self, i: int) -> Any:
        """The table of the lines between two places."""
        first, end = self._places[i : i + 2]
        lines = os.pread(self._fd, end - first, first)
        try:
            return self._parsed(lines)
        except arrow(self.name).ArrowInvalid as error:
            raise self._explained(error, lines, i) from error

    def _parsed(self, lines: bytes, *, header: bool = False, threads: bool = True) -> Any:
        csv, pyarrow = arrow(self.name, "csv"), arrow(self.name)
        return csv.read_csv(
            pyarrow.BufferReader(lines),
            csv.ReadOptions(
                use_threads=threads,
                block_size=len(lines) + 1,
                column_names=None if header else self._names,
            ),
            csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=header or self._quoted),
            csv.ConvertOptions(
                include_columns=[*self._types] or None, column_types=self._types or None
            ),
        )

    def _explained(self, error: Exception, lines: bytes, i: int) -> SourceError:
        """The error again, with the number of the row in the file; threads do not count rows."""
        try:
            self._parsed(lines, threads=False)
        except arrow(self.name).ArrowInvalid as counted:
            error = counted
        first, stop = map(int, self._bounds[i : i + 2])
        row = re.search(r"Row #(\d+): ?", str(error))
        where = f"row {first + int(row[1]) - 1}" if row else f"rows {first} to {stop - 1}"
        column = re.search(r"In CSV column #(\d+): ?", str(error))
        if column:
            where += f", column {self._names[int(column[1])]!r}"
        said = re.sub(r"^CSV parse error: |In CSV column #\d+: ?|Row #\d+: ?", "", reason(error))
        return SourceError(f"{self.name} cannot be read in {where}: {said}.")

    def close(self) -> None:
        """Close the file."""
        super().close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)


@lru_cache(64)  # features, a target and keys are often columns of one file
def _lines(path: str, size: int, mtime_ns: int, start: int) -> _Lines:
    """Where the rows of a file are, as it was at that time."""
    with open(path, "rb", buffering=0) as file:
        return _Lines(file.fileno(), size, start)


class _Lines:
    """Where rows are: the places of blocks of whole rows, and how many rows each has."""

    def __init__(self, fd: int, size: int, start: int) -> None:
        self.places, self.counts, self.quoted = [start], [], False
        n_bytes = _BLOCK
        while start < size:
            block = np.frombuffer(os.pread(fd, n_bytes, start), np.uint8)
            whole, n_rows = self._rows(block, last=start + len(block) >= size)
            if whole:
                start, n_bytes = start + whole, _BLOCK
                self.places.append(start)
                self.counts.append(n_rows)
            elif n_bytes < _LONGEST_ROW and len(block):
                n_bytes *= 2
            else:
                raise ValueError(f"row {sum(self.counts)} does not end; a quote may not be closed")

    def _rows(self, block: NDArray[np.uint8], last: bool) -> tuple[int, int]:
        """Bytes of whole rows in a block, and how many rows they are; empty lines are none."""
        ends = np.flatnonzero(block == _BREAK)
        quotes = np.flatnonzero(block == _QUOTE)
        if len(quotes):
            self.quoted = True
            ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        if last and len(block) and (len(ends) == 0 or ends[-1] != len(block) - 1):
            ends = np.append(ends, len(block))
        if len(ends) == 0:
            return 0, 0
        starts = np.append(0, ends[:-1] + 1)
        lengths = ends - starts
        short = starts[lengths <= 1]
        empty = np.isin(block[short[short < len(block)]], (_BREAK, _RETURN)).sum()
        return int(min(ends[-1] + 1, len(block))), int(len(ends) - empty)


def _first_line(fd: int, name: str) -> bytes:
    line = os.pread(fd, _BLOCK, 0)
    end = line.find(b"\n")
    while end >= 0 and line.count(b'"', 0, end) % 2:
        end = line.find(b"\n", end + 1)
    if not line.strip():
        raise SourceError(f"{name} is empty.")
    return line[: end + 1] if end >= 0 else line


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
