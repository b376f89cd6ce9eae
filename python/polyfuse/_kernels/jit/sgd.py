"""Linear models over fused rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import GRADIENT_SLOTS, LOSSES, Rows, gradient_rows
from .loops import F64, I64, jit, parts, plain
from .samples import labels, samples
from .stage import Stage

_SQUARED_ERROR, _LOG_LOSS = LOSSES.index("squared_error"), LOSSES.index("log_loss")


@jit
def _dot(a: NDArray, b: NDArray) -> Any:
    """Sum of products over eight lanes, because LLVM may not reorder a plain sum."""
    zero = a.dtype.type(0)
    s0, s1, s2, s3, s4, s5, s6, s7 = zero, zero, zero, zero, zero, zero, zero, zero
    whole = len(a) - len(a) % 8
    for j in range(0, whole, 8):
        s0, s1 = s0 + a[j] * b[j], s1 + a[j + 1] * b[j + 1]
        s2, s3 = s2 + a[j + 2] * b[j + 2], s3 + a[j + 3] * b[j + 3]
        s4, s5 = s4 + a[j + 4] * b[j + 4], s5 + a[j + 5] * b[j + 5]
        s6, s7 = s6 + a[j + 6] * b[j + 6], s7 + a[j + 7] * b[j + 7]
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    for j in range(whole, len(a)):
        total += a[j] * b[j]
    return total


def dot(a: F64, b: F64) -> float:
    return float(sum(_dot(plain(a[part]), plain(b[part])) for part in parts(len(a), 8)))


@jit
def _scores(x: NDArray, coef: NDArray, intercept: NDArray, out: NDArray) -> None:
    for i in range(x.shape[0]):
        for c in range(coef.shape[0]):
            out[i, c] = _dot(x[i], coef[c]) + intercept[c]


@jit
def _scores_of_held(tile: Any, coef: NDArray, intercept: NDArray, out: NDArray) -> None:
    values, columns, starts, which = tile
    for i in range(len(which)):
        for c in range(coef.shape[0]):
            total = 0.0
            for k in range(starts[which[i]], starts[which[i] + 1]):
                total += values[k] * coef[c, columns[k]]
            out[i, c] = values.dtype.type(total) + intercept[c]


@np.errstate(all="ignore")
def linear_scores(rows: Rows, coef: F64, intercept: F64, out: NDArray,
                  index: I64 | None = None) -> None:  # fmt: skip
    w, b = np.array(coef, rows.dtype, order="C"), np.array(intercept, rows.dtype)
    which = np.arange(rows.n_rows) if index is None else index
    if rows.sparse:
        held = samples(rows)
        for part in parts(len(which), held.row_bytes):
            _scores_of_held(held.tile(plain(which[part], np.int64)), w, b, out[part])
        return
    stage = Stage(rows)
    for part in parts(len(which), stage.row_bytes):
        at = part if index is None else index[part]
        _scores(stage.tile(at, part.stop - part.start), w, b, out[part])


@jit
def _residual(scores: NDArray, target: NDArray, loss: int) -> float:
    """Return the loss of one row; turn its scores into its derivatives."""
    total = 0.0
    if loss == _SQUARED_ERROR:
        for c in range(len(scores)):
            scores[c] -= target[c]
            total += 0.5 * scores[c] * scores[c]
    elif loss == _LOG_LOSS:
        for c in range(len(scores)):
            s = scores[c]
            e = np.exp(-np.abs(s))
            total += (s if s > 0.0 else 0.0) - target[c] * s + np.log1p(e)
            scores[c] = (1.0 if s > 0.0 else e) / (1.0 + e) - target[c]
    else:
        code, top = int(target[0]), scores.max()
        own = scores[code] - top
        for c in range(len(scores)):
            scores[c] = np.exp(scores[c] - top)
            total += scores[c]
        for c in range(len(scores)):
            scores[c] /= total
        scores[code] -= 1.0
        total = np.log(total) - own
    return total


@jit
def _add_gradient(x: NDArray, targets: NDArray, weight: NDArray, loss: int, model: Any) -> float:
    """Add the gradients of some rows to the model's; return their weighted loss."""
    coef, intercept, grad_coef, grad_intercept, residual = model
    total = 0.0
    for i in range(x.shape[0]):
        for c in range(coef.shape[0]):
            residual[c] = _dot(x[i], coef[c]) + intercept[c]
        total += weight[i] * _residual(residual, targets[i], loss)
        for c in range(coef.shape[0]):
            r = x.dtype.type(weight[i] * residual[c])
            grad_intercept[c] += r
            for j in range(x.shape[1]):
                grad_coef[c, j] += r * x[i, j]
    return total


@jit
def _step(step: float, alpha: float, size: int, model: Any, fit_intercept: bool) -> None:
    """Move the model against the mean gradient of a batch, and forget the gradient."""
    coef, intercept, grad_coef, grad_intercept, _ = model
    number = coef.dtype.type
    rate, keep = number(step / size), number(1.0 - step * alpha)
    for c in range(coef.shape[0]):
        intercept[c] -= rate * number(grad_intercept[c]) if fit_intercept else number(0)
        for j in range(coef.shape[1]):
            coef[c, j] = keep * coef[c, j] - rate * number(grad_coef[c, j])


@jit
def _roll(step: float, alpha: float, size: int, model: Any, moving: Any,
          fit_intercept: bool) -> None:  # fmt: skip
    """Move the velocity against that gradient, the model by the velocity, and look ahead."""
    at, at_b, grad_coef, grad_intercept, _ = model
    coef, intercept, velocity, momentum, nesterov = moving
    number, d = coef.dtype.type, coef.shape[1]
    rate, decay, lead = number(step / size), number(step * alpha), momentum * nesterov
    for c in range(coef.shape[0]):
        for j in range(d):
            pull = rate * number(grad_coef[c, j]) + decay * at[c, j]
            velocity[c, j] = momentum * velocity[c, j] - pull
            coef[c, j] += velocity[c, j]
            at[c, j] = coef[c, j] + lead * velocity[c, j]
        if fit_intercept:
            velocity[c, d] = momentum * velocity[c, d] - rate * number(grad_intercept[c])
            intercept[c] += velocity[c, d]
            at_b[c] = intercept[c] + lead * velocity[c, d]


@jit
def _descend(x: NDArray, targets: NDArray, weight: NDArray, loss: int, model: Any, moving: Any,
             place: Any, steps: NDArray, alpha: float) -> float:  # fmt: skip
    """The batches, whole or in part, of the rows from `start` on in an order of `n_rows`."""
    start, n_rows, batch_size, fit_intercept = place
    total, i = 0.0, 0
    while i < x.shape[0]:
        batch = (start + i) // batch_size
        first, last = batch * batch_size, min((batch + 1) * batch_size, n_rows)
        stop = min(last - start, x.shape[0])
        total += _add_gradient(x[i:stop], targets[i:stop], weight[i:stop], loss, model)
        if start + stop == last:
            if moving[2].size:
                _roll(steps[batch], alpha, last - first, model, moving, fit_intercept)
            else:
                _step(steps[batch], alpha, last - first, model, fit_intercept)
            model[2][:] = 0.0
            model[3][:] = 0.0
        i = stop
    return total


def _model(coef: F64, intercept: F64, dtype: np.dtype) -> tuple[NDArray, ...]:
    """Copies in the precision of the rows, zeros for their gradients, room for a row's scores."""
    w, b = np.array(coef, dtype, order="C"), np.array(intercept, dtype)
    return w, b, np.zeros(w.shape), np.zeros(b.shape), np.empty(b.shape)


def _moving(model: tuple[NDArray, ...], velocity: F64, momentum: float, nesterov: bool,
            fit_intercept: bool) -> tuple[Any, ...]:  # fmt: skip
    """The model under way; with a velocity, what `model` holds is where gradients are taken."""
    w, b = model[:2]
    v, m = np.array(velocity, w.dtype, order="C"), w.dtype.type(momentum)
    if v.size:
        w, b = w.copy(), b.copy()
        if nesterov:
            model[0][...] += m * v[:, :-1]
            model[1][...] += m * v[:, -1] * fit_intercept
    return w, b, v, m, w.dtype.type(nesterov)


@np.errstate(all="ignore")
def loss_gradient(rows: Rows, targets: F64, sample_weight: F64 | None, coef: F64, intercept: F64,
                  loss: str, grad_coef: F64, grad_intercept: F64) -> float:  # fmt: skip
    model, total = _model(coef, intercept, rows.dtype), 0.0
    for part, x in Stage(rows).tiles():
        told = labels(part, len(x), targets, sample_weight)
        total += _add_gradient(x, *told, LOSSES.index(loss), model)
    grad_coef[...], grad_intercept[...] = model[2:4]
    return total


@jit
def _add_slots(x: NDArray, first: int, height: int, targets: NDArray, weight: NDArray, loss: int,
               model: Any, sums: NDArray) -> None:  # fmt: skip
    """Add the gradient of each row to the slot of its range of `height` rows."""
    coef, intercept, _, _, residual = model
    k, d = coef.shape
    start = 0
    while start < x.shape[0]:
        row = first + start
        stop = min(x.shape[0], start + height - row % height)
        own = sums[row // height % GRADIENT_SLOTS]
        grad_coef, grad_intercept = own[: k * d].reshape((k, d)), own[k * d : k * d + k]
        slot = (coef, intercept, grad_coef, grad_intercept, residual)
        own[-1] += _add_gradient(x[start:stop], targets[start:stop], weight[start:stop], loss, slot)
        start = stop


@np.errstate(all="ignore")
def gradient_sums(rows: Rows, first: int, targets: F64, sample_weight: F64 | None, coef: F64,
                  intercept: F64, loss: str, sums: F64) -> None:  # fmt: skip
    model, height = _model(coef, intercept, rows.dtype), gradient_rows(rows.width, rows.dtype)
    for part, x in Stage(rows).tiles():
        told = labels(part, len(x), targets, sample_weight)
        _add_slots(x, first + part.start, height, *told, LOSSES.index(loss), model, sums)


@np.errstate(all="ignore")
def descend(rows: Rows, order: I64, batch_size: int, targets: F64, sample_weight: F64 | None,
            loss: str, steps: F64, alpha: float, momentum: float, nesterov: bool, coef: F64,
            intercept: F64, velocity: F64, fit_intercept: bool,
            total: float = 0.0) -> float:  # fmt: skip
    stage, model = Stage(rows), _model(coef, intercept, rows.dtype)
    steps, code = plain(steps), LOSSES.index(loss)
    moving = _moving(model, velocity, momentum, bool(nesterov), bool(fit_intercept))
    for part in parts(len(order), stage.row_bytes):
        x = stage.tile(order[part], part.stop - part.start)
        told = labels(order[part], len(x), targets, sample_weight)
        place = (part.start, len(order), batch_size, bool(fit_intercept))
        total += _descend(x, *told, code, model, moving, place, steps, float(alpha))
    coef[...], intercept[...], velocity[...] = moving[:3]
    return total
