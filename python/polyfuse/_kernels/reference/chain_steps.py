"""One step of stochastic gradient descent: scikit-learn's, operation by operation.

Python's floats are float64 and ``math`` is libm, as in scikit-learn; T is the type of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log, log1p, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..contract import CHAIN_LOSSES, PENALTIES, SCHEDULES


def _log1pexp(x: float) -> float:
    if x <= -37:
        return exp(x)
    if x <= -2:
        return log1p(exp(x))
    if x <= 18:
        return log(1.0 + exp(x))
    return x + exp(-x) if x <= 33.3 else x


def _hinge(y: float, p: float, threshold: float) -> tuple[float, float]:
    z = p * y
    return (threshold - z, -y) if z <= threshold else (0.0, 0.0)


def _squared_hinge(y: float, p: float) -> tuple[float, float]:
    z = 1.0 - p * y
    return (z * z, -2.0 * y * z) if z > 0 else (0.0, 0.0)


def _modified_huber(y: float, p: float) -> tuple[float, float]:
    z = p * y
    if z >= 1.0:
        return 0.0, 0.0
    return ((1.0 - z) * (1.0 - z), 2.0 * (1.0 - z) * -y) if z >= -1.0 else (-4.0 * z, -4.0 * y)


def _log_loss(y: float, p: float) -> tuple[float, float]:
    loss = _log1pexp(p) - y * p
    if p <= -37:
        return loss, exp(p) - y
    e = exp(-p)
    return loss, ((1.0 - y) - y * e) / (1.0 + e)


def _huber(y: float, p: float, epsilon: float) -> tuple[float, float]:
    r = p - y
    if abs(r) <= epsilon:
        return 0.5 * r * r, r
    return epsilon * (abs(r) - 0.5 * epsilon), epsilon if r >= 0 else -epsilon


def _insensitive(y: float, p: float, epsilon: float) -> tuple[float, float]:
    loss = max(abs(y - p) - epsilon, 0.0)
    return loss, -1.0 if y - p > epsilon else 1.0 if p - y > epsilon else 0.0


def _squared_insensitive(y: float, p: float, epsilon: float) -> tuple[float, float]:
    loss, z = max(abs(y - p) - epsilon, 0.0), y - p
    slope = -2.0 * (z - epsilon) if z > epsilon else 2.0 * (-z - epsilon) if z < -epsilon else 0.0
    return loss * loss, slope


def loss_and_slope(loss: int, y: float, p: float, epsilon: float) -> tuple[float, float]:
    """The loss of one row, and its derivative with respect to the score p."""
    match CHAIN_LOSSES[loss]:
        case "hinge":
            return _hinge(y, p, 1.0)
        case "perceptron":
            return _hinge(y, p, 0.0)
        case "squared_hinge":
            return _squared_hinge(y, p)
        case "modified_huber":
            return _modified_huber(y, p)
        case "log_loss":
            return _log_loss(y, p)
        case "squared_error":
            return 0.5 * (p - y) * (p - y), p - y
        case "huber":
            return _huber(y, p, epsilon)
        case "epsilon_insensitive":
            return _insensitive(y, p, epsilon)
        case _:
            return _squared_insensitive(y, p, epsilon)


def _sum(terms: NDArray) -> float:
    """The sum of terms, from left to right, in float64."""
    return float(np.cumsum(terms, dtype=np.float64)[-1]) if len(terms) else 0.0


def _turns(at: Any) -> Iterator[tuple[Any, Any]]:
    """Values of a row, and their columns, so that each time no column comes twice.

    A sparse row may name a column again: that value then waits for the turn after.
    """
    if isinstance(at, slice):
        yield slice(None), at
        return
    order = np.argsort(at, kind="stable")
    columns = at[order]
    turn = np.empty(len(at), np.int64)
    turn[order] = np.arange(len(at)) - np.searchsorted(columns, columns)
    for number in range(turn.max(initial=-1) + 1):
        own = np.flatnonzero(turn == number)
        yield own, at[own]


class Model(NamedTuple):
    """A chain, its weights, their average and the penalty they have met, as views.

    A chain whose columns are cut into parts has a model of each, of columns `first` to `end`,
    which takes steps by `pace` times its eta.
    """

    chain: Any
    w: NDArray
    average: NDArray | None
    met: NDArray | None
    parts: tuple[Model, ...] = ()
    pace: float = 1.0
    first: int = 0

    @property
    def end(self) -> int:
        return self.first + len(self.w)


class Sample(NamedTuple):
    """What of a row is not zero, and in which columns; its target and its weight."""

    x: NDArray
    at: Any
    y: float
    weight: Any


def pieces(model: Model, sample: Sample) -> Iterator[tuple[Model, Sample]]:
    """The parts of a model, each with what of a sample lies in its columns; or both themselves."""
    for part in model.parts:
        if isinstance(sample.at, slice):
            yield part, sample._replace(x=sample.x[part.first : part.end])
        else:
            own = (part.first <= sample.at) & (sample.at < part.end)
            yield part, sample._replace(x=sample.x[own], at=sample.at[own] - part.first)
    if not model.parts:
        yield model, sample


def _pull(model: Model, sample: Sample, p: float) -> float | None:
    """The unweighted update; None if the row is to be passed over."""
    chain, y = model.chain, sample.y
    loss, slope = loss_and_slope(int(chain["loss"]), y, p, float(chain["epsilon"]))
    schedule, eta0 = SCHEDULES[chain["schedule"]], float(chain["eta0"])
    if schedule not in ("pa1", "pa2"):
        return -float(chain["eta"]) * min(max(slope, -1e12), 1e12)
    square = 0.0
    for part, own in pieces(model, sample):
        square += part.pace * _sum(own.x.astype(np.float64) ** 2)
    if schedule == "pa1":
        if square == 0.0:
            return None
        update = min(eta0, loss / square)
    else:
        update = loss / (square + 0.5 / eta0)
    if CHAIN_LOSSES[chain["loss"]] in ("hinge", "perceptron"):
        return update * y
    return -update if y - p < 0 else update


def _penalty(chain: Any, number: Any) -> float:
    norm, l1_norm = number(sqrt(chain["sq_norm"])), float(number(chain["l1_norm"]))
    alpha, ratio = float(chain["alpha"]), float(chain["l1_ratio"])
    return alpha * ((1.0 - ratio) * 0.5 * float(norm * norm) + ratio * l1_norm)


def _note_objective(model: Model, y: float, p: float) -> None:
    chain, number = model.chain, model.w.dtype.type
    loss = loss_and_slope(int(chain["loss"]), y, p, float(chain["epsilon"]))[0]
    chain["loss_sum"] += loss
    chain["objective_sum"] += loss
    if SCHEDULES[chain["schedule"]] in ("pa1", "pa2"):
        return
    if chain["penalty"]:
        own = model.parts or (model,)
        chain["objective_sum"] += sum(_penalty(part.chain, number) for part in own)
    if chain["one_class"]:
        chain["objective_sum"] += float(chain["intercept"]) * float(chain["alpha"])


def settle(model: Model) -> None:
    chain, w, average = model[:3]
    number = w.dtype.type
    if chain["average"] and average is not None:
        average += number(chain["average_a"]) * w
        average *= number(1.0 / float(chain["average_b"]))
        chain["average_a"], chain["average_b"] = 0.0, 1.0
    w *= number(chain["scale"])
    chain["scale"] = 1.0


def _shrink(model: Model, factor: Any) -> None:
    chain, number = model.chain, model.w.dtype.type
    chain["scale"] *= factor
    chain["sq_norm"] *= factor * factor
    chain["l1_norm"] *= abs(factor)
    if chain["scale"] < (1e-6 if number is np.float32 else 1e-9):
        settle(model)


def _add(model: Model, sample: Sample, update: Any) -> None:
    chain, w = model.chain, model.w
    scale = w.dtype.type(chain["scale"])
    x = sample.x.astype(np.float64)
    touched = np.empty(len(x), w.dtype)  # twice, where a column comes twice
    for own, at in _turns(sample.at):
        w[at] = w[at] + x[own] * float(update / scale)
        touched[own] = w[at]
    chain["sq_norm"] = _sum(touched * touched) * float(scale * scale)
    chain["l1_norm"] = _sum(np.abs(touched)) * float(scale)


def _average(model: Model, sample: Sample, update: Any) -> None:
    chain, average = model.chain, model.average
    if average is None:
        raise ValueError("average must have a row for each chain that averages")
    n = float(chain["t"]) - int(chain["average"]) + 1.0
    number = average.dtype.type(n)
    step, scale = 1.0 / float(number), float(chain["scale"])
    x = sample.x.astype(np.float64)
    moved = float(chain["average_a"]) * x * (-float(update) / scale)
    for own, at in _turns(sample.at):
        average[at] = average[at] + moved[own]
    if number > 1:
        chain["average_b"] /= 1.0 - step
    chain["average_a"] += step * float(chain["average_b"]) * scale


def _truncate(model: Model, sample: Sample) -> None:
    chain, w, met = model.chain, model.w, model.met
    if met is None:
        raise ValueError("met must have a row for each chain with an l1 penalty")
    chain["u"] += chain["l1_ratio"] * chain["eta"] * chain["alpha"]
    u, scale = float(chain["u"]), float(chain["scale"])
    for _, at in _turns(sample.at):
        z, q = w[at].astype(np.float64), met[at].astype(np.float64)
        down, up = z - (u + q) / scale, z + (u - q) / scale
        down, up = np.where(down > 0.0, down, 0.0), np.where(up < 0.0, up, 0.0)
        w[at] = np.where(scale * z > 0, down, np.where(scale * z < 0, up, z))
        met[at] = q + scale * (w[at].astype(np.float64) - z)


def _set_eta(chain: Any) -> None:
    schedule = SCHEDULES[chain["schedule"]]
    if schedule == "optimal":
        chain["eta"] = 1.0 / (chain["alpha"] * (chain["optimal_init"] + chain["t"] - 1.0))
    elif schedule == "invscaling":
        chain["eta"] = chain["eta0"] / float(chain["t"]) ** float(chain["power_t"])


def _score(model: Model, sample: Sample) -> float:
    inner = 0.0
    for part, own in pieces(model, sample):
        inner += _sum(part.w[own.at] * own.x) * float(part.chain["scale"])
    return float(model.w.dtype.type(inner)) + float(model.chain["intercept"])


def _move(model: Model, sample: Sample, update: float) -> None:
    """All of a step but what becomes of the intercept."""
    chain, number = model.chain, model.w.dtype.type
    if PENALTIES[chain["penalty"]] in ("l2", "elasticnet"):
        keep = 1.0 - (1.0 - float(chain["l1_ratio"])) * float(chain["eta"]) * float(chain["alpha"])
        _shrink(model, number(max(0.0, keep)))
    if update != 0.0:
        _add(model, sample, number(update))
    if 0 < chain["average"] <= chain["t"]:
        _average(model, sample, number(update))
    if PENALTIES[chain["penalty"]] in ("l1", "elasticnet"):
        _truncate(model, sample)


def _take(model: Model, sample: Sample, pull: float) -> None:
    """The step itself, once its length before weighting is known."""
    chain, number = model.chain, model.w.dtype.type
    class_weight = chain["weight_pos"] if sample.y > 0.0 else chain["weight_neg"]
    weight = float(number(class_weight) * number(sample.weight))
    for part, own in pieces(model, sample):
        part.chain["t"], part.chain["eta"] = chain["t"], chain["eta"] * part.pace
        _move(part, own, pull * part.pace * weight)
    move = pull * weight
    if chain["one_class"]:
        move -= float(chain["eta"]) * float(chain["alpha"])
    if chain["fit_intercept"] and move != 0.0:
        chain["intercept"] += move * float(chain["intercept_decay"])
    if 0 < chain["average"] <= chain["t"]:
        n = float(chain["t"]) - int(chain["average"]) + 1.0
        chain["average_intercept"] += (chain["intercept"] - chain["average_intercept"]) / n
    chain["t"] += 1.0


def step(model: Model, sample: Sample) -> None:
    chain = model.chain
    p = _score(model, sample)
    _set_eta(chain)
    if chain["objective"]:
        _note_objective(model, sample.y, p)
    pull = _pull(model, sample, p)
    if pull is not None:
        _take(model, sample, pull)


def softmax_step(models: list[Model], code: float, row: tuple[NDArray, Any], weight: Any) -> None:
    """One step of all classes of one model."""
    first = models[0].chain
    own = [bool(model.chain["positive"] == code) for model in models]
    scores = [_score(model, Sample(*row, 0.0, weight)) for model in models]
    top = max(scores)
    odds = [exp(score - top) for score in scores]
    total = sum(odds)
    class_weight = sum(m.chain["weight_pos"] for m, mine in zip(models, own, strict=True) if mine)
    if first["objective"]:
        loss = log(total) - sum(s - top for s, mine in zip(scores, own, strict=True) if mine)
        first["loss_sum"] += loss
        first["objective_sum"] += loss
    for model, odd, mine in zip(models, odds, own, strict=True):
        chain = model.chain
        if first["objective"] and chain["penalty"]:
            own_parts = model.parts or (model,)
            first["objective_sum"] += sum(_penalty(part.chain, float) for part in own_parts)
        _set_eta(chain)
        slope = odd / total - (1.0 if mine else 0.0)
        weighted = weight * class_weight
        chain_weights = chain["weight_pos"], chain["weight_neg"]
        chain["weight_pos"] = chain["weight_neg"] = 1.0
        _take(model, Sample(*row, 1.0, weighted), -float(chain["eta"]) * slope)
        chain["weight_pos"], chain["weight_neg"] = chain_weights
