"""The whole way: scale three modalities, put them side by side, learn, predict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import polyfuse as pf

from .contest import Matrices, Spec, Work, contests

MAX_ITER = 200
TOL = 1e-4


@dataclass(frozen=True)
class ModalitiesSpec(Spec):
    """Three modalities that each know a part of the class."""

    blocks: int = 3
    classes: int = 2

    def make(self) -> Modalities:
        return Modalities(self)

    def __str__(self) -> str:
        return f"{super().__str__()}, {self.classes} classes"


class Modalities(Matrices):
    """Blocks with labels, and both models fitted to them, for prediction."""

    @cached_property
    def y(self) -> NDArray[np.int64]:
        rng = np.random.default_rng(0)
        scores = rng.gumbel(size=(self.spec.rows, self.spec.classes))
        for block in self.blocks:
            coef = rng.standard_normal((self.spec.columns, self.spec.classes))
            coef /= np.sqrt(self.spec.columns)
            scores += (block - block.mean(axis=0)) @ coef.astype(block.dtype)
        return scores.argmax(axis=1)

    @cached_property
    def ours(self) -> pf.FusionClassifier:
        return pf.FusionClassifier(max_iter=MAX_ITER, tol=TOL).fit(self.blocks, self.y)

    @cached_property
    def theirs(self) -> tuple[list[StandardScaler], LogisticRegression]:
        return sklearn_fit(self)


@dataclass(frozen=True)
class EmojiSpec(Spec):
    """The pictures and words of 1,392 emoji that come with the library."""

    def make(self) -> Emoji:
        return Emoji(self)

    def divided(self, by: int) -> EmojiSpec:
        return self

    def __str__(self) -> str:
        return f"emoji, {self.rows:,} x (240 + 784) {self.dtype}, 8 classes"


class Emoji(Modalities):
    @cached_property
    def _set(self) -> Any:
        return pf.datasets.load_emoji()

    @cached_property
    def blocks(self) -> list[NDArray]:
        return [block.astype(self.spec.dtype) for block in self._set.blocks.values()]

    @cached_property
    def y(self) -> NDArray[np.int64]:
        return self._set.y


def sklearn_fit(data: Modalities) -> tuple[list[StandardScaler], LogisticRegression]:
    scalers = [StandardScaler() for _ in data.blocks]
    x = np.hstack([s.fit_transform(b) for s, b in zip(scalers, data.blocks, strict=True)])
    return scalers, LogisticRegression(max_iter=MAX_ITER, tol=TOL).fit(x, data.y)


def sklearn_coefficients(data: Modalities) -> NDArray:
    coef: NDArray = sklearn_fit(data)[1].coef_
    return coef


def polyfuse_coefficients(data: Modalities) -> NDArray:
    model = pf.FusionClassifier(max_iter=MAX_ITER, tol=TOL).fit(data.blocks, data.y)
    return np.hstack(list(model.coef_.values()))


def sklearn_predict(data: Modalities) -> Callable[[], Any]:
    scalers, model = data.theirs

    def run() -> NDArray:
        x = np.hstack([s.transform(b) for s, b in zip(scalers, data.blocks, strict=True)])
        probabilities: NDArray = model.predict_proba(x)
        return probabilities

    return run


def polyfuse_predict(data: Modalities) -> Callable[[], Any]:
    model = data.ours
    return lambda: model.predict_proba(data.blocks)


# Both solvers stop at the same size of the gradient, which leaves room for some difference.
FIT = Work("FusionClassifier.fit", 0, 0, {
    "polyfuse": lambda data: lambda: polyfuse_coefficients(data),
    "scikit-learn": lambda data: lambda: sklearn_coefficients(data),
}, tolerance=0.1)  # fmt: skip
PREDICT = Work("FusionClassifier.predict_proba", 3, 0, {
    "polyfuse": polyfuse_predict,
    "scikit-learn": sklearn_predict,
}, tolerance=0.1)  # fmt: skip

SPECS = [
    ModalitiesSpec(50_000, 256, classes=10),
    ModalitiesSpec(200_000, 64),
    EmojiSpec(1392, 1024, blocks=2),
]


@contests(([FIT, PREDICT], SPECS[:2]), ([FIT], SPECS[2:]))
def test_pipeline(race, data, work, peer):
    race(work, peer, data)
