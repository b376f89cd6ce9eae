"""Feature blocks on disk, or anywhere else, that are read a chunk of rows at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from numbers import Integral
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._arrays import kind_of, require_number
from .._blocks import Container, named_blocks
from .._kernels import num_threads
from ..exceptions import SourceError
from ._ahead import Chunk, read_ahead
from ._iterables import Stream
from ._keys import open_aligned
from ._readers import Reader
from ._sources import Source
from ._spooled import require_free, spool

# Of all blocks together. Larger ones do not stay in the cache until they are worked on; smaller
# ones cost more calls.
_CHUNK_BYTES = 16 << 20
# Threads that read, with the one that takes the chunks and does something else too; and how many
# chunks may wait to be taken.
_READERS, _WAITING = 2, 2
_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20,
          "gib": 1 << 30}  # fmt: skip


Result = TypeVar("Result")


class Dataset:
    """Feature blocks that describe the same rows, read in chunks, with bounded memory.

    Parameters
    ----------
    blocks : dict or list of sources, or one source
        A source is a path, a glob pattern or a list of paths (.npy, .npz, Parquet, Arrow IPC, CSV,
        HDF5, Zarr), an array, or what else has rows that can be read in ranges; see
        docs/streaming.md. One source alone is one matrix, not blocks. Or an iterable of blocks, or
        a function that returns one, as :class:`Stream` takes it: it is gone through once, and kept
        in temporary files.
    target : source of one value per row, optional
    sample_weight : source of one number per row, optional
    key : str, or dict of str to (str or source), optional
        What tells which rows of the sources belong together, where that is not their order: the
        name of a column that all tables have, or one per source; see :func:`open_aligned`.
    memory_limit : int or str, default="256MB"
        Bytes of what is read ahead, as a number, or with a unit: "500MB", "2GiB". Results do not
        depend on it.

    Raises
    ------
    SourceError
        If a source cannot be read, or they do not have as many rows.
    ValueError
        If the limit is none, or too small for two chunks.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> data = pf.stream.Dataset({"image": np.eye(4), "text": np.ones((4, 2), np.float32)})
    >>> data
    Dataset(4 rows; image: 4 float64; text: 2 float32)
    >>> [chunk.blocks["text"].shape for chunk in data.chunks(rows=3)]
    [(3, 2), (1, 2)]
    """

    def __init__(
        self,
        blocks: Any,
        target: Any = None,
        *,
        sample_weight: Any = None,
        key: Any = None,
        memory_limit: int | str = "256MB",
    ) -> None:
        self.memory_limit = as_bytes(memory_limit)
        values = {"target": target, "sample_weight": sample_weight}
        given = {name: source for name, source in values.items() if source is not None}
        self.whole, opened = _opened(blocks, given, key)
        self._row_bytes = 0
        self._reading = Lock()
        self._target, self._weight = (opened.pop(name, None) for name in values)
        self._readers = opened
        first = next(iter(opened.values()))
        self.n_rows = first.n_rows
        if self.n_rows == 0:
            raise SourceError(f"{first.name} has no rows.")
        self._buffers(self.chunk_rows())

    # -- what is in it ---------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Names of the blocks, in order."""
        return list(self._readers)

    @property
    def widths(self) -> dict[str, int]:
        """Columns of each block."""
        return {name: reader.width or 0 for name, reader in self._readers.items()}

    @property
    def dtypes(self) -> dict[str, np.dtype]:
        """Dtype of each block, as it is read."""
        return {name: reader.dtype for name, reader in self._readers.items()}

    @property
    def has_target(self) -> bool:
        """Whether there is a target."""
        return self._target is not None

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of all blocks."""
        return self._row_bytes or sum(reader.row_bytes for reader in self._readers.values())

    def __len__(self) -> int:
        return self.n_rows

    def __repr__(self) -> str:
        parts = "".join(
            f"; {name}: {reader.width} {reader.dtype}" for name, reader in self._readers.items()
        )
        return f"Dataset({self.n_rows} rows{parts})"

    def fingerprint(self) -> dict[str, Any]:
        """What must not change between a job and its resumption."""
        return {reader.name: reader.fingerprint() for reader in self._all()}

    # -- reading ---------------------------------------------------------------------------------

    def chunk_rows(self, multiple: int = 1) -> int:
        """Rows of a chunk, by the width of a row alone: a power of two, or a multiple of a number.

        Parameters
        ----------
        multiple : int, default=1
        """
        rows = 1 << max(0, (_CHUNK_BYTES // max(1, self.row_bytes)).bit_length() - 1)
        return max(multiple, rows // multiple * multiple)

    def chunks(
        self, *, rows: int | None = None, order: Sequence[int] | None = None, start: int = 0
    ) -> Iterator[Chunk]:
        """Chunks of rows, read ahead on threads.

        Parameters
        ----------
        rows : int, optional
            Rows of each but the last; :meth:`chunk_rows` by default.
        order : sequence of int, optional
            Numbers of the chunks, in the order in which to read them; that of the rows by default.
        start : int, default=0
            The first row to read, where there is no `order`.

        Yields
        ------
        Chunk
            Its arrays hold the rows until the next one is asked for.

        Raises
        ------
        SourceError
            If a source cannot be read.
        ValueError
            If `rows`, `order` or `start` tell of no chunks that there are.
        """
        return self.mapped(_itself, rows=rows, order=order, start=start, n_workers=_READERS)

    def mapped(
        self, work: Callable[[Chunk, int], Result], *, rows: int | None = None,
        order: Sequence[int] | None = None, start: int = 0, n_workers: int | None = None,
    ) -> Iterator[Result]:  # fmt: skip
        """Results of work on chunks of rows, which threads do that have just read them.

        Parameters
        ----------
        work : callable(chunk, buffer)
            Called from several threads at a time. `buffer` is a number that no other call has
            until the result is done with, that is, until the next one is asked for.
        rows, order, start
            As for :meth:`chunks`.
        n_workers : int, optional
            Threads, of which one takes the results; by default as many as kernels would use.

        Yields
        ------
        object
            What the work returns, in the order of the chunks.
        """
        rows = self.chunk_rows() if rows is None else rows
        ranges = self._ranges(rows, order, start)
        n_workers = n_workers or num_threads()
        n_buffers = min(self._buffers(rows), n_workers + _WAITING)
        buffers = [
            [np.empty(reader.shape(rows), reader.dtype) for reader in self._all()]
            for _ in range(min(n_buffers, max(1, len(ranges))))
        ]

        def load(item: tuple[int, int], buffer: int) -> Result:
            return work(self._load(*item, buffers[buffer]), buffer)

        return read_ahead(load, ranges, len(buffers), min(n_workers, len(buffers)))

    def _ranges(self, rows: int, order: Sequence[int] | None, start: int) -> list[tuple[int, int]]:
        require_number(rows, "rows", least=1, integer=True)
        if order is None:
            require_number(start, "start", least=0, integer=True)
            firsts: Sequence[int] = range(start, self.n_rows, rows)
        else:
            n_chunks = -(-self.n_rows // rows)
            if not all(0 <= number < n_chunks for number in order):
                raise ValueError(
                    f"order must hold numbers from 0 to {n_chunks - 1}; got {order!r:.60}."
                )
            firsts = [number * rows for number in order]
        return [(first, min(first + rows, self.n_rows)) for first in firsts]

    def _load(self, start: int, stop: int, buffers: list[NDArray]) -> Chunk:
        n, every = stop - start, self._all()
        with nullcontext() if all(own.concurrent for own in every) else self._reading:
            read = [
                own.read(start, stop, buffer[:n])
                for own, buffer in zip(every, buffers, strict=True)
            ]
        k = len(self._readers)
        blocks = dict(zip(self._readers, read[:k], strict=True))
        y = read[k] if self._target is not None else None
        weight = read[-1] if self._weight is not None else None
        called = {name: reader.name for name, reader in self._readers.items()}
        return Chunk(start, stop, blocks, y, weight, called)

    def targets(self) -> Iterator[NDArray]:
        """The target alone, in parts.

        Raises
        ------
        ValueError
            If there is none.
        """
        if self._target is None:
            raise ValueError("data must have a target: Dataset(blocks, target=...).")
        yield from self._read(self._target)

    def weights(self) -> NDArray | None:
        """What all rows weigh; None if there are no weights."""
        return None if self._weight is None else np.concatenate(list(self._read(self._weight)))

    def _read(self, reader: Reader) -> Iterator[NDArray]:
        rows = 1 << 18
        for start in range(0, self.n_rows, rows):
            yield reader.read(start, min(start + rows, self.n_rows))

    def blank(self, n: int) -> Chunk:
        """Rows of zeros like those there are, to learn of their form."""
        readers = self._readers.items()
        blocks = {name: np.zeros(own.shape(n), own.dtype) for name, own in readers}
        return Chunk(0, n, blocks)

    def only(self, names: Sequence[str], *, target: bool = False) -> Dataset:
        """The same rows with some of the blocks, and the target where it is wanted.

        What is left out is not read. Chunks have as many rows as those of all blocks.
        """
        chosen = object.__new__(Dataset)
        chosen.__dict__.update(self.__dict__)
        chosen._readers = {name: self._readers[name] for name in names}
        chosen._row_bytes = self.row_bytes
        if not target:
            chosen._target = chosen._weight = None
        return chosen

    def _all(self) -> list[Reader]:
        more = [reader for reader in (self._target, self._weight) if reader is not None]
        return [*self._readers.values(), *more]

    def _buffers(self, rows: int) -> int:
        """How many chunks the limit has room for."""
        size = rows * sum(reader.row_bytes for reader in self._all())
        n = self.memory_limit // max(1, size)
        if n < 2:
            raise ValueError(
                f"memory_limit must hold two chunks of {rows} rows, {2 * size} bytes; got "
                f"{self.memory_limit}."
            )
        return n

    def close(self) -> None:
        """Let go of the files."""
        for reader in self._all():
            reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()


def _itself(chunk: Chunk, buffer: int) -> Chunk:
    return chunk


def matrix_or_blocks(data: Dataset, chunk: Chunk) -> Any:
    """What an estimator takes as X of a chunk."""
    return chunk.blocks["X"] if data.whole else chunk.blocks


def as_bytes(limit: int | str) -> int:
    """A number of bytes from a number, or one with a unit.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(limit, Integral) and not isinstance(limit, bool) and limit > 0:
        return int(limit)
    if isinstance(limit, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", limit.lower())
        unit = None if found is None else _UNITS.get(found[2], _UNITS.get(found[2] + "b"))
        if found is not None and unit and float(found[1]) > 0:
            return int(float(found[1]) * unit)
    raise ValueError(
        f"memory_limit must be a number of bytes, such as 500_000_000 or '500MB'; got {limit!r}."
    )


def _opened(blocks: Any, values: dict[str, Any], key: Any) -> tuple[bool, dict[str, Reader]]:
    """Whether there is one matrix, and readers of all there is."""
    if _comes_in_pieces(blocks):
        if values or key is not None:
            raise ValueError(
                "target, sample_weight and key must be None for an iterable of blocks: it gives "
                "(blocks, y) or (blocks, y, weight)."
            )
        return False, spool(blocks if isinstance(blocks, Stream) else Stream(blocks))
    whole = not isinstance(blocks, Mapping | Container) and not _is_list_of_sources(blocks)
    names, sources = (["X"], [blocks]) if whole else named_blocks(blocks)
    modalities = dict(zip(map(str, names), sources, strict=True))
    require_free(modalities)
    return whole, open_aligned(modalities, values, key)


def _comes_in_pieces(blocks: Any) -> bool:
    """Whether blocks come one after another: from an iterator, or whatever else can be iterated."""
    if isinstance(blocks, Stream) or callable(blocks):
        return True
    known = isinstance(blocks, str | os.PathLike | Mapping | Sequence | Reader | Source | Container)
    table = hasattr(blocks, "shape") or hasattr(blocks, "get_fragments")
    return not known and not table and isinstance(blocks, Iterable)


def _is_list_of_sources(blocks: Any) -> bool:
    """Whether a list is one of blocks; one of paths alone is one source, of many files."""
    if not isinstance(blocks, list | tuple):
        return False
    return not all(isinstance(each, str | os.PathLike) for each in blocks)


def require_dataset(data: Any) -> None:
    """Raise TypeError unless `data` is a Dataset."""
    if not isinstance(data, Dataset):
        raise TypeError(f"data must be a polyfuse.stream.Dataset; got {kind_of(data)}.")
