"""Scores of modalities: means, contributions, coalitions, permuted rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from polyfuse._kernels.contract import Block, Rows

from ..case import Call, Case, frozen, rubbish
from ..tolerances import EXACT, Close
from .confusion import INTEGERS

SUMS = ("weighted_sum", "geometric_mean")
OPS = (*SUMS, "maximum", "minimum")
F64 = (np.dtype("float64"),)


def _rows(
    rng: np.random.Generator, dtype: np.dtype, op: str, n: int, k: int, m: int,
    masks: bool = False, ties: bool = False, special: float | None = None,
) -> Rows:  # fmt: skip
    """Scores; `ties`: of few values. Where a modality is missing they are no numbers."""
    blocks = []
    for b in range(m):
        x = rng.gamma(2.0, size=(n, k)) if op == "geometric_mean" else rng.normal(size=(n, k))
        x = (np.round(x) if ties else x).astype(dtype)
        there = None
        if masks and b % 3 != 1:
            there = rng.random(n) < 0.6
            x[~there] = np.nan
        if special is not None and b == m - 1:
            x[n // 2] = special
        blocks.append(Block(*frozen(x), None, there))
    weights = np.ones(m) if ties else rng.uniform(0.5, 2.0, m)
    return Rows(tuple(blocks), op, weights, dtype)


def _means(rng: np.random.Generator, dtype: np.dtype, **spec: Any) -> Call:
    rows = _rows(rng, dtype, **spec)
    means = rubbish((len(rows.blocks), rows.width))
    return Call((rows, means), (means,))


def _contributions(rng: np.random.Generator, dtype: np.dtype, scaled: bool, **spec: Any) -> Call:
    rows = _rows(rng, dtype, **spec)
    n, m = rows.n_rows, len(rows.blocks)
    scale = rng.uniform(0.5, 2.0, n) if scaled else None
    means = rng.normal(size=(m, rows.width))
    outputs = rubbish((n, m)), rubbish(m), rubbish((m, m))
    return Call((rows, means, scale, *outputs), outputs)


def _truth(rng: np.random.Generator, n: int, k: int, kind: str = "int64", low: int = 0) -> Any:
    """Labels, of which some are no class, unless they cannot be."""
    span = (0, 2) if kind == "bool" else (low, low + max(k, 2) + 1)
    return rng.integers(*span, n).astype(kind), low


def _coalitions(
    rng: np.random.Generator, dtype: np.dtype, skip: bool, kind: str = "int64", low: int = 0,
    **spec: Any,
) -> Call:  # fmt: skip
    rows = _rows(rng, dtype, **spec)
    m, k = len(rows.blocks), rows.width
    y, low = _truth(rng, rows.n_rows, k, kind, low)
    baseline = None if skip else np.abs(rng.normal(size=(m, k)))
    start = np.zeros(k) if spec.get("ties") else rng.normal(size=k)
    outputs = rubbish(1 << m, np.int64), rubbish((2, m))
    return Call((rows, *frozen(y), low, baseline, start, 1, *outputs), outputs)


def _permuted(
    rng: np.random.Generator, dtype: np.dtype, n_shifts: int, kind: str = "int64", low: int = 0,
    **spec: Any,
) -> Call:  # fmt: skip
    rows = _rows(rng, dtype, **spec)
    m, k, n = len(rows.blocks), rows.width, rows.n_rows
    y, low = _truth(rng, n, k, kind, low)
    order = rng.permutation(n).astype(np.int32)
    shifts = rng.integers(0, max(n, 1), n_shifts)
    start = np.zeros(k) if spec.get("ties") else rng.normal(size=k)
    counts = rubbish((m, n_shifts), np.int64)
    return Call((rows, *frozen(y), low, *frozen(order, shifts), start, 0, counts), (counts,))


SHAPES = ((0, 3, 2), (1, 1, 1), (15, 10, 3), (17, 17, 4), (257, 1, 3), (700, 3, 5), (301, 10, 2))


def _shapes(ops: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    for op in ops:
        for i, (n, k, m) in enumerate(SHAPES):
            masks = (i + len(op)) % 2 == 0
            spec = {"op": op, "n": n, "k": k, "m": m, "masks": masks}
            yield f"{op}-{n}-{k}-{m}" + "-masks" * masks, spec


COUNTED = (EXACT, Close(2**12))


def inspection_cases() -> Iterator[Case]:
    for id, spec in _shapes(SUMS):
        # Means of numbers that cancel are judged beside them.
        tolerance = Close(64, 1.0)
        yield Case(f"score-means-{id}", "score_means", partial(_means, **spec), tolerance)
        make = partial(_contributions, scaled=spec["n"] % 2 == 0, **spec)
        yield Case(f"contributions-{id}", "contributions", make, tolerance)
    for special in (np.nan, np.inf, -np.inf):
        make = partial(_means, op="weighted_sum", n=99, k=3, m=2, special=special)
        yield Case(f"score-means-{special}", "score_means", make, Close(64, 1.0))
    for id, spec in _shapes(OPS):
        for skip in (False, True):
            make = partial(_coalitions, skip=skip, **spec)
            name = f"coalitions-{id}" + "-skip" * skip
            yield Case(name, "coalition_counts", make, COUNTED)
        make = partial(_permuted, n_shifts=3, **spec)
        yield Case(f"permuted-{id}", "permuted_counts", make, EXACT)
    yield from _ties_and_labels()


def _ties_and_labels() -> Iterator[Case]:
    for op in ("weighted_sum", "maximum", "minimum"):
        for k in (1, 2, 5, 40):
            spec = {"op": op, "n": 300, "k": k, "m": 4, "masks": k == 5, "ties": True}
            for skip in (False, True):
                make = partial(_coalitions, skip=skip, **spec)
                name = f"coalitions-ties-{op}-{k}" + "-skip" * skip
                yield Case(name, "coalition_counts", make, COUNTED)
            make = partial(_permuted, n_shifts=2, **spec)
            yield Case(f"permuted-ties-{op}-{k}", "permuted_counts", make, EXACT)
    for kind in INTEGERS:
        spec = {"op": "weighted_sum", "n": 100, "k": 3, "m": 2, "kind": kind, "low": 1}
        make = partial(_coalitions, skip=False, **spec)
        yield Case(f"coalitions-{kind}", "coalition_counts", make, COUNTED)
        yield Case(
            f"permuted-{kind}", "permuted_counts", partial(_permuted, n_shifts=1, **spec), EXACT
        )
    make = partial(_coalitions, skip=False, op="weighted_sum", n=20, k=2, m=11)
    yield Case("coalitions-eleven", "coalition_counts", make, COUNTED, F64)


def large_inspection_cases() -> Iterator[Case]:
    spec = {"op": "weighted_sum", "n": 30_000, "k": 5, "m": 3, "masks": True}
    yield Case("large-score-means", "score_means", partial(_means, **spec), Close(64, 1.0))
    make = partial(_contributions, scaled=True, **spec)
    yield Case("large-contributions", "contributions", make, Close(64, 1.0))
    make = partial(_coalitions, skip=False, **spec)
    yield Case("large-coalitions", "coalition_counts", make, COUNTED)
    yield Case("large-permuted", "permuted_counts", partial(_permuted, n_shifts=2, **spec), EXACT)
