"""Gradient descent on rows that are read in chunks, a pass at a time."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._descent import Callback, State, mean_one
from .._first_order import Advance, Plan, nothing
from .._gradient_data import row_weights, unit_of
from .._kept import Kept
from .._kernels.contract import Rows
from .._random import MAX_INT
from .._sgd_inputs import Seen, remember, see_again
from .._summed import SummedProblem
from ._ahead import Chunk
from ._checks import require_all_rows, require_finite
from ._dataset import Dataset, matrix_or_blocks
from ._jobs import Job
from ._passes import Passes, StreamParts, all_targets
from ._scalers import as_given, fit_block_scalers, without_nan


def fit_descent(model: Any, data: Dataset, job: Job, callback: Callback | None = None) -> Any:
    """A copy of a GDClassifier or GDRegressor, fitted to all rows.

    Gradients of all rows are those of memory, to the last bit: so are the models that they lead
    to, and those of batches in the order of the rows (``shuffle=False``). Shuffled, chunks come in
    an order that is new in each epoch, and so do the rows of each. With ``eta0="auto"``, 13 passes
    go before the first step, and as many before all rows take over from batches.

    Raises
    ------
    SourceError, ValueError
        If a source, its values, the targets or a parameter are not as `fit` would have them, or
        rows are to be held out.
    """
    own = copy(model)
    own._check_parameters()
    require_all_rows(own)
    scalers = fit_block_scalers(data, model.scaler, job)
    own.scaler = as_given(data, scalers)
    seen = own._see(matrix_or_blocks(data, data.blank(1)))
    task, known = own._whole_task(all_targets(data), len(data))
    weight = row_weights(data.weights(), task, len(data))
    doubtful = [name for name in data.names if not without_nan(scalers[name], len(data))]
    passes = Passes(data, job, check=lambda chunk: require_finite(chunk, doubtful))
    parts = StreamParts(
        passes, _describing(own, data, seen), seen.rows.width, seen.rows.dtype, task.targets,
        mean_one(weight),
    )  # fmt: skip
    problem = SummedProblem(
        parts, task.loss, task.n_outputs, float(own.alpha), own.fit_intercept,
        unit_of(task, weight),
    )  # fmt: skip
    kept = Kept(
        job.state.get("learning"),
        lambda state: job.offer(lambda: {"scalers": scalers, "learning": state()}),
    )

    def batches(plan: Plan) -> Advance:
        seed = None
        if own.shuffle:
            seed = kept.step("seed", lambda *_: int(own._generator().integers(MAX_INT)))
        return ChunkBatches(problem, parts, plan, seed)

    theta, trace = own._descend(problem, len(data), batches, callback, kept=kept)
    own._set(seen, theta, trace, task.n_outputs)
    vars(own).update(known)
    own._warn(trace)
    own.scaler = model.scaler
    return own


def _describing(own: Any, data: Dataset, seen: Seen) -> Callable[[Chunk], Rows]:
    """What describes the rows of a chunk as an estimator sees them, which is not fitted yet."""
    shadow = copy(own)
    remember(shadow, seen)

    def rows_of(chunk: Chunk) -> Rows:
        return see_again(shadow, matrix_or_blocks(data, chunk), seen.rows.dtype, scoring=True)

    return rows_of


class ChunkBatches:
    """Steps along the gradients of batches of rows that are read in chunks.

    In the order of the rows without a seed; else chunks come in an order that is new in each
    epoch, and so do the rows of each. A chunk is a number of whole batches.
    """

    def __init__(
        self, problem: SummedProblem, parts: StreamParts, plan: Plan, seed: int | None
    ) -> None:
        self.problem, self.parts, self.seed = problem, parts, seed
        self.n_rows = parts.n_rows
        self.batch_size = min(plan.batch_size or self.n_rows, self.n_rows)
        self.momentum, self.nesterov = plan.momentum or 0.0, plan.nesterov
        whole = parts.passes
        self.passes = Passes(whole.data, whole.job, self.batch_size, whole.check)
        self.moved: NDArray[np.float64] | None = None
        self.epoch, self.position, self.total = 0, 0, 0.0
        self.between: Any = nothing

    @property
    def state(self) -> State:
        names = ("moved", "epoch", "position", "total")
        return {name: getattr(self, name) for name in names}

    @state.setter
    def state(self, state: State) -> None:
        vars(self).update(state)

    def __call__(self, theta: NDArray[np.float64], rate: float) -> tuple[float, bool]:
        if self.moved is None:
            shape = self.problem.n_outputs, self.problem.width + 1
            self.moved = np.zeros(shape if self.momentum else (0, 0))
        moved = self.moved
        numbers = np.arange(-(-self.n_rows // self.passes.height))
        if self.seed is not None:
            numbers = np.random.default_rng([self.seed, self.epoch]).permutation(numbers)
        for chunk in self.passes.chunks(numbers[self.position :].tolist()):
            self._visit(chunk, theta, moved, rate)
            self.position += 1
            if self.position < len(numbers):
                self.between()
        mean = self.total / self.n_rows
        self.epoch, self.position, self.total = self.epoch + 1, 0, 0.0
        return mean, False

    def _visit(
        self, chunk: Chunk, theta: NDArray[np.float64], moved: NDArray[np.float64], rate: float
    ) -> None:
        problem, order = self.problem, np.arange(len(chunk))
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, self.epoch, chunk.start])
            order = rng.permutation(order)
        n_batches = -(-len(chunk) // self.batch_size)
        self.total = _kernels.select().descend(
            self.parts.rows_of(chunk), order, self.batch_size, *self.parts.told(chunk),
            problem.loss, np.full(n_batches, rate), float(problem.alpha), self.momentum,
            self.nesterov, *problem.split(theta), moved, problem.fit_intercept, self.total,
        )  # fmt: skip
