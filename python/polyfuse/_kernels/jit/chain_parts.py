"""Steps of chains whose columns are cut into parts: a part is a chain of its own columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chain_steps import (
    NONE,
    PA1,
    PA2,
    average_intercept,
    class_penalty_of,
    loss_and_slope,
    move_intercept,
    note_objective,
    odds_of,
    penalty_of,
    pull_of,
    set_eta,
    settle,
    square_of,
    take,
    target_of,
)
from .loops import jit


@jit
def _end(at: NDArray, begin: int, last: int) -> int:
    """Behind the values of a row, from place `begin` on, that lie before column `last`."""
    while begin < len(at) and at[begin] < last:
        begin += 1
    return begin


@jit
def _score(chain: Any, parts: NDArray, own: NDArray, w: NDArray, x: NDArray, at: NDArray) -> Any:
    score, begin, last = 0.0, 0, 0
    for b in range(len(parts)):
        last += parts[b].width
        end, inner = _end(at, begin, last), 0.0
        for k in range(begin, end):
            inner += w[at[k]] * x[k]
        score += own[b].scale * inner
        begin = end
    return np.float64(w.dtype.type(score)) + chain.intercept


@jit
def _square(parts: NDArray, x: NDArray, at: NDArray) -> float:
    square, begin, last = 0.0, 0, 0
    for b in range(len(parts)):
        last += parts[b].width
        end = _end(at, begin, last)
        square += parts[b].eta * square_of(x[begin:end])
        begin = end
    return square


@jit
def _take(chain: Any, parts: NDArray, own: NDArray, model: Any, row: Any, pull: float,
          weight: Any) -> None:  # fmt: skip
    w, average, met = model
    x, at = row
    first, begin = 0, 0
    for b in range(len(parts)):
        last = first + parts[b].width
        end = _end(at, begin, last)
        piece = w[first:last], average[first:last], met[first:last]
        own[b].eta = chain.eta * parts[b].eta
        take(own[b], piece, x[begin:end], at[begin:end] - np.int32(first), pull * parts[b].eta,
             weight)  # fmt: skip
        first, begin = last, end
    if chain.fit_intercept:
        move_intercept(chain, pull * np.float64(weight))
    if 0 < chain.average <= chain.t:
        average_intercept(chain)
    chain.t += 1.0


@jit
def walk_parted(tile: Any, told: Any, chains: NDArray, c: int, pieces: Any, models: Any) -> None:
    """One chain over the rows of a tile; `pieces` are the parts, and those as chains."""
    values, columns, starts, which = tile
    targets, weight = told
    coef, average, met = models
    chain, model = chains[c], (coef[c], average[c], met[c])
    parts, own, number = pieces[0][c], pieces[1][c], values.dtype.type
    passive = chain.schedule == PA1 or chain.schedule == PA2
    for i in range(len(which)):
        start, stop = starts[which[i]], starts[which[i] + 1]
        x, at = values[start:stop], columns[start:stop]
        y = target_of(chain, np.float64(number(targets[i])))
        p = _score(chain, parts, own, model[0], x, at)
        set_eta(chain)
        loss, slope = loss_and_slope(chain.loss, y, p, chain.epsilon)
        if chain.objective:
            penalty = 0.0
            for b in range(len(own)):
                penalty += penalty_of(own[b], number)
            note_objective(chain, loss, penalty)
        square = _square(parts, x, at) if passive else 1.0
        if square == 0.0 and chain.schedule == PA1:
            continue
        of_class = number(chain.weight_pos if y > 0.0 else chain.weight_neg)
        pull = pull_of(chain, loss, slope, y, p, square)
        _take(chain, parts, own, model, (x, at), pull, of_class * number(weight[i]))


@jit
def walk_parted_classes(tile: Any, told: Any, chains: NDArray, pieces: Any, models: Any) -> None:
    """The classes of one model, through one softmax, over the rows of a tile."""
    values, columns, starts, which = tile
    targets, weight = told
    parts, own = pieces
    coef, average, met = models
    odds, first = np.empty(len(chains)), chains[0]
    for i in range(len(which)):
        start, stop = starts[which[i]], starts[which[i] + 1]
        x, at = values[start:stop], columns[start:stop]
        for c in range(len(chains)):
            odds[c] = _score(chains[c], parts[c], own[c], coef[c], x, at)
        total, loss, class_weight = odds_of(chains, targets[i], odds)
        of_row = values.dtype.type(weight[i] * class_weight)
        if first.objective:
            first.loss_sum += loss
            first.objective_sum += loss
        for c in range(len(chains)):
            chain = chains[c]
            if first.objective and chain.penalty != NONE:
                for b in range(len(own[c])):
                    first.objective_sum += class_penalty_of(own[c][b])
            set_eta(chain)
            slope = odds[c] / total - (1.0 if chain.positive == targets[i] else 0.0)
            model = coef[c], average[c], met[c]
            _take(chain, parts[c], own[c], model, (x, at), -chain.eta * slope, of_row)


@jit
def settle_parted(parts: NDArray, own: NDArray, coef: NDArray, average: NDArray) -> None:
    for c in range(len(parts)):
        first = 0
        for b in range(parts.shape[1]):
            last = first + parts[c][b].width
            settle(own[c][b], coef[c, first:last], average[c, first:last])
            first = last
