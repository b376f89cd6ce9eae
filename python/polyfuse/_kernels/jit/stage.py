"""Tiles of rows: converted, scaled, fused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from ..contract import CONCATENATE, Block, Rows
from ..fusion_ops import OPERATORS, Operator
from .loops import TILE_BYTES, Part, jit, parts, plain

_scalar = cache(register_jitable)


@cache
def _folding(op: Operator) -> Any:
    """The loop that folds one more block into `acc`, around the formulas of an operator.

    Numba notices on disk only that this file has changed, so the loop's name has the formulas'.
    """
    lift, combine, finish = map(_scalar, (op.lift, op.combine, op.finish))

    def fold(x: NDArray, weight: Any, total: Any, first: bool, last: bool, acc: NDArray) -> None:
        for i in range(len(x)):
            value = lift(x[i], weight)
            if not first:
                value = combine(acc[i], value)
            acc[i] = finish(value, total) if last else value

    codes = [f.__code__ for f in (op.lift, op.combine, op.finish)]
    formulas = repr([(c.co_code, c.co_consts, c.co_names) for c in codes])
    fold.__qualname__ = f"fold_{op.name}_{crc32(formulas.encode()):08x}"
    return jit(fold)


@jit
def _scale(x: NDArray, shift: NDArray, factor: NDArray, divide: bool, out: NDArray, at: int) -> Any:
    for i in range(x.shape[0]):
        if divide:
            for j in range(x.shape[1]):
                out[i, at + j] = (x[i, j] - shift[j]) / factor[j]
        else:
            for j in range(x.shape[1]):
                out[i, at + j] = x[i, j] * factor[j] + shift[j]


class Source:
    """One block, with its map in the precision it is scaled in."""

    def __init__(self, block: Block, dtype: np.dtype) -> None:
        self.values, self.affine = np.asarray(block.values), block.affine
        own = self.values.dtype
        self.precision = np.promote_types(own, np.float32) if own.kind == "f" else dtype
        if block.affine is not None:
            self.offset = plain(block.affine.offset, self.precision)
            self.factor = plain(block.affine.factor, self.precision)

    def load(self, part: Part, out: NDArray, at: int = 0) -> None:
        """Scale rows into the columns of `out` from `at` on."""
        x = self.values[part]
        if self.affine is None:
            out[:, at : at + x.shape[1]] = x
        else:
            x = plain(x, self.precision)
            _scale(x, self.offset, self.factor, bool(self.affine.divide), out, at)

    def tile(self, part: Part, scratch: NDArray) -> NDArray:
        """Scaled rows, in the caller's memory if they can be read there, else in `scratch`."""
        if self.affine is None and self.values.dtype == scratch.dtype and isinstance(part, slice):
            x = self.values[part]
            if x.flags.carray:
                return x
        self.load(part, scratch)
        return scratch


class Stage:
    """Tiles of fused rows, C-contiguous in the precision of the result, in scratch used again."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.sources = [Source(block, rows.dtype) for block in rows.blocks]
        self.row_bytes = rows.width * rows.dtype.itemsize
        shape = (max(1, TILE_BYTES // max(1, self.row_bytes)), rows.width)
        self.scratch, self.spare = np.empty(shape, rows.dtype), np.empty(shape, rows.dtype)

    def tiles(self) -> Iterator[tuple[slice, NDArray]]:
        for part in parts(self.rows.n_rows, self.row_bytes):
            yield part, self.tile(part, part.stop - part.start)

    def tile(self, part: Part, n: int) -> NDArray:
        """The `n` rows that `part` selects."""
        tile = self.scratch[:n]
        if self.rows.op != CONCATENATE:
            self._fold(part, tile, self.spare[:n])
            return tile
        if len(self.sources) == 1:
            return self.sources[0].tile(part, tile)
        at = 0
        for source in self.sources:
            source.load(part, tile, at)
            at += source.values.shape[1]
        return tile

    def _fold(self, part: Part, tile: NDArray, spare: NDArray) -> None:
        rows, op, n = self.rows, OPERATORS[self.rows.op], len(self.sources)
        weights, fold = rows.weights.astype(rows.dtype), _folding(op)
        total = rows.dtype.type(np.cumsum(rows.weights)[-1] if op.weighted else n)
        for i, source in enumerate(self.sources):
            x = source.tile(part, spare).reshape(-1)
            fold(x, weights[i], total, i == 0, i == n - 1, tile.reshape(-1))
