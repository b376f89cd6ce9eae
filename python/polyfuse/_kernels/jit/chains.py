"""Chains of stochastic gradient descent: their steps over rows, a tile at a time.

T is the type of the rows, all else is float64; every sum runs from left to right, whether that is
asked for or not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chain_parts import close_parts, open_parts
from ..contract import Rows
from .chain_parts import settle_parted, walk_parted, walk_parted_classes
from .chain_steps import (
    MULTINOMIAL,
    NONE,
    PA1,
    PA2,
    class_penalty_of,
    loss_and_slope,
    note_objective,
    odds_of,
    penalty_of,
    pull_of,
    score_of,
    set_eta,
    settle,
    square_of,
    take,
    target_of,
)
from .loops import F64, I64, jit, plain
from .loops import parts as slices
from .samples import labels, samples


@jit
def _walk(tile: Any, targets: F64, weight: F64, chains: NDArray, c: int, models: Any) -> None:
    """One chain over the rows of a tile."""
    values, columns, starts, which = tile
    coef, average, met = models
    chain, model, number = chains[c], (coef[c], average[c], met[c]), values.dtype.type
    passive = chain.schedule == PA1 or chain.schedule == PA2
    for i in range(len(which)):
        start, stop = starts[which[i]], starts[which[i] + 1]
        x, at = values[start:stop], columns[start:stop]
        y = target_of(chain, np.float64(number(targets[i])))
        p = score_of(chain, model[0], x, at)
        set_eta(chain)
        loss, slope = loss_and_slope(chain.loss, y, p, chain.epsilon)
        if chain.objective:
            note_objective(chain, loss, penalty_of(chain, number))
        square = square_of(x) if passive else 1.0
        if square == 0.0 and chain.schedule == PA1:
            continue
        own = number(chain.weight_pos if y > 0.0 else chain.weight_neg)
        pull = pull_of(chain, loss, slope, y, p, square)
        take(chain, model, x, at, pull, own * number(weight[i]))


@jit
def _walk_classes(tile: Any, targets: F64, weight: F64, chains: NDArray, models: Any) -> None:
    """The classes of one model, through one softmax, over the rows of a tile."""
    values, columns, starts, which = tile
    coef, average, met = models
    odds, first = np.empty(len(chains)), chains[0]
    for i in range(len(which)):
        start, stop = starts[which[i]], starts[which[i] + 1]
        x, at = values[start:stop], columns[start:stop]
        for c in range(len(chains)):
            odds[c] = score_of(chains[c], coef[c], x, at)
        total, loss, class_weight = odds_of(chains, targets[i], odds)
        own = values.dtype.type(weight[i] * class_weight)
        if first.objective:
            first.loss_sum += loss
            first.objective_sum += loss
        for c in range(len(chains)):
            chain = chains[c]
            if first.objective and chain.penalty != NONE:
                first.objective_sum += class_penalty_of(chain)
            set_eta(chain)
            slope = odds[c] / total - (1.0 if chain.positive == targets[i] else 0.0)
            take(chain, (coef[c], average[c], met[c]), x, at, -chain.eta * slope, own)


def _with_rows(chains: NDArray[np.void], array: NDArray) -> NDArray:
    """A row for each chain, of nothing if there are none."""
    return array if len(array) else np.empty((len(chains), 0), array.dtype)


@np.errstate(all="ignore")
def chains(rows: Rows, order: I64, targets: F64, sample_weight: F64 | None,
           chains: NDArray[np.void], coef: NDArray, average: NDArray, met: NDArray,
           parts: NDArray[np.void], exact: bool) -> None:  # fmt: skip
    source, m = samples(rows), len(chains)
    models = coef, _with_rows(chains, average), _with_rows(chains, met)
    classes = not exact and bool(m) and chains["loss"][0] == MULTINOMIAL
    pieces = parts, open_parts(chains, parts) if len(parts) else parts
    for r, own in enumerate(order):
        for part in slices(len(own), source.row_bytes):
            index = plain(own[part], np.int64)
            tile, told = source.tile(index), labels(index, len(index), targets, sample_weight)
            if classes and len(parts):
                walk_parted_classes(tile, told, chains, pieces, models)
            elif classes:
                _walk_classes(tile, *told, chains, models)
            for c in () if classes else range(m) if len(order) == 1 else (r,):
                if len(parts):
                    walk_parted(tile, told, chains, c, pieces, models)
                else:
                    _walk(tile, *told, chains, c, models)
    close_parts(*pieces[::-1])


@jit
def _settle_all(chains: NDArray, coef: NDArray, average: NDArray) -> None:
    for c in range(len(chains)):
        settle(chains[c], coef[c], average[c])


@np.errstate(all="ignore")
def settle_chains(
    chains: NDArray[np.void], coef: NDArray, average: NDArray, parts: NDArray[np.void]
) -> None:
    average = _with_rows(chains, average)
    if not len(parts):
        _settle_all(chains, coef, average)
        return
    own = open_parts(chains, parts)
    settle_parted(parts, own, coef, average)
    close_parts(own, parts)


@jit
def _shuffle(state: int, order: I64) -> None:
    for i in range(len(order) - 1):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        j = i + (state & 0x7FFFFFFF) % (len(order) - i)
        order[i], order[j] = order[j], order[i]


def shuffle(seed: int, order: I64) -> None:
    _shuffle(seed or 1, order)
