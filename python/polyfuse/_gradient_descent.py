"""Linear models trained by gradient descent, on all rows at a time or on batches of them."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import (
    as_matrix,
    as_sample_weight,
    one_block,
    require_finite,
    require_fitted,
    require_number,
    require_rows,
    require_width,
    result_dtype,
)
from ._descent import Callback, Problem, Trace, accelerated, mean_one, stochastic
from ._estimator import Classifier, Estimator, Regressor
from ._kernels.contract import Block
from ._linear import class_targets, encode_classes, likeliest, probabilities, scores


class _GradientDescent(Estimator):
    """What GDClassifier and GDRegressor share: parameters, and the descent itself."""

    coef_: NDArray
    intercept_: NDArray
    n_features_in_: int
    n_iter_: int
    loss_curve_: list[float]

    def __init__(
        self,
        *,
        alpha: float = 1e-4,
        batch_size: int | None = None,
        eta0: float | str = "auto",
        power_t: float = 0.5,
        max_iter: int = 1000,
        tol: float = 1e-4,
        n_iter_no_change: int = 5,
        fit_intercept: bool = True,
        shuffle: bool = True,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.alpha = alpha
        self.batch_size = batch_size
        self.eta0 = eta0
        self.power_t = power_t
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.fit_intercept = fit_intercept
        self.shuffle = shuffle
        self.random_state = random_state

    def _check_parameters(self) -> None:
        for name in ("alpha", "power_t", "tol"):
            require_number(getattr(self, name), name, least=0.0)
        for name in ("max_iter", "n_iter_no_change"):
            require_number(getattr(self, name), name, least=1, integer=True)
        if self.batch_size is not None:
            require_number(self.batch_size, "batch_size", least=1, integer=True)
        if self.eta0 != "auto" and (isinstance(self.eta0, str) or not self.eta0 > 0.0):
            raise ValueError(f"eta0 must be 'auto' or a positive number; got {self.eta0!r}.")

    def _descend(
        self, X: NDArray, targets: NDArray, loss: str, n_outputs: int,
        sample_weight: ArrayLike | None, callback: Callback | None,
    ) -> tuple[NDArray, NDArray]:  # fmt: skip
        self._check_parameters()
        rows = one_block(Block(X), result_dtype((X,)))
        weight = mean_one(as_sample_weight(sample_weight, len(X)))
        problem = Problem(rows, targets, loss, n_outputs, self.alpha, weight, self.fit_intercept)
        theta, trace = self._minimise(problem, callback)
        if not (trace.finite and np.isfinite(theta).all()):
            require_finite({"Input X": X})
            raise ValueError(
                "Floating-point overflow during the descent: scale the features with "
                f"StandardScaler or lower eta0; got eta0={self.eta0!r}."
            )
        coef, intercept = problem.split(theta)
        self.n_features_in_ = X.shape[1]
        self.n_iter_ = len(trace.losses)
        self.loss_curve_ = trace.losses
        return coef.astype(rows.dtype), intercept.astype(rows.dtype)

    def _minimise(self, problem: Problem, callback: Callback | None) -> tuple[NDArray, Trace]:
        batch_size = min(self.batch_size or problem.rows.n_rows, problem.rows.n_rows)
        if self.eta0 != "auto":
            step = float(self.eta0)
        else:
            bound = problem.batch_smoothness(batch_size)
            step = (1.0 if self.batch_size is None else 0.5) / bound if bound > 0 else 1.0
        if self.batch_size is None:
            return accelerated(
                problem, problem.start(), step=step, max_iter=self.max_iter, tol=self.tol,
                callback=callback,
            )  # fmt: skip
        rng = np.random.default_rng(self.random_state) if self.shuffle else None
        return stochastic(
            problem, problem.start(), batch_size=batch_size, step=step, power_t=self.power_t,
            max_iter=self.max_iter, tol=self.tol, patience=self.n_iter_no_change, rng=rng,
            callback=callback,
        )  # fmt: skip

    def _scores(self, X: ArrayLike) -> NDArray:
        require_fitted(self, "coef_")
        matrix = as_matrix(X)
        require_width(self, matrix.shape[1])
        rows = one_block(Block(matrix), result_dtype((matrix,)))
        out = scores(rows, np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_))
        if not np.isfinite(out).all():
            require_finite({"Input X": matrix})
        return out


_PARAMETERS = """alpha : float, default=1e-4
        Strength of the L2 penalty: the objective is the mean loss + alpha / 2 · |coef|².
    batch_size : int or None, default=None
        Rows per step. None takes all rows, with Nesterov's acceleration and restarts
        (O'Donoghue and Candès, 2015); 1 is stochastic gradient descent.
    eta0 : float or "auto", default="auto"
        Step size. "auto" takes it from the smoothness of the loss on the data: 1 / L for all
        rows, 1 / 2L of the expected smoothness for batches (Gower et al., 2019).
    power_t : float, default=0.5
        With batches, the step of epoch e = 0, 1, ... is eta0 / (1 + e)^power_t.
    max_iter : int, default=1000
        Most passes over the data.
    tol : float, default=1e-4
        All rows: stop when no element of the gradient is larger. Batches: stop when the mean
        loss of an epoch has not come down by this much for `n_iter_no_change` epochs.
    n_iter_no_change : int, default=5
        See `tol`.
    fit_intercept : bool, default=True
        Whether to learn an intercept; it is not penalised.
    shuffle : bool, default=True
        With batches, visit the rows of each epoch in a new random order.
    random_state : int, numpy.random.Generator or None, default=None
        Seed of that order.
"""


class GDRegressor(Regressor, _GradientDescent):
    __doc__ = f"""Linear regression by gradient descent: least squares with an L2 penalty.

    Minimises the mean of (y - X w - b)² / 2 + alpha / 2 · |w|².

    Parameters
    ----------
    {_PARAMETERS}
    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : ndarray of shape (1,)
    n_iter_ : int
        Passes over the data.
    loss_curve_ : list of float
        Objective after each pass (batches: mean loss during it).
    n_features_in_ : int

    Examples
    --------
    >>> from polyfuse.linear_model import GDRegressor
    >>> model = GDRegressor(alpha=0.0, tol=1e-8).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[3.0]]).round(3)
    array([7.])
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        """Fit to rows `X` (n_samples, n_features) and targets `y` (n_samples,).

        `callback(iteration, loss)` is called after each pass.
        """
        matrix = as_matrix(X, min_rows=1)
        target = np.ascontiguousarray(y, np.float64)
        if target.ndim != 1:
            raise ValueError(f"y should be a 1d array, got an array of shape {target.shape}.")
        require_rows(len(matrix), target)
        require_finite({"Input y": target.reshape(-1, 1)})
        coef, intercept = self._descend(
            matrix, target.reshape(-1, 1), "squared_error", 1, sample_weight, callback
        )
        self.coef_, self.intercept_ = coef[0], intercept
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Return predictions X w + b, shape (n_samples,)."""
        return self._scores(X)[:, 0]


class GDClassifier(Classifier, _GradientDescent):
    __doc__ = f"""Logistic regression by gradient descent: softmax loss with an L2 penalty.

    Minimises the mean negative log-likelihood of the softmax of X Wᵀ + b (of the logistic
    function of one score for two classes) + alpha / 2 · |W|².

    Parameters
    ----------
    {_PARAMETERS}
    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : int
        Passes over the data.
    loss_curve_ : list of float
        Objective after each pass (batches: mean loss during it).
    n_features_in_ : int

    Examples
    --------
    >>> from polyfuse.linear_model import GDClassifier
    >>> model = GDClassifier().fit([[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"])
    >>> model.predict([[0.5], [4.5]])
    array(['low', 'high'], dtype='<U4')
    """

    classes_: NDArray

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        """Fit to rows `X` (n_samples, n_features) and class labels `y` (n_samples,).

        `callback(iteration, loss)` is called after each pass.
        """
        matrix = as_matrix(X, min_rows=1)
        classes, codes = encode_classes(y, len(matrix))
        targets, loss, n_outputs = class_targets(codes, len(classes))
        self.coef_, self.intercept_ = self._descend(
            matrix, targets, loss, n_outputs, sample_weight, callback
        )
        self.classes_ = classes
        return self

    def decision_function(self, X: ArrayLike) -> NDArray:
        """Return scores, shape (n_samples,) for two classes, else (n_samples, n_classes)."""
        out = self._scores(X)
        return out[:, 0] if out.shape[1] == 1 else out

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Return class probabilities, shape (n_samples, n_classes)."""
        return probabilities(self._scores(X))

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the likeliest class of each row, shape (n_samples,)."""
        codes = likeliest(self._scores(X))
        labels: NDArray = self.classes_[codes]
        return labels
