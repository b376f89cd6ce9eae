"""Stochastic gradient descent, one row at a time: scikit-learn's, operation by operation.

Python's floats are float64 and ``math`` is libm, as in scikit-learn; T is the type of the rows.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..contract import CHAIN_LOSSES, CONCATENATE, PENALTIES, SCHEDULES, Csr, Rows
from .stage import stage, stage_block, stage_sparse

_MULTINOMIAL = CHAIN_LOSSES.index("multinomial")


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


class _Model(NamedTuple):
    """A chain, its weights, their average and the penalty they have met, as views."""

    chain: Any
    w: NDArray
    average: NDArray | None
    met: NDArray | None


class _Sample(NamedTuple):
    """What of a row is not zero, and in which columns; its target and its weight."""

    x: NDArray
    at: Any
    y: float
    weight: Any


def _pull(chain: Any, x: NDArray, y: float, p: float) -> float | None:
    """The unweighted update; None if the row is to be passed over."""
    loss, slope = loss_and_slope(int(chain["loss"]), y, p, float(chain["epsilon"]))
    schedule, eta0 = SCHEDULES[chain["schedule"]], float(chain["eta0"])
    if schedule not in ("pa1", "pa2"):
        return -float(chain["eta"]) * min(max(slope, -1e12), 1e12)
    square = _sum(x.astype(np.float64) ** 2)
    if schedule == "pa1":
        if square == 0.0:
            return None
        update = min(eta0, loss / square)
    else:
        update = loss / (square + 0.5 / eta0)
    if CHAIN_LOSSES[chain["loss"]] in ("hinge", "perceptron"):
        return update * y
    return -update if y - p < 0 else update


def _note_objective(chain: Any, y: float, p: float, number: Any) -> None:
    loss = loss_and_slope(int(chain["loss"]), y, p, float(chain["epsilon"]))[0]
    chain["loss_sum"] += loss
    chain["objective_sum"] += loss
    if SCHEDULES[chain["schedule"]] in ("pa1", "pa2"):
        return
    alpha, ratio = float(chain["alpha"]), float(chain["l1_ratio"])
    if chain["penalty"]:
        norm = number(sqrt(chain["sq_norm"]))
        l1_norm = float(number(chain["l1_norm"]))
        chain["objective_sum"] += alpha * (
            (1.0 - ratio) * 0.5 * float(norm * norm) + ratio * l1_norm
        )
    if chain["one_class"]:
        chain["objective_sum"] += float(chain["intercept"]) * alpha


def _settle(model: _Model) -> None:
    chain, w, average, _ = model
    number = w.dtype.type
    if chain["average"] and average is not None:
        average += number(chain["average_a"]) * w
        average *= number(1.0 / float(chain["average_b"]))
        chain["average_a"], chain["average_b"] = 0.0, 1.0
    w *= number(chain["scale"])
    chain["scale"] = 1.0


def _shrink(model: _Model, factor: Any) -> None:
    chain, number = model.chain, model.w.dtype.type
    chain["scale"] *= factor
    chain["sq_norm"] *= factor * factor
    chain["l1_norm"] *= abs(factor)
    if chain["scale"] < (1e-6 if number is np.float32 else 1e-9):
        _settle(model)


def _add(model: _Model, sample: _Sample, update: Any) -> None:
    chain, w = model.chain, model.w
    scale = w.dtype.type(chain["scale"])
    x = sample.x.astype(np.float64)
    w[sample.at] = w[sample.at] + x * float(update / scale)
    touched = w[sample.at]
    chain["sq_norm"] = _sum(touched * touched) * float(scale * scale)
    chain["l1_norm"] = _sum(np.abs(touched)) * float(scale)


def _average(model: _Model, sample: _Sample, update: Any) -> None:
    chain, average = model.chain, model.average
    if average is None:
        raise ValueError("average must have a row for each chain that averages")
    n = float(chain["t"]) - int(chain["average"]) + 1.0
    number = average.dtype.type(n)
    step, scale = 1.0 / float(number), float(chain["scale"])
    x = sample.x.astype(np.float64)
    moved = float(chain["average_a"]) * x * (-float(update) / scale)
    average[sample.at] = average[sample.at] + moved
    if number > 1:
        chain["average_b"] /= 1.0 - step
    chain["average_a"] += step * float(chain["average_b"]) * scale
    chain["average_intercept"] += (chain["intercept"] - chain["average_intercept"]) / n


def _truncate(model: _Model, at: Any) -> None:
    chain, w, met = model.chain, model.w, model.met
    if met is None:
        raise ValueError("met must have a row for each chain with an l1 penalty")
    chain["u"] += chain["l1_ratio"] * chain["eta"] * chain["alpha"]
    u, scale = float(chain["u"]), float(chain["scale"])
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


def _score(model: _Model, sample: _Sample) -> float:
    number = model.w.dtype.type
    inner = _sum(model.w[sample.at] * sample.x)
    return float(number(inner * float(model.chain["scale"]))) + float(model.chain["intercept"])


def _take(model: _Model, sample: _Sample, pull: float) -> None:
    """The step itself, once its length before weighting is known."""
    chain, number = model.chain, model.w.dtype.type
    positive = sample.y > 0.0
    weight = number(chain["weight_pos"] if positive else chain["weight_neg"])
    update = pull * float(weight * number(sample.weight))
    alpha, eta = float(chain["alpha"]), float(chain["eta"])
    if PENALTIES[chain["penalty"]] in ("l2", "elasticnet"):
        keep = max(0.0, 1.0 - (1.0 - float(chain["l1_ratio"])) * eta * alpha)
        _shrink(model, number(keep))
    if update != 0.0:
        _add(model, sample, number(update))
    if chain["fit_intercept"]:
        move = update - eta * alpha if chain["one_class"] else update
        if move != 0.0:
            chain["intercept"] += move * float(chain["intercept_decay"])
    if 0 < chain["average"] <= chain["t"]:
        _average(model, sample, number(update))
    if PENALTIES[chain["penalty"]] in ("l1", "elasticnet"):
        _truncate(model, sample.at)
    chain["t"] += 1.0


def _step(model: _Model, sample: _Sample) -> None:
    chain = model.chain
    p = _score(model, sample)
    _set_eta(chain)
    if chain["objective"]:
        _note_objective(chain, sample.y, p, model.w.dtype.type)
    pull = _pull(chain, sample.x, sample.y, p)
    if pull is not None:
        _take(model, sample, pull)


def _softmax_step(models: list[_Model], code: float, row: tuple[NDArray, Any], weight: Any) -> None:
    """One step of all classes of one model."""
    first = models[0].chain
    own = [bool(model.chain["positive"] == code) for model in models]
    scores = [_score(model, _Sample(*row, 0.0, weight)) for model in models]
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
            ratio = float(chain["l1_ratio"])
            square = (1.0 - ratio) * 0.5 * float(chain["sq_norm"])
            first["objective_sum"] += chain["alpha"] * (square + ratio * float(chain["l1_norm"]))
        _set_eta(chain)
        slope = odd / total - (1.0 if mine else 0.0)
        weighted = weight * class_weight
        chain_weights = chain["weight_pos"], chain["weight_neg"]
        chain["weight_pos"] = chain["weight_neg"] = 1.0
        _take(model, _Sample(*row, 1.0, weighted), -float(chain["eta"]) * slope)
        chain["weight_pos"], chain["weight_neg"] = chain_weights


def pick_rows(rows: Rows) -> Any:
    """A function from a row's number to its values and their columns."""
    if not any(isinstance(block.values, Csr) for block in rows.blocks):
        dense, everywhere = stage(rows), slice(None)
        return lambda i: (dense[i], everywhere)
    assert rows.op == CONCATENATE, "sparse blocks can be put side by side alone"
    starts = np.cumsum([0, *(block.values.shape[1] for block in rows.blocks)])
    staged = [
        (stage_sparse if isinstance(block.values, Csr) else stage_block)(block, rows.dtype)
        for block in rows.blocks
    ]

    def pick(i: int) -> tuple[NDArray, NDArray]:
        x, at = [], []
        for values, start in zip(staged, starts, strict=False):
            if isinstance(values, Csr):
                part = slice(values.indptr[i], values.indptr[i + 1])
                x.append(values.data[part])
                at.append(values.indices[part] + start)
            else:
                (columns,) = np.nonzero(values[i])
                x.append(values[i, columns])
                at.append(columns + start)
        return np.concatenate(x), np.concatenate(at)

    return pick


@np.errstate(all="ignore")
def chains(
    rows: Rows,
    order: NDArray[np.int64],
    targets: NDArray[np.float64],
    sample_weight: NDArray[np.float64] | None,
    chains: NDArray[np.void],
    coef: NDArray,
    average: NDArray,
    met: NDArray,
    exact: bool,
) -> None:
    pick, number = pick_rows(rows), rows.dtype.type
    weight = np.ones(rows.n_rows) if sample_weight is None else sample_weight
    models = [
        _Model(chain, coef[c], average[c] if len(average) else None, met[c] if len(met) else None)
        for c, chain in enumerate(chains)
    ]
    if not exact and chains["loss"][0] == _MULTINOMIAL:
        for i in order[0]:
            _softmax_step(models, targets[i], pick(i), weight[i])
        return
    for c, model in enumerate(models):
        chain = model.chain
        negative = 0.0 if CHAIN_LOSSES[chain["loss"]] == "log_loss" else -1.0
        for i in order[c % len(order)]:
            y = float(number(targets[i]))
            if chain["positive"] >= 0:
                y = 1.0 if y == chain["positive"] else negative
            x, at = pick(i)
            _step(model, _Sample(x, at, y, weight[i]))


@np.errstate(all="ignore")
def settle_chains(chains: NDArray[np.void], coef: NDArray, average: NDArray) -> None:
    for c, chain in enumerate(chains):
        _settle(_Model(chain, coef[c], average[c] if len(average) else None, None))


def shuffle(seed: int, order: NDArray[np.int64]) -> None:
    state, n = seed or 1, len(order)
    for i in range(n - 1):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        j = i + (state % 2**31) % (n - i)
        order[i], order[j] = order[j], order[i]
