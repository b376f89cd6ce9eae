"""Learn from several modalities at once, without stacking or copying their blocks."""

from __future__ import annotations

from ._fusion_classifier import FusionClassifier
from ._fusion_regressor import FusionRegressor
from ._modality_scores import ModalityScores
from ._search_fusion import FusionSearch, search_fusion

__all__ = [
    "FusionClassifier", "FusionRegressor", "FusionSearch", "ModalityScores", "search_fusion",
]  # fmt: skip
