"""Which modality did the work: exact shares of an additive model's decision, and drop-one tests.

A linear model on concatenated blocks is a sum of one part per modality, s(x) = Σ_m s_m(x_m) + b,
and so is a late fusion that adds up class probabilities. For such a sum the interventional
Shapley value of a modality is its part minus the part's mean: exact, in one pass over the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import require_rows
from ._blocks import BlocksLike
from ._cka import linear_cka
from ._cross_correlation import CrossCorrelation, cross_correlation
from ._emap import EMAP, emap
from ._interchange import as_array
from ._mm_shap import MMShap, mm_shap
from ._modality_gap import ModalityGap, modality_gap
from ._modality_scores import ModalityScores, require_scores
from ._pid import PID, pid
from ._robustness import RobustnessCurve, robustness_curve
from .metrics import accuracy_score

__all__ = [
    "EMAP", "PID", "Contributions", "CrossCorrelation", "DropModality", "MMShap", "ModalityGap",
    "ModalityScores", "RobustnessCurve", "cross_correlation", "drop_modality", "emap",
    "linear_cka", "mm_shap", "modality_contributions", "modality_gap", "pid", "robustness_curve",
]  # fmt: skip

ADDITIVE = ("sum", "mean", "weighted_sum", "weighted_mean")


@dataclass(frozen=True, eq=False)
class Contributions:
    """How much each modality moves the decision.

    Attributes
    ----------
    modalities : tuple of str
        Names of the modalities.
    per_row : ndarray of shape (n_samples, n_modalities), float64
        Mean over the outputs of |phi_m(x)|, in units of the scores (log-odds for an early
        fusion, probability for a late one).
    share : ndarray of shape (n_modalities,), float64
        Mean of `per_row` over the rows, scaled to add up to 1.
    """

    modalities: tuple[str, ...]
    per_row: NDArray[np.float64]
    share: NDArray[np.float64]


@dataclass(frozen=True)
class DropModality:
    """Accuracy of a model with all its modalities, and without each.

    Attributes
    ----------
    accuracy : float
        With all modalities.
    without : dict of str to float
        Accuracy when this modality says the same of every row.
    """

    accuracy: float
    without: dict[str, float]


def modality_contributions(model: Any, blocks: BlocksLike | None = None) -> Contributions:
    """Share of each modality in the decisions of an additive model.

    phi_m(x) = s_m(x_m) - mean over the rows of s_m, with s_m the modality's part of the scores
    (its weighted probabilities for a late fusion): the exact interventional Shapley value, the
    rows given being the background. A modality's share is the mean of |phi_m| over rows and
    outputs, divided by the sum over modalities; equal shares if no modality moves anything.

    A share tells how strongly the model listens to a modality, not whether it is right to.

    Parameters
    ----------
    model : fitted FusionClassifier, or ModalityScores
        With fusion="concatenate", or level="late" and "sum", "mean", "weighted_sum" or
        "weighted_mean".
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Rows to explain, n_samples at least 1.

    Returns
    -------
    Contributions

    Raises
    ------
    TypeError
        If `model` is neither, or `blocks` do not go with it.
    ValueError
        If the fusion is not additive, or the blocks are not those of the model.

    References
    ----------
    E. Strumbelj and I. Kononenko, "Explaining prediction models and individual predictions with
    feature contributions", Knowledge and Information Systems 41 (2014); S. Lundberg and S.-I. Lee,
    "A unified approach to interpreting model predictions", NeurIPS 2017 (linear models).

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> model = pf.FusionClassifier().fit(blocks, ["cat", "cat", "dog", "dog"])
    >>> pf.inspection.modality_contributions(model, blocks).share.round(2)
    array([1., 0.])
    """
    scores = require_scores(model, blocks)
    if scores.rule not in ADDITIVE:
        raise ValueError(
            f"modality_contributions needs an additive model: fusion='concatenate', or "
            f"level='late' with one of {', '.join(map(repr, ADDITIVE))}; "
            f"got fusion={scores.rule!r}."
        )
    scale = scores.weights / (scores.weights.sum() if "mean" in scores.rule else 1.0)
    per_row = np.column_stack([_size(w * x) for w, x in zip(scale, scores.parts, strict=True)])
    total = per_row.mean(axis=0)
    share = total / total.sum() if total.any() else np.full(len(total), 1.0 / len(total))
    return Contributions(scores.names, per_row, share)


def _size(part: NDArray) -> NDArray[np.float64]:
    """|phi| of each row, averaged over the outputs."""
    size: NDArray[np.float64] = np.abs(part - part.mean(axis=0, dtype=np.float64)).mean(axis=1)
    return size


def drop_modality(
    model: Any, blocks: BlocksLike | None = None, y: ArrayLike | None = None
) -> DropModality:
    """Accuracy of a fitted model without each of its modalities in turn.

    A modality is dropped by putting the mean of its part of the scores, over the rows given, in
    place of the part: for an early fusion the same as putting each column's mean in place of the
    column. Nothing is trained again, so this tells what the model relies on, not how well the
    other modalities could do without this one.

    Parameters
    ----------
    model : fitted FusionClassifier, or ModalityScores
        With fusion="concatenate", or level="late" and any fusion.
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
    y : array-like of shape (n_samples,)
        True labels.

    Returns
    -------
    DropModality

    Raises
    ------
    TypeError
        If `model` is neither, or `blocks` do not go with it.
    ValueError
        If one model sees all modalities mixed (an early fold), the blocks are not those of the
        model, or `y` has another length.

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> model = pf.FusionClassifier().fit(blocks, y)
    >>> pf.inspection.drop_modality(model, blocks, y)
    DropModality(accuracy=1.0, without={'image': 0.5, 'noise': 1.0})
    """
    scores = require_scores(model, blocks)
    labels = as_array(y, "y")
    require_rows(scores.shape[0], labels)
    without = {
        name: accuracy_score(labels, scores.silenced([name]).predict()) for name in scores.names
    }
    return DropModality(accuracy_score(labels, scores.predict()), without)
