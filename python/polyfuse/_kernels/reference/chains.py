"""Chains of stochastic gradient descent: rows as they take them, and their steps in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chain_parts import close_parts, open_parts
from ..contract import CHAIN_LOSSES, CONCATENATE, Csr, Rows
from .chain_steps import Model, Sample, settle, softmax_step, step
from .stage import stage, stage_block, stage_sparse

_MULTINOMIAL = CHAIN_LOSSES.index("multinomial")


def pick_rows(rows: Rows) -> Any:
    """A function from a row's number to its values and their columns."""
    if not rows.sparse:
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


def _model(
    chains: NDArray[np.void], coef: NDArray, average: NDArray, met: NDArray, c: int
) -> Model:
    """Chain `c`, and its weights."""
    own_average, own_met = average[c] if len(average) else None, met[c] if len(met) else None
    return Model(chains[c], coef[c], own_average, own_met)


def _cut(model: Model, parts: NDArray[np.void], own: NDArray[np.void]) -> Model:
    """A model with its parts, which are the chains `own`."""
    found, first = [], 0
    for part, chain in zip(parts, own, strict=True):
        columns = slice(first, first + int(part["width"]))
        w, average, met = (None if x is None else x[columns] for x in model[1:4])
        assert w is not None
        found.append(Model(chain, w, average, met, (), float(part["eta"]), first))
        first = columns.stop
    return model._replace(parts=tuple(found))


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
    parts: NDArray[np.void],
    exact: bool,
) -> None:
    pick = pick_rows(rows)
    weight = np.ones(rows.n_rows) if sample_weight is None else sample_weight
    own = open_parts(chains, parts) if len(parts) else parts
    models = [_model(chains, coef, average, met, c) for c in range(len(chains))]
    if len(parts):
        models = [_cut(model, parts[c], own[c]) for c, model in enumerate(models)]
    if not exact and chains["loss"][0] == _MULTINOMIAL:
        for i in order[0]:
            softmax_step(models, targets[i], pick(i), weight[i])
    else:
        _walk(models, order, targets, weight, pick)
    close_parts(own, parts)


def _walk(
    models: list[Model], order: NDArray, targets: NDArray, weight: NDArray, pick: Any
) -> None:
    """The steps of chains that do not know of each other."""
    for c, model in enumerate(models):
        chain = model.chain
        negative = 0.0 if CHAIN_LOSSES[chain["loss"]] == "log_loss" else -1.0
        for i in order[c % len(order)]:
            y = float(model.w.dtype.type(targets[i]))
            if chain["positive"] >= 0:
                y = 1.0 if y == chain["positive"] else negative
            x, at = pick(i)
            step(model, Sample(x, at, y, weight[i]))


@np.errstate(all="ignore")
def settle_chains(
    chains: NDArray[np.void], coef: NDArray, average: NDArray, parts: NDArray[np.void]
) -> None:
    own = open_parts(chains, parts) if len(parts) else parts
    for c in range(len(chains)):
        model = _model(chains, coef, average, coef[:0], c)
        for part in _cut(model, parts[c], own[c]).parts if len(parts) else (model,):
            settle(part)
    close_parts(own, parts)


def shuffle(seed: int, order: NDArray[np.int64]) -> None:
    state, n = seed or 1, len(order)
    for i in range(n - 1):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        j = i + (state % 2**31) % (n - i)
        order[i], order[j] = order[j], order[i]
