"""Minimise a smooth convex loss of linear scores over fused rows, by gradients.

The heavy part, a loss and its gradient over all rows, is one kernel call; what is here works on
vectors of the size of the model. Inner products go through the ``dot`` kernel, so that a fit has
the same bits on any number of threads and any instruction set level.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._kernels.contract import Block, Csr, Rows

Vector = NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]
Callback = Callable[[int, float], object]
State = dict[str, Any]
"""Numbers and arrays that say how far something has come."""
Note = Callable[[Callable[[], State]], object]
"""Takes note of a state, which it is offered, or does not."""

# The greatest curvature of each loss in its scores (softmax: Böhning, 1992).
CURVATURE = {"squared_error": 1.0, "log_loss": 0.25, "multinomial": 0.5}


class Penalised(ABC):
    """A mean loss of linear scores + alpha / 2 · |coef|², whoever adds up over the rows.

    `alpha` is one number, or one per column. `unit` is that of the targets, which tolerances are
    relative to.
    """

    loss: str
    n_outputs: int
    alpha: float | Vector
    fit_intercept: bool
    unit: float

    @property
    @abstractmethod
    def n_rows(self) -> int: ...

    @property
    @abstractmethod
    def width(self) -> int:
        """Columns of the fused rows."""

    @abstractmethod
    def sums(self, coef: Vector, intercept: Vector, gradient: Vector) -> float:
        """The weighted sum of the losses over all rows; overwrites a gradient with its own."""

    @abstractmethod
    def hessian(self) -> Penalised:
        """Whose gradient at a vector is the mean of x xᵀ times it."""

    @abstractmethod
    def longest_row(self) -> float:
        """The largest weighted squared norm of a fused row, and the 1 behind it."""

    @property
    def n_coef(self) -> int:
        return self.n_outputs * self.width

    def split(self, theta: Vector) -> tuple[Vector, Vector]:
        """Coefficients and intercept of a model held in one vector, as views."""
        coef = theta[: self.n_coef].reshape(self.n_outputs, self.width)
        return coef, theta[self.n_coef :]

    def centred(self, gradient: Vector, centre: Vector) -> None:
        """Make a gradient that for columns less their centre, in place."""
        coef, intercept = self.split(gradient)
        coef -= np.multiply.outer(intercept, centre)

    def moved(self, theta: Vector, centre: Vector) -> Vector:
        """The model that for columns less their centre is theta."""
        result = theta.copy()
        coef, intercept = self.split(result)
        intercept -= [dot(own, centre) for own in coef]
        return result

    def start(self) -> Vector:
        return np.zeros(self.n_coef + self.n_outputs)

    def __call__(self, theta: Vector) -> tuple[float, Vector]:
        """Objective and gradient at theta."""
        gradient = np.empty_like(theta)
        return self.of_sums(theta, self.sums(*self.split(theta), gradient), gradient)

    def of_sums(self, theta: Vector, loss: float, gradient: Vector) -> tuple[float, Vector]:
        """Objective and gradient, which is overwritten, of the sums over all rows."""
        coef, _ = self.split(theta)
        grad_coef, grad_intercept = self.split(gradient)
        gradient /= self.n_rows
        grad_coef += self.alpha * coef
        if not self.fit_intercept:
            grad_intercept[:] = 0.0
        flat = theta[: self.n_coef]
        penalty = 0.5 * dot(flat, np.ascontiguousarray(self.alpha * coef).ravel())
        return loss / self.n_rows + penalty, gradient

    def centre(self) -> Vector | None:
        """The weighted mean of the columns; None where no intercept makes up for it."""
        if not self.fit_intercept:
            return None
        only_intercept = np.zeros(self.width + 1)
        only_intercept[-1] = 1.0
        mean: Vector = self.hessian()(only_intercept)[1][:-1]
        return mean

    def smoothness(self, n_iter: int = 12, centre: Vector | None = None) -> float:
        """A bound on the curvature of the objective (its Lipschitz constant), by power iteration.

        It is at most the curvature of the loss in its scores times the largest eigenvalue of the
        mean of x xᵀ. The estimate is from below, hence the margin of 10 %. With a `centre` it is
        the curvature for columns less that.
        """
        hessian = self.hessian()
        # Ones would be orthogonal to all there is, where columns add up to a constant.
        v = np.random.default_rng(0).uniform(0.5, 1.5, self.width + 1)
        if not self.fit_intercept:
            v[-1] = 0.0
        value = 0.0
        for _ in range(n_iter):
            v /= np.sqrt(dot(v, v)) or 1.0
            _, v = hessian(v if centre is None else hessian.moved(v, centre))
            if centre is not None:
                hessian.centred(v, centre)
            value = max(value, float(np.sqrt(dot(v, v))))
        return 1.1 * CURVATURE[self.loss] * value + float(np.max(self.alpha))

    def batch_smoothness(self, batch_size: int, n_rows: int | None = None) -> float:
        """The smoothness that steps on batches of `n_rows` rows with weights meet on average.

        Between that of all rows and that of the longest one: the expected smoothness of Gower
        et al., SGD: General Analysis and Improved Rates (ICML 2019), section 3.2.
        """
        n, b = n_rows or self.n_rows, batch_size
        if b >= n:
            return self.smoothness()
        square = self.longest_row()
        longest = CURVATURE[self.loss] * square * n / self.n_rows + float(np.max(self.alpha))
        if b == 1:
            return longest
        whole = self.smoothness()
        return (n * (b - 1) * whole + (n - b) * longest) / (b * (n - 1))


@dataclass(frozen=True)
class Problem(Penalised):
    """Rows in memory, their targets, and what is to be minimised.

    `sample_weight` has mean one (see :func:`mean_one`), so that the mean is over rows.
    """

    rows: Rows
    targets: Vector
    loss: str
    n_outputs: int
    alpha: float | Vector
    sample_weight: Vector | None = None
    fit_intercept: bool = True
    unit: float = 1.0

    @property
    def n_rows(self) -> int:
        return self.rows.n_rows

    @property
    def width(self) -> int:
        return self.rows.width

    def sums(self, coef: Vector, intercept: Vector, gradient: Vector) -> float:
        return _kernels.select().loss_gradient(
            self.rows, self.targets, self.sample_weight, coef, intercept, self.loss,
            *self.split(gradient),
        )  # fmt: skip

    def hessian(self) -> Problem:
        zero = np.zeros((self.rows.n_rows, 1))
        return Problem(
            self.rows, zero, "squared_error", 1, 0.0, self.sample_weight, self.fit_intercept
        )

    def longest_row(self) -> float:
        return longest_row(self.rows, self.sample_weight, self.fit_intercept)


def longest_row(rows: Rows, weight: Vector | None = None, fit_intercept: bool = True) -> float:
    """The largest weighted squared norm of a fused row, and the 1 behind it, a few at a time."""
    height = max(1, 65536 // rows.width)
    longest = 0.0
    for start in range(0, rows.n_rows, height):
        part = rows._replace(blocks=tuple(_cut(b, start, start + height) for b in rows.blocks))
        staged = np.empty((part.n_rows, part.width), rows.dtype)
        _kernels.select().fuse(part, staged)
        squares = np.einsum("ij,ij->i", staged, staged).astype(np.float64) + fit_intercept
        if weight is not None:
            squares *= weight[start : start + height]
        longest = max(longest, float(squares.max()))
    return longest


def _cut(block: Block, start: int, stop: int) -> Block:
    if isinstance(block.values, Csr):
        raise TypeError("Gradients are taken over dense blocks.")
    return block._replace(values=block.values[start:stop])


def mean_one(sample_weight: Vector | None) -> Vector | None:
    """Weights scaled to a mean of one."""
    return None if sample_weight is None else sample_weight / sample_weight.mean()


@dataclass
class Trace:
    """How a minimisation went: `losses` holds one objective per iteration or epoch.

    It is not `finite` where the data are not, or where it ran away; `converged` tells whether it
    ended before it had to, and not with an objective that has `risen`. `held_out` holds the losses
    on rows that were not learned from.
    """

    losses: list[float] = field(default_factory=list)
    finite: bool = True
    converged: bool = True
    held_out: list[float] = field(default_factory=list)
    risen: bool = False

    def note(self, loss: float, callback: Callback | None) -> None:
        self.losses.append(loss)
        if callback is not None:
            callback(len(self.losses), loss)


def dot(a: Vector, b: Vector) -> float:
    return _kernels.select().dot(a, b)


@dataclass
class Search:
    """Where L-BFGS is: a model, its objective and gradient, and what it knows of the curvature.

    `pairs` holds steps, how the gradient changed, and 1 over their product.
    """

    theta: Vector
    value: float
    gradient: Vector
    pairs: list[tuple[Vector, Vector, float]] = field(default_factory=list)
    trace: Trace = field(default_factory=Trace)


def lbfgs(
    objective: Objective, theta: Vector, *, max_iter: int, tol: float,
    callback: Callback | None = None, memory: int = 10, under_way: State | None = None,
    note: Note | None = None,
) -> tuple[Vector, Trace]:  # fmt: skip
    """Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.5).

    Stops when no element of the gradient exceeds `tol`, or when no step lowers the objective.
    Whoever wants to go on later is offered, after each iteration, how far it has come, `note`,
    and gives that as `under_way`.
    """
    at = Search(theta, *objective(theta)) if under_way is None else Search(**under_way)
    for _ in range(len(at.trace.losses), max_iter):
        if not np.isfinite(at.value) or np.abs(at.gradient).max() <= tol:
            break
        direction = _two_loop(at.gradient, at.pairs)
        first = min(1.0, 1.0 / float(np.abs(at.gradient).sum())) if not at.pairs else 1.0
        found = _search(objective, at.theta, at.value, at.gradient, direction, first)
        if found is None:
            break
        step, at.value, gradient = found
        change = gradient - at.gradient
        curvature = dot(step, change)
        if curvature > 1e-10 * dot(change, change):
            at.pairs = [*at.pairs[1 - memory :], (step, change, 1.0 / curvature)]
        at.theta, at.gradient = at.theta + step, gradient
        at.trace.note(at.value, callback)
        if note is not None:
            note(lambda: dict(vars(at)))
    at.trace.finite = bool(np.isfinite(at.value))
    return at.theta, at.trace


def _two_loop(gradient: Vector, pairs: list[tuple[Vector, Vector, float]]) -> Vector:
    """Minus the approximate inverse Hessian times the gradient."""
    q = -gradient
    used = []
    for step, change, rho in reversed(pairs):
        used.append(rho * dot(step, q))
        q -= used[-1] * change
    if pairs:
        step, change, rho = pairs[-1]
        q *= 1.0 / (rho * dot(change, change))
    for (step, change, rho), a in zip(pairs, reversed(used), strict=True):
        q += (a - rho * dot(change, q)) * step
    return q


def _search(
    objective: Objective, theta: Vector, value: float, gradient: Vector, direction: Vector,
    rate: float,
) -> tuple[Vector, float, Vector] | None:  # fmt: skip
    """A step that meets the weak Wolfe conditions, by bisection (Lewis and Overton, 2013)."""
    slope = dot(gradient, direction)
    if slope >= 0.0:
        return None
    low, high = 0.0, np.inf
    best = None
    for _ in range(30):
        step = rate * direction
        new_value, new_gradient = objective(theta + step)
        if not new_value <= value + 1e-4 * rate * slope:  # NaN counts as too far
            high = rate
        else:
            best = (step, new_value, new_gradient)
            if dot(new_gradient, direction) >= 0.9 * slope:
                return best
            low = rate
        rate = 2.0 * rate if np.isinf(high) else 0.5 * (low + high)
    return best
