"""Shapley values of modalities over all their coalitions; see ``polyfuse.inspection``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels, metrics
from ._arrays import one_of
from ._blocks import BlocksLike
from ._held_scores import (
    F64,
    fold_start,
    kernel_decides,
    kernel_rows,
    nothing_said,
    require_labels,
    require_level,
    require_truth,
    score_means,
)
from ._modality_scores import ModalityScores, require_scores
from ._named_metrics import as_metric, require_labels_for
from ._result_text import intervals, table

MOST = 16
Metric = Callable[[Any, Any], float]


@dataclass(frozen=True, eq=False, repr=False)
class ModalityShapley:
    """What each modality adds to a metric, shared out among them.

    Attributes
    ----------
    modalities : tuple of str
        Names of the modalities.
    values : ndarray of shape (n_modalities,), float64
        Shapley values, in units of the metric; they add up to `total` - `empty`.
    low, high : ndarray of shape (n_modalities,), float64
        Confidence intervals of the values; NaN for another metric than accuracy, or a single row.
    total, empty : float
        The metric of all modalities, and of none.
    coalitions : ndarray of shape (2**n_modalities,), float64
        The metric of each coalition: that of the modalities whose bits are set in its index.
    """

    modalities: tuple[str, ...]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    total: float
    empty: float
    coalitions: NDArray[np.float64]

    def __repr__(self) -> str:
        title = f"ModalityShapley: {self.empty:.3f} of no modality, {self.total:.3f} of all"
        return table(title, self.modalities, intervals(self.values, self.low, self.high, "+"))


def modality_shapley(
    model: Any,
    blocks: BlocksLike | None = None,
    y: ArrayLike | None = None,
    *,
    metric: str | Metric = "accuracy",
    baseline: str = "mean",
    confidence_level: float = 0.95,
) -> ModalityShapley:
    """Shapley value of each modality for a metric of the decisions: SHAPE, exact.

    phi_m = Σ_S |S|! (M - |S| - 1)! / M! (V(S + m) - V(S)), over the coalitions S of the other
    modalities, V(S) being the metric when all modalities outside S are at their baseline. Nothing
    is trained or scored again: a coalition fuses the scores that each modality gave.

    Accuracy is a mean over rows, so its Shapley value is the mean of those of the rows: the
    intervals are normal, with the variance of these. Decisions are those of the sum, for a mean
    too, and of the sum of logarithms for a product: they may differ from `predict` where outputs
    are equal but for rounding.

    Parameters
    ----------
    model : fitted FusionClassifier, or ModalityScores
        With fusion="concatenate", or level="late" and any fusion; at most 16 modalities.
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Rows to judge, n_samples at least 1.
    y : array-like of shape (n_samples,)
        True labels, or whatever `metric` takes.
    metric : str or callable, default="accuracy"
        A name of :mod:`polyfuse.metrics` or of :func:`polyfuse.metrics.bootstrap`, or a function
        ``metric(y_true, y_pred) -> float`` of labels (or numbers, where the model predicts these).
        Another metric than accuracy is evaluated 2^M times.
    baseline : {"mean", "skip"}, default="mean"
        Modalities outside a coalition say their mean over the rows, in every row; or they are left
        out of the fusion.
    confidence_level : float, default=0.95
        Of the intervals, between 0 and 1.

    Returns
    -------
    ModalityShapley

    Raises
    ------
    TypeError
        If `model` is neither, `blocks` do not go with it, or `y` is missing.
    ValueError
        If there are more than 16 modalities, scores that are not finite, another number of labels,
        or no such metric or baseline.

    References
    ----------
    P. Hu, X. Li and Y. Zhou, "SHAPE: An Unified Approach to Evaluate the Contribution and
    Cooperation of Individual Modalities", IJCAI 2022, arXiv 2205.00302; L. Shapley, "A value for
    n-person games", 1953.

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> y = ["cat", "cat", "dog", "dog"]
    >>> model = pf.FusionClassifier().fit(blocks, y)
    >>> pf.inspection.modality_shapley(model, blocks, y).values
    array([0.5, 0. ])
    """
    one_of(baseline, "baseline", ("mean", "skip"))
    require_level(confidence_level)
    scores = require_scores(model, blocks)
    if len(scores) > MOST:
        raise ValueError(
            f"modality_shapley looks at all 2^M coalitions of at most {MOST} modalities; "
            f"got {len(scores)}."
        )
    if metric in ("accuracy", "accuracy_score") and scores.classes is not None:
        game = _accuracies(scores, y, baseline)
    else:
        game = _of_metric(scores, y, metric, baseline)
    half = NormalDist().inv_cdf(0.5 + confidence_level / 2) * game.errors
    return ModalityShapley(
        scores.names, game.values, game.values - half, game.values + half,
        float(game.coalitions[-1]), float(game.coalitions[0]), game.coalitions,
    )  # fmt: skip


class _Game(NamedTuple):
    coalitions: F64
    values: F64
    errors: F64


def _accuracies(scores: ModalityScores, y: Any, baseline: str) -> _Game:
    n, m = scores.shape[0], len(scores)
    truth = require_truth(scores, y, "modality_shapley")
    rows = kernel_rows(scores)
    means = score_means(scores, rows._replace(op="weighted_sum"))
    constant = baseline == "mean" and all(mask is None for mask in scores.masks)
    counts, shares = np.empty(1 << m, np.int64), np.empty((2, m))
    if kernel_decides(scores, constant=constant):
        _kernels.select().coalition_counts(
            rows, truth.codes, truth.low, means if baseline == "mean" else None,
            fold_start(scores), nothing_said(scores), counts, shares,
        )  # fmt: skip
    else:
        _count_coalitions(scores, truth.labels, baseline, counts, shares)
    values, squares = shares / n
    spread = np.maximum(squares - values**2, 0.0)
    errors = np.sqrt(spread / (n - 1)) if n > 1 else np.full(m, np.nan)
    return _Game(counts / n, values, errors)


def _count_coalitions(
    scores: ModalityScores, labels: NDArray, baseline: str, counts: NDArray, shares: F64
) -> None:
    """As the kernel, for any rule."""
    m = len(scores)
    per_row = np.zeros((scores.shape[0], m))
    for c, said in enumerate(_decisions(scores, baseline)):
        right = said == labels
        counts[c] = np.count_nonzero(right)
        per_row[right] += _weights(c, m)
    shares[0], shares[1] = per_row.sum(axis=0), (per_row**2).sum(axis=0)


def _of_metric(scores: ModalityScores, y: Any, name: str | Metric, baseline: str) -> _Game:
    m, metric = len(scores), _as_function(name)
    labels = require_labels(scores, y, "modality_shapley")
    require_labels_for(name, labels, "modality_shapley")
    score_means(scores, kernel_rows(scores)._replace(op="weighted_sum"))
    found = np.array([float(metric(labels, said)) for said in _decisions(scores, baseline)])
    values = sum(value * _weights(c, m) for c, value in enumerate(found))
    return _Game(found, np.asarray(values), np.full(m, np.nan))


def _decisions(scores: ModalityScores, baseline: str) -> Iterator[NDArray]:
    """What each coalition says."""
    names, silent = scores.names, scores.silenced(scores.names)
    for c in range(1 << len(names)):
        inside = [bool(c >> b & 1) for b in range(len(names))]
        if baseline == "skip":
            yield scores.predict([name for name, own in zip(names, inside, strict=True) if own])
            continue
        chosen = [scores if own else silent for own in inside]
        yield scores.replaced(
            [source.parts[b] for b, source in enumerate(chosen)],
            [source.masks[b] for b, source in enumerate(chosen)],
        ).predict()


def _weights(c: int, m: int) -> F64:
    """How often the value of a coalition counts in the Shapley value of each modality."""
    size, ways = c.bit_count(), math.factorial(m)
    inside = math.factorial(size - 1) * math.factorial(m - size) / ways if size else 0.0
    outside = math.factorial(size) * math.factorial(m - size - 1) / ways if size < m else 0.0
    return np.array([inside if c >> b & 1 else -outside for b in range(m)])


def _as_function(metric: str | Metric) -> Metric:
    if isinstance(metric, str) and metric in metrics.__all__:
        found: Metric = getattr(metrics, metric)
        return found
    return as_metric(metric, "modality_shapley").call
