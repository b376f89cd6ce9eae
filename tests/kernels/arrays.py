"""Arrays of every dtype, layout and kind of value, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from polyfuse._kernels.contract import CONCATENATE, Affine, Block, Csr, Rows

OUT_LAYOUTS = ("C", "F", "strided", "reversed")
LAYOUTS = (*OUT_LAYOUTS, "read-only", "broadcast")
MAPS = (None, "divide", "multiply")
WIDE_MAPS = ("divide-wide", "multiply-wide", "divide-mixed", "multiply-mixed", "divide-single")
VOTES = ("vote", "weighted_vote")
GAPS = ("some", "first row", "one block", "everything", "runs", "not the first")
MEANS_OF_POSITIVE = ("geometric_mean", "power_mean")


def values(rng: np.random.Generator, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray:
    """Anything a dtype can hold: integers over their whole range, floats of many magnitudes."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    smallest = -26 if dtype == np.float16 else -8
    exponents = rng.integers(smallest, 4, shape, np.int8)
    return np.ldexp(rng.standard_normal(shape), exponents).astype(dtype)


def sprinkle(rng: np.random.Generator, x: NDArray, *specials: float) -> NDArray:
    """Overwrite some values of a float array, about one in twenty for each special value."""
    if x.dtype.kind == "f":
        for special in specials:
            x[rng.random(x.shape) < 0.05] = special
    return x


def lay_out(x: NDArray, layout: str) -> NDArray:
    """The same values, another layout in memory."""
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        view = np.zeros((2 * x.shape[0] + 1, 3 * x.shape[1] + 1), x.dtype)[1::2, 1::3]
        view[...] = x
        return view
    if layout == "reversed":
        return np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    if layout == "broadcast":
        return np.broadcast_to(x[:1], x.shape)
    x = np.array(x, order="C")
    x.flags.writeable = layout != "read-only"
    return x


def affine_for(rng: np.random.Generator, x: NDArray, kind: str | None) -> Affine | None:
    """A map that brings values of that dtype near to the interval from -2 to 2.

    A wide one has parameters of float64, of float32, or one of each ("mixed").
    """
    if kind is None:
        return None
    kind, _, precision = kind.partition("-")
    if precision:
        offset, factor, divide, _ = affine_for(rng, x, kind) or ()
        offset = offset.astype("f4") if precision != "wide" else offset
        factor = factor.astype("f4") if precision == "single" else factor
        return Affine(offset, factor, divide, True)
    width = x.shape[1]
    middle, spread = 0.0, 1.0
    if x.dtype.kind in "iu":
        limits = np.iinfo(x.dtype)
        middle, spread = limits.min / 2 + limits.max / 2, (limits.max / 4 - limits.min / 4)
    factor = rng.uniform(0.5, 2.0, width)
    jitter = rng.standard_normal(width)
    if kind == "divide":
        return Affine(middle + spread * jitter, spread * factor, True)
    return Affine(jitter - middle / spread * factor, factor / spread, False)


def gaps(rng: np.random.Generator, kind: str, n_blocks: int, n: int) -> NDArray[np.bool_]:
    """Which block is missing in which row, shape (n_blocks, n)."""
    missing = np.zeros((n_blocks, n), bool)
    if kind == "first row":
        missing[:, :1] = True
    elif kind == "one block":
        missing[-1] = True
    elif kind == "everything":
        missing[:] = True
    elif kind == "runs":
        missing[:] = np.repeat(rng.random((n_blocks, n // 40 + 1)) < 0.4, 40, axis=1)[:, :n]
    else:
        missing[:] = rng.random((n_blocks, n)) < 0.3
        missing[0] &= kind != "not the first"
    return missing


def _drawn(rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike, op: str) -> NDArray:
    """Values that an operator can make something of: positive ones, or few of them."""
    if op in VOTES:
        return rng.integers(0, 2 if np.dtype(dtype).kind == "b" else 4, shape).astype(dtype)
    x = values(rng, shape, dtype)
    return np.abs(x) if op in MEANS_OF_POSITIVE and x.dtype.kind == "f" else x


def make_rows(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    n: int = 257,
    widths: Sequence[int] = (17,),
    op: str = CONCATENATE,
    inputs: Sequence[Any] = ("float32",),
    maps: Sequence[str | None] = (None,),
    layouts: Sequence[str] = ("C",),
    specials: Sequence[float] = (),
    weighing: str = "block",
    parameter: float = 2.5,
    missing: float | str | None = None,
    without: str | None = None,
) -> Rows:
    """Fused rows over blocks of some widths; dtypes, maps and layouts are taken in turn.

    The dtype "own" is that of the result. What is missing, by `gaps`, shows in a mask in every
    other block, and in those that do not float.
    """
    k, blocks = len(widths), []
    absent = gaps(rng, without, k, n) if without else np.zeros((k, n), bool)
    kinds = zip(widths, cycle(inputs), cycle(maps), cycle(layouts), absent, strict=False)
    for i, (width, source, kind, layout, gone) in enumerate(kinds):
        source = dtype if source == "own" else source
        x = sprinkle(rng, _drawn(rng, (n, width), source, op), *specials)
        masked = bool(without) and (i % 2 == 1 or x.dtype.kind != "f")
        if gone.any() and not masked:
            x[gone] = np.nan
        x = lay_out(x, layout)
        blocks.append(Block(x, affine_for(rng, x, kind), ~gone if masked else None))
    shape = {"block": (k,), "column": (k, 1, widths[0]), "row": (k, n, 1)}[weighing]
    weights = rng.uniform(0.0 if op in (*VOTES, *MEANS_OF_POSITIVE) else -0.5, 2.0, shape)
    return Rows(tuple(blocks), op, weights, np.dtype(dtype), parameter, missing)


def sparse(rng: np.random.Generator, x: NDArray, density: float = 0.3) -> Csr:
    """Some of the values, with a zero or two among them.

    Each seventh row holds nothing; each third names columns twice.
    """
    held = rng.random(x.shape) < density
    held[::7] = False
    x = sprinkle(rng, x.copy(), 0.0)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(held.sum(axis=1))])
    i, j = np.nonzero(held)
    at = np.where(i % 3 == 1, j // 2 * 2, j)
    return Csr(x[held], at.astype(np.int32), starts, x.shape[1])


def with_sparse(rng: np.random.Generator, rows: Rows, which: Sequence[int]) -> Rows:
    """The same rows with some of the blocks held sparsely."""
    blocks = list(rows.blocks)
    for b in which:
        blocks[b] = blocks[b]._replace(values=sparse(rng, np.asarray(blocks[b].values)))
    return rows._replace(blocks=tuple(blocks))
