"""Gradients over all rows, a pass over the data for each, with a few chunks in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._descent import Vector, longest_row
from .._kernels.contract import GRADIENT_PIECE, GRADIENT_SLOTS, Rows
from ._ahead import Chunk, beside_reading
from ._dataset import Dataset
from ._jobs import Job


class Passes:
    """Passes over some blocks of a data set.

    Parameters
    ----------
    data : Dataset
    job : Job
        Which is told how far they have come.
    multiple : int
        Of rows in a chunk.
    check : callable(chunk), optional
        Called in the first pass.
    """

    def __init__(
        self, data: Dataset, job: Job, multiple: int = GRADIENT_PIECE,
        check: Callable[[Chunk], object] | None = None,
    ) -> None:  # fmt: skip
        self.data, self.job, self.check = data.only(data.names), job, check
        self.height = data.chunk_rows(multiple)
        self.n_begun = 0

    def chunks(self, order: Sequence[int] | None = None) -> Iterator[Chunk]:
        """All chunks, or those of an order."""
        self.n_begun += 1
        check = self.check if self.n_begun == 1 else None
        what, n_rows, height = f"pass {self.n_begun}", len(self.data), self.height
        done = 0
        if order is not None:  # of a pass that is resumed, some are done
            done = n_rows - sum(min(height, n_rows - number * height) for number in order)
        for chunk in self.data.chunks(rows=height, order=order):
            if check is not None:
                check(chunk)
            yield chunk
            done += len(chunk)
            self.job.tell(what, done, n_rows)


@dataclass(frozen=True)
class StreamParts:
    """Rows that are read in chunks, their targets and weights, which are held.

    `rows_of` describes the fused rows of a chunk.
    """

    passes: Passes
    rows_of: Callable[[Chunk], Rows]
    width: int
    dtype: np.dtype
    targets: Vector
    weight: Vector | None

    @property
    def n_rows(self) -> int:
        return len(self.targets)

    def loss_gradient(
        self, coef: NDArray[np.float64], intercept: NDArray[np.float64], loss: str
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """The sums over all rows that the kernel gives of them in memory, to the last bit."""
        (total,) = one_pass([self], coef, intercept, loss)
        return parted(total, coef)

    def told(self, chunk: Chunk) -> tuple[Vector, Vector | None]:
        """Targets and weights of the rows of a chunk."""
        own = slice(chunk.start, chunk.stop)
        return self.targets[own], None if self.weight is None else self.weight[own]

    def squares(self) -> StreamParts:
        return replace(self, targets=np.zeros((self.n_rows, 1)))

    def longest_row(self, fit_intercept: bool) -> float:
        return max(
            longest_row(self.rows_of(chunk), self.told(chunk)[1], fit_intercept)
            for chunk in self.passes.chunks()
        )


def one_pass(
    several: Sequence[StreamParts], coef: Vector, intercept: Vector, loss: str
) -> list[Vector]:
    """Gradients and losses of rows that are read once, and described in several ways."""
    add = _kernels.select().gradient_sums
    sums = [np.zeros((GRADIENT_SLOTS, coef.size + intercept.size + 1)) for _ in several]
    for chunk in several[0].passes.chunks():
        with beside_reading():
            for parts, own in zip(several, sums, strict=True):
                rows = parts.rows_of(chunk)
                add(rows, chunk.start, *parts.told(chunk), coef, intercept, loss, own)
    return [_added(own) for own in sums]


def _added(sums: Vector) -> Vector:
    """The sum of all slots, in order."""
    total = np.zeros(sums.shape[1])
    for own in sums:
        total += own
    return total


def parted(total: Vector, coef: Vector) -> tuple[float, Vector, Vector]:
    """Loss and gradients of what was added up."""
    return float(total[-1]), total[: coef.size].reshape(coef.shape), total[coef.size : -1]


def all_targets(data: Dataset) -> Any:
    """The target of all rows: a value for each, which is small beside the blocks."""
    return np.concatenate(list(data.targets()))
