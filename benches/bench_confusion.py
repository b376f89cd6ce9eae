"""Confusion: counting pairs of labels, the metrics made of those counts, and the squared error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics as sk
from numpy.typing import NDArray

from polyfuse import metrics as pf

from . import loops, peers
from .contest import Contestant, Spec, Work, contests


@dataclass(frozen=True)
class PairSpec(Spec):
    """Two columns of labels, true and predicted: integers from `low` on, names, or numbers."""

    columns: int = 2
    dtype: str = "int64"
    low: int = 0
    n_labels: int = 10

    def make(self) -> Pair:
        return Pair(self)

    def __str__(self) -> str:
        if self.dtype == "float64":
            return f"{self.rows:,} float64"
        if self.dtype == "str":
            return f"{self.rows:,} str, {self.n_labels} labels"
        return f"{self.rows:,} {self.dtype}, labels {self.low}..{self.low + self.n_labels - 1}"


class Pair:
    """True and predicted labels that agree in seven rows of ten."""

    def __init__(self, spec: PairSpec) -> None:
        self.spec = spec
        rng = np.random.default_rng(0)
        t, p = rng.integers(spec.low, spec.low + spec.n_labels, (2, spec.rows))
        p = np.where(rng.random(spec.rows) < 0.7, t, p)
        if spec.dtype == "float64":
            t, p = t + rng.random(spec.rows), p + rng.random(spec.rows)
        if spec.dtype == "str":
            names = np.array([f"label {i}" for i in range(spec.low + spec.n_labels)])
            t, p = names[t], names[p]
        self.true: NDArray = t
        self.pred: NDArray = p

    @property
    def nbytes(self) -> int:
        return self.true.nbytes + self.pred.nbytes


def seen(counts: NDArray) -> NDArray:
    """Counts without the labels that never occur."""
    used = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return counts if used.all() else counts[np.ix_(used, used)]


def numpy_confusion(t: NDArray, p: NDArray) -> NDArray:
    if t.dtype.kind == "U":
        labels, codes = np.unique(np.concatenate([t, p]), return_inverse=True)
        t, p, low, k = codes[: len(t)], codes[len(t) :], 0, len(labels)
    else:
        low = min(t.min(), p.min())
        k = int(max(t.max(), p.max()) - low) + 1
    cells = (t - low) * k + (p - low)
    return seen(np.bincount(cells, minlength=k * k).reshape(k, k))


def numba_confusion(t: NDArray, p: NDArray) -> NDArray:
    low, high = loops.label_range(t, p)
    return seen(loops.count_pairs(t, p, low, high - low + 1, loops.PARTS))


def macro_f1(counts: NDArray) -> float:
    return float(np.mean(2 * counts.diagonal() / (counts.sum(axis=0) + counts.sum(axis=1))))


def letters(text: str) -> NDArray:
    """Text as numbers, which the contest compares."""
    return np.frombuffer(text.encode(), np.uint8)


def on(function: Callable[[NDArray, NDArray], Any]) -> Contestant:
    return lambda data: lambda: function(data.true, data.pred)


def torch_confusion(data: Pair) -> Callable[[], NDArray]:
    """It counts labels from 0 on; those below the first are cut off."""
    low = data.spec.low
    count = on_torch("multiclass_confusion_matrix")(data)
    return lambda: count()[low:, low:]


def on_torch(name: str, **options: Any) -> Contestant:
    return peers.torchmetrics(
        name, lambda data: (data.true, data.pred),
        num_classes=lambda data: data.spec.low + data.spec.n_labels, **options,
    )  # fmt: skip


CONFUSION = Work("confusion_matrix", 1, 0, {
    "polyfuse": on(pf.confusion_matrix),
    "NumPy": on(numpy_confusion),
    "scikit-learn": on(sk.confusion_matrix),
    "torchmetrics": torch_confusion,
    "Numba": on(numba_confusion),
})  # fmt: skip
ACCURACY = Work("accuracy_score", 1, 0, {
    "polyfuse": on(pf.accuracy_score),
    "NumPy": on(lambda t, p: np.mean(t == p)),
    "scikit-learn": on(sk.accuracy_score),
    "torchmetrics": on_torch("multiclass_accuracy", average="micro"),
    "Numba": on(lambda t, p: loops.count_equal(t, p) / len(t)),
})  # fmt: skip
F1 = Work("f1_score, macro", 1, 0, {
    "polyfuse": on(lambda t, p: pf.f1_score(t, p, average="macro")),
    "NumPy": on(lambda t, p: macro_f1(numpy_confusion(t, p))),
    "scikit-learn": on(lambda t, p: sk.f1_score(t, p, average="macro")),
    "torchmetrics": on_torch("multiclass_f1_score", average="macro"),
    "Numba": on(lambda t, p: macro_f1(numba_confusion(t, p))),
})  # fmt: skip
PRECISION_RECALL = Work("precision_recall_fscore_support", 1, 0, {
    "polyfuse": on(pf.precision_recall_fscore_support),
    "scikit-learn": on(sk.precision_recall_fscore_support),
})  # fmt: skip
REPORT = Work("classification_report", 1, 0, {
    "polyfuse": on(lambda t, p: letters(pf.classification_report(t, p))),
    "scikit-learn": on(lambda t, p: letters(sk.classification_report(t, p))),
})  # fmt: skip
CORRELATION = Work("matthews_corrcoef", 1, 0, {
    "polyfuse": on(pf.matthews_corrcoef),
    "scikit-learn": on(sk.matthews_corrcoef),
})  # fmt: skip
KAPPA = Work("cohen_kappa_score", 1, 0, {
    "polyfuse": on(pf.cohen_kappa_score),
    "scikit-learn": on(sk.cohen_kappa_score),
})  # fmt: skip
JACCARD = Work("jaccard_score, macro", 1, 0, {
    "polyfuse": on(lambda t, p: pf.jaccard_score(t, p, average="macro")),
    "scikit-learn": on(lambda t, p: sk.jaccard_score(t, p, average="macro")),
})  # fmt: skip

COUNTED = [CONFUSION, ACCURACY, F1]
REPORTED = [PRECISION_RECALL, REPORT]
OTHERS = [CORRELATION, KAPPA, JACCARD]
LARGE, MILLION = 5_000_000, 1_000_000
TWO, TEN, FROM_ONE, THOUSAND = (
    PairSpec(LARGE, low=low, n_labels=k) for low, k in ((0, 2), (0, 10), (1, 10), (0, 1000))
)
WORDS = PairSpec(MILLION, dtype="str", n_labels=3)
FEW = PairSpec(32, n_labels=4)


@contests(
    ([*COUNTED, *REPORTED], [TWO, TEN, FROM_ONE, THOUSAND, FEW]),
    ([work.without("Numba", "torchmetrics") for work in [*COUNTED, *REPORTED]], [WORDS]),
    (OTHERS, [TEN, THOUSAND, FEW]),
)
def test_confusion(race, data, work, peer):
    race(work, peer, data)
