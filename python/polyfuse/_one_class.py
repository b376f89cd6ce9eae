"""SGDOneClassSVM: what is usual, told from what is not, by stochastic gradient descent."""

from __future__ import annotations

from functools import partial
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _constraints as c
from . import _sgd_docs as d
from ._arrays import require_fitted
from ._chain_runs import Callback
from ._chains import Chain, Samples, settings_of
from ._random import MAX_INT, as_random_state, global_state
from ._sgd_base import COMMON, SGD, Plan
from ._sgd_inputs import remember, see, see_again
from ._sgd_models import Model, raw_of


class SGDOneClassSVM(SGD):
    __doc__ = f"""A one-class support vector machine, trained row by row: scikit-learn's, in bits.

    Minimises |w|² / 2 - r + mean of max(0, r - x w) / nu (Schölkopf et al., "Estimating the
    support of a high-dimensional distribution", Neural Computation 13, 2001) by stochastic
    gradient descent: what is usual lies beyond the hyperplane x w = r.

    Parameters
    ----------
    nu : float in (0, 1], default=0.5
        About the share of rows that may lie on the wrong side. It is the alpha of "optimal" too.
    fit_intercept : bool, default=True
        Whether to learn the offset r.
    {d.loop("", "5")}
    {d.random_state()}
    {d.schedule('"optimal"', "0.5", None)}
    {d.WARM_START}
    {d.AVERAGE}
    {d.OURS}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    offset_ : ndarray of shape (1,)
        r: ``decision_function`` is ``score_samples`` minus it.
    {d.FITTED}

    {d.NOTES}

    {d.REFERENCES}

    Examples
    --------
    >>> from polyfuse.linear_model import SGDOneClassSVM
    >>> X = [[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]]
    >>> SGDOneClassSVM(random_state=42, tol=None).fit(X).predict([[4.0, 4.0]])
    array([1], dtype=int32)
    """

    offset_: NDArray

    loss = "hinge"
    penalty = "l2"
    l1_ratio = 0
    epsilon = 0.1
    early_stopping = False
    validation_fraction = 0.1
    n_iter_no_change = 5
    loss_functions = {"hinge": ("hinge",)}  # noqa: RUF012

    _estimator_type = "outlier_detector"
    _passive_loss = "epsilon_insensitive"
    _constraints = {  # noqa: RUF012
        **COMMON,
        "nu": (c.interval(Real, 0, 1, "(]"),),
        # pa1 and pa2 are taken, and not told of: as in scikit-learn.
        "learning_rate": (
            c.among("adaptive", "constant", "invscaling", "optimal")._replace(
                holds=c.among("adaptive", "constant", "invscaling", "optimal", "pa1", "pa2").holds
            ),
        ),
        "power_t": (c.FINITE,),
    }

    def __init__(
        self,
        nu: float = 0.5,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        warm_start: bool = False,
        average: bool | int = False,
        *,
        scaler: Any = None,
        arithmetic: str = "exact",
    ) -> None:
        self.nu = nu
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.warm_start = warm_start
        self.average = average
        self.scaler = scaler
        self.arithmetic = arithmetic

    def _alpha(self) -> float:
        return self.nu

    def fit(
        self, X: Any, y: Any = None, coef_init: Any = None, offset_init: Any = None,
        sample_weight: Any = None, *, callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        """Fit to rows `X`, forgetting what was learned.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or blocks
            Or a list, dict or Blocks of such, side by side; see the class.
        y : ignored
        coef_init : array-like of shape (n_features,), optional
            Where to start.
        offset_init : array-like of shape (1,), optional
        sample_weight : float or array-like of shape (n_samples,), optional
            Multiplies the step of each row.
        callback : callable(epoch, objective), optional
            Called after each epoch with its mean objective.

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
        warm = Model.load(self) if self.warm_start and self._is_fitted() else None
        seen = see(self, X, self.scaler) if warm is None else None
        rows = seen.rows if seen is not None else see_again(self, X)
        if warm is not None:
            coef_init = warm.coef if coef_init is None else coef_init
            offset_init = warm.offset if offset_init is None else offset_init
        samples = self._samples(rows, sample_weight)
        self._learn(samples, self._plan(samples, coef_init, offset_init), callback)
        if seen is not None:
            remember(self, seen)
        self._warn_of_fit()
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from more rows: one epoch on them, starting from what was learned.

        Parameters
        ----------
        X, sample_weight
            As for `fit`. A scaler that is not fitted is, on the rows of the first call.
        y : ignored

        Returns
        -------
        self
        """
        self._check_parameters(partial=True)
        model = Model.load(self) if self._is_fitted() else None
        seen = see(self, X, self.scaler) if model is None else None
        rows = seen.rows if seen is not None else see_again(self, X, model.coef.dtype)  # type: ignore[union-attr]
        samples = self._samples(rows, sample_weight)
        raws = None if model is None else raw_of(self, 1)
        self._learn(samples, self._plan(samples, max_iter=1, model=model, raws=raws))
        if seen is not None:
            remember(self, seen)
        return self

    def _samples(self, rows: Any, sample_weight: Any) -> Samples:
        return Samples(rows, np.ones(rows.n_rows), self._weights(sample_weight, rows.n_rows))

    def _plan(
        self, samples: Samples, coef_init: Any = None, offset_init: Any = None, *,
        model: Model | None = None, raws: Any = None, max_iter: int | None = None,
    ) -> Plan:  # fmt: skip
        """One chain; with a `model` it goes on from there, else anew."""
        settings = settings_of(
            self, max_iter=max_iter or self.max_iter, alpha=self.nu, one_class=True
        )
        if model is None:
            model, shape = Model(), (samples.rows.width,)
            model.allocate(
                shape, samples.rows.dtype, settings.average, coef_init, offset_init, one_class=True
            )
        global_state().randint(1, MAX_INT)  # scikit-learn draws from NumPy's own generator here
        seed = int(as_random_state(self.random_state).randint(0, MAX_INT))
        chain = Chain(settings, seed, subset=samples.subset)
        model.start(chain, 0, 1)
        chain.raw = raws[0] if raws is not None and not settings.exact else None
        return Plan([chain], partial(self._finish_single, model, chain, samples.n))

    # -- prediction ------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> NDArray:
        """Return the scores x w - r, which are positive for what is usual.

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        require_fitted(self, "coef_")
        return self._linear_scores(X, -self.offset_)[:, 0]

    def score_samples(self, X: Any) -> NDArray:
        """Return the scores x w, before the offset is subtracted.

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        scores: NDArray = self.decision_function(X) + self.offset_
        return scores

    def predict(self, X: Any) -> NDArray:
        """Return which rows are usual.

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
            1 for rows that are usual, -1 for others.
        """
        usual = self.decision_function(X) >= 0
        return np.where(usual, 1, -1).astype(np.int32)

    def fit_predict(self, X: Any, y: Any = None, **fit_params: Any) -> NDArray:
        """Fit to `X` and return what `predict` says of its rows.

        Parameters
        ----------
        X, **fit_params
            As for `fit`.
        y : ignored

        Returns
        -------
        ndarray of shape (n_samples,)
            1 for rows that are usual, -1 for others.
        """
        return self.fit(X, **fit_params).predict(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags
