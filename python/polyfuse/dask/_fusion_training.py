"""FusionClassifier and FusionRegressor, learned from gradients added up over partitions."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._descent import Callback, Vector
from .._fusion_learning import Lesson, Linear, Split
from .._fusion_model import FusionModel, Plan
from .._gradient_data import row_weights
from .._joint import Objective, block_scores, rows_of
from .._kernels.contract import Block, Rows
from .._linear import scores
from .._missing import rows_there
from .._multimodal_inputs import read, require_finite_blocks
from .._sgd_inputs import scaler_map
from .._summed import SummedProblem
from ._graph import compute, persist, task
from ._partitions import Partitions, all_values
from ._states import fit_block_scalers
from ._training import DaskParts, of_whole_tiles, told_parts

Blocks = tuple[Block, ...]


@dataclass(frozen=True)
class DaskLesson(Lesson):
    """What is to be learned from rows of partitions, which the workers keep.

    `blocks` are of the right shapes and dtypes, and hold nothing. `members` says which of the
    modalities that the workers have these are.
    """

    kept: Sequence[Any] = ()
    lengths: tuple[int, ...] = ()
    members: dict[str, int] = field(default_factory=dict)

    def _objective(
        self, draws: list[Rows], alpha: Any, weight: Vector | None
    ) -> tuple[Objective, Split]:
        (rows,) = draws
        parts = DaskParts(
            list(self.kept), told_parts(self.task.targets, weight, self.lengths), self.lengths,
            rows.width, self.dtype, self._fusing(),
        )  # fmt: skip
        problem = SummedProblem(parts, self.task.loss, self.task.n_outputs, alpha)
        return problem, problem.split

    def _fusing(self) -> _Fused:
        return _Fused(
            [self.members[name] for name in self.names], self.dtype, self.op, self.op_weights
        )

    def scores(self, model: Linear, index: NDArray[np.int64] | None = None) -> NDArray:
        coef = model.coefs[0] if self._is_folded else np.concatenate(model.coefs, axis=1)
        return self._gathered(_fused_scores, self._fusing(), coef, model.intercept, index)

    def scores_alone(
        self, m: int, model: Linear, index: NDArray[np.int64] | None = None
    ) -> NDArray:
        place = self.members[self.names[m]]
        return self._gathered(
            _own_scores, (place, self.dtype), model.coefs[0], model.intercept, index
        )

    def _gathered(
        self, function: Any, how: Any, coef: NDArray, intercept: NDArray,
        index: NDArray[np.int64] | None,
    ) -> NDArray:  # fmt: skip
        found = compute([task(function, how, coef, intercept, own) for own in self.kept])
        whole = np.concatenate([own for own in found if own is not None])
        return whole if index is None else whole[index]

    @property
    def _is_folded(self) -> bool:
        return self.op != "concatenate"

    def require_finite(self) -> None:
        """Values have been looked at where they lie."""


@dataclass(frozen=True)
class _Fused:
    """The rows that some modalities of a partition are fused to."""

    places: list[int]
    dtype: np.dtype
    op: str
    weights: NDArray[np.float64] | None

    def __call__(self, blocks: Blocks) -> Rows:
        return rows_of([blocks[i] for i in self.places], self.dtype, self.op, self.weights)


def _fused_scores(
    fused: _Fused, coef: NDArray, intercept: NDArray, blocks: Blocks | None
) -> NDArray | None:
    return None if blocks is None else scores(fused(blocks), coef, intercept)


def _own_scores(
    how: tuple[int, np.dtype], coef: NDArray, intercept: NDArray, blocks: Blocks | None
) -> NDArray | None:
    if blocks is None:
        return None
    place, dtype = how
    return block_scores(blocks[place], coef, intercept, dtype)


def fit_fusion_model(
    model: FusionModel, parts: Partitions, y: Any, sample_weight: Any, callback: Callback | None
) -> FusionModel:
    """A copy of a fusion model, fitted to all rows.

    Raises
    ------
    ValueError
        If values, targets or a parameter are not as `fit` would have them, modalities are missing
        in some rows, or are to be dropped, made to agree, or paced.
    """
    own = copy(model)
    fusion = own._check_parameters()
    _require_one_model(own)
    n = parts.n_rows
    weights = all_values(sample_weight, "sample_weight")
    given = read(own, parts.blank(), None)
    task_, known = own._task(all_values(y, "y"), n, weights)
    weight = row_weights(weights, task_, n)
    fitted = fit_block_scalers(parts, own.scaler)
    tall = given._replace(values=[np.broadcast_to(x[:1], (n, x.shape[1])) for x in given.values])
    lesson = own._lesson(tall, fitted, task_, fusion, callback)
    parts = of_whole_tiles(parts)
    kept = persist(
        [
            task(_described, list(map(str, given.names)), fitted, *blocks)
            for blocks in zip(*parts.parts(), strict=True)
        ]
    )
    compute([task(_nothing, each) for each in kept])  # errors about values are raised here
    values = {each.name: getattr(lesson, each.name) for each in fields(Lesson)}
    own_lesson = DaskLesson(
        **values, kept=kept, lengths=parts.lengths,
        members={name: i for i, name in enumerate(lesson.names)},
    )  # fmt: skip
    plan = Plan(given, fitted, own_lesson, weight, known)
    own._settle(plan, fusion, own._learn(own_lesson, fusion, weight, None))
    return own


def _require_one_model(own: FusionModel) -> None:
    if own.level == "cooperative" or own._paced:
        name, value = ("level", own.level) if own.level == "cooperative" else ("block_eta", "set")
        raise ValueError(
            f"level must be 'early', 'late' or 'hybrid', without block_eta and balance, to fit to "
            f"Dask collections; got {name}={value!r}."
        )
    if own.modality_dropout not in ("auto", 0, 0.0):
        raise ValueError(
            "modality_dropout must be 'auto' or 0 to fit to Dask collections; got "
            f"{own.modality_dropout!r}."
        )


def _described(names: list[str], scalers: list[Any], *arrays: NDArray) -> Blocks | None:
    """The blocks of a partition, as they are scaled; values are looked at."""
    if not any(map(len, arrays)):
        return None
    blocks = tuple(
        Block(x, scaler_map(own, x, name))
        for name, own, x in zip(names, scalers, arrays, strict=True)
    )
    for name, block in zip(names, blocks, strict=True):
        there = rows_there(block) if block.values.dtype.kind == "f" else None
        if there is not None and not there.all():
            raise ValueError(
                f"blocks[{name!r}] is missing in a row, all NaN: drop such rows, or fill them, to "
                "fit to Dask collections."
            )
    require_finite_blocks(blocks, names)
    return blocks


def _nothing(_: Any) -> None:
    """A task for the sake of those that it waits for."""
