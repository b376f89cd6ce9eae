"""Accuracy without each modality in turn; see ``polyfuse.inspection``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from ._blocks import BlocksLike
from ._held_scores import require_labels
from ._modality_scores import require_scores
from .metrics import accuracy_score


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
        If `model` is neither, or predicts numbers, `blocks` do not go with it, or `y` is missing.
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
    labels = require_labels(scores, y, "drop_modality")
    if scores.classes is None:
        raise TypeError(
            "drop_modality needs scores of classes, of which it tells the accuracy; of numbers, "
            "modality_shapley and robustness_curve take metric=metrics.r2_score."
        )
    without = {
        name: accuracy_score(labels, scores.silenced([name]).predict()) for name in scores.names
    }
    return DropModality(accuracy_score(labels, scores.predict()), without)
