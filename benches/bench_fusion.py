"""Fusion: several blocks become one, elementwise or side by side, scaled on the way or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse import fusion
from polyfuse.preprocessing import StandardScaler

from . import loops
from .contest import (
    FORTRAN,
    HALF,
    MAIN,
    SMALL,
    TALL,
    WIDE,
    Contestant,
    Matrices,
    Work,
    contests,
    filling,
)

Fold = Callable[..., Any]

WEIGHTS = np.array([0.5, 0.3, 0.7])


def flat(x: NDArray) -> NDArray:
    """All elements in the order of memory, without a copy."""
    return x.reshape(-1) if x.flags.c_contiguous else x.T.reshape(-1)


def weights_of(data: Matrices) -> NDArray:
    return WEIGHTS.astype(data.x.dtype)


# -- NumPy, in place -----------------------------------------------------------------------------
def numpy_mean(blocks: Sequence[NDArray], out: NDArray) -> NDArray:
    np.add(blocks[0], blocks[1], out=out)
    for block in blocks[2:]:
        out += block
    out /= out.dtype.type(len(blocks))
    return out


def numpy_weighted_mean(data: Matrices, out: NDArray, spare: NDArray) -> NDArray:
    weights = weights_of(data)
    np.multiply(data.blocks[0], weights[0], out=out)
    for block, weight in zip(data.blocks[1:], weights[1:], strict=True):
        out += np.multiply(block, weight, out=spare)
    out /= weights.sum()
    return out


def numpy_maximum(blocks: Sequence[NDArray], out: NDArray) -> NDArray:
    np.maximum(blocks[0], blocks[1], out=out)
    return reduce(lambda acc, block: np.maximum(acc, block, out=acc), blocks[2:], out)


# -- Numba ---------------------------------------------------------------------------------------
def numba(
    loop: Fold, out_of: Callable[[Matrices], NDArray], *, weighted: bool = False
) -> Contestant:
    """A loop over the blocks as flat arrays."""

    def make(data: Matrices) -> Callable[[], Any]:
        blocks = [flat(block) for block in data.blocks]
        args = [weights_of(data)] if weighted else []

        def run() -> NDArray:
            out = out_of(data)
            loop(*blocks, *args, flat(out))
            return out

        return run

    return make


def given(data: Matrices) -> NDArray:
    return data.out


def new(data: Matrices) -> NDArray:
    return np.empty_like(data.x)


def numba_mean_many(data: Matrices) -> Callable[[], Any]:
    run = filling(flat(data.out), loops.mean_many, tuple(map(flat, data.blocks)))
    return lambda: run().reshape(data.out.shape)


# -- works ---------------------------------------------------------------------------------------
GIVEN = [
    Work("mean, out given", 3, 1, {
        "polyfuse": lambda data: lambda: fusion.mean(data.blocks, out=data.out),
        "NumPy": lambda data: lambda: numpy_mean(data.blocks, data.out),
        "Numba": numba(loops.mean3, given),
    }),
    Work("weighted_mean, out given", 3, 1, {
        "polyfuse": lambda data: lambda: fusion.weighted_mean(
            data.blocks, WEIGHTS, out=data.out
        ),
        "NumPy": lambda data: lambda: numpy_weighted_mean(data, data.out, data.spare),
        "Numba": numba(loops.weighted_mean3, given, weighted=True),
    }),
    Work("maximum, out given", 3, 1, {
        "polyfuse": lambda data: lambda: fusion.maximum(data.blocks, out=data.out),
        "NumPy": lambda data: lambda: numpy_maximum(data.blocks, data.out),
        "Numba": numba(loops.maximum3, given),
    }),
]  # fmt: skip
# "one call" is what is usually written: it stacks the blocks before it works.
FRESH = [
    Work("mean, fresh output", 3, 1, {
        "polyfuse": lambda data: lambda: fusion.mean(data.blocks),
        "NumPy": lambda data: lambda: numpy_mean(data.blocks, new(data)),
        "NumPy, one call": lambda data: lambda: np.mean(data.blocks, axis=0),
        "Numba": numba(loops.mean3, new),
    }),
    Work("weighted_mean, fresh output", 3, 1, {
        "polyfuse": lambda data: lambda: fusion.weighted_mean(data.blocks, WEIGHTS),
        "NumPy": lambda data: lambda: numpy_weighted_mean(data, new(data), new(data)),
        "NumPy, one call": lambda data: lambda: np.average(
            np.stack(data.blocks), axis=0, weights=weights_of(data)
        ),
        "Numba": numba(loops.weighted_mean3, new, weighted=True),
    }),
    Work("maximum, fresh output", 3, 1, {
        "polyfuse": lambda data: lambda: fusion.maximum(data.blocks),
        "NumPy": lambda data: lambda: numpy_maximum(data.blocks, new(data)),
        "NumPy, one call": lambda data: lambda: np.max(data.blocks, axis=0),
        "Numba": numba(loops.maximum3, new),
    }),
]  # fmt: skip


# -- scaled on the way ---------------------------------------------------------------------------
def polyfuse_scaled(data: Matrices) -> Callable[[], Any]:
    scalers = [StandardScaler().fit(block) for block in data.blocks]
    return lambda: fusion.mean(data.blocks, scalers=scalers, out=data.out)


def statistics(data: Matrices) -> tuple[NDArray, NDArray]:
    scalers = [StandardScaler().fit(block) for block in data.blocks]
    dtype = data.x.dtype
    return np.array([s.mean_ for s in scalers], dtype), np.array([s.scale_ for s in scalers], dtype)


def numpy_scaled(data: Matrices) -> Callable[[], Any]:
    (mean, std), out, spare = statistics(data), data.out, data.spare

    def run() -> NDArray:
        for i, block in enumerate(data.blocks):
            target = out if i == 0 else spare
            np.subtract(block, mean[i], out=target)
            target /= std[i]
            if i > 0:
                np.add(out, spare, out=out)
        return np.divide(out, out.dtype.type(3), out=out)

    return run


def numba_scaled(data: Matrices) -> Callable[[], Any]:
    return filling(data.out, loops.scaled_mean3, *data.blocks, *statistics(data))


SCALED = Work("standardise and mean, out given", 3, 1, {
    "polyfuse": polyfuse_scaled,
    "NumPy": numpy_scaled,
    "Numba": numba_scaled,
})  # fmt: skip


# -- side by side --------------------------------------------------------------------------------
def beside(data: Matrices) -> NDArray:
    return np.full((data.spec.rows, data.spec.blocks * data.spec.columns), 1, data.x.dtype)


def polyfuse_concatenate(data: Matrices) -> Callable[[], Any]:
    out = beside(data)
    return lambda: fusion.concatenate(data.blocks, out=out)


def numpy_concatenate(data: Matrices) -> Callable[[], Any]:
    out = beside(data)
    return lambda: np.concatenate(data.blocks, axis=1, out=out)


def numba_concatenate(data: Matrices) -> Callable[[], Any]:
    return filling(beside(data), loops.concatenate3, *data.blocks)


CONCATENATE = [
    Work("concatenate, out given", 3, 3, {
        "polyfuse": polyfuse_concatenate,
        "NumPy": numpy_concatenate,
        "Numba": numba_concatenate,
    }),
    Work("concatenate, fresh output", 3, 3, {
        "polyfuse": lambda data: lambda: fusion.concatenate(data.blocks),
        "NumPy": lambda data: lambda: np.concatenate(data.blocks, axis=1),
    }),
]  # fmt: skip

MANY = Work("mean of 16 blocks, out given", 16, 1, {
    "polyfuse": lambda data: lambda: fusion.mean(data.blocks, out=data.out),
    "NumPy": lambda data: lambda: numpy_mean(data.blocks, data.out),
    "Numba": numba_mean_many,
})  # fmt: skip

# NumPy folds float16 value by value, each operation rounded to float16.
HALVES = replace(GIVEN[0].without("Numba"), name="mean of float16, out given", tolerance=5e-3)
SCALED_HALVES = Work("standardise and mean of float16, out given", 3, 1, {
    "polyfuse": polyfuse_scaled,
})  # fmt: skip

THREE = [replace(spec, blocks=3) for spec in (MAIN, WIDE, TALL, FORTRAN, SMALL)]
SIXTEEN = replace(MAIN, rows=MAIN.rows // 4, blocks=16)


@contests(
    ([*GIVEN, *FRESH, SCALED], THREE[:3]),
    ([*GIVEN, *FRESH, SCALED.without("Numba")], THREE[3:4]),
    (CONCATENATE, THREE[:1]),
    ([HALVES, SCALED_HALVES], [replace(HALF, blocks=3)]),
    ([GIVEN[0], FRESH[0], GIVEN[1]], THREE[4:]),
    ([MANY], [SIXTEEN]),
)
def test_fusion(race, data, work, peer):
    race(work, peer, data)
