"""Rows, and columns of groups of rows, scaled by their own statistics."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse._kernels.contract import NORMALIZATIONS

from ..arrays import LAYOUTS, OUT_LAYOUTS, lay_out, values
from ..case import Call, Case, frozen, rubbish
from ..tolerances import EQUAL, EXACT, Close, Tolerance, Ulps
from .ranking import hard
from .shapes import DTYPE_NAMES

HALF = (np.dtype("float16"),)
FLOATS = (np.dtype("float32"), np.dtype("float64"))
HEIGHTS = (0, 1, 5, 257)
WIDTHS = (1, 3, 16, 17, 64, 200, 3000)
HARD = ("gaps", "infinite", "nothing", "ties", "zeros", "some-zeros", "constant", "sorted")
SKIPS_NANS = ("standard", "minmax", "rank")
GROUPINGS = ("one", "each", "uneven", "codes", "one-by-order", "reversed")


def _input(
    rng: np.random.Generator, dtype: np.dtype, n: int, d: int, source: str, kind: str
) -> NDArray:
    x = values(rng, (n, d), dtype if source == "own" else source)
    if x.dtype.kind == "f":
        x += 1
    if kind == "offset":
        x += 1e4
    return hard(kind, rng, x)


def _output(x: NDArray, dtype: np.dtype, layout: str) -> NDArray:
    return x if layout == "in-place" else lay_out(rubbish(x.shape, dtype), layout)


def _rows(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    kind: str,
    n: int = 57,
    d: int = 37,
    source: str = "own",
    layout: str = "C",
    out_layout: str = "C",
    data: str = "any",
    least: float = 0.0,
) -> Call:
    x = lay_out(_input(rng, dtype, n, d, source, data), layout)
    out = _output(x, dtype, out_layout)
    return Call((x, kind, out, least), (out,))


def _grouping(
    rng: np.random.Generator, grouping: str, n: int, n_groups: int
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """An order of the rows, or None, and where in it each group starts; some are empty."""
    if grouping in ("one", "one-by-order"):
        order = None if grouping == "one" else rng.permutation(n)
        return order, np.array([0, n])
    if grouping in ("each", "reversed"):
        return (None if grouping == "each" else np.arange(n)[::-1].copy()), np.arange(n + 1)
    codes = rng.integers(0, n_groups, n)
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=n_groups + 2))])
    return (np.argsort(codes, kind="stable") if grouping == "codes" else None), starts


def _groups(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    kind: str,
    n: int = 157,
    d: int = 17,
    source: str = "own",
    layout: str = "C",
    out_layout: str = "C",
    data: str = "any",
    grouping: str = "codes",
    n_groups: int = 9,
) -> Call:
    x = lay_out(_input(rng, dtype, n, d, source, data), layout)
    order, starts = _grouping(rng, grouping, n, n_groups)
    frozen(starts, *([] if order is None else [order]))
    out = _output(x, dtype, out_layout)
    return Call((x, order, starts, kind, out), (out,))


def _tolerance(kind: str, half: bool, loose: int = 1) -> Tolerance:
    """A result in float16 may be rounded to its other neighbour, if it lies between the two."""
    if kind == "rank":
        return EXACT
    if kind in ("minmax", "max"):
        return EQUAL
    if kind == "standard":
        return Close(1) if half else Close(2**8 * loose)
    return Ulps(1) if half else Ulps(2**5)


def _both(id: str, kernel: str, make: Any, kind: str, loose: int = 1) -> Iterator[Case]:
    yield Case(id, kernel, make, _tolerance(kind, False, loose), FLOATS)
    yield Case(f"{id}-half", kernel, make, _tolerance(kind, True), HALF)


def _cases_of(stem: str, kernel: str, draw: Any, kind: str) -> Iterator[Case]:
    def case(id: str, loose: int = 1, **spec: Any) -> Iterator[Case]:
        make = partial(draw, kind=kind, **spec)
        return _both(f"{stem}-{kind}-{id}", kernel, make, kind, loose)

    for name, layout in zip(DTYPE_NAMES, cycle(LAYOUTS), strict=False):
        yield from case(name, source=name, layout=layout)
    for layout, out_layout in zip(LAYOUTS, cycle(OUT_LAYOUTS[::-1]), strict=False):
        yield from case(layout, layout=layout, out_layout=out_layout)
    for layout in OUT_LAYOUTS:
        yield from case(f"in-place-{layout}", layout=layout, out_layout="in-place")
    for data in HARD:
        yield from case(data, data=data)
    yield from case("offset", 2**6, data="offset")
    for n in HEIGHTS:
        yield from case(f"{n}x37", n=n, d=37)
    for d in WIDTHS:
        yield from case(f"7x{d}", n=7, d=d)
    for layout in LAYOUTS if kernel == "normalize_rows" else ():
        yield from case(f"least-{layout}", d=3, layout=layout, out_layout="strided", least=2.0)


def batches_cases() -> Iterator[Case]:
    for kind in NORMALIZATIONS:
        yield from _cases_of("rows", "normalize_rows", _rows, kind)
        yield from _cases_of("groups", "normalize_groups", _groups, kind)
        data = "gaps" if kind in SKIPS_NANS else "any"
        for grouping in GROUPINGS:
            for n, d in ((0, 3), (1, 1), (40, 70), (3000, 5)):
                id = f"groups-{kind}-{grouping}-{n}x{d}"
                make = partial(_groups, kind=kind, grouping=grouping, n=n, d=d, data=data)
                yield from _both(id, "normalize_groups", make, kind)
            make = partial(_groups, kind=kind, grouping=grouping, out_layout="in-place")
            yield from _both(f"groups-{kind}-{grouping}-in-place", "normalize_groups", make, kind)


def large_batches_cases() -> Iterator[Case]:
    for kind in NORMALIZATIONS:
        data = "gaps" if kind in SKIPS_NANS else "any"
        spec: dict[str, Any] = {"kind": kind, "source": "float32", "data": data}
        for n, d in ((20_000, 33), (300, 3000), (2, 150_000)):
            make = partial(_rows, n=n, d=d, **spec)
            id = f"large-rows-{kind}-{n}x{d}"
            yield Case(id, "normalize_rows", make, _tolerance(kind, False), FLOATS)
        for n, d, n_groups in ((20_000, 33, 700), (100_000, 3, 2), (600, 1100, 5)):
            make = partial(_groups, n=n, d=d, n_groups=n_groups, **spec)
            id = f"large-groups-{kind}-{n}x{d}"
            yield Case(id, "normalize_groups", make, _tolerance(kind, False), FLOATS)
