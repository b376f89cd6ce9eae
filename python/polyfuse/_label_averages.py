"""Scores of one label against the rest, and their averages over labels, rows or pairs."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from . import _labels, _parameters, _ranked
from ._curves import auc, precision_recall_points, roc_points
from ._labels import Array
from .exceptions import UndefinedMetricWarning, shared, warn

# -- one label against the rest ------------------------------------------------------------------


class Positives(NamedTuple):
    """Which rows are positive: those whose label is `positive`; and whether there are others."""

    labels: Array
    positive: int
    both: bool


# Of marks, scores and weights.
Score = Callable[[Positives, Any, Any], float]


def _marks(y: Array, pos_label: Any = None) -> Positives:
    """Positives of the column of an indicator matrix."""
    truth = _ranked.read_truth(y)
    if len(truth.classes) != 2 and pos_label is None:
        return Positives(truth.values, 1, False)
    pos_label = _ranked.check_binary(truth, pos_label)
    return Positives(*_ranked.mark(truth, pos_label), len(truth.classes) == 2)


def area(marks: Positives, y_score: Any, weight: Any, max_fpr: float | None = None) -> float:
    """The area under the ROC curve, of finite scores."""
    if not marks.both:
        warn(
            "Only one class is present in y_true. ROC AUC score is not defined in that case.",
            shared(UndefinedMetricWarning),
        )
        return math.nan
    rows = _ranked.binary(marks.labels, marks.positive, y_score, weight, finite=True)
    whole = max_fpr is None or max_fpr == 1
    if whole and rows.counts:
        right, wrong, pairs, _ = rows.sums()
        # Beyond, products of weights overflow, or lose digits; the curve is made of quotients.
        if 1e-250 < right * wrong < 1e300:
            return pairs / (2 * right * wrong)
    fpr, tpr, _ = roc_points(rows.curve(), drop_intermediate=True)
    if whole or max_fpr is None:
        return auc(fpr, tpr)
    stop = int(np.searchsorted(fpr, max_fpr, "right"))
    last = np.interp(max_fpr, [fpr[stop - 1], fpr[stop]], [tpr[stop - 1], tpr[stop]])
    part = auc(np.append(fpr[:stop], max_fpr), np.append(tpr[:stop], last))
    # McClish (Medical Decision Making 9, 1989): 0.5 for no skill, 1 for the most.
    least, most = 0.5 * max_fpr**2, max_fpr
    return 0.5 * (1 + (part - least) / (most - least))


def precision_sum(marks: Positives, y_score: Any, weight: Any) -> float:
    """The average precision."""
    rows = _ranked.binary(marks.labels, marks.positive, y_score, weight)
    if rows.counts:
        right, _, _, precisions = rows.sums()
        if right:
            return precisions / right
    precision, recall, _ = precision_recall_points(rows.curve(), drop_intermediate=False)
    return float(max(0.0, -np.sum(np.diff(recall) * precision[:-1])))


# -- averages ------------------------------------------------------------------------------------


def _mean(scores: Array, weights: Array | None) -> float:
    if weights is not None:
        scores[weights == 0] = 0
    return float(np.average(scores, weights=weights))


def average_columns(
    score: Score, t: Array, s: Array, average: str | None, weight: Array | None,
    pos_label: int | None = None,
) -> float | Array:  # fmt: skip
    """The score of the columns, or rows, of an indicator matrix, averaged."""
    _labels.check_consistent_length(t, s, weight)
    t, s = _parameters.check_matrix(t, numeric=True), _parameters.check_matrix(s, numeric=True)
    if s.ndim == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array instead:\narray={s}.\nReshape your data either using "
            "array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
            "contains a single sample."
        )
    average_weight = None
    if average == "micro":
        weight = None if weight is None else np.repeat(weight, t.shape[1])
        t, s = t.reshape(-1), s.reshape(-1)
    elif average == "weighted":
        average_weight = (t if weight is None else t * weight[:, None]).sum(axis=0)
        if np.isclose(average_weight.sum(), 0):
            return 0
    elif average == "samples":
        average_weight, weight = weight, None
        t, s = t.T, s.T
    t, s = t.reshape(len(t), -1), s.reshape(len(s), -1)
    scores = np.zeros(s.shape[1])
    for c in range(len(scores)):
        marks = _marks(np.ascontiguousarray(t[:, c]), pos_label)
        scores[c] = score(marks, np.ascontiguousarray(s[:, c]), weight)
    return scores if average is None else _mean(scores, average_weight)


def average_classes(
    score: Score, codes: Array, s: Array, average: str | None, weight: Array | None
) -> float | Array:
    """The score of each class against the rest, averaged."""
    n_classes = s.shape[1]
    if average in ("micro", "samples"):
        one_hot = codes[:, None] == np.arange(n_classes)
        return average_columns(score, one_hot.astype(np.int8), s, average, weight, 1)
    _labels.check_consistent_length(codes, s, weight)
    counts = np.bincount(codes, minlength=n_classes)
    average_weight = None
    if average == "weighted":
        average_weight = counts if weight is None else np.bincount(codes, weight, n_classes)
        if np.isclose(average_weight.sum(), 0):
            return 0
    scores = np.zeros(n_classes)
    for c in range(n_classes):
        marks = Positives(codes, c, 0 < counts[c] < len(codes))
        scores[c] = score(marks, np.ascontiguousarray(s[:, c]), weight)
    return scores if average is None else _mean(scores, average_weight)


def average_pairs(codes: Array, s: Array, average: str | None) -> float:
    """The area of each class against each other one, averaged (Hand and Till, 2001)."""
    counts = np.bincount(codes)
    order = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    scores, shares = [], []
    for a, b in combinations(counts.nonzero()[0].tolist(), 2):
        rows = np.concatenate((order[a], order[b]))
        first = np.zeros(len(rows), np.int8)
        first[: counts[a]] = 1
        marks = [Positives(first, positive, True) for positive in (1, 0)]
        each = [area(m, s[rows, c], None) for m, c in zip(marks, (a, b), strict=True)]
        scores.append((each[0] + each[1]) / 2)
        shares.append(len(rows) / len(codes))
    mean = np.average(scores, weights=shares if average == "weighted" else None)
    return mean
