"""What modalities do for a decision: contributions, coalitions, permuted rows.

NumPy is what a competent user would write: a coalition is the sum of its parts, an argmax and a
comparison; a permutation is one fancy-indexed gather.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyfuse import inspection as pf
from polyfuse._perceptual import draw_shuffles
from polyfuse._resampling import as_generator

from .contest import Contestant, Spec, Work, contests

PERMUTATIONS = 10


@dataclass(frozen=True)
class ScoreSpec(Spec):
    """Scores of `blocks` modalities for `columns` classes."""

    columns: int = 10
    dtype: str = "float64"
    blocks: int = 6

    def make(self) -> Scores:
        return Scores(self)


class Scores:
    """Scores, and true classes that each modality knows something about."""

    def __init__(self, spec: ScoreSpec) -> None:
        self.spec = spec
        rng = np.random.default_rng(0)
        self.true: NDArray = rng.integers(0, spec.columns, spec.rows)
        self.parts: list[NDArray] = []
        for _ in range(spec.blocks):
            x = rng.standard_normal((spec.rows, spec.columns)).astype(spec.dtype)
            x[np.arange(spec.rows), self.true] += 0.5
            self.parts.append(x)
        self.scores = pf.ModalityScores(self.parts, classes=range(spec.columns))

    @property
    def nbytes(self) -> int:
        return sum(x.nbytes for x in self.parts)


def numpy_contributions(parts: Sequence[NDArray], true: NDArray) -> NDArray:
    sizes = [np.abs(x - x.mean(axis=0)).mean(axis=1).mean() for x in parts]
    return np.array(sizes) / np.sum(sizes)


def numpy_shapley(parts: Sequence[NDArray], true: NDArray) -> NDArray:
    m, means = len(parts), [x.mean(axis=0) for x in parts]
    values = np.zeros(m)
    for c in range(1 << m):
        fused = sum(parts[b] if c >> b & 1 else means[b] for b in range(m))
        fused = np.broadcast_to(fused, parts[0].shape)
        accuracy, size = np.mean(fused.argmax(axis=1) == true), c.bit_count()
        for b in range(m):
            others = size - (c >> b & 1)
            chance = math.factorial(others) * math.factorial(m - others - 1) / math.factorial(m)
            values[b] += accuracy * (chance if c >> b & 1 else -chance)
    return values


def numpy_perceptual(parts: Sequence[NDArray], true: NDArray) -> NDArray:
    shuffles = draw_shuffles(len(true), PERMUTATIONS, as_generator(0))
    orders = [order for shuffle in shuffles for order in shuffle.permutations()]
    accuracy = np.mean(sum(parts).argmax(axis=1) == true)
    lost = np.zeros(len(parts))
    for b, x in enumerate(parts):
        rest = sum(other for c, other in enumerate(parts) if c != b)
        for order in orders:
            lost[b] += accuracy - np.mean((rest + x[order]).argmax(axis=1) == true)
    return lost / PERMUTATIONS / accuracy


def on_scores(function: Callable[[Scores], Any]) -> Contestant:
    return lambda data: lambda: function(data)


def on_parts(function: Callable[[Sequence[NDArray], NDArray], Any]) -> Contestant:
    return lambda data: lambda: function(data.parts, data.true)


CONTRIBUTIONS = Work("modality_contributions", 2, 0, {
    "polyfuse": on_scores(lambda data: pf.modality_contributions(data.scores).share),
    "NumPy": on_parts(numpy_contributions),
})  # fmt: skip
SHAPLEY = Work("modality_shapley", 2, 0, {
    "polyfuse": on_scores(lambda data: pf.modality_shapley(data.scores, y=data.true).values),
    "NumPy": on_parts(numpy_shapley),
})  # fmt: skip
PERCEPTUAL = Work("perceptual_score", 2 + PERMUTATIONS, 0, {
    "polyfuse": on_scores(
        lambda data: pf.perceptual_score(data.scores, y=data.true, random_state=0).scores
    ),
    "NumPy": on_parts(numpy_perceptual),
})  # fmt: skip

SAID = [ScoreSpec(1_000_000), ScoreSpec(1_000_000, dtype="float32"), ScoreSpec(32)]


@contests(([CONTRIBUTIONS, SHAPLEY, PERCEPTUAL], SAID))
def test_inspection(race, data, work, peer):
    race(work, peer, data)
