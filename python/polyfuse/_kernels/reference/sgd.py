"""Linear models over fused rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import GRADIENT_PIECE, GRADIENT_SLOTS, Rows, gradient_rows
from .chains import pick_rows
from .stage import stage


def linear_scores(
    rows: Rows,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    out: NDArray,
    index: NDArray[np.int64] | None = None,
) -> None:
    which = np.arange(rows.n_rows) if index is None else index
    w, b = coef.T.astype(rows.dtype), intercept.astype(rows.dtype)
    with np.errstate(all="ignore"):
        if not rows.sparse:
            out[...] = stage(rows)[which] @ w + b
            return
        pick = pick_rows(rows)
        for i, row in enumerate(which):
            x, columns = pick(row)
            out[i] = x @ w[columns] + b


def _residual(scores: NDArray, targets: NDArray, loss: str) -> tuple[NDArray, NDArray]:
    """Loss of each row and its derivative with respect to the scores."""
    if loss == "squared_error":
        residual = scores - targets
        return 0.5 * (residual**2).sum(axis=1), residual
    if loss == "log_loss":
        probability = np.where(scores > 0, 1.0, np.exp(scores)) / (1.0 + np.exp(-np.abs(scores)))
        losses = np.maximum(scores, 0.0) - targets * scores + np.log1p(np.exp(-np.abs(scores)))
        return losses.sum(axis=1), probability - targets
    codes = targets[:, 0].astype(np.intp)
    row = np.arange(len(codes))
    shifted = scores - scores.max(axis=1, keepdims=True)
    odds = np.exp(shifted)
    total = odds.sum(axis=1)
    residual = odds / total[:, None]
    residual[row, codes] -= 1.0
    return np.log(total) - shifted[row, codes], residual


def _weighted_residual(
    x: NDArray, targets: NDArray, sample_weight: NDArray | None, coef: NDArray, intercept: NDArray,
    loss: str,
) -> tuple[float, NDArray]:  # fmt: skip
    scores = x @ coef.T + intercept
    losses, residual = _residual(scores.astype(np.float64), targets, loss)
    if sample_weight is not None:
        losses, residual = losses * sample_weight, residual * sample_weight[:, None]
    return float(losses.sum()), residual.astype(x.dtype)


def loss_gradient(
    rows: Rows,
    targets: NDArray[np.float64],
    sample_weight: NDArray[np.float64] | None,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    loss: str,
    grad_coef: NDArray[np.float64],
    grad_intercept: NDArray[np.float64],
) -> float:
    x = stage(rows)
    with np.errstate(all="ignore"):
        total, residual = _weighted_residual(
            x, targets, sample_weight, coef.astype(x.dtype), intercept.astype(x.dtype), loss
        )
        grad_coef[...] = residual.T @ x
        grad_intercept[...] = residual.sum(axis=0, dtype=np.float64)
    return total


def gradient_sums(
    rows: Rows,
    first: int,
    targets: NDArray[np.float64],
    sample_weight: NDArray[np.float64] | None,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    loss: str,
    sums: NDArray[np.float64],
) -> None:
    x, k = stage(rows), len(coef)
    w, b = coef.astype(x.dtype), intercept.astype(x.dtype)
    height = gradient_rows(rows.width, rows.dtype)
    for start in range(0, len(x), GRADIENT_PIECE):
        part = slice(start, start + GRADIENT_PIECE)
        own = sums[(first + start) // height % GRADIENT_SLOTS]
        weight = None if sample_weight is None else sample_weight[part]
        with np.errstate(all="ignore"):
            total, residual = _weighted_residual(x[part], targets[part], weight, w, b, loss)
            own[: coef.size] += (residual.T @ x[part]).ravel()
            own[-1 - k : -1] += residual.sum(axis=0, dtype=np.float64)
            own[-1] += total


def descend(
    rows: Rows,
    order: NDArray[np.int64],
    batch_size: int,
    targets: NDArray[np.float64],
    sample_weight: NDArray[np.float64] | None,
    loss: str,
    steps: NDArray[np.float64],
    alpha: float,
    momentum: float,
    nesterov: bool,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    velocity: NDArray[np.float64],
    fit_intercept: bool,
    total: float = 0.0,
) -> float:
    x = stage(rows)
    number = x.dtype.type
    w, b, v = coef.astype(x.dtype), intercept.astype(x.dtype), velocity.astype(x.dtype)
    m = number(momentum)
    with np.errstate(all="ignore"):
        for step, start in zip(steps, range(0, len(order), batch_size), strict=True):
            batch = order[start : start + batch_size]
            weight = None if sample_weight is None else sample_weight[batch]
            at, at_b = w, b
            if v.size and nesterov:
                at, at_b = w + m * v[:, :-1], b + m * v[:, -1] * fit_intercept
            part, residual = _weighted_residual(x[batch], targets[batch], weight, at, at_b, loss)
            total += part
            rate = number(step / len(batch))
            g, g_b = rate * (residual.T @ x[batch]), rate * residual.sum(axis=0)
            if not v.size:
                w = number(1.0 - step * alpha) * w - g
                b = b - g_b if fit_intercept else b
                continue
            v[:, :-1] = m * v[:, :-1] - (g + number(step * alpha) * at)
            w = w + v[:, :-1]
            if fit_intercept:
                v[:, -1] = m * v[:, -1] - g_b
                b = b + v[:, -1]
    coef[...], intercept[...], velocity[...] = w, b, v
    return total


def dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.dot(a, b))
