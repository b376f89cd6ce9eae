"""What the SGD estimators share: parameters and their checks, hold-outs, prediction, tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from numbers import Integral
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from . import _constraints as c
from ._arrays import require_fitted
from ._chain_runs import Callback, run
from ._chain_scores import scores_of
from ._chains import Chain, Held, Index, Samples
from ._estimator import Estimator
from ._inputs import as_weights
from ._kernels.contract import Rows
from ._random import shuffle_split
from ._sgd_inputs import require_finite_rows, see_again
from ._sgd_models import Model, keep_raw
from .exceptions import ConvergenceWarning, shared, warn

SCHEDULES = ("adaptive", "constant", "invscaling", "optimal", "pa1", "pa2")

COMMON: c.Constraints = {
    "fit_intercept": (c.FLAG,),
    "max_iter": (c.COUNT,),
    "tol": (c.NOT_NEGATIVE, c.NONE),
    "shuffle": (c.FLAG,),
    "verbose": (c.VERBOSE,),
    "random_state": (c.RANDOM_STATE,),
    "warm_start": (c.FLAG,),
    "average": (c.interval(Integral, 0, None, "()"), c.FLAG),
    "eta0": (c.POSITIVE,),
    "arithmetic": (c.among("exact", "fast"),),
}
STOPPING: c.Constraints = {
    "early_stopping": (c.FLAG,),
    "validation_fraction": (c.FRACTION,),
    "n_iter_no_change": (c.COUNT,),
}
BLOCKWISE: c.Constraints = {
    "block_eta": (c.BY_BLOCK, c.NONE),
    "block_alpha": (c.BY_BLOCK, c.NONE),
}
PENALISED: c.Constraints = {
    "penalty": (c.among("elasticnet", "l1", "l2"), c.NONE),
    "alpha": (c.NOT_NEGATIVE,),
    "l1_ratio": (c.SHARE, c.NONE),
    "power_t": (c.FINITE,),
    "epsilon": (c.NOT_NEGATIVE,),
    "learning_rate": (c.among(*SCHEDULES),),
}

_NAMES = {"loss", "penalty", "learning_rate", "arithmetic"}  # parameters that choose by name


class Plan(NamedTuple):
    """Chains to run, and what makes their ends the attributes of an estimator."""

    chains: Sequence[Chain]
    finish: Callable[[], None]


class SGD(Estimator):
    """The base of the SGD estimators."""

    loss: str
    penalty: str | None
    alpha: float
    l1_ratio: float | None
    learning_rate: str
    eta0: float
    power_t: float
    tol: float | None
    max_iter: int
    early_stopping: bool
    validation_fraction: float
    random_state: Any
    warm_start: bool
    average: bool | int
    # What scikit-learn's own instances do not have, for our methods to run on their attributes.
    scaler: Any = None
    arithmetic: str = "exact"
    block_eta: Any = None
    block_alpha: Any = None
    _scalers: Sequence[Any] = (None,)

    coef_: Any
    intercept_: NDArray
    n_iter_: int
    t_: float
    n_features_in_: int
    feature_names_in_: NDArray
    modalities_: list[str]
    scalers_: dict[str, Any]

    _constraints: ClassVar[c.Constraints] = COMMON
    _passive_loss = "hinge"

    # -- checks ----------------------------------------------------------------------------------

    def _check_parameters(self, *, partial: bool = False) -> None:
        """Raise for parameters that are not as described; for partial_fit, in its first call."""
        caller, params = type(self).__name__, self.get_params(deep=False)
        if partial and self._is_fitted():
            # scikit-learn checks nothing then, and fails for names that it does not know.
            c.require(caller, {key: params[key] for key in _NAMES & set(params)}, self._constraints)
            return
        c.require(caller, params, self._constraints)
        if self.early_stopping and partial:
            raise ValueError("early_stopping should be False with partial_fit")
        if self.learning_rate == "optimal" and self._alpha() == 0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the "
                "optimal learning rate."
            )
        if self.learning_rate in ("pa1", "pa2") and self.loss != self._passive_loss:
            raise ValueError(
                f"Learning rate '{self.learning_rate}' only works with loss '{self._passive_loss}'."
            )
        if self.penalty == "elasticnet" and self.l1_ratio is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")

    def _alpha(self) -> float:
        return self.alpha

    def _is_fitted(self) -> bool:
        # A fit that scikit-learn could not end leaves a coef_ of None.
        return getattr(self, "coef_", None) is not None

    def _weights(self, sample_weight: Any, n_rows: int) -> NDArray[np.float64] | None:
        return as_weights(sample_weight, n_rows, type(self).__name__)

    # -- training --------------------------------------------------------------------------------

    def _hold_out(
        self, samples: Samples, *, split: Callable[[float, Any], Index] | None = None
    ) -> Held | None:
        """Rows to stop early by, drawn as scikit-learn draws them."""
        if not self.early_stopping:
            return None
        if split is None:
            tested = shuffle_split(samples.n, self.validation_fraction, self.random_state)
        else:
            tested = split(self.validation_fraction, self.random_state)
        weight = samples.own_weight
        if not (weight[tested] > 0).any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a different "
                "random state."
            )
        mask = np.zeros(samples.n, bool)
        mask[tested] = True
        where = np.flatnonzero(mask)
        index = where if samples.subset is None else samples.subset[where]
        targets = samples.targets[index].astype(samples.rows.dtype)
        return Held(mask, index, targets, weight[mask], negatives=self.loss != "log_loss")

    def _learn(self, samples: Samples, plan: Plan, callback: Callback | None = None) -> Self:
        """Run the chains of a plan; only then does anything of the estimator change."""
        run(samples, plan.chains, callback)
        plan.finish()
        return self

    def _ended(self, chains: Sequence[Chain]) -> int:
        """The number of epochs of chains that have ended; raises if one has overflown."""
        for chain in chains:
            if chain.error is not None:
                raise chain.error
        return max(chain.n_iter for chain in chains)

    def _finish_single(self, model: Model, chain: Chain, n_rows: int) -> None:
        """Set what a fit of one chain has found."""
        n_iter = self._ended([chain])
        if chain.settings.exact:
            model.end_single(chain, n_rows)
        else:
            model.end_fast([chain], (chain.coef.size,), n_rows)
        model.save(self)
        self.n_iter_ = n_iter
        self._keep([chain])

    def _keep(self, chains: Sequence[Chain]) -> None:
        keep_raw(self, chains)

    def _unconverged(self) -> bool:
        """Whether a fit has made as many epochs as it was allowed, and was to stop by itself."""
        judged = self.tol is not None and self.tol > -np.inf
        return judged and self.n_iter_ == self.max_iter

    def _warn_of_fit(self) -> None:
        if self._unconverged():
            warn(
                "Maximum number of iteration reached before convergence. Consider increasing "
                "max_iter to improve the fit.",
                shared(ConvergenceWarning),
            )
        if self.power_t < 0:
            warn_of_power()

    # -- prediction ------------------------------------------------------------------------------

    def _linear_scores(self, X: Any, intercept: NDArray | None = None) -> NDArray:
        """Linear scores, shape (n_samples, n_outputs)."""
        require_fitted(self, "coef_")
        rows = self._rows(X)
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        coef = np.atleast_2d(coef)
        if rows.dtype == np.float32 and coef.dtype != np.float32:
            rows = rows._replace(dtype=np.dtype(np.float64))
        intercept = self.intercept_ if intercept is None else intercept
        out = scores_of(rows, coef, intercept, None)
        if not np.isfinite(out).all():
            require_finite_rows(self, rows, getattr(self, "modalities_", None))
        return out

    def _rows(self, X: Any) -> Rows:
        # What is not finite shows in the scores, which saves a pass over the data.
        return see_again(self, X, scoring=True)

    # -- sparse coefficients ---------------------------------------------------------------------

    def densify(self) -> Self:
        """Bring ``coef_`` back to an array, after `sparsify`.

        Returns
        -------
        self
        """
        self._require_fitted_before("densifying")
        if hasattr(self.coef_, "toarray"):
            self.coef_ = self.coef_.toarray()
        return self

    def sparsify(self) -> Self:
        """Make ``coef_`` a sparse matrix of SciPy, which is smaller where most of it is zero.

        Returns
        -------
        self
        """
        self._require_fitted_before("sparsifying")
        sparse = import_module("scipy.sparse")
        kind = sparse.csr_array if _wants_sparse_arrays() else sparse.csr_matrix
        self.coef_ = kind(self.coef_)
        return self

    def _require_fitted_before(self, what: str) -> None:
        from .exceptions import NotFittedError

        if not self._is_fitted():
            raise shared(NotFittedError)(
                f"Estimator, {type(self).__name__}, must be fitted before {what}."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def warn_of_power() -> None:
    warn(
        "Negative values for `power_t` are deprecated in version 1.8 and will raise an error in "
        "1.10. Use values in the range [0.0, inf) instead.",
        FutureWarning,
    )


def _wants_sparse_arrays() -> bool:
    """What scikit-learn, where it is loaded, is configured to return."""
    import sys

    config = sys.modules.get("sklearn._config")
    chosen = {} if config is None else config.get_config()
    return bool(chosen.get("sparse_interface", "sparray") == "sparray")
