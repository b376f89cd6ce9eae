"""Statistics of columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import LAYOUTS, lay_out, sprinkle, values
from ..case import Call, Case, frozen, rubbish
from ..tolerances import EXACT, Close
from .shapes import DOUBLE, DTYPE_NAMES, HEIGHTS, WIDTHS


def _column(kind: str, rng: np.random.Generator, x: NDArray) -> NDArray:
    """Columns that are hard to summarise, with means that are not nearly zero."""
    if x.dtype.kind == "f":
        x += 1
    if kind == "constant":
        return np.broadcast_to(x[:1] * 1e6 + 0.1, x.shape).copy()
    if kind == "constant-gaps":
        return sprinkle(rng, np.broadcast_to(x[:1] * 1e6 + 0.1, x.shape).copy(), np.nan)
    if kind == "offset":
        return x + 1e8
    if kind == "far":  # neighbours have no number between them, so their mean is rounded by half
        return 2.0**52 + rng.integers(0, 2, x.shape)
    if kind == "overflow":  # deviations from one another, or their squares
        x = np.sign(x - 1) * rng.choice([1e308, 1e300, 1e200], x.shape)
        x[2:] = np.where(np.arange(x.shape[1]) % 2, x[2:] / 1e8, 0.0)
        return sprinkle(rng, x, np.nan) if x.shape[1] > 3 else x
    if kind == "late":  # a leaf, and more, without a number
        x[: len(x) // 2] = np.nan
        x[:, ::3] = np.nan
        return x
    if kind == "gaps":
        return sprinkle(rng, x, np.nan)
    return sprinkle(rng, x, np.nan, np.inf, -np.inf) if kind == "infinite" else x


def _columns(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    n: int = 257,
    d: int = 17,
    source: str = "float64",
    layout: str = "C",
    kind: str = "any",
    leaf_rows: int | None = None,
    weights: str | None = None,
) -> Call:
    x = lay_out(_column(kind, rng, values(rng, (n, d), source)), layout)
    if leaf_rows is None:
        low, high = rubbish(d), rubbish(d)
        return Call((x, low, high), (low, high))
    out = rubbish(d), rubbish(d), rubbish(d)
    return Call((x, _weight(rng, n, weights), leaf_rows, *out), out)


def _weight(rng: np.random.Generator, n: int, kind: str | None) -> NDArray | None:
    """One per row, some zero; "late": all of the first half; "none": all."""
    if kind is None:
        return None
    weight = rng.uniform(0.0, 3.0, n) * (rng.random(n) < 0.8)
    weight[: {"some": 0, "late": n // 2, "none": n}[kind]] = 0.0
    return frozen(weight)[0]


def normalization_cases() -> Iterator[Case]:
    def pair(id: str, close: float = 2**10, leaf_rows: int = 64, **spec: Any) -> Iterator[Case]:
        make = partial(_columns, **spec)
        yield Case(f"extrema-{id}", "column_extrema", make, EXACT, DOUBLE)
        make = partial(_columns, leaf_rows=leaf_rows, **spec)
        yield Case(f"moments-{id}", "column_moments", make, Close(close), DOUBLE)

    for name in DTYPE_NAMES:
        for layout in LAYOUTS:
            yield from pair(f"{name}-{layout}", source=name, layout=layout)
    for n in HEIGHTS:
        for d in WIDTHS:
            yield from pair(f"{n}x{d}", n=n, d=d)
    for d in (3, 40):
        for leaf_rows in (1, 3, 256, 10**9):
            yield from pair(f"leaves-of-{leaf_rows}-{d}", leaf_rows=leaf_rows, d=d, kind="gaps")
        for kind in ("constant", "late", "gaps", "infinite", "overflow"):
            yield from pair(f"{kind}-{d}", kind=kind, d=d)
        yield from pair(f"constant-gaps-{d}", kind="constant-gaps", d=d)
        yield from pair(f"far-{d}", kind="far", d=d, leaf_rows=512)
        # The mean is rounded to 1e-8, so the squares keep eight digits: 1e-9 of them is 2**22.
        yield from pair(f"offset-{d}", 2**22, kind="offset", d=d, n=3000)
    yield from _weighted()


def _weighted() -> Iterator[Case]:
    def case(id: str, close: float = 2**10, **spec: Any) -> Case:
        make = partial(_columns, **{"leaf_rows": 64, "weights": "some", **spec})
        return Case(f"moments-weighted-{id}", "column_moments", make, Close(close), DOUBLE)

    varied = [layout for layout in LAYOUTS if layout != "broadcast"]  # else squares are rounding
    for name, layout in zip(DTYPE_NAMES, cycle(varied), strict=False):
        yield case(f"{name}-{layout}", source=name, layout=layout)
    for n in HEIGHTS:
        for d in WIDTHS:
            yield case(f"{n}x{d}", n=n, d=d)
    for d in (3, 40):
        for leaf_rows in (1, 3, 256, 10**9):
            yield case(f"leaves-of-{leaf_rows}-{d}", leaf_rows=leaf_rows, d=d, kind="gaps")
        for kind in ("any", "gaps", "late"):
            for weights in ("some", "late", "none"):
                yield case(f"{weights}-{kind}-{d}", d=d, kind=kind, weights=weights)
        yield case(f"infinite-{d}", d=d, kind="infinite")
        yield case(f"overflow-{d}", d=d, kind="overflow")
        yield case(f"offset-{d}", 2**22, kind="offset", d=d, n=3000)


def large_normalization_cases() -> Iterator[Case]:
    for n, d in ((20_000, 33), (70_000, 3), (1500, 1100)):
        spec = {"n": n, "d": d, "kind": "gaps", "source": "float32"}
        make = partial(_columns, **spec)
        yield Case(f"large-extrema-{n}x{d}", "column_extrema", make, EXACT, DOUBLE)
        make = partial(_columns, leaf_rows=256, **spec)
        yield Case(f"large-moments-{n}x{d}", "column_moments", make, Close(2**10), DOUBLE)
        make = partial(_columns, leaf_rows=256, weights="some", **spec)
        yield Case(f"large-weighted-{n}x{d}", "column_moments", make, Close(2**10), DOUBLE)
