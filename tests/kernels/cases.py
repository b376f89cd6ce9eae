"""The cases of the contract, kernel by kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse._kernels.contract import (
    CONCATENATE,
    INPUT_DTYPES,
    LOSSES,
    Affine,
    Block,
    Rows,
)
from polyfuse._kernels.fusion_ops import OPERATORS

from .arrays import LAYOUTS, MAPS, OUT_LAYOUTS, lay_out, make_rows, sprinkle, values
from .case import Call, Case, rubbish
from .tolerances import EXACT, Close, Ulps

DOUBLE = (np.dtype("float64"),)
WIDTHS = (1, 3, 16, 17, 64, 200)
HEIGHTS = (0, 1, 5, 257, 3000)
DTYPE_NAMES = tuple(dtype.name for dtype in INPUT_DTYPES)
OPS = (*OPERATORS, CONCATENATE)

# What a learner may stand on: rows read in place, rows put side by side, rows folded.
LEARNERS: dict[str, dict[str, Any]] = {
    "plain": {"widths": (20,), "inputs": ("own",)},
    "side-by-side": {
        "widths": (5, 16, 3),
        "inputs": ("float32", "uint8", "float64"),
        "maps": ("divide", "multiply", None),
        "layouts": ("C", "F", "reversed"),
    },
    "mean": {
        "widths": (20, 20, 20),
        "op": "mean",
        "inputs": ("float16", "float64", "int16"),
        "maps": (None, "multiply", "divide"),
        "layouts": ("read-only", "strided", "C"),
    },
}


# -- fusion --------------------------------------------------------------------------------------


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


# -- normalization -------------------------------------------------------------------------------


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
) -> Call:
    x = lay_out(_column(kind, rng, values(rng, (n, d), source)), layout)
    if leaf_rows is None:
        low, high = rubbish(d), rubbish(d)
        return Call((x, low, high), (low, high))
    count, mean, squares = rubbish(d, np.int64), rubbish(d), rubbish(d)
    return Call((x, leaf_rows, count, mean, squares), (count, mean, squares))


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
        for kind in ("constant", "late", "gaps", "infinite"):
            yield from pair(f"{kind}-{d}", kind=kind, d=d)
        yield from pair(f"constant-gaps-{d}", kind="constant-gaps", d=d)
        yield from pair(f"far-{d}", kind="far", d=d, leaf_rows=512)
        # The mean is rounded to 1e-8, so the squares keep eight digits: 1e-9 of them is 2**22.
        yield from pair(f"offset-{d}", 2**22, kind="offset", d=d, n=3000)


# -- sgd -----------------------------------------------------------------------------------------


def _labels(rng: np.random.Generator, loss: str, n: int, k: int) -> NDArray[np.float64]:
    if loss == "multinomial":
        return rng.integers(0, k, (n, 1)).astype(np.float64)
    if loss == "squared_error":
        return rng.standard_normal((n, k))
    return rng.integers(0, 2, (n, k)).astype(np.float64)


def _model(rng: np.random.Generator, rows: Rows, k: int) -> tuple[NDArray, NDArray]:
    coef = rng.standard_normal((k, rows.width)) / np.sqrt(rows.width)
    return coef, rng.standard_normal(k)


def _frozen(*arrays: NDArray) -> tuple[NDArray, ...]:
    for array in arrays:
        array.flags.writeable = False
    return arrays


def _scores(rng: np.random.Generator, dtype: np.dtype, k: int, **spec: Any) -> Call:
    rows = make_rows(rng, dtype, **spec)
    out = rubbish((rows.n_rows, k), dtype)
    return Call((rows, *_frozen(*_model(rng, rows, k)), out), (out,))


def _gradient(
    rng: np.random.Generator, dtype: np.dtype, loss: str, k: int, weighted: bool, **spec: Any
) -> Call:
    rows = make_rows(rng, dtype, **spec)
    targets = _labels(rng, loss, rows.n_rows, k)
    weight = rng.uniform(0.0, 3.0, rows.n_rows) if weighted else None
    model = _frozen(*_model(rng, rows, k), targets)[:2]
    gradient = rubbish((k, rows.width)), rubbish(k)
    return Call((rows, targets, weight, *model, loss, *gradient), gradient)


def _descent(
    rng: np.random.Generator,
    dtype: np.dtype,
    loss: str,
    k: int,
    weighted: bool,
    batch_size: int | None,
    passes: float = 1.0,
    fit_intercept: bool = True,
    **spec: Any,
) -> Call:
    rows = make_rows(rng, dtype, **spec)
    n = rows.n_rows
    order = rng.integers(0, n, int(passes * n)) if n else np.zeros(0, np.int64)  # some, some twice
    size = max(1, n) if batch_size is None else batch_size
    steps = 0.05 / (1.0 + np.arange(-(-len(order) // size))) ** 0.25
    targets = _labels(rng, loss, n, k)
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    model = _model(rng, rows, k)
    _frozen(order, steps, targets)
    arguments = (rows, order, size, targets, weight, loss, steps, 0.01, *model, fit_intercept)
    return Call(arguments, model)


def _dot(rng: np.random.Generator, dtype: np.dtype, n: int) -> Call:
    return Call(_frozen(rng.standard_normal(n), rng.standard_normal(n)), ())


def sgd_cases() -> Iterator[Case]:
    for n in (0, 1, 15, 16, 17, 1000, 100_003):
        yield Case(f"dot-{n}", "dot", partial(_dot, n=n), Close(2**10), DOUBLE)
    yield from score_cases()
    for loss in LOSSES:
        for weighted in (False, True):
            for kind, rows in LEARNERS.items():
                for k in (1, 3, 10):
                    spec = {"loss": loss, "weighted": weighted, "k": k, **rows}
                    id = f"{loss}-{kind}-{k}" + "-weighted" * weighted
                    make = partial(_gradient, **spec)
                    yield Case(f"gradient-{id}", "loss_gradient", make, Close(2**8))
                    for batch_size in (1, 7, None) if k == 3 else (7,):
                        make = partial(_descent, batch_size=batch_size, **spec)
                        yield Case(f"descend-{id}-{batch_size}", "descend", make, Close(2**10))
        spec = {"loss": loss, "weighted": True, "k": 3}
        yield from learner_sizes(spec)
        make = partial(_descent, batch_size=7, fit_intercept=False, **spec)
        yield Case(f"descend-{loss}-no-intercept", "descend", make, Close(2**10))


def score_cases() -> Iterator[Case]:
    for kind, spec in LEARNERS.items():
        for k in (1, 3, 10):
            make = partial(_scores, k=k, **spec)
            yield Case(f"scores-{kind}-{k}", "linear_scores", make, Close(2**5))
    for n in HEIGHTS:
        for d in WIDTHS:
            make = partial(_scores, k=3, n=n, widths=(d,), inputs=("own",))
            yield Case(f"scores-{n}x{d}", "linear_scores", make, Close(2**6))
    for layout in LAYOUTS:
        make = partial(_scores, k=2, widths=(33,), inputs=("own",), layouts=(layout,))
        yield Case(f"scores-{layout}", "linear_scores", make, Close(2**6))


def learner_sizes(spec: dict[str, Any]) -> Iterator[Case]:
    loss = spec["loss"]
    for n, d in ((0, 3), (1, 1), (5, 64), (3000, 17), (3000, 200), (40, 9000)):
        size = {"n": n, "widths": (d,), "maps": ("divide",), **spec}
        id = f"{loss}-{n}x{d}"
        yield Case(f"gradient-{id}", "loss_gradient", partial(_gradient, **size), Close(2**8))
        passes = 1.5 if d < 1000 else 1.0
        make = partial(_descent, batch_size=32, passes=passes, **size)
        yield Case(f"descend-{id}", "descend", make, Close(2**11))


# -- confusion -----------------------------------------------------------------------------------


def _confusion(
    rng: np.random.Generator, dtype: np.dtype, n: int, k: int, weighted: bool, spill: int
) -> Call:
    codes = rng.integers(-spill, k + spill, (2, n))
    if spill and n > 2:
        codes[0, :2] = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    out = rubbish((k, k), np.float64 if weighted else np.int64)
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    return Call((*_frozen(*codes), weight, out), (out,))


def confusion_cases() -> Iterator[Case]:
    for n in (0, 1, 257, 3000, 100_003):
        for k in (1, 2, 10, 300):
            for weighted in (False, True):
                for spill in (0, 2):
                    make = partial(_confusion, n=n, k=k, weighted=weighted, spill=spill)
                    id = f"confusion-{n}-{k}" + "-weighted" * weighted + "-spill" * (spill > 0)
                    yield Case(id, "confusion", make, Ulps(2**6) if weighted else EXACT, DOUBLE)


# -- large enough for threads --------------------------------------------------------------------


def large_cases() -> Iterator[Case]:
    blocks = {"inputs": ("float32", "uint8"), "maps": ("divide", None), "n": 20_000}
    for op in OPS:
        make = partial(_fuse, op=op, widths=(33,) * 3, specials=(np.nan,), **blocks)
        yield Case(f"large-fuse-{op}", "fuse", make, EXACT)
    for n, d in ((20_000, 33), (70_000, 3), (1500, 1100)):
        spec = {"n": n, "d": d, "kind": "gaps", "source": "float32"}
        make = partial(_columns, **spec)
        yield Case(f"large-extrema-{n}x{d}", "column_extrema", make, EXACT, DOUBLE)
        make = partial(_columns, leaf_rows=256, **spec)
        yield Case(f"large-moments-{n}x{d}", "column_moments", make, Close(2**10), DOUBLE)
    for k in (1, 10):
        spec = {"widths": (33, 31), "k": k, **blocks}
        yield Case(f"large-scores-{k}", "linear_scores", partial(_scores, **spec), Close(2**6))
        for loss in LOSSES:
            learner = {"loss": loss, "weighted": True, **spec}
            make = partial(_gradient, **learner)
            yield Case(f"large-gradient-{loss}-{k}", "loss_gradient", make, Close(2**10))
            make = partial(_descent, batch_size=4096, **learner)
            yield Case(f"large-descend-{loss}-{k}", "descend", make, Close(2**10))
    for k, weighted in ((10, False), (10, True), (200, True)):
        make = partial(_confusion, n=1_000_000, k=k, weighted=weighted, spill=1)
        tolerance = Ulps(2**8) if weighted else EXACT
        id = f"large-confusion-{k}" + "-weighted" * weighted
        yield Case(id, "confusion", make, tolerance, DOUBLE)
    yield Case("large-dot", "dot", partial(_dot, n=3_000_000), Close(2**14), DOUBLE)


def _unique(cases: Sequence[Case]) -> tuple[Case, ...]:
    assert len({case.id for case in cases}) == len(cases)
    return tuple(cases)


LARGE = _unique([*large_cases()])
CASES = _unique([*fusion_cases(), *normalization_cases(), *sgd_cases(), *confusion_cases(), *LARGE])
