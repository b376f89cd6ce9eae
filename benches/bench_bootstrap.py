"""Intervals and tests: 1,000 resamples by the cells of the confusion matrix, and by the rows."""

from __future__ import annotations

import numpy as np
import sklearn.metrics as sk
from numpy.typing import NDArray

from polyfuse import metrics as pf

from .bench_confusion import Pair, PairSpec, macro_f1, on
from .contest import Work, contests

RESAMPLES = 1000


def ends(distribution: NDArray) -> NDArray:
    return np.quantile(distribution, [0.025, 0.975])


def polyfuse_interval(t: NDArray, p: NDArray) -> NDArray:
    found = pf.bootstrap("f1_macro", t, p, n_resamples=RESAMPLES, random_state=0)
    return np.array([found.low, found.high])


def numpy_resamples(t: NDArray, p: NDArray, number: int) -> NDArray:
    rng, n, k = np.random.default_rng(0), len(t), int(max(t.max(), p.max())) + 1
    cells, scores = t * k + p, np.empty(number)
    for i in range(number):
        counts = np.bincount(cells[rng.integers(0, n, n)], minlength=k * k)
        scores[i] = macro_f1(counts.reshape(k, k))
    return scores


def sklearn_resamples(t: NDArray, p: NDArray, number: int) -> NDArray:
    rng, n, scores = np.random.default_rng(0), len(t), np.empty(number)
    for i in range(number):
        rows = rng.integers(0, n, n)
        scores[i] = sk.f1_score(t[rows], p[rows], average="macro")
    return scores


def difference(compare: bool, data: Pair) -> NDArray:
    """Difference of macro F1 of the prediction and of one that is right a little more often."""
    better = np.where(np.arange(len(data.true)) % 50 == 0, data.true, data.pred)
    if compare:
        found = pf.compare(data.true, better, data.pred, "f1_macro", random_state=0)
        return np.array(found.difference)
    scores = [sk.f1_score(data.true, y, average="macro") for y in (better, data.pred)]
    return np.array(scores[0] - scores[1])


BOOTSTRAP = Work("bootstrap, macro F1, 1,000 resamples", 0, 0, {
    "polyfuse": on(polyfuse_interval),
    "NumPy": on(lambda t, p: ends(numpy_resamples(t, p, RESAMPLES))),
    "scikit-learn": on(lambda t, p: ends(sklearn_resamples(t, p, RESAMPLES))),
}, 0.02)  # fmt: skip
# A peer, which reads all rows for each resample, draws one.
AGAINST_ONE = Work("bootstrap, macro F1, 1,000 resamples (peers: one)", 0, 0, {
    "polyfuse": on(lambda t, p: polyfuse_interval(t, p).mean()),
    "NumPy": on(lambda t, p: numpy_resamples(t, p, 1)[0]),
    "scikit-learn": on(lambda t, p: sklearn_resamples(t, p, 1)[0]),
}, 0.02)  # fmt: skip
COMPARE = Work("compare, macro F1, 1,000 permutations (scikit-learn: no test)", 0, 0, {
    "polyfuse": lambda data: lambda: difference(True, data),
    "scikit-learn": lambda data: lambda: difference(False, data),
})  # fmt: skip
COUNTS = Work("ConfusionCounts.update", 1, 0, {
    "polyfuse": on(lambda t, p: pf.ConfusionCounts().update(t, p).result().matrix),
    "scikit-learn": on(sk.confusion_matrix),
})  # fmt: skip


@contests(
    ([BOOTSTRAP], [PairSpec(10_000)]),
    ([AGAINST_ONE, COMPARE, COUNTS], [PairSpec(5_000_000)]),
)
def test_bootstrap(race, data, work, peer):
    race(work, peer, data)
