"""Which modality did the work: shares of a decision, and what is lost without a modality.

A linear model on concatenated blocks is a sum of one part per modality, s(x) = Σ_m s_m(x_m) + b,
and so is a late fusion that adds up class probabilities. For such a sum the interventional
Shapley value of a modality is its part minus the part's mean: exact, in one pass over the data.
Of any fusion of scores, what each coalition of modalities gets right is counted without scoring a
row twice (its kernels have the stem ``inspection``).
"""

from __future__ import annotations

from ._cka import linear_cka
from ._contributions import Contributions, modality_contributions
from ._cross_correlation import CrossCorrelation, cross_correlation
from ._drop_modality import DropModality, drop_modality
from ._emap import EMAP, emap
from ._mm_shap import MMShap, mm_shap
from ._modality_gap import ModalityGap, modality_gap
from ._modality_scores import ModalityScores
from ._modality_shapley import ModalityShapley, modality_shapley
from ._perceptual import PerceptualScore, perceptual_score
from ._pid import PID, pid
from ._robustness import RobustnessCurve, robustness_curve

__all__ = [
    "EMAP", "PID", "Contributions", "CrossCorrelation", "DropModality", "MMShap", "ModalityGap",
    "ModalityScores", "ModalityShapley", "PerceptualScore", "RobustnessCurve", "cross_correlation",
    "drop_modality", "emap", "linear_cka", "mm_shap", "modality_contributions", "modality_gap",
    "modality_shapley", "perceptual_score", "pid", "robustness_curve",
]  # fmt: skip
