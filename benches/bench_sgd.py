"""Linear models: scores of rows, gradients over rows, epochs of stochastic descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn._loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.linear_model import SGDClassifier
from sklearn.linear_model._linear_loss import LinearModelLoss

from polyfuse import _kernels
from polyfuse._kernels.contract import CONCATENATE, Block, Rows
from polyfuse.linear_model import GDClassifier

from . import loops
from .contest import MAIN, SMALL, WIDE, Contestant, Matrices, Spec, Work, contests, filling

STEP, ALPHA = 0.002, 1e-4


@dataclass(frozen=True)
class LabelledSpec(Spec):
    """Rows with labels of two and of ten classes."""

    def make(self) -> Labelled:
        return Labelled(self)


class Labelled(Matrices):
    """Labels that a linear model can learn, and a model for each number of classes."""

    def coef(self, k: int) -> NDArray:
        """Coefficients of `k` scores that are of the order of one."""
        d = self.spec.columns
        coef = np.random.default_rng(k).standard_normal((k, d), dtype=np.dtype(self.spec.dtype))
        return coef / np.sqrt(d, dtype=coef.dtype)

    @cached_property
    def two(self) -> NDArray[np.int64]:
        scores = (self.x - self.x.mean(axis=0)) @ self.coef(1)[0]
        noise = np.random.default_rng(0).standard_normal(len(scores))
        return (scores + noise > 0).astype(np.int64)

    @cached_property
    def ten(self) -> NDArray[np.int64]:
        return np.random.default_rng(1).integers(0, 10, self.spec.rows)

    def labels(self, k: int) -> NDArray[np.int64]:
        return self.two if k == 1 else self.ten

    def intercept(self, k: int) -> NDArray:
        return np.linspace(-0.5, 0.5, k, dtype=self.spec.dtype)


# -- scores --------------------------------------------------------------------------------------
def estimator(kind: Callable[..., Any], k: int) -> Contestant:
    """The decision function of a fitted classifier with `k` scores."""

    def make(data: Labelled) -> Callable[[], Any]:
        model = kind(max_iter=1, tol=None).fit(data.x[:8], np.arange(8) % 2)
        model.coef_, model.intercept_ = data.coef(k), data.intercept(k)
        model.classes_, model.n_features_in_ = np.arange(max(2, k)), data.spec.columns
        return lambda: model.decision_function(data.x)

    return make


def numpy_scores(k: int) -> Contestant:
    def make(data: Labelled) -> Callable[[], Any]:
        coef, intercept = data.coef(k), data.intercept(k)
        if k == 1:
            return lambda: data.x @ coef[0] + intercept[0]
        return lambda: data.x @ coef.T + intercept

    return make


def numba_scores(k: int) -> Contestant:
    def make(data: Labelled) -> Callable[[], Any]:
        run = filling(
            np.empty((data.spec.rows, k), data.x.dtype),
            loops.linear_scores, data.x, data.coef(k), data.intercept(k),
        )  # fmt: skip
        return (lambda: run()[:, 0]) if k == 1 else run

    return make


def scores(name: str, k: int) -> Work:
    return Work(name, 1, 0, {
        "polyfuse": estimator(GDClassifier, k),
        "NumPy": numpy_scores(k),
        "scikit-learn": estimator(SGDClassifier, k),
        "Numba": numba_scores(k),
    })  # fmt: skip


# -- gradient ------------------------------------------------------------------------------------
def polyfuse_gradient(k: int) -> Contestant:
    """The kernel by itself: what an iteration of a full-batch solver costs."""

    def make(data: Labelled) -> Callable[[], Any]:
        rows = Rows((Block(data.x),), CONCATENATE, np.ones(1), data.x.dtype)
        targets = data.labels(k).astype(np.float64).reshape(-1, 1)
        coef, intercept = data.coef(k).astype(np.float64), data.intercept(k).astype(np.float64)
        grad_coef, grad_intercept = np.empty_like(coef), np.empty_like(intercept)
        loss = "log_loss" if k == 1 else "multinomial"

        def run() -> tuple[NDArray, NDArray]:
            _kernels.select().loss_gradient(
                rows, targets, None, coef, intercept, loss, grad_coef, grad_intercept
            )
            return grad_coef, grad_intercept

        return run

    return make


def numpy_gradient(k: int) -> Contestant:
    def make(data: Labelled) -> Callable[[], Any]:
        coef, intercept, labels = data.coef(k), data.intercept(k), data.labels(k)
        row = np.arange(len(labels))

        def run() -> tuple[NDArray, NDArray]:
            residual = data.x @ coef.T
            residual += intercept
            if k == 1:
                residual = 1 / (1 + np.exp(-residual))
                residual[:, 0] -= labels
            else:
                residual -= residual.max(axis=1, keepdims=True)
                np.exp(residual, out=residual)
                residual /= residual.sum(axis=1, keepdims=True)
                residual[row, labels] -= 1
            return residual.T @ data.x, residual.sum(axis=0)

        return run

    return make


def sklearn_gradient(k: int) -> Contestant:
    """What LogisticRegression(solver="lbfgs") calls in each iteration, on all threads."""

    def make(data: Labelled) -> Callable[[], Any]:
        base = HalfBinomialLoss() if k == 1 else HalfMultinomialLoss(n_classes=k)
        loss = LinearModelLoss(base_loss=base, fit_intercept=True)
        labels = data.labels(k).astype(data.x.dtype)
        theta = np.column_stack([data.coef(k), data.intercept(k)])
        theta = theta[0] if k == 1 else np.asfortranarray(theta)
        n, threads = data.spec.rows, _kernels.num_threads()

        def run() -> tuple[NDArray, NDArray]:
            _, mean = loss.loss_gradient(theta, data.x, labels, n_threads=threads)
            gradient = np.atleast_2d(mean) * n
            return gradient[:, :-1], gradient[:, -1]

        return run

    return make


def numba_gradient(k: int) -> Contestant:
    def make(data: Labelled) -> Callable[[], Any]:
        labels, coef, intercept = data.labels(k), data.coef(k), data.intercept(k)

        def run() -> tuple[NDArray, NDArray]:
            gradient = loops.gradient(data.x, labels, coef, intercept, loops.PARTS)
            return gradient[:, :-1], gradient[:, -1]

        return run

    return make


def gradient(name: str, k: int) -> Work:
    return Work(name, 1, 0, {
        "polyfuse": polyfuse_gradient(k),
        "NumPy": numpy_gradient(k),
        "scikit-learn": sklearn_gradient(k),
        "Numba": numba_gradient(k),
    })  # fmt: skip


# -- epochs --------------------------------------------------------------------------------------
def polyfuse_epoch(batch: int) -> Contestant:
    def make(data: Labelled) -> Callable[[], Any]:
        model = GDClassifier(
            alpha=ALPHA, batch_size=batch, eta0=STEP, learning_rate="constant", momentum=0.0,
            max_iter=1, tol=None, shuffle=False,
        )  # fmt: skip
        return lambda: model.fit(data.x, data.two).coef_

    return make


def sklearn_epoch(data: Labelled) -> Callable[[], Any]:
    model = SGDClassifier(
        loss="log_loss", alpha=ALPHA, learning_rate="constant", eta0=STEP, max_iter=1, tol=None,
        shuffle=False,
    )  # fmt: skip
    return lambda: model.fit(data.x, data.two).coef_


def with_codes(epoch: Callable[..., NDArray], batch: int) -> Contestant:
    """An epoch on the codes of the labels, which, as in an estimator, are found first."""

    def make(data: Labelled) -> Callable[[], Any]:
        def run() -> NDArray:
            codes = np.unique(data.two, return_inverse=True)[1]
            return np.atleast_2d(epoch(data.x, codes, batch, STEP, ALPHA)[:-1])

        return run

    return make


def numpy_epoch(x: NDArray, codes: NDArray, batch: int, step: float, alpha: float) -> NDArray:
    number = x.dtype.type
    coef, intercept = np.zeros(x.shape[1], x.dtype), number(0)
    for start in range(0, len(x), batch):
        part = x[start : start + batch]
        residual = number(1) / (number(1) + np.exp(-(part @ coef + intercept)))
        residual -= codes[start : start + batch]
        rate = number(step / len(part))
        coef *= number(1.0 - step * alpha)
        coef -= rate * (residual @ part)
        intercept -= rate * residual.sum()
    return np.append(coef, intercept)


WORKS = [
    scores("decision_function, 2 classes", 1),
    scores("decision_function, 10 classes", 10),
    gradient("gradient over all rows, 2 classes", 1),
    gradient("gradient over all rows, 10 classes", 10),
    Work("fit, one epoch, 1 row a step", 1, 0, {
        "polyfuse": polyfuse_epoch(1),
        "scikit-learn": sklearn_epoch,
        "Numba": with_codes(loops.epoch, 1),
    }, tolerance=1e-2),
    Work("fit, one epoch, 256 rows a step", 1, 0, {
        "polyfuse": polyfuse_epoch(256),
        "NumPy": with_codes(numpy_epoch, 256),
        "Numba": with_codes(loops.epoch, 256),
    }, tolerance=1e-2),
]  # fmt: skip


@contests(
    (WORKS, [LabelledSpec(MAIN.rows, MAIN.columns), LabelledSpec(WIDE.rows, WIDE.columns)]),
    ([WORKS[0].without("Numba")], [LabelledSpec(SMALL.rows, SMALL.columns, SMALL.dtype)]),
)
def test_sgd(race, data, work, peer):
    race(work, peer, data)
