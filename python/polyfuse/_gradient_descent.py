"""Linear models trained by gradient descent, on all rows at a time or on batches of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _constraints as c
from ._arrays import require_rows
from ._descent import Callback
from ._estimator import Classifier, Regressor
from ._gradient_base import GradientDescent
from ._gradient_data import Task
from ._linear import (
    class_targets,
    encode_classes,
    likeliest,
    probabilities,
)
from ._sgd_targets import as_numbers, as_targets, class_weights, classes_of_call, encode

_PARAMETERS = """alpha : float, default=1e-4
        Strength of the L2 penalty: the objective is the mean loss + alpha / 2 · |coef|².
    batch_size : int or None, default=None
        Rows per step. None takes all rows; 1 is stochastic gradient descent.
    learning_rate : {"auto", "constant", "invscaling", "adaptive", "cosine"}, default="auto"
        Length of the steps of epoch e = 0, 1, ...: "constant" eta0; "invscaling"
        eta0 / (1 + e)^power_t; "adaptive" eta0, and a quarter of it, up to five times, when the
        loss has not come down by `tol` for `n_iter_no_change` epochs; "cosine"
        eta0 / 2 · (1 + cos(π e / max_iter)), for all of `max_iter` epochs. "auto" is "constant";
        when the loss of batches has not come down by 10 `tol` for `n_iter_no_change` epochs, all
        rows take over, as with ``batch_size=None``, which ends within 1e-3 of the least loss for
        any batch size. With early stopping, or without `tol`, "auto" is "adaptive" for batches.
    eta0 : float or "auto", default="auto"
        First step. "auto" takes it from the smoothness of the loss on the data: 1 / L for all
        rows, where columns count as centred unless `momentum` is given, so that an offset does not
        slow it down; 1 / 2L of the expected smoothness for batches (Gower et al., 2019). Batches
        shorten it under any schedule but "cosine" as "adaptive" does: what noise allows is not
        known beforehand.
    power_t : float, default=0.5
        See `learning_rate`.
    momentum : float from 0 to below 1, or "auto", default="auto"
        Part of the last move that is made again. "auto" is Nesterov's growing momentum with
        restarts for all rows (O'Donoghue and Candès, 2015), 0.9 for batches and 0 for single rows.
    nesterov : bool, default=True
        Whether the gradient is taken where the momentum leads (Sutskever et al., 2013), or where
        the model is (Polyak, 1964).
    max_iter : int, default=1000
        Most passes over the data.
    tol : float or None, default=1e-4
        All rows, and what takes over from batches: stop when no element of the gradient, for
        columns that count as centred, is larger. Other schedules and early stopping: stop when the
        loss, of an epoch or on the rows held out, has not come down by this much for
        `n_iter_no_change` epochs. In units of the targets, their standard deviation for numbers.
        None makes all of `max_iter` passes.
    n_iter_no_change : int, default=5
        See `tol`.
    early_stopping : bool, default=False
        Whether to hold rows out, watch the loss on them, and keep the model for which it was
        least. They are not learned from, by scalers either, unless those are fitted already.
    validation_fraction : float, default=0.1
        Part of the rows, of each class alike, to hold out.
    fit_intercept : bool, default=True
        Whether to learn an intercept; it is not penalised.
    shuffle : bool, default=True
        With batches, visit the rows of each epoch in a new random order.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
        Seed of that order, and of the choice of rows to hold out.
    scaler : {"standard", "minmax", "maxabs", "robust"}, scaler, list or dict of them, default=None
        How `X`, or each block, is scaled while it is read: by a scaler of that name, or a copy of
        one of :mod:`polyfuse.preprocessing`, fitted on the rows learned from; or by one that is
        fitted already. No scaled copy is made.
    warm_start : bool, default=False
        Whether `fit` starts from the model there is.
    verbose : int, default=0
        Print the loss after every `verbose` passes; 0 is silent.
"""

_ATTRIBUTES = """n_iter_ : int
        Passes over the data.
    loss_curve_ : list of float
        Objective in each pass (batches: mean loss during it, without the penalty).
    validation_loss_curve_ : list of float
        Mean loss on the rows held out after each pass. Only with early stopping.
    n_features_in_ : int
        Number of columns of all blocks together.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if `X` had some.
    modalities_ : list of str
        Names of the blocks, if `X` was blocks: their columns follow each other in `coef_`.
    scalers_ : dict of str to fitted scaler or None
        By name of the block, "X" for a matrix. Only with scalers; `coef_` is for scaled features.
"""

_FIT = """Fit the model; one that is fitted is forgotten, but for `warm_start`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or dict, list or Blocks of such
            Blocks are read where they lie: they are neither stacked nor copied. They are dense:
            SGDClassifier and SGDRegressor take sparse ones.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
            Not negative, not all zero.
        callback : callable(iteration, loss), optional
            Called after each pass.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not as described, not finite, or the steps are so long
            that numbers overflow. The estimator is then left as it was, as it is by Ctrl-C.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` passes were made, or the objective is higher than it was at the start.
        """

_PARTIAL_FIT = """One pass over more rows, in batches; without `batch_size` they are one batch.

        The schedule counts calls as epochs, momentum goes on, and "auto" steps get shorter where
        rows get longer. Scalers given by name or unfitted learn from the rows first, unless `fit`
        has fitted them. Weights are taken as they are, in `fit` relative to their mean.

        Parameters are those of `fit`"""


class GDRegressor(Regressor, GradientDescent):
    __doc__ = f"""Linear regression by gradient descent: least squares with an L2 penalty.

    Minimises the mean of (y - X w - b)² / 2 + alpha / 2 · |w|².

    Parameters
    ----------
    {_PARAMETERS}
    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : ndarray of shape (1,)
    {_ATTRIBUTES}
    Examples
    --------
    >>> from polyfuse.linear_model import GDRegressor
    >>> model = GDRegressor(alpha=0.0, tol=1e-8).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[3.0]]).round(3)
    array([7.])
    """

    _for_sparse = "SGDRegressor"

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        self._check_parameters()
        seen = self._see(X)
        task, _ = self._whole_task(y, seen.rows.n_rows)
        seen, theta, trace = self._learn(seen, task, sample_weight, callback)
        self._set(seen, theta, trace, 1)
        self._warn(trace)
        return self

    fit.__doc__ = _FIT

    def partial_fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        self._check_parameters()
        self._learn_more(X, lambda n: self._task(y, n), sample_weight)
        return self

    partial_fit.__doc__ = _PARTIAL_FIT + ".\n        "

    def _whole_task(self, y: ArrayLike, n_rows: int) -> tuple[Task, dict[str, Any]]:
        return self._task(y, n_rows), {}

    def _task(self, y: ArrayLike, n_rows: int) -> Task:
        targets = as_numbers(y, type(self).__name__)
        require_rows(n_rows, targets)
        return Task(targets.reshape(-1, 1), "squared_error", 1)

    def _set_model(self, coef: NDArray, intercept: NDArray) -> None:
        self.coef_, self.intercept_ = coef[0], intercept

    def predict(self, X: Any) -> NDArray:
        """Return predictions X w + b, shape (n_samples,)."""
        return self._scores(X)[:, 0]


class GDClassifier(Classifier, GradientDescent):
    __doc__ = f"""Logistic regression by gradient descent: softmax loss with an L2 penalty.

    Minimises the mean negative log-likelihood of the softmax of X Wᵀ + b (of the logistic
    function of one score for two classes) + alpha / 2 · |W|².

    Parameters
    ----------
    {_PARAMETERS}    class_weight : dict, "balanced" or None, default=None
        Weight of each class; "balanced" is n_samples / (n_classes · its number of rows).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    {_ATTRIBUTES}
    Examples
    --------
    >>> from polyfuse.linear_model import GDClassifier
    >>> model = GDClassifier().fit([[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"])
    >>> model.predict([[0.5], [4.5]])
    array(['low', 'high'], dtype='<U4')
    """

    classes_: NDArray

    _for_sparse = "SGDClassifier"
    _constraints = {  # noqa: RUF012
        **GradientDescent._constraints,
        "class_weight": (c.among("balanced"), c.DICT, c.NONE),
    }

    def __init__(
        self,
        *,
        alpha: float = 1e-4,
        batch_size: int | None = None,
        learning_rate: str = "auto",
        eta0: float | str = "auto",
        power_t: float = 0.5,
        momentum: float | str = "auto",
        nesterov: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-4,
        n_iter_no_change: int = 5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        fit_intercept: bool = True,
        shuffle: bool = True,
        random_state: Any = None,
        scaler: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        class_weight: Mapping[Any, float] | str | None = None,
    ) -> None:
        super().__init__(
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            eta0=eta0,
            power_t=power_t,
            momentum=momentum,
            nesterov=nesterov,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            fit_intercept=fit_intercept,
            shuffle=shuffle,
            random_state=random_state,
            scaler=scaler,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        self._check_parameters()
        seen = self._see(X)
        task, known = self._whole_task(y, seen.rows.n_rows)
        seen, theta, trace = self._learn(seen, task, sample_weight, callback)
        self._set(seen, theta, trace, task.n_outputs)
        self.classes_ = known["classes_"]
        self._warn(trace)
        return self

    fit.__doc__ = _FIT

    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:  # fmt: skip
        self._check_parameters()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight must be a dict or None for partial_fit, which does not see all rows; "
                "got 'balanced'."
            )
        known = classes_of_call(self, classes)

        def task_of(n_rows: int) -> Task:
            labels = as_targets(y, type(self).__name__)
            require_rows(n_rows, labels)
            return self._task(known, encode(labels, known))

        self._learn_more(X, task_of, sample_weight)
        self.classes_ = known
        return self

    partial_fit.__doc__ = (
        _PARTIAL_FIT
        + """, and `classes`, array-like of shape (n_classes,): all labels there
        will be, needed in the first call.
        """
    )

    def _whole_task(self, y: ArrayLike, n_rows: int) -> tuple[Task, dict[str, Any]]:
        classes, codes = encode_classes(as_targets(y, type(self).__name__), n_rows)
        return self._task(classes, codes), {"classes_": classes}

    def _task(self, classes: NDArray, codes: NDArray[np.int64]) -> Task:
        targets, loss, n_outputs = class_targets(codes, len(classes))
        weight = None
        if self.class_weight is not None:
            each = class_weights(self.class_weight, classes, codes)
            if not np.isfinite(each).all() or (each < 0.0).any():
                raise ValueError(
                    "class_weight must have finite weights of at least 0; got "
                    f"{self.class_weight!r}."
                )
            weight = each[codes]
        return Task(targets, loss, n_outputs, codes, weight)

    def decision_function(self, X: Any) -> NDArray:
        """Return scores, shape (n_samples,) for two classes, else (n_samples, n_classes)."""
        out = self._scores(X)
        return out[:, 0] if out.shape[1] == 1 else out

    def predict_proba(self, X: Any) -> NDArray:
        """Return class probabilities, shape (n_samples, n_classes)."""
        return probabilities(self._scores(X))

    def predict_log_proba(self, X: Any) -> NDArray:
        """Return logarithms of the class probabilities, shape (n_samples, n_classes)."""
        with np.errstate(divide="ignore"):
            logarithms: NDArray = np.log(self.predict_proba(X))
        return logarithms

    def predict(self, X: Any) -> NDArray:
        """Return the likeliest class of each row, shape (n_samples,)."""
        codes = likeliest(self._scores(X))
        labels: NDArray = self.classes_[codes]
        return labels
