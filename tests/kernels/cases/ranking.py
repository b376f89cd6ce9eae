"""Quantiles of columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..arrays import LAYOUTS, lay_out, sprinkle, values
from ..case import Call, Case, frozen, rubbish
from ..tolerances import EQUAL
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


def ranking_cases() -> Iterator[Case]:
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


def large_ranking_cases() -> Iterator[Case]:
    for n, d, source in ((20_000, 33, "float32"), (70_000, 3, "float64"), (1500, 1100, "int16")):
        make = partial(_quantiles, n=n, d=d, source=source, kind="gaps")
        yield Case(f"large-quantiles-{n}x{d}", "column_quantiles", make, EQUAL, DOUBLE)
