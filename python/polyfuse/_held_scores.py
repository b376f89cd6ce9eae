"""Scores of modalities as the kernels of inspection take them, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import require_number, require_rows
from ._interchange import as_array
from ._kernels.contract import Block, Rows
from ._linear import likeliest
from ._modality_scores import ModalityScores

F64 = NDArray[np.float64]
SUMS = ("sum", "mean", "weighted_sum", "weighted_mean")
LOGARITHMIC = ("product", "geometric_mean")
EXTREMES = ("maximum", "minimum")


def kernel_rows(scores: ModalityScores) -> Rows:
    """Scores in one precision, and the fold that decides as their rule does."""
    dtype = np.result_type(*scores.parts)
    blocks = tuple(
        Block(np.ascontiguousarray(x, dtype), None, mask)
        for x, mask in zip(scores.parts, scores.masks, strict=True)
    )
    op = scores.rule if scores.rule in EXTREMES else "weighted_sum"
    op = "geometric_mean" if scores.rule in LOGARITHMIC else op
    return Rows(blocks, op, np.array(scores.weights, np.float64), dtype)


def score_means(scores: ModalityScores, rows: Rows) -> F64:
    """The mean of each modality's scores, or logarithms, over the rows where it is; all if nowhere.

    Raises
    ------
    ValueError
        If a modality has a score that is not finite, or no logarithm.
    """
    blocks = tuple(
        block._replace(present=None) if block.present is not None and not block.present.any()
        else block
        for block in rows.blocks
    )  # fmt: skip
    means = np.empty((len(blocks), rows.width))
    odd = _kernels.select().score_means(rows._replace(blocks=blocks), means)
    if odd >= 0:
        _complain(scores, blocks[odd], scores.names[odd], rows.op)
    return means


def _complain(scores: ModalityScores, block: Block, name: str, op: str) -> NoReturn:
    there = slice(None) if block.present is None else block.present
    values = block.values[there]
    if np.isfinite(values).all() and op == "geometric_mean":
        raise ValueError(
            f"scores[{name!r}] must be positive for fusion={scores.rule!r}, whose parts are "
            f"logarithms; got {values.min()!r}."
        )
    if np.isfinite(values).all():
        raise ValueError(f"The scores of {name!r} are too large: their mean overflows.")
    bad = values[~np.isfinite(values)][0]
    raise ValueError(f"scores[{name!r}] must be finite where the modality is there; got {bad}.")


@dataclass(frozen=True)
class Truth:
    """True labels: less `low` they are codes of classes; `labels` are the labels themselves."""

    labels: NDArray
    codes: NDArray
    low: int


def require_labels(scores: ModalityScores, y: ArrayLike | None, caller: str) -> NDArray:
    """Labels, one for each row.

    Raises
    ------
    TypeError
        If there are none.
    ValueError
        If `y` has another length.
    """
    if y is None:
        raise TypeError(f"{caller} needs y, the true labels of the rows; got None.")
    return as_labels(y, scores.shape[0])


def as_labels(y: ArrayLike, n_rows: int) -> NDArray:
    """Labels, one for each row.

    Raises
    ------
    ValueError
        If `y` is not 1-D, or has another length.
    """
    labels = as_array(y, "y")
    if labels.ndim != 1:
        raise ValueError(f"y must be 1-D, one label per row; got shape {labels.shape}.")
    require_rows(n_rows, labels)
    return labels


def require_truth(scores: ModalityScores, y: ArrayLike | None, caller: str) -> Truth:
    """True labels, as the kernels hold fused scores against them.

    Raises
    ------
    TypeError
        If there are none, or the scores are predicted numbers.
    ValueError
        If `y` has another length.
    """
    labels = require_labels(scores, y, caller)
    if scores.classes is None:
        raise TypeError(f"{caller} needs scores of classes; got ModalityScores with classes=None.")
    classes = scores.classes
    if labels.dtype.kind in "iu" and classes.dtype.kind in "iu":
        low = int(classes[0])
        if (classes == low + np.arange(len(classes))).all():
            return Truth(labels, np.ascontiguousarray(labels), low)
    order = np.argsort(classes, kind="stable")
    place = np.searchsorted(classes, labels, sorter=order)
    codes = order[np.minimum(place, len(classes) - 1)]
    return Truth(labels, np.where(classes[codes] == labels, codes, -1).astype(np.int64), 0)


def nothing_said(scores: ModalityScores) -> int:
    """The class of a row in which no modality is there."""
    return int(likeliest((scores.prior + scores.intercept)[None])[0])


def kernel_decides(scores: ModalityScores, *, constant: bool) -> bool:
    """Whether the kernels decide as the rule does.

    `constant`: whether the same modalities are fused in every row of every coalition, so that what
    means are divided by is a constant.
    """
    rule, width, weights = scores.rule, scores.shape[1], scores.weights
    moved = bool(scores.intercept.any())
    if rule in EXTREMES:
        return not moved
    if rule in ("sum", "weighted_sum"):
        return bool((weights != 0).all()) or not scores.prior.any()
    if rule in ("mean", "weighted_mean"):
        return bool((weights > 0).all()) and (constant or not moved)
    if rule not in LOGARITHMIC or moved or width == 1 or not (weights > 0).all():
        return False
    return all((x >= 0).all() for x in scores.parts)


def fold_start(scores: ModalityScores) -> F64:
    """What sums begin with: the intercept, as often as a mean is divided."""
    total = scores.weights.sum() if "mean" in scores.rule else 1.0
    return np.ascontiguousarray(scores.intercept * total, np.float64)


def require_level(confidence_level: Any) -> None:
    """Raise ValueError unless it is a number between 0 and 1."""
    require_number(confidence_level, "confidence_level", above=0.0)
    if not confidence_level < 1.0:
        raise ValueError(f"confidence_level must be below 1; got {confidence_level!r}.")
