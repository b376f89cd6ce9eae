"""Ranking: order statistics of columns, and rows in the order of scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics as sk_metrics
import sklearn.preprocessing as sk
from numpy.typing import NDArray

import polyfuse.preprocessing as pf
from polyfuse import metrics

from . import peers
from .contest import FORTRAN, MAIN, WIDE, Contestant, Spec, Work, contests


def quartiles(scaler: Any) -> tuple[NDArray, NDArray]:
    return scaler.center_, scaler.scale_


def numpy_quartiles(x: NDArray) -> tuple[NDArray, NDArray]:
    low, middle, high = np.percentile(x, (25, 50, 75), axis=0)
    return middle, high - low


ROBUST_FIT = Work("RobustScaler.fit", 1, 0, {
    "polyfuse": lambda data: lambda: quartiles(pf.RobustScaler().fit(data.x)),
    "NumPy": lambda data: lambda: numpy_quartiles(data.x),
    "scikit-learn": lambda data: lambda: quartiles(sk.RobustScaler().fit(data.x)),
})  # fmt: skip


@dataclass(frozen=True)
class ScoreSpec(Spec):
    """A label, 0 or 1, and a score for each row; scores of two decimals tie."""

    columns: int = 2
    dtype: str = "float64"
    decimals: int = 17

    def make(self) -> ScoredRows:
        return ScoredRows(self)

    def __str__(self) -> str:
        ties = "" if self.decimals > 16 else f", {self.decimals} decimals"
        return f"{self.rows:,} {self.dtype} scores{ties}"


class ScoredRows:
    """Scores from 0 to 1 that are greater for positive rows, more often than not."""

    def __init__(self, spec: ScoreSpec) -> None:
        self.spec = spec
        rng = np.random.default_rng(0)
        self.y: NDArray = rng.integers(0, 2, spec.rows)
        score = rng.random(spec.rows) ** np.where(self.y, 0.8, 1.2)
        self.score: NDArray = np.round(score, spec.decimals).astype(spec.dtype)

    @property
    def nbytes(self) -> int:
        return self.y.nbytes + self.score.nbytes


def numpy_auc(y: NDArray, score: NDArray) -> float:
    """By the ranks of the positive rows; exact only without ties."""
    n_positive = int(np.count_nonzero(y))
    rank = np.empty(len(y), np.int64)
    rank[np.argsort(score)] = np.arange(1, len(y) + 1)
    least = n_positive * (n_positive + 1) // 2
    return float((rank[y == 1].sum() - least) / (n_positive * (len(y) - n_positive)))


def on(function: Callable[[NDArray, NDArray], Any]) -> Contestant:
    return lambda data: lambda: function(data.y, data.score)


def given(data: ScoredRows) -> tuple[NDArray, NDArray]:
    return data.y, data.score


AUC = Work("roc_auc_score", 1, 0, {
    "polyfuse": on(metrics.roc_auc_score),
    "NumPy": on(numpy_auc),
    "scikit-learn": on(sk_metrics.roc_auc_score),
    "scikit-learn-intelex": peers.intelex("roc_auc_score", given),
    "torchmetrics": peers.torchmetrics("binary_auroc", given),
})  # fmt: skip
# scikit-learn-intelex 2026.2 has no average precision, nor curves, of its own.
PRECISION = Work("average_precision_score", 1, 0, {
    "polyfuse": on(metrics.average_precision_score),
    "scikit-learn": on(sk_metrics.average_precision_score),
    "torchmetrics": peers.torchmetrics("binary_average_precision", given),
})  # fmt: skip
CURVE = Work("roc_curve", 1, 0, {
    "polyfuse": on(lambda y, score: metrics.roc_curve(y, score)[:2]),
    "scikit-learn": on(lambda y, score: sk_metrics.roc_curve(y, score)[:2]),
})  # fmt: skip
LARGE = 5_000_000
SCORED = [AUC, PRECISION, CURVE]


@contests(
    ([ROBUST_FIT], [MAIN, WIDE, FORTRAN]),
    (SCORED, [ScoreSpec(LARGE), ScoreSpec(32)]),
    ([work.without("torchmetrics") for work in SCORED], [ScoreSpec(LARGE, dtype="float32")]),
    (
        [work.without("torchmetrics", "NumPy") for work in SCORED],
        [ScoreSpec(LARGE, decimals=2)],
    ),
)
def test_ranking(race, data, work, peer):
    race(work, peer, data)
