"""Metrics with scikit-learn's names, signatures and answers.

The classification metrics read their targets once: labels become codes, one kernel counts how
often each pair of codes meets (its stem is ``confusion``), and every score is arithmetic on that
small table. Losses of probabilities come from one sweep over them (``probabilities``).
"""

from __future__ import annotations

from ._classification import accuracy_score, confusion_matrix
from ._fscore import f1_score, precision_recall_fscore_support, precision_score, recall_score
from ._hinge import hinge_loss
from ._probabilities import brier_score_loss, d2_brier_score, d2_log_loss_score, log_loss
from ._regression import mean_squared_error, r2_score

__all__ = [
    "accuracy_score",
    "brier_score_loss",
    "confusion_matrix",
    "d2_brier_score",
    "d2_log_loss_score",
    "f1_score",
    "hinge_loss",
    "log_loss",
    "mean_squared_error",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "recall_score",
]
