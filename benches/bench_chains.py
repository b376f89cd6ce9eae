"""Chains: stochastic gradient descent one row at a time, five epochs of it.

Exact work is compared in its coefficients, fast work in the accuracy that it reaches: a sum in
another order sends the default schedule of log_loss another way.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model as sk
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import polyfuse.linear_model as pf

from .contest import Contestant, Matrices, Spec, Work, contests

EPOCHS = {"max_iter": 5, "tol": None, "random_state": 1}
SHAPES = [(200_000, 20), (100_000, 128), (20_000, 1_024)]


@dataclass(frozen=True)
class ClassesSpec(Spec):
    """Rows with noisy labels of two and of ten classes."""

    density: float = 1.0

    def make(self) -> Classes:
        return Classes(self)

    def __str__(self) -> str:
        kind = f" CSR {self.density:.1%}" if self.density < 1 else ""
        return super().__str__() + kind


class Classes(Matrices):
    spec: ClassesSpec

    @cached_property
    def x(self) -> Any:  # type: ignore[override]
        if self.spec.density == 1:
            return self._draw(0) - np.linspace(1, 2, self.spec.columns)
        rng, spec = np.random.default_rng(0), self.spec
        held = int(spec.columns * spec.density)
        popular = rng.zipf(1.3, spec.rows * held) % spec.columns
        indptr = np.arange(0, spec.rows * held + 1, held, dtype=np.int32)
        x = sp.csr_matrix(
            (rng.random(len(popular)), popular.astype(np.int32), indptr),
            (spec.rows, spec.columns),
        )
        x.sum_duplicates()
        return x

    def labels(self, k: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(k)
        scores = np.asarray(self.x @ rng.standard_normal((self.spec.columns, k)))
        scores = scores - scores.mean(axis=0)
        noisy = scores + scores.std() * rng.standard_normal(scores.shape)
        codes: NDArray[np.int64] = noisy.argmax(axis=1)
        return codes

    @cached_property
    def standardized(self) -> list[NDArray]:
        """Blocks of one half, one quarter and an eighth of the columns."""
        n, rng = self.spec.rows, np.random.default_rng(0)
        widths = [self.spec.columns * k // 7 for k in (4, 2, 1)]
        return [rng.standard_normal((n, d), dtype=np.float32) * 3 + 1 for d in widths]


def fitted(kind: Callable[..., Any], k: int, *, accuracy: bool, **params: Any) -> Contestant:
    """Fit, and the coefficients or the accuracy of what was learned."""

    def make(data: Classes) -> Callable[[], Any]:
        y = data.labels(k)

        def run() -> NDArray:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = kind(**EPOCHS, **params).fit(data.x, y)
            if accuracy:
                return np.atleast_1d(np.round(model.score(data.x[:5000], y[:5000]), 4))
            coef: NDArray = model.coef_
            return coef

        return run

    return make


def sgd(loss: str, k: int, arithmetic: str) -> Work:
    exact, jobs = arithmetic == "exact", {"n_jobs": 2} if k > 2 else {}
    classes = "binary" if k == 2 else f"{k} classes"
    return Work(f"SGDClassifier, {arithmetic}, {loss}, {classes}", 0, 0, {
        "polyfuse": fitted(
            pf.SGDClassifier, k, accuracy=not exact, loss=loss, arithmetic=arithmetic
        ),
        "scikit-learn": fitted(sk.SGDClassifier, k, accuracy=not exact, loss=loss, **jobs),
    }, 1e-12 if exact else 0.1)  # fmt: skip


def swept(data: Classes) -> Callable[[], Any]:
    y = data.labels(2)
    alphas = [10.0**-i for i in range(1, 9)]
    estimator = pf.SGDClassifier(**EPOCHS)
    return lambda: [
        m.coef_ for m in pf.SGDSweep(estimator, {"alpha": alphas}).fit(data.x, y).members_
    ]


def one_by_one(data: Classes) -> Callable[[], Any]:
    y = data.labels(2)
    return lambda: [
        sk.SGDClassifier(alpha=10.0**-i, **EPOCHS).fit(data.x, y).coef_ for i in range(1, 9)
    ]


def on_blocks(data: Classes) -> Callable[[], Any]:
    blocks, y = data.standardized, data.labels(2)
    model = pf.SGDClassifier(scaler="standard", **EPOCHS)
    return lambda: model.fit(blocks, y).coef_


def on_stack(data: Classes) -> Callable[[], Any]:
    blocks, y = data.standardized, data.labels(2)

    def run() -> NDArray:
        scaled = [StandardScaler().fit_transform(block) for block in blocks]
        coef: NDArray = sk.SGDClassifier(**EPOCHS).fit(np.hstack(scaled), y).coef_
        return coef

    return run


def predicted(standardizing: bool) -> Contestant:
    def make(data: Classes) -> Callable[[], Any]:
        blocks, y = data.standardized, data.labels(2)
        if standardizing:
            ours = pf.SGDClassifier(scaler="standard", **EPOCHS).fit(blocks, y)
            return lambda: ours.decision_function(blocks)
        stacked = np.hstack(blocks)
        theirs = make_pipeline(StandardScaler(), sk.SGDClassifier(**EPOCHS)).fit(stacked, y)
        return lambda: theirs.decision_function(np.hstack(blocks))

    return make


DENSE = [
    sgd(loss, k, arithmetic)
    for arithmetic in ("exact", "fast") for k in (2, 10) for loss in ("hinge", "log_loss")
]  # fmt: skip
SWEEP = Work("SGDSweep, 8 alphas", 0, 0, {
    "polyfuse": swept, "scikit-learn": one_by_one,
}, 1e-12)  # fmt: skip
SPARSE = [sgd("hinge", 2, "exact"), sgd("log_loss", 2, "exact"), sgd("hinge", 2, "fast")]
BLOCKS = [
    Work("SGDClassifier on 3 standardised blocks", 0, 0, {
        "polyfuse": on_blocks, "scikit-learn": on_stack,
    }, 0.1),
    Work("decision_function on 3 standardised blocks", 1, 0, {
        "polyfuse": predicted(True), "scikit-learn": predicted(False),
    }, 0.1),
]  # fmt: skip


@contests(
    (DENSE, [ClassesSpec(n, d, "float64") for n, d in SHAPES]),
    ([SWEEP], [ClassesSpec(100_000, 128, "float64")]),
    (SPARSE, [ClassesSpec(100_000, 50_000, "float64", density=0.002)]),
    (BLOCKS, [ClassesSpec(500_000, 896)]),
)
def test_chains(race, data, work, peer):
    race(work, peer, data)
