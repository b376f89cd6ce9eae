"""What the models of a fusion learn from rows that are read in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._descent import Note, State, Trace, Vector, lbfgs
from .._fusion_learning import Lesson, Linear, Split
from .._joint import Averaged, Objective, mean_of
from .._kept import Kept
from .._kernels.contract import Block, Rows
from .._missing import part_of
from .._summed import SummedProblem
from ._ahead import Chunk
from ._checks import require_finite
from ._dataset import Dataset
from ._jobs import Job
from ._passes import Passes, StreamParts, one_pass


@dataclass(frozen=True)
class StreamLesson(Lesson):
    """A lesson of which the values of blocks are in a data set: `blocks` holds zeros for them.

    Every model that it learns is a step that is `kept`.
    """

    data: Dataset = None  # type: ignore[assignment]
    job: Job = None  # type: ignore[assignment]
    kept: Kept = field(default_factory=Kept)
    numbers: Iterator[int] = field(default_factory=count)

    def scores(self, model: Linear, index: NDArray[np.int64] | None = None) -> NDArray:
        def work(part: Lesson, rows: NDArray[np.int64]) -> NDArray:
            return part.scores(model, rows)

        return self._scored(work, list(map(str, self.names)), index)

    def scores_alone(
        self, m: int, model: Linear, index: NDArray[np.int64] | None = None
    ) -> NDArray:
        def work(part: Lesson, rows: NDArray[np.int64]) -> NDArray:
            return part.scores_alone(m, model, rows)

        return self._scored(work, [str(self.names[m])], index)

    def require_finite(self) -> None:
        for chunk in self._passes(list(map(str, self.names))).chunks():
            there = {
                str(name): _zeros_for_missing(block)
                for name, block in zip(self.names, self._filled(self.blocks, chunk), strict=True)
            }
            require_finite(replace(chunk, blocks=there), there)

    # -- passes ----------------------------------------------------------------------------------

    def _passes(self, names: list[str]) -> Passes:
        return Passes(self.data.only(names), self.job)

    def _of(self, chunk: Chunk) -> Lesson:
        """The lesson of the rows of a chunk, which are in memory."""
        own = {each.name: getattr(self, each.name) for each in fields(Lesson)}
        return Lesson(**{**own, "blocks": self._filled(self.blocks, chunk)})

    def _filled(self, blocks: tuple[Block, ...], chunk: Chunk) -> tuple[Block, ...]:
        """Blocks with the values of a chunk, where it has them."""
        part = slice(chunk.start, chunk.stop)
        return tuple(
            block._replace(
                values=chunk.blocks.get(str(name), block.values[part]),
                present=None if block.present is None else block.present[part],
            )
            for name, block in zip(self.names, blocks, strict=True)
        )

    def _scored(
        self, work: Callable[[Lesson, NDArray[np.int64]], NDArray], names: list[str],
        index: NDArray[np.int64] | None,
    ) -> NDArray:  # fmt: skip
        """Scores of the rows of an index, in a pass over some blocks."""
        rows = np.arange(self.n_rows) if index is None else index
        out = np.empty((len(rows), self.task.n_outputs), self.dtype)
        for chunk in self._passes(names).chunks():
            here = (rows >= chunk.start) & (rows < chunk.stop)
            if here.any():
                out[here] = work(self._of(chunk), rows[here] - chunk.start)
        return out

    # -- what they minimise ----------------------------------------------------------------------

    def _objective(
        self, draws: list[Rows], alpha: Any, weight: Vector | None
    ) -> tuple[Objective, Split]:
        passes, task = self._passes(list(map(str, self.names))), self.task
        problems = tuple(
            SummedProblem(
                StreamParts(
                    passes, self._describing(rows), rows.width, rows.dtype, task.targets, weight
                ),
                task.loss, task.n_outputs, alpha,
            )
            for rows in draws
        )  # fmt: skip
        return problems[0] if len(problems) == 1 else OnePass(problems), problems[0].split

    def _describing(self, rows: Rows) -> Callable[[Chunk], Rows]:
        def rows_of(chunk: Chunk) -> Rows:
            """The same rows, those of a chunk; behind its blocks may be what has no source."""
            k = len(self.names)
            behind = part_of(rows._replace(blocks=rows.blocks[k:]), slice(chunk.start, chunk.stop))
            return rows._replace(blocks=(*self._filled(rows.blocks[:k], chunk), *behind.blocks))

        return rows_of

    def _solve(self, objective: Objective) -> tuple[Vector, Trace]:
        def work(under_way: State | None, note: Note | None) -> tuple[Vector, Trace]:
            return lbfgs(
                objective, objective.start(), max_iter=self.max_iter, tol=self.tol,
                callback=self.callback, under_way=under_way, note=note,
            )  # fmt: skip

        found: tuple[Vector, Trace] = self.kept.step(f"model {next(self.numbers)}", work)
        return found


def _zeros_for_missing(block: Block) -> NDArray:
    values: NDArray = block.values
    return values if block.present is None else np.where(block.present[:, None], values, 0)


@dataclass(frozen=True)
class OnePass(Averaged):
    """The mean of problems over the same rows, which are read once for all of them."""

    problems: tuple[SummedProblem, ...]

    def __call__(self, theta: Vector) -> tuple[float, Vector]:
        first = self.problems[0]
        coef, intercept = first.split(theta)
        parts: list[Any] = [problem.parts for problem in self.problems]
        return mean_of(
            [
                first.of_sums(theta, float(total[-1]), total[:-1])
                for total in one_pass(parts, coef, intercept, first.loss)
            ]
        )
