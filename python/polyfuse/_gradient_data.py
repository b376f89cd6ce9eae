"""What gradient descent learns from: targets, weights, rows held out, and scaled rows."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import as_sample_weight
from ._fusion_scalers import affine_of
from ._random import MAX_INT, shuffle_split, stratified_split
from ._sgd_inputs import Seen, model_dtype

_HEIGHT = 4096  # rows that are copied at a time, where a scaler sees a part of them


class Task(NamedTuple):
    """What is to be learned: targets (n_samples, 1), their loss, and how many scores it takes.

    `codes` are those of classes, None for numbers; `weight` is what they weigh.
    """

    targets: NDArray[np.float64]
    loss: str
    n_outputs: int
    codes: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None


class Split(NamedTuple):
    """Rows to learn from, and rows to stop by."""

    learned: NDArray[np.int64]
    held_out: NDArray[np.int64] | None


def split_rows(n: int, codes: NDArray[np.int64] | None, fraction: float, seed: Any) -> Split:
    """Hold a fraction of the rows out, of each class alike; none for 0.

    Raises
    ------
    ValueError
        If there are too few rows, of a class or at all.
    """
    rows = np.arange(n, dtype=np.int64)
    if not fraction:
        return Split(rows, None)
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(MAX_INT))
    if codes is None:
        held_out = shuffle_split(n, fraction, seed)
    else:
        held_out = stratified_split(codes, fraction, seed)
    held_out = np.sort(held_out)
    return Split(np.delete(rows, held_out), held_out)


def row_weights(
    sample_weight: ArrayLike | None, task: Task, n_rows: int
) -> NDArray[np.float64] | None:
    """A weight per row, as given times that of its class; None for ones.

    Raises
    ------
    ValueError
        If there is not one finite, non-negative weight per row, or all are zero, by their classes
        or by themselves.
    """
    weight = as_sample_weight(sample_weight, n_rows)
    if task.weight is None:
        return weight
    both: NDArray[np.float64] = task.weight if weight is None else weight * task.weight
    if not both.any():
        raise ValueError("class_weight must not leave all rows without weight; its weights are 0.")
    return both


def unit_of(task: Task, weight: NDArray[np.float64] | None) -> float:
    """The standard deviation of numbers to learn; 1 for classes, and where all are the same."""
    if task.codes is not None:
        return 1.0
    centre = np.average(task.targets[:, 0], weights=weight)
    variance = np.average((task.targets[:, 0] - centre) ** 2, weights=weight)
    return float(np.sqrt(variance)) or 1.0


def scaled(seen: Seen, learning: list[bool], index: NDArray[np.int64] | None) -> Seen:
    """The same rows, scaled by scalers of which some are learning.

    Those are fitted on all rows, or go on with the rows of an index.
    """
    arrays = [block.values for block in seen.rows.blocks]
    scalers = [
        deepcopy(own) if new else own for own, new in zip(seen.scalers, learning, strict=True)
    ]
    for scaler, array, new in zip(scalers, arrays, learning, strict=True):
        if not new:
            continue
        if index is None:
            scaler.fit(array)
            continue
        for start in range(0, len(index), _HEIGHT):
            scaler.partial_fit(array[index[start : start + _HEIGHT]])
    affines = [affine_of(scaler) for scaler in scalers]
    blocks = tuple(
        block._replace(affine=affine)
        for block, affine in zip(seen.rows.blocks, affines, strict=True)
    )
    rows = seen.rows._replace(blocks=blocks, dtype=model_dtype(arrays, affines))
    return seen._replace(rows=rows, scalers=scalers)
