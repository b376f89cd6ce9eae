"""SGDSweep: many settings of an SGD estimator, and folds, trained together in one pass."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ._arrays import require_fitted
from ._chain_runs import Callback, run
from ._chain_scores import scores_of
from ._chains import Chain, Held, Index, Samples
from ._estimator import Estimator
from ._random import folds, stratified_folds
from ._regression import r2_score
from ._sgd_base import SGD, Plan
from ._sgd_classes import BaseSGDClassifier
from ._sgd_inputs import Seen, remember, see
from ._sgd_regressor import SGDRegressor
from ._sgd_targets import as_numbers, as_targets, labels_of, require_consistent

Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]
Fold = tuple[Index, Index]


class _Member(NamedTuple):
    """One model of a sweep: an estimator, the fold it is trained on, and its chains."""

    point: int
    fold: int  # -1: all rows
    estimator: SGD
    plan: Plan


class SGDSweep(Estimator):
    """Train an SGD estimator with every setting of a grid, and on folds, all at the same time.

    Each setting, on all rows and on the training rows of each fold, is a chain of its own (or one
    for each class), and each epoch visits the rows for all of them. Every member ends with the
    coefficients it would have had alone, to the last bit.

    Parameters
    ----------
    estimator : SGDClassifier, SGDRegressor or Perceptron
        What is trained; it is left as it is. Its ``warm_start`` is not looked at.
    grid : dict of str to sequence, or sequence of such dicts
        Values of parameters of the estimator: all combinations of each dict.
    cv : int, iterable of (train, test) or None, default=None
        Folds to score on: a number of them (stratified for classifiers, in the order of the rows:
        scikit-learn's StratifiedKFold and KFold without shuffling), or the places of their rows.
        Without folds, settings are ranked by their score on the rows trained on.

    Attributes
    ----------
    members_ : list of estimators, or None where numbers overflowed
        One for each setting, fitted on all rows.
    cv_results_ : dict
        "params", and for "test" with folds, else "train": "mean_test_score", "std_test_score",
        "split0_test_score", ..., "rank_test_score". Scores are accuracy, or R².
    best_index_ : int
        The first setting of rank 1.
    best_params_ : dict
    best_score_ : float
    best_estimator_ : estimator
        ``members_[best_index_]``.
    n_splits_ : int
    classes_ : ndarray
        For classifiers.

    Examples
    --------
    >>> from polyfuse.linear_model import SGDClassifier, SGDSweep
    >>> X = [[-2.0, 0.0], [-1.0, 1.0], [-1.5, 0.5], [1.0, 0.0], [2.0, 1.0], [1.5, 0.2]]
    >>> estimator = SGDClassifier(max_iter=20, tol=None, random_state=0)
    >>> sweep = SGDSweep(estimator, {"alpha": [1e-4, 1e-2]}, cv=3).fit(X, [0, 0, 0, 1, 1, 1])
    >>> sweep.cv_results_["mean_test_score"]
    array([1., 1.])
    >>> sweep.best_params_
    {'alpha': 0.0001}
    """

    members_: list[Any]
    cv_results_: dict[str, Any]
    best_estimator_: Any
    best_params_: dict[str, Any]
    best_index_: int
    best_score_: float
    n_splits_: int
    classes_: NDArray

    def __init__(self, estimator: Any, grid: Grid, *, cv: Any = None) -> None:
        self.estimator = estimator
        self.grid = grid
        self.cv = cv

    @property
    def _estimator_type(self) -> str | None:  # type: ignore[override]
        kind: str | None = self.estimator._estimator_type
        return kind

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, callback: Callback | None = None
    ) -> Self:
        """Train all members.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit`` of the estimator. A scaler given by name is fitted once, on all rows.
        callback : callable(epoch, objective), optional
            Called after each epoch of each group of members that can be trained in one call.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter is not as described, or numbers overflow in all members.
        """
        estimator = self._checked()
        points = list(_points(self.grid))
        seen = see(estimator, X, estimator.scaler)
        samples, classes = _samples(estimator, seen, y, sample_weight)
        parts = [] if self.cv is None else self._folds(samples, classes)
        members = [
            _member(estimator, point, params, fold, index, samples, classes, seen)
            for point, params in enumerate(points)
            for fold, index in enumerate([None, *(train for train, _ in parts)], -1)
        ]
        run(samples, _chains(members), callback)
        fitted = [member._replace(estimator=_finished(member, seen)) for member in members]
        self._report(points, fitted, parts, samples, classes)
        if classes is not None:
            self.classes_ = classes
        return self

    def _checked(self) -> SGD:
        kinds = (BaseSGDClassifier, SGDRegressor)
        if not isinstance(self.estimator, kinds):
            raise TypeError(
                "estimator must be an SGDClassifier, SGDRegressor or Perceptron; got "
                f"{type(self.estimator).__name__}."
            )
        return self.estimator

    def _folds(self, samples: Samples, classes: NDArray | None) -> list[Fold]:
        n = samples.rows.n_rows
        if isinstance(self.cv, int | np.integer):
            if self.cv < 2:
                raise ValueError(
                    f"k-fold cross-validation requires at least one train/test split by setting "
                    f"n_splits=2 or more, got n_splits={self.cv}."
                )
            k = int(self.cv)
            return list(folds(n, k) if classes is None else stratified_folds(samples.targets, k))
        if not isinstance(self.cv, Iterable) or isinstance(self.cv, str):
            raise TypeError(f"cv must be an int, (train, test) pairs or None; got {self.cv!r}.")
        pairs = [tuple(pair) for pair in self.cv]
        if not pairs or any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"cv must give (train, test) pairs, at least one; got {self.cv!r}.")
        return [(_index(train, n), _index(test, n)) for train, test in pairs]

    # -- results ---------------------------------------------------------------------------------

    def _report(
        self, points: list[dict[str, Any]], members: list[_Member], parts: list[Fold],
        samples: Samples, classes: NDArray | None,
    ) -> None:  # fmt: skip
        kind = "test" if parts else "train"
        tests: list[Any] = [test for _, test in parts] or [None]
        table = np.full((len(points), len(tests)), np.nan)
        for member in members:
            if member.estimator is None or (member.fold < 0) == bool(parts):
                continue
            fold = max(member.fold, 0)
            table[member.point, fold] = _score(member.estimator, samples, classes, tests[fold])
        whole = [member.estimator for member in members if member.fold < 0]
        failed = np.isnan(table).any(axis=1) | np.array([each is None for each in whole])
        if failed.all():
            raise ValueError(
                "Floating-point under-/overflow occurred in every member. Scaling input data with "
                "StandardScaler or MinMaxScaler might help."
            )
        if failed.any():
            warnings.warn(
                f"Numbers overflowed in {failed.sum()} of {len(points)} settings; their scores are "
                "NaN.",
                UserWarning,
                stacklevel=3,
            )
        mean = np.where(failed, np.nan, table.mean(axis=1))
        ranks = 1 + (np.nan_to_num(mean, nan=-np.inf)[None, :] > mean[:, None]).sum(axis=1)
        ranks[failed] = 1 + (~failed).sum()
        self.cv_results_ = {
            "params": points,
            **{f"split{i}_{kind}_score": table[:, i] for i in range(table.shape[1]) if parts},
            f"mean_{kind}_score": mean,
            f"std_{kind}_score": np.where(failed, np.nan, table.std(axis=1)),
            f"rank_{kind}_score": ranks.astype(np.int32),
        }
        self.members_, self.n_splits_ = whole, len(parts)
        self.best_index_ = int(ranks.argmin())
        self.best_params_, self.best_estimator_ = points[self.best_index_], whole[self.best_index_]
        self.best_score_ = float(mean[self.best_index_])

    # -- prediction ------------------------------------------------------------------------------

    def predict(self, X: Any) -> NDArray:
        """Return the predictions of the best member for `X`, shape (n_samples,)."""
        return self._best().predict(X)  # type: ignore[no-any-return]

    def decision_function(self, X: Any) -> NDArray:
        """Return the scores of the best member, a classifier."""
        return self._best().decision_function(X)  # type: ignore[no-any-return]

    def predict_proba(self, X: Any) -> NDArray:
        """Return the class probabilities of the best member, where its loss has some."""
        return self._best().predict_proba(X)  # type: ignore[no-any-return]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy, or R², of the best member."""
        return self._best().score(X, y, sample_weight)  # type: ignore[no-any-return]

    def _best(self) -> Any:
        require_fitted(self, "best_estimator_")
        return self.best_estimator_


def _points(grid: Any) -> Iterator[dict[str, Any]]:
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


def _index(rows: Any, n: int) -> Index:
    """Places of rows, from places or from a mask."""
    index = np.asarray(rows)
    if index.dtype == bool and index.shape == (n,):
        index = np.flatnonzero(index)
    index = index.astype(np.int64)
    if index.ndim != 1 or len(index) == 0 or index.min() < -n or index.max() >= n:
        raise ValueError(f"cv must give places of rows, at least one, below {n}; got {rows!r}.")
    return np.where(index < 0, index + n, index)


def _samples(
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


def _member(
    estimator: SGD, point: int, params: dict[str, Any], fold: int, index: Index | None,
    samples: Samples, classes: NDArray | None, seen: Seen,
) -> _Member:  # fmt: skip
    """A member and its chains; one of its own generator, where the estimator has a generator."""
    if {"scaler", "warm_start"} & set(params):
        raise ValueError("grid must not hold 'scaler' or 'warm_start', which all members share.")
    own = type(estimator)(**{**deepcopy(estimator.get_params()), "warm_start": False})
    own.set_params(**deepcopy(params))
    own._check_parameters()
    samples = samples._replace(subset=index)
    plan: Plan
    if isinstance(own, BaseSGDClassifier):
        assert classes is not None
        plan = own._plan(samples, classes)
    else:
        assert isinstance(own, SGDRegressor)
        plan = own._plan(samples)
    return _Member(point, fold, own, plan)


def _chains(members: list[_Member]) -> list[Chain]:
    """The chains of all members; those that hold out the same rows share them."""
    chains: list[Chain] = []
    held: dict[Any, Held] = {}
    for number, member in enumerate(members):
        for chain in member.plan.chains:
            chain.model = number
            if chain.held is not None:
                key = id(chain.subset), chain.held.negatives, chain.held.mask.tobytes()
                chain.held = held.setdefault(key, chain.held)
            chains.append(chain)
    return chains


def _finished(member: _Member, seen: Seen) -> Any:
    """The fitted estimator of a member, or None where numbers overflowed."""
    if any(chain.error is not None for chain in member.plan.chains):
        return None
    member.plan.finish()
    remember(member.estimator, seen)
    return member.estimator


def _score(estimator: Any, samples: Samples, classes: NDArray | None, index: Index | None) -> float:
    """Accuracy or R² of a fitted member on the rows of an index."""
    linear = scores_of(samples.rows, np.atleast_2d(estimator.coef_), estimator.intercept_, index)
    targets = samples.targets if index is None else samples.targets[index]
    if classes is None:
        return float(r2_score(targets, linear[:, 0]))
    codes = (linear[:, 0] > 0).astype(np.int64) if linear.shape[1] == 1 else linear.argmax(axis=1)
    own = np.searchsorted(classes, estimator.classes_)
    return float((own[codes] == targets).mean())
