"""Late fusion: what becomes of a modality's scores before they are fused, and what they weigh.

All of it is learned from held-out scores: a temperature per modality, and weights that minimise
the log-loss of a pool of their opinions, both convex problems of a few numbers. Sums over rows are
NumPy's, not BLAS's, whose order depends on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._linear import softmax
from ._missing import Masks

Scores = NDArray[np.float64]

RESPONSES = ("probability", "score", "rank")
# Held-out rows that are told apart without an error would have a temperature of zero.
_COLDEST, _HOTTEST = 0.05, 20.0
_STEPS = 100


def two_sided(scores: NDArray) -> NDArray:
    """A score per class, also where two classes share one: those of its softmax."""
    if scores.shape[1] > 1:
        return scores
    half = 0.5 * scores
    return np.concatenate([-half, half], axis=1)


def responses(scores: NDArray, temperature: float, kind: str) -> NDArray:
    """What is fused: class probabilities, scores, or ranks of classes (1 for the lowest)."""
    cooled = two_sided(scores)
    if kind == "rank":
        ranks = np.empty(cooled.shape)
        _kernels.select().normalize_rows(np.ascontiguousarray(cooled), "rank", ranks)
        return ranks
    cooled = (cooled / temperature).astype(scores.dtype, copy=False)
    if kind == "score":
        return cooled
    # Never zero: a product of opposite certainties would leave no class at all.
    likely: NDArray = np.maximum(softmax(cooled), np.finfo(scores.dtype).tiny)
    return likely


def temperature_of(
    scores: NDArray, codes: NDArray[np.int64], weight: NDArray[np.float64] | None
) -> float:
    """The T that minimises the log-loss of softmax(scores / T), within [0.05, 20]; 1 for no rows.

    The loss is convex in 1 / T: Newton's method within a shrinking bracket.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks",
    ICML 2017.
    """
    if len(codes) == 0 or (weight is not None and not weight.any()):
        return 1.0
    s = two_sided(scores).astype(np.float64)
    s = s - s[np.arange(len(s)), codes][:, None]  # margins: the true class is at 0
    w = np.ones(len(s)) if weight is None else weight
    low, high, beta = 1.0 / _HOTTEST, 1.0 / _COLDEST, 1.0
    if _slopes(s, w, high)[0] <= 0.0:  # no error that a higher temperature would soften
        return _COLDEST
    if _slopes(s, w, low)[0] >= 0.0:
        return _HOTTEST
    for _ in range(_STEPS):
        slope, curvature = _slopes(s, w, beta)
        low, high = (low, beta) if slope > 0.0 else (beta, high)
        step = beta - slope / curvature if curvature > 0.0 else np.inf
        new = float(step if low < step < high else np.sqrt(low * high))
        if abs(new - beta) <= 1e-10 * beta:
            break
        beta = new
    return 1.0 / beta


def _slopes(s: Scores, w: Scores, beta: float) -> tuple[float, float]:
    """First and second derivative by beta of the log-loss of softmax(beta · margins)."""
    p = softmax(beta * s)
    mean = (p * s).sum(axis=1)
    return float((w * mean).sum()), float((w * ((p * s**2).sum(axis=1) - mean**2)).sum())


def learned_weights(
    parts: Sequence[NDArray], masks: Masks, codes: NDArray[np.int64],
    weight: NDArray[np.float64] | None, rule: str,
) -> NDArray[np.float64]:  # fmt: skip
    """Weights of modalities that minimise the log-loss of their pool, and add up to 1.

    Of a geometric mean: w ≥ 0 of softmax(Σ w_m log p_m), the logarithmic opinion pool. Of any
    other rule: those of Σ w_m p_m / Σ w_m, the linear one, over the modalities that are there. Both
    are convex where none is missing.

    Parameters
    ----------
    parts : list of ndarray of shape (n_samples, n_classes)
        Held-out class probabilities.
    masks, codes, weight
        Where modalities are there, true classes, and what rows weigh.

    References
    ----------
    C. Genest and J. Zidek, "Combining probability distributions: a critique and an annotated
    bibliography", Statistical Science 1 (1986), 114-135.
    """
    w = np.ones(len(codes)) if weight is None else weight
    if rule == "geometric_mean":
        found = _logarithmic_pool(parts, masks, codes, w)
    else:
        found = _linear_pool(parts, masks, codes, w)
    total = found.sum()
    return found / total if total > 0.0 else np.full(len(parts), 1.0 / len(parts))


def _linear_pool(
    parts: Sequence[NDArray], masks: Masks, codes: NDArray[np.int64], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expectation-maximisation of the weights of a mixture of the modalities that are there.

    For each time that one of these is drawn, others would have been as often as they weigh more: a
    truncated mixture (A. Dempster, N. Laird and D. Rubin, JRSS B 39, 1977, section 4.2). Rows of a
    single modality tell nothing.
    """
    row = np.arange(len(codes))
    there = np.stack([np.ones(len(codes), bool) if mask is None else mask for mask in masks])
    own = there * np.stack([x[row, codes].astype(np.float64) for x in parts])
    some = own.any(axis=0) & (w > 0.0) & (there.sum(axis=0) > 1)
    own, there, w = own[:, some], there[:, some], w[some]
    weights = np.full(len(parts), 1.0 / len(parts))
    for _ in range(10 * _STEPS):
        shares = weights[:, None] * own
        shares /= shares.sum(axis=0)
        if not there.all():
            shares += weights[:, None] * ~there / (weights[:, None] * there).sum(axis=0)
        new = (shares * w).sum(axis=1)
        new /= new.sum() or 1.0
        done = np.abs(new - weights).max() <= 1e-8
        weights = new
        if done:
            break
    return weights


def _logarithmic_pool(
    parts: Sequence[NDArray], masks: Masks, codes: NDArray[np.int64], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Newton steps on the weights above zero, from equal ones; a step ends where one gets there."""
    tiny = np.finfo(np.float64).tiny
    logs = [np.log(np.maximum(x.astype(np.float64), tiny)) for x in parts]
    logs = [x if m is None else x * m[:, None] for x, m in zip(logs, masks, strict=True)]
    margins = [x - x[np.arange(len(codes)), codes][:, None] for x in logs]
    weights = np.full(len(parts), 1.0 / len(parts))
    loss = _pool_loss(weights, margins, w)
    for _ in range(_STEPS):
        gradient, hessian = _pool_slopes(weights, margins, w)
        free = (weights > 0.0) | (gradient < 0.0)
        if not free.any() or np.abs(gradient[free]).max() <= 1e-9 * w.sum():
            break
        step = np.zeros_like(weights)
        ridge = 1e-10 * (1.0 + np.trace(hessian)) * np.eye(int(free.sum()))
        step[free] = -np.linalg.solve(hessian[np.ix_(free, free)] + ridge, gradient[free])
        step[(weights == 0.0) & (step < 0.0)] = 0.0
        moved = _search(weights, step, loss, margins, w)
        if moved is None:
            break
        weights, loss = moved
    return weights


def _search(
    weights: Scores, step: Scores, loss: float, margins: list[Scores], w: Scores
) -> tuple[Scores, float] | None:
    """Weights along a step, not below zero, of a smaller loss; None if there are none."""
    falling = step < 0.0
    rate = 1.0
    if falling.any():
        rate = min(1.0, float((weights[falling] / -step[falling]).min()))
    while rate > 1e-12:
        new = weights + rate * step
        new[new < 1e-15] = 0.0
        new_loss = _pool_loss(new, margins, w)
        if new_loss < loss:
            return new, new_loss
        rate *= 0.5
    return None


def _pool_loss(weights: Scores, margins: list[Scores], w: Scores) -> float:
    total = sum(own * x for own, x in zip(weights, margins, strict=True))
    highest = np.max(total, axis=1)
    return float((w * (highest + np.log(np.exp(total - highest[:, None]).sum(axis=1)))).sum())


def _pool_slopes(weights: Scores, margins: list[Scores], w: Scores) -> tuple[Scores, Scores]:
    p = softmax(np.asarray(sum(own * x for own, x in zip(weights, margins, strict=True))))
    means = np.stack([(p * x).sum(axis=1) for x in margins])
    hessian = np.empty((len(margins), len(margins)))
    for i, x in enumerate(margins):
        for j, y in enumerate(margins[: i + 1]):
            own = (p * x * y).sum(axis=1) - means[i] * means[j]
            hessian[i, j] = hessian[j, i] = (w * own).sum()
    return (means * w).sum(axis=1), hessian


def convex_weights(
    parts: Sequence[NDArray], y: NDArray[np.float64], w: NDArray[np.float64], masks: Masks
) -> NDArray[np.float64]:
    """Weights ≥ 0 that add up to 1 and minimise the squared error of Σ w_m f_m, by active sets.

    Rows without some modality are passed over, unless all are such: then each part's mean stands.

    References
    ----------
    L. Breiman, "Stacked regressions", Machine Learning 24 (1996), 49-64.
    """
    whole = np.logical_and.reduce([np.ones(len(y), bool) if m is None else m for m in masks])
    chosen = whole if whole.any() else np.ones(len(y), bool)
    x = np.stack([_filled(p, m)[chosen] for p, m in zip(parts, masks, strict=True)], axis=1)
    x, target, w = x.reshape(len(x), len(parts), -1), y[chosen].reshape(len(x), 1, -1), w[chosen]
    errors = np.moveaxis(x - target, 1, 0).reshape(len(parts), -1)
    scale = np.repeat(w, errors.shape[1] // len(w))
    gram = np.array([[(a * b * scale).sum() for b in errors] for a in errors])
    return _on_simplex(gram)


def _on_simplex(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """The w ≥ 0 that add up to 1 and minimise wᵀ gram w: weights leave and enter one by one."""
    active = np.ones(len(gram), bool)
    for _ in range(10 * len(gram)):
        own = gram[np.ix_(active, active)]
        ridge = 1e-12 * (np.trace(own) or 1.0) * np.eye(len(own))
        found = np.linalg.solve(own + ridge, np.ones(len(own)))
        if (found < 0.0).any():
            active[np.flatnonzero(active)[found.argmin()]] = False
            continue
        weights = np.zeros(len(gram))
        weights[active] = found / found.sum()
        slopes = gram @ weights
        wanted = ~active & (slopes < (weights * slopes).sum() * (1.0 - 1e-9))
        if not wanted.any():
            break
        active[np.where(wanted, slopes, np.inf).argmin()] = True
    return weights


def _filled(part: NDArray, mask: NDArray[np.bool_] | None) -> NDArray:
    if mask is None or not mask.any():
        return part.astype(np.float64)
    return np.where(mask[:, None], part, part[mask].mean(axis=0)).astype(np.float64)
