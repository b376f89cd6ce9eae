"""Counts of labels, and codes of those that are words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ..case import Call, Case, frozen, rubbish
from ..tolerances import EXACT, Ulps
from .shapes import DOUBLE

INTEGERS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def _labels(
    rng: np.random.Generator, n: int, k: int, spill: int, low: int, kinds: tuple[str, str]
) -> list[np.ndarray]:
    """Labels from low - spill to low + k + spill, some of them far away."""
    labels = []
    for kind in kinds:
        span = 2 if kind == "bool" else k + 2 * spill
        y = (rng.integers(0, span, n) + (0 if kind == "bool" else low - spill)).astype(kind)
        if spill and n > 2 and kind != "bool":
            y[:2] = np.iinfo(kind).min, np.iinfo(kind).max
        labels.append(y)
    return labels


def _counts(
    rng: np.random.Generator, dtype: np.dtype, n: int, k: int, weighted: bool, rows: int,
    spill: int = 0, low: int = 0, kinds: tuple[str, str] = ("int64", "int64"),
) -> Call:  # fmt: skip
    labels = _labels(rng, n, k, spill, low, kinds)
    out = rubbish((rows or k, k), np.float64 if weighted else np.int64)
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    return Call((*frozen(*labels), low, weight, out), (out,))


def _pair(rng: np.random.Generator, dtype: np.dtype, n: int, kinds: tuple[str, str]) -> Call:
    return Call(tuple(frozen(*_labels(rng, n, 3, 1, 1, kinds))), ())


def _single(rng: np.random.Generator, dtype: np.dtype, n: int, kind: str) -> Call:
    return Call(frozen(_labels(rng, n, 100, 1, 1, (kind, kind))[0]), ())


def _words(
    rng: np.random.Generator, dtype: np.dtype, n: int, width: int, k: int, limit: int
) -> Call:
    words = rng.integers(0, 1 << 32, (k, width)).astype(np.uint32)[rng.integers(0, k, n)]
    codes, firsts = rubbish(n, np.int64), rubbish(limit, np.int64)
    return Call((*frozen(words), codes, firsts), (codes, firsts))


def _case(id: str, kernel: str, make: partial[Call], weighted: bool = False, ulps: int = 8) -> Case:
    return Case(id, kernel, make, Ulps(2**ulps) if weighted else EXACT, DOUBLE)


def confusion_cases() -> Iterator[Case]:
    for kernel, rows in (("confusion", 0), ("label_sums", 3)):
        for n in (0, 1, 257, 3000, 100_003):
            for k in (1, 2, 10, 300):
                for weighted in (False, True):
                    for spill in (0, 2):
                        make = partial(_counts, n=n, k=k, weighted=weighted, rows=rows, spill=spill)
                        id = f"{kernel}-{n}-{k}" + "-weighted" * weighted + "-spill" * (spill > 0)
                        yield _case(id, kernel, make, weighted)
        for i, kind in enumerate(INTEGERS):
            other = INTEGERS[(i + 4) % len(INTEGERS)]
            for low in (0, 1):
                make = partial(
                    _counts, n=3000, k=7, weighted=False, rows=rows, spill=1, low=low,
                    kinds=(kind, other),
                )  # fmt: skip
                yield _case(f"{kernel}-{kind}-{other}-from-{low}", kernel, make)
    yield from _scan_cases()


def _scan_cases() -> Iterator[Case]:
    for n in (1, 2, 1025, 100_003):
        for i, kind in enumerate(INTEGERS):
            other = INTEGERS[(i + 5) % len(INTEGERS)]
            make = partial(_pair, n=n, kinds=(kind, other))
            yield _case(f"count-equal-{n}-{kind}-{other}", "count_equal", make)
            yield _case(f"label-range-{n}-{kind}", "label_range", partial(_single, n=n, kind=kind))
    for n in (0, 1, 500, 5000):
        for width in (1, 2, 7):
            for k, limit in ((1, 1), (3, 16), (300, 300)):
                make = partial(_words, n=n, width=width, k=k, limit=limit)
                yield _case(f"encode-words-{n}-{width}-{k}", "encode_words", make)


def large_confusion_cases() -> Iterator[Case]:
    for kernel, rows in (("confusion", 0), ("label_sums", 3)):
        for k, weighted in ((10, False), (10, True), (200, True)):
            make = partial(_counts, n=1_000_000, k=k, weighted=weighted, rows=rows, spill=1)
            id = f"large-{kernel}-{k}" + "-weighted" * weighted
            yield _case(id, kernel, make, weighted)
