"""What a fusion model and each of its modalities alone say of rows that they did not learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, kind_of, require_number, require_rows
from ._blocks import BlocksLike, is_listed, is_matrix, named_blocks, require_same_rows
from ._estimator import unfitted
from ._held_out import as_groups, fold_rows
from ._interchange import as_array
from ._kernels.contract import CONCATENATE
from ._linear import encode_classes, likeliest, probabilities
from ._missing import Masks, Present, as_present
from ._modality_scores import VOTES, ModalityScores
from ._parameters import is_sparse
from .multimodal import FusionClassifier, FusionRegressor

Progress = Callable[[int, int], object]
"""Called as progress(step, n_steps), steps counted from 1."""

_SHARED = ("C", "class_weight", "max_iter", "tol", "random_state")


class Held(NamedTuple):
    """What one model says of each row: class codes, and probabilities (n, n_classes)."""

    predicted: NDArray[np.int64]
    proba: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model and its modalities on rows that they did not learn from.

    Attributes
    ----------
    label : str
        What the model is: its rule and level.
    modalities, class_names : tuple of str
    y : ndarray of shape (n_samples,), int64
        Class codes.
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
        the model did.
    """

    label: str
    modalities: tuple[str, ...]
    class_names: tuple[str, ...]
    y: NDArray[np.int64]
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

    def accuracy(self, held: Held) -> float:
        return float((held.predicted == self.y).mean())

    def called(self, name: str) -> str:
        """A modality alone, in words."""
        return f"{name} alone" if self.own_models else f"{name}'s part alone"

    @property
    def best_alone(self) -> str:
        return max(self.alone, key=lambda name: self.accuracy(self.alone[name]))

    @property
    def guess(self) -> NDArray[np.int64]:
        """The commonest class, for each row."""
        return np.full_like(self.y, np.bincount(self.y).argmax())


def evaluate(
    model: Any, blocks: BlocksLike, y: ArrayLike, *, cv: int, groups: ArrayLike | None,
    present: Present, class_names: Any, seed: int, progress: Progress,
) -> Evaluation:  # fmt: skip
    """By cross-validation; a fitted model on the rows given.

    Raises
    ------
    TypeError
        If `model` is no FusionClassifier.
    ValueError
        If there are fewer than two modalities or classes, a class is missing from the training
        rows of a fold, `y` has classes that a fitted model does not know, or an argument is not
        as described.
    """
    if isinstance(model, FusionRegressor):
        raise TypeError("model must be a FusionClassifier: there is no report of numbers yet.")
    if not isinstance(model, FusionClassifier):
        raise TypeError(f"model must be a FusionClassifier; got {kind_of(model)}.")
    if is_matrix(blocks):
        raise ValueError("blocks must be a list or dict of two modalities or more; got one matrix.")
    if hasattr(model, "modalities_"):
        if groups is not None:
            raise ValueError("groups must be None for a fitted model, which is not fitted again.")
        return _of_fitted(model, blocks, y, present, class_names)
    folds = _Folds(model, blocks, y, cv, groups, present, seed, progress)
    return folds.evaluation(class_names)


# -- a model that was fitted before --------------------------------------------------------------


def _of_fitted(
    model: FusionClassifier, blocks: Any, y: Any, present: Present, class_names: Any
) -> Evaluation:
    if len(model.modalities_) < 2:
        raise ValueError(f"model must have two modalities or more; it has {model.modalities_}.")
    proba = model.predict_proba(blocks, present=present).astype(np.float64)
    codes = _codes_of(y, model.classes_, len(proba))
    names, values = named_blocks(blocks)
    given = {str(name): x for name, x in zip(names, values, strict=True) if x is not None}
    scores, alone = None, {}
    masks: Masks = [None] * len(model.modalities_)
    if _has_parts(model):
        found = model.modality_scores(blocks, present=present)
        masks = found.masks
        scores = _with_codes([found], [np.arange(len(codes))])
        for name in scores.names:
            alone[name] = _held(_as_probabilities(model, scores.fused([name])))
    own_models = model._level == "late"
    return Evaluation(
        _label(model), tuple(model.modalities_), _names_of(class_names, model.classes_), codes,
        _held(proba), alone, scores, given, masks, _curves(model), 0, False, own_models, 0.0,
    )  # fmt: skip


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


# -- a model that is fitted here, without each fold in turn --------------------------------------


class _Folds:
    """Models of all modalities and of each, fitted without each fold in turn."""

    def __init__(
        self, model: FusionClassifier, blocks: Any, y: Any, cv: int, groups: ArrayLike | None,
        present: Present, seed: int, progress: Progress,
    ) -> None:  # fmt: skip
        require_number(cv, "cv", least=2, integer=True)
        self.model, self.progress, self.step = model, progress, 0
        model._check_parameters()
        names, given = named_blocks(blocks)
        if len(names) < 2:
            raise ValueError(f"blocks must hold at least two modalities; got {names}.")
        values = [
            x.tocsr() if is_sparse(x) else as_matrix(x, f"blocks[{name!r}]")
            for name, x in zip(names, given, strict=True)
        ]
        require_same_rows(names, values)
        self.n_rows = values[0].shape[0]
        self.blocks = dict(zip(map(str, names), values, strict=True))
        self.masks = as_present(present, names, self.n_rows)
        self.labels = as_array(y, "y")
        self.classes, self.y = encode_classes(y, self.n_rows)
        self.groups = as_groups(groups, self.n_rows)
        self.folds = self._shuffled_folds(cv, seed)
        self._require_classes(cv)

    def _shuffled_folds(self, cv: int, seed: int) -> list[NDArray[np.int64]]:
        """Folds of rows in any order: neighbours in a file are often more alike than new rows."""
        if self.groups is not None:
            return fold_rows(self.n_rows, cv, None, self.groups)
        order = np.random.default_rng(seed).permutation(self.n_rows)
        return [np.sort(order[rows]) for rows in fold_rows(self.n_rows, cv, self.y[order], None)]

    def _require_classes(self, cv: int) -> None:
        if len(self.folds) < 2:
            raise ValueError(f"cv={cv} needs rows, or groups, for at least two folds.")
        for rows in self.folds:
            left = np.bincount(np.delete(self.y, rows), minlength=len(self.classes))
            if not left.all():
                lonely = self.classes[int(left.argmin())]
                raise ValueError(
                    f"y must have every class in two folds, to learn it and to test it; got "
                    f"{lonely!r} in one only."
                )

    def evaluation(self, class_names: Any) -> Evaluation:
        named, modalities = _names_of(class_names, self.classes), tuple(self.blocks)
        rule, (fused, parts, curves) = _label(self.model), self._held_out(self.model, modalities)
        alone = {}
        for name in modalities:
            own = _single(self.model, list(modalities), name)
            alone[name], _, curve = self._held_out(own, (name,))
            curves |= {f"{name} alone": losses for losses in curve.values()}
        scores, disagreement, masks = None, 0.0, self.masks
        if parts:
            scores = _with_codes(parts, self.folds)
            masks = scores.masks
            disagreement = float((scores.predict() != fused.predicted).mean())
        return Evaluation(
            rule, modalities, named, self.y, fused, alone, scores, self.blocks, masks,
            curves, len(self.folds), self.groups is not None, True, disagreement,
        )  # fmt: skip

    def _held_out(
        self, model: FusionClassifier, names: tuple[str, ...]
    ) -> tuple[Held, list[ModalityScores], dict[str, list[float]]]:
        """What models say of the fold that they did not see, their parts, losses of the first."""
        proba, parts = np.empty((self.n_rows, len(self.classes))), []
        curves: dict[str, list[float]] = {}
        n_steps = len(self.folds) * (len(self.blocks) + 1)
        for rows in self.folds:
            train = np.delete(np.arange(self.n_rows), rows)
            seen, there = self._taken(names, train)
            groups = None if self.groups is None else self.groups[train]
            if groups is not None and len(np.unique(groups)) < 2:
                groups = None  # nothing within is held out by groups then
            fitted = unfitted(model).fit(seen, self.labels[train], groups=groups, present=there)
            new, there = self._taken(names, rows)
            proba[rows] = fitted.predict_proba(new, present=there)
            if len(names) > 1 and _has_parts(fitted):
                parts.append(fitted.modality_scores(new, present=there))
            curves = curves or _curves(fitted)
            self.step += 1
            self.progress(self.step, n_steps)
        return _held(proba), parts, curves

    def _taken(
        self, names: tuple[str, ...], rows: NDArray[np.int64]
    ) -> tuple[dict[str, Any], dict[str, NDArray]]:
        masks = dict(zip(self.blocks, self.masks, strict=True))
        there = {name: own[rows] for name in names if (own := masks[name]) is not None}
        return {name: self.blocks[name][rows] for name in names}, there


def _single(model: FusionClassifier, names: list[str], name: str) -> FusionClassifier:
    """A model of one modality, with the parameters of the model of all."""
    scaler: Any = model.scaler
    if isinstance(scaler, Mapping):
        scaler = {name: scaler[name]}
    elif is_listed(scaler):
        scaler = {name: scaler[names.index(name)]}
    return FusionClassifier(scaler=scaler, **{key: getattr(model, key) for key in _SHARED})


def _with_codes(parts: list[ModalityScores], folds: list[NDArray[np.int64]]) -> ModalityScores:
    """Scores of the rows of all folds as those of one model, whose labels are class codes.

    Weights, intercepts and the prior are means over the folds; what the intercept of a fold has
    beyond that is put in equal shares on the modalities, which keeps the sum.
    """
    first, order = parts[0], np.argsort(np.concatenate(folds), kind="stable")
    intercept = np.mean([own.intercept for own in parts], axis=0)
    joined, masks = {}, {}
    for m, name in enumerate(first.names):
        moved = [own.parts[m] + (own.intercept - intercept) / len(first) for own in parts]
        joined[name] = np.concatenate(moved)[order]
        there = [
            np.ones(len(own.parts[m]), bool) if (mask := own.masks[m]) is None else mask
            for own in parts
        ]
        masks[name] = np.concatenate(there)[order]
    weighs = first.rule.startswith("weighted") or any((own.weights != 1.0).any() for own in parts)
    shares = [own.weights / own.weights.sum() for own in parts]
    return ModalityScores(
        joined, rule=first.rule, weights=np.mean(shares, axis=0) if weighs else None,
        intercept=intercept, classes=np.arange(max(first.shape[1], 2)),
        present={name: None if mask.all() else mask for name, mask in masks.items()},
        prior=np.mean([own.prior for own in parts], axis=0),
    )  # fmt: skip


# -- what both share -----------------------------------------------------------------------------


def _held(proba: NDArray) -> Held:
    proba = proba.astype(np.float64, copy=False)
    return Held(likeliest(proba).astype(np.int64), proba)


def _as_probabilities(model: FusionClassifier, fused: NDArray) -> NDArray[np.float64]:
    """As `FusionClassifier.predict_proba` makes them of fused scores."""
    if model._level != "late" or (model._response == "score" and model._fusion not in VOTES):
        return probabilities(fused.astype(np.float64))
    total = fused.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.asarray(fused / np.where(total > 0, total, 1))


def _has_parts(model: FusionClassifier) -> bool:
    return model._level != "early" or model._fusion == CONCATENATE


def _label(model: FusionClassifier) -> str:
    rule = model._check_parameters()
    return model.level if model.level in ("cooperative", "hybrid") else f"{rule} ({model.level})"


def _curves(model: FusionClassifier) -> dict[str, list[float]]:
    losses = model.loss_curve_
    if isinstance(losses, Mapping):
        return {f"{name} ({model._level})": list(own) for name, own in losses.items()}
    return {_label(model): list(losses)}


def _names_of(class_names: Any, classes: NDArray) -> tuple[str, ...]:
    named = tuple(map(str, classes.tolist() if class_names is None else class_names))
    if len(named) != len(classes):
        raise ValueError(f"class_names must have {len(classes)} entries; got {len(named)}.")
    return named
