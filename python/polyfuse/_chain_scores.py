"""Scores of chains on rows held out, which early stopping goes by."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._chains import Chain, Held, Index
from ._kernels.contract import Rows
from ._regression import r2_score


def products_of(rows: Rows, coef: NDArray, places: Index | None) -> NDArray:
    """Products of some rows and the weights of k models, (n, k)."""
    n = rows.n_rows if places is None else len(places)
    out = np.empty((n, len(coef)), rows.dtype)
    wide = np.ascontiguousarray(coef, np.float64)
    _kernels.select().linear_scores(rows, wide, np.zeros(len(coef)), out, places)
    return out


def scores_of(rows: Rows, coef: NDArray, intercept: NDArray, places: Index | None) -> NDArray:
    """Linear scores of some rows, (n, k); intercepts are added in their own precision."""
    result: NDArray = products_of(rows, coef, places) + intercept
    return result


def held_scores(
    rows: Rows, chains: list[Chain], records: NDArray[np.void], coef: NDArray, wanted: NDArray
) -> NDArray:
    """The score of each chain on its rows held out; 0 where it has none, or is not `wanted`.

    As scikit-learn does, of the weights as they lie, without their scale; only a softmax, which
    scikit-learn has not, is scored as the model it is (and so are chains of several paces, whose
    weights come with their scales).
    """
    scores = np.zeros(len(chains))
    # Whether anything goes by them or not: warnings and errors of scoring are part of a fit.
    asked = [c for c, chain in enumerate(chains) if chain.held is not None and wanted[c]]
    for _, group in groupby(sorted(asked, key=lambda c: id(chains[c].held)),
                            lambda c: id(chains[c].held)):  # fmt: skip
        which = list(group)
        held = chains[which[0]].held
        assert held is not None
        joint = chains[which[0]].settings.loss == "multinomial"
        scale = records["scale"][which][:, None] if joint else 1.0
        linear = scores_of(rows, coef[which] * scale, records["intercept"][which], held.places)
        if joint:
            positive = records["positive"][which]
            scores[which] = _mean(positive[linear.argmax(axis=1)] == held.targets, held)
            continue
        for k, c in enumerate(which):
            scores[c] = _score(chains[c], held, linear[:, k])
    return scores


def _score(chain: Chain, held: Held, linear: NDArray) -> float:
    if chain.positive < 0:
        return float(r2_score(held.targets, linear, sample_weight=held.weight))
    own, taken = held.targets == chain.positive, linear > 0
    return _mean(own == taken if held.negatives else own & taken, held)


def _mean(right: NDArray[np.bool_], held: Held) -> float:
    return float(np.average(right, weights=held.weight))
