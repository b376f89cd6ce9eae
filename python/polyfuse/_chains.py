"""Chains of stochastic gradient descent: what each is to do, where it starts, how it ended.

A chain is one linear model that is trained a row at a time. A binary classifier or a regressor is
one, a classifier of K classes is K of them, a sweep over a grid is many. ``_chain_runs`` trains
any number of them together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._kernels.contract import CHAIN, CHAIN_LOSSES, PART, PENALTIES, SCHEDULES, Rows

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# scikit-learn's: on sparse data intercepts move less, or they would oscillate.
SPARSE_INTERCEPT_DECAY = 0.01
# What of a record says how far a chain has come; the rest says what it is to do.
PROGRESS = (
    "intercept", "t", "scale", "sq_norm", "l1_norm", "u", "average_a", "average_b",
    "average_intercept",
)  # fmt: skip


class Pace(NamedTuple):
    """How some columns move: the factors of their eta and of their alpha."""

    width: int
    eta: float
    alpha: float


class Settings(NamedTuple):
    """The parameters of an estimator that a chain depends on, under their names there."""

    loss: str
    penalty: str | None
    alpha: float
    l1_ratio: float
    learning_rate: str
    eta0: float
    power_t: float
    epsilon: float
    fit_intercept: bool
    average: int
    max_iter: int
    tol: float | None
    n_iter_no_change: int
    early_stopping: bool
    shuffle: bool
    verbose: int
    exact: bool
    one_class: bool = False
    paces: tuple[Pace, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether a chain may stop before the last epoch."""
        return self.tol is not None and self.tol > -np.inf


class Samples(NamedTuple):
    """What is learned from: rows, a target and maybe a weight for each, and which rows are used."""

    rows: Rows
    targets: Array
    weight: Array | None
    subset: Index | None = None
    modalities: list[str] | None = None  # names of blocks, where there are several

    @property
    def n(self) -> int:
        return self.rows.n_rows if self.subset is None else len(self.subset)

    def own(self, values: NDArray) -> NDArray:
        """Of values per row, those of the rows that are used."""
        return values if self.subset is None else values[self.subset]

    @property
    def own_weight(self) -> NDArray:
        """Weights of the rows that are used, in the precision of the rows."""
        if self.weight is None:
            return np.ones(self.n, self.rows.dtype)
        return self.own(self.weight).astype(self.rows.dtype)


class Held(NamedTuple):
    """Rows held out of training, whose score says when to stop."""

    mask: NDArray[np.bool_]  # of the rows that are used
    places: Index  # among all rows
    targets: NDArray
    weight: NDArray
    # Whether a row that is rightly held to be negative counts. Not for log_loss: scikit-learn
    # compares what it predicts there, -1 or 1, with targets that are 0 or 1.
    negatives: bool = True


class Raw(NamedTuple):
    """A chain as the kernels leave it, to go on from as if it had not stopped."""

    record: NDArray[np.void]
    coef: NDArray
    average: NDArray | None
    met: NDArray | None
    parts: NDArray[np.void] | None

    def fits(self, settings: Settings) -> bool:
        """Whether a chain of these settings can go on from here: its columns are cut alike."""
        widths = [] if self.parts is None else self.parts["width"].tolist()
        return [pace.width for pace in settings.paces] == widths


@dataclass(eq=False)
class Chain:
    """One chain: its start, which a run turns into its end. Arrays are replaced, not written to."""

    settings: Settings
    seed: int
    coef: NDArray = field(default_factory=lambda: np.zeros(0))
    intercept: float = 0.0
    average_coef: NDArray | None = None
    average_intercept: float = 0.0
    t: float = 1.0
    positive: int = -1
    weights: tuple[float, float] = (1.0, 1.0)  # of negative and of positive rows
    subset: Index | None = None
    held: Held | None = None
    model: int = 0  # chains of one softmax share a number
    name: str = ""  # what it is, where lines are printed of several
    raw: Raw | None = None
    n_iter: int = 0
    error: ValueError | None = None
    best: float = field(default=np.inf, repr=False)
    stalled: int = field(default=0, repr=False)

    def record(self, intercept_decay: float, objective: bool) -> NDArray[np.void]:
        """The chain as the kernels take it."""
        s = self.settings
        record = np.zeros((), CHAIN)
        record["loss"] = CHAIN_LOSSES.index(s.loss)
        record["penalty"] = PENALTIES.index(s.penalty)
        record["schedule"] = SCHEDULES.index(s.learning_rate)
        record["l1_ratio"] = {"l2": 0.0, "l1": 1.0}.get(s.penalty or "", s.l1_ratio)
        for name in (
            "average",
            "fit_intercept",
            "one_class",
            "alpha",
            "eta0",
            "power_t",
            "epsilon",
        ):
            record[name] = getattr(s, name)
        record["objective"], record["positive"] = objective, self.positive
        record["weight_neg"], record["weight_pos"] = self.weights
        record["intercept_decay"], record["eta"] = intercept_decay, s.eta0
        record["scale"] = record["average_b"] = 1.0
        record["intercept"], record["t"] = self.intercept, self.t
        record["average_intercept"] = self.average_intercept
        if s.learning_rate == "optimal":
            record["optimal_init"] = optimal_init(s.alpha)
            if s.loss == "multinomial":
                record["optimal_init"] = max(
                    record["optimal_init"], softmax_init(s.alpha, len(self.coef))
                )
        if self.raw is not None:
            for name in PROGRESS:
                record[name] = self.raw.record[name]
        return record

    def parts(self) -> NDArray[np.void]:
        """Its parts as the kernels take them, if its columns go at several paces."""
        parts = np.zeros(len(self.settings.paces), PART)
        parts["scale"] = parts["average_b"] = 1.0
        if self.raw is not None and self.raw.parts is not None:
            parts[...] = self.raw.parts
        for part, pace in zip(parts, self.settings.paces, strict=True):
            part["width"], part["eta"], part["alpha"] = pace
        return parts


def optimal_init(alpha: float) -> float:
    """How many steps the schedule "optimal" pretends to have made: Bottou's heuristic.

    The first step is to be typw / max(1, slope of the loss at y = 1, p = -typw), with typw a
    typical weight; but there the slope of each loss is negative.
    """
    with np.errstate(all="ignore"):
        typw = np.sqrt(1.0 / np.sqrt(np.float64(alpha)))
        return float(1.0 / (typw * alpha))


def softmax_init(alpha: float, width: int) -> float:
    """The same for a softmax, which owes scikit-learn no bits: steps that standardised rows bear.

    The first step is a third of 2 / (width + 1), the inverse of the Lipschitz constant of the
    gradient for a standardised row. Bottou's is some 10, and saturates the probabilities.
    """
    with np.errstate(all="ignore"):
        return float(np.float64(3.0 * (width + 1)) / (2.0 * alpha))


def settings_of(estimator: Any, **changes: Any) -> Settings:
    """The settings of an estimator that has parameters of their names."""
    values: dict[str, Any] = {name: getattr(estimator, name, None) for name in Settings._fields}
    values["l1_ratio"] = values["l1_ratio"] or 0.0
    values["average"], values["verbose"] = int(values["average"]), int(values["verbose"])
    values["exact"] = estimator.arithmetic == "exact" and values["loss"] != "multinomial"
    values["one_class"], values["paces"] = False, ()
    return Settings(**{**values, **changes})
