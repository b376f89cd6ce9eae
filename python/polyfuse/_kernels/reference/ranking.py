"""Values in order: the quantiles of columns, and what rows ordered by scores add up to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def column_quantiles(
    values: NDArray,
    fractions: NDArray[np.float64],
    count: NDArray[np.float64],
    below: NDArray[np.float64],
    above: NDArray[np.float64],
) -> None:
    x = np.sort(values.astype(np.float64), axis=0)  # NaNs come last
    count[:] = (~np.isnan(x)).sum(axis=0)
    if len(x) == 0:
        below[...], above[...] = np.nan, np.nan
        return
    last = np.maximum(count - 1.0, 0.0)  # the first NaN, where there are NaNs alone
    places = np.floor(fractions[:, None] * last)
    below[...] = np.take_along_axis(x, places.astype(np.intp), axis=0)
    above[...] = np.take_along_axis(x, np.minimum(places + 1.0, last).astype(np.intp), axis=0)


def rank_sums(
    y_true: NDArray,
    positive: int,
    y_score: NDArray,
    sample_weight: NDArray[np.float64] | None,
) -> tuple[float, float, float, float]:
    n = len(y_score)
    thresholds, tps, fps = np.empty(n), np.empty(n), np.empty(n)
    found = score_curve(y_true, positive, y_score, sample_weight, thresholds, tps, fps)
    tp, fp = (np.concatenate(([0.0], x[:found])) for x in (tps, fps))
    if sample_weight is None:
        tp, fp = tp.astype(np.int64), fp.astype(np.int64)
    more_tp, more_fp = np.diff(tp), np.diff(fp)
    with np.errstate(over="ignore"):
        pairs = np.sum(more_fp * (tp[:-1] + tp[1:]))
    precisions = np.sum(more_tp * (tp[1:] / (tp[1:] + fp[1:])))
    return tp[-1].item(), fp[-1].item(), pairs.item(), precisions.item()


def score_curve(
    y_true: NDArray,
    positive: int,
    y_score: NDArray,
    sample_weight: NDArray[np.float64] | None,
    thresholds: NDArray[np.float64],
    tps: NDArray[np.float64],
    fps: NDArray[np.float64],
) -> int:
    order = np.argsort(-y_score, kind="stable")
    score, right = y_score[order], (y_true == positive)[order]
    weight = np.ones(len(order)) if sample_weight is None else sample_weight[order]
    last = np.append(score[1:] != score[:-1], True)[: len(order)]
    found = int(np.count_nonzero(last))
    thresholds[:found] = score[last]
    tps[:found] = np.cumsum(np.where(right, weight, 0.0))[last]
    fps[:found] = np.cumsum(np.where(right, 0.0, weight))[last]
    return found
