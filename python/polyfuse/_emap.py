"""EMAP: what an additive model would say in place of a fusion; see ``polyfuse.inspection``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import require_rows
from ._blocks import BlocksLike
from ._interchange import as_array
from ._modality_scores import RANKED, VOTES, ModalityScores, fuse_scores, require_scores, votes
from ._named_metrics import require_labels_for
from ._paired import PairedComparison, compare

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class EMAP:
    """The best additive approximation of a fusion.

    Attributes
    ----------
    modalities : tuple of str
    additive : bool
        Whether the fusion is additive by construction, so that the approximation is itself.
    scores : ndarray of shape (n_samples, n_outputs)
        Of the approximation, in units of the fused scores.
    predicted : ndarray of shape (n_samples,)
        Labels, or numbers, that they say.
    comparison : PairedComparison or None
        The model (`estimate_a`) against its approximation (`estimate_b`), where `y` was given:
        their `difference` is what interactions of modalities are worth.
    """

    modalities: tuple[str, ...]
    additive: bool
    scores: NDArray
    predicted: NDArray
    comparison: PairedComparison | None

    def __repr__(self) -> str:
        kind = "additive by construction" if self.additive else "an approximation"
        text = f"EMAP({len(self.scores)} rows of {', '.join(self.modalities)}; {kind}"
        if self.comparison is not None:
            text += f"; {self.comparison.metric} of the model less that of it: {self.comparison!r}"
        return f"{text})"


def emap(
    model: Any,
    blocks: BlocksLike | None = None,
    y: ArrayLike | None = None,
    *,
    metric: str | Callable[..., float] = "accuracy",
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> EMAP:
    """Empirical multimodally-additive projection: is there an interaction of modalities?

    EMAP_i = Σ_m E[f | x_m = x_im] - (M - 1) E[f], f being the fused scores, and the expectations
    those over modalities that are drawn apart from each other from the rows given. For two:
    mean_j f(a_i, b_j) + mean_j f(a_j, b_i) - mean_jk f(a_j, b_k). No sum of functions of one
    modality each is closer to f over all pairs of rows. A model that is no better than its EMAP
    owes nothing to interactions.

    All rules are evaluated exactly: additive ones are their own projection; products and geometric
    means are products of means; maximum, minimum and median follow from distribution functions, in
    O(M² N log MN) per output. That a modality is missing counts as one of the things it can say,
    which takes all patterns of what the others say: 2^(M - 1) such evaluations.

    Parameters
    ----------
    model : fitted FusionClassifier, or ModalityScores
        With fusion="concatenate", or level="late" and any fusion.
    blocks : dict, list or Blocks of array-like, each of shape (n_samples, n_features_i)
    y : array-like of shape (n_samples,), optional
        True labels, to compare the model with its projection.
    metric : str or callable, default="accuracy"
        As for :func:`polyfuse.metrics.compare`; for numbers, a function such as
        ``metrics.r2_score``.
    n_resamples, confidence_level, random_state
        As for :func:`polyfuse.metrics.compare`.

    Returns
    -------
    EMAP

    Raises
    ------
    TypeError
        If `model` is neither, or `blocks` do not go with it.
    ValueError
        If one model sees all modalities mixed (an early fold), the blocks are not those of the
        model, `y` has another length, or weights of some of the modalities add up to zero where
        they are divided by.

    Notes
    -----
    For the product of projections, :func:`polyfuse.fusion.low_rank`, pass ``ModalityScores(z,
    rule="product")`` of the projections z_m; a linear model on top of it commutes with EMAP.

    References
    ----------
    J. Hessel and L. Lee, "Does my multimodal model learn cross-modal interactions? It's harder to
    tell than you might think!", EMNLP 2020. For more than two modalities, the terms of first
    order of the functional ANOVA: W. Hoeffding, Annals of Mathematical Statistics 19 (1948).

    Examples
    --------
    >>> from polyfuse.inspection import ModalityScores, emap
    >>> signs = ModalityScores(  # XOR: all there is to know is in the interaction
    ...     {"a": [[1.0], [1.0], [-1.0], [-1.0]], "b": [[1.0], [-1.0], [1.0], [-1.0]]},
    ...     rule="product", classes=["same", "differs"],
    ... )
    >>> emap(signs).scores.ravel().tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    scores = require_scores(model, blocks)
    additive = _is_additive(scores)
    fused = scores.fused()
    projected = fused if additive else _projection(scores)
    predicted = scores.decide(projected)
    comparison = None
    if y is not None:
        labels = as_array(y, "y")
        require_rows(scores.shape[0], labels)
        require_labels_for(metric, labels, "emap")
        comparison = compare(
            labels, scores.decide(fused), predicted, metric, n_resamples=n_resamples,
            confidence_level=confidence_level, random_state=random_state,
        )  # fmt: skip
    return EMAP(scores.names, additive, projected, predicted, comparison)


def _heard(scores: ModalityScores) -> list[int]:
    """The modalities that the fusion depends on."""
    return np.flatnonzero(scores.weights).tolist()


def _is_additive(scores: ModalityScores) -> bool:
    heard = _heard(scores)
    if len(heard) < 2:
        return True
    masks = [scores.masks[m] for m in heard]
    absent = [mask is not None and not mask.all() for mask in masks]
    if scores.rule in ("mean", "weighted_mean") or (scores.rule == "median" and len(heard) == 2):
        return not any(absent)
    adds = scores.rule in ("sum", "weighted_sum", *VOTES, *RANKED)
    # Absence of all is an interaction where the prior is more than the empty sum.
    return adds and not (all(absent) and scores.prior.any())


class _Fusion(NamedTuple):
    """Parts of the scores where they are, how often they are, and how they are fused."""

    parts: list[_Array]
    rates: list[float]
    weights: _Array
    rule: str
    prior: _Array

    def patterns(self, m: int) -> Iterator[tuple[float, list[int]]]:
        """Which of the modalities but `m` are there together, and how likely that is."""
        others = [s for s in range(len(self.parts)) if s != m]
        for there in product(*([True, False] for _ in others)):
            rates = [self.rates[s] for s in others]
            chance = float(
                np.prod([r if t else 1.0 - r for r, t in zip(rates, there, strict=True)])
            )
            if chance > 0.0:
                yield chance, [s for s, t in zip(others, there, strict=True) if t]

    def given(self, m: int) -> _Array:
        """Means of the fused scores given what `m` says, over what the `others` might."""
        total = np.zeros_like(self.parts[m])
        for chance, others in self.patterns(m):
            total += chance * self.mean_over(m, others)
        return total

    def without(self, m: int) -> _Array:
        """The mean of the fused scores given that `m` is missing."""
        total = np.zeros_like(self.prior)
        for chance, others in self.patterns(m):
            there = self.mean_over(others[0], others[1:]).mean(axis=0) if others else self.prior
            total += chance * there
        return total

    def mean_over(self, m: int, others: list[int]) -> _Array:
        """Means of m's rows fused with rows of the `others`, these and no more being there."""
        own, parts, together = self.parts[m], [self.parts[s] for s in others], [m, *others]
        if self.rule in _RANKS:
            return _mean_order_statistic(own, parts, _RANKS[self.rule](len(together)))
        if self.rule == "product":
            return np.asarray(own * np.prod([x.mean(axis=0) for x in parts], axis=0))
        total = 1.0 if self.rule == "sum" else self.weights[together].sum()
        if total == 0.0:
            raise ValueError(
                f"weights must not add up to zero for modalities that are there together; got "
                f"{self.weights[together].tolist()}."
            )
        w, *ws = self.weights[together] / total
        if self.rule == "geometric_mean":
            with np.errstate(invalid="ignore"):  # NaN below zero, as the fusion itself
                means = [(x**v).mean(axis=0) for x, v in zip(parts, ws, strict=True)]
                return np.asarray(own**w * np.prod(means, axis=0))
        return np.asarray(w * own + sum(v * x.mean(axis=0) for x, v in zip(parts, ws, strict=True)))


_RANKS: dict[str, Callable[[int], list[int]]] = {
    "maximum": lambda k: [k],
    "minimum": lambda k: [1],
    "median": lambda k: sorted({(k + 1) // 2, k // 2 + 1}),
}
"""Of how many values, which in ascending order the rule takes the mean of."""

_WEIGHTED = dict.fromkeys(("weighted_sum", *VOTES, *RANKED), "sum") | {"weighted_mean": "mean"}
"""What rules are of weighted parts, of what each says alone."""


def _projection(scores: ModalityScores) -> _Array:
    heard, (n, width) = _heard(scores), scores.shape
    parts, masks = [scores.parts[m] for m in heard], [scores.masks[m] for m in heard]
    rule = scores.rule
    if rule in VOTES:
        parts = [votes(x) for x in parts]
    elif rule in RANKED:
        parts = [fuse_scores([x], rule, np.ones(1), [None]) for x in parts]
    there = [np.ones(n, bool) if mask is None else mask for mask in masks]
    fusion = _Fusion(
        [np.asarray(x[rows], np.float64) for x, rows in zip(parts, there, strict=True)],
        [float(rows.mean()) for rows in there],
        scores.weights[heard],
        _WEIGHTED.get(rule, rule),
        np.asarray(scores.prior, np.float64),
    )
    total, grand = np.zeros((n, width)), np.zeros(width)
    for m, rows in enumerate(there):
        main = np.empty((n, width))
        main[rows] = fusion.given(m)
        if not rows.all():
            main[~rows] = fusion.without(m)
        total += main
        grand = main.mean(axis=0)  # of all the same, but for rounding
    return total - (len(heard) - 1) * grand + scores.intercept


def _mean_order_statistic(own: _Array, others: list[_Array], ranks: list[int]) -> _Array:
    """Means over rows of the `others` of the rank-th least of them and of each of our own rows.

    x among others is clamped between the (k-1)-th and the k-th of these, L and U, so its mean is
    x + E[(L - x)+] - E[(x - U)+], of which sums over sorted values tell.
    """
    if not others:
        return own
    out = np.empty_like(own)
    for c in range(own.shape[1]):
        x, values = own[:, c], [np.sort(other[:, c]) for other in others]
        z = values[0] if len(values) == 1 else np.sort(np.concatenate(values))
        chances = _chances_of_ranks(z, values)
        place = np.searchsorted(z, x, side="right")
        out[:, c] = x
        for k in ranks:
            if k > 1:
                above = chances[k - 2]
                mass, moment = _sums(above[::-1]), _sums((above * z)[::-1])
                out[:, c] += (moment[::-1][place] - x * mass[::-1][place]) / len(ranks)
            if k <= len(others):
                below = chances[k - 1]
                mass, moment = _sums(below), _sums(below * z)
                out[:, c] -= (x * mass[place] - moment[place]) / len(ranks)
    return out


def _chances_of_ranks(z: _Array, values: list[_Array]) -> list[_Array]:
    """Chances that the k-th least of one draw from each is z, for k = 1, 2, ..."""
    counts = [np.ones_like(z)]  # chances of how many are at most z
    for own in values:
        at_most = np.searchsorted(own, z, side="right") / len(own)
        none = np.zeros_like(z)
        fewer, more = [*counts, none], [none, *counts]
        counts = [a * (1.0 - at_most) + b * at_most for a, b in zip(fewer, more, strict=True)]
    tails = np.cumsum(counts[:0:-1], axis=0)[::-1]
    return list(np.diff(tails, axis=1, prepend=0.0))


def _sums(x: _Array) -> _Array:
    """Sums of the first 0, 1, ... values."""
    sums: _Array = np.concatenate(([0.0], np.cumsum(x)))
    return sums
