"""Stochastic gradient descent in chains.

Steps are short for the rows at hand, whatever they are: what two kernels round differently then
stays small. Targets are codes of classes, which are numbers too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, islice, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse._kernels.contract import (
    CHAIN,
    CHAIN_LOSSES,
    PART,
    PENALTIES,
    SCHEDULES,
    Csr,
    Rows,
)
from polyfuse._kernels.reference.chains import pick_rows

from ..arrays import make_rows, with_sparse
from ..case import Call, Case, frozen
from ..tolerances import EXACT, Close, Tolerance
from .sgd import LEARNERS
from .shapes import DOUBLE

LOSSES = CHAIN_LOSSES[:-1]
OF_CLASSES = LOSSES[:5]
STEADY = SCHEDULES[:4]
FAST = Close(2**8, floor=1.0)
# A reset multiplies and adds to an average in one rounding, as BLAS does, or in two.
RESET = (EXACT, EXACT, Close(2**4), EXACT, EXACT)

# Sparse rows, by themselves and beside others; `held` are the blocks that are sparse.
SPARSE: dict[str, dict[str, Any]] = {
    "csr": {"widths": (20,), "inputs": ("own",), "held": (0,)},
    "csr-converted": {"widths": (20,), "inputs": ("float32",), "held": (0,)},
    "csr-narrowed": {"widths": (20,), "inputs": ("float64",), "maps": ("divide",), "held": (0,)},
    "csr-mapped": {"widths": (20,), "inputs": ("own",), "maps": ("multiply",), "held": (0,)},
    "csr-two": {
        "widths": (7, 30),
        "inputs": ("float64", "float32"),
        "maps": (None, "divide"),
        "held": (0, 1),
    },
    "csr-beside": {
        "widths": (5, 16, 3, 4, 1),
        "inputs": ("float32", "uint8", "float64", "bool", "float16"),
        "maps": ("divide", "multiply", None, None, None),
        "layouts": ("C", "F", "C", "strided", "C"),
        "held": (0, 2),
    },
}
KINDS: dict[str, dict[str, Any]] = {**LEARNERS, **SPARSE}
PLAIN = KINDS["plain"]

# Settings of chains, each taken in turn: no two of the first 36 are the same.
MIXED: dict[str, Sequence[Any]] = {
    "loss": LOSSES,
    "penalty": ("l2", None, "elasticnet", "l1"),
    "schedule": ("optimal", "constant", "pa1", "invscaling", "adaptive", "pa2", "constant"),
    "average": (0, 1, 0, 20, 0),
    "objective": (1, 0, 1, 1, 0),
    "fit_intercept": (1, 1, 1, 0),
    "alpha": (1e-3, 1e-1, 1e-2),
    "weight_pos": (1.0, 1.7, 0.3),
    "weight_neg": (1.0, 0.9),
}


def rows_of(
    rng: np.random.Generator, dtype: np.dtype, held: Sequence[int] = (), **spec: Any
) -> Rows:
    """Rows to learn from; those of a single plain block have zeros, and some nothing else."""
    rows = with_sparse(rng, make_rows(rng, dtype, **spec), held)
    x = rows.blocks[0].values
    if len(rows.blocks) == 1 and isinstance(x, np.ndarray) and rows.blocks[0].affine is None:
        x[rng.random(x.shape) < 0.2] = 0
        x[::7] = 0
    return rows


def longest(rows: Rows) -> float:
    """The greatest square of a row's length, or 1."""
    pick = pick_rows(rows)
    squares = [float(np.square(pick(i)[0], dtype=np.float64).sum()) for i in range(rows.n_rows)]
    return max(squares, default=0.0) or 1.0


def settings(m: int, eta0: float, **chosen: Sequence[Any]) -> NDArray[np.void]:
    """New chains; each setting goes through its values in turn."""
    plain = {
        "loss": ["hinge"], "penalty": [None], "schedule": ["constant"], "fit_intercept": [1],
        "alpha": [1e-2], "eta0": [eta0], "power_t": [0.5, 0.25], "epsilon": [0.1],
        "weight_pos": [1.0], "weight_neg": [1.0], "intercept_decay": [1.0], "t": [1.0],
        "scale": [1.0], "average_b": [1.0],
    }  # fmt: skip
    chains, names = np.zeros(m, CHAIN), {"penalty": PENALTIES, "schedule": SCHEDULES}
    for field, values in {**plain, **chosen}.items():
        listed: Any = {"loss": CHAIN_LOSSES, **names}.get(field)
        taken = [listed.index(v) if listed else v for v in islice(cycle(values), m)]
        chains[field] = taken
    chains["l1_ratio"] = np.array([0.0, 1.0, 0.0, 0.3])[chains["penalty"]]
    chains["eta"] = chains["eta0"]
    chains["optimal_init"] = 1.0 / (chains["eta0"] * chains["alpha"])
    if "positive" not in chosen:
        of_classes = chains["loss"] < len(OF_CLASSES)
        chains["positive"] = np.where(of_classes, np.arange(m) % 3, -1)
    return chains


def begin(rng: np.random.Generator, chains: NDArray[np.void], models: Sequence[NDArray]) -> None:
    """Put chains somewhere on their way, each in another place."""
    m, (coef, average, met) = len(chains), models
    chains["t"] = rng.integers(2, 40, m)
    chains["scale"] = rng.uniform(0.1, 1.0, m)
    chains["u"] = rng.uniform(0.0, 0.01, m)
    chains["average_a"], chains["average_b"] = rng.uniform(0.5, 2.0, (2, m))
    for field in ("intercept", "average_intercept"):
        chains[field] = rng.standard_normal(m)
    for field in ("sq_norm", "l1_norm", "loss_sum", "objective_sum"):
        chains[field] = rng.uniform(0.0, 2.0, m)
    average[...] = rng.standard_normal(average.shape)
    met[...] = rng.uniform(-0.01, 0.01, met.shape)
    coef /= chains["scale"][:, None]


def models_of(
    rng: np.random.Generator, rows: Rows, chains: NDArray[np.void]
) -> tuple[NDArray, NDArray, NDArray]:
    """Weights, averages, and the penalty met; the last two only where they are needed."""
    d, m, size = rows.width, len(chains), np.sqrt(longest(rows))
    coef = (rng.standard_normal((m, d)) / size).astype(rows.dtype)
    penalised = np.isin(chains["penalty"], [PENALTIES.index("l1"), PENALTIES.index("elasticnet")])
    average = np.zeros((m if chains["average"].any() else 0, d), rows.dtype)
    return coef, average, np.zeros((m if penalised.any() else 0, d), rows.dtype)


def parts_of(
    rng: np.random.Generator, rows: Rows, chains: NDArray[np.void], models: Sequence[NDArray],
    k: int, *, even: bool, begun: bool,
) -> NDArray[np.void]:  # fmt: skip
    """k parts of each chain, of whole blocks where one is sparse; none for k = 0.

    `even`: all factors are 1.
    """
    if k == 0:
        return np.zeros((0, 0), PART)
    m, d = len(chains), rows.width
    ends = [block.values.shape[1] for block in rows.blocks]
    sparse = any(isinstance(block.values, Csr) for block in rows.blocks)
    parts = np.zeros((m, k), PART)
    for c in range(m):
        inner = rng.choice([0, d, *np.cumsum(ends)] if sparse else np.arange(d + 1), k - 1)
        parts["width"][c] = np.diff([0, *np.sort(inner), d])
    parts["scale"] = parts["average_b"] = parts["eta"] = parts["alpha"] = 1.0
    if not even:
        parts["eta"] = rng.choice([0.0, 0.5, 1.0, 1.7], (m, k))
        parts["alpha"] = rng.choice([0.0, 0.3, 1.0, 2.0], (m, k))
    if begun:
        for field, most in (("scale", 1.0), ("sq_norm", 2.0), ("l1_norm", 2.0), ("u", 0.01)):
            parts[field] = rng.uniform(0.1 * most, most, (m, k))
        parts["average_a"], parts["average_b"] = rng.uniform(0.5, 2.0, (2, m, k))
        for c in range(m):
            models[0][c] /= np.repeat(parts["scale"][c], parts["width"][c])
    return parts


def order_of(rng: np.random.Generator, how: str, m: int, n: int) -> NDArray[np.int64]:
    """Each row once, the same for all or not; or some rows not at all and others twice."""
    if how == "some":
        return rng.integers(0, max(1, n), (1, n + n // 2))
    order = np.stack([rng.permutation(n) for _ in range(1 if how == "shared" else m)])
    if how == "apart":
        order = np.concatenate([order - n, order, order - n], axis=1)[:, n : 2 * n]
    return order


def weights_of(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return np.where(rng.random(n) < 0.2, 0.0, rng.uniform(0.1, 2.0, n))


def problem(
    rng: np.random.Generator,
    dtype: np.dtype,
    *,
    exact: bool,
    m: int = 3,
    n: int = 50,
    kind: dict[str, Any] = PLAIN,
    order: str = "shared",
    step: float = 0.2,
    weighted: bool = False,
    begun: bool = False,
    read_only: bool = False,
    n_classes: int = 4,
    n_parts: int = 0,
    even: bool = False,
    **chosen: Sequence[Any],
) -> Call:
    """Some chains over some rows; `step` is the longest, by the length of rows."""
    rows = rows_of(rng, dtype, **{"n": n, **kind})
    chains = settings(m, step / (1.0 + longest(rows)), **chosen)
    models = models_of(rng, rows, chains)
    if begun:
        begin(rng, chains, models)
    targets = rng.integers(0, n_classes, n).astype(np.float64)
    weight = weights_of(rng, n) if weighted else None
    visits = order_of(rng, order, m, n)
    if read_only:
        frozen(visits, targets)
        for block in rows.blocks:
            frozen(*(block.values[:3] if isinstance(block.values, Csr) else (block.values,)))
    parts = parts_of(rng, rows, chains, models, n_parts, even=even, begun=begun)
    written = (chains, *models, parts)
    return Call((rows, visits, targets, weight, *written, exact), written)


def both(id: str, tolerance: Tolerance | tuple[Tolerance, ...] = EXACT, **spec: Any) -> Any:
    """The same chains, exact and fast."""
    for exact, how in ((True, tolerance), (False, FAST)):
        make = partial(problem, exact=exact, **spec)
        yield Case(f"chains-{id}-{'exact' if exact else 'fast'}", "chains", make, how)


def formula_cases() -> Iterator[Case]:
    """Losses, penalties and schedules."""
    three = {"average": (0, 1, 20), "objective": (1, 0, 1), "m": 3}
    for loss in LOSSES:
        for penalty in PENALTIES:
            yield from both(f"{loss}-{penalty}", loss=[loss], penalty=[penalty], **three)
        for schedule in SCHEDULES:
            spec = {"penalty": ("elasticnet", None, "l2"), "schedule": [schedule], **three}
            yield from both(f"{loss}-{schedule}", loss=[loss], weighted=True, **spec)
    scores = {"m": 7, "intercept": (-50.0, -37.0, -20.0, -2.0, 10.0, 25.0, 40.0)}
    yield from both("log_loss-far-out", loss=["log_loss"], objective=[1], **scores)
    signs: dict[str, Any] = {"positive": [-1], "n_classes": 2}
    yield from both("as-given", loss=LOSSES, m=9, weight_pos=[1.5], **signs)
    for schedule in STEADY:
        yield from both(
            f"one-class-{schedule}", loss=["hinge"], one_class=[1], positive=[-1], n_classes=2,
            schedule=[schedule], penalty=["l2"], average=(0, 3), objective=(1, 1, 0),
        )  # fmt: skip


def state_cases() -> Iterator[Case]:
    """What chains carry along."""
    for fit_intercept, decay in product((0, 1), (1.0, 0.01)):
        spec = {"fit_intercept": [fit_intercept], "intercept_decay": [decay], "average": (0, 1)}
        yield from both(f"intercept-{fit_intercept}-{decay}", loss=["log_loss"], **spec)
    for alpha in (30.0, 3000.0):  # the scale shrinks by more than a half, or to 0, in a step
        for penalty in ("l2", "elasticnet"):
            spec = {"penalty": [penalty], "average": (1, 0, 9), "objective": [1], "step": 20.0}
            spec = {**spec, "alpha": [alpha], "loss": ("hinge", "log_loss", "huber")}
            yield from both(f"reset-{penalty}-{alpha:g}", RESET, **spec)
    mixed: dict[str, Any] = {**MIXED, "alpha": [1e-2]}
    for m in (3, 11):
        yield from both(f"begun-{m}", m=m, begun=True, weighted=True, **mixed)
    away = {"loss": ["squared_error"], "penalty": (None, "l2"), "step": 1e3, "objective": [1]}
    for n in (50, 400):  # numbers without end
        make = partial(problem, exact=True, n=n, **away)
        yield Case(f"chains-diverge-{n}", "chains", make, EXACT)


def shape_cases() -> Iterator[Case]:
    for d, n in product((1, 3, 16, 20, 33, 200), (0, 1, 50)):
        kind = {**PLAIN, "widths": (d,)}
        yield from both(f"{n}x{d}", n=n, kind=kind, m=4, **MIXED)
    for m, d in product((1, 3, 8, 11), (3, 33)):
        kind = {**PLAIN, "widths": (d,)}
        spec: dict[str, Any] = {"m": m, "kind": kind, "weighted": True, **MIXED}
        for how in ("shared", "some"):
            yield from both(f"{m}-{d}-{how}", order=how, **spec)
        for how in ("own", "apart"):
            make = partial(problem, exact=True, order=how, **spec)
            yield Case(f"chains-{m}-{d}-{how}", "chains", make, EXACT)
    yield from both("36-chains", m=36, **MIXED)
    alike: dict[str, Any] = {"loss": ["log_loss"], "penalty": ["l2"], "schedule": ["optimal"]}
    for m in (8, 11):
        yield from both(f"alike-{m}", m=m, objective=[1], **alike)


def rows_cases() -> Iterator[Case]:
    for name, kind in KINDS.items():
        for m in (1, 8):
            yield from both(f"{name}-{m}", kind=kind, m=m, weighted=True, **MIXED)
        yield from both(f"{name}-read-only", kind=kind, read_only=True, n=8, **MIXED)
        make = partial(problem, exact=True, kind=kind, m=11, order="own", **MIXED)
        yield Case(f"chains-{name}-own", "chains", make, EXACT)
    for n, d in ((0, 20), (1, 20), (50, 200), (50, 1)):
        kind = {**SPARSE["csr"], "widths": (d,)}
        yield from both(f"csr-{n}x{d}", kind=kind, n=n, m=3, **MIXED)


def softmax_cases() -> Iterator[Case]:
    """The classes of one model, which only fast chains have."""
    for k, penalty in product((2, 3, 10), PENALTIES):
        for name in ("plain", "side-by-side", "csr", "csr-beside"):
            spec: dict[str, Any] = {"loss": ["multinomial"], "penalty": [penalty], "m": k}
            spec.update(positive=range(k), n_classes=k, kind=KINDS[name], exact=False)
            spec.update(objective=[k != 3], average=[k != 10], weighted=k != 2)
            spec.update(schedule=[STEADY[(k + PENALTIES.index(penalty)) % 4]])
            spec.update(weight_pos=(1.0, 0.5, 2.0), begun=k == 3)
            make = partial(problem, **spec)
            yield Case(f"chains-softmax-{k}-{penalty}-{name}", "chains", make, FAST)
    make = partial(problem, loss=["multinomial"], m=3, positive=range(3), n_classes=3, n=0,
                   exact=False)  # fmt: skip
    yield Case("chains-softmax-no-rows", "chains", make, FAST)


def _settling(
    rng: np.random.Generator, dtype: np.dtype, m: int, d: int, averaging: bool, n_parts: int = 0
) -> Call:
    rows = rows_of(rng, dtype, widths=(d,), inputs=("own",), n=5)
    chains = settings(m, 0.1, average=(1, 0, 7) if averaging else [0], penalty=["l2"])
    models = models_of(rng, rows, chains)
    begin(rng, chains, models)
    parts = parts_of(rng, rows, chains, models, n_parts, even=False, begun=True)
    written = (chains, *models[:2], parts)
    return Call(written, written)


def _shuffle(rng: np.random.Generator, dtype: np.dtype, seed: int, n: int) -> Call:
    order = rng.permutation(n)
    return Call((seed, order), (order,))


def _scores(
    rng: np.random.Generator, dtype: np.dtype, k: int, kind: dict[str, Any], indexed: bool, n: int
) -> Call:
    rows = rows_of(rng, dtype, **{"n": n, **kind})
    index = rng.integers(0, max(1, n), 2 * n // 3) if indexed else None
    out = np.full((n if index is None else len(index), k), -77, dtype)
    model = frozen(rng.standard_normal((k, rows.width)), rng.standard_normal(k))
    return Call((rows, *model, out, index), (out,))


def score_cases() -> Iterator[Case]:
    for name, kind in KINDS.items():
        for k, n in ((1, 257), (3, 257), (10, 9), (3, 1), (2, 0)):
            for indexed in (True, False) if name in SPARSE else (True,):
                id = f"scores-{name}-{k}-{n}" + "-index" * indexed
                make = partial(_scores, k=k, kind=kind, indexed=indexed, n=n)
                yield Case(id, "linear_scores", make, Close(2**6))


def chains_cases() -> Iterator[Case]:
    yield from formula_cases()
    yield from state_cases()
    yield from shape_cases()
    yield from rows_cases()
    yield from softmax_cases()
    yield from score_cases()
    for m, d, averaging, k in product((1, 3, 11), (1, 20, 200), (False, True), (0, 3)):
        make = partial(_settling, m=m, d=d, averaging=averaging, n_parts=k)
        id = f"settle-{m}-{d}" + "-average" * averaging + "-parts" * (k > 0)
        yield Case(id, "settle_chains", make, (*RESET[:3], EXACT))
    for seed, n in product((0, 1, 2, 12345, 2**31 - 2, 2**31 - 1), (0, 1, 2, 50, 1009)):
        make = partial(_shuffle, seed=seed, n=n)
        yield Case(f"shuffle-{seed}-{n}", "shuffle", make, EXACT, DOUBLE)


def large_chains_cases() -> Iterator[Case]:
    smooth: dict[str, Any] = {**MIXED, "loss": ("log_loss", "squared_error", "huber")}
    for name, d in (("plain", 100), ("csr", 400)):
        kind = {**KINDS[name], "widths": (d,)}
        for exact, tolerance in ((True, EXACT), (False, Close(2**10, floor=1.0))):
            make = partial(problem, exact=exact, kind=kind, m=16, n=1500, **smooth)
            id = f"large-chains-{name}-{'exact' if exact else 'fast'}"
            yield Case(id, "chains", make, tolerance)
    make = partial(_scores, k=10, kind=SPARSE["csr-beside"], indexed=True, n=5000)
    yield Case("large-scores-sparse", "linear_scores", make, Close(2**6))
