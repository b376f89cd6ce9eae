"""Rows as a step of stochastic gradient descent takes them: some values, and their columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..contract import Block, Csr, Rows
from .loops import F64, I64, Part, plain
from .stage import Source, Stage


class Tile(NamedTuple):
    """Row i has the values and columns from ``starts[which[i]]`` to ``starts[which[i] + 1]``."""

    values: NDArray
    columns: NDArray[np.int32]
    starts: I64
    which: I64


class DenseSamples:
    """All values of fused rows."""

    def __init__(self, rows: Rows) -> None:
        self.stage, width = Stage(rows), rows.width
        self.row_bytes = self.stage.row_bytes
        height = len(self.stage.scratch)
        self.columns = np.resize(np.arange(width, dtype=np.int32), height * width)
        self.starts, self.index = width * np.arange(height + 1), np.arange(height)

    def tile(self, index: I64) -> Tile:
        x = self.stage.tile(index, len(index))
        return Tile(x.reshape(-1), self.columns, self.starts, self.index[: len(index)])


def _arrays(csr: Csr) -> tuple[NDArray, NDArray[np.int32], I64]:
    return csr.data, csr.indices, csr.indptr


class _Held:
    """What a sparse block holds."""

    def __init__(self, block: Block, dtype: np.dtype) -> None:
        assert isinstance(block.values, Csr)
        self.values, self.affine = block.values, block.affine
        if self.affine is not None:
            own = self.values.dtype
            self.offset, self.factor = (plain(a, own) for a in self.affine[:2])
        self.row_bytes = len(self.values.data) * dtype.itemsize // max(1, self.values.shape[0])

    def pick(self, index: I64) -> tuple[I64, NDArray, NDArray]:
        """How many values each row holds; the values, scaled; their columns."""
        csr = self.values
        first = csr.indptr[index]
        count = csr.indptr[index + 1] - first
        at = places(first, count)
        x, columns = csr.data[at], csr.indices[at]
        if self.affine is not None:
            b, k = self.offset[columns], self.factor[columns]
            x = (x - b) / k if self.affine.divide else x * k + b
        return count, x, columns


class _NotZero:
    """What of a dense block is not zero."""

    def __init__(self, block: Block, dtype: np.dtype) -> None:
        self.source, self.dtype = Source(block, dtype), dtype
        self.row_bytes = self.source.values.shape[1] * dtype.itemsize

    def pick(self, index: I64) -> tuple[I64, NDArray, NDArray]:
        scaled = np.empty((len(index), self.source.values.shape[1]), self.dtype)
        self.source.load(index, scaled)
        row, columns = np.nonzero(scaled)
        return np.bincount(row, minlength=len(index)), scaled[row, columns], columns


class SparseSamples:
    """What is not zero of sparse blocks, and dense ones beside them.

    A single sparse block is read where it lies, if it has no map and is of the right type.
    """

    def __init__(self, rows: Rows) -> None:
        self.dtype = rows.dtype
        widths = [block.values.shape[1] for block in rows.blocks]
        self.offsets = np.cumsum([0, *widths[:-1]])
        self.parts = [
            (_Held if isinstance(block.values, Csr) else _NotZero)(block, rows.dtype)
            for block in rows.blocks
        ]
        self.row_bytes = sum(part.row_bytes for part in self.parts)
        self.whole: Csr | None = None
        only, affine, _ = rows.blocks[0]
        if len(rows.blocks) == 1 and isinstance(only, Csr) and affine is None:
            plainly = only.dtype == rows.dtype and all(a.flags.carray for a in _arrays(only))
            self.whole = only if plainly else None

    def tile(self, index: I64) -> Tile:
        if self.whole is not None:
            return Tile(*_arrays(self.whole), index)
        picked = [part.pick(index) for part in self.parts]
        ends = np.cumsum(sum(count for count, _, _ in picked))
        starts = np.concatenate([np.zeros(1, np.int64), ends])
        values, columns = np.empty(starts[-1], self.dtype), np.empty(starts[-1], np.int32)
        free = starts[:-1].copy()
        for offset, (count, x, at) in zip(self.offsets, picked, strict=True):
            room = places(free, count)
            values[room], columns[room] = x, at + offset
            free += count
        return Tile(values, columns, starts, np.arange(len(index)))


def places(first: I64, count: I64) -> I64:
    """``first[i] ... first[i] + count[i] - 1``, for each i, one after the other."""
    ends = np.cumsum(count)
    found: I64 = np.repeat(first - ends + count, count) + np.arange(count.sum())
    return found


def labels(part: Part, n: int, targets: F64, sample_weight: F64 | None) -> tuple[F64, F64]:
    """The targets and the weights of `n` rows."""
    weight = np.ones(n) if sample_weight is None else plain(sample_weight[part])
    return plain(targets[part]), weight


def samples(rows: Rows) -> DenseSamples | SparseSamples:
    return SparseSamples(rows) if rows.sparse else DenseSamples(rows)
