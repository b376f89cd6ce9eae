"""Values in order: the quantiles of columns, and what rows ordered by scores add up to.

NumPy's selection and its sorting are compiled, and fast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loops import F64, jit, plain

_PANEL = 8  # columns of a cache line


def column_quantiles(values: NDArray, fractions: F64, count: F64, below: F64, above: F64) -> None:
    own = values.dtype
    exact = np.promote_types(own, np.float32) if own.kind == "f" else np.dtype(np.float64)
    for first in range(0, values.shape[1], _PANEL):
        panel = np.array(values[:, first : first + _PANEL].T, exact, order="C")
        for column, x in enumerate(panel, first):
            n = np.count_nonzero(x == x)
            count[column] = n
            if n == 0:
                below[:, column] = above[:, column] = np.nan
                continue
            places = np.floor(fractions * (n - 1)).astype(np.intp)
            following = np.minimum(places + 1, n - 1)
            x.partition(np.union1d(places, following))  # NaNs count as greatest
            below[:, column], above[:, column] = x[places], x[following]


@jit
def _sum(right: NDArray, wrong: NDArray) -> tuple[int, float]:
    """Of scores in ascending order; walks from their ends."""
    p, q, pairs, precisions = len(right), len(wrong), 0, 0.0
    while p > 0 or q > 0:
        from_right = q == 0 or (p > 0 and right[p - 1] > wrong[q - 1])
        score = right[p - 1] if from_right else wrong[q - 1]
        tp, fp = len(right) - p, len(wrong) - q
        while p > 0 and right[p - 1] == score:
            p -= 1
        while q > 0 and wrong[q - 1] == score:
            q -= 1
        tp_now, fp_now = len(right) - p, len(wrong) - q
        pairs += (fp_now - fp) * (tp + tp_now)
        precisions += (tp_now - tp) * (tp_now / (tp_now + fp_now))
    return pairs, precisions


@jit
def _weigh(tps: NDArray, fps: NDArray) -> tuple[float, float]:
    tp, fp, pairs, precisions = 0.0, 0.0, 0.0, 0.0
    for i in range(len(tps)):
        pairs += (fps[i] - fp) * (tp + tps[i])
        precisions += (tps[i] - tp) * (tps[i] / (tps[i] + fps[i]))
        tp, fp = tps[i], fps[i]
    return pairs, precisions


def rank_sums(
    y_true: NDArray, positive: int, y_score: NDArray, sample_weight: F64 | None
) -> tuple[float, float, float, float]:
    n = len(y_score)
    if sample_weight is None:
        chosen = y_true == positive
        right, wrong = np.sort(y_score[chosen]), np.sort(y_score[~chosen])
        counted = _sum(right, wrong)
        return len(right), len(wrong), int(counted[0]), float(counted[1])
    thresholds, tps, fps = np.empty(n), np.empty(n), np.empty(n)
    found = score_curve(y_true, positive, y_score, sample_weight, thresholds, tps, fps)
    if found == 0:
        return 0.0, 0.0, 0.0, 0.0
    pairs, precisions = _weigh(tps[:found], fps[:found])
    return float(tps[found - 1]), float(fps[found - 1]), pairs, precisions


@jit
def _trace(score: NDArray, right: NDArray, weight: F64, thresholds: F64, tps: F64, fps: F64) -> int:
    found, tp, fp = 0, 0.0, 0.0
    for i in range(len(score)):
        if right[i]:
            tp += weight[i]
        else:
            fp += weight[i]
        if i + 1 == len(score) or score[i] != score[i + 1]:
            thresholds[found], tps[found], fps[found] = score[i], tp, fp
            found += 1
    return found


def score_curve(
    y_true: NDArray,
    positive: int,
    y_score: NDArray,
    sample_weight: F64 | None,
    thresholds: F64,
    tps: F64,
    fps: F64,
) -> int:
    order = np.argsort(-y_score, kind="stable")
    weight = np.ones(len(order)) if sample_weight is None else plain(sample_weight[order])
    right = (y_true == positive)[order]
    return int(_trace(y_score[order], right, weight, thresholds, tps, fps))
