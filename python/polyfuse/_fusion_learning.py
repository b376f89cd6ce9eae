"""How the models of a fusion are learned: one of all modalities together, and one of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import result_dtype
from ._descent import Callback, Problem, Trace, Vector, lbfgs, mean_one
from ._gradient_data import Task
from ._joint import Averaged, Joint, Objective, block_scores, drop_some, rows_of
from ._kernels.contract import CONCATENATE, Block, Csr, Rows
from ._linear import scores
from ._missing import Masks
from ._multimodal_inputs import require_finite_blocks
from ._paced import Paces, paced_descent
from ._random import as_random_state

Split = Callable[[Vector], tuple[Vector, Vector]]
N_DRAWS = 4  # times that rows are learned from with modalities dropped, beside once as they are


class Linear(NamedTuple):
    """Coefficients of each modality, (n_outputs, n_features_i), their intercept, and the way."""

    coefs: list[NDArray]
    intercept: NDArray
    trace: Trace


@dataclass(frozen=True)
class Lesson:
    """What is to be learned from which rows, and how.

    `penalties` are those of coefficients in the sum of losses, one per modality: alpha / 2 · |w|².
    `op` and `op_weights` fuse features; `dropout` is the rate at which modalities are dropped.
    """

    names: list[str]
    blocks: tuple[Block, ...]
    dtype: np.dtype
    task: Task
    penalties: list[float]
    max_iter: int
    tol: float
    op: str = CONCATENATE
    op_weights: NDArray[np.float64] | None = None
    rho: float = 0.0
    dropout: float = 0.0
    random_state: Any = None
    paces: Paces | None = None
    callback: Callback | None = None

    @property
    def n_rows(self) -> int:
        return len(self.task.targets)

    def weights(self, given: Vector | None) -> Vector:
        """What rows weigh: ones if nothing is given."""
        return np.ones(self.n_rows) if given is None else given

    def together(self, weight: Vector | None) -> Linear:
        """One model of all modalities, learned from rows with weights (None for ones)."""
        if self.op != CONCATENATE:
            return self._folded(weight)
        needs_parts = self.rho or self.paces or any(isinstance(b.values, Csr) for b in self.blocks)
        if needs_parts:
            return self._joint(weight)
        return self._fused(weight)

    def alone(self, m: int, weight: Vector | None) -> Linear:
        """A model of one modality, learned from the rows in which it is there."""
        block = self.blocks[m]
        if block.present is not None:
            weight = block.present * self.weights(weight)
            if not weight.any():
                return self._silent(m)
        own = replace(
            self, names=[self.names[m]], blocks=(block,), dtype=result_dtype([block.values]),
            penalties=[self.penalties[m]], op=CONCATENATE, op_weights=None, rho=0.0, dropout=0.0,
            paces=None,
        )  # fmt: skip
        return own.together(weight)

    def scores(self, model: Linear, index: NDArray[np.int64] | None = None) -> NDArray:
        """Scores of rows by a model of all modalities."""
        if self.op != CONCATENATE:
            rows = rows_of(self.blocks, self.dtype, self.op, self.op_weights)
            return scores(rows, model.coefs[0], model.intercept, index)
        total = np.asarray(model.intercept)
        zero = np.zeros(len(model.intercept))
        for block, coef in zip(self.blocks, model.coefs, strict=True):
            total = total + block_scores(block, coef, zero, self.dtype, index)
        return total

    def scores_alone(
        self, m: int, model: Linear, index: NDArray[np.int64] | None = None
    ) -> NDArray:
        """Scores of rows by a model of one modality; those of its intercept where that is not."""
        return block_scores(self.blocks[m], model.coefs[0], model.intercept, self.dtype, index)

    def require_finite(self) -> None:
        """Raise ValueError naming the first block with a value that is not finite."""
        require_finite_blocks(self.blocks, self.names)

    # -- what they minimise ----------------------------------------------------------------------

    def _silent(self, m: int) -> Linear:
        """The model of a modality that no row has: it says the same of all."""
        k = self.task.n_outputs
        return Linear([np.zeros((k, self.blocks[m].values.shape[1]))], np.zeros(k), Trace())

    def _masks(self) -> tuple[Masks, ...]:
        masks: Masks = [block.present for block in self.blocks]
        if not self.dropout or len(masks) < 2:
            return (masks,)
        return drop_some(
            masks, self.n_rows, self.dropout, N_DRAWS, as_random_state(self.random_state)
        )

    def _alphas(self, weight: Vector | None) -> list[float]:
        total = self.n_rows if weight is None else float(weight.sum())
        return [penalty / total for penalty in self.penalties]

    def _fused(self, weight: Vector | None) -> Linear:
        """Blocks side by side, read once per gradient."""
        draws, alphas = self._masks(), self._alphas(weight)
        widths = [block.values.shape[1] for block in self.blocks]
        padded = len(draws) > 1 or any(mask is not None for mask in draws[0])
        alpha: Any = alphas[0]
        if len(set(alphas)) > 1:
            alpha = np.repeat([*alphas, 0.0], [*widths, int(padded)])
        coef, intercept, trace = self._minimised(draws, alpha, weight, padded)
        coefs = np.split(coef[:, : sum(widths)], np.cumsum(widths)[:-1], axis=1)
        return self._linear(coefs, intercept, trace)

    def _folded(self, weight: Vector | None) -> Linear:
        """Features of all modalities folded into one block."""
        alpha = self._alphas(weight)[0]
        coef, intercept, trace = self._minimised(self._masks(), alpha, weight)
        return self._linear([coef] * len(self.blocks), intercept, trace)

    def _minimised(
        self, draws: tuple[Masks, ...], alpha: Any, weight: Vector | None, padded: bool = False
    ) -> tuple[NDArray, NDArray, Trace]:
        """One model of fused rows, the mean over draws of modalities that are there."""
        rows = [
            rows_of(self._masked(masks), self.dtype, self.op, self.op_weights, padded)
            for masks in draws
        ]
        objective, split = self._objective(rows, alpha, mean_one(weight))
        theta, trace = self._solve(objective)
        return *split(theta), trace

    def _objective(
        self, draws: list[Rows], alpha: Any, weight: Vector | None
    ) -> tuple[Objective, Split]:
        """The mean over draws of rows of what is to be minimised; and how a model is split."""
        task = self.task
        problems = tuple(
            Problem(rows, task.targets, task.loss, task.n_outputs, alpha, weight) for rows in draws
        )
        return problems[0] if len(problems) == 1 else Averaged(problems), problems[0].split

    def _joint(self, weight: Vector | None) -> Linear:
        task = self.task
        objective = Joint(
            self.blocks, self.dtype, task.targets, task.loss, task.n_outputs,
            tuple(self._alphas(weight)), mean_one(weight), self.rho, self._masks(),
        )  # fmt: skip
        theta, trace = self._solve(objective)
        return self._linear(*objective.split(theta), trace)

    def _masked(self, masks: Masks) -> list[Block]:
        return [b._replace(present=mask) for b, mask in zip(self.blocks, masks, strict=True)]

    def _solve(self, objective: Objective) -> tuple[Vector, Trace]:
        start = objective.start()
        options = {"max_iter": self.max_iter, "tol": self.tol, "callback": self.callback}
        if self.paces is not None and isinstance(objective, Joint):
            return paced_descent(objective, start, self.paces, **options)  # type: ignore[arg-type]
        return lbfgs(objective, start, **options)  # type: ignore[arg-type]

    def _linear(self, coefs: list[NDArray], intercept: NDArray, trace: Trace) -> Linear:
        own = [np.ascontiguousarray(coef, self.dtype) for coef in coefs]
        return Linear(own, intercept.astype(self.dtype), trace)
