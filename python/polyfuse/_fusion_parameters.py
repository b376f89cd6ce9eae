"""Parameters of fusion models: what they may be, and the lesson that they make of blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ._arrays import one_of, require_number, result_dtype
from ._blocks import per_block
from ._descent import Callback
from ._estimator import Estimator
from ._fusion_learning import Lesson
from ._fusion_rows import block_weights, require_one_width
from ._fusion_scalers import Scalers
from ._gradient_data import Task
from ._kernels.contract import CONCATENATE
from ._kernels.fusion_ops import OPERATORS
from ._modality_scores import RANKED, RULES, nowhere
from ._multimodal_inputs import Given, fit_block_scalers, require_finite_blocks
from ._paced import Paces

LEVELS = ("early", "late", "cooperative", "hybrid")
_OTHERS = ("geometric_mean", "power_mean", "vote", "weighted_vote")
FUSIONS = (CONCATENATE, *(op for op in OPERATORS if op not in _OTHERS))
EARLY = "early"  # what the model of all modalities is called among the members of a hybrid
WEIGHTED = ("weighted_sum", "weighted_mean", "geometric_mean", "weighted_vote", *RANKED)
RHOS = (0.0, 0.003, 0.03, 0.3, 1.0)  # that rho="validation" chooses from
# These may pass over an infinity, so that no score tells of it.
SELECTING = ("maximum", "minimum", "median")


class FusionParameters(Estimator):
    """The parameters that all fusion models have."""

    fusion: str | None
    level: str
    scaler: Scalers
    weights: Any
    rho: float | str
    block_alpha: Any
    block_eta: Any
    balance: float
    modality_dropout: float | str
    cv: Any
    max_iter: int
    tol: float
    random_state: Any

    _late_rules: ClassVar[tuple[str, ...]] = RULES
    _late_default: ClassVar[str]

    def _penalty(self) -> float:
        """alpha, where a penalty of alpha / 2 · |w|² is added to the sum of the losses."""
        raise NotImplementedError

    def _tolerance(self, task: Task) -> float:
        """Below which all elements of a gradient of the mean objective are small."""
        return self.tol

    def _check_parameters(self) -> str:
        """The fusion rule, once all parameters are as they should be."""
        fusion = self._rule()
        if isinstance(self.weights, str):
            one_of(self.weights, "weights", ("validation", "learned"))
            if self.level not in ("late", "hybrid"):
                raise ValueError(
                    f"weights={self.weights!r} needs level='late' or 'hybrid'; "
                    f"got level={self.level!r}."
                )
            one_of(fusion, f"fusion with weights={self.weights!r}", WEIGHTED)
        if self.rho != "validation":
            require_number(self.rho, "rho", least=0.0)
        require_number(self.balance, "balance", least=0.0)
        require_number(self.tol, "tol", least=0.0)
        require_number(self.max_iter, "max_iter", least=1, integer=True)
        splits = isinstance(self.cv, Iterable) or hasattr(self.cv, "split")
        if isinstance(self.cv, str) or not splits:
            require_number(self.cv, "cv", least=2, integer=True)
        if self.modality_dropout != "auto":
            require_number(self.modality_dropout, "modality_dropout", least=0.0)
            if float(self.modality_dropout) >= 1.0:
                raise ValueError(
                    f"modality_dropout must be below 1; got {self.modality_dropout!r}."
                )
        one_model = self.level == "cooperative" or (self.level == "early" and fusion == CONCATENATE)
        if self._paced and not one_model:
            raise ValueError(
                "block_eta and balance need one model of several modalities: level='early' with "
                f"fusion='concatenate', or 'cooperative'; got level={self.level!r}, "
                f"fusion={fusion!r}."
            )
        return fusion

    def _takes(self, rule: str) -> bool:
        """Whether a late fusion can fuse by a rule what modalities say."""
        return rule in self._late_rules

    def _rule(self) -> str:
        one_of(self.level, "level", LEVELS)
        rules, default = {
            "early": (FUSIONS, CONCATENATE),
            "late": (self._late_rules, self._late_default),
            "cooperative": (("sum",), "sum"),
            "hybrid": ((self._late_default,), self._late_default),
        }[self.level]
        fusion = default if self.fusion is None else self.fusion
        if fusion == CONCATENATE and self.level != "early":
            raise ValueError(
                "fusion='concatenate' fuses features, so it needs level='early'; got "
                f"level={self.level!r}."
            )
        one_of(fusion, "fusion", rules)
        return fusion

    @property
    def _paced(self) -> bool:
        """Whether modalities have steps of their own."""
        return self.block_eta is not None or self.balance > 0.0

    def _agreement(self) -> float:
        """The rho of the objective, 0 where it is still to be chosen."""
        wanted = self.level == "cooperative" and self.rho != "validation"
        return float(self.rho) if wanted else 0.0

    def _fit_scalers(self, given: Given) -> list[Any]:
        require_rows_there(given)
        try:
            return fit_block_scalers(given, self.scaler)
        except ValueError:
            require_finite_blocks(given.described([None] * len(given.names)), given.names)
            raise

    def _lesson(
        self, given: Given, scalers: list[Any], task: Task, fusion: str, callback: Callback | None
    ) -> Lesson:
        names = given.names
        op = fusion if self.level == "early" else CONCATENATE
        if op != CONCATENATE:
            _require_foldable(given, op)
        weights = None
        if self.level in ("early", "cooperative"):
            weights = block_weights(names, op, self.weights)
        factors, etas = self._factors("block_alpha", names), self._factors("block_eta", names)
        if op != CONCATENATE and len(set(factors)) > 1:
            raise ValueError(
                f"block_alpha must be the same for all modalities with fusion={op!r}, after which "
                f"they share their coefficients; got {factors}."
            )
        return Lesson(
            names, given.described(scalers), result_dtype(given.values), task,
            [self._penalty() * factor for factor in factors], self.max_iter, self._tolerance(task),
            op=op, op_weights=None if op == CONCATENATE else weights,
            rho=self._agreement(),
            dropout=self._dropout(given), random_state=self.random_state,
            paces=Paces(etas, float(self.balance)) if self._paced else None, callback=callback,
        )  # fmt: skip

    def _factors(self, parameter: str, names: list[str]) -> list[float]:
        value = getattr(self, parameter)
        if value is None:
            return [1.0] * len(names)
        each = per_block(value, names, parameter, "numbers")
        for name, factor in zip(names, each, strict=True):
            require_number(factor, f"{parameter}[{name!r}]", least=0.0)
        return [float(factor) for factor in each]

    def _dropout(self, given: Given) -> float:
        if self.modality_dropout != "auto":
            return float(self.modality_dropout)
        rates = [0.0 if mask is None else 1.0 - mask.mean() for mask in given.masks]
        return float(np.mean(rates))


def require_rows_there(given: Given) -> None:
    """Raise ValueError naming the first block that is missing in every row, if there is one."""
    for name, mask in zip(given.names, given.masks, strict=True):
        if mask is not None and not mask.any():
            raise ValueError(
                f"blocks[{name!r}] is missing in every row: there is nothing to learn from it."
            )


def _require_foldable(given: Given, op: str) -> None:
    """Raise ValueError unless features of the blocks can be folded."""
    if given.sparse:
        raise ValueError(f"fusion={op!r} needs dense blocks; one is sparse.")
    require_one_width(given.names, given.values, op)
    empty = nowhere(given.masks)
    if empty is not None:
        raise ValueError(
            f"all blocks are missing in row {empty.argmax()}: drop the row, or fuse with "
            "'concatenate' or level='late'."
        )
