"""Scores of labels from their sums: divided, warned about, averaged.

A column of numbers, one per label, is a list where labels are `FEW`, else an array: ten calls of
NumPy cost more than a count of 32 rows does.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ._labels import Array
from .exceptions import UndefinedMetricWarning, shared, warn

Column = Any  # list[float] | Array

FEW = 32

# What there is none of where a metric is undefined.
MISSING = {
    "precision": "predicted",
    "recall": "true",
    "f-score": "true nor predicted",
    "jaccard": "true or predicted",
}


class Sums(NamedTuple):
    """Number, or weight, of rows of each label: rightly predicted, predicted, true."""

    right: Column
    predicted: Column
    true: Column


def columns(sums: Array) -> Sums:
    """The (3, k) sums, as lists if they are few."""
    return Sums(*(sums.tolist() if 0 < sums.shape[1] < FEW else sums))


def array(column: Column) -> Array:
    return np.asarray(column)


def add_up(column: Column) -> Any:
    """The sum, a list's in the order and with the bits of NumPy's, which adds up in eight lanes.

    Python's own has compensated since 3.12.
    """
    if not isinstance(column, list):
        return column.sum().item()
    whole, total = len(column) // 8 * 8, 0
    if whole:
        lanes = column[:8]
        for at in range(8, whole, 8):
            lanes = [a + b for a, b in zip(lanes, column[at : at + 8], strict=True)]
        a, b, c, d, e, f, g, h = lanes
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for number in column[whole:]:
        total += number
    return total


def total(sums: Sums) -> Sums:
    """The sums over all labels, as columns of one."""
    return Sums([add_up(sums.right)], [add_up(sums.predicted)], [add_up(sums.true)])


def divide(numerator: Column, denominator: Column, zero_division: Any) -> tuple[Column, bool]:
    """The quotients, `zero_division` where the denominator is 0, and if there is such a place."""
    value = 0.0 if zero_division == "warn" else float(zero_division)
    if isinstance(numerator, list):
        found = [n / d if d else value for n, d in zip(numerator, denominator, strict=True)]
        return found, 0 in denominator
    if denominator.all():
        return numerator / denominator, False
    zero = denominator == 0
    return np.where(zero, value, numerator / np.where(zero, 1, denominator)), True


def metric_of(metric: str, sums: Sums, beta: float, zero_division: Any) -> tuple[Column, bool]:
    """Precision, recall, F-score or Jaccard index of each label, and if one is undefined."""
    right, predicted, true = sums
    if metric == "f-score" and (beta == 0 or beta == math.inf):
        metric = "recall" if beta else "precision"
    if metric == "precision":
        return divide(right, predicted, zero_division)
    if metric == "recall":
        return divide(right, true, zero_division)
    few = isinstance(right, list)
    if metric == "jaccard":
        if few:
            either = [p - r + t for r, p, t in zip(*sums, strict=True)]
            return divide(right, either, zero_division)
        return divide(right, predicted - right + true, zero_division)
    beta2 = beta**2
    scale = 1 + beta2
    if few:
        found = [beta2 * t + p for p, t in zip(predicted, true, strict=True)]
        return divide([scale * r for r in right], found, zero_division)
    return divide(scale * right, beta2 * true + predicted, zero_division)


def mean(scores: Column, weights: Column | None) -> float:
    """Weighted mean of the scores that are not NaN; unweighted if their weights add up to 0."""
    if isinstance(scores, list):
        return _mean_of_few(scores, weights)
    known = ~np.isnan(scores)
    if not known.any():
        return math.nan
    if weights is None:
        return float(np.where(known, scores, 0.0).sum() / np.count_nonzero(known))
    scores, weights = scores[known], weights[known]
    whole = weights.sum(dtype=np.float64)
    if whole == 0.0:
        return float(scores.mean())
    return float((scores * weights).sum() / whole)


def _mean_of_few(scores: list[float], weights: Column | None) -> float:
    if weights is None:
        known = [s for s in scores if s == s]
        if len(known) < len(scores):
            scores = [s if s == s else 0.0 for s in scores]
        return add_up(scores) / len(known) if known else math.nan
    if not isinstance(weights, list):
        weights = weights.tolist()  # in float64, whatever they were
    pairs = [(s, w) for s, w in zip(scores, weights, strict=True) if s == s]
    if not pairs:
        return math.nan
    whole = add_up([w for _, w in pairs])
    if whole == 0.0:
        return _mean_of_few(scores, None)
    return float(add_up([s * w for s, w in pairs]) / whole)


def warn_undefined(metric: str, average: str | None, size: int, beta: float = 1.0) -> None:
    if metric == "f-score" and (beta == 0 or beta == math.inf):
        return  # the warning of precision, or recall, says it
    axis0, axis1 = ("label", "sample") if average == "samples" else ("sample", "label")
    place = "due to" if size == 1 else f"in {axis1}s with"
    message = (
        f"{metric.capitalize()} is ill-defined and being set to 0.0 {place} no {MISSING[metric]} "
        f"{axis0}s. Use `zero_division` parameter to control this behavior."
    )
    warn(message, shared(UndefinedMetricWarning))
