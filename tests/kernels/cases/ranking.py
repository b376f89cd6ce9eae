"""Quantiles of columns, and rows in the order of their scores."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..arrays import LAYOUTS, lay_out, sprinkle, values
from ..case import Call, Case, frozen, rubbish
from ..tolerances import EQUAL, Ulps
from .shapes import DOUBLE, DTYPE_NAMES, HEIGHTS, WIDTHS

QUARTILES = (0.25, 0.5, 0.75)
UNORDERED = (1.0, 0.0, 0.9, 0.1, 0.1, 1 / 3, 0.999, 0.5, 0.25, 0.75, 0.01, 0.2, 0.8, 0.6, 0.4, 1.0)


def hard(kind: str, rng: np.random.Generator, x: NDArray) -> NDArray:
    """Values that are hard to put in order, or to scale by themselves."""
    if kind == "gaps":
        return sprinkle(rng, x, np.nan)
    if kind == "infinite":
        return sprinkle(rng, x, np.nan, np.inf, -np.inf)
    if kind == "nothing":  # half of the rows, and a third of the columns
        x[: len(x) // 2] = np.nan
        x[:, ::3] = np.nan
    elif kind == "ties":
        x = rng.integers(-2, 3, x.shape).astype(x.dtype)
    elif kind == "zeros":
        x = np.where(rng.random(x.shape) < 0.5, 0.0, -0.0).astype(x.dtype)
    elif kind == "some-zeros":
        x = sprinkle(rng, x, 0.0, -0.0)
    elif kind == "constant":
        x[...] = 0.1
    elif kind == "sorted":
        x = np.sort(x, axis=None).reshape(x.shape)
    return x


def _quantiles(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    n: int = 257,
    d: int = 17,
    source: str = "float64",
    layout: str = "C",
    kind: str = "any",
    fractions: tuple[float, ...] = QUARTILES,
) -> Call:
    x = lay_out(hard(kind, rng, values(rng, (n, d), source)), layout)
    wanted = frozen(np.array(fractions))
    outputs = rubbish(d), rubbish((len(fractions), d)), rubbish((len(fractions), d))
    return Call((x, *wanted, *outputs), outputs)


def _quantile_cases() -> Iterator[Case]:
    def case(id: str, **spec: object) -> Case:
        make = partial(_quantiles, **spec)
        return Case(f"quantiles-{id}", "column_quantiles", make, EQUAL, DOUBLE)

    for name in DTYPE_NAMES:
        for layout in LAYOUTS:
            yield case(f"{name}-{layout}", source=name, layout=layout)
    for n in (2, 64, 65, *HEIGHTS):
        for d in WIDTHS:
            yield case(f"{n}x{d}", n=n, d=d)
    kinds = (
        "gaps", "infinite", "nothing", "ties", "zeros", "some-zeros", "constant", "sorted",
    )  # fmt: skip
    for source in ("float16", "float32", "float64"):
        for kind in kinds:
            yield case(f"{kind}-{source}", kind=kind, source=source, n=1000)
    for fractions in ((), (0.0,), (1.0,), (0.5,), UNORDERED):
        id = f"{len(fractions)}-fractions-{sum(fractions):g}"
        yield case(id, fractions=fractions, kind="gaps", n=501)


def spread(rng: np.random.Generator, kind: str, n: int) -> NDArray:
    """Scores that are spread in a way that is hard on a sort by leading bits."""
    z = rng.standard_normal(n)
    if kind == "two-decimals":
        return np.round(z, 2)
    if kind == "narrow":
        return 0.5 + 1e-9 * z
    if kind == "outliers":
        return np.where(rng.random(n) < 1e-2, 1e300 * z, 0.5 + 1e-9 * z)
    if kind == "wide":
        return np.exp(100.0 * z) * np.sign(rng.standard_normal(n))
    if kind == "zeros":
        return np.where(rng.random(n) < 0.5, 0.0, -0.0) * z
    if kind == "infinite":
        return sprinkle(rng, z, np.inf, -np.inf)
    return z


def _scores(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    n: int,
    kind: str = "normal",
    source: str = "float64",
    labels: str = "int64",
    share: float = 0.4,
    curve: bool = False,
    weighted: bool = False,
) -> Call:
    with np.errstate(over="ignore"):
        score = spread(rng, kind, n).astype(source)
    positive = 1 if labels == "bool" else 7
    y_true = np.where(rng.random(n) < share, positive, 0).astype(labels)
    given = (*frozen(y_true), positive, *frozen(score))
    weight = rng.integers(1, 9, n) / 8 if weighted else None  # sums are exact in any order
    if not curve:
        return Call((*given, weight), ())
    # What is behind the last threshold is left open: as many rows as there are thresholds.
    last = len(np.unique(score))
    outputs = tuple(np.full(n, -77.0) for _ in range(3))
    return Call((*given, weight, *outputs), tuple(out[:last] for out in outputs))


def _score_cases() -> Iterator[Case]:
    def cases(id: str, **spec: object) -> Iterator[Case]:
        for weighted in (False, True):
            name = f"{id}" + "-weighted" * weighted
            make = partial(_scores, **spec, weighted=weighted)
            yield Case(f"rank-sums-{name}", "rank_sums", make, _SUMS, DOUBLE)
            make = partial(_scores, **spec, curve=True, weighted=weighted)
            yield Case(f"score-curve-{name}", "score_curve", make, EQUAL, DOUBLE)

    for n in (0, 1, 2, 24, 25, 300, 16_383, 16_384):
        yield from cases(f"{n}", n=n)
    for kind in _KINDS:
        for source in ("float32", "float64"):
            yield from cases(f"{kind}-{source}", n=40_000, kind=kind, source=source)
    for labels in ("bool", "int8", "uint16", "uint64"):
        yield from cases(labels, n=1000, labels=labels)
    for share in (0.0, 1.0):
        yield from cases(f"share-{share:g}", n=1000, share=share)


_KINDS = ("normal", "two-decimals", "narrow", "outliers", "wide", "zeros", "infinite")
# Counts of pairs are exact; precisions are added in another order.
_SUMS = Ulps(2**12)


def ranking_cases() -> Iterator[Case]:
    yield from _quantile_cases()
    yield from _score_cases()


def large_ranking_cases() -> Iterator[Case]:
    for kind in ("normal", "outliers"):
        id, spec = f"large-{kind}", {"n": 300_000, "kind": kind}
        for weighted in (False, True):
            name = f"{id}" + "-weighted" * weighted
            make = partial(_scores, **spec, weighted=weighted)
            yield Case(f"rank-sums-{name}", "rank_sums", make, _SUMS, DOUBLE)
        make = partial(_scores, **spec, curve=True, weighted=True)
        yield Case(f"score-curve-{id}", "score_curve", make, EQUAL, DOUBLE)
    for n, d, source in ((20_000, 33, "float32"), (70_000, 3, "float64"), (1500, 1100, "int16")):
        make = partial(_quantiles, n=n, d=d, source=source, kind="gaps")
        yield Case(f"large-quantiles-{n}x{d}", "column_quantiles", make, EQUAL, DOUBLE)
