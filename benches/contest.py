"""What a bench is made of: some data, a piece of work, and contestants who do that work.

A bench file lists its works, each with one factory per contestant ("polyfuse", "NumPy", ...). A
factory gets the data, prepares whatever must not be timed, and returns a function without
arguments that does the work once. All contestants of a work read the same memory; where an output
is given, it is the same memory too, and its pages are warm. Their answers must agree, or the
bench fails: whoever skips a part of the work is not a peer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Contestant = Callable[[Any], Callable[[], Any]]
SLOW = 0.2  # seconds
# Peers that the dependency group of the benches leaves out (`pip install --group peers`): their
# modules. Where one is missing, its column is.
OPTIONAL = {"torchmetrics": "torchmetrics", "scikit-learn-intelex": "sklearnex"}


@dataclass(frozen=True)
class Spec:
    """What data to make; fields are those of the report."""

    rows: int
    columns: int
    dtype: str = "float32"
    order: str = "C"
    blocks: int = 1

    def make(self) -> Any:
        return Matrices(self)

    def divided(self, by: int) -> Spec:
        """Fewer rows, for a quick run; small data stays as it is."""
        return self if self.rows < 1000 else replace(self, rows=self.rows // by)

    def __str__(self) -> str:
        times = f"{self.blocks} x " if self.blocks > 1 else ""
        order = " F-order" if self.order == "F" else ""
        return f"{times}{self.rows:,} x {self.columns:,} {self.dtype}{order}"


MAIN = Spec(1_000_000, 64)
WIDE = Spec(20_000, 1_000)
TALL = Spec(10_000_000, 3)
FORTRAN = replace(MAIN, order="F")
HALF = replace(MAIN, dtype="float16")
SMALL = Spec(32, 16, "float64")


class Matrices:
    """Blocks drawn from a seed, and warm memory to write to; each made when it is first used."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @property
    def nbytes(self) -> int:
        """Bytes of one block: the unit of :attr:`Work.reads` and :attr:`Work.writes`."""
        return self.spec.rows * self.spec.columns * np.dtype(self.spec.dtype).itemsize

    @cached_property
    def blocks(self) -> list[NDArray]:
        return [self._draw(seed) for seed in range(self.spec.blocks)]

    def _draw(self, seed: int) -> NDArray:
        spec, rng = self.spec, np.random.default_rng(seed)
        shape = (spec.columns, spec.rows) if spec.order == "F" else (spec.rows, spec.columns)
        drawn = "float32" if spec.dtype == "float16" else spec.dtype
        x = rng.standard_normal(shape, dtype=np.dtype(drawn)).astype(spec.dtype, copy=False)
        x = x.T if spec.order == "F" else x
        x += np.linspace(1 + seed, 2, spec.columns, dtype=x.dtype)
        return x

    @property
    def x(self) -> NDArray:
        return self.blocks[0]

    @cached_property
    def out(self) -> NDArray:
        return np.full_like(self.x, 1)

    @cached_property
    def spare(self) -> NDArray:
        """Scratch of the size of a block, for contestants who need one."""
        return np.full_like(self.x, 1)


@dataclass(frozen=True)
class Work:
    """What is done, how many blocks' bytes it must read and write, and by whom it is done.

    With `reads` of 0 the traffic is not known, and the report gives the time alone. `tolerance`
    is how far answers may differ, relative to the largest number of the answer.
    """

    name: str
    reads: float
    writes: float
    contestants: dict[str, Contestant]
    tolerance: float = 1e-3

    @property
    def bound(self) -> str:
        """The bandwidth that limits it: that of reading, or that of copying."""
        return "copy" if self.writes else "read"

    def without(self, *peers: str) -> Work:
        rest = {name: make for name, make in self.contestants.items() if name not in peers}
        return replace(self, contestants=rest)


def filling(out: NDArray, loop: Callable[..., Any], *args: Any) -> Callable[[], NDArray]:
    """A loop that writes to its last argument, as a function that returns it."""

    def run() -> NDArray:
        loop(*args, out)
        return out

    return run


def contests(*pairs: tuple[Sequence[Work], Sequence[Spec]]) -> Any:
    """Parametrise a test by data, work and peer, so that all work on some data is done together."""
    missing = {peer for peer, module in OPTIONAL.items() if find_spec(module) is None}

    def each() -> Iterator[Any]:
        for works, specs in pairs:
            for spec in specs:
                for work in works:
                    for peer in work.contestants:
                        skip = pytest.mark.skipif(peer in missing, reason=f"{peer} not installed")
                        name = f"{work.name}-{spec}-{peer}"
                        yield pytest.param(spec, work, peer, id=name, marks=skip)

    return pytest.mark.parametrize(("data", "work", "peer"), list(each()), indirect=["data"])


@dataclass
class Budget:
    """How long to measure one contestant: `seconds`, but at least `rounds` rounds.

    A contestant that takes longer than SLOW gets `slow_rounds`.
    """

    seconds: float
    rounds: int
    slow_rounds: int

    def plan(self, once: float) -> tuple[int, int]:
        """Rounds, and iterations in each, for a function that takes `once` seconds."""
        iterations = max(1, math.ceil(min(1e-3, self.seconds / 20) / once))
        fewest = self.rounds if once < SLOW else self.slow_rounds
        return max(fewest, min(50, int(self.seconds / (once * iterations)))), iterations


@dataclass
class Race:
    """Measures contestants and compares their answers."""

    family: str
    benchmark: Any
    budget: Budget
    answers: dict[str, tuple[str, list[NDArray]]] = field(default_factory=dict)

    def __call__(self, work: Work, peer: str, data: Any) -> None:
        run = work.contestants[peer](data)
        label = str(data.spec)
        moved = int((work.reads + work.writes) * data.nbytes)
        self.benchmark.group = f"{self.family}: {work.name}, {label}"
        self.benchmark.extra_info.update(
            family=self.family, work=work.name, data=label, peer=peer, bound=work.bound,
            bytes=moved, rows=data.spec.rows, columns=data.spec.columns, dtype=data.spec.dtype,
            order=data.spec.order, blocks=data.spec.blocks,
        )  # fmt: skip
        once = _warm_up(run, compiles=peer == "Numba")
        rounds, iterations = self.budget.plan(once)
        answer = self.benchmark.pedantic(run, rounds=rounds, iterations=iterations)
        self._compare(peer, _sample(answer), work.tolerance)

    def _compare(self, peer: str, answer: list[NDArray], tolerance: float) -> None:
        first, expected = self.answers.setdefault(self.benchmark.group, (peer, answer))
        for ours, theirs in zip(expected, answer, strict=True):
            limit = tolerance * float(np.abs(ours).max(initial=0.0))
            np.testing.assert_allclose(
                theirs, ours, rtol=0, atol=limit, err_msg=f"{peer} does other work than {first}"
            )


def _warm_up(run: Callable[[], Any], *, compiles: bool) -> float:
    """Seconds of a call, after one that compiles, allocates and fills caches if that matters."""
    once = _seconds(run)
    return _seconds(run) if compiles or once < SLOW / 4 else once


def _seconds(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return max(perf_counter() - start, 1e-7)


def _sample(answer: Any) -> list[NDArray]:
    """Numbers of about a hundred rows of each array of an answer."""
    arrays = answer if isinstance(answer, tuple | list) else [answer]
    arrays = [np.atleast_1d(a) for a in arrays if a is not None]
    return [np.array(a[:: max(1, len(a) // 101)], np.float64) for a in arrays]
