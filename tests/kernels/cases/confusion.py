"""Counts of pairs of codes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ..case import Call, Case, frozen, rubbish
from ..tolerances import EXACT, Ulps
from .shapes import DOUBLE


def _confusion(
    rng: np.random.Generator, dtype: np.dtype, n: int, k: int, weighted: bool, spill: int
) -> Call:
    codes = rng.integers(-spill, k + spill, (2, n))
    if spill and n > 2:
        codes[0, :2] = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    out = rubbish((k, k), np.float64 if weighted else np.int64)
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    return Call((*frozen(*codes), weight, out), (out,))


def confusion_cases() -> Iterator[Case]:
    for n in (0, 1, 257, 3000, 100_003):
        for k in (1, 2, 10, 300):
            for weighted in (False, True):
                for spill in (0, 2):
                    make = partial(_confusion, n=n, k=k, weighted=weighted, spill=spill)
                    id = f"confusion-{n}-{k}" + "-weighted" * weighted + "-spill" * (spill > 0)
                    yield Case(id, "confusion", make, Ulps(2**6) if weighted else EXACT, DOUBLE)


def large_confusion_cases() -> Iterator[Case]:
    for k, weighted in ((10, False), (10, True), (200, True)):
        make = partial(_confusion, n=1_000_000, k=k, weighted=weighted, spill=1)
        tolerance = Ulps(2**8) if weighted else EXACT
        id = f"large-confusion-{k}" + "-weighted" * weighted
        yield Case(id, "confusion", make, tolerance, DOUBLE)
