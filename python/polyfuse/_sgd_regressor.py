"""SGDRegressor: linear regression trained by stochastic gradient descent."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

from numpy.typing import NDArray

from . import _constraints as c
from . import _sgd_docs as d
from ._chain_runs import Callback
from ._chains import Chain, Samples, settings_of
from ._estimator import Regressor
from ._random import MAX_INT, as_random_state
from ._sgd_base import BLOCKWISE, COMMON, PENALISED, SGD, STOPPING, Plan
from ._sgd_inputs import remember, see, see_again
from ._sgd_models import Model, raw_of
from ._sgd_paces import paces_of
from ._sgd_targets import as_numbers, require_consistent

DEFAULT_EPSILON = 0.1

REGRESSION = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")


class SGDRegressor(Regressor, SGD):
    __doc__ = f"""Linear regression, trained one row at a time: scikit-learn's, to the last bit.

    Minimises the mean loss of the predictions X w + b, and alpha times a penalty of w, by
    stochastic gradient descent: w <- w - η (∂loss/∂w + alpha · ∂penalty/∂w) for each row.

    Parameters
    ----------
    loss : str, default="squared_error"
        "squared_error", (y - p)² / 2; "huber", linear beyond `epsilon`; "epsilon_insensitive",
        max(0, abs(y - p) - epsilon); "squared_epsilon_insensitive", its square.
    {d.penalty('"l2"')}
    {d.loop()}
    epsilon : float, default=0.1
        See `loss`.
    {d.random_state()}
    {d.schedule('"invscaling"', "0.25", '"epsilon_insensitive"')}
    {d.STOPPING}
    {d.WARM_START}
    {d.AVERAGE}
    {d.OURS}
    {d.BLOCKWISE}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : ndarray of shape (1,)
    {d.FITTED}

    {d.NOTES}

    {d.REFERENCES}

    Examples
    --------
    >>> from polyfuse.linear_model import SGDRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> model = SGDRegressor(alpha=0.0, eta0=0.1, tol=1e-6, random_state=0).fit(X, y)
    >>> model.predict([[4.0]]).round(1)
    array([9.])
    """

    loss_functions = {  # noqa: RUF012
        name: (name,) if name == "squared_error" else (name, DEFAULT_EPSILON) for name in REGRESSION
    }
    _passive_loss = "epsilon_insensitive"
    _constraints = {  # noqa: RUF012
        **COMMON,
        **STOPPING,
        **PENALISED,
        **BLOCKWISE,
        "loss": (c.among(*REGRESSION),),
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = DEFAULT_EPSILON,
        random_state: Any = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        scaler: Any = None,
        arithmetic: str = "exact",
        block_eta: Any = None,
        block_alpha: Any = None,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.scaler = scaler
        self.arithmetic = arithmetic
        self.block_eta = block_eta
        self.block_alpha = block_alpha

    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None,
        sample_weight: Any = None, *, callback: Callback | None = None,
    ) -> Self:  # fmt: skip
        """Fit to rows `X` and their targets, forgetting what was learned.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or blocks
            Or a list, dict or Blocks of such, side by side; see the class.
        y : array-like of shape (n_samples,)
        coef_init : array-like of shape (n_features,), optional
            Where to start; not looked at where `warm_start` goes on from an earlier fit.
        intercept_init : array-like of shape (1,), optional
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
        model = Model.load(self) if self.warm_start and self._is_fitted() else None
        if model is not None:
            model.t = 1.0
        samples, seen = self._samples(X, y, sample_weight, model)
        plan = self._plan(samples, coef_init, intercept_init, model=model)
        self._learn(samples, plan, callback)
        if seen is not None:
            remember(self, seen)
        self._warn_of_fit()
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from more rows: one epoch on them, starting from what was learned.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`. A scaler that is not fitted is, on the rows of the first call.

        Returns
        -------
        self
        """
        self._check_parameters(partial=True)
        model = Model.load(self) if self._is_fitted() else None
        samples, seen = self._samples(X, y, sample_weight, model)
        raws = None if model is None else raw_of(self, 1)
        self._learn(samples, self._plan(samples, max_iter=1, model=model, raws=raws))
        if seen is not None:
            remember(self, seen)
        return self

    def _samples(
        self, X: Any, y: Any, sample_weight: Any, model: Model | None
    ) -> tuple[Samples, Any]:
        """What to learn from, and what is to be remembered of X if there is no model yet."""
        name = type(self).__name__
        seen = see(self, X, self.scaler) if model is None else None
        rows = seen.rows if seen is not None else see_again(self, X, model.coef.dtype)  # type: ignore[union-attr]
        targets = as_numbers(y, name)
        require_consistent(rows.n_rows, targets)
        modalities = seen.modalities if seen is not None else getattr(self, "modalities_", None)
        weight = self._weights(sample_weight, len(targets))
        return Samples(rows, targets, weight, modalities=modalities), seen

    def _plan(
        self, samples: Samples, coef_init: Any = None, intercept_init: Any = None, *,
        model: Model | None = None, raws: Any = None, max_iter: int | None = None,
    ) -> Plan:  # fmt: skip
        """One chain; with a `model` it goes on from there, else anew."""
        settings = settings_of(
            self, max_iter=max_iter or self.max_iter, paces=paces_of(self, samples)
        )
        if model is None:
            model, shape = Model(), (samples.rows.width,)
            model.allocate(shape, samples.rows.dtype, settings.average, coef_init, intercept_init)
        held = self._hold_out(samples)
        state = as_random_state(self.random_state)
        seed = int(state.randint(0, MAX_INT))
        state.randint(1, MAX_INT)  # scikit-learn draws a number here that it does not use
        chain = Chain(settings, seed, subset=samples.subset, held=held)
        model.start(chain, 0, 1)
        goes_on = raws is not None and not settings.exact and raws[0].fits(settings)
        chain.raw = raws[0] if goes_on else None
        return Plan([chain], partial(self._finish_single, model, chain, samples.n))

    def predict(self, X: Any) -> NDArray:
        """Return X w + b.

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._linear_scores(X)[:, 0]
