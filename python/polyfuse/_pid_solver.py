"""The least that two variables can tell about a third, given what each of them tells alone.

Of all q(x1, x2, y) with the margins q(x1, y) = p(x1, y) and q(x2, y) = p(x2, y), the one of least
I_q(X1, X2; Y) minimises F(q) = Σ q log q(y | x1, x2), which is convex. F is homogeneous, so that
its dual is

    maximise  Σ p(x1, y) λ(x1, y) + Σ p(x2, y) μ(x2, y)
    such that  Z(x1, x2) = Σ_y exp(λ(x1, y) + μ(x2, y)) <= 1  for all x1, x2.

It has (k1 + k2) C variables in place of k1 k2 C, and is solved by Newton's method with a barrier,
t Σ log(1 - Z), whose t is made small. At the maximum for one t, q = t exp(λ + μ) / (1 - Z) has the
margins, and is off the least by t Σ -Z log Z / (1 - Z) < t k1 k2: that is how t is chosen.

References: A. Makkeh, D. O. Theis and R. Vicente, "BROJA-2PID: A Robust Estimator for Bivariate
Partial Information Decomposition", Entropy 20(4), 2018 (the dual); S. Boyd and L. Vandenberghe,
*Convex Optimization*, 2004, chapter 11 (the barrier).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LARGEST = 2048
"""Of (k1 + k2) C: the equations of a step, which are dense."""

_SMALLER, _STEPS = 0.05, 60


def least_information(p: Array, tolerance: float = 1e-9) -> float:
    """min I_q(X1, X2; Y) in nats, of a table of shape (k1, k2, C), to the tolerance.

    Every x1, x2 and y must have some probability.
    """
    dual = _Dual(p)
    t = 1.0 / dual.n_bounds
    left, right = dual.start()
    while True:
        for _ in range(_STEPS):
            d_left, d_right, gain = dual.step(left, right, t)
            size = dual.length(left, right, d_left, d_right, t, gain)
            left, right = left + size * d_left, right + size * d_right
            if gain < 1e-3 * t * dual.n_bounds or size == 0.0:
                break
        if t * dual.n_bounds < tolerance:
            break
        t *= _SMALLER
    of_y = p.sum(axis=(0, 1))
    return float(dual.bound(left, right) - of_y @ np.log(of_y))


class _Dual:
    """The dual problem of a table. λ and μ are 0, and mean -∞, where p(x, y) is 0."""

    def __init__(self, p: Array) -> None:
        self.left, self.right = p.sum(axis=1), p.sum(axis=0)
        self.allowed = (self.left[:, None] > 0.0) & (self.right[None] > 0.0)
        self.bounds = self.allowed.any(axis=2)
        self.n_bounds = int(self.bounds.sum())
        # λ + c(y) and μ - c(y) are the same: one μ of each y stays as it is.
        self.fixed = self.right.argmax(axis=0), np.arange(p.shape[2])
        moves = self.right > 0.0
        moves[self.fixed] = False
        self.free = np.flatnonzero(np.concatenate([(self.left > 0.0).ravel(), moves.ravel()]))

    def start(self) -> tuple[Array, Array]:
        """λ and μ of independence given y, and lower, so that all Z are at most a half."""
        left = np.log(np.where(self.left > 0.0, self.left, 1.0))
        right = np.log(np.where(self.right > 0.0, self.right, 1.0))
        highest = right[self.fixed]
        right -= highest
        # Zeros stay zeros, of which `allowed` tells.
        z = self._terms(left, right).sum(axis=2)
        return left - math.log(2.0 * z.max()), right

    def _terms(self, left: Array, right: Array) -> Array:
        with np.errstate(over="ignore"):
            terms: Array = np.exp(left[:, None] + right[None])
        return np.where(self.allowed, terms, 0.0)

    def bound(self, left: Array, right: Array) -> float:
        """What is maximised, no more than F of any q that has the margins."""
        return float(np.vdot(self.left, left) + np.vdot(self.right, right))

    def value(self, left: Array, right: Array, t: float) -> float:
        """The bound and the barrier; -∞ beyond it."""
        z = self._terms(left, right).sum(axis=2)[self.bounds]
        if not z.max() < 1.0:
            return -math.inf
        return self.bound(left, right) + t * float(np.log1p(-z).sum())

    def step(self, left: Array, right: Array, t: float) -> tuple[Array, Array, float]:
        """Newton's step of λ and μ, and twice what it would gain if the value were quadratic."""
        (k1, c), k2 = left.shape, len(right)
        terms = self._terms(left, right)
        q = terms * (t / (1.0 - terms.sum(axis=2)))[..., None]
        margins = q.sum(axis=1), q.sum(axis=0)
        lack = np.concatenate([(self.left - margins[0]).ravel(), (self.right - margins[1]).ravel()])
        n, y = k1 * c, np.arange(c)
        curvature = np.zeros((len(lack), len(lack)))
        each = q / math.sqrt(t)
        i, j = np.arange(k1), np.arange(k2)
        curvature[:n, :n].reshape(k1, c, k1, c)[i, :, i] = each.transpose(0, 2, 1) @ each
        curvature[n:, n:].reshape(k2, c, k2, c)[j, :, j] = (
            each.transpose(1, 2, 0) @ each.transpose(1, 0, 2)
        )  # fmt: skip
        mixed = each[:, :, :, None] * each[:, :, None, :]
        mixed[:, :, y, y] += q
        curvature[:n, n:] = mixed.transpose(0, 2, 1, 3).reshape(n, -1)
        curvature[n:, :n] = curvature[:n, n:].T
        diagonal = np.arange(len(lack))
        curvature[diagonal, diagonal] += np.concatenate([m.ravel() for m in margins])
        matrix = curvature[np.ix_(self.free, self.free)]
        # What rounding takes from a variable that hardly matters, a trace gives back.
        own = np.arange(len(matrix))
        matrix[own, own] *= 1.0 + 1e-13
        move = np.zeros(len(lack))
        move[self.free] = np.linalg.solve(matrix, lack[self.free])
        return move[:n].reshape(k1, c), move[n:].reshape(k2, c), float(move @ lack)

    def length(
        self, left: Array, right: Array, d_left: Array, d_right: Array, t: float, gain: float
    ) -> float:
        """How much of a step to make, by halving; 0 where rounding leaves nothing to gain."""
        size, before = 1.0, self.value(left, right, t)
        while size > 1e-9:
            after = self.value(left + size * d_left, right + size * d_right, t)
            if after >= before + 1e-4 * size * gain:
                return size
            size /= 2.0
        return 0.0
