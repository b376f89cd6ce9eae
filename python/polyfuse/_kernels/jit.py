"""The contract in Numba, for machines without the C++ kernels. The only module importing Numba.

How it is built: every kernel walks over tiles of rows, about `_TILE_BYTES` of staged data each.
NumPy brings a tile into C-contiguous float32 or float64 scratch (from any dtype, float16 too, any
strides, read-only or gathered), so that the compiled loops see these two types and nothing else:
few signatures, short compilation, never a converted or stacked copy of a block. Where a block
already lies that way, its own memory is read. A loop is compiled at its first call, and kept on
disk for the next process if a folder for that can be written. All runs on one thread, the GIL
released in the loops; the order of operations depends on shapes alone. No fast-math;
``error_model="numpy"`` because a division by zero must not raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from .contract import CONCATENATE, LOSSES, Block, Rows
from .fusion_ops import OPERATORS, Operator

name = "numba"

_TILE_BYTES = 1 << 16
_SQUARED_ERROR, _LOG_LOSS = LOSSES.index("squared_error"), LOSSES.index("log_loss")

Part = slice | NDArray[np.int64]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def _jit(function: Callable[..., Any]) -> Any:
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep compiled code in can be written
        return njit(**options)(function)


def _parts(n: int, row_bytes: int) -> Iterator[slice]:
    step = max(1, _TILE_BYTES // max(1, row_bytes))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def _plain(x: NDArray, dtype: Any = np.float64) -> NDArray:
    """`x` itself, or a copy, as a compiled loop takes it: contiguous, aligned, writable."""
    x = np.asarray(x)
    return x if x.dtype == dtype and x.flags.carray else np.array(x, dtype, order="C")


# -- stage ---------------------------------------------------------------------------------------
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
    return _jit(fold)


@_jit
def _scale(x: NDArray, shift: NDArray, factor: NDArray, divide: bool, out: NDArray, at: int) -> Any:
    for i in range(x.shape[0]):
        if divide:
            for j in range(x.shape[1]):
                out[i, at + j] = (x[i, j] - shift[j]) / factor[j]
        else:
            for j in range(x.shape[1]):
                out[i, at + j] = x[i, j] * factor[j] + shift[j]


class _Source:
    """One block, with its map in the precision it is scaled in."""

    def __init__(self, block: Block, dtype: np.dtype) -> None:
        self.values, self.affine = np.asarray(block.values), block.affine
        own = self.values.dtype
        self.precision = np.promote_types(own, np.float32) if own.kind == "f" else dtype
        if block.affine is not None:
            self.offset = _plain(block.affine.offset, self.precision)
            self.factor = _plain(block.affine.factor, self.precision)

    def load(self, part: Part, out: NDArray, at: int = 0) -> None:
        """Scale rows into the columns of `out` from `at` on."""
        x = self.values[part]
        if self.affine is None:
            out[:, at : at + x.shape[1]] = x
        else:
            x = _plain(x, self.precision)
            _scale(x, self.offset, self.factor, bool(self.affine.divide), out, at)

    def tile(self, part: Part, scratch: NDArray) -> NDArray:
        """Scaled rows, in the caller's memory if they can be read there, else in `scratch`."""
        if self.affine is None and self.values.dtype == scratch.dtype and isinstance(part, slice):
            x = self.values[part]
            if x.flags.carray:
                return x
        self.load(part, scratch)
        return scratch


class _Stage:
    """Tiles of fused rows, C-contiguous in the precision of the result, in scratch used again."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.sources = [_Source(block, rows.dtype) for block in rows.blocks]
        self.row_bytes = rows.width * rows.dtype.itemsize
        shape = (max(1, _TILE_BYTES // max(1, self.row_bytes)), rows.width)
        self.scratch, self.spare = np.empty(shape, rows.dtype), np.empty(shape, rows.dtype)

    def tiles(self) -> Iterator[tuple[slice, NDArray]]:
        for part in _parts(self.rows.n_rows, self.row_bytes):
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


# -- normalization -------------------------------------------------------------------------------
@_jit
def _add_powers(x: NDArray, origin: NDArray, count: NDArray, total: NDArray, squares: Any) -> None:
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            present = x[i, j] == x[i, j]
            deviation = x[i, j] - origin[j] if present else 0.0
            count[j] += 1.0 if present else 0.0
            total[j] += deviation
            squares[j] += deviation * deviation


@_jit
def _merge(left: NDArray, right: NDArray) -> None:
    """Chan, Golub and LeVeque: moments (count, mean, squares) of two sets of rows into `left`."""
    for j in range(left.shape[1]):
        n, delta = left[0, j] + right[0, j], right[1, j] - left[1, j]
        share = right[0, j] / max(n, 1.0)
        left[2, j] += right[2, j] + delta * delta * (left[0, j] * share)
        left[1, j] += delta * share
        left[0, j] = n


def _leaf_moments(values: NDArray) -> F64:
    """Two sweeps: about the first numbers, and about the mean, which also corrects that mean."""
    n, d = values.shape
    tiles = [values[part] for part in _parts(n, 8 * d)]
    top = _plain(tiles[0])
    origin = top[np.isnan(top).argmin(axis=0), np.arange(d)]
    origin[np.isnan(origin)] = 0.0
    for _ in range(2):
        count, total, squares = np.zeros((3, d))
        for tile in tiles:
            _add_powers(_plain(tile), origin, count, total, squares)
        present = np.maximum(count, 1.0)
        origin = np.where(count > 0.0, origin + total / present, 0.0)
    return np.stack([count, origin, squares - total * total / present])


@np.errstate(all="ignore")
def column_moments(values: NDArray, leaf_rows: int, count: I64, mean: F64, squares: F64) -> None:
    # A binary counter: trees of 2**depth leaves, the deepest first, below them one that is empty.
    trees = [(-1, np.zeros((3, values.shape[1])))]
    for start in range(0, len(values), leaf_rows):
        depth, moments = 0, _leaf_moments(values[start : start + leaf_rows])
        while trees[-1][0] == depth:
            _merge(trees[-1][1], moments)
            depth, moments = depth + 1, trees.pop()[1]
        trees.append((depth, moments))
    while len(trees) > 1:
        moments = trees.pop()[1]
        _merge(trees[-1][1], moments)
    count[:], mean[:], squares[:] = trees[0][1]


@_jit
def _widen(x: NDArray, low: NDArray, high: NDArray) -> None:
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            low[j] = x[i, j] if x[i, j] < low[j] else low[j]
            high[j] = x[i, j] if x[i, j] > high[j] else high[j]


def column_extrema(values: NDArray, low: F64, high: F64) -> None:
    least, greatest = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
    for part in _parts(len(values), 8 * values.shape[1]):
        _widen(_plain(values[part]), least, greatest)
    low[:], high[:] = least, greatest


# -- fusion --------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def fuse(rows: Rows, out: NDArray) -> None:
    for part, tile in _Stage(rows).tiles():
        out[part] = tile


# -- sgd -----------------------------------------------------------------------------------------
@_jit
def _dot(a: NDArray, b: NDArray) -> Any:
    """Sum of products over eight lanes, because LLVM may not reorder a plain sum."""
    zero = a.dtype.type(0)
    s0, s1, s2, s3, s4, s5, s6, s7 = zero, zero, zero, zero, zero, zero, zero, zero
    whole = len(a) - len(a) % 8
    for j in range(0, whole, 8):
        s0, s1 = s0 + a[j] * b[j], s1 + a[j + 1] * b[j + 1]
        s2, s3 = s2 + a[j + 2] * b[j + 2], s3 + a[j + 3] * b[j + 3]
        s4, s5 = s4 + a[j + 4] * b[j + 4], s5 + a[j + 5] * b[j + 5]
        s6, s7 = s6 + a[j + 6] * b[j + 6], s7 + a[j + 7] * b[j + 7]
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    for j in range(whole, len(a)):
        total += a[j] * b[j]
    return total


def dot(a: F64, b: F64) -> float:
    return float(sum(_dot(_plain(a[part]), _plain(b[part])) for part in _parts(len(a), 8)))


@_jit
def _scores(x: NDArray, coef: NDArray, intercept: NDArray, out: NDArray) -> None:
    for i in range(x.shape[0]):
        for c in range(coef.shape[0]):
            out[i, c] = _dot(x[i], coef[c]) + intercept[c]


@np.errstate(all="ignore")
def linear_scores(rows: Rows, coef: F64, intercept: F64, out: NDArray) -> None:
    w, b = np.array(coef, rows.dtype, order="C"), np.array(intercept, rows.dtype)
    for part, tile in _Stage(rows).tiles():
        _scores(tile, w, b, out[part])


@_jit
def _residual(scores: NDArray, target: NDArray, loss: int) -> float:
    """Return the loss of one row; turn its scores into its derivatives."""
    total = 0.0
    if loss == _SQUARED_ERROR:
        for c in range(len(scores)):
            scores[c] -= target[c]
            total += 0.5 * scores[c] * scores[c]
    elif loss == _LOG_LOSS:
        for c in range(len(scores)):
            s = scores[c]
            e = np.exp(-np.abs(s))
            total += (s if s > 0.0 else 0.0) - target[c] * s + np.log1p(e)
            scores[c] = (1.0 if s > 0.0 else e) / (1.0 + e) - target[c]
    else:
        code, top = int(target[0]), scores.max()
        own = scores[code] - top
        for c in range(len(scores)):
            scores[c] = np.exp(scores[c] - top)
            total += scores[c]
        for c in range(len(scores)):
            scores[c] /= total
        scores[code] -= 1.0
        total = np.log(total) - own
    return total


@_jit
def _add_gradient(x: NDArray, targets: NDArray, weight: NDArray, loss: int, model: Any) -> float:
    """Add the gradients of some rows to the model's; return their weighted loss."""
    coef, intercept, grad_coef, grad_intercept, residual = model
    total = 0.0
    for i in range(x.shape[0]):
        for c in range(coef.shape[0]):
            residual[c] = _dot(x[i], coef[c]) + intercept[c]
        total += weight[i] * _residual(residual, targets[i], loss)
        for c in range(coef.shape[0]):
            r = x.dtype.type(weight[i] * residual[c])
            grad_intercept[c] += r
            for j in range(x.shape[1]):
                grad_coef[c, j] += r * x[i, j]
    return total


@_jit
def _step(step: float, alpha: float, size: int, model: Any, fit_intercept: bool) -> None:
    """Move the model against the mean gradient of a batch, and forget the gradient."""
    coef, intercept, grad_coef, grad_intercept, _ = model
    number = coef.dtype.type
    rate, keep = number(step / size), number(1.0 - step * alpha)
    for c in range(coef.shape[0]):
        intercept[c] -= rate * number(grad_intercept[c]) if fit_intercept else number(0)
        for j in range(coef.shape[1]):
            coef[c, j] = keep * coef[c, j] - rate * number(grad_coef[c, j])
    grad_coef[:] = 0.0
    grad_intercept[:] = 0.0


@_jit
def _descend(x: NDArray, targets: NDArray, weight: NDArray, loss: int, model: Any, place: Any,
             steps: NDArray, alpha: float) -> float:  # fmt: skip
    """The batches, whole or in part, of the rows from `start` on in an order of `n_rows`."""
    start, n_rows, batch_size, fit_intercept = place
    total, i = 0.0, 0
    while i < x.shape[0]:
        batch = (start + i) // batch_size
        first, last = batch * batch_size, min((batch + 1) * batch_size, n_rows)
        stop = min(last - start, x.shape[0])
        total += _add_gradient(x[i:stop], targets[i:stop], weight[i:stop], loss, model)
        if start + stop == last:
            _step(steps[batch], alpha, last - first, model, fit_intercept)
        i = stop
    return total


def _model(coef: F64, intercept: F64, dtype: np.dtype) -> tuple[NDArray, ...]:
    """Copies in the precision of the rows, zeros for their gradients, room for a row's scores."""
    w, b = np.array(coef, dtype, order="C"), np.array(intercept, dtype)
    return w, b, np.zeros(w.shape), np.zeros(b.shape), np.empty(b.shape)


def _labels(part: Part, n: int, targets: F64, sample_weight: F64 | None) -> tuple[F64, F64]:
    weight = np.ones(n) if sample_weight is None else _plain(sample_weight[part])
    return _plain(targets[part]), weight


@np.errstate(all="ignore")
def loss_gradient(rows: Rows, targets: F64, sample_weight: F64 | None, coef: F64, intercept: F64,
                  loss: str, grad_coef: F64, grad_intercept: F64) -> float:  # fmt: skip
    model, total = _model(coef, intercept, rows.dtype), 0.0
    for part, x in _Stage(rows).tiles():
        labels = _labels(part, len(x), targets, sample_weight)
        total += _add_gradient(x, *labels, LOSSES.index(loss), model)
    grad_coef[...], grad_intercept[...] = model[2:4]
    return total


@np.errstate(all="ignore")
def descend(rows: Rows, order: I64, batch_size: int, targets: F64, sample_weight: F64 | None,
            loss: str, steps: F64, alpha: float, coef: F64, intercept: F64,
            fit_intercept: bool) -> float:  # fmt: skip
    stage, model, total = _Stage(rows), _model(coef, intercept, rows.dtype), 0.0
    steps, code = _plain(steps), LOSSES.index(loss)
    for part in _parts(len(order), stage.row_bytes):
        x = stage.tile(order[part], part.stop - part.start)
        labels = _labels(order[part], len(x), targets, sample_weight)
        place = (part.start, len(order), batch_size, bool(fit_intercept))
        total += _descend(x, *labels, code, model, place, steps, float(alpha))
    coef[...], intercept[...] = model[:2]
    return total


# -- confusion -----------------------------------------------------------------------------------
@_jit
def _count(y_true: NDArray, y_pred: NDArray, weight: NDArray, out: NDArray) -> None:
    k = out.shape[0]
    for i in range(len(y_true)):
        if 0 <= y_true[i] < k and 0 <= y_pred[i] < k:
            out[y_true[i], y_pred[i]] += weight[i]


def confusion(y_true: I64, y_pred: I64, sample_weight: F64 | None, out: NDArray) -> None:
    ones = np.ones(_TILE_BYTES // 8, np.int64)
    out[...] = 0
    for part in _parts(len(y_true), 8):
        weight = ones if sample_weight is None else _plain(sample_weight[part])
        _count(_plain(y_true[part], np.int64), _plain(y_pred[part], np.int64), weight, out)
