"""What the fusion operators compute: the scalar formulas, each one written once for Python.

The same list, in the same order, stands in ``cpp/ops/fusion_ops.hpp``; a test asserts that they
agree. An operator either folds its blocks one after the other, or gathers all values of an element
before it can say anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Operator:
    """A fusion rule. `weighs` tells whether it takes a weight per block.

    ``"never"``; ``"must"``; or ``"may"``, ones if there are none.
    """

    name: str
    formula: str
    summary: str
    weighs: str

    @property
    def weighted(self) -> bool:
        return self.weighs != "never"

    @property
    def divided(self) -> bool:
        """Whether the result is divided by the sum of the weights, which may then not be zero."""
        return self.weighted and isinstance(self, Fold) and self.finish is not _keep


@dataclass(frozen=True)
class Fold(Operator):
    """finish(combine(... combine(lift(x1, w1, p), lift(x2, w2, p)) ...), total, p).

    `total` is the sum of the weights, or the number of blocks for an operator that never weighs;
    p is ``Rows.parameter``. The expressions work on arrays (the NumPy reference) and on scalars
    (Numba compiles them). Those of a `wide` operator are computed in float64 whatever the result
    is, from values, weights and a total that have its precision.
    """

    lift: Callable[[Any, Any, Any], Any]
    combine: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any, Any], Any]
    wide: bool = False


@dataclass(frozen=True)
class Gather(Operator):
    """gather(values, weights): k values to one, along the first axis of (k, n, d).

    The weights, in the precision of the values, can be broadcast to them.
    """

    gather: Callable[[NDArray, NDArray], NDArray]


def _value(x: Any, w: Any, p: Any) -> Any:
    return x


def _weighted(x: Any, w: Any, p: Any) -> Any:
    return w * x


def _weighted_log(x: Any, w: Any, p: Any) -> Any:
    return w * np.log(x)


def _weighted_power(x: Any, w: Any, p: Any) -> Any:
    return w * x**p


def _add(a: Any, b: Any) -> Any:
    return a + b


def _times(a: Any, b: Any) -> Any:
    return a * b


def _greater(a: Any, b: Any) -> Any:
    return np.maximum(a, b)


def _less(a: Any, b: Any) -> Any:
    return np.minimum(a, b)


def _keep(acc: Any, total: Any, p: Any) -> Any:
    return acc


def _divide(acc: Any, total: Any, p: Any) -> Any:
    return acc / total


def _exp_of_mean(acc: Any, total: Any, p: Any) -> Any:
    return np.exp(acc / total)


def _root_of_mean(acc: Any, total: Any, p: Any) -> Any:
    return (acc / total) ** (1.0 / p)


def _median(x: NDArray, w: NDArray) -> NDArray:
    ordered = np.sort(x, axis=0)  # NaNs come last
    low, high, last = ordered[(len(x) - 1) // 2], ordered[len(x) // 2], ordered[-1]
    middle = low if len(x) % 2 else (low + high) / 2
    fused: NDArray = np.where(np.isnan(last), last, middle)
    return fused


def _elect(x: NDArray, w: NDArray) -> NDArray:
    """The value with the greatest sum of weights, the least of those that tie; no NaNs."""
    votes = np.zeros_like(x)
    for voter, weight in zip(x, w, strict=True):
        votes += np.where(voter == x, weight, 0)
    votes[np.isnan(x)] = -1
    elected: NDArray = np.where(votes == votes.max(axis=0), x, np.inf).min(axis=0)
    return elected


def _vote(x: NDArray, w: NDArray) -> NDArray:
    return _elect(x, np.ones(len(x)))


OPERATORS: dict[str, Operator] = {
    op.name: op
    for op in (
        Fold("sum", "y = x_1 + ... + x_n", "Sum of the blocks.", "never", _value, _add, _keep),
        Fold(
            "mean", "y = (x_1 + ... + x_n) / n", "Mean of the blocks.", "never",
            _value, _add, _divide,
        ),
        Fold(
            "weighted_sum", "y = w_1 x_1 + ... + w_n x_n", "Weighted sum of the blocks.", "must",
            _weighted, _add, _keep,
        ),
        Fold(
            "weighted_mean", "y = (w_1 x_1 + ... + w_n x_n) / (w_1 + ... + w_n)",
            "Weighted mean of the blocks.", "must", _weighted, _add, _divide,
        ),
        Fold(
            "maximum", "y = max(x_1, ..., x_n)", "Greatest of the blocks; NaN wins.", "never",
            _value, _greater, _keep,
        ),
        Fold(
            "minimum", "y = min(x_1, ..., x_n)", "Least of the blocks; NaN wins.", "never",
            _value, _less, _keep,
        ),
        Fold(
            "product", "y = x_1 · ... · x_n", "Product of the blocks.", "never",
            _value, _times, _keep,
        ),
        Fold(
            "geometric_mean", "y = exp((w_1 log x_1 + ... + w_n log x_n) / (w_1 + ... + w_n))",
            "Geometric mean of the blocks; NaN below zero.", "may",
            _weighted_log, _add, _exp_of_mean, wide=True,
        ),
        Fold(
            "power_mean", "y = ((w_1 x_1^p + ... + w_n x_n^p) / (w_1 + ... + w_n))^(1/p)",
            "Power mean of the blocks, with exponent p.", "may",
            _weighted_power, _add, _root_of_mean, wide=True,
        ),
        Gather(
            "median", "y = median(x_1, ..., x_n)",
            "Middle of the blocks, the mean of the middle two; NaN wins.", "never", _median,
        ),
        Gather(
            "vote", "y = argmax over v of #{i: x_i = v}",
            "Most frequent value, the least of those that tie; NaN abstains.", "never", _vote,
        ),
        Gather(
            "weighted_vote", "y = argmax over v of Σ {w_i: x_i = v}",
            "Value with most weight, the least of those that tie; NaN abstains.", "must", _elect,
        ),
    )
}  # fmt: skip
