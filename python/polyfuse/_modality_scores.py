"""What each modality says of some rows, and how that becomes a decision: what inspection reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import fusion as _fusion
from ._arrays import as_matrix, as_vector, kind_of, one_of
from ._blocks import named_blocks, require_same_rows
from ._fusion_rows import block_weights
from ._kernels.fusion_ops import OPERATORS
from ._linear import likeliest
from ._missing import Masks, Present, as_present

RANKED = ("borda", "reciprocal_rank_fusion")
VOTES = ("vote", "weighted_vote")
RULES = (*(rule for rule in OPERATORS if rule != "power_mean"), *RANKED)
"""How scores of modalities become one score per output."""


class ModalityScores(Mapping[str, NDArray]):
    """Scores of each modality, by its name, and the rule that fuses them.

    ``model.modality_scores(blocks)`` makes them; everything in :mod:`polyfuse.inspection` takes
    them instead of a model and blocks, so that no row is scored twice.

    Parameters
    ----------
    scores : dict or list of array-like, each of shape (n_samples, n_outputs)
        Finite where the modality is there. With two classes and one output the second class is
        predicted above zero; otherwise the class with the greatest fused score.
    rule : str, default="sum"
        A fold of :mod:`polyfuse.fusion`; "vote" or "weighted_vote", of the class each modality
        names; "borda" or "reciprocal_rank_fusion", of the classes in its order.
    weights : dict or array-like of shape (n_modalities,), optional
        Of a rule that weighs. A modality of no weight counts as one that is not there.
    intercept : float or array-like of shape (n_outputs,), default=0.0
        Added to what is fused.
    classes : array-like of shape (n_classes,), optional
        Labels; None if scores are predicted numbers.
    present : dict or list of bool arrays of shape (n_samples,), optional
        Where modalities are there; they are left out of the fusion elsewhere.
    prior : array-like of shape (n_outputs,), optional
        The fused scores of a row without any modality; zeros by default.

    Attributes
    ----------
    names : tuple of str
    parts : tuple of ndarray of shape (n_samples, n_outputs)
    masks : list of ndarray of shape (n_samples,) or None
    rule, weights, intercept, classes, prior
        As given; `weights` are ones where there are none.

    Raises
    ------
    TypeError, ValueError
        If the scores have not one shape, or another argument is not as described.

    Examples
    --------
    >>> from polyfuse.inspection import ModalityScores
    >>> scores = ModalityScores(
    ...     {"image": [[0.9, 0.1], [0.4, 0.6]], "text": [[0.8, 0.2], [0.7, 0.3]]},
    ...     rule="mean", classes=["cat", "dog"],
    ... )
    >>> scores.predict()
    array(['cat', 'cat'], dtype='<U3')
    """

    __slots__ = (
        "classes", "intercept", "masks", "names", "parts", "prior", "rule", "weights",
    )  # fmt: skip

    def __init__(
        self,
        scores: Mapping[str, ArrayLike] | Sequence[ArrayLike],
        *,
        rule: str = "sum",
        weights: Any = None,
        intercept: ArrayLike = 0.0,
        classes: ArrayLike | None = None,
        present: Present = None,
        prior: ArrayLike | None = None,
    ) -> None:
        names, values = named_blocks(scores, "scores")
        parts = [_as_scores(x, f"scores[{name!r}]") for name, x in zip(names, values, strict=True)]
        require_same_rows(names, parts, "scores")
        width = parts[0].shape[1]
        if any(x.shape[1] != width for x in parts):
            shapes = ", ".join(f"{k}: {x.shape}" for k, x in zip(names, parts, strict=True))
            raise ValueError(f"scores must have one shape; got {shapes}.")
        one_of(rule, "rule", RULES)
        own = "weighted_sum" if rule in RANKED else rule
        if rule in RANKED and weights is None:
            weights = np.ones(len(names))
        self.names, self.parts = tuple(map(str, names)), tuple(parts)
        self.rule, self.weights = rule, block_weights(names, own, weights)
        self.intercept = np.broadcast_to(np.asarray(intercept, np.float64), (width,))
        self.classes = None if classes is None else np.asarray(classes)
        self.masks: Masks = as_present(present, names, len(parts[0]))
        self.prior = np.zeros(width) if prior is None else as_vector(prior, "prior", width)
        if self.classes is not None and len(self.classes) != max(width, 2):
            raise ValueError(
                f"classes must have one entry per output, {max(width, 2)}; got {len(self.classes)}."
            )

    # -- a mapping -------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> NDArray:
        if name not in self.names:
            raise KeyError(f"there is no modality {name!r}, there are {list(self.names)}")
        return self.parts[self.names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        n, k = self.shape
        return f"ModalityScores({n} rows of {k}; {', '.join(self.names)}; rule={self.rule!r})"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and outputs."""
        n, k = self.parts[0].shape
        return n, k

    # -- what becomes of them --------------------------------------------------------------------

    def fused(self, names: Sequence[str] | None = None) -> NDArray:
        """Fused scores of all modalities, or of those named, shape (n_samples, n_outputs)."""
        chosen = range(len(self)) if names is None else [self._place(name) for name in names]
        heard = [m for m in chosen if self.weights[m] != 0.0]
        if not heard:
            return self._rows_of(self.prior + self.intercept)
        masks = [self.masks[m] for m in heard]
        out = fuse_scores([self.parts[m] for m in heard], self.rule, self.weights[heard], masks)
        empty = nowhere(masks)
        if empty is not None:
            out[empty] = self.prior
        if self.intercept.any():
            out += self.intercept.astype(out.dtype)
        return out

    def predict(self, names: Sequence[str] | None = None) -> NDArray:
        """Labels, or numbers, that the fused scores say, shape (n_samples,)."""
        return self.decide(self.fused(names))

    def silenced(self, names: Sequence[str]) -> ModalityScores:
        """The same with some modalities saying their mean, over the rows where they are, of all."""
        chosen = {self._place(name) for name in names}
        parts = [
            _silent(x, mask) if m in chosen else x
            for m, (x, mask) in enumerate(zip(self.parts, self.masks, strict=True))
        ]
        masks = [None if m in chosen else mask for m, mask in enumerate(self.masks)]
        return self.replaced(parts, masks)

    def select(self, names: Sequence[str]) -> ModalityScores:
        """The same of some modalities alone, each named once, in the order given."""
        places = [self._place(name) for name in names]
        if not places or len(set(places)) < len(places):
            raise ValueError(f"names must be one modality or more, each once; got {list(names)}.")
        made = self.replaced([self.parts[m] for m in places], [self.masks[m] for m in places])
        made.names, made.weights = tuple(names), self.weights[places]
        return made

    def replaced(self, parts: Sequence[NDArray], masks: Masks) -> ModalityScores:
        """The same with other parts and masks, of the same shape and kind."""
        made = object.__new__(type(self))
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        made.parts, made.masks = tuple(parts), masks
        return made

    def decide(self, fused: NDArray) -> NDArray:
        """What fused scores say: labels, or the numbers themselves."""
        if self.classes is None:
            return fused[:, 0] if fused.shape[1] == 1 else fused
        labels: NDArray = self.classes[likeliest(fused)]
        return labels

    def _place(self, name: str) -> int:
        self[name]
        return self.names.index(name)

    def _rows_of(self, row: NDArray) -> NDArray:
        dtype = np.result_type(*self.parts)
        return np.repeat(row[None].astype(dtype), self.shape[0], axis=0)


def fuse_scores(
    parts: Sequence[NDArray], rule: str, weights: NDArray[np.float64], masks: Masks
) -> NDArray:
    """Scores of modalities fused where they are there; anything where none is."""
    parts = list(parts)
    there = any(mask is not None for mask in masks)
    if rule in RANKED:
        if there:
            parts = [_hidden(x, mask) for x, mask in zip(parts, masks, strict=True)]
        own = _fusion.borda if rule == "borda" else _fusion.reciprocal_rank_fusion
        return own(parts, weights=weights)
    if rule in VOTES:
        parts = [votes(x) for x in parts]
        rule = "sum" if rule == "vote" else "weighted_sum"
    if not there:
        return _fusion.fuse(parts, rule, weights=_weights_of(rule, weights))
    return _fusion.fuse(
        parts, rule, weights=_weights_of(rule, weights), missing="skip", present=list(masks),
        all_missing="nan",
    )  # fmt: skip


def nowhere(masks: Masks) -> NDArray[np.bool_] | None:
    """Rows without any modality; None if there can be none."""
    if any(mask is None for mask in masks):
        return None
    empty: NDArray[np.bool_] = ~np.logical_or.reduce(masks)  # type: ignore[arg-type]
    return empty if empty.any() else None


def votes(x: NDArray) -> NDArray:
    """One for the class that scores say, else zero; a single output votes by its sign."""
    if x.shape[1] == 1:
        return np.where(x > 0, 1, -1).astype(x.dtype)
    votes = np.zeros_like(x)
    votes[np.arange(len(x)), x.argmax(axis=1)] = 1
    return votes


def require_scores(model: Any, blocks: Any) -> ModalityScores:
    """Scores of a model's modalities, of at least one row; or those given instead of a model.

    Raises
    ------
    TypeError
        If `model` is neither, or `blocks` are given with scores, or not given with a model.
    ValueError
        If there is no row.
    """
    if isinstance(model, ModalityScores):
        if blocks is not None:
            raise TypeError(
                "blocks must be None if model is ModalityScores, which has their rows; "
                "give labels by name, as y=y."
            )
        found = model
    else:
        if not hasattr(model, "modality_scores"):
            raise TypeError(
                "model must be a fitted FusionClassifier or FusionRegressor, or ModalityScores; "
                f"got {kind_of(model)}."
            )
        if blocks is None:
            raise TypeError("blocks must be given with a model.")
        found = model.modality_scores(blocks)
    if found.shape[0] == 0:
        raise ValueError("blocks must have at least one row; got none.")
    return found


def _as_scores(x: ArrayLike, name: str) -> NDArray:
    matrix = as_matrix(x, name)
    dtype = np.dtype(np.float32 if matrix.dtype == np.float32 else np.float64)
    return np.ascontiguousarray(matrix, dtype)


def _weights_of(rule: str, weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return weights if OPERATORS[rule].weighted else None


def _silent(x: NDArray, mask: NDArray[np.bool_] | None) -> NDArray:
    there = x if mask is None or not mask.any() else x[mask]
    return np.broadcast_to(there.mean(axis=0, dtype=np.float64).astype(x.dtype), x.shape)


def _hidden(x: NDArray, mask: NDArray[np.bool_] | None) -> NDArray:
    return x if mask is None else np.where(mask[:, None], x, np.nan)
