"""Metrics with scikit-learn's names, signatures and answers.

The classification metrics read their targets once: labels become codes, one kernel counts how
often each pair of codes meets (its stem is ``confusion``), and every score is arithmetic on that
small table. The same counts make confidence intervals and tests (`bootstrap`, `compare`), and are
counted in parts by `ConfusionCounts`. Losses of probabilities come from one sweep over them
(``probabilities``), ranking metrics sort the rows by their scores once (``ranking``), and metrics
of numbers are sums of one sweep over the errors (``regression``), in parts too: `RegressionSums`.
"""

from ._agreement import balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef
from ._bootstrap import Bootstrap, bootstrap
from ._classification import accuracy_score, confusion_matrix
from ._classification_report import classification_report
from ._confusion_counts import ConfusionCounts
from ._confusion_table import ConfusionTable
from ._curves import (
    auc,
    confusion_matrix_at_thresholds,
    det_curve,
    precision_recall_curve,
    roc_curve,
)
from ._deviances import (
    d2_tweedie_score,
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_tweedie_deviance,
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
from ._paired import PairedComparison, compare
from ._probabilities import brier_score_loss, d2_brier_score, d2_log_loss_score, log_loss
from ._quantile_errors import (
    d2_absolute_error_score,
    d2_pinball_score,
    mean_pinball_loss,
    median_absolute_error,
)
from ._ranking_scores import average_precision_score, roc_auc_score
from ._regression import (
    explained_variance_score,
    max_error,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)
from ._regression_sums import RegressionSummary, RegressionSums
from ._relative_errors import (
    mean_absolute_percentage_error,
    mean_squared_log_error,
    root_mean_squared_log_error,
)
from ._score_histogram import ScoreHistogram, ScoreSummary
from ._top_k import top_k_accuracy_score
from ._zero_one import hamming_loss, zero_one_loss

__all__ = [
    "Bootstrap",
    "ConfusionCounts",
    "ConfusionTable",
    "PairedComparison",
    "RegressionSummary",
    "RegressionSums",
    "ScoreHistogram",
    "ScoreSummary",
    "accuracy_score",
    "auc",
    "average_precision_score",
    "balanced_accuracy_score",
    "bootstrap",
    "brier_score_loss",
    "class_likelihood_ratios",
    "classification_report",
    "cohen_kappa_score",
    "compare",
    "confusion_matrix",
    "confusion_matrix_at_thresholds",
    "d2_absolute_error_score",
    "d2_brier_score",
    "d2_log_loss_score",
    "d2_pinball_score",
    "d2_tweedie_score",
    "det_curve",
    "explained_variance_score",
    "f1_score",
    "fbeta_score",
    "hamming_loss",
    "hinge_loss",
    "jaccard_score",
    "log_loss",
    "matthews_corrcoef",
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_gamma_deviance",
    "mean_pinball_loss",
    "mean_poisson_deviance",
    "mean_squared_error",
    "mean_squared_log_error",
    "mean_tweedie_deviance",
    "median_absolute_error",
    "multilabel_confusion_matrix",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "top_k_accuracy_score",
    "zero_one_loss",
]
