"""Fused rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from polyfuse._kernels.contract import CONCATENATE, RESULT_DTYPES, Affine, Block, Rows
from polyfuse._kernels.fusion_ops import OPERATORS

from ..arrays import (
    GAPS,
    LAYOUTS,
    MAPS,
    MEANS_OF_POSITIVE,
    OUT_LAYOUTS,
    WIDE_MAPS,
    lay_out,
    make_rows,
    values,
)
from ..case import Call, Case, rubbish
from ..tolerances import EQUAL, EXACT, Tolerance, Ulps
from .shapes import DOUBLE, DTYPE_NAMES, HEIGHTS, OPS, WIDTHS


def _fuse(
    rng: np.random.Generator, dtype: np.dtype, out: str = "C", half: bool = False, **spec: Any
) -> Call:
    rows = make_rows(rng, dtype, **spec)
    written = lay_out(rubbish((rows.n_rows, rows.width), "float16" if half else dtype), out)
    return Call((rows, written), (written,))


def _missing_rows(rng: np.random.Generator, dtype: np.dtype, **spec: Any) -> Call:
    rows = make_rows(rng, dtype, **spec)
    out = np.ones((rows.n_rows, len(rows.blocks)), bool)
    return Call((rows, out), (out,))


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


def _tolerance(op: str) -> Tolerance:
    """Exact, but for the sign of a zero among equals; logarithms and powers take some roundings."""
    if op in ("geometric_mean", "power_mean"):
        return Ulps(64)
    return EQUAL if op in ("maximum", "minimum", "median", "vote", "weighted_vote") else EXACT


def _case(id: str, make: Callable[..., Call], **spec: Any) -> Case:
    tolerance = _tolerance(spec.get("op", CONCATENATE))
    if id.endswith("extremes") and isinstance(tolerance, Ulps):
        tolerance = Ulps(2**11)  # exp of 700 multiplies the error of its argument by that
    dtypes = (np.dtype("float32"),) if spec.get("half") else RESULT_DTYPES
    return Case(f"fuse-{id}", "fuse", partial(make, **spec), tolerance, dtypes)


MIXED: dict[str, Any] = {"inputs": ("float32", "float64", "uint8", "float16"), "maps": MAPS}
PLAIN: dict[str, Any] = {"inputs": ("float32", "float64", "float16", "own")}
SPECIALS: dict[str, Any] = {"specials": (np.nan, np.inf, -np.inf)}


def _inputs(op: str) -> dict[str, Any]:
    """Maps would make half of the values negative, and NaN their logarithms."""
    return PLAIN if op in MEANS_OF_POSITIVE else MIXED


def fusion_cases() -> Iterator[Case]:
    for op in OPS:
        for k in (1, 2, 3, 9, 17):
            spec = {"op": op, "widths": (17,) * k, **_inputs(op)}
            yield _case(f"{op}-{k}-blocks", _fuse, **spec, **SPECIALS)
            yield _case(f"{op}-{k}-numbers", _fuse, **spec)
        yield _case(f"{op}-extremes", _fuse_extremes, op=op)
        yield _case(f"{op}-in-place", _fuse_in_place, target=0, op=op, map_kind="divide")
        if op != CONCATENATE:
            yield _case(f"{op}-into-last", _fuse_in_place, target=-1, op=op, map_kind=None)
        for d in (1, 3, 200, 1500):
            yield _case(f"{op}-width-{d}", _fuse, op=op, n=40, widths=(d,) * 3, **_inputs(op))
    for name in DTYPE_NAMES:
        for kind in MAPS:
            spec = {"inputs": (name,), "maps": (kind,), **SPECIALS}
            yield _case(f"{name}-{kind}", _fuse, **spec)
            yield _case(f"{name}-{kind}-F", _fuse, layouts=("F",), **spec)
        yield _case(f"mean-{name}", _fuse, op="mean", widths=(9, 9), inputs=(name, "float32"))
        yield _case(f"median-{name}", _fuse, op="median", widths=(9, 9, 9), inputs=(name,))
    for n in HEIGHTS:
        for d in WIDTHS:
            spec = {"n": n, "widths": (d, d), **MIXED}
            yield _case(f"mean-{n}x{d}", _fuse, op="mean", **spec)
            yield _case(f"concatenate-{n}x{d}", _fuse, **spec)
    for widths in ((1, 200, 3), (1500, 1), (7,) * 17, (1, 1, 1)):
        id = "x".join(map(str, widths))
        yield _case(f"concatenate-widths-{id}", _fuse, widths=widths, **MIXED)
    yield _case("concatenate-beside-itself", _fuse_beside_itself)
    for p in (-2.5, -1.0, 0.5, 1.0, 2.0, 3.0, 40.0):
        spec = {"op": "power_mean", "widths": (9,) * 3, "parameter": p, **PLAIN}
        yield _case(f"power_mean-{p}", _fuse, **spec)
    yield from _wide_cases()
    yield from _layout_cases()
    yield from _weight_cases()
    yield from _missing_cases()


def _wide_cases() -> Iterator[Case]:
    """Maps whose parameters keep their precision."""
    for kind in WIDE_MAPS:
        for name in ("float16", "float32", "float64", "uint8"):
            spec = {"inputs": (name,), "maps": (kind,), **SPECIALS}
            for layout in LAYOUTS:
                yield _case(f"{name}-{kind}-from-{layout}", _fuse, layouts=(layout,), **spec)
            for d in (1, 3, 64, 200, 1500):
                yield _case(f"{name}-{kind}-width-{d}", _fuse, n=40, widths=(d,), **spec)
            yield _case(f"{name}-{kind}-half", _fuse, half=True, **spec)
            yield _case(f"{name}-{kind}-F-to-F", _fuse, layouts=("F",), out="F", **spec)
        yield _case(f"{kind}-in-place", _fuse_in_place, target=0, op=CONCATENATE, map_kind=kind)
    mixed: dict[str, Any] = {"inputs": ("float32", "float16", "own"), "maps": (*WIDE_MAPS, None)}
    for op in ("mean", "weighted_sum", "median", CONCATENATE):
        for missing in (None, *((0.5,) if op == CONCATENATE else ("skip", 0.5))):
            spec = {"widths": (9,) * 7, "missing": missing, "without": missing and "some", **mixed}
            yield _case(f"{op}-wide-{missing}", _fuse, op=op, **spec)
            yield _case(f"{op}-wide-{missing}-F", _fuse, op=op, layouts=("F",), out="F", **spec)


def _layout_cases() -> Iterator[Case]:
    own: dict[str, Any] = {"maps": (None, "divide"), "inputs": ("own",)}
    for layout in LAYOUTS:
        for op in ("weighted_mean", "median", CONCATENATE):
            spec = {"op": op, "widths": (17, 17), **own}
            yield _case(f"{op}-from-{layout}", _fuse, layouts=(layout, "C"), **spec)
            if layout in OUT_LAYOUTS:
                yield _case(f"{op}-to-{layout}", _fuse, out=layout, **spec)
                yield _case(f"{op}-half-to-{layout}", _fuse, half=True, out=layout, **spec)
    for op in OPS:
        spec = {"op": op, "widths": (17,) * 3, **_inputs(op)}
        yield _case(f"{op}-half", _fuse, half=True, **spec, **SPECIALS)
        yield _case(f"{op}-F-to-F", _fuse, layouts=("F",), out="F", **spec)


def _weight_cases() -> Iterator[Case]:
    weigh = [op for op in OPS if op in OPERATORS and OPERATORS[op].weighted]
    for op in weigh:
        for weighing in ("column", "row"):
            for k, d, n in ((1, 17, 257), (3, 17, 257), (9, 3, 3000), (2, 1, 1), (3, 1500, 20)):
                spec = {"op": op, "widths": (d,) * k, "n": n, "weighing": weighing, **_inputs(op)}
                yield _case(f"{op}-by-{weighing}-{k}x{n}x{d}", _fuse, **spec)
            spec = {"op": op, "widths": (17,) * 3, "weighing": weighing, "layouts": ("F",)}
            yield _case(f"{op}-by-{weighing}-F", _fuse, out="F", **spec)
            yield _case(f"{op}-by-{weighing}-half", _fuse, half=True, **spec)


def _missing_cases() -> Iterator[Case]:
    for op in OPS:
        fills = (0.0, 2.5) if op == CONCATENATE else ("skip", 0.0, 2.5)
        for missing in fills:
            spec = {"op": op, "missing": missing, **_inputs(op), **SPECIALS}
            for kind in GAPS:
                id = f"{op}-missing-{missing}-{kind.replace(' ', '-')}"
                yield _case(id, _fuse, widths=(17,) * 4, without=kind, **spec)
            some = {"without": "some", **spec}
            id = f"{op}-missing-{missing}"
            yield _case(f"{id}-1-block", _fuse, widths=(5,), **some)
            yield _case(f"{id}-17-blocks", _fuse, widths=(1,) * 17, **some)
            yield _case(f"{id}-wide", _fuse, widths=(200,) * 3, n=40, **some)
            yield _case(f"{id}-F", _fuse, widths=(9,) * 3, layouts=("F",), out="F", **some)
            yield _case(f"{id}-half", _fuse, widths=(9,) * 3, half=True, **some)
            yield _case(f"{id}-nobody", _fuse, widths=(9,) * 3, **spec)
        spec = {"op": op, "widths": (9,) * 3, "without": "some", **_inputs(op)}
        yield _case(f"{op}-missing-ignored", _fuse, **spec)
        if op in OPERATORS and OPERATORS[op].weighted:
            for weighing in ("column", "row"):
                own = {"weighing": weighing, "missing": "skip", **spec}
                yield _case(f"{op}-skip-by-{weighing}", _fuse, **own)
    for kind in GAPS:
        for n in (0, 1, 257, 3000):
            rows = {"n": n, "widths": (3,) * 5, "without": kind, "layouts": LAYOUTS, **MIXED}
            id = f"missing-rows-{kind.replace(' ', '-')}-{n}"
            make = partial(_missing_rows, **rows, **SPECIALS)
            yield Case(id, "missing_rows", make, EXACT, DOUBLE)


def large_fusion_cases() -> Iterator[Case]:
    blocks = {"inputs": ("float32", "uint8"), "maps": ("divide", None), "n": 20_000}
    for op in OPS:
        spec = {"op": op, "widths": (33,) * 3, "specials": (np.nan,), **blocks}
        yield Case(f"large-fuse-{op}", "fuse", partial(_fuse, **spec), _tolerance(op))
    gaps = {"widths": (33,) * 3, "without": "runs", **blocks}
    make = partial(_fuse, op="weighted_mean", missing="skip", **gaps)
    yield Case("large-fuse-skip", "fuse", make, EXACT)
    make = partial(_missing_rows, **gaps)
    yield Case("large-missing-rows", "missing_rows", make, EXACT, DOUBLE)
