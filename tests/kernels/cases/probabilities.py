"""Losses of probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ..arrays import sprinkle
from ..case import Call, Case, frozen, rubbish
from ..tolerances import Close
from .confusion import INTEGERS

DTYPES = (np.dtype("float32"), np.dtype("float64"))


def _probabilities(
    rng: np.random.Generator, dtype: np.dtype, n: int, k: int, weighted: bool = False,
    spill: int = 0, low: int = 0, kind: str = "int64", specials: tuple[float, ...] = (),
) -> Call:  # fmt: skip
    """k = 0: one number a row. Some probabilities are 0 or 1, some codes are not classes."""
    width = k or 2
    p = rng.exponential(size=(n, width)) ** 2
    p = (p / p.sum(axis=1, keepdims=True)).astype(dtype)
    p = sprinkle(rng, p, 0.0, 1.0, *specials)
    p = np.ascontiguousarray(p[:, 1]) if k == 0 else p
    span = 2 if kind == "bool" else width + 2 * spill
    y = (rng.integers(0, span, n) + (0 if kind == "bool" else low - spill)).astype(kind)
    if spill and n > 2 and kind != "bool":
        y[:2] = np.iinfo(kind).min, np.iinfo(kind).max
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    sums, tallies = rubbish(5, np.float64), rubbish((2, width), np.float64)
    eps = float(np.finfo(dtype).eps)
    return Call((*frozen(y), low, *frozen(p), weight, eps, sums, tallies), (sums, tallies))


def _case(id: str, make: partial[Call]) -> Case:
    # The largest excess of a row is a small difference, so that it is judged beside the sums.
    return Case(f"probabilities-{id}", "probability_sums", make, Close(2**8, 1.0), DTYPES)


def probabilities_cases() -> Iterator[Case]:
    for n in (0, 1, 15, 257, 3000):
        for k in (0, 1, 2, 3, 10, 17, 300):
            for weighted in (False, True):
                make = partial(_probabilities, n=n, k=k, weighted=weighted, spill=1)
                yield _case(f"{n}-{k}" + "-weighted" * weighted, make)
    for kind in INTEGERS:
        for low in (0, 1):
            make = partial(_probabilities, n=1000, k=3, kind=kind, low=low, spill=low)
            yield _case(f"{kind}-from-{low}", make)
    for k in (0, 5):
        for specials in ((np.nan,), (np.inf, -np.inf), (-0.5, 1.5), (-0.0, 1e-40)):
            make = partial(_probabilities, n=300, k=k, specials=specials)
            yield _case(f"{k}-{specials}", make)


def large_probabilities_cases() -> Iterator[Case]:
    for n, k, weighted in ((300_000, 0, False), (300_000, 0, True), (100_000, 10, True)):
        make = partial(_probabilities, n=n, k=k, weighted=weighted, spill=1)
        yield _case(f"large-{k}" + "-weighted" * weighted, make)
