"""Metrics with scikit-learn's names, signatures and answers.

The classification metrics read their targets once: labels become codes, one kernel counts how
often each pair of codes meets (its stem is ``confusion``), and every score is arithmetic on that
small table. Losses of probabilities come from one sweep over them (``probabilities``), and ranking
metrics sort the rows by their scores once (``ranking``).
"""

from __future__ import annotations

from ._agreement import balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef
from ._classification import accuracy_score, confusion_matrix
from ._classification_report import classification_report
from ._curves import (
    auc,
    confusion_matrix_at_thresholds,
    det_curve,
    precision_recall_curve,
    roc_curve,
)
from ._fscore import (
    f1_score,
    fbeta_score,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)
from ._hinge import hinge_loss
from ._jaccard import jaccard_score
from ._likelihood import class_likelihood_ratios
from ._multilabel import multilabel_confusion_matrix
from ._probabilities import brier_score_loss, d2_brier_score, d2_log_loss_score, log_loss
from ._ranking_scores import average_precision_score, roc_auc_score
from ._regression import mean_squared_error, r2_score
from ._score_histogram import ScoreHistogram
from ._top_k import top_k_accuracy_score
from ._zero_one import hamming_loss, zero_one_loss

__all__ = [
    "ScoreHistogram",
    "accuracy_score",
    "auc",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "class_likelihood_ratios",
    "classification_report",
    "cohen_kappa_score",
    "confusion_matrix",
    "confusion_matrix_at_thresholds",
    "d2_brier_score",
    "d2_log_loss_score",
    "det_curve",
    "f1_score",
    "fbeta_score",
    "hamming_loss",
    "hinge_loss",
    "jaccard_score",
    "log_loss",
    "matthews_corrcoef",
    "mean_squared_error",
    "multilabel_confusion_matrix",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "top_k_accuracy_score",
    "zero_one_loss",
]
