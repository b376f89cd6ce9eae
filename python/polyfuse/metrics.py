"""Metrics with scikit-learn's names, signatures and answers.

The classification metrics read their targets once: labels become codes, one kernel counts how
often each pair of codes meets (its stem is ``confusion``), and every score is arithmetic on that
small table. The same counts make confidence intervals and tests (`bootstrap`, `compare`), and are
counted in parts by `ConfusionCounts`.
"""

from __future__ import annotations

from ._bootstrap import bootstrap
from ._classification import accuracy_score, confusion_matrix
from ._confusion_counts import ConfusionCounts
from ._fscore import f1_score, precision_recall_fscore_support, precision_score, recall_score
from ._paired import compare
from ._regression import mean_squared_error, r2_score

__all__ = [
    "ConfusionCounts",
    "accuracy_score",
    "bootstrap",
    "compare",
    "confusion_matrix",
    "f1_score",
    "mean_squared_error",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "recall_score",
]
