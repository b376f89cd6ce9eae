"""Metrics of collections, by the names of the functions of ``polyfuse.metrics``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import metrics
from .._arrays import one_of
from .._labels import as_array
from .._probability_sums import Held, hold, read_probabilities
from .._probability_targets import positive_of
from .._regression_sums import PIECE
from .._segments import Leaves, Rows
from ._graph import compute, merged, task
from ._metrics import arrays_of, confusion_counts, leaf_states, regression_sums, score_histogram
from ._partitions import delayed_parts

_OF_LABELS = (
    "accuracy_score", "balanced_accuracy_score", "class_likelihood_ratios", "cohen_kappa_score",
    "confusion_matrix", "f1_score", "fbeta_score", "hamming_loss", "jaccard_score",
    "matthews_corrcoef", "multilabel_confusion_matrix", "precision_recall_fscore_support",
    "precision_score", "recall_score", "zero_one_loss",
)  # fmt: skip
_OF_NUMBERS = (
    "explained_variance_score", "max_error", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_pinball_loss", "mean_squared_error", "r2_score",
    "root_mean_squared_error",
)  # fmt: skip
_OF_SCORES = {"average_precision_score": "average_precision", "roc_auc_score": "auc"}
_OF_PROBABILITIES = ("brier_score_loss", "log_loss")
METRICS = tuple(sorted((*_OF_LABELS, *_OF_NUMBERS, *_OF_SCORES, *_OF_PROBABILITIES)))


def score(metric: str, y_true: Any, y_pred: Any, sample_weight: Any = None, **options: Any) -> Any:
    """A metric of predictions, of states of their partitions that merge.

    Parameters
    ----------
    metric : str
        The name of a function of :mod:`polyfuse.metrics`: of labels, "accuracy_score",
        "balanced_accuracy_score", "class_likelihood_ratios", "cohen_kappa_score",
        "confusion_matrix", "f1_score", "fbeta_score", "hamming_loss", "jaccard_score",
        "matthews_corrcoef", "multilabel_confusion_matrix", "precision_recall_fscore_support",
        "precision_score", "recall_score", "zero_one_loss"; of numbers, "explained_variance_score",
        "max_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_pinball_loss",
        "mean_squared_error", "r2_score", "root_mean_squared_error"; of probabilities,
        "brier_score_loss", "log_loss"; of scores, "average_precision_score", "roc_auc_score".
    y_true, y_pred : Dask Array, Series or DataFrame, list of Delayed, or array-like
        As the function takes them. The partitions are those of `y_true`.
    sample_weight : the same of shape (n,), optional
    **options
        Other arguments of the function, as ``average="macro"``; of "roc_auc_score" and
        "average_precision_score" those of :class:`polyfuse.metrics.ScoreHistogram`, which is exact
        up to `exact_rows` rows and in the middle of a narrow interval beyond; "roc_auc_score"
        takes the greater of two labels as positive, unless `pos_label` is given.

    Returns
    -------
    score : float, or what the function returns
        The same bits whatever the partitions, on any number of workers. Up to ``2**20`` rows (of
        several outputs or classes, numbers) they are those of the function in memory, but of
        "average_precision_score", "explained_variance_score", "mean_pinball_loss" and "r2_score",
        and of labels and "roc_auc_score" with weights that are floats: these are the bits of
        ``ConfusionCounts``, ``RegressionSums`` and ``ScoreHistogram``, which add otherwise.
        There, and beyond, sums of floats may differ from the function in the last places. Scores
        of which one class is missing are NaN.

    Raises
    ------
    ValueError
        If there is no such metric here, or as the function does.

    Examples
    --------
    >>> import dask.array as da
    >>> from polyfuse.dask import score
    >>> y_true = da.from_array([0, 1, 1, 0], chunks=3)
    >>> round(score("f1_score", y_true, [0, 1, 0, 0], average="macro"), 4)
    0.7333
    """
    one_of(metric, "metric", METRICS)
    if metric in _OF_LABELS:
        function = getattr(metrics, metric)
        table = confusion_counts(y_true, y_pred, sample_weight).result()
        return table.score(function, **options)
    if metric in _OF_NUMBERS:
        return _of_numbers(metric, y_true, y_pred, sample_weight, **options)
    if metric in _OF_PROBABILITIES:
        return _of_probabilities(metric, y_true, y_pred, sample_weight, **options)
    if metric == "roc_auc_score" and "pos_label" not in options:
        options["pos_label"] = _greater_label(y_true)
    histogram = score_histogram(y_true, y_pred, sample_weight, **options)
    return getattr(histogram.result(), _OF_SCORES[metric])


def _greater_label(y_true: Any) -> Any:
    """The positive label of the function, which is told none."""
    labels = _labels_in(arrays_of(known=False, y_true=y_true)[0])
    if len(labels) > 2:
        raise ValueError(
            f"y_true must have two labels for 'roc_auc_score' of Dask collections; got {labels}."
        )
    return labels[-1].item() if len(labels) == 2 else 1


def _of_numbers(
    metric: str, y_true: Any, y_pred: Any, sample_weight: Any, *, alpha: float = 0.5,
    multioutput: Any = "uniform_average", force_finite: bool = True,
) -> Any:  # fmt: skip
    sums = regression_sums(y_true, y_pred, sample_weight)
    result = sums.result(multioutput, force_finite=force_finite)
    if metric == "mean_pinball_loss":
        return alpha * result.mean_shortfall + (1.0 - alpha) * result.mean_surplus
    return getattr(result, metric)


# -- probabilities --------------------------------------------------------------------------------


def _of_probabilities(
    metric: str, y_true: Any, y_proba: Any, sample_weight: Any, *, labels: Any = None,
    pos_label: Any = None, normalize: bool = True, scale_by_half: bool | str = "auto",
) -> float:  # fmt: skip
    arrays = arrays_of(y_true=y_true, y_proba=y_proba, sample_weight=sample_weight)
    if labels is None:
        labels = _labels_in(arrays[0])
    positive = None
    if metric == "brier_score_loss" and (arrays[1].ndim == 1 or arrays[1].shape[1] == 1):
        positive = positive_of(labels, pos_label)
    width = 2 if arrays[1].ndim == 1 else max(2, arrays[1].shape[1])
    leaves = Leaves(max(1, PIECE // width), partial(_held, labels, positive, width))
    held = _total(leaf_states(leaves, arrays))
    if metric == "log_loss":
        return held.mean(held.log) if normalize else held.log
    half = len(held.came_true) < 3 if isinstance(scale_by_half, str) else scale_by_half
    return 0.5 * held.mean(held.square) if half else held.mean(held.square)


def _labels_in(y_true: Any) -> NDArray:
    parts = [task(_distinct, part) for part in delayed_parts(y_true)]
    (found,) = compute([merged(parts, _distinct)])
    labels: NDArray = found
    return labels


def _distinct(*labels: NDArray) -> NDArray:
    return np.unique(np.concatenate([as_array(own, "y_true").ravel() for own in labels]))


def _held(labels: NDArray, positive: Any, width: int, rows: Rows) -> Held:
    y, p, *rest = rows
    weight = rest[0] if rest else None
    if weight is not None and not weight.any():
        return Held(0.0, 0.0, 0.0, np.zeros(width))
    if positive is not None:
        y, labels = np.asarray(y == positive).astype(np.int8), np.array([0, 1], np.int8)
    return hold(y, read_probabilities(p), weight, labels)


def _total(leaves: list[Held]) -> Held:
    total = leaves[0]
    for own in leaves[1:]:
        total = Held(
            total.log + own.log, total.square + own.square, total.weight + own.weight,
            total.came_true + own.came_true,
        )  # fmt: skip
    return total
