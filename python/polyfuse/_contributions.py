"""Shares of modalities in the decisions of a fusion that adds up; see ``polyfuse.inspection``."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._blocks import BlocksLike
from ._held_scores import F64, LOGARITHMIC, SUMS, kernel_rows, require_level, score_means
from ._modality_scores import ModalityScores, require_scores
from ._result_text import intervals, table


@dataclass(frozen=True, eq=False, repr=False)
class Contributions:
    """How much each modality moves the decision.

    Attributes
    ----------
    modalities : tuple of str
        Names of the modalities.
    per_row : ndarray of shape (n_samples, n_modalities), float64
        Mean over the outputs of |phi_m(x)|, in units of the scores (log-odds for an early
        fusion, probability for a late one, log-probability for products); 0 where a modality is
        missing.
    share : ndarray of shape (n_modalities,), float64
        Mean of `per_row` over the rows, scaled to add up to 1.
    low, high : ndarray of shape (n_modalities,), float64, or None
        Confidence interval of each share; NaN from a single row.
    """

    modalities: tuple[str, ...]
    per_row: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        title = f"Contributions: shares of the decisions in {len(self.per_row)} rows"
        return table(title, self.modalities, intervals(self.share, self.low, self.high))


def modality_contributions(
    model: Any, blocks: BlocksLike | None = None, *, confidence_level: float = 0.95
) -> Contributions:
    """Share of each modality in the decisions of an additive model.

    phi_m(x) = s_m(x_m) - mean over the rows of s_m, with s_m the modality's part of the scores
    (its weighted probabilities for a late fusion): the exact interventional Shapley value, the
    rows given being the background. A modality's share is the mean of |phi_m| over rows and
    outputs, divided by the sum over modalities; equal shares if no modality moves anything.

    A product, or a geometric mean, is a sum of logarithms: s_m = log of the scores then, and phi_m
    is in logarithms. Where a modality is missing its phi is 0, and its mean is that of the rows
    where it is there; a mean over the modalities that are there has as many parts as these are.

    A share tells how strongly the model listens to a modality, not whether it is right to. Its
    interval is normal, by the delta method: from the covariance of `per_row`, as if the mean of
    each part were known.

    Parameters
    ----------
    model : fitted FusionClassifier, or ModalityScores
        With fusion="concatenate", or level="late" and "sum", "mean", "weighted_sum",
        "weighted_mean", "product" or "geometric_mean".
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
        Rows to explain, n_samples at least 1.
    confidence_level : float, default=0.95
        Of the intervals, between 0 and 1.

    Returns
    -------
    Contributions

    Raises
    ------
    TypeError
        If `model` is neither, or `blocks` do not go with it.
    ValueError
        If the fusion is not additive, the blocks are not those of the model, or scores are not
        finite, or have no logarithm where one is needed.

    References
    ----------
    E. Strumbelj and I. Kononenko, "Explaining prediction models and individual predictions with
    feature contributions", Knowledge and Information Systems 41 (2014); S. Lundberg and S.-I. Lee,
    "A unified approach to interpreting model predictions", NeurIPS 2017 (linear models).

    Examples
    --------
    >>> import polyfuse as pf
    >>> blocks = {"image": [[0.0], [1.0], [2.0], [3.0]], "noise": [[1.0], [0.0], [0.0], [1.0]]}
    >>> model = pf.FusionClassifier().fit(blocks, ["cat", "cat", "dog", "dog"])
    >>> pf.inspection.modality_contributions(model, blocks).share.round(2)
    array([1., 0.])
    """
    require_level(confidence_level)
    scores = require_scores(model, blocks)
    additive = (*SUMS, *LOGARITHMIC)
    if scores.rule not in additive:
        raise ValueError(
            f"modality_contributions needs an additive model: fusion='concatenate', or "
            f"level='late' with one of {', '.join(map(repr, additive))}; "
            f"got fusion={scores.rule!r}."
        )
    rows = kernel_rows(scores)
    means = score_means(scores, rows)
    n, m = scores.shape[0], len(scores)
    per_row, totals, products = np.empty((n, m)), np.empty(m), np.empty((m, m))
    weights, row_scale = _scales(scores)
    _kernels.select().contributions(
        rows._replace(weights=weights), means, row_scale, per_row, totals, products
    )
    share = totals / totals.sum() if totals.any() else np.full(m, 1.0 / m)
    half = NormalDist().inv_cdf(0.5 + confidence_level / 2) * _errors(n, share, totals, products)
    low, high = np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)
    return Contributions(scores.names, per_row, share, low, high)


def _scales(scores: ModalityScores) -> tuple[F64, F64 | None]:
    """What parts are multiplied by: a number for each modality, and for each row or None."""
    weights = np.array(scores.weights, np.float64)
    if "mean" not in scores.rule:
        return weights, None
    if all(mask is None for mask in scores.masks):
        return weights / weights.sum(), None
    total = np.zeros(scores.shape[0])
    for weight, mask in zip(weights, scores.masks, strict=True):
        total += weight if mask is None else weight * mask
    scale: F64 = np.divide(1.0, np.abs(total), out=np.zeros_like(total), where=total != 0)
    return weights, scale


def _errors(n: int, share: F64, totals: F64, products: F64) -> F64:
    """Standard errors of ratios of means: of p_m - share_m * sum(p), whose mean is 0."""
    if n < 2:
        return np.full(len(share), np.nan)
    if not totals.any():
        return np.zeros(len(share))
    leading = np.eye(len(share)) - share[:, None]
    squares = np.einsum("ij,jk,ik->i", leading, products, leading) / (n - 1)
    errors: F64 = np.sqrt(np.maximum(squares, 0.0) / n) / (totals.sum() / n)
    return errors
