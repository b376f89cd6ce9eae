"""Predicted numbers held against the true ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics as sk
from numpy.typing import NDArray

from polyfuse import metrics as pf

from . import loops
from .contest import Contestant, Spec, Work, contests


@dataclass(frozen=True)
class PairSpec(Spec):
    """True numbers and predicted ones."""

    columns: int = 1
    dtype: str = "float64"

    def make(self) -> Pair:
        return Pair(self)

    def __str__(self) -> str:
        return f"{self.rows:,} {self.dtype}"


class Pair:
    """Numbers, and predictions that know something about them."""

    def __init__(self, spec: PairSpec) -> None:
        self.spec = spec
        rng = np.random.default_rng(0)
        noise = rng.standard_normal((2, spec.rows))
        self.true: NDArray = (noise[0] + 3.0).astype(spec.dtype)
        self.pred: NDArray = (noise[0] + 0.5 * noise[1] + 3.0).astype(spec.dtype)

    @property
    def nbytes(self) -> int:
        return self.true.nbytes + self.pred.nbytes


def on(function: Callable[[NDArray, NDArray], Any]) -> Contestant:
    return lambda data: lambda: function(data.true, data.pred)


SQUARED = Work("mean_squared_error", 1, 0, {
    "polyfuse": on(pf.mean_squared_error),
    "NumPy": on(lambda t, p: np.mean((t - p) ** 2)),
    "scikit-learn": on(sk.mean_squared_error),
    "Numba": on(lambda t, p: loops.sum_of_squares(t, p) / len(t)),
})  # fmt: skip
ABSOLUTE = Work("mean_absolute_error", 1, 0, {
    "polyfuse": on(pf.mean_absolute_error),
    "NumPy": on(lambda t, p: np.mean(np.abs(t - p))),
    "scikit-learn": on(sk.mean_absolute_error),
})  # fmt: skip
R2 = Work("r2_score", 1, 0, {
    "polyfuse": on(pf.r2_score),
    "NumPy": on(lambda t, p: 1 - np.mean((t - p) ** 2) / np.var(t)),
    "scikit-learn": on(sk.r2_score),
})  # fmt: skip
EXPLAINED = Work("explained_variance_score", 1, 0, {
    "polyfuse": on(pf.explained_variance_score),
    "NumPy": on(lambda t, p: 1 - np.var(t - p) / np.var(t)),
    "scikit-learn": on(sk.explained_variance_score),
})  # fmt: skip
MEDIAN = Work("median_absolute_error", 1, 0, {
    "polyfuse": on(pf.median_absolute_error),
    "NumPy": on(lambda t, p: np.median(np.abs(t - p))),
    "scikit-learn": on(sk.median_absolute_error),
})  # fmt: skip

WORKS = [SQUARED, ABSOLUTE, R2, EXPLAINED, MEDIAN]
PAIRS = [PairSpec(5_000_000), PairSpec(32)]


@contests((WORKS, PAIRS))
def test_regression(race, data, work, peer):
    race(work, peer, data)
