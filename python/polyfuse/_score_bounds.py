"""ROC AUC and average precision of rows in bins, and the intervals they are certain to be in.

All functions take the number, or weight, of negative and positive rows of each bin, from the
greatest scores on; `ties` says in which bins all scores are equal. Nothing is a difference of
sums, which would leave no digits of small weights behind great ones.
"""

from __future__ import annotations

import math

import numpy as np

from ._labels import Array

# The score with ties in a bin, at least, at most.
Bounds = tuple[float, float, float]


def areas(negative: Array, positive: Array, ties: Array, *, weighted: bool) -> Bounds:
    (q,), (p,) = _scaled(negative), _scaled(positive)
    inside = q * p
    sure = float((q * _before(p)).sum() + inside[ties].sum() / 2)
    unsure = float(inside[~ties].sum())
    pairs = float(p.sum() * q.sum())
    n_roundings = len(q) if weighted else 0  # numbers of pairs are exact
    return _bounds(sure + unsure / 2, sure, sure + unsure, pairs, n_roundings)


def precisions(negative: Array, positive: Array, ties: Array, *, weighted: bool) -> Bounds:
    q, p = _scaled(negative, positive) if weighted else (negative * 1.0, positive * 1.0)
    half = 0.0 if weighted else 0.5
    found = p != 0
    tp_before, fp_before, fp = (x[found] for x in (_before(p), _before(q), np.cumsum(q)))
    p, ties = p[found], ties[found]
    tp = tp_before + p
    tied = p * (tp / (tp + fp))
    most = np.where(ties, tied, p * (tp / (tp + fp_before)))
    # A convex function's mean over an interval of 1 is above its value in the middle, so that a sum
    # of 1 / (a + i) is below the logarithm.
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.where(fp > 0, fp * np.log1p(p / (tp_before + fp + half)), 0.0)
    # Little may be left of p: less than the logarithm is wrong by.
    least = np.where(ties, tied, np.maximum(p - lost * (1 + 2.0**-50), 0.0))
    total = float(p.sum())
    return _bounds(float(tied.sum()), float(least.sum()), float(most.sum()), total, len(p))


def _bounds(tied: float, least: float, most: float, total: float, n_roundings: int) -> Bounds:
    score, low, high = tied / total, least / total, most / total
    if least == most or n_roundings == 0:
        return score, low, high
    room = (4 + math.sqrt(n_roundings)) * 2.0**-52
    return score, min(score, low * (1 - room)), max(score, min(high * (1 + room), 1.0))


def _scaled(*numbers: Array) -> list[Array]:
    """All times one power of two, up to 1: products do not overflow, nor vanish altogether."""
    exponent = math.frexp(max(float(x.max()) for x in numbers))[1]
    return [np.ldexp(x.astype(np.float64), -exponent) for x in numbers]


def _before(x: Array) -> Array:
    return np.concatenate(([0.0], np.cumsum(x[:-1])))
