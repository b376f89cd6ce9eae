"""Probabilities held against what came true: log loss and Brier score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics as sk
from numpy.typing import NDArray

from polyfuse import metrics as pf

from .contest import Contestant, Spec, Work, contests


@dataclass(frozen=True)
class ForecastSpec(Spec):
    """Labels, and the probability of the second of two, or one of each class (`columns`)."""

    dtype: str = "float64"

    def make(self) -> Forecast:
        return Forecast(self)

    def __str__(self) -> str:
        width = f" x {self.columns}" if self.columns > 1 else ""
        return f"{self.rows:,}{width} {self.dtype}"


class Forecast:
    """Labels, and probabilities that know something about them."""

    def __init__(self, spec: ForecastSpec) -> None:
        self.spec = spec
        rng = np.random.default_rng(0)
        k = max(2, spec.columns)
        self.true: NDArray = rng.integers(0, k, spec.rows)
        p = rng.exponential(size=(spec.rows, k))
        p[np.arange(spec.rows), self.true] += 1.0
        p = (p / p.sum(axis=1, keepdims=True)).astype(spec.dtype)
        self.proba: NDArray = p[:, 1].copy() if spec.columns == 1 else p

    @property
    def nbytes(self) -> int:
        return self.true.nbytes + self.proba.nbytes


def numpy_log_loss(y: NDArray, p: NDArray) -> float:
    eps = np.finfo(p.dtype).eps
    own = np.where(y == 1, p, 1 - p) if p.ndim == 1 else p[np.arange(len(y)), y]
    return float(-np.mean(np.log(np.clip(own, eps, 1 - eps))))


def numpy_brier(y: NDArray, p: NDArray) -> float:
    if p.ndim == 1:
        return float(np.mean((y - p) ** 2))
    misses = p.copy()
    misses[np.arange(len(y)), y] -= 1
    return float(np.mean(np.sum(misses**2, axis=1)))


def on(function: Callable[[NDArray, NDArray], Any]) -> Contestant:
    return lambda data: lambda: function(data.true, data.proba)


LOG_LOSS = Work("log_loss", 1, 0, {
    "polyfuse": on(pf.log_loss),
    "NumPy": on(numpy_log_loss),
    "scikit-learn": on(sk.log_loss),
})  # fmt: skip
BRIER = Work("brier_score_loss", 1, 0, {
    "polyfuse": on(pf.brier_score_loss),
    "NumPy": on(numpy_brier),
    "scikit-learn": on(sk.brier_score_loss),
})  # fmt: skip

FORECASTS = [
    ForecastSpec(5_000_000, 1), ForecastSpec(1_000_000, 10), ForecastSpec(32, 1),
]  # fmt: skip


@contests(([LOG_LOSS, BRIER], FORECASTS))
def test_probabilities(race, data, work, peer):
    race(work, peer, data)
