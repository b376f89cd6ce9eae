"""Local SGD: shares of the rows learn by themselves for an epoch, then models are averaged.

Rows are dealt out to shares first, at random, so that shares are alike whatever partitions are:
sorted by label or by time, or so small that they would learn nothing by themselves. In each round
all shares go on from the model that is common to all, with steps of one length, through their rows
in an order that the seed, the round and the share fix. The next common model is the mean of what
they have come to, weighted by rows, added up in a fixed tree. So the answer does not depend on how
rows are cut, on which worker is first, nor on how often a task was begun. Without ``shuffle``,
shares are the partitions, and go through their rows in order.

Steps are 1 over the curvature of the loss times the mean squared norm of the rows, in the first
round, and fall along half a cosine to nearly nothing in the last one: with them what the shares
disagree about, which is of the order of a step, falls too. A loss whose slope has no bound would
diverge where a step is longer than 1 over its curvature in the longest row.

References
----------
S. U. Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019.
"""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._arrays import require_callable, require_number
from .._chain_runs import Callback
from .._chains import Samples
from .._inputs import as_weights
from .._kernels.contract import Rows
from .._missing import part_of
from .._missing import parts as pieces
from .._random import MAX_INT, as_random_state
from .._sgd_base import SGD
from .._sgd_inputs import Seen, remember, see
from .._sgd_models import Model
from .._sgd_targets import (
    as_numbers,
    as_targets,
    class_weights,
    encode,
    labels_of,
    require_consistent,
)
from ._graph import compute, held, merged, task
from ._partitions import Partitions, all_values, as_given
from ._shares import Shares
from ._states import fit_block_scalers
from ._training import described, told_parts

# Rounds: as many as visit so many rows, from 30 of many rows to 300 of few.
_FEWEST, _MOST, _VISITS = 30, 300, 1 << 18
# The greatest curvature of losses in the score; 1 for those that have a kink in place of one.
_CURVATURE = {
    "log_loss": 0.25, "multinomial": 0.5, "squared_hinge": 2.0, "modified_huber": 2.0,
    "squared_epsilon_insensitive": 2.0,
}  # fmt: skip
_STEEP = ("squared_error", "squared_hinge", "modified_huber", "squared_epsilon_insensitive")
_STAGED = 1 << 16  # numbers of rows that are looked at together


class Mean(NamedTuple):
    """Models, each times the rows it has learned from, added up; and these rows.

    `objective` is the mean one on the way, times them too.
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    n: float
    objective: float


def fit_rounds(
    model: Any, parts: Partitions, y: Any, sample_weight: Any, callback: Callback | None,
    rounds: int | None = None,
) -> Any:  # fmt: skip
    """A copy of an SGDClassifier or SGDRegressor, fitted to all rows by rounds of local SGD.

    Raises
    ------
    ValueError
        If values, targets or a parameter are not as `fit` would have them, rows are to be held
        out, or models averaged in another way.
    """
    require_callable(callback, "callback")
    own = copy(model)
    own._check_parameters()
    n_rounds = min(own.max_iter, _rounds_of(parts.n_rows)) if rounds is None else rounds
    require_number(n_rounds, "rounds", least=1, integer=True)
    for name, why in (("early_stopping", "no rows are held out"), ("average", "models are, too")):
        if getattr(own, name):
            raise ValueError(
                f"{name} must be False to fit to Dask collections, where {why}; got "
                f"{getattr(own, name)!r}."
            )
    own.scaler = as_given(parts, fit_block_scalers(parts, model.scaler))
    warm = bool(own.warm_start and own._is_fitted())
    seen = see(own, parts.blank(), own.scaler, warm=warm)
    learner = _Learner(own, seen, parts, y, sample_weight)
    common = learner.start(warm)
    for done in range(n_rounds):
        common, objective = learner.round(common, done, n_rounds)
        if not np.isfinite(common.coef).all():
            raise ValueError(
                f"Floating-point overflow in round {done + 1} of {n_rounds}: scale the features, "
                "as scaler='standard' does."
            )
        if callback is not None:
            callback(done + 1, objective)
    common.t = 1.0 + n_rounds * parts.n_rows
    own.__dict__.pop("_raw", None)
    common.save(own)
    own.n_iter_ = n_rounds
    if learner.classes is not None:
        own.classes_ = learner.classes
    remember(own, seen)
    own.scaler = model.scaler
    return own


def _rounds_of(n_rows: int) -> int:
    return max(_FEWEST, min(_MOST, -(-_VISITS // n_rows)))


class _Learner:
    """An estimator, and what each share of the rows has for it."""

    def __init__(self, own: Any, seen: Seen, parts: Partitions, y: Any, sample_weight: Any) -> None:
        name, self.seen, self.classes = type(own).__name__, seen, None
        self.template = copy(own)
        values = all_values(y, "y")
        if own._estimator_type == "classifier":
            labels = as_targets(values, name)
            require_consistent(parts.n_rows, labels)
            self.classes = labels_of(np.unique(labels))
            if len(self.classes) < 2:
                raise ValueError(
                    "The number of classes has to be greater than one; got "
                    f"{len(self.classes)} class"
                )
            codes = encode(labels, self.classes)
            targets = codes.astype(np.float64)
            # Balanced over all rows, not in each partition.
            each = class_weights(own.class_weight, self.classes, codes)
            self.template.class_weight = dict(
                zip(self.classes.tolist(), each.tolist(), strict=True)
            )
        else:
            targets, each = as_numbers(values, name), np.ones(1)
            require_consistent(parts.n_rows, targets)
        weight = as_weights(all_values(sample_weight, "sample_weight"), parts.n_rows, name)
        self.seed = int(as_random_state(own.random_state).randint(MAX_INT))
        if own.shuffle:
            row_bytes = sum(array.dtype.itemsize * array.shape[1] for array in parts.arrays)
            shares = Shares(parts.n_rows, row_bytes, self.seed)
            parts, order = shares.deal(parts), shares.order
            targets, weight = targets[order], None if weight is None else weight[order]
        there = np.flatnonzero(parts.lengths)
        rows, told = described(own, seen, parts), told_parts(targets, weight, parts.lengths)
        self.rows, self.told = [rows[i] for i in there], [told[i] for i in there]
        self.step = self._first_step(own, float(each.max()))

    def _first_step(self, own: Any, heaviest: float) -> float:
        pairs = zip(self.rows, self.told, strict=True)
        found = compute([task(_squares, rows, told, own.fit_intercept) for rows, told in pairs])
        n, total, longest = (np.array(each) for each in zip(*found, strict=True))
        curvature = _CURVATURE.get(own.loss, 1.0) * heaviest
        bound = curvature * float(total.sum() / n.sum())
        if own.loss in _STEEP:
            bound = max(bound, curvature * float(longest.max()))
        bound += float(own.alpha)
        return 1.0 / bound if bound > 0.0 else 1.0

    def start(self, warm: bool) -> Model:
        """What the first round starts from: zeros, or the model there is."""
        classes, width = self.classes, self.seen.rows.width
        shape = (width,) if classes is None or len(classes) == 2 else (len(classes), width)
        before = Model.load(self.template) if warm else Model()
        common = Model()
        common.allocate(shape, self.seen.rows.dtype, 0, before.coef, before.intercept)
        return common

    def round(self, common: Model, done: int, n_rounds: int) -> tuple[Model, float]:
        """The next common model, and the mean objective on the way to it."""
        local = copy(self.template)
        local.learning_rate, local.max_iter, local.tol, local.verbose = "constant", 1, None, 0
        local.eta0 = self.step * 0.5 * (1.0 + np.cos(np.pi * done / n_rounds))
        shared = held((local, self.classes, self.seen.modalities, common))
        means = [
            task(_learned, shared, rows, told, (self.seed, done, i))
            for i, (rows, told) in enumerate(zip(self.rows, self.told, strict=True))
        ]
        (mean,) = compute([merged(means, _added)])
        coef = (mean.coef / mean.n).astype(common.coef.dtype)
        intercept = (mean.intercept / mean.n).astype(common.intercept.dtype)
        return Model(coef, intercept), mean.objective / mean.n


def _squares(
    rows: Rows, told: tuple[NDArray, NDArray | None], fit_intercept: bool
) -> tuple[float, float, float]:
    """How many rows there are, the sum of their squared norms, weighted, and the greatest."""
    total, longest = 0.0, 0.0
    for piece in pieces(rows.n_rows, max(1, _STAGED // rows.width)):
        part = part_of(rows, piece)
        staged = np.empty((part.n_rows, part.width), rows.dtype)
        _kernels.select().fuse(part, staged)
        squares = np.einsum("ij,ij->i", staged, staged).astype(np.float64) + fit_intercept
        if told[1] is not None:
            squares *= told[1][piece]
        total, longest = total + float(squares.sum()), max(longest, float(squares.max()))
    return rows.n_rows, total, longest


def _learned(
    shared: tuple[Any, NDArray | None, list[str] | None, Model], rows: Rows,
    told: tuple[NDArray, NDArray | None], seed: tuple[int, int, int],
) -> Mean:  # fmt: skip
    """One epoch on a share."""
    template, classes, modalities, common = shared
    local: SGD = copy(template)
    local.random_state = int(np.random.default_rng(seed).integers(MAX_INT))
    model, n = deepcopy(common), rows.n_rows  # chains write to the model
    samples = Samples(rows, *told, modalities=modalities)
    objectives = [np.nan]
    given = () if classes is None else (classes,)
    plan = local._plan(samples, *given, model=model, max_iter=1)  # type: ignore[attr-defined]
    local._learn(samples, plan, lambda _, objective: objectives.append(objective))
    coef, intercept = (np.asarray(each, np.float64) for each in (model.coef, model.intercept))
    return Mean(n * coef, n * intercept, n, n * objectives[-1])


def _added(*means: Mean) -> Mean:
    coef, intercept = means[0].coef.copy(), means[0].intercept.copy()
    for own in means[1:]:
        coef += own.coef
        intercept += own.intercept
    return Mean(coef, intercept, sum(m.n for m in means), sum(m.objective for m in means))
