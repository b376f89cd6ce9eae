"""What GDClassifier and GDRegressor share: parameters, and the descent itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _constraints as c
from ._arrays import require_callable, require_fitted
from ._descent import Callback, Note, Penalised, Problem, State, Trace, mean_one
from ._estimator import Estimator
from ._first_order import (
    SCHEDULES,
    Advance,
    AllRows,
    Batches,
    HeldOut,
    Plan,
    Rate,
    centred_bound,
    closing,
    minimise,
)
from ._gradient_data import Task, row_weights, scaled, split_rows, unit_of
from ._kept import Kept
from ._linear import scores
from ._random import MAX_INT, as_random_state
from ._sgd_inputs import Seen, remember, require_finite_rows, see, see_again, unfitted_entries
from .exceptions import ConvergenceWarning, shared

# Of Nesterov's method on batches. With the adaptive schedule, on digits, breast_cancer, wine and
# diabetes, in batches of 32 and 256, it ended 1.3 to 8 times closer to the optimum than 0, the
# first three in 0.4 of the epochs; 0.98 stalls far from it where an epoch has few batches. With
# noisy labels it makes no difference.
_MOMENTUM = 0.9


_AUTO = c.among("auto")
_PARAMETERS: c.Constraints = {
    "alpha": (c.NOT_NEGATIVE,),
    "batch_size": (c.COUNT, c.NONE),
    "learning_rate": (c.among(*SCHEDULES),),
    "eta0": (c.POSITIVE, _AUTO),
    "power_t": (c.NOT_NEGATIVE,),
    "momentum": (c.interval(Real, 0, 1, "[)"), _AUTO),
    "nesterov": (c.FLAG,),
    "max_iter": (c.COUNT,),
    "tol": (c.NOT_NEGATIVE, c.NONE),
    "n_iter_no_change": (c.COUNT,),
    "early_stopping": (c.FLAG,),
    "validation_fraction": (c.FRACTION,),
    "fit_intercept": (c.FLAG,),
    "shuffle": (c.FLAG,),
    "random_state": (c.GENERATOR, c.RANDOM_STATE),
    "warm_start": (c.FLAG,),
    "verbose": (c.VERBOSE,),
}


class Progress(NamedTuple):
    """What calls of partial_fit hand on: whether they began with one, the last move, and the bound
    of the curvature with the longest row it was made for."""

    begun: bool
    moved: NDArray | None = None
    bound: float = 0.0
    longest: float = 0.0


class GradientDescent(Estimator):
    """The parameters, and how they become a descent; what to minimise is left to subclasses."""

    coef_: NDArray
    intercept_: NDArray
    n_features_in_: int
    feature_names_in_: NDArray
    modalities_: list[str]
    scalers_: dict[str, Any]
    n_iter_: int
    loss_curve_: list[float]
    validation_loss_curve_: list[float]
    _widths: list[int]
    _features: dict[str, NDArray | None]
    _scalers: list[Any]
    _for_sparse: ClassVar[str]

    _constraints: ClassVar[c.Constraints] = _PARAMETERS

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
    ) -> None:
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.momentum = momentum
        self.nesterov = nesterov
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.fit_intercept = fit_intercept
        self.shuffle = shuffle
        self.random_state = random_state
        self.scaler = scaler
        self.warm_start = warm_start
        self.verbose = verbose

    def _check_parameters(self) -> None:
        c.require(type(self).__name__, self.get_params(), self._constraints)

    # -- fit -------------------------------------------------------------------------------------

    def _see(self, X: Any) -> Seen:
        """X, checked; scalers that are named or unfitted are not fitted yet."""
        warm = self.warm_start and hasattr(self, "coef_")
        return see(self, X, self.scaler, warm=warm, fit=False)

    def _learn(
        self, seen: Seen, task: Task, sample_weight: ArrayLike | None, callback: Callback | None
    ) -> tuple[Seen, NDArray, Trace]:
        """The scalers, the model and how it was found; nothing is set."""
        require_callable(callback, "callback")
        split = split_rows(
            seen.rows.n_rows, task.codes, self.validation_fraction if self.early_stopping else 0.0,
            self.random_state,
        )  # fmt: skip
        learning = unfitted_entries(seen.modalities, self.scaler)
        if any(learning):
            seen = scaled(seen, learning, None if split.held_out is None else split.learned)
        rows, weight = seen.rows, row_weights(sample_weight, task, seen.rows.n_rows)
        if split.held_out is not None:
            weight = np.ones(rows.n_rows) if weight is None else weight.copy()
            kept = weight[split.held_out]
            if not kept.any():
                raise ValueError("sample_weight must not be zero in all rows held out.")
            weight[split.held_out] = 0.0
        problem = Problem(
            rows, task.targets, task.loss, task.n_outputs, float(self.alpha), mean_one(weight),
            self.fit_intercept, unit_of(task, weight),
        )  # fmt: skip
        watch = None
        if split.held_out is not None:
            watch = HeldOut(problem, split.held_out, kept)

        def batches(plan: Plan) -> Advance:
            return Batches(problem, plan, self._generator(), split.learned)

        theta, trace = self._descend(problem, len(split.learned), batches, callback, watch)
        return seen, theta, trace

    def _descend(
        self, problem: Penalised, n: int, batches: Callable[[Plan], Advance],
        callback: Callback | None, watch: HeldOut | None = None, kept: Kept | None = None,
    ) -> tuple[NDArray, Trace]:  # fmt: skip
        """The model, learned from `n` rows, and how it was found.

        Of three steps at most: how long steps may be, the descent, and what closes it.
        """
        kept, report = kept or Kept(), self._reporter(callback)
        known = kept.step("bound", lambda *_: self._bound(problem, n, self.batch_size))
        plan = self._plan(self.batch_size, *known)

        def descend(under_way: State | None, note: Note | None) -> tuple[NDArray, Trace]:
            whole = plan.batch_size is None
            return minimise(
                problem, self._start(problem), plan,
                AllRows(problem, plan) if whole else batches(plan),
                held_out=watch, callback=report, under_way=under_way, note=note,
            )  # fmt: skip

        theta, trace = kept.step("descent", descend)
        if plan.closing and trace.converged:
            last = closing(plan, *kept.step("last bound", lambda *_: centred_bound(problem)))

            def close(under_way: State | None, note: Note | None) -> tuple[NDArray, Trace]:
                return minimise(
                    problem, theta, last, AllRows(problem, last), callback=report, trace=trace,
                    under_way=under_way, note=note,
                )  # fmt: skip

            theta, trace = kept.step("close", close)
        self._require_sound(theta, trace.finite)
        return theta, trace

    def _momentum(self, batch: int | None) -> float | None:
        if not _is("auto", self.momentum):
            return float(self.momentum)
        return None if batch is None else _MOMENTUM * (batch > 1)

    def _bound(self, problem: Penalised, n: int, batch: int | None) -> tuple[float, NDArray | None]:
        """What "auto" steps go by: a bound of the curvature, for columns less a centre, or None."""
        if not _is("auto", self.eta0):
            return 0.0, None
        if batch is None and self._momentum(batch) is None:
            return centred_bound(problem)
        return problem.batch_smoothness(min(batch or n, n), n), None

    def _plan(self, batch: int | None, bound: float, centre: NDArray | None = None) -> Plan:
        if not _is("auto", self.eta0):
            step = float(self.eta0)
        else:
            self._require_sound(np.asarray(bound), True)
            step = (1.0 if batch is None else 0.5) / bound if bound > 0.0 else 1.0
        schedule, closing = self.learning_rate, False
        if schedule == "auto":
            closing = batch is not None and self.tol is not None and not self.early_stopping
            schedule = "constant" if batch is None or closing else "adaptive"
        # Nobody knows the noise of batches beforehand: an automatic step may have to get shorter.
        noisy = batch is not None and schedule != "cosine" and _is("auto", self.eta0)
        return Plan(
            step, schedule, self.power_t, self._momentum(batch), self.nesterov, self.max_iter,
            self.tol, self.n_iter_no_change, batch, closing,
            lowers=schedule == "adaptive" or (noisy and not closing), centre=centre,
        )  # fmt: skip

    def _start(self, problem: Penalised) -> NDArray:
        theta = problem.start()
        if not self.warm_start or not hasattr(self, "coef_"):
            return theta
        coef, intercept = problem.split(theta)
        fitted, name = np.atleast_2d(self.coef_), type(self).__name__
        if fitted.shape != coef.shape:
            raise ValueError(
                f"warm_start=True needs the classes and features of the last fit, coefficients "
                f"{fitted.shape}; those of {name} would now be {coef.shape}."
            )
        coef[:], intercept[:] = fitted, self.intercept_
        return theta

    def _generator(self) -> np.random.Generator | None:
        if not self.shuffle:
            return None
        seed = self.random_state
        if isinstance(seed, np.random.Generator | int | np.integer):
            return np.random.default_rng(seed)
        return np.random.default_rng(as_random_state(seed).randint(MAX_INT))

    def _reporter(self, callback: Callback | None) -> Callback | None:
        every = int(self.verbose)
        if not every:
            return callback

        def report(iteration: int, loss: float) -> None:
            if iteration % every == 0:
                print(f"{type(self).__name__}: iteration {iteration}, loss {loss:.6g}")
            if callback is not None:
                callback(iteration, loss)

        return report

    def _require_sound(self, theta: NDArray, finite: bool) -> None:
        if not (finite and np.isfinite(theta).all()):
            raise ValueError(
                "Floating-point overflow during the descent: scale the features with "
                f"scaler='standard' or lower eta0; got eta0={self.eta0!r}."
            )

    # -- partial_fit -----------------------------------------------------------------------------

    def _learn_more(
        self, X: Any, task_of: Callable[[int], Task], sample_weight: ArrayLike | None
    ) -> None:
        """One pass over more rows, in batches; sets all there is to set, but classes."""
        if self.early_stopping:
            raise ValueError("early_stopping must be False for partial_fit; got True.")
        fresh = not hasattr(self, "coef_")
        progress: Progress = getattr(self, "_progress", Progress(fresh))
        seen = self._see(X) if fresh else self._see_more(X)
        n = seen.rows.n_rows
        task = task_of(n)
        weight = row_weights(sample_weight, task, n)
        learning = unfitted_entries(seen.modalities, self.scaler)
        if any(learning) and progress.begun:
            seen = scaled(seen, learning, np.arange(n))
        problem = Problem(
            seen.rows, task.targets, task.loss, task.n_outputs, float(self.alpha), weight,
            self.fit_intercept,
        )  # fmt: skip
        theta = problem.start()
        if not fresh:
            coef, intercept = problem.split(theta)
            coef[:], intercept[:] = self.coef_, self.intercept_
        batch = min(self.batch_size or n, n)
        progress = self._bounded(progress, problem, batch)
        plan = self._plan(batch, progress.bound)
        advance = Batches(problem, plan, self._generator(), np.arange(n))
        advance.moved = None if progress.moved is None else progress.moved.copy()
        passes = 0 if fresh else len(self.loss_curve_)
        loss, _ = advance(theta, Rate(plan)(min(passes, self.max_iter)))
        self._require_sound(theta, bool(np.isfinite(loss)))
        trace = Trace([*(() if fresh else self.loss_curve_), loss])
        self._set(seen, theta, trace, task.n_outputs)
        self.n_iter_ = 1
        self._progress = progress._replace(moved=advance.moved)

    def _see_more(self, X: Any) -> Seen:
        rows = see_again(self, X, self.coef_.dtype)
        names = getattr(self, "feature_names_in_", None)
        modalities = getattr(self, "modalities_", None)
        return Seen(rows, names, self._features, modalities, self._widths, self._scalers)

    def _bounded(self, progress: Progress, problem: Problem, batch: int) -> Progress:
        """A bound of the curvature for these rows too: the first one, as rows get longer."""
        if not _is("auto", self.eta0):
            return progress
        longest = problem.longest_row()
        if progress.bound == 0.0:
            bound = problem.batch_smoothness(batch)
            return progress._replace(bound=bound, longest=longest)
        if longest <= progress.longest:
            return progress
        return progress._replace(
            bound=progress.bound * longest / progress.longest, longest=longest
        )  # fmt: skip

    # -- what both end with ----------------------------------------------------------------------

    def _set(self, seen: Seen, theta: NDArray, trace: Trace, n_outputs: int) -> None:
        """Everything there is to set, after all that can fail."""
        width, dtype = sum(seen.widths), seen.rows.dtype
        coef = theta[: n_outputs * width].reshape(n_outputs, width)
        self._set_model(coef.astype(dtype), theta[n_outputs * width :].astype(dtype))
        remember(self, seen)
        self.n_iter_, self.loss_curve_ = len(trace.losses), trace.losses
        self.__dict__.pop("validation_loss_curve_", None)
        if trace.held_out:
            self.validation_loss_curve_ = trace.held_out
        self.__dict__.pop("_progress", None)

    def _set_model(self, coef: NDArray, intercept: NDArray) -> None:
        self.coef_, self.intercept_ = coef, intercept

    def _warn(self, trace: Trace) -> None:
        if trace.converged:
            return
        if trace.risen:
            how = (
                "has ended with a higher objective than it began with: its steps are too long, "
                f"eta0={self.eta0!r}. Lower eta0 or momentum, or raise batch_size."
            )
        else:
            how = (
                f"has not converged in max_iter={self.max_iter} passes over the data. Scale the "
                "features, as scaler='standard' does, or raise max_iter or tol."
            )
        category = shared(ConvergenceWarning)
        warnings.warn(f"{type(self).__name__} {how}", category, stacklevel=3)

    def _scores(self, X: Any) -> NDArray:
        require_fitted(self, "coef_")
        rows = see_again(self, X, scoring=True)
        out = scores(rows, np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_))
        if not np.isfinite(out).all():
            require_finite_rows(self, rows, getattr(self, "modalities_", None))
        return out


def _is(word: str, value: Any) -> bool:
    return isinstance(value, str) and value == word
