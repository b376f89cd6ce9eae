"""What the fusion operators compute: the scalar formulas, each one written once for Python.

The same list, in the same order, stands in ``cpp/ops/fusion_ops.hpp``; a test asserts that they
agree. An operator folds k blocks: every value is lifted, lifted values are combined from left to
right, and the result is finished with the number of blocks or the sum of the weights. The
expressions work on arrays (the NumPy reference) and on scalars (Numba compiles them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def _value(x: Any, w: Any) -> Any:
    return x


def _weighted(x: Any, w: Any) -> Any:
    return w * x


def _add(a: Any, b: Any) -> Any:
    return a + b


def _greater(a: Any, b: Any) -> Any:
    return np.maximum(a, b)


def _less(a: Any, b: Any) -> Any:
    return np.minimum(a, b)


def _keep(acc: Any, total: Any) -> Any:
    return acc


def _divide(acc: Any, total: Any) -> Any:
    return acc / total


@dataclass(frozen=True)
class Operator:
    """A fusion rule: finish(combine(... combine(lift(x1, w1), lift(x2, w2)) ...), total)."""

    name: str
    formula: str
    summary: str
    lift: Callable[[Any, Any], Any]
    combine: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any], Any]

    @property
    def weighted(self) -> bool:
        """Whether the operator weighs its blocks; then `total` is the sum of the weights."""
        return self.lift is _weighted


OPERATORS: dict[str, Operator] = {
    op.name: op
    for op in (
        Operator("sum", "y = x_1 + ... + x_n", "Sum of the blocks.", _value, _add, _keep),
        Operator(
            "mean", "y = (x_1 + ... + x_n) / n", "Mean of the blocks.", _value, _add, _divide
        ),
        Operator(
            "weighted_sum", "y = w_1 x_1 + ... + w_n x_n", "Weighted sum of the blocks.",
            _weighted, _add, _keep,
        ),
        Operator(
            "weighted_mean", "y = (w_1 x_1 + ... + w_n x_n) / (w_1 + ... + w_n)",
            "Weighted mean of the blocks.", _weighted, _add, _divide,
        ),
        Operator(
            "maximum", "y = max(x_1, ..., x_n)", "Greatest of the blocks; NaN wins.",
            _value, _greater, _keep,
        ),
        Operator(
            "minimum", "y = min(x_1, ..., x_n)", "Least of the blocks; NaN wins.",
            _value, _less, _keep,
        ),
    )
}  # fmt: skip
