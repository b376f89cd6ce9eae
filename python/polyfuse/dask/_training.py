"""Gradients of all rows, added up over partitions."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._descent import Callback, Vector, longest_row, mean_one
from .._gradient_data import row_weights, unit_of
from .._kernels.contract import GRADIENT_PIECE, Rows
from .._sgd_inputs import remember, see_again
from .._summed import SummedProblem
from ._graph import compute, held, merged, persist, task
from ._partitions import Partitions, all_values, as_given, without_names
from ._states import fit_block_scalers

Sums = tuple[float, NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class DaskParts:
    """Fused rows of partitions, kept by the workers, with their targets and weights.

    A partition has `rows`, a Delayed of some description that `fused` makes rows of, and `told`, a
    Delayed of its targets and weights. Partitions are added up in a fixed tree.
    """

    rows: list[Any]
    told: list[Any]
    lengths: tuple[int, ...]
    width: int
    dtype: np.dtype
    fused: Callable[[Any], Rows]

    @property
    def n_rows(self) -> int:
        return sum(self.lengths)

    def loss_gradient(
        self, coef: NDArray[np.float64], intercept: NDArray[np.float64], loss: str
    ) -> Sums:
        """The sums over all rows: one round of tasks, which send a model's worth of numbers."""
        model = held((np.array(coef), np.array(intercept)))
        pairs = zip(self.rows, self.told, strict=True)
        sums = [task(_sums, self.fused, *own, model, loss) for own in pairs]
        (total,) = compute([merged(sums, _added)])
        checked: Sums = total
        return checked

    def squares(self) -> DaskParts:
        return replace(self, told=[task(_without_targets, own) for own in self.told])

    def longest_row(self, fit_intercept: bool) -> float:
        pairs = zip(self.rows, self.told, strict=True)
        found = [task(_longest, self.fused, *own, fit_intercept) for own in pairs]
        return float(max(compute(found)))


def told_parts(targets: Vector, weight: Vector | None, lengths: tuple[int, ...]) -> list[Any]:
    """Targets and weights of each partition, sent to the workers once."""
    ends = np.cumsum(lengths)[:-1]
    weights = [None] * len(lengths) if weight is None else np.split(weight, ends)
    pairs = zip(np.split(targets, ends), weights, strict=True)
    return persist([held(pair) for pair in pairs])


def of_whole_tiles(parts: Partitions) -> Partitions:
    """Partitions in which float32 is added up in the tiles that it would be in memory.

    What is rounded in single precision would be 1e-7 away from that, in others; doubles are 1e-16.
    """
    single = any(array.dtype.itemsize < 8 for array in parts.arrays)
    return parts.aligned(GRADIENT_PIECE) if single else parts


def _sums(
    fused: Callable[[Any], Rows], described: Any, told: tuple[Vector, Vector | None],
    model: tuple[Vector, Vector], loss: str,
) -> Sums:  # fmt: skip
    coef, intercept = model
    grad_coef, grad_intercept = np.zeros_like(coef), np.zeros_like(intercept)
    if described is None:
        return 0.0, grad_coef, grad_intercept
    total = _kernels.select().loss_gradient(
        fused(described), *told, coef, intercept, loss, grad_coef, grad_intercept
    )
    return total, grad_coef, grad_intercept


def _added(*sums: Sums) -> Sums:
    total, grad_coef, grad_intercept = sums[0][0], sums[0][1].copy(), sums[0][2].copy()
    for loss, of_coef, of_intercept in sums[1:]:
        total += loss
        grad_coef += of_coef
        grad_intercept += of_intercept
    return total, grad_coef, grad_intercept


def _without_targets(told: tuple[Vector, Vector | None]) -> tuple[Vector, Vector | None]:
    return np.zeros((len(told[0]), 1)), told[1]


def _longest(
    fused: Callable[[Any], Rows], described: Any, told: tuple[Vector, Vector | None],
    fit_intercept: bool,
) -> float:  # fmt: skip
    return 0.0 if described is None else longest_row(fused(described), told[1], fit_intercept)


# -- GDClassifier and GDRegressor -----------------------------------------------------------------


def fit_descent(
    model: Any, parts: Partitions, y: Any, sample_weight: Any, callback: Callback | None
) -> Any:
    """A copy of a GDClassifier or GDRegressor, fitted to all rows.

    Raises
    ------
    ValueError
        If values, targets or a parameter are not as `fit` would have them, or gradients are not to
        be those of all rows.
    """
    own = copy(model)
    own._check_parameters()
    if own.batch_size is not None or own.early_stopping:
        name = "early_stopping" if own.early_stopping else "batch_size"
        raise ValueError(
            f"{name} must be {False if own.early_stopping else None} to fit to Dask collections, "
            f"by gradients of all rows; got {getattr(own, name)!r}. SGDClassifier and SGDRegressor "
            "take a step per row."
        )
    own.scaler = as_given(parts, fit_block_scalers(parts, model.scaler))
    seen = own._see(parts.blank())
    task_, known = own._whole_task(all_values(y, "y"), parts.n_rows)
    weight = row_weights(all_values(sample_weight, "sample_weight"), task_, parts.n_rows)
    parts = of_whole_tiles(parts)
    rows = described(own, seen, parts)
    dask_parts = DaskParts(
        rows, told_parts(task_.targets, mean_one(weight), parts.lengths), parts.lengths,
        seen.rows.width, seen.rows.dtype, _as_they_are,
    )  # fmt: skip
    problem = SummedProblem(
        dask_parts, task_.loss, task_.n_outputs, float(own.alpha), own.fit_intercept,
        unit_of(task_, weight),
    )  # fmt: skip
    theta, trace = own._descend(problem, parts.n_rows, _no_batches, callback)
    own._set(seen, theta, trace, task_.n_outputs)
    vars(own).update(known)
    own._warn(trace)
    own.scaler = model.scaler
    return own


def described(own: Any, seen: Any, parts: Partitions) -> list[Any]:
    """The rows of each partition as a linear model sees them, checked, kept by the workers."""
    shadow = copy(own)
    remember(shadow, seen)
    shadow = without_names(shadow)
    return persist(
        [
            task(_seen, shadow, seen.rows.dtype, parts.names, parts.whole, *blocks)
            for blocks in zip(*parts.parts(), strict=True)
        ]
    )


def _seen(
    shadow: Any, dtype: np.dtype, names: list[str], whole: bool, *blocks: NDArray
) -> Rows | None:
    if not any(len(block) for block in blocks):
        return None
    X = blocks[0] if whole else dict(zip(names, blocks, strict=True))
    return see_again(shadow, X, dtype)


def _as_they_are(rows: Rows) -> Rows:
    return rows


def _no_batches(plan: Any) -> Any:
    raise AssertionError("gradients of all rows need no batches")
