"""What a fusion model and each of its modalities alone say of rows that they did not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import metrics
from ._arrays import as_vector, kind_of, require_rows
from ._blocks import BlocksLike, is_matrix, named_blocks
from ._interchange import as_array
from ._linear import encode_classes, likeliest, probabilities
from ._missing import Masks, Present
from ._modality_scores import VOTES, ModalityScores
from ._report_folds import Folds, Model, Progress, as_one, curves_of, has_parts, label_of
from ._verdict import all_of_them
from .multimodal import FusionClassifier, FusionRegressor


class Held(NamedTuple):
    """What one model says of each row: a class code, and probabilities of shape (n, n_classes).

    Or a number, twice, the second of shape (n, 1).
    """

    predicted: NDArray
    proba: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model and its modalities on rows that they did not learn from.

    Attributes
    ----------
    label : str
        What the model is: its rule and level.
    modalities, class_names : tuple of str
        There are no class names if numbers are predicted.
    y : ndarray of shape (n_samples,)
        Class codes, or numbers.
    fused : Held
    alone : dict of str to Held
        By modality; empty where there is neither a model nor a part of one modality alone.
    scores : ModalityScores or None
        Parts of the model, with class codes for labels; None if it mixes the modalities.
    blocks : dict of str to array
        As they were given, those that were.
    masks : list of ndarray of shape (n_samples,), bool, or None
        Where each modality is there.
    loss_curves : dict of str to list of float
    n_folds : int
        0 if the model was fitted before.
    grouped : bool
        Whether whole groups were held out.
    own_models : bool
        Whether what is said `alone` comes from models of single modalities, and not from parts of
        one that learned from all of them.
    disagreement : float
        Share of the rows of which `scores`, those of several folds in one, say another class than
        the model did; the largest difference, in deviations of y, if they say numbers.
    """

    label: str
    modalities: tuple[str, ...]
    class_names: tuple[str, ...]
    y: NDArray
    fused: Held
    alone: dict[str, Held]
    scores: ModalityScores | None
    blocks: dict[str, Any]
    masks: Masks
    loss_curves: dict[str, list[float]]
    n_folds: int
    grouped: bool
    own_models: bool
    disagreement: float

    @property
    def measure(self) -> str:
        """What scores are called."""
        return "accuracy" if self.class_names else "R²"

    @property
    def metric(self) -> str | Callable[..., float]:
        """The same for functions that take a metric."""
        return "accuracy" if self.class_names else r2

    def score(self, held: Held) -> float:
        """Accuracy, or R²."""
        if not self.class_names:
            return r2(self.y, held.predicted)
        return float((held.predicted == self.y).mean())

    def called(self, name: str) -> str:
        """A modality alone, in words."""
        return f"{name} alone" if self.own_models else f"{name}'s part alone"

    @property
    def called_fused(self) -> str:
        """All modalities and how they are fused, in words."""
        how = self.label.replace(" (", ", ").removesuffix(")")
        return f"{all_of_them(self.modalities)} ({how})"

    @property
    def best_alone(self) -> str:
        return max(self.alone, key=lambda name: self.score(self.alone[name]))

    @property
    def guess(self) -> NDArray:
        """The commonest class, or the mean, for each row."""
        best = np.bincount(self.y).argmax() if self.class_names else self.y.mean()
        return np.full_like(self.y, best)


def r2(y: NDArray, predicted: NDArray, sample_weight: NDArray | None = None) -> float:
    """R² of a single output, and so a number."""
    return float(metrics.r2_score(y, predicted, sample_weight=sample_weight))


def evaluate(
    model: Any, blocks: BlocksLike, y: ArrayLike, *, cv: int, groups: ArrayLike | None,
    present: Present, class_names: Any, seed: int, progress: Progress,
) -> Evaluation:  # fmt: skip
    """By cross-validation; a fitted model on the rows given.

    Raises
    ------
    TypeError
        If `model` is no FusionClassifier or FusionRegressor.
    ValueError
        If there are fewer than two modalities or classes, a class is missing from the training
        rows of a fold, `y` has classes that a fitted model does not know, or an argument is not
        as described.
    """
    if not isinstance(model, FusionClassifier | FusionRegressor):
        raise TypeError(
            f"model must be a FusionClassifier or FusionRegressor; got {kind_of(model)}."
        )
    if is_matrix(blocks):
        raise ValueError("blocks must be a list or dict of two modalities or more; got one matrix.")
    if isinstance(model, FusionRegressor) and class_names is not None:
        raise ValueError("class_names must be None for a FusionRegressor, which has no classes.")
    if hasattr(model, "modalities_"):
        if groups is not None:
            raise ValueError("groups must be None for a fitted model, which is not fitted again.")
        return _of_fitted(model, blocks, y, present, class_names)
    folds = Folds(model, blocks, y, cv, groups, present, progress)
    return _by_folds(folds, class_names, seed)


def _by_folds(folds: Folds, class_names: Any, seed: int) -> Evaluation:
    named: tuple[str, ...] = ()
    y: NDArray
    if isinstance(folds.model, FusionClassifier):
        classes, y = encode_classes(folds.y, folds.n_rows)
        named = _names_of(class_names, classes)
        folds.divide(y, seed)
        _require_classes(folds, y, classes)
    else:
        y = _numbers(folds.y, folds.n_rows)
        folds.divide(None, seed)
    said, parts, curves = folds.held_out(_say)
    fused, alone = _held(said, named), {}
    for name in folds.blocks:
        own, _, curve = folds.held_out(_say, name)
        alone[name] = _held(own, named)
        curves |= curve
    scores, disagreement, masks = None, 0.0, folds.masks
    if parts:
        scores = as_one(parts, folds.folds)
        masks = scores.masks
        disagreement = _disagreement(scores.predict(), fused.predicted, y, named)
    return Evaluation(
        label_of(folds.model), tuple(folds.blocks), named, y, fused, alone, scores, folds.blocks,
        masks, curves, len(folds.folds), folds.groups is not None, True, disagreement,
    )  # fmt: skip


def _require_classes(folds: Folds, y: NDArray[np.int64], classes: NDArray) -> None:
    for rows in folds.folds:
        left = np.bincount(np.delete(y, rows), minlength=len(classes))
        if not left.all():
            lonely = classes[int(left.argmin())]
            raise ValueError(
                f"y must have every class in two folds, to learn it and to test it; got {lonely!r} "
                "in one only."
            )


def _disagreement(one: NDArray, other: NDArray, y: NDArray, class_names: tuple[str, ...]) -> float:
    if class_names:
        return float((one != other).mean())
    return float(np.abs(one - other).max() / y.std())


def _of_fitted(model: Model, blocks: Any, y: Any, present: Present, class_names: Any) -> Evaluation:
    if len(model.modalities_) < 2:
        raise ValueError(f"model must have two modalities or more; it has {model.modalities_}.")
    said = _say(model, blocks, present)
    named: tuple[str, ...] = ()
    truth: NDArray
    if isinstance(model, FusionClassifier):
        named = _names_of(class_names, model.classes_)
        truth = _codes_of(y, model.classes_, len(said))
    else:
        truth = _numbers(y, len(said))
    names, values = named_blocks(blocks)
    given = {str(name): x for name, x in zip(names, values, strict=True) if x is not None}
    scores, alone = None, {}
    masks: Masks = [None] * len(model.modalities_)
    if has_parts(model):
        found = model.modality_scores(blocks, present=present)
        masks = found.masks
        scores = as_one([found], [np.arange(len(truth))])
        for name in scores.names:
            own = scores.fused([name])
            if isinstance(model, FusionClassifier):
                own = _as_probabilities(model, own)
            alone[name] = _held(own, named)
    return Evaluation(
        label_of(model), tuple(model.modalities_), named, truth, _held(said, named), alone, scores,
        given, masks, curves_of(model), 0, False, model._level == "late", 0.0,
    )  # fmt: skip


# -- labels and numbers --------------------------------------------------------------------------


def _say(model: Any, blocks: Any, present: Any) -> NDArray[np.float64]:
    """Probabilities of classes, or numbers in one column."""
    if isinstance(model, FusionClassifier):
        return np.asarray(model.predict_proba(blocks, present=present), np.float64)
    return np.asarray(model.predict(blocks, present=present), np.float64).reshape(-1, 1)


def _held(said: NDArray, class_names: tuple[str, ...]) -> Held:
    said = said.astype(np.float64, copy=False)
    return Held(likeliest(said).astype(np.int64) if class_names else said[:, 0], said)


def _numbers(y: Any, n_rows: int) -> NDArray[np.float64]:
    numbers = as_vector(y, "y", n_rows)
    if len(numbers) == 0 or numbers.std() == 0.0:
        raise ValueError("y must hold different numbers, of which there is something to explain.")
    return numbers


def _codes_of(y: Any, classes: NDArray, n_rows: int) -> NDArray[np.int64]:
    labels = as_array(y, "y")
    require_rows(n_rows, labels)
    places = {label: code for code, label in enumerate(classes.tolist())}
    seen = np.unique(labels).tolist()
    unknown = [label for label in seen if label not in places]
    if unknown:
        raise ValueError(f"y must hold classes that the model knows; got {unknown[0]!r}.")
    if len(seen) < 2:
        raise ValueError(f"y must hold at least two classes; got only {seen}.")
    return np.array([places[label] for label in labels.tolist()], np.int64)


def _as_probabilities(model: FusionClassifier, fused: NDArray) -> NDArray[np.float64]:
    """As `FusionClassifier.predict_proba` makes them of fused scores."""
    if model._level != "late" or (model._response == "score" and model._fusion not in VOTES):
        return probabilities(fused.astype(np.float64))
    total = fused.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.asarray(fused / np.where(total > 0, total, 1))


def _names_of(class_names: Any, classes: NDArray) -> tuple[str, ...]:
    named = tuple(map(str, classes.tolist() if class_names is None else class_names))
    if len(named) != len(classes):
        raise ValueError(f"class_names must have {len(classes)} entries; got {len(named)}.")
    return named
