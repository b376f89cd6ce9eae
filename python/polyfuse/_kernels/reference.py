"""The contract in NumPy, written to be read: the specification in executable form.

Nothing here is tuned. Sums are NumPy's own, so results agree with the compiled kernels to the
tolerance each contract case states, not in bits. It is also the last fallback: it needs nothing
but NumPy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .contract import CONCATENATE, Block, Rows
from .fusion_ops import OPERATORS

name = "numpy"


def stage_block(block: Block, dtype: np.dtype) -> NDArray:
    """Convert and scale one block, as the common rules of the contract say."""
    values, affine = block
    scaled_in = dtype if values.dtype.kind != "f" else np.promote_types(values.dtype, np.float32)
    with np.errstate(all="ignore"):
        if affine is None:
            return values.astype(dtype, copy=False)
        x = values.astype(scaled_in, copy=False)
        offset, factor = affine.offset.astype(scaled_in), affine.factor.astype(scaled_in)
        scaled: NDArray = (x - offset) / factor if affine.divide else x * factor + offset
        return scaled.astype(dtype, copy=False)


def stage(rows: Rows) -> NDArray:
    """Convert, scale and fuse: the rows every other kernel works on."""
    staged = [stage_block(block, rows.dtype) for block in rows.blocks]
    if rows.op == CONCATENATE:
        return np.concatenate(staged, axis=1)
    op = OPERATORS[rows.op]
    weights = rows.weights.astype(rows.dtype)
    total = rows.dtype.type(np.cumsum(rows.weights)[-1] if op.weighted else len(staged))
    with np.errstate(all="ignore"):
        acc = op.lift(staged[0], weights[0])
        for x, w in zip(staged[1:], weights[1:], strict=True):
            acc = op.combine(acc, op.lift(x, w))
        fused: NDArray = op.finish(acc, total)
        return fused


def column_moments(
    values: NDArray,
    leaf_rows: int,
    count: NDArray[np.int64],
    mean: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    present = ~np.isnan(values)
    with np.errstate(all="ignore"):
        count[:] = present.sum(axis=0)
        n = np.maximum(count, 1)
        x = values.astype(np.float64)
        origin = x[np.argmax(present, axis=0), np.arange(x.shape[1])] if len(x) else 0.0
        origin = np.where(count > 0, origin, 0.0)
        mean[:] = origin + np.where(present, x - origin, 0.0).sum(axis=0) / n
        deviation = np.where(present, x - mean, 0.0)
        squares[:] = (deviation**2).sum(axis=0) - deviation.sum(axis=0) ** 2 / n


def column_extrema(values: NDArray, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    missing = np.isnan(values)
    x = values.astype(np.float64)
    low[:] = np.where(missing, np.inf, x).min(axis=0, initial=np.inf)
    high[:] = np.where(missing, -np.inf, x).max(axis=0, initial=-np.inf)


def fuse(rows: Rows, out: NDArray) -> None:
    out[...] = stage(rows)


def linear_scores(
    rows: Rows, coef: NDArray[np.float64], intercept: NDArray[np.float64], out: NDArray
) -> None:
    with np.errstate(all="ignore"):
        out[...] = stage(rows) @ coef.T.astype(rows.dtype) + intercept.astype(rows.dtype)


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


def descend(
    rows: Rows,
    order: NDArray[np.int64],
    batch_size: int,
    targets: NDArray[np.float64],
    sample_weight: NDArray[np.float64] | None,
    loss: str,
    steps: NDArray[np.float64],
    alpha: float,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    fit_intercept: bool,
) -> float:
    x = stage(rows)
    w, b = coef.astype(x.dtype), intercept.astype(x.dtype)
    total = 0.0
    with np.errstate(all="ignore"):
        for step, start in zip(steps, range(0, len(order), batch_size), strict=True):
            batch = order[start : start + batch_size]
            weight = None if sample_weight is None else sample_weight[batch]
            part, residual = _weighted_residual(x[batch], targets[batch], weight, w, b, loss)
            total += part
            rate = x.dtype.type(step / len(batch))
            w = x.dtype.type(1.0 - step * alpha) * w - rate * (residual.T @ x[batch])
            b = b - rate * residual.sum(axis=0) if fit_intercept else b
    coef[...], intercept[...] = w, b
    return total


def dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.dot(a, b))


def confusion(
    y_true: NDArray[np.int64],
    y_pred: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
    out: NDArray,
) -> None:
    k = len(out)
    inside = (y_true >= 0) & (y_true < k) & (y_pred >= 0) & (y_pred < k)
    cells = y_true[inside] * k + y_pred[inside]
    weights = None if sample_weight is None else sample_weight[inside]
    out[...] = np.bincount(cells, weights, minlength=k * k).reshape(k, k)
