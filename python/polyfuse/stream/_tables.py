"""Tables: Parquet and Arrow IPC files, and tables of Arrow in memory.

Row groups of Parquet that are large are decoded from their first row on, some mebibytes at a
time; rows before those that are wanted are decoded again. So it pays to write row groups of no
more than about PIECE bytes where rows are read in random order. A record batch of Arrow is read as
a whole.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrow_columns import Wanted, arrow, chosen, dtype_of, is_list, promoted
from ._arrow_file import batch_lengths
from ._arrow_values import Place, list_width, put
from ._pieces import PIECE, PieceReader, even_bounds
from ._readers import SourceError
from ._values import TEXT
from ._watched import Watched, plainly

_BUFFER = 1 << 16  # bytes that are read of each column at a time
_FEW = 1024  # rows that are looked at for the length of lists
_TEXT = 64  # bytes of a short text in memory


class TableReader(PieceReader):
    """Rows of a table; subclasses say which record batches make up a piece.

    Parameters
    ----------
    name : str
    schema : pyarrow.Schema
    wanted : Wanted

    Raises
    ------
    SourceError
        If there are no such columns, or they do not hold what is wanted.
    """

    def __init__(self, name: str, schema: Any, wanted: Wanted) -> None:
        self.name = name
        with plainly(name):
            self._columns = chosen(schema, wanted, name)
            self._fields = [schema.field(column) for column in self._columns]
            dtypes = [dtype_of(field, name, wanted.one_per_row) for field in self._fields]
        self.dtype = promoted(dtypes, name)
        self.width = None if wanted.one_per_row else len(self._columns)

    @abstractmethod
    def _batches(self, i: int) -> Iterable[Any]:
        """Record batches of piece `i`, which have the wanted columns among others."""

    @abstractmethod
    def _origin(self) -> dict[str, Any]:
        """What the fingerprint says of the table."""

    def _measure(self, batches: Iterable[Any]) -> None:
        """Learn from the first batches how long lists are."""
        fields = [field for field in self._fields if is_list(field.type)]
        lists = [field.name for field in fields]
        fixed = {f.name: int(getattr(f.type, "list_size", 0)) for f in fields}
        widths = {column: width for column, width in fixed.items() if width}
        first = 0
        with plainly(self.name):
            for batch in batches if len(widths) < len(lists) else ():
                for column in lists:
                    width = list_width(batch.column(column), Place(self.name, column, first))
                    if width is not None:
                        widths.setdefault(column, width)
                if len(widths) == len(lists):
                    break
                first += batch.num_rows
        for column in lists:
            if not widths.get(column):
                raise SourceError(f"{self.name} has no list with values in column {column!r}.")
        if self.width is not None:
            self.width += sum(widths.values()) - len(lists)

    def _of_pieces(self, bounds: NDArray[np.int64]) -> None:
        self._bounds, self.n_rows = bounds, int(bounds[-1])

    def _row_bytes(self, stored: int) -> int:
        """About how many bytes a row takes in memory, from how many it takes where it is."""
        each = _TEXT if self.dtype == TEXT else int(self.dtype.itemsize)
        return max(stored, each * (self.width or 1), 1)

    def _load(self, i: int, into: NDArray) -> None:
        at, first = 0, int(self._bounds[i])
        with plainly(self.name):
            for batch in self._batches(i):
                end = at + batch.num_rows
                if end <= len(into):
                    put(into[at:end], batch, self._columns, first + at, self.name)
                at = end
        if at != len(into):
            raise SourceError(
                f"{self.name} is damaged: from row {first} on it has {at} rows, where "
                f"{len(into)} are to be."
            )

    def fingerprint(self) -> dict[str, Any]:
        """The table, and what is read of it."""
        shape = [self.n_rows] if self.width is None else [self.n_rows, self.width]
        read = {"columns": self._columns, "shape": shape, "dtype": self.dtype.str}
        return {**self._origin(), **read}


class MemoryTable(TableReader):
    """Rows of a pyarrow.Table."""

    def __init__(self, name: str, table: Any, wanted: Wanted) -> None:
        super().__init__(name, table.schema, wanted)
        self._table = table.select(self._columns)
        self._measure(self._table.to_batches())
        n_rows = self._table.num_rows
        row_bytes = self._row_bytes(self._table.nbytes // max(1, n_rows))
        self._of_pieces(even_bounds(n_rows, PIECE // row_bytes))

    def _batches(self, i: int) -> Iterable[Any]:
        start, stop = map(int, self._bounds[i : i + 2])
        batches: Iterable[Any] = self._table.slice(start, stop - start).to_batches()
        return batches

    def _origin(self) -> dict[str, Any]:
        return {}


class FileTable(TableReader):
    """Rows of a table in a file."""

    def __init__(self, watched: Watched, schema: Any, wanted: Wanted) -> None:
        super().__init__(watched.name, schema, wanted)
        self._watched = watched

    def _load(self, i: int, into: NDArray) -> None:
        with self._watched.reading():
            super()._load(i, into)

    def _origin(self) -> dict[str, Any]:
        return self._watched.fingerprint()


class ParquetReader(FileTable):
    """Rows of a Parquet file."""

    def __init__(self, watched: Watched, wanted: Wanted) -> None:
        _require_tail(watched, b"PAR1", "Parquet")
        with watched.reading():
            # Column chunks are read bit by bit, not as a whole: that bounds memory.
            self._file = arrow(watched.name, "parquet").ParquetFile(
                watched.path,
                pre_buffer=False,
                buffer_size=_BUFFER,
                memory_map=False,
                page_checksum_verification=True,
            )
        super().__init__(watched, self._file.schema_arrow, wanted)
        self._measure(self._file.iter_batches(_FEW, columns=self._columns))
        self._parts: list[tuple[int, int, int]] = []  # row group, rows of a piece, rows before it
        bounds, end = [0], 0
        for group in range(self._file.num_row_groups):
            metadata = self._file.metadata.row_group(group)
            n_rows = metadata.num_rows
            step = max(1, min(n_rows, PIECE // self._row_bytes(self._stored(metadata))))
            inner = even_bounds(n_rows, step)
            self._parts += [(group, step, int(row)) for row in inner[:-1]]
            bounds += [end + int(row) for row in inner[1:]]
            end += n_rows
        self._of_pieces(np.array(bounds, np.int64))
        self._running: Iterator[Any] = iter(())
        self._rest: Any = None
        self._next = -1  # the piece at which decoding has arrived

    def _stored(self, group: Any) -> int:
        """Bytes of a row, of the wanted columns, before they are compressed."""
        wanted = set(self._columns)
        columns = (group.column(j) for j in range(group.num_columns))
        n_bytes = sum(
            column.total_uncompressed_size
            for column in columns
            if column.path_in_schema in wanted or column.path_in_schema.split(".")[0] in wanted
        )
        return int(n_bytes // max(1, group.num_rows))

    def _batches(self, i: int) -> Iterator[Any]:
        if self._next != i:
            self._start(i)
        n_rows = int(self._bounds[i + 1] - self._bounds[i])
        self._next = -1  # unless all of them are taken
        yield from self._taken(n_rows)
        self._next = i + 1
        if self._parts[self._next : self._next + 1] and not self._parts[self._next][2]:
            self._next = -1  # of another row group

    def _start(self, i: int) -> None:
        """Decode from the first row of a row group on, up to where piece `i` begins."""
        self._rest = None
        group, step, before = self._parts[i]
        self._running = self._file.iter_batches(step, row_groups=[group], columns=self._columns)
        for _ in self._taken(before):
            pass

    def _taken(self, n_rows: int) -> Iterator[Any]:
        """The next batches, of so many rows together."""
        while n_rows > 0:
            batch = next(self._running, None) if self._rest is None else self._rest
            if batch is None:
                return
            self._rest = batch.slice(n_rows) if batch.num_rows > n_rows else None
            batch = batch.slice(0, n_rows)
            n_rows -= batch.num_rows
            yield batch

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._running, self._rest, self._next = iter(()), None, -1
        self._file.close()


class IpcReader(FileTable):
    """Rows of an Arrow IPC file, also called Feather."""

    def __init__(self, watched: Watched, wanted: Wanted) -> None:
        pyarrow, ipc = arrow(watched.name), arrow(watched.name, "ipc")
        with watched.reading():
            lengths = batch_lengths(watched.path, watched.size, watched.name)
            self._source = pyarrow.OSFile(watched.path)
            schema = ipc.open_file(self._source).schema
        super().__init__(watched, schema, wanted)
        places = [schema.get_field_index(column) for column in self._columns]
        with watched.reading():
            options = ipc.IpcReadOptions(included_fields=places)
            self._file = ipc.open_file(self._source, options=options)
        self._of_pieces(np.cumsum([0, *lengths], dtype=np.int64))
        self._measure(batch for i in range(len(lengths)) for batch in self._batches(i))

    def _batches(self, i: int) -> Iterator[Any]:
        batch = self._file.get_batch(i)
        batch.validate(full=True)  # offsets that point outside would be followed
        yield batch

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._source.close()


def _require_tail(watched: Watched, magic: bytes, what: str) -> None:
    """Raise SourceError unless a file ends as it has to."""
    with watched.reading(), open(watched.path, "rb") as file:
        file.seek(max(0, watched.size - len(magic)))
        if file.read() != magic:
            raise SourceError(
                f"{watched.name} is truncated, or was not closed: it has {watched.size} bytes, "
                f"and no footer of a {what} file at their end."
            )
