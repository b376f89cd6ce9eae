"""Models of all modalities and of each alone, fitted without each fold of the rows in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_matrix, require_number
from ._blocks import is_listed, named_blocks, require_same_rows
from ._estimator import unfitted
from ._held_out import as_groups, fold_rows
from ._interchange import as_array
from ._kernels.contract import CONCATENATE
from ._missing import Present, as_present
from ._modality_scores import ModalityScores
from ._parameters import is_sparse
from .multimodal import FusionClassifier, FusionRegressor

Model = FusionClassifier | FusionRegressor
Progress = Callable[[int, int], object]
"""Called as progress(step, n_steps), steps counted from 1."""

Say = Callable[[Any, dict[str, Any], dict[str, NDArray]], NDArray]
"""What a fitted model says of blocks that are there where masks say so, shape (n, n_outputs)."""

_SHARED = ("C", "class_weight", "alpha", "max_iter", "tol", "random_state")


class Folds:
    """Rows in folds, and what models say of each fold that they did not learn from.

    Parameters
    ----------
    model : FusionClassifier or FusionRegressor
        With parameters that are checked here.
    blocks, present, groups
        As for its `fit`.
    y : array-like of shape (n_samples,)
    cv : int
    progress : callable(step, n_steps)

    Raises
    ------
    ValueError
        If there are fewer than two modalities, or an argument is not as described.
    """

    def __init__(
        self, model: Model, blocks: Any, y: ArrayLike, cv: int, groups: ArrayLike | None,
        present: Present, progress: Progress,
    ) -> None:  # fmt: skip
        require_number(cv, "cv", least=2, integer=True)
        model._check_parameters()
        names, given = named_blocks(blocks)
        if len(names) < 2:
            raise ValueError(f"blocks must hold at least two modalities; got {names}.")
        values = [
            x.tocsr() if is_sparse(x) else as_matrix(x, f"blocks[{name!r}]")
            for name, x in zip(names, given, strict=True)
        ]
        require_same_rows(names, values)
        self.model, self.progress, self.step, self.cv = model, progress, 0, cv
        self.n_rows = values[0].shape[0]
        self.blocks = dict(zip(map(str, names), values, strict=True))
        self.masks = as_present(present, names, self.n_rows)
        self.y = as_array(y, "y")
        self.groups = as_groups(groups, self.n_rows)
        self.folds: list[NDArray[np.int64]] = []

    def divide(self, codes: NDArray[np.int64] | None, seed: int) -> None:
        """Make the folds: whole groups, else of rows in any order, of each class alike.

        Neighbours in a file are often more alike than new rows.
        """
        if self.groups is not None:
            self.folds = fold_rows(self.n_rows, self.cv, None, self.groups)
        else:
            order = np.random.default_rng(seed).permutation(self.n_rows)
            own = None if codes is None else codes[order]
            folds = fold_rows(self.n_rows, self.cv, own, None)
            self.folds = [np.sort(order[rows]) for rows in folds]
        if len(self.folds) < 2:
            raise ValueError(f"cv={self.cv} needs rows, or groups, for at least two folds.")

    def held_out(
        self, say: Say, name: str | None = None
    ) -> tuple[NDArray[np.float64], list[ModalityScores], dict[str, list[float]]]:
        """What models of one modality, or of all, say of the fold that they did not see.

        With their parts, if they have such, and the training losses of the first of them.
        """
        names = list(self.blocks) if name is None else [name]
        model = self.model if name is None else _single(self.model, list(self.blocks), name)
        said, parts = [], []
        curves: dict[str, list[float]] = {}
        n_steps = len(self.folds) * (len(self.blocks) + 1)
        for rows in self.folds:
            train = np.delete(np.arange(self.n_rows), rows)
            seen, there = self._taken(names, train)
            groups = None if self.groups is None else self.groups[train]
            if groups is not None and len(np.unique(groups)) < 2:
                groups = None  # nothing within is held out by groups then
            fitted = unfitted(model).fit(seen, self.y[train], groups=groups, present=there)
            new, there = self._taken(names, rows)
            said.append(say(fitted, new, there))
            if name is None and has_parts(fitted):
                parts.append(fitted.modality_scores(new, present=there))
            curves = curves or curves_of(fitted)
            self.step += 1
            self.progress(self.step, n_steps)
        if name is not None:
            curves = {f"{name} alone": losses for losses in curves.values()}
        order = np.argsort(np.concatenate(self.folds), kind="stable")
        return np.concatenate(said)[order].astype(np.float64, copy=False), parts, curves

    def _taken(
        self, names: list[str], rows: NDArray[np.int64]
    ) -> tuple[dict[str, Any], dict[str, NDArray]]:
        masks = dict(zip(self.blocks, self.masks, strict=True))
        there = {name: own[rows] for name in names if (own := masks[name]) is not None}
        return {name: self.blocks[name][rows] for name in names}, there


def _single(model: Model, names: list[str], name: str) -> Model:
    """A model of one modality, with the parameters of the model of all."""
    scaler: Any = model.scaler
    if isinstance(scaler, Mapping):
        scaler = {name: scaler[name]}
    elif is_listed(scaler):
        scaler = {name: scaler[names.index(name)]}
    given = {key: getattr(model, key) for key in _SHARED if hasattr(model, key)}
    kind = FusionClassifier if isinstance(model, FusionClassifier) else FusionRegressor
    return kind(scaler=scaler, **given)


def as_one(parts: list[ModalityScores], folds: list[NDArray[np.int64]]) -> ModalityScores:
    """Scores of the rows of all folds as those of one model, with class codes for labels.

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
    divided = "sum" not in first.rule
    shares = [own.weights / (own.weights.sum() if divided else 1.0) for own in parts]
    return ModalityScores(
        joined, rule=first.rule, weights=np.mean(shares, axis=0) if weighs else None,
        intercept=intercept,
        classes=None if first.classes is None else np.arange(len(first.classes)),
        present={name: None if mask.all() else mask for name, mask in masks.items()},
        prior=np.mean([own.prior for own in parts], axis=0),
    )  # fmt: skip


def has_parts(model: Model) -> bool:
    return model._level != "early" or model._fusion == CONCATENATE


def label_of(model: Model) -> str:
    """Its rule and level."""
    rule = model._check_parameters()
    return model.level if model.level in ("cooperative", "hybrid") else f"{rule} ({model.level})"


def curves_of(model: Model) -> dict[str, list[float]]:
    losses = model.loss_curve_
    if isinstance(losses, Mapping):
        return {f"{name} ({model._level})": list(own) for name, own in losses.items()}
    return {label_of(model): list(losses)}
