"""One step of stochastic gradient descent: scikit-learn's, operation by operation.

``exp``, ``log``, ``log1p`` and ``pow`` are libm's. Formulas come first: they
see float64 alone and are compiled once; what touches weights is compiled for each T.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import CHAIN_LOSSES, PENALTIES, SCHEDULES
from .loops import F64, jit

_HINGE, _PERCEPTRON, _SQUARED_HINGE, _MODIFIED_HUBER, _LOG_LOSS = map(
    CHAIN_LOSSES.index, ("hinge", "perceptron", "squared_hinge", "modified_huber", "log_loss")
)
_SQUARED_ERROR, _HUBER, _INSENSITIVE, MULTINOMIAL = map(
    CHAIN_LOSSES.index, ("squared_error", "huber", "epsilon_insensitive", "multinomial")
)
NONE, _L1, _L2, _ELASTICNET = map(PENALTIES.index, (None, "l1", "l2", "elasticnet"))
_OPTIMAL, _INVSCALING, PA1, PA2 = map(SCHEDULES.index, ("optimal", "invscaling", "pa1", "pa2"))
_MAX_SLOPE = 1e12


@jit
def _log1pexp(x: float) -> float:
    if x <= -37.0:
        return exp(x)
    if x <= -2.0:
        return log1p(exp(x))
    if x <= 18.0:
        return log(1.0 + exp(x))
    return x + exp(-x) if x <= 33.3 else x


@jit
def _of_a_class(loss: int, y: float, p: float) -> tuple[float, float]:
    """Loss and slope where y is -1 or 1, 0 or 1 for ``log_loss``."""
    z = p * y
    if loss == _HINGE:
        return (1.0 - z, -y) if z <= 1.0 else (0.0, 0.0)
    if loss == _PERCEPTRON:
        return (0.0 - z, -y) if z <= 0.0 else (0.0, 0.0)
    if loss == _SQUARED_HINGE:
        short = 1.0 - z
        return (short * short, -2.0 * y * short) if short > 0.0 else (0.0, 0.0)
    if loss == _MODIFIED_HUBER:
        if z >= 1.0:
            return 0.0, 0.0
        short = 1.0 - z
        return (short * short, 2.0 * short * -y) if z >= -1.0 else (-4.0 * z, -4.0 * y)
    value = _log1pexp(p) - y * p
    if p <= -37.0:
        return value, exp(p) - y
    e = exp(-p)
    return value, ((1.0 - y) - y * e) / (1.0 + e)


@jit
def _of_a_number(loss: int, y: float, p: float, epsilon: float) -> tuple[float, float]:
    r = p - y
    if loss == _SQUARED_ERROR:
        return 0.5 * r * r, r
    size = abs(r)
    if loss == _HUBER:
        if size <= epsilon:
            return 0.5 * r * r, r
        return epsilon * (size - 0.5 * epsilon), epsilon if r >= 0.0 else -epsilon
    far, side = size - epsilon, -1.0 if r < 0.0 else 1.0
    if not far > 0.0:
        return 0.0, 0.0
    return (far, side) if loss == _INSENSITIVE else (far * far, side * 2.0 * far)


@jit
def loss_and_slope(loss: int, y: float, p: float, epsilon: float) -> Any:
    """The loss of one row, and its derivative with respect to the score p."""
    return _of_a_class(loss, y, p) if loss <= _LOG_LOSS else _of_a_number(loss, y, p, epsilon)


@jit
def set_eta(chain: Any) -> None:
    if chain.schedule == _OPTIMAL:
        chain.eta = 1.0 / (chain.alpha * (chain.optimal_init + chain.t - 1.0))
    elif chain.schedule == _INVSCALING:
        chain.eta = chain.eta0 / chain.t**chain.power_t


@jit
def pull_of(chain: Any, loss: float, slope: float, y: float, p: float, square: float) -> Any:
    """The update before it is weighted; `square` is |x|^2, of passive-aggressive chains."""
    if chain.schedule == PA1:
        most = loss / square
        update = most if most < chain.eta0 else chain.eta0
    elif chain.schedule == PA2:
        update = loss / (square + 0.5 / chain.eta0)
    else:
        if slope < -_MAX_SLOPE:
            slope = -_MAX_SLOPE
        elif slope > _MAX_SLOPE:
            slope = _MAX_SLOPE
        return -chain.eta * slope
    if chain.loss == _HINGE or chain.loss == _PERCEPTRON:
        return update * y
    return -update if y - p < 0.0 else update


@jit
def move_intercept(chain: Any, update: float) -> None:
    move = update - chain.eta * chain.alpha if chain.one_class else update
    if move != 0.0:
        chain.intercept += move * chain.intercept_decay


@jit
def target_of(chain: Any, code: float) -> float:
    if chain.positive < 0:
        return code
    if code == chain.positive:
        return 1.0
    return 0.0 if chain.loss == _LOG_LOSS else -1.0


@jit
def score_of(chain: Any, w: NDArray, x: NDArray, at: NDArray) -> Any:
    inner = 0.0
    for k in range(len(x)):
        inner += w[at[k]] * x[k]
    return np.float64(w.dtype.type(inner * chain.scale)) + chain.intercept


@jit
def square_of(x: NDArray) -> float:
    total = 0.0
    for k in range(len(x)):
        value = np.float64(x[k])
        total += value * value
    return total


@jit
def penalty_of(chain: Any, number: Any) -> Any:
    norm = number(sqrt(chain.sq_norm))
    square, l1_norm = np.float64(norm * norm), np.float64(number(chain.l1_norm))
    ratio = chain.l1_ratio
    return chain.alpha * ((1.0 - ratio) * 0.5 * square + ratio * l1_norm)


@jit
def class_penalty_of(chain: Any) -> Any:
    """The same among the classes of a softmax."""
    square = (1.0 - chain.l1_ratio) * 0.5 * chain.sq_norm
    return chain.alpha * (square + chain.l1_ratio * chain.l1_norm)


@jit
def note_objective(chain: Any, loss: float, penalty: float) -> None:
    chain.loss_sum += loss
    chain.objective_sum += loss
    if chain.schedule == PA1 or chain.schedule == PA2:
        return
    if chain.penalty != NONE:
        chain.objective_sum += penalty
    if chain.one_class:
        chain.objective_sum += chain.intercept * chain.alpha


@jit
def settle(chain: Any, w: NDArray, average: NDArray) -> None:
    number = w.dtype.type
    if chain.average:
        a, b = number(chain.average_a), number(1.0 / chain.average_b)
        for j in range(len(average)):
            average[j] = (average[j] + a * w[j]) * b
        chain.average_a, chain.average_b = 0.0, 1.0
    whole = number(chain.scale)
    for j in range(len(w)):
        w[j] *= whole
    chain.scale = 1.0


@jit
def _shrink(chain: Any, w: NDArray, average: NDArray) -> None:
    keep = 1.0 - (1.0 - chain.l1_ratio) * chain.eta * chain.alpha
    factor = w.dtype.type(keep if keep > 0.0 else 0.0)
    chain.scale *= factor
    chain.sq_norm *= factor * factor
    chain.l1_norm *= abs(factor)
    if chain.scale < (1e-6 if w.itemsize == 4 else 1e-9):
        settle(chain, w, average)


@jit
def _add(chain: Any, w: NDArray, x: NDArray, at: NDArray, update: Any) -> None:
    scale = w.dtype.type(chain.scale)
    step, squares, sizes = np.float64(update / scale), 0.0, 0.0
    for k in range(len(x)):
        j = at[k]
        touched = w.dtype.type(w[j] + x[k] * step)
        w[j] = touched
        squares += touched * touched
        sizes += abs(touched)
    chain.sq_norm = squares * (scale * scale)
    chain.l1_norm = sizes * scale


@jit
def _average(chain: Any, average: NDArray, x: NDArray, at: NDArray, update: Any) -> None:
    number = average.dtype.type(chain.t - chain.average + 1.0)
    step, move = 1.0 / np.float64(number), -np.float64(update) / chain.scale
    for k in range(len(x)):
        average[at[k]] += chain.average_a * x[k] * move
    if number > 1.0:
        chain.average_b /= 1.0 - step
    chain.average_a += step * chain.average_b * chain.scale


@jit
def average_intercept(chain: Any) -> None:
    n = chain.t - chain.average + 1.0
    chain.average_intercept += (chain.intercept - chain.average_intercept) / n


@jit
def _truncate(chain: Any, w: NDArray, met: NDArray, at: NDArray) -> None:
    chain.u += chain.l1_ratio * chain.eta * chain.alpha
    u, scale = chain.u, chain.scale
    for k in range(len(at)):
        j = at[k]
        z = np.float64(w[j])
        if scale * z > 0.0:
            less = z - (u + met[j]) / scale
            w[j] = less if less > 0.0 else 0.0
        elif scale * z < 0.0:
            more = z + (u - met[j]) / scale
            w[j] = more if more < 0.0 else 0.0
        met[j] += scale * (w[j] - z)


@jit
def take(chain: Any, model: Any, x: NDArray, at: NDArray, pull: float, weight: Any) -> None:
    """The step itself; `model` is the weights, their average and the penalty they have met."""
    w, average, met = model
    update = pull * np.float64(weight)
    rounded = w.dtype.type(update)
    if chain.penalty == _L2 or chain.penalty == _ELASTICNET:
        _shrink(chain, w, average)
    if update != 0.0:
        _add(chain, w, x, at, rounded)
    if chain.fit_intercept:
        move_intercept(chain, update)
    if 0 < chain.average <= chain.t:
        _average(chain, average, x, at, rounded)
        average_intercept(chain)
    if chain.penalty == _L1 or chain.penalty == _ELASTICNET:
        _truncate(chain, w, met, at)
    chain.t += 1.0


@jit
def odds_of(chains: NDArray, code: float, odds: F64) -> Any:
    """Scores to odds; return their sum, the row's loss and the weight of its class."""
    top, own, total, class_weight = odds.max(), 0.0, 0.0, 0.0
    for c in range(len(chains)):
        if chains[c].positive == code:
            own += odds[c] - top
            class_weight += chains[c].weight_pos
        odds[c] = exp(odds[c] - top)
        total += odds[c]
    return total, log(total) - own, class_weight
