"""Metrics with scikit-learn's names, signatures and answers.

The classification metrics read their targets once: labels become codes, one kernel counts how
often each pair of codes meets (its stem is ``confusion``), and every score is arithmetic on that
small table. The ranking metrics sort the rows by their scores once (the stem ``ranking``).
"""

from __future__ import annotations

from ._classification import accuracy_score, confusion_matrix
from ._curves import (
    auc,
    confusion_matrix_at_thresholds,
    det_curve,
    precision_recall_curve,
    roc_curve,
)
from ._fscore import f1_score, precision_recall_fscore_support, precision_score, recall_score
from ._ranking_scores import average_precision_score, roc_auc_score
from ._regression import mean_squared_error, r2_score
from ._score_histogram import ScoreHistogram
from ._top_k import top_k_accuracy_score

__all__ = [
    "ScoreHistogram",
    "accuracy_score",
    "auc",
    "average_precision_score",
    "confusion_matrix",
    "confusion_matrix_at_thresholds",
    "det_curve",
    "f1_score",
    "mean_squared_error",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "top_k_accuracy_score",
]
