"""Linear models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse._kernels.contract import GRADIENT_PIECE, GRADIENT_SLOTS, LOSSES, Rows

from ..arrays import LAYOUTS, make_rows
from ..case import Call, Case, frozen, rubbish
from ..tolerances import Close
from .shapes import DOUBLE, HEIGHTS, WIDTHS

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
    "skip-by-row": {
        "widths": (20, 20, 20),
        "op": "weighted_sum",
        "inputs": ("float32", "uint8", "float64"),
        "maps": (None, "divide", "multiply"),
        "weighing": "row",
        "missing": "skip",
        "without": "not the first",
    },
    "filled": {
        "widths": (5, 16, 3),
        "inputs": ("float32", "uint8", "float64"),
        "maps": ("divide", "multiply", None),
        "missing": 0.5,
        "without": "not the first",
    },
}


def _labels(rng: np.random.Generator, loss: str, n: int, k: int) -> NDArray[np.float64]:
    if loss == "multinomial":
        return rng.integers(0, k, (n, 1)).astype(np.float64)
    if loss == "squared_error":
        return rng.standard_normal((n, k))
    return rng.integers(0, 2, (n, k)).astype(np.float64)


def _model(rng: np.random.Generator, rows: Rows, k: int) -> tuple[NDArray, NDArray]:
    coef = rng.standard_normal((k, rows.width)) / np.sqrt(rows.width)
    return coef, rng.standard_normal(k)


def _scores(rng: np.random.Generator, dtype: np.dtype, k: int, **spec: Any) -> Call:
    rows = make_rows(rng, dtype, **spec)
    out = rubbish((rows.n_rows, k), dtype)
    return Call((rows, *frozen(*_model(rng, rows, k)), out), (out,))


def _gradient(
    rng: np.random.Generator, dtype: np.dtype, loss: str, k: int, weighted: bool, **spec: Any
) -> Call:
    rows = make_rows(rng, dtype, **spec)
    targets = _labels(rng, loss, rows.n_rows, k)
    weight = rng.uniform(0.0, 3.0, rows.n_rows) if weighted else None
    model = frozen(*_model(rng, rows, k), targets)[:2]
    gradient = rubbish((k, rows.width)), rubbish(k)
    return Call((rows, targets, weight, *model, loss, *gradient), gradient)


def _sums(rng: np.random.Generator, dtype: np.dtype, first: int, k: int, **spec: Any) -> Call:
    call = _gradient(rng, dtype, k=k, **spec)
    rows, *told, _, _ = call.arguments
    sums = rng.standard_normal((GRADIENT_SLOTS, k * (rows.width + 1) + 1))
    return Call((rows, first, *told, sums), (sums,))


def _descent(
    rng: np.random.Generator,
    dtype: np.dtype,
    loss: str,
    k: int,
    weighted: bool,
    batch_size: int | None,
    passes: float = 1.0,
    fit_intercept: bool = True,
    momentum: float | None = None,
    nesterov: bool = False,
    total: float = 0.0,
    **spec: Any,
) -> Call:
    rows = make_rows(rng, dtype, **spec)
    n = rows.n_rows
    order = rng.integers(0, n, int(passes * n)) if n else np.zeros(0, np.int64)  # some, some twice
    size = max(1, n) if batch_size is None else batch_size
    first = 0.05 * (1.0 - (momentum or 0.0))  # so that roundings do not grow
    steps = first / (1.0 + np.arange(-(-len(order) // size))) ** 0.25
    targets = _labels(rng, loss, n, k)
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    model = _model(rng, rows, k)
    shape = (0, 0) if momentum is None else (k, rows.width + 1)
    velocity = 0.01 * rng.standard_normal(shape)
    frozen(order, steps, targets)
    arguments = (
        rows, order, size, targets, weight, loss, steps, 0.01, momentum or 0.0, nesterov, *model,
        velocity, fit_intercept, total,
    )  # fmt: skip
    return Call(arguments, (*model, velocity))


def _dot(rng: np.random.Generator, dtype: np.dtype, n: int) -> Call:
    return Call(frozen(rng.standard_normal(n), rng.standard_normal(n)), ())


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
                    if k == 3:
                        make = partial(_sums, first=GRADIENT_PIECE, **spec)
                        yield Case(f"sums-{id}", "gradient_sums", make, Close(2**8))
                    for batch_size in (1, 7, None) if k == 3 else (7,):
                        make = partial(_descent, batch_size=batch_size, **spec)
                        yield Case(f"descend-{id}-{batch_size}", "descend", make, Close(2**10))
        spec = {"loss": loss, "weighted": True, "k": 3}
        yield from learner_sizes(spec)
        make = partial(_descent, batch_size=7, fit_intercept=False, total=12.5, **spec)
        yield Case(f"descend-{loss}-no-intercept", "descend", make, Close(2**10))
        yield from momentum_cases(loss)


def momentum_cases(loss: str) -> Iterator[Case]:
    """In batches of a row, of a tile, and of several; of rows read in place, gathered or joined."""
    shapes: dict[str, dict[str, Any]] = {
        "in-place": {"n": 500, "widths": (32,), "inputs": ("own",)},
        "odd": {"n": 500, "widths": (37,), "inputs": ("own",)},
        "joined": LEARNERS["side-by-side"],
    }
    for kind, shape in shapes.items():
        for batch_size in (1, 32, 200):
            for nesterov in (False, True):
                spec = {"batch_size": batch_size, "nesterov": nesterov, "momentum": 0.9, **shape}
                id = f"descend-{loss}-{kind}-{batch_size}-" + ("nesterov" if nesterov else "heavy")
                make = partial(_descent, loss=loss, weighted=True, k=3, **spec)
                yield Case(id, "descend", make, Close(2**12))
        make = partial(_descent, loss=loss, weighted=False, k=10, fit_intercept=False, **spec)
        yield Case(f"descend-{loss}-{kind}-momentum-no-intercept", "descend", make, Close(2**12))


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
        make = partial(_sums, first=15 * GRADIENT_PIECE, **size)
        yield Case(f"sums-{id}", "gradient_sums", make, Close(2**8))
        passes = 1.5 if d < 1000 else 1.0
        make = partial(_descent, batch_size=32, passes=passes, **size)
        yield Case(f"descend-{id}", "descend", make, Close(2**11))


def large_sgd_cases() -> Iterator[Case]:
    blocks = {"inputs": ("float32", "uint8"), "maps": ("divide", None), "n": 20_000}
    for k in (1, 10):
        spec = {"widths": (33, 31), "k": k, **blocks}
        yield Case(f"large-scores-{k}", "linear_scores", partial(_scores, **spec), Close(2**6))
        for loss in LOSSES:
            learner = {"loss": loss, "weighted": True, **spec}
            make = partial(_gradient, **learner)
            yield Case(f"large-gradient-{loss}-{k}", "loss_gradient", make, Close(2**10))
            make = partial(_sums, first=0, **learner)
            yield Case(f"large-sums-{loss}-{k}", "gradient_sums", make, Close(2**10))
            make = partial(_descent, batch_size=4096, **learner)
            yield Case(f"large-descend-{loss}-{k}", "descend", make, Close(2**10))
    yield Case("large-dot", "dot", partial(_dot, n=3_000_000), Close(2**14), DOUBLE)
