"""Tiles of rows: converted, scaled, fused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from ..contract import Block, Rows
from ..fusion_ops import OPERATORS, Fold, Gather
from .loops import TILE_BYTES, Part, jit, parts, plain

_scalar = cache(register_jitable)


@cache
def _folding(op: Fold) -> Any:
    """The loop that folds one more block into `acc`, around the formulas of an operator.

    Numba notices on disk only that this file has changed, so the loop's name has the formulas'.
    """
    lift, combine, finish = map(_scalar, (op.lift, op.combine, op.finish))

    def fold(x: NDArray, weight: NDArray, total: NDArray, place: Any, acc: NDArray) -> None:
        first, last, p = place
        by_row, by_column = weight.shape[0] > 1, weight.shape[1] > 1
        for i in range(x.shape[0]):
            row = i if by_row else 0
            w, t = weight[row, 0], total[row, 0]
            for j in range(x.shape[1]):
                if by_column:
                    w, t = weight[row, j], total[row, j]
                value = lift(acc.dtype.type(x[i, j]), w, p)
                if not first:
                    value = combine(acc[i, j], value)
                acc[i, j] = finish(value, t, p) if last else value

    codes = [f.__code__ for f in (op.lift, op.combine, op.finish)]
    formulas = repr([(c.co_code, c.co_consts, c.co_names) for c in codes])
    fold.__qualname__ = f"fold_{op.name}_{crc32(formulas.encode()):08x}"
    return jit(fold)


@jit
def _scale(x: NDArray, shift: NDArray, factor: NDArray, divide: bool, out: NDArray, at: int) -> Any:
    own = x.dtype.type
    for i in range(x.shape[0]):
        if divide:
            for j in range(x.shape[1]):
                out[i, at + j] = own(own(x[i, j] - shift[j]) / factor[j])
        else:
            for j in range(x.shape[1]):
                out[i, at + j] = own(own(x[i, j] * factor[j]) + shift[j])


class Source:
    """One block, with its map in the precision it is scaled in."""

    def __init__(self, block: Block, dtype: np.dtype) -> None:
        self.values, self.affine, self.present = np.asarray(block.values), *block[1:]
        own = self.values.dtype
        self.precision = own if own.kind == "f" else dtype
        if block.affine is not None:
            offset, factor, _, wide = block.affine
            keeps = bool(wide) and own.kind == "f"
            self.offset = plain(offset, offset.dtype if keeps else self.precision)
            self.factor = plain(factor, factor.dtype if keeps else self.precision)

    def load(self, part: Part, out: NDArray, at: int = 0) -> None:
        """Scale rows into the columns of `out` from `at` on."""
        x = self.values[part]
        if self.affine is None:
            out[:, at : at + x.shape[1]] = x
        elif self.precision == np.float16:  # NumPy has its operations, Numba has not
            divide, b, k, half = self.affine.divide, self.offset, self.factor, np.float16
            first = (x - b if divide else x * k).astype(half, copy=False)
            second = (first / k if divide else first + b).astype(half, copy=False)
            out[:, at : at + x.shape[1]] = second
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

    def missing(self, part: Part) -> NDArray[np.bool_]:
        """Whether there is nothing, for each row of a part."""
        x = self.values[part]
        missing: NDArray[np.bool_] = np.isnan(x[:, 0])
        if missing.any():
            missing[missing] = np.isnan(x[missing]).all(axis=1)
        return missing if self.present is None else missing | ~self.present[part]


class Stage:
    """Tiles of fused rows, C-contiguous in the precision of the result, in scratch used again.

    `nothing` marks the rows of the last tile in which all blocks are missing; None if none are.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows, self.op = rows, OPERATORS.get(rows.op)
        self.sources = [Source(block, rows.dtype) for block in rows.blocks]
        self.row_bytes = rows.width * rows.dtype.itemsize
        if isinstance(self.op, Gather):
            self.row_bytes *= len(self.sources)
        height = max(1, TILE_BYTES // max(1, self.row_bytes))
        self.scratch, self.spare = (np.empty((height, rows.width), rows.dtype) for _ in range(2))
        by_block = rows.weights.ndim == 1
        self.weights = rows.weights.reshape(-1, 1, 1) if by_block else rows.weights
        self.nothing: NDArray[np.bool_] | None = None

    def tiles(self) -> Iterator[tuple[slice, NDArray]]:
        for part in parts(self.rows.n_rows, self.row_bytes):
            yield part, self.tile(part, part.stop - part.start)

    def tile(self, part: Part, n: int) -> NDArray:
        """The `n` rows that `part` selects."""
        everyone, tile, self.nothing = range(len(self.sources)), self.scratch[:n], None
        if self.rows.missing is None:
            return self._fused(part, everyone, tile)
        missing = np.stack([source.missing(part) for source in self.sources])
        if not missing.any():
            return self._fused(part, everyone, tile)
        self.nothing = np.logical_and.reduce(missing)
        if self.rows.missing == "skip":
            self._fuse_those_there(part, ~missing, tile)
        else:
            tile = self._fused(part, everyone, tile, missing)
        tile[self.nothing] = np.nan
        return tile

    def _fuse_those_there(self, part: Part, there: NDArray[np.bool_], tile: NDArray) -> None:
        """Rows that have the same blocks are fused together."""
        index = np.arange(part.start, part.stop) if isinstance(part, slice) else part
        room = np.empty_like(tile)
        for members in np.unique(there, axis=1).T:
            chosen = (members == there.T).all(axis=1)
            if members.any():
                rows = index[chosen]
                tile[chosen] = self._fused(rows, np.flatnonzero(members), room[: len(rows)])

    def _fused(
        self, part: Part, members: Sequence[int] | NDArray, tile: NDArray, missing: Any = None
    ) -> NDArray:
        """Some of the blocks, fused; where one is missing, the number that stands for it."""
        if self.op is None:
            return self._concatenated(part, tile, missing)
        weights = self.weights[:, part] if self.weights.shape[1] > 1 else self.weights
        weights = weights[members]
        if isinstance(self.op, Fold):
            self._fold(self.op, part, members, weights, tile, missing)
        elif isinstance(self.op, Gather):
            stack = np.empty((len(members), *tile.shape), tile.dtype)
            for b, values in zip(members, stack, strict=True):
                values[...] = self._block(b, part, values, missing)
            tile[...] = self.op.gather(stack, weights.astype(tile.dtype))
        return tile

    def _concatenated(self, part: Part, tile: NDArray, missing: Any) -> NDArray:
        if len(self.sources) == 1 and missing is None:
            return self.sources[0].tile(part, tile)
        at = 0
        for b, source in enumerate(self.sources):
            end = at + source.values.shape[1]
            source.load(part, tile, at)
            if missing is not None:
                tile[missing[b], at:end] = self.rows.missing
            at = end
        return tile

    def _block(self, b: int, part: Part, room: NDArray, missing: Any) -> NDArray:
        x = self.sources[b].tile(part, room)
        if missing is not None and missing[b].any():
            x = x if x is room else x.copy()
            x[missing[b]] = self.rows.missing
        return x

    def _fold(self, op: Fold, part: Part, members: Any, weights: NDArray, tile: NDArray,
              missing: Any) -> None:  # fmt: skip
        k, own = len(members), tile.dtype
        total = np.add.accumulate(weights)[-1] if op.weighted else np.full((1, 1), float(k))
        acc = np.empty(tile.shape) if op.wide else tile
        # Weights and their sum are rounded to the precision of the result even if all is wide.
        weights, total = (plain(x.astype(own), acc.dtype) for x in (weights, total))
        if not op.weighted:
            weights = np.ones((k, 1, 1), acc.dtype)
        shape = (1, -1) if weights[0].size == 1 else tile.shape
        fold, p = _folding(op), float(self.rows.parameter)
        for i, b in enumerate(members):
            x = self._block(b, part, self.spare[: len(tile)], missing)
            place = (i == 0, i == k - 1, p)
            fold(x.reshape(shape), weights[i], total, place, acc.reshape(shape))
        if op.wide:
            tile[...] = acc
