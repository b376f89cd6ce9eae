"""Minimise a smooth convex loss of linear scores over fused rows, by gradients.

The heavy part, a loss and its gradient over all rows, is one kernel call; what is here works on
vectors of the size of the model. Inner products go through the ``dot`` kernel, so that a fit has
the same bits on any number of threads and any instruction set level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._kernels.contract import Block, Csr, Rows

Vector = NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]
Callback = Callable[[int, float], object]

# The greatest curvature of each loss in its scores (softmax: Böhning, 1992).
CURVATURE = {"squared_error": 1.0, "log_loss": 0.25, "multinomial": 0.5}


@dataclass(frozen=True)
class Problem:
    """Rows, their targets, and what is to be minimised: mean loss + alpha / 2 · |coef|².

    `alpha` is one number, or one per column. `sample_weight` has mean one (see :func:`mean_one`),
    so that the mean is over rows. `unit` is that of the targets, which tolerances are relative to.
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
    def n_coef(self) -> int:
        return self.n_outputs * self.rows.width

    def split(self, theta: Vector) -> tuple[Vector, Vector]:
        """Coefficients and intercept of a model held in one vector, as views."""
        coef = theta[: self.n_coef].reshape(self.n_outputs, self.rows.width)
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
        coef, intercept = self.split(theta)
        gradient = np.empty_like(theta)
        grad_coef, grad_intercept = self.split(gradient)
        loss = _kernels.select().loss_gradient(
            self.rows, self.targets, self.sample_weight, coef, intercept, self.loss,
            grad_coef, grad_intercept,
        )  # fmt: skip
        gradient /= self.rows.n_rows
        grad_coef += self.alpha * coef
        if not self.fit_intercept:
            grad_intercept[:] = 0.0
        flat = theta[: self.n_coef]
        penalty = 0.5 * dot(flat, np.ascontiguousarray(self.alpha * coef).ravel())
        return loss / self.rows.n_rows + penalty, gradient

    def hessian(self) -> Problem:
        """Whose gradient at a vector is the mean of x xᵀ times it."""
        zero = np.zeros((self.rows.n_rows, 1))
        return Problem(
            self.rows, zero, "squared_error", 1, 0.0, self.sample_weight, self.fit_intercept
        )

    def centre(self) -> Vector | None:
        """The weighted mean of the columns; None where no intercept makes up for it."""
        if not self.fit_intercept:
            return None
        only_intercept = np.zeros(self.rows.width + 1)
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
        v = np.random.default_rng(0).uniform(0.5, 1.5, self.rows.width + 1)
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
        n, b = n_rows or self.rows.n_rows, batch_size
        if b >= n:
            return self.smoothness()
        square = longest_row(self.rows, self.sample_weight, self.fit_intercept)
        longest = CURVATURE[self.loss] * square * n / self.rows.n_rows + float(np.max(self.alpha))
        if b == 1:
            return longest
        whole = self.smoothness()
        return (n * (b - 1) * whole + (n - b) * longest) / (b * (n - 1))


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


def lbfgs(
    objective: Objective, theta: Vector, *, max_iter: int, tol: float,
    callback: Callback | None = None, memory: int = 10,
) -> tuple[Vector, Trace]:  # fmt: skip
    """Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.5).

    Stops when no element of the gradient exceeds `tol`, or when no step lowers the objective.
    """
    value, gradient = objective(theta)
    trace = Trace()
    pairs: list[tuple[Vector, Vector, float]] = []  # step, change of gradient, 1 / their product
    for _ in range(max_iter):
        if not np.isfinite(value) or np.abs(gradient).max() <= tol:
            break
        direction = _two_loop(gradient, pairs)
        first = min(1.0, 1.0 / float(np.abs(gradient).sum())) if not pairs else 1.0
        found = _search(objective, theta, value, gradient, direction, first)
        if found is None:
            break
        step, value, new_gradient = found
        change = new_gradient - gradient
        curvature = dot(step, change)
        if curvature > 1e-10 * dot(change, change):
            pairs = [*pairs[1 - memory :], (step, change, 1.0 / curvature)]
        theta, gradient = theta + step, new_gradient
        trace.note(value, callback)
    trace.finite = bool(np.isfinite(value))
    return theta, trace


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
