"""What the SGD classifiers share: classes as chains, fit, partial_fit and prediction."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _constraints as c
from ._chain_runs import Callback
from ._chains import Chain, Held, Samples, Settings, settings_of
from ._estimator import Classifier
from ._inputs import as_weights
from ._kernels.contract import Rows
from ._random import MAX_INT, as_random_state, seed_of_dataset, stratified_split
from ._sgd_base import COMMON, SGD, STOPPING, Plan
from ._sgd_inputs import remember, see, see_again
from ._sgd_models import Model, raw_of
from ._sgd_paces import paces_of
from ._sgd_targets import (
    as_targets,
    class_weights,
    classes_of_call,
    encode,
    labels_of,
    require_consistent,
)

DEFAULT_EPSILON = 0.1

CLASSIFICATION = (
    "hinge", "squared_hinge", "perceptron", "log_loss", "modified_huber", "squared_error",
    "huber", "epsilon_insensitive", "squared_epsilon_insensitive",
)  # fmt: skip
_WITH_EPSILON = ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")


class BaseSGDClassifier(Classifier, SGD):
    """What SGDClassifier and Perceptron share."""

    classes_: NDArray
    class_weight: Any

    # Names and arguments of the losses, as scikit-learn has them.
    loss_functions = {  # noqa: RUF012
        name: (name, DEFAULT_EPSILON) if name in _WITH_EPSILON else (name,)
        for name in CLASSIFICATION
    }
    _constraints = {  # noqa: RUF012
        **COMMON,
        **STOPPING,
        "n_jobs": (c.INTEGER, c.NONE),
        "class_weight": (c.among("balanced"), c.DICT, c.NONE),
    }

    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None,
        sample_weight: Any = None, *, callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        """Fit to rows `X` and their labels, forgetting what was learned.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or blocks
            Or a list, dict or Blocks of such, side by side; see the class.
        y : array-like of shape (n_samples,)
        coef_init : array-like of shape (n_classes, n_features) or (1, n_features), optional
            Where to start.
        intercept_init : array-like of shape (n_classes,) or (1,), optional
        sample_weight : float or array-like of shape (n_samples,), optional
            Multiplies the step of each row.
        callback : callable(epoch, objective), optional
            Called after each epoch with the mean objective of the models still in training.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described, data are not finite, or numbers
            overflow; the estimator is then left as it was.
        """
        self._check_parameters()
        name = type(self).__name__
        labels = as_targets(y, name)
        warm = self.warm_start and hasattr(self, "coef_") and coef_init is None
        seen = see(self, X, self.scaler, warm=warm)
        require_consistent(seen.rows.n_rows, labels)
        classes = labels_of(np.unique(labels))
        samples = self._labelled(seen.rows, labels, classes, sample_weight, seen.modalities)
        plan = self._plan(samples, classes, coef_init, intercept_init)
        self._learn(samples, plan, callback)
        remember(self, seen)
        self._warn_of_fit()
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn from more rows: one epoch on them, starting from what was learned.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`. A scaler that is not fitted is, on the rows of the first call.
        classes : array-like of shape (n_classes,), optional
            All labels there will be; needed in the first call.

        Returns
        -------
        self
        """
        self._check_parameters(partial=True)
        if not hasattr(self, "classes_") and self.class_weight == "balanced":
            raise ValueError(_NOT_BALANCED)
        name = type(self).__name__
        first = not hasattr(self, "classes_")
        seen = see(self, X, self.scaler) if first else None
        model = None if first else Model.load(self)
        rows = seen.rows if seen is not None else see_again(self, X, _dtype(model))
        labels = as_targets(y, name)
        require_consistent(rows.n_rows, labels)
        known = classes_of_call(self, classes)
        modalities = seen.modalities if seen is not None else getattr(self, "modalities_", None)
        samples = self._labelled(rows, labels, known, sample_weight, modalities)
        self._learn(samples, self._plan(samples, known, max_iter=1, model=model))
        if seen is not None:
            remember(self, seen)
        return self

    def _labelled(
        self, rows: Rows, labels: NDArray, classes: NDArray, sample_weight: Any,
        modalities: list[str] | None,
    ) -> Samples:  # fmt: skip
        """What is learned from: rows, and the codes of their labels among the classes."""
        codes = encode(labels, classes).astype(np.float64)
        weight = self._weights(sample_weight, len(codes))
        return Samples(rows, codes, weight, modalities=modalities)

    def _weights(self, sample_weight: Any, n_rows: int) -> NDArray[np.float64] | None:
        # Where rows are held out, weights of zero get the message of the hold-out.
        early = bool(self.early_stopping)
        return as_weights(sample_weight, n_rows, type(self).__name__, allow_zeros=early)

    # -- plans -----------------------------------------------------------------------------------

    def _plan(
        self, samples: Samples, classes: NDArray, coef_init: Any = None,
        intercept_init: Any = None, *, model: Model | None = None, max_iter: int | None = None,
    ) -> Plan:  # fmt: skip
        """Chains for a classifier of the classes that targets are codes of; see `_finish`.

        With a `model` that goes on from there, else anew; on some of the rows, for the classes
        that are there.
        """
        codes = samples.own(samples.targets).astype(np.int64)
        places = np.arange(len(classes)) if samples.subset is None else np.unique(codes)
        classes, codes = classes[places], np.searchsorted(places, codes)
        weights = class_weights(self.class_weight, classes, codes)
        settings = settings_of(
            self, max_iter=max_iter or self.max_iter, paces=paces_of(self, samples)
        )
        raws = None
        if model is None:
            model = self._new_model(samples, len(classes), settings, coef_init, intercept_init)
        elif not settings.exact:
            raws = raw_of(self, len(classes) if len(classes) > 2 else 1)
        if len(classes) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(classes)} class"
            )
        build = self._chain_of_two if len(classes) == 2 else self._chains_of_classes
        chains = build(samples, places, classes[codes], settings, weights)
        for i, chain in enumerate(chains):
            model.start(chain, i, len(chains))
            if len(chains) > 1 and settings.loss != "multinomial":
                chain.name = f"class {classes[i]}"
            chain.raw = raws[i] if raws is not None and raws[i].fits(settings) else None
        return Plan(chains, partial(self._finish, model, chains, classes, samples.n))

    def _new_model(
        self, samples: Samples, n_classes: int, settings: Settings, coef: Any, intercept: Any
    ) -> Model:
        if self.warm_start and hasattr(self, "coef_"):
            fitted = Model.load(self)
            coef = fitted.coef if coef is None else coef
            intercept = fitted.intercept if intercept is None else intercept
        model, d = Model(), samples.rows.width
        shape = (n_classes, d) if n_classes > 2 else (d,)
        model.allocate(shape, samples.rows.dtype, settings.average, coef, intercept)
        return model

    def _chain_of_two(
        self, samples: Samples, places: NDArray, labels: NDArray, settings: Settings,
        weights: NDArray,
    ) -> list[Chain]:  # fmt: skip
        """The one chain of two classes; like all chains, with the draws of scikit-learn."""
        own = isinstance(self.random_state, Integral)  # a generator that is not shared
        state = None if own else as_random_state(self.random_state)
        if state is not None:
            state.randint(1, MAX_INT)  # scikit-learn draws a number here that it does not use
        positive = samples.own(samples.targets) == places[1]
        negative = 0.0 if self.loss in ("log_loss", "multinomial") else -1.0
        held = self._hold_out_classes(samples, np.where(positive, 1.0, negative))
        if state is None:
            seed = seed_of_dataset(int(self.random_state))
        else:
            seed = int(state.randint(MAX_INT))
        if settings.loss == "multinomial":
            settings = settings._replace(loss="log_loss")
        return [
            Chain(
                settings, seed, positive=int(places[1]), held=held, subset=samples.subset,
                weights=(float(weights[0]), float(weights[1])),
            )
        ]  # fmt: skip

    def _chains_of_classes(
        self, samples: Samples, places: NDArray, labels: NDArray, settings: Settings,
        weights: NDArray,
    ) -> list[Chain]:  # fmt: skip
        """A chain for each class; in fast arithmetic with the order of the first."""
        held = self._hold_out_classes(samples, labels)
        drawn = as_random_state(self.random_state).randint(MAX_INT, size=len(places))
        seeds = [seed_of_dataset(int(seed)) for seed in (drawn if settings.exact else drawn[:1])]
        return [
            Chain(
                settings, seeds[i % len(seeds)], positive=int(place), held=held,
                subset=samples.subset, weights=(1.0, float(weights[i])),
            )
            for i, place in enumerate(places)
        ]  # fmt: skip

    def _hold_out_classes(self, samples: Samples, labels: NDArray) -> Held | None:
        return self._hold_out(samples, split=partial(stratified_split, labels))

    def _finish(self, model: Model, chains: list[Chain], classes: NDArray, n_rows: int) -> None:
        n_iter = self._ended(chains)
        if not chains[0].settings.exact:
            model.end_fast(chains, (len(chains), chains[0].coef.size), n_rows)
        elif len(chains) == 1:
            model.end_binary(chains[0], n_rows)
        else:
            model.end_classes(chains, n_rows)
        model.save(self)
        self.classes_, self.n_iter_ = classes, n_iter
        self._keep(chains)

    # -- prediction ------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> NDArray:
        """Return scores: (n_samples,), positive for ``classes_[1]``, or (n_samples, n_classes).

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray
        """
        scores = self._linear_scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> NDArray:
        """Return the label of each row.

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
            Of ``classes_``.
        """
        scores = self.decision_function(X)
        codes = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        labels: NDArray = self.classes_[codes]
        return labels


def _dtype(model: Model | None) -> Any:
    return None if model is None else model.coef.dtype


_NOT_BALANCED = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, "
    "use compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large "
    "enough sample of the full training set target to properly estimate the class frequency "
    "distributions. Pass the resulting weights as the class_weight parameter."
)
