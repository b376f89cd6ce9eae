"""What comes of a sweep: scores and ranks of its models, and what is to be warned of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._chain_scores import products_of
from ._chains import Index
from ._linear import likeliest
from ._regression import r2_score
from ._sgd_base import warn_of_power
from ._sgd_members import BUDGET, Member, Task
from .exceptions import ConvergenceWarning, shared, warn

# So many outputs are scored while a row is read once.
_OUTPUTS = 32


class Results:
    """Scores of the models of a sweep; of the models themselves those that learned all rows."""

    def __init__(self, points: list[dict[str, Any]], task: Task) -> None:
        self.points, self.task = points, task
        self.scores = np.full((len(points), max(1, len(task.folds))), np.nan)
        self.models: list[Any] = [None] * len(points)
        self.unfinished: set[int] = set()
        self.overflown: set[int] = set()
        self.refused: list[Member] = []

    def take(self, members: list[Member]) -> None:
        """Score models, and keep those of all rows."""
        for member in members:
            if member.error is not None:
                self.refused.append(member)
            elif member.estimator is None:
                self.overflown.add(member.point)
            elif member.estimator._unconverged():
                self.unfinished.add(member.point)
            if member.fold < 0:
                self.models[member.point] = member.estimator
        fitted = [member for member in members if member.estimator is not None]
        for fold, group in groupby(fitted, lambda member: member.fold):
            if not self.task.folds:
                self._score(list(group), 0, None)
            elif fold >= 0:
                self._score(list(group), fold, self.task.folds[fold][1])

    def _score(self, members: list[Member], column: int, places: Index | None) -> None:
        """Accuracy or R² of models on some rows, which are read once for many outputs."""
        samples, classes = self.task.samples, self.task.classes
        targets = samples.targets if places is None else samples.targets[places]
        targets = targets if classes is None else targets.astype(np.int64)
        for part in self._parts(members, len(targets)):
            coefs = [np.atleast_2d(member.estimator.coef_) for member in part]
            products = products_of(samples.rows, np.concatenate(coefs), places)
            ends = np.cumsum([len(coef) for coef in coefs])[:-1]
            for member, own in zip(part, np.split(products, ends, axis=1), strict=True):
                scores = own + member.estimator.intercept_
                self.scores[member.point, column] = self._compare(member, scores, targets)

    def _parts(self, members: list[Member], n_rows: int) -> Iterator[list[Member]]:
        """Models that are scored in one call; their scores and weights stay within the budget."""
        outputs = len(np.atleast_2d(members[0].estimator.coef_))
        bytes_each = 8 * max(n_rows, self.task.samples.rows.width)
        step = max(1, min(_OUTPUTS, BUDGET // bytes_each) // outputs)
        for start in range(0, len(members), step):
            yield members[start : start + step]

    def _compare(self, member: Member, scores: NDArray, targets: NDArray) -> float:
        classes = self.task.classes
        if classes is None:
            return float(r2_score(targets, scores[:, 0]))
        # A model of a fold may not know all classes.
        own = np.searchsorted(classes, member.estimator.classes_)
        return float((own[likeliest(scores)] == targets).mean())

    # -- what is told ----------------------------------------------------------------------------

    def require_models(self) -> None:
        if all(model is None for model in self.models):
            raise ValueError(
                "Floating-point under-/overflow occurred in every member. Scaling input data with "
                "StandardScaler or MinMaxScaler might help."
            )

    def warn(self) -> None:
        """Say what went wrong, once for all models."""
        n = len(self.points)
        if self.overflown:
            warn(
                f"Numbers overflowed in {len(self.overflown)} of {n} settings; their scores are "
                "NaN.",
                UserWarning,
            )
        if self.refused:
            first = self.refused[0]
            warn(
                f"{len(self.refused)} of {n * len(self.task.folds)} models could not be trained on "
                f"their folds, and their scores are NaN; of fold {first.fold}: {first.error}",
                UserWarning,
            )
        if self.unfinished:
            warn(
                f"Maximum number of iteration reached before convergence in "
                f"{len(self.unfinished)} of {n} settings. Consider increasing max_iter to improve "
                "the fit.",
                shared(ConvergenceWarning),
            )
        if any(model is not None and model.power_t < 0 for model in self.models):
            warn_of_power()

    # -- what is kept ----------------------------------------------------------------------------

    def table(self) -> dict[str, Any]:
        """``cv_results_``."""
        kind = "test" if self.task.folds else "train"
        mean = self.scores.mean(axis=1)
        mean[[model is None for model in self.models]] = np.nan
        splits = self.scores.T if self.task.folds else ()
        return {
            **dict(_parameters(self.points)),
            "params": self.points,
            **{f"split{i}_{kind}_score": scores for i, scores in enumerate(splits)},
            f"mean_{kind}_score": mean,
            f"std_{kind}_score": np.where(np.isnan(mean), np.nan, self.scores.std(axis=1)),
            f"rank_{kind}_score": _ranks(mean),
        }

    def best(self, ranks: NDArray) -> int:
        """The first setting of rank 1 of which there is a model."""
        missing = np.array([model is None for model in self.models])
        return int(np.lexsort((ranks, missing))[0])


def _ranks(scores: NDArray) -> NDArray[np.int32]:
    """1 for the highest score, equal ones alike; what is NaN comes last."""
    below = np.nan_to_num(scores, nan=-np.inf)
    ranks: NDArray[np.int32] = 1 + (below[None, :] > below[:, None]).sum(axis=1, dtype=np.int32)
    return ranks


def _parameters(points: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """A masked array for each parameter, as in scikit-learn's searches: masked where not set."""
    for name in dict.fromkeys(name for params in points for name in params):
        held = {i: params[name] for i, params in enumerate(points) if name in params}
        try:
            values = np.array(list(held.values()))
            plain = values.ndim == 1 and values.dtype.kind != "U"
        except ValueError:  # sequences of several lengths
            plain = False
        dtype = values.dtype if plain else np.dtype(object)
        column = np.ma.MaskedArray(np.empty(len(points), dtype), mask=True)
        for i, value in held.items():
            column[i] = value
        yield f"param_{name}", column
