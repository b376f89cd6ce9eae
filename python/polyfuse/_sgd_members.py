"""What a sweep trains: settings of a grid, folds, and a model for each setting and each fold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._chain_runs import Callback, run
from ._chains import Held, Index, Samples
from ._random import folds, stratified_folds
from ._sgd_base import SGD, Plan
from ._sgd_classes import BaseSGDClassifier
from ._sgd_inputs import Seen, is_blocks, remember
from ._sgd_paces import paces_of
from ._sgd_regressor import SGDRegressor
from ._sgd_targets import as_numbers, as_targets, labels_of, require_consistent

Fold = tuple[Index, Index]
Place = tuple[int, int]  # a setting, and a fold; fold -1 is all rows

# Bytes of weights that are trained at the same time; a model that is larger is trained by itself.
BUDGET = 1 << 28


class Task(NamedTuple):
    """What the models of a sweep learn from, and the folds they are trained and scored on."""

    seen: Seen
    samples: Samples
    classes: NDArray | None
    folds: list[Fold]


class Member(NamedTuple):
    """One model of a sweep; None where numbers overflowed, or an error kept it from training."""

    point: int
    fold: int
    estimator: Any
    error: ValueError | None = None


def points_of(grid: Any) -> Iterator[dict[str, Any]]:
    """All settings of a grid; the last parameter of a dict, by name, varies fastest."""
    grids = [grid] if isinstance(grid, Mapping) else grid
    if not isinstance(grids, Sequence) or isinstance(grids, str) or len(grids) == 0:
        raise TypeError(
            f"grid must be a dict, or a list of dicts, of lists of values; got {grid!r}."
        )
    for each in grids:
        if not isinstance(each, Mapping):
            raise TypeError(f"grid must hold dicts of lists of values; got {each!r}.")
        names = sorted(each)
        for name in names:
            values = each[name]
            if isinstance(values, str) or not hasattr(values, "__len__") or len(values) == 0:
                raise ValueError(f"grid[{name!r}] must be a list of values; got {values!r}.")
        for values in product(*(each[name] for name in names)):
            yield dict(zip(names, values, strict=True))


def configured(estimator: SGD, params: dict[str, Any]) -> Any:
    """A new estimator of some settings, checked; of its own generator, where it has one."""
    if {"scaler", "warm_start"} & {name.partition("__")[0] for name in params}:
        raise ValueError("grid must not hold 'scaler' or 'warm_start', which all members share.")
    own = estimator.get_params(deep=False)
    shared = {"warm_start": False, "scaler": own.pop("scaler")}
    made = type(estimator)(**deepcopy(own)).set_params(**shared, **deepcopy(params))
    made._check_parameters()
    return made


# -- data ----------------------------------------------------------------------------------------


def samples_of(
    estimator: SGD, seen: Seen, y: Any, sample_weight: Any
) -> tuple[Samples, NDArray | None]:
    """What all members learn from, and the classes, if it is some."""
    name, n = type(estimator).__name__, seen.rows.n_rows
    if isinstance(estimator, BaseSGDClassifier):
        labels = as_targets(y, name)
        require_consistent(n, labels)
        classes = labels_of(np.unique(labels))
        own = estimator._labelled(seen.rows, labels, classes, sample_weight, seen.modalities)
        return own, classes
    targets = as_numbers(y, name)
    require_consistent(n, targets)
    weight = estimator._weights(sample_weight, n)
    return Samples(seen.rows, targets, weight, modalities=seen.modalities), None


def folds_of(cv: Any, X: Any, y: Any, samples: Samples, classes: NDArray | None) -> list[Fold]:
    """Training and test rows of each fold that `cv` stands for; none for None."""
    n = samples.rows.n_rows
    if cv is None:
        return []
    if isinstance(cv, int | np.integer):
        if cv < 2:
            raise ValueError(
                f"k-fold cross-validation requires at least one train/test split by setting "
                f"n_splits=2 or more, got n_splits={cv}."
            )
        k = int(cv)
        return list(folds(n, k) if classes is None else stratified_folds(samples.targets, k))
    given = cv
    if hasattr(cv, "split") and not isinstance(cv, str):
        # Splitters count rows by len, which of blocks is the number of blocks.
        given = cv.split(np.arange(n) if is_blocks(X) else X, y)
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise TypeError(f"cv must be an int, a splitter, (train, test) pairs or None; got {cv!r}.")
    pairs = [tuple(pair) for pair in given]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"cv must give (train, test) pairs, at least one; got {cv!r}.")
    return [(_index(train, n), _index(test, n)) for train, test in pairs]


def _index(rows: Any, n: int) -> Index:
    """Places of rows, from places or from a mask."""
    index = np.asarray(rows)
    if index.dtype == bool and index.shape == (n,):
        index = np.flatnonzero(index)
    index = index.astype(np.int64)
    if index.ndim != 1 or len(index) == 0 or index.min() < -n or index.max() >= n:
        raise ValueError(f"cv must give places of rows, at least one, below {n}; got {rows!r}.")
    return np.where(index < 0, index + n, index)


# -- training ------------------------------------------------------------------------------------


class Trainer:
    """Trains the models of a sweep, a batch at a time."""

    def __init__(
        self, estimator: SGD, points: list[dict[str, Any]], task: Task, callback: Callback | None
    ) -> None:
        self.estimator, self.points, self.task, self.callback = estimator, points, task, callback
        self.held: dict[Any, Held] = {}
        self.sizes = [self._size(configured(estimator, params)) for params in points]

    def _size(self, estimator: SGD) -> int:
        """Bytes of the weights of a model in training; raises if its paces do not fit."""
        task = self.task
        paces_of(estimator, task.samples)
        outputs = 1 if task.classes is None or len(task.classes) < 3 else len(task.classes)
        truncated = estimator.penalty in ("l1", "elasticnet")
        kept = 1 + bool(estimator.average) + truncated
        rows = task.seen.rows
        return int(kept * outputs * rows.width * rows.dtype.itemsize)

    def batches(self) -> Iterator[list[Place]]:
        """What to train together, within the budget: folds one after another, uncut if they fit."""
        batch: list[Place] = []
        room, whole = BUDGET, min(BUDGET, sum(self.sizes))
        for fold, (point, size) in product(range(-1, len(self.task.folds)), enumerate(self.sizes)):
            if batch and (size if point else whole) > room:
                yield batch
                batch, room = [], BUDGET
            batch.append((point, fold))
            room -= size
        yield batch

    def train(self, batch: list[Place]) -> list[Member]:
        """The models of a batch."""
        planned = [self._planned(*place) for place in batch]
        chains = []
        for number, (member, plan) in enumerate(planned):
            for chain in plan.chains if plan is not None else ():
                chain.model = number
                fold = f"fold {member.fold}" if member.fold >= 0 else ""
                named = (f"setting {member.point}", fold, chain.name)
                chain.name = ", ".join(filter(None, named))
                chains.append(chain)
        run(self.task.samples, chains, self.callback)
        return [self._finished(member, plan) for member, plan in planned]

    def _planned(self, point: int, fold: int) -> tuple[Member, Plan | None]:
        """A model and its chains; what a fold cannot train, as of one class only, has none."""
        task, own = self.task, configured(self.estimator, self.points[point])
        samples = task.samples
        if fold >= 0:
            samples = samples._replace(subset=task.folds[fold][0])
        try:
            if isinstance(own, BaseSGDClassifier):
                assert task.classes is not None
                plan = own._plan(samples, task.classes)
            else:
                assert isinstance(own, SGDRegressor)
                plan = own._plan(samples)
        except ValueError as error:
            if fold < 0:
                raise
            return Member(point, fold, None, error), None
        self._share_held(plan)
        return Member(point, fold, own), plan

    def _share_held(self, plan: Plan) -> None:
        """Let chains that hold out the same rows have them in common, and so their order."""
        for chain in plan.chains:
            if chain.held is not None:
                key = id(chain.subset), chain.held.negatives, chain.held.mask.tobytes()
                chain.held = self.held.setdefault(key, chain.held)

    def _finished(self, member: Member, plan: Plan | None) -> Member:
        if plan is None:
            return member
        if any(chain.error is not None for chain in plan.chains):
            return member._replace(estimator=None)
        plan.finish()
        remember(member.estimator, self.task.seen)
        return member
