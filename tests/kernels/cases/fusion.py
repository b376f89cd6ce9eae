"""Fused rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from polyfuse._kernels.contract import CONCATENATE, Affine, Block, Rows

from ..arrays import LAYOUTS, MAPS, OUT_LAYOUTS, lay_out, make_rows, values
from ..case import Call, Case, rubbish
from ..tolerances import EXACT
from .shapes import DTYPE_NAMES, HEIGHTS, OPS, WIDTHS


def _fuse(rng: np.random.Generator, dtype: np.dtype, out: str = "C", **spec: Any) -> Call:
    rows = make_rows(rng, dtype, **spec)
    written = lay_out(rubbish((rows.n_rows, rows.width), dtype), out)
    return Call((rows, written), (written,))


def _fuse_in_place(
    rng: np.random.Generator, dtype: np.dtype, target: int, op: str, map_kind: str | None
) -> Call:
    """Write over the values of one block."""
    spec = {"op": op, "n": 3000, "inputs": ("own",), "maps": (map_kind,)}
    rows = make_rows(rng, dtype, widths=(23,) * (1 if op == CONCATENATE else 11), **spec)
    out = rows.blocks[target].values
    return Call((rows, out), (out,))


def _fuse_beside_itself(rng: np.random.Generator, dtype: np.dtype) -> Call:
    """Scale three columns ranges of one matrix, each in its place."""
    out = values(rng, (3000, 40), dtype)
    rows = make_rows(rng, dtype, n=3000, widths=(1, 32, 7), maps=("divide", None, "multiply"))
    places = (out[:, :1], out[:, 1:33], out[:, 33:])
    blocks = tuple(Block(x, b.affine) for x, b in zip(places, rows.blocks, strict=True))
    return Call((rows._replace(blocks=blocks), out), (out,))


def _fuse_extremes(rng: np.random.Generator, dtype: np.dtype, op: str) -> Call:
    """Overflow, division by zero and weights that add up to zero."""
    x = np.array([[0.0, -0.0, 1e300, -1e300, 1e-310, 5.0, np.nan, np.inf]] * 3)
    zero = Affine(np.zeros(8), np.zeros(8), True)
    blocks = (Block(x), Block(x + 1.0, zero)) if op != CONCATENATE else (Block(x, zero), Block(x))
    rows = Rows(blocks, op, np.array([1.0, -1.0]), np.dtype(dtype))
    out = rubbish((3, rows.width), dtype)
    return Call((rows, out), (out,))


def fusion_cases() -> Iterator[Case]:
    def case(id: str, make: Callable[..., Call], **spec: Any) -> Case:
        return Case(f"fuse-{id}", "fuse", partial(make, **spec), EXACT)

    mixed = {"inputs": ("float32", "float64", "uint8", "float16"), "maps": MAPS}
    some_nan = {"specials": (np.nan, np.inf, -np.inf)}
    for op in OPS:
        for k in (1, 2, 3, 9, 17):
            yield case(f"{op}-{k}-blocks", _fuse, op=op, widths=(17,) * k, **mixed, **some_nan)
        yield case(f"{op}-extremes", _fuse_extremes, op=op)
        yield case(f"{op}-in-place", _fuse_in_place, target=0, op=op, map_kind="divide")
        if op != CONCATENATE:
            yield case(f"{op}-into-last", _fuse_in_place, target=-1, op=op, map_kind=None)
    for name in DTYPE_NAMES:
        for kind in MAPS:
            spec = {"inputs": (name,), "maps": (kind,), **some_nan}
            yield case(f"{name}-{kind}", _fuse, **spec)
            yield case(f"{name}-{kind}-F", _fuse, layouts=("F",), **spec)
        yield case(f"mean-{name}", _fuse, op="mean", widths=(9, 9), inputs=(name, "float32"))
    for layout in LAYOUTS:
        for op in ("weighted_mean", CONCATENATE):
            spec = {"op": op, "widths": (17, 17), "maps": (None, "divide"), "inputs": ("own",)}
            yield case(f"{op}-from-{layout}", _fuse, layouts=(layout, "C"), **spec)
            if layout in OUT_LAYOUTS:
                yield case(f"{op}-to-{layout}", _fuse, out=layout, **spec)
    for n in HEIGHTS:
        for d in WIDTHS:
            spec = {"n": n, "widths": (d, d), **mixed}
            yield case(f"mean-{n}x{d}", _fuse, op="mean", **spec)
            yield case(f"concatenate-{n}x{d}", _fuse, **spec)
    for widths in ((1, 200, 3), (1500, 1), (7,) * 17, (1, 1, 1)):
        id = "x".join(map(str, widths))
        yield case(f"concatenate-widths-{id}", _fuse, widths=widths, **mixed)
    yield case("concatenate-beside-itself", _fuse_beside_itself)


def large_fusion_cases() -> Iterator[Case]:
    blocks = {"inputs": ("float32", "uint8"), "maps": ("divide", None), "n": 20_000}
    for op in OPS:
        make = partial(_fuse, op=op, widths=(33,) * 3, specials=(np.nan,), **blocks)
        yield Case(f"large-fuse-{op}", "fuse", make, EXACT)
