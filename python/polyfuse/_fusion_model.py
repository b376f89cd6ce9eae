"""What FusionClassifier and FusionRegressor share: parameters, learning, scores of modalities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import require_fitted, result_dtype
from ._blocks import BlocksLike
from ._descent import Callback
from ._fusion_learning import Lesson, Linear
from ._fusion_parameters import EARLY, RHOS, SELECTING, WEIGHTED, FusionParameters
from ._fusion_rows import block_weights
from ._gradient_data import Task, row_weights
from ._held_out import as_groups, fold_rows, held_out_scores
from ._joint import block_scores, rows_of
from ._kernels.contract import CONCATENATE, Block, Csr
from ._linear import residuals, scores
from ._missing import Present
from ._modality_scores import RANKED, ModalityScores, nowhere
from ._multimodal_inputs import Given, read, read_again, remember, require_finite_blocks

_OF_SOME_LEVELS = ("rho_", "temperatures_", "_response", "_together")


class Plan(NamedTuple):
    """Blocks, their scalers, what is to be learned from them, and attributes that y sets."""

    given: Given
    scalers: list[Any]
    lesson: Lesson
    weight: NDArray[np.float64] | None
    known: dict[str, Any]


class FusionModel(FusionParameters):
    """A linear model of several modalities; what is predicted is left to subclasses."""

    modalities_: list[str]
    scalers_: dict[str, Any]
    coef_: dict[str, NDArray]
    intercept_: Any
    weights_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    loss_curve_: Any
    n_iter_: int
    n_features_in_: int
    _names: list[str]
    _level: str
    _fusion: str
    _together: Linear

    # -- what subclasses say ---------------------------------------------------------------------

    def _task(self, y: Any, n_rows: int, given: Any) -> tuple[Task, dict[str, Any]]:
        """What is to be learned, given weights of rows or None, and the attributes it sets."""
        raise NotImplementedError

    def _prior(self, task: Task, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """The fused scores of a row without any modality."""
        raise NotImplementedError

    def _holds_out(self) -> bool:
        """Whether something is learned from held-out scores."""
        return isinstance(self.weights, str)

    def _pool(
        self, names: list[str], held_out: list[NDArray], lesson: Lesson, fusion: str,
        weight: NDArray[np.float64],
    ) -> dict[str, Any]:  # fmt: skip
        """What is learned from held-out scores of the members, rows with NaN having none."""
        raise NotImplementedError

    def _part(self, name: str, own: NDArray) -> NDArray:
        """What is fused of the scores of a member."""
        raise NotImplementedError

    # -- fit -------------------------------------------------------------------------------------

    def fit(
        self,
        blocks: BlocksLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        present: Present = None,
        callback: Callback | None = None,
    ) -> Self:
        """Fit to blocks of rows and what is to be predicted of them.

        Parameters
        ----------
        blocks : dict, list or Blocks of array-like or CSR, each of shape (n_samples, n_features_i)
            Or one of them, a block that is called "X". A row of a block that is all NaN is a row
            in which this modality is missing.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        groups : array-like of shape (n_samples,), optional
            Rows of one group are held out together, where something is learned from rows held
            out.
        present : dict or list of bool arrays of shape (n_samples,), optional
            Where modalities are there, beside what their values say.
        callback : callable(iteration, loss), optional
            Called after each iteration of the solver.

        Raises
        ------
        ValueError
            If a parameter, a block or `y` is not as described, or a value is not finite; the
            estimator is then left as it was.
        """
        fusion = self._check_parameters()
        plan = self._plan(blocks, y, sample_weight, present, fusion, callback)
        codes = as_groups(groups, plan.given.n_rows)
        self._settle(plan, fusion, self._learn(plan.lesson, fusion, plan.weight, codes))
        return self

    def _settle(self, plan: Plan, fusion: str, learned: dict[str, Any]) -> None:
        """Set all attributes, after everything that can fail."""
        # What predict does is what was fitted, whatever set_params does in between.
        self._level, self._fusion = self.level, fusion
        remember(self, plan.given)
        self.scalers_ = dict(zip(self.modalities_, plan.scalers, strict=True))
        self.prior_ = self._prior(plan.lesson.task, plan.weight)
        for name in _OF_SOME_LEVELS:
            self.__dict__.pop(name, None)
        for name, value in {**plan.known, **learned}.items():
            setattr(self, name, value)

    def _plan(
        self, blocks: Any, y: Any, sample_weight: ArrayLike | None, present: Present, fusion: str,
        callback: Callback | None = None,
    ) -> Plan:  # fmt: skip
        """What is to be learned, checked and scaled."""
        given = read(self, blocks, present)
        task, known = self._task(y, given.n_rows, sample_weight)
        weight = row_weights(sample_weight, task, given.n_rows)
        scalers = self._fit_scalers(given)
        lesson = self._lesson(given, scalers, task, fusion, callback)
        return Plan(given, scalers, lesson, weight, known)

    def _learn(
        self, lesson: Lesson, fusion: str, weight: NDArray[np.float64] | None,
        groups: NDArray[np.int64] | None,
    ) -> dict[str, Any]:  # fmt: skip
        folds: list[NDArray[np.int64]] = []
        tuned = self.level == "cooperative" and self.rho == "validation"
        if tuned or (self.level in ("late", "hybrid") and self._holds_out()):
            folds = fold_rows(lesson.n_rows, self.cv, lesson.task.codes, groups)
        if self.level in ("late", "hybrid"):
            return self._learn_members(lesson, fusion, weight, folds)
        known: dict[str, Any] = {}
        if self.level == "cooperative":
            if tuned:
                lesson = best_agreement(lesson, lesson.weights(weight), folds)
            known = {"rho_": lesson.rho}
        names = list(map(str, lesson.names))
        model = _checked(lesson.together(weight), lesson)
        op_weights = lesson.op_weights
        return {
            **known,
            "coef_": dict(zip(names, model.coefs, strict=True)),
            "intercept_": model.intercept,
            "weights_": np.ones(len(names)) if op_weights is None else op_weights,
            "loss_curve_": model.trace.losses,
            "n_iter_": len(model.trace.losses),
        }

    def _learn_members(
        self, lesson: Lesson, fusion: str, weight: NDArray[np.float64] | None,
        folds: list[NDArray[np.int64]],
    ) -> dict[str, Any]:  # fmt: skip
        """A model per modality, for a hybrid one of all of them too, and how they are pooled."""
        names = list(map(str, lesson.names))
        members = [*names, EARLY] if self.level == "hybrid" else names
        models = [_checked(self._member(lesson, m, weight), lesson) for m in range(len(members))]
        learned = {
            "coef_": {n: model.coefs[0] for n, model in zip(names, models, strict=False)},
            "intercept_": {n: model.intercept for n, model in zip(members, models, strict=True)},
            "loss_curve_": {
                n: model.trace.losses for n, model in zip(members, models, strict=True)
            },
            "n_iter_": max(len(model.trace.losses) for model in models),
        }
        if self.level == "hybrid":
            learned["_together"] = models[-1]
        held_out: list[NDArray] = []
        w = lesson.weights(weight)
        if self._holds_out():
            held_out = [self._held_out(lesson, m, w, folds) for m in range(len(members))]
        return {**learned, **self._pool(members, held_out, lesson, fusion, w)}

    def _member(self, lesson: Lesson, m: int, weight: NDArray[np.float64] | None) -> Linear:
        return lesson.alone(m, weight) if m < len(lesson.names) else lesson.together(weight)

    def _member_scores(
        self, lesson: Lesson, m: int, model: Linear, rows: NDArray[np.int64]
    ) -> NDArray:
        early = m == len(lesson.names)
        return lesson.scores(model, rows) if early else lesson.scores_alone(m, model, rows)

    def _held_out(
        self, lesson: Lesson, m: int, weight: NDArray[np.float64], folds: list[NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """Scores of member m for each row where it is there, NaN elsewhere."""

        def score(learned: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray:
            return self._member_scores(lesson, m, self._member(lesson, m, learned), rows)

        out = held_out_scores(score, folds, weight, lesson.task.n_outputs)
        if m < len(lesson.names) and lesson.blocks[m].present is not None:
            out[~lesson.blocks[m].present] = np.nan  # type: ignore[operator]
        return out

    def _fixed_weights(self, members: list[str], fusion: str) -> NDArray[np.float64]:
        if fusion in RANKED:
            if self.weights is None:
                return np.ones(len(members))
            fusion = "weighted_sum"
        return block_weights(members, fusion, self.weights)

    # -- scores ----------------------------------------------------------------------------------

    def modality_scores(self, blocks: BlocksLike, *, present: Present = None) -> ModalityScores:
        """Each modality's own part of the scores, by name, and how they are fused.

        Parameters
        ----------
        blocks, present
            As for `fit`; a block that is None, or left out of a dict, is missing in all rows.

        Returns
        -------
        ModalityScores
            For level="late", what is fused of each modality. Otherwise parts that add up, with
            the intercept, to the scores of the rows.

        Raises
        ------
        ValueError
            If features are folded (level="early" with another fusion than "concatenate"): one
            model sees all modalities mixed then.
        """
        given, described = self._describe(blocks, present)
        return self._parts(given, described)

    def _parts(self, given: Given, described: tuple[Block, ...]) -> ModalityScores:
        if self._level == "early" and self._fusion != CONCATENATE:
            raise ValueError(
                f"modality_scores needs fusion='concatenate' or level='late'; got "
                f"fusion={self._fusion!r}, level='early': one model sees all modalities mixed."
            )
        late, parts = self._level == "late", {}
        for m, (name, block) in enumerate(zip(self.modalities_, described, strict=True)):
            coef, dtype = self.coef_[name], result_dtype([block.values])
            zero = np.zeros(len(coef))
            own = block_scores(block, coef, self.intercept_[name] if late else zero, dtype)
            if self._level == "hybrid":
                early = block_scores(block, self._together.coefs[m], zero, dtype)
                own = self._shares()[m] * own + self._shares()[-1] * early
            if not np.isfinite(own).all():
                require_finite_blocks((block,), [self._names[m]])
            parts[name] = self._part(name, own) if late else own
        masks = dict(zip(self.modalities_, given.masks, strict=True))
        classes = getattr(self, "classes_", None)
        if late:
            weights = self.weights_ if self._fusion in WEIGHTED else None
            return ModalityScores(
                parts, rule=self._fusion, weights=weights, classes=classes, present=masks,
                prior=self.prior_,
            )  # fmt: skip
        intercept = self.intercept_
        if self._level == "hybrid":  # that of every member, so that one that is missing says it
            members = self.intercept_.values()
            intercept = sum(w * b for w, b in zip(self._shares(), members, strict=True))
        return ModalityScores(parts, intercept=intercept, classes=classes, present=masks)

    def _shares(self) -> NDArray[np.float64]:
        """What the scores of each member of a hybrid are multiplied by."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _describe(self, blocks: Any, present: Present) -> tuple[Given, tuple[Block, ...]]:
        require_fitted(self, "modalities_")
        given = read_again(self, blocks, present)
        return given, given.described(list(self.scalers_.values()))

    def _scores(self, blocks: BlocksLike, present: Present) -> NDArray:
        """Linear scores of an early fusion, or what a late one fuses to."""
        given, described = self._describe(blocks, present)
        dense = not any(isinstance(block.values, Csr) for block in described)
        if self._level == "early" and (dense or self._fusion != CONCATENATE):
            out = self._early_scores(described)
        else:
            out = self._parts(given, described).fused()
        if not np.isfinite(out).all() or self._fusion in SELECTING:
            require_finite_blocks(described, self._names)
        return out

    def _early_scores(self, described: tuple[Block, ...]) -> NDArray:
        """All blocks fused and scored in one pass."""
        dtype = result_dtype([block.values for block in described])
        if self._fusion != CONCATENATE:
            rows = rows_of(described, dtype, self._fusion, self.weights_)
            out = scores(rows, self.coef_[self.modalities_[0]], self.intercept_)
            empty = nowhere([block.present for block in described])
            if empty is not None:
                out[empty] = self.intercept_
            return out
        rows = rows_of(described, dtype)
        coef = np.concatenate(list(self.coef_.values()), axis=1)
        if rows.width > coef.shape[1]:
            coef = np.pad(coef, ((0, 0), (0, 1)))
        return scores(rows, coef, self.intercept_)


def _checked(model: Linear, lesson: Lesson) -> Linear:
    """A model, or ValueError saying why there is none."""
    if lesson.op in SELECTING or not model.trace.finite:
        lesson.require_finite()
    if not model.trace.finite:
        raise ValueError("The scores overflow: scale the blocks, as scaler='standard' does.")
    return model


def best_agreement(
    lesson: Lesson, weight: NDArray[np.float64], folds: list[NDArray[np.int64]]
) -> Lesson:
    """The lesson with the rho of the least loss on rows held out; 0 where none can be."""
    task, losses = lesson.task, []
    for rho in RHOS:
        own = replace(lesson, rho=rho, callback=None)

        def score(
            learned: NDArray[np.float64], rows: NDArray[np.int64], own: Lesson = own
        ) -> NDArray:
            return own.scores(own.together(learned), rows)

        out = held_out_scores(score, folds, weight, task.n_outputs)
        known = np.isfinite(out).all(axis=1)
        loss = residuals(out[known], task.targets[known], task.loss)[0]
        losses.append(float((weight[known] * loss).sum()))
    return replace(lesson, rho=RHOS[int(np.argmin(losses))])
