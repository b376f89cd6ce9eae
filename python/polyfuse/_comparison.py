"""Compare each modality alone with every way of fusing them, on one held-out split.

Numbers only: :mod:`polyfuse.cli` prints them, :mod:`polyfuse.reporting` draws them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import metrics
from ._arrays import require_finite
from ._blocks import BlocksLike, as_blocks
from ._kernels.contract import CONCATENATE
from ._linear import encode_classes
from ._modality_scores import ModalityScores
from ._verdict import Verdict, all_of_them, judge
from .inspection import Contributions, DropModality, drop_modality, modality_contributions
from .multimodal import FusionClassifier

Progress = Callable[[str, int, int, int], None]
"""Called as progress(what, step, n_steps, iteration), steps and iterations counted from 1."""

LATE = ("geometric_mean", "mean", "weighted_mean", "maximum", "minimum", "median", "vote")


@dataclass(frozen=True, eq=False)
class Scored:
    """One model, scored on the rows held out.

    Attributes
    ----------
    name : str
        A modality, or a fusion rule.
    kind : {"alone", "early", "late"}
    accuracy, precision, recall, f1 : float
        Between 0 and 1; all but the accuracy are means over the classes (macro).
    seconds : float
        Time to fit this model, were it the only one: a late fusion counts the models of all its
        modalities, with the folds that find their temperatures.
    predicted : ndarray of shape (n_test,), int64
        Class codes.
    """

    name: str
    kind: str
    accuracy: float
    precision: float
    recall: float
    f1: float
    seconds: float
    predicted: NDArray[np.int64]

    @property
    def scores(self) -> tuple[float, float, float, float]:
        return self.accuracy, self.precision, self.recall, self.f1

    @property
    def label(self) -> str:
        """The name, and what kind of model it is: a modality may be called "mean"."""
        return f"{self.name} alone" if self.kind == "alone" else f"{self.name} ({self.kind})"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every model's scores on one split, and what explains them.

    Attributes
    ----------
    modalities : tuple of str
    class_names : tuple of str
        Name of each class code.
    n_train : int
    test_rows : ndarray of shape (n_test,), int64
        Positions of the rows held out, ascending.
    y_test : ndarray of shape (n_test,), int64
        Their class codes.
    alone, fused : tuple of Scored
    weights : dict of str to float
        Of the weighted rules: each modality's accuracy on training rows held out in turn.
    loss_curves : dict of str to list of float
        Mean objective after each iteration, by label of the model.
    contributions : Contributions
        Of the concatenation, on the rows held out.
    dropped : DropModality
        Of the concatenation, on the rows held out.
    random_state : int
    """

    modalities: tuple[str, ...]
    class_names: tuple[str, ...]
    n_train: int
    test_rows: NDArray[np.int64]
    y_test: NDArray[np.int64]
    alone: tuple[Scored, ...]
    fused: tuple[Scored, ...]
    weights: dict[str, float]
    loss_curves: dict[str, list[float]]
    contributions: Contributions
    dropped: DropModality
    random_state: int

    @property
    def best_alone(self) -> Scored:
        return max(self.alone, key=lambda scored: scored.accuracy)

    @property
    def best_fused(self) -> Scored:
        """The fusion of highest accuracy, the first of equals."""
        return max(self.fused, key=lambda scored: scored.accuracy)

    @property
    def largest_class(self) -> tuple[str, float]:
        """Name of the commonest class held out, and the accuracy of always naming it."""
        counts = np.bincount(self.y_test, minlength=len(self.class_names))
        return self.class_names[int(counts.argmax())], float(counts.max() / counts.sum())

    def confusion(self, scored: Scored) -> NDArray[np.int64]:
        """Rows of each pair of true and predicted class, shape (n_classes, n_classes)."""
        codes = np.arange(len(self.class_names))
        matrix: NDArray[np.int64] = metrics.confusion_matrix(
            self.y_test, scored.predicted, labels=codes
        )
        return matrix

    def verdict(self) -> Verdict:
        """The best fusion against the best single modality, row by row."""
        fused, alone = self.best_fused.predicted, self.best_alone.predicted
        return judge(self.y_test, fused, alone, len(self.fused))

    def headline(self) -> tuple[str, str]:
        """What the comparison shows, in words: one sentence, and what it rests on."""
        fused, alone, verdict = self.best_fused, self.best_alone, self.verdict()
        commonest, guess = self.largest_class
        who = f"{all_of_them(self.modalities)} ({fused.name})"
        evidence = verdict.evidence(
            len(self.y_test), alone.label,
            f"; both allow for the choice of the best of {len(self.fused)} rules on these rows",
        )  # fmt: skip
        return f"{verdict.sentence(who, fused.accuracy, alone.label)}.", (
            f"{evidence} Always naming the commonest class, {commonest}, gets {100 * guess:.1f} % "
            "right."
        )


def compare(
    blocks: BlocksLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    test_size: float = 0.3,
    random_state: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Score each modality alone and every fusion of them on rows held out.

    One model is fitted per modality, and one on their concatenation. All late fusions share the
    models of the modalities and their temperatures; each equals
    ``FusionClassifier(rule, level="late")`` fitted afresh.
    Training and test rows are copied: the price of a split.

    Parameters
    ----------
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        At least two.
    y : array-like of shape (n_samples,)
        Labels, each at least twice.
    names : sequence of str, optional
        Name of each class, in the order of the sorted labels; the labels themselves by default.
    test_size : float, default=0.3
        Fraction of each class held out, within (0, 1).
    random_state : int, default=0
        Seed of the split.
    progress : callable(what, step, n_steps, iteration), optional
        Called at the start of each step, with iteration 0, and after each of its iterations.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If there are fewer than two blocks, a value is not finite, a class has only one row, or
        a parameter is not as described.

    Examples
    --------
    >>> from polyfuse._comparison import compare
    >>> blocks = {"a": [[0.0], [1.0], [5.0], [6.0]] * 5, "b": [[0.0], [1.0]] * 10}
    >>> compare(blocks, ["x", "x", "y", "y"] * 5).best_fused.label
    'concatenate (early)'
    """
    modalities, arrays = as_blocks(blocks)
    if len(modalities) < 2:
        raise ValueError(f"blocks must hold at least two modalities; got {modalities}.")
    require_finite({f"blocks[{k!r}]": a for k, a in zip(modalities, arrays, strict=True)})
    classes, codes = encode_classes(y, len(arrays[0]))
    class_names = tuple(map(str, classes if names is None else names))
    if len(class_names) != len(classes):
        raise ValueError(f"names must have {len(classes)} entries; got {len(class_names)}.")
    train, test = stratified_split(codes, test_size, random_state, class_names)
    data = dict(zip(modalities, arrays, strict=True))
    run = _Run(
        {name: array[train] for name, array in data.items()}, codes[train],
        {name: array[test] for name, array in data.items()}, codes[test],
        len(classes), progress or (lambda *_: None),
    )  # fmt: skip
    return run.comparison(class_names, test, random_state)


class _Run:
    """The models of one comparison, fitted once each."""

    def __init__(
        self, train: dict[str, NDArray], y_train: NDArray[np.int64], test: dict[str, NDArray],
        y_test: NDArray[np.int64], n_classes: int, progress: Progress,
    ) -> None:  # fmt: skip
        self.train, self.y_train = train, y_train
        self.test, self.y_test = test, y_test
        self.codes = np.arange(n_classes)
        self.progress = progress
        self.step, self.n_steps = 0, len(train) + 1
        self.loss_curves: dict[str, list[float]] = {}

    def comparison(
        self, class_names: tuple[str, ...], test_rows: NDArray[np.int64], random_state: int
    ) -> Comparison:
        alone, shared = [], 0.0
        parts, weights = {}, {}
        for name in self.train:
            how = {"level": "late", "fusion": "weighted_mean", "weights": "validation"}
            model, seconds = self._fit([name], f"{name} alone", how)
            scores = model.modality_scores({name: self.test[name]})
            parts[name], weights[name] = scores[name], float(model.weights_[0])
            self.loss_curves[f"{name} alone"] = list(model.loss_curve_[name])
            alone.append(self._score(name, "alone", scores.predict(), seconds))
            shared += seconds
        label = f"{CONCATENATE} (early)"
        early, seconds = self._fit(list(self.train), label, {})
        self.loss_curves[label] = list(early.loss_curve_)
        fused = [self._score(CONCATENATE, "early", early.predict(self.test), seconds)]
        for rule in LATE:
            own = weights if rule.startswith("weighted") else None
            scores = ModalityScores(parts, rule=rule, weights=own, classes=self.codes)
            fused.append(self._score(rule, "late", scores.predict(), shared))
        return Comparison(
            tuple(self.train), class_names, len(self.y_train), test_rows, self.y_test,
            tuple(alone), tuple(fused), weights, self.loss_curves,
            modality_contributions(early, self.test),
            drop_modality(early, self.test, self.y_test), random_state,
        )  # fmt: skip

    def _fit(
        self, names: list[str], label: str, params: dict[str, Any]
    ) -> tuple[FusionClassifier, float]:
        self.step += 1
        self.progress(label, self.step, self.n_steps, 0)
        start, made = perf_counter(), count(1)
        model = FusionClassifier(**params).fit(
            {name: self.train[name] for name in names}, self.y_train,
            callback=lambda *_: self.progress(label, self.step, self.n_steps, next(made)),
        )  # fmt: skip
        return model, perf_counter() - start

    def _score(self, name: str, kind: str, predicted: NDArray, seconds: float) -> Scored:
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            self.y_test, predicted, labels=self.codes, average="macro", zero_division=0.0
        )
        accuracy = metrics.accuracy_score(self.y_test, predicted)
        return Scored(
            name, kind, accuracy, float(precision), float(recall), float(f1), seconds, predicted
        )


def stratified_split(
    codes: NDArray[np.int64], test_size: float, random_state: int, class_names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the training and of the test rows, ascending.

    Of each class, `test_size` of the rows are held out, rounded so that all classes together
    come to ceil(test_size · n); at least one row of each class is on either side.

    Raises
    ------
    ValueError
        If a class has only one row, or `test_size` is not within (0, 1).
    """
    if not 0.0 < test_size < 1.0:
        raise ValueError(f"test_size must be between 0 and 1; got {test_size!r}.")
    counts = np.bincount(codes)
    if counts.min() < 2:
        lonely = class_names[int(counts.argmin())]
        raise ValueError(
            f"y must have every class at least twice, to learn it and to test it; "
            f"got {lonely!r} only once."
        )
    exact = counts * test_size
    held_out = np.floor(exact).astype(np.int64)
    missing = math.ceil(exact.sum() - 1e-9) - held_out.sum()
    held_out[np.argsort(held_out - exact, kind="stable")[:missing]] += 1
    held_out = np.clip(held_out, 1, counts - 1)
    shuffled = np.random.default_rng(random_state).permutation(len(codes))
    shuffled = shuffled[np.argsort(codes[shuffled], kind="stable")]
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    is_test = np.arange(len(codes)) - starts < np.repeat(held_out, counts)
    return np.sort(shuffled[~is_test]), np.sort(shuffled[is_test])
