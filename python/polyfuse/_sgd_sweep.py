"""SGDSweep: many settings of an SGD estimator, and folds, trained together in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from numpy.typing import NDArray

from ._arrays import require_fitted
from ._available import available_if
from ._chain_runs import Callback
from ._estimator import Estimator
from ._sgd_base import SGD
from ._sgd_classes import BaseSGDClassifier
from ._sgd_inputs import remember, see
from ._sgd_members import Task, Trainer, folds_of, points_of, samples_of
from ._sgd_regressor import SGDRegressor
from ._sgd_results import Results

Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]


def _best_has(method: str) -> Any:
    """A check that the best member has a method; before fit, that the estimator has."""
    return lambda sweep: getattr(getattr(sweep, "best_estimator_", sweep.estimator), method)


class SGDSweep(Estimator):
    """Train an SGD estimator with every setting of a grid, and on folds, all at the same time.

    Each setting, on all rows and on the training rows of each fold, is a chain of its own (or one
    for each class), and each epoch visits the rows for all of them. Every member ends with the
    coefficients it would have had alone, to the last bit.

    Parameters
    ----------
    estimator : SGDClassifier, SGDRegressor or Perceptron
        What is trained; it is left as it is. Its ``warm_start`` is not looked at. A scaler given
        by name is fitted once, on all rows, so that scores on folds have seen the scale of the
        rows held out; for strict estimates scale the rows of each fold yourself.
    grid : dict of str to sequence, or sequence of such dicts
        Values of parameters of the estimator: all combinations of each dict. An empty dict is one
        setting, the estimator as it is.
    cv : int, splitter, iterable of (train, test) or None, default=None
        Folds to score on: a number of them (stratified for classifiers, in the order of the rows:
        scikit-learn's StratifiedKFold and KFold without shuffling), an object whose
        ``split(X, y)`` gives them, as scikit-learn's splitters (where X is blocks, it is given
        the numbers of the rows), or the places of their rows. Without folds, settings are ranked
        by their score on the rows trained on.

    Attributes
    ----------
    members_ : list of estimators, or None where numbers overflowed
        One for each setting, fitted on all rows.
    cv_results_ : dict
        "param_alpha", ..., masked where a setting has no such parameter; "params"; and for "test"
        with folds, else "train": "split0_test_score", ..., "mean_test_score", "std_test_score",
        "rank_test_score". Scores are accuracy, or R²; NaN where numbers overflowed, or a fold
        could not be trained on, as with rows of one class only.
    best_index_ : int
        The first setting of rank 1.
    best_params_ : dict
    best_score_ : float
    best_estimator_ : estimator
        ``members_[best_index_]``.
    n_splits_ : int
    classes_ : ndarray
        For classifiers.
    n_features_in_, feature_names_in_, modalities_, scalers_
        As the estimator's.

    Notes
    -----
    Members share a pass over the rows if they have the same arithmetic and visit the same rows in
    the same order, that is with the same integer as ``random_state``, ``shuffle`` and hold-out,
    on the same fold; exact ones whose order is theirs alone, as of classes, make one more group.
    Models of loss "multinomial" run one after another.

    Beside `X` and ``members_``, training takes up to four times the weights that are trained at
    the same time: settings x (folds + 1) x outputs x features numbers (twice that with
    ``average`` or with L1, three times that with both). Where those exceed 256 MiB, members are
    trained in batches that do not, or one by one, and those on folds dropped as soon as they are
    scored. Scores take another 512 MiB at most, or rows x outputs of one member.

    With ``verbose``, lines tell of "Setting 4, fold 1, class 2" by the place in
    ``cv_results_["params"]``, the number of the split, and the label.

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
    n_features_in_: int

    def __init__(self, estimator: Any, grid: Grid, *, cv: Any = None) -> None:
        self.estimator = estimator
        self.grid = grid
        self.cv = cv

    @property
    def _estimator_type(self) -> str | None:  # type: ignore[override]
        kind: str | None = self.estimator._estimator_type
        return kind

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, callback: Callback | None = None
    ) -> Self:
        """Train all members.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit`` of the estimator.
        callback : callable(epoch, objective), optional
            Called after each epoch of each group of members that share a pass (see the class),
            with the mean objective of those still in training; epochs start again at 1 with each
            group.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter is not as described, or numbers overflow in all members.

        Warns
        -----
        ConvergenceWarning
            If members made ``max_iter`` epochs without meeting their ``tol``.
        UserWarning
            If numbers overflowed in some members, or some could not be trained on a fold.
        """
        estimator = self._checked()
        points = list(points_of(self.grid))
        seen = see(estimator, X, estimator.scaler)
        samples, classes = samples_of(estimator, seen, y, sample_weight)
        task = Task(seen, samples, classes, folds_of(self.cv, X, y, samples, classes))
        trainer, results = Trainer(estimator, points, task, callback), Results(points, task)
        for batch in trainer.batches():
            results.take(trainer.train(batch))
        results.require_models()
        results.warn()
        self._report(results)
        remember(self, seen)
        return self

    def _checked(self) -> SGD:
        kinds = (BaseSGDClassifier, SGDRegressor)
        if not isinstance(self.estimator, kinds):
            raise TypeError(
                "estimator must be an SGDClassifier, SGDRegressor or Perceptron; got "
                f"{type(self.estimator).__name__}."
            )
        return self.estimator

    def _report(self, results: Results) -> None:
        kind = "test" if results.task.folds else "train"
        self.cv_results_ = results.table()
        self.members_, self.n_splits_ = results.models, len(results.task.folds)
        self.best_index_ = best = results.best(self.cv_results_[f"rank_{kind}_score"])
        self.best_params_, self.best_estimator_ = results.points[best], results.models[best]
        self.best_score_ = float(self.cv_results_[f"mean_{kind}_score"][best])
        if results.task.classes is not None:
            self.classes_ = results.task.classes

    # -- prediction ------------------------------------------------------------------------------

    def predict(self, X: Any) -> NDArray:
        """Return the predictions of the best member for `X`, shape (n_samples,)."""
        return self._best().predict(X)  # type: ignore[no-any-return]

    @available_if(_best_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray:
        """Return the scores of the best member, a classifier."""
        return self._best().decision_function(X)  # type: ignore[no-any-return]

    @available_if(_best_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray:
        """Return the class probabilities of the best member, where its loss has some."""
        return self._best().predict_proba(X)  # type: ignore[no-any-return]

    @available_if(_best_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> NDArray:
        """Return the logarithms of `predict_proba`."""
        return self._best().predict_log_proba(X)  # type: ignore[no-any-return]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy, or R², of the best member."""
        return self._best().score(X, y, sample_weight)  # type: ignore[no-any-return]

    def _best(self) -> Any:
        require_fitted(self, "best_estimator_")
        return self.best_estimator_
