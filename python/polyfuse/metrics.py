"""Metrics with scikit-learn's names, signatures and answers.

The classification metrics read their targets once: labels become codes, one kernel counts how
often each pair of codes meets (its stem is ``confusion``), and every score is arithmetic on that
small table.
"""

from __future__ import annotations

from ._classification import accuracy_score, confusion_matrix
from ._fscore import f1_score, precision_recall_fscore_support, precision_score, recall_score
from ._regression import mean_squared_error, r2_score

__all__ = [
    "accuracy_score",
    "confusion_matrix",
    "f1_score",
    "mean_squared_error",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "recall_score",
]
