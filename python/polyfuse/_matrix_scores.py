"""Scores of confusion matrices, any number of them at once: formulas, and nothing else.

A `Table` holds counts of cells, pairs of a true and a predicted label; its leading axes are those
of the answer. What the formulas need of it are the sums of each label, so cells that never occur
are left out of it, and a matrix of a million cells costs what its filled cells cost. There are no
checks and no warnings here: what is undefined is `zero`, or NaN.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import _averages

Array = NDArray[Any]
LabelScore = Literal["precision", "recall", "f-score", "jaccard"]


class Table:
    """Counts of cells: `counts[..., c]` rows are truly `true[c]` and predicted as `pred[c]`.

    Labels are codes in 0..size-1; a cell may be listed more than once. Counts may be weights.
    """

    def __init__(self, true: Array, pred: Array, counts: Array, size: int) -> None:
        self.codes_true, self.codes_pred, self.counts, self.size = true, pred, counts, size

    @classmethod
    def of_matrix(cls, matrix: Array) -> Table:
        """The table of matrices of shape (..., k, k), true labels along the rows."""
        k = matrix.shape[-1]
        true, pred = np.divmod(np.arange(k * k), k)
        return cls(true, pred, matrix.reshape(*matrix.shape[:-2], k * k), k)

    def among(self, places: Array) -> Table:
        """The cells of some labels, whose codes are now their places among `places`."""
        to = np.full(self.size + 1, -1)
        to[places] = np.arange(len(places))
        true, pred = to[self.codes_true], to[self.codes_pred]
        kept = (true >= 0) & (pred >= 0)
        return Table(true[kept], pred[kept], self.counts[..., kept], len(places))

    @cached_property
    def right(self) -> Array:
        """Rows of each label rightly predicted, shape (..., size)."""
        on = np.flatnonzero(self.codes_true == self.codes_pred)
        return _sums(self.codes_true[on], self.counts[..., on], self.size)

    @cached_property
    def predicted(self) -> Array:
        return _sums(self.codes_pred, self.counts, self.size)

    @cached_property
    def true(self) -> Array:
        return _sums(self.codes_true, self.counts, self.size)

    @cached_property
    def total(self) -> Array:
        total: Array = self.counts.sum(axis=-1)
        return total


def _sums(codes: Array, counts: Array, size: int) -> Array:
    """Sums of the last axis of `counts` by code."""
    out = np.zeros((*counts.shape[:-1], size), counts.dtype)
    if len(codes):
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        out[..., ordered[starts]] = np.add.reduceat(counts[..., order], starts, axis=-1)
    return out


def divide(numerator: Array, denominator: Array, zero: float) -> Array:
    """The quotients, and `zero` where the denominator is 0."""
    quotients: Array = _averages.divide(numerator, denominator, zero)[0]
    return quotients


def mean(scores: Array, weights: Array | None = None) -> Array:
    """Weighted mean along the last axis of what is not NaN; unweighted if its weights add up to 0.

    NaN if there is nothing but NaN.
    """
    if weights is None and scores.shape[-1] == 1:
        found: Array = scores[..., 0]
        return found
    unknown = np.isnan(scores)
    if weights is None and scores.shape[-1] and not unknown.any():
        found = np.add.reduce(scores, axis=-1) / scores.shape[-1]
        return found
    scores = np.where(unknown, 0.0, scores)
    plain = divide(scores.sum(axis=-1), np.count_nonzero(~unknown, axis=-1), math.nan)
    if weights is None:
        return plain
    weights = np.where(unknown, 0, weights)
    total = weights.sum(axis=-1, dtype=np.float64)
    weighted = divide((scores * weights).sum(axis=-1), total, math.nan)
    return np.where(total == 0.0, plain, weighted)


def average_score(
    table: Table, score: LabelScore, average: str, *, beta: float = 1.0, zero: float = 0.0,
    places: Array | None = None,
) -> Array:  # fmt: skip
    """The mean over labels of their scores, or their score together ("micro").

    `places` are the labels to score, a number past the last standing for one that no row has. If
    that is None, labels that do not occur in a table have no part in its mean.
    """
    sums = [table.right, table.predicted, table.true]
    if places is not None:
        sums = [np.concatenate((x, 0 * x[..., :1]), axis=-1)[..., places] for x in sums]
    if average == "micro":
        sums = [x.sum(axis=-1, keepdims=True) for x in sums]
    _, predicted, true = sums
    scores: Array = _averages.metric_of(score, _averages.Sums(*sums), beta, zero)[0]
    if places is None and average != "micro":
        scores = np.where((predicted == 0) & (true == 0), math.nan, scores)
    return mean(scores, true if average == "weighted" else None)


def accuracy(table: Table) -> Array:
    """Fraction of the rows predicted exactly."""
    return divide(table.right.sum(axis=-1), table.total, math.nan)


def balanced_accuracy(table: Table, adjusted: bool = False) -> Array:
    """Mean recall of the labels that rows have; adjusted, 0 is what chance gets, and 1 the best.

    References
    ----------
    K. H. Brodersen, C. S. Ong, K. E. Stephan and J. M. Buhmann, "The balanced accuracy and its
    posterior distribution", ICPR 2010, 3121-3124.
    """
    score = mean(divide(table.right, table.true, math.nan))
    if not adjusted:
        return score
    chance = divide(np.ones(()), np.count_nonzero(table.true, axis=-1), math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):  # minus infinity where chance is all
        above: Array = (score - chance) / (1 - chance)
    return above


def matthews(table: Table) -> Array:
    """Correlation of true and predicted labels; 0 where one of them does not vary.

    References
    ----------
    J. Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient",
    Computational Biology and Chemistry 28 (2004), 367-374.
    """
    true, predicted = table.true.astype(np.float64), table.predicted.astype(np.float64)
    n = predicted.sum(axis=-1)
    both = table.right.sum(axis=-1) * n - (true * predicted).sum(axis=-1)
    spread = (n**2 - (predicted**2).sum(axis=-1)) * (n**2 - (true**2).sum(axis=-1))
    return divide(both, np.sqrt(spread), 0.0)


def kappa(
    table: Table, weights: Literal["linear", "quadratic"] | None = None,
    undefined: float = math.nan, places: Array | None = None,
) -> Array:  # fmt: skip
    """Agreement beyond what the frequencies of the labels explain, as a fraction of what could be.

    One less observed over expected disagreement, where a disagreement of labels i and j counts 1,
    abs(i - j) or (i - j)**2. `places` are the labels to look at, in their order.

    References
    ----------
    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960), 37-46; J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968).
    """
    table = table if places is None else table.among(places)
    true, predicted = table.true.astype(np.float64), table.predicted.astype(np.float64)
    n = predicted.sum(axis=-1)
    if weights is None:
        observed = n - table.right.sum(axis=-1)
        expected = n**2 - (true * predicted).sum(axis=-1)
    else:
        power = 1 if weights == "linear" else 2
        apart = np.abs(table.codes_true - table.codes_pred).astype(np.float64) ** power
        observed = (table.counts * apart).sum(axis=-1)
        place = np.arange(table.size, dtype=np.float64)
        if power == 1:
            # The mean of abs(i - j) is a sum over the thresholds between two labels.
            up, down = true.cumsum(axis=-1)[..., :-1], predicted.cumsum(axis=-1)[..., :-1]
            expected = (up * (n[..., None] - down) + down * (n[..., None] - up)).sum(axis=-1)
        else:
            first, second = (true * place).sum(axis=-1), (predicted * place).sum(axis=-1)
            squares = (true * place**2).sum(axis=-1) + (predicted * place**2).sum(axis=-1)
            expected = n * squares - 2 * first * second
    ratio = divide(observed * n, expected, math.nan)
    return np.where(np.isnan(ratio), undefined, 1 - ratio)
