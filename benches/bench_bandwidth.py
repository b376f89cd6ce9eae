"""The speed of memory in this run, which all other numbers are to be read against."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse import fusion

from . import loops
from .contest import MAIN, Matrices, Work, contests

THREADS = max(2, loops.PARTS)


def numpy_copy(data: Matrices) -> Callable[[], Any]:
    return lambda: np.copyto(data.out, data.x)


def numpy_threads_copy(data: Matrices) -> Callable[[], Any]:
    pool = ThreadPoolExecutor(THREADS)
    halves = [np.array_split(a.reshape(-1), THREADS) for a in (data.out, data.x)]
    return lambda: list(pool.map(np.copyto, *halves)) and None


def numpy_threads_sum(data: Matrices) -> Callable[[], Any]:
    pool = ThreadPoolExecutor(THREADS)
    halves: list[NDArray] = np.array_split(data.x.reshape(-1), THREADS)
    return lambda: sum(map(float, pool.map(np.sum, halves)))


def numba_copy(data: Matrices) -> Callable[[], Any]:
    x, out = data.x.reshape(-1), data.out.reshape(-1)
    return lambda: loops.copy(x, out)


def streamed_copy(data: Matrices) -> Callable[[], Any]:
    """With stores that pass the caches: a concatenation of one block is a copy."""

    def copy() -> None:  # as the others: the result is looked for in data.out
        fusion.concatenate([data.x], out=data.out)

    return copy


WORKS = [
    Work("read", 1, 0, {
        "NumPy": lambda data: lambda: data.x.sum(),
        f"NumPy, {THREADS} threads": numpy_threads_sum,
        "Numba": lambda data: lambda: loops.read_sum(data.x.reshape(-1)),
    }),
    Work("copy", 1, 1, {
        "NumPy": numpy_copy,
        f"NumPy, {THREADS} threads": numpy_threads_copy,
        "Numba": numba_copy,
        "polyfuse, streamed": streamed_copy,
    }),
]  # fmt: skip


@contests((WORKS, [MAIN]))
def test_bandwidth(race, data, work, peer):
    race(work, peer, data)
