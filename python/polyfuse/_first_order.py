"""Descent along gradients, on all rows or on batches: steps, momentum, and when to stop.

What is heavy is a kernel call, :class:`Problem` or ``descend``; the loop around it asks for a step
length, looks at the loss, and lets Ctrl-C through between two calls that take a moment each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._descent import Callback, Note, Penalised, Problem, State, Trace, Vector, dot
from ._linear import losses, scores

SCHEDULES = ("auto", "constant", "invscaling", "adaptive", "cosine")

# A step is lowered this many times at most, by this factor: to less than a thousandth.
_LOWERED, _FACTOR = 5, 0.25
# Batches that all rows follow only have to come near: they stall at so many times the tolerance.
_NEAR = 10.0
# Numbers that one call of ``descend`` may read: a fraction of a second.
_PIECE = 1 << 25


@dataclass(frozen=True)
class Plan:
    """How to descend.

    `step` is the length of the first step, changed by `schedule` from epoch to epoch. `momentum`
    is the part of the last move that is made again; None is Nesterov's growing momentum with
    restarts. `tol` is None for all of `max_iter` epochs. `batch_size` is None for all rows; those
    that are `closing` take over, by :func:`closing`, where batches have stalled. A plan that
    `lowers` goes on with a shorter step there. Steps along the gradient of all rows are those for
    columns less a `centre`, if there is one.
    """

    step: float
    schedule: str
    power_t: float
    momentum: float | None
    nesterov: bool
    max_iter: int
    tol: float | None
    patience: int
    batch_size: int | None
    closing: bool = False
    lowers: bool = False
    centre: Vector | None = None


class Rate:
    """The length of a step in each epoch."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lowered = 0

    def __call__(self, epoch: int) -> float:
        plan = self.plan
        step = plan.step * _FACTOR**self.lowered
        if plan.schedule == "invscaling":
            return float(step / (1.0 + epoch) ** plan.power_t)
        if plan.schedule == "cosine":
            return float(0.5 * step * (1.0 + np.cos(np.pi * epoch / plan.max_iter)))
        return step

    def lower(self) -> bool:
        """Go on with a shorter step, if the plan has one; else return False."""
        self.lowered += 1
        return self.plan.lowers and self.lowered <= _LOWERED


class Stop:
    """Watches a loss: it has stalled when it has not come down by `tol` in `patience` epochs."""

    def __init__(self, tol: float, patience: int) -> None:
        self.tol, self.patience = tol, patience
        self.best, self.waited = np.inf, 0

    def __call__(self, loss: float) -> bool:
        if loss > self.best - self.tol:
            self.waited += 1
        else:
            self.best, self.waited = loss, 0
        if self.waited < self.patience:
            return False
        self.waited = 0
        return True


class Advance(Protocol):
    """One epoch: moves `theta` in place; returns its loss, and whether its gradient is small.

    What it hands on to the next one is its `state`, which can be set. One that comes in parts calls
    `between` them.
    """

    moved: Vector | None
    state: State
    between: Callable[[], object]

    def __call__(self, theta: Vector, rate: float) -> tuple[float, bool]: ...


def nothing() -> None:
    """What is done between the parts of a descent that nobody wants to go on with later."""


class AllRows:
    """One step along the gradient of the whole objective.

    With Nesterov's growing momentum, restarted by the gradient scheme of O'Donoghue and Candès
    (Adaptive Restart for Accelerated Gradient Schemes, 2015), which needs to know nothing of the
    curvature below. An offset of columns, which slows the intercept down, does not matter to steps
    for columns less their centre: a linear map of the gradient makes them of this model.
    """

    def __init__(self, problem: Penalised, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.tol = -1.0 if plan.tol is None else plan.tol * problem.unit
        self.moved: Vector | None = None
        self.sequence = 1.0
        self.between: Callable[[], object] = nothing

    @property
    def state(self) -> State:
        return {"moved": self.moved, "sequence": self.sequence}

    @state.setter
    def state(self, state: State) -> None:
        self.moved, self.sequence = state["moved"], state["sequence"]

    def __call__(self, theta: Vector, rate: float) -> tuple[float, bool]:
        plan, ahead = self.plan, theta
        if self.moved is not None and plan.momentum is None:
            following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * self.sequence**2))
            ahead = theta + ((self.sequence - 1.0) / following) * self.moved
            self.sequence = following
        elif self.moved is not None and plan.nesterov and plan.momentum:
            ahead = theta + plan.momentum * self.moved
        value, gradient = self.problem(ahead)
        if not np.isfinite(value):
            return value, False
        level = way = gradient
        if plan.centre is not None:
            level = gradient.copy()
            self.problem.centred(level, plan.centre)
            way = self.problem.moved(level, plan.centre)
        if np.abs(level).max() <= self.tol:
            theta[:] = ahead
            return value, True
        new = ahead - rate * way
        if self.moved is not None and plan.momentum and not plan.nesterov:
            new += plan.momentum * self.moved
        self.moved = new - theta
        if plan.momentum is None and dot(gradient, self.moved) > 0.0:
            self.sequence = 1.0
        theta[:] = new
        return value, False


class Batches:
    """Steps along the gradients of batches of rows, in an order that is new in each epoch.

    `moved` is the velocity of ``descend``.
    """

    def __init__(
        self, problem: Problem, plan: Plan, rng: np.random.Generator | None,
        rows: NDArray[np.int64],
    ) -> None:  # fmt: skip
        self.problem, self.rng, self.rows = problem, rng, rows
        self.batch_size = min(plan.batch_size or len(rows), len(rows))
        self.momentum, self.nesterov = plan.momentum or 0.0, plan.nesterov
        self.moved: Vector | None = None
        self.between: Callable[[], object] = nothing
        # Held-out rows have no weight: those left weigh one on average.
        weight, share = problem.sample_weight, len(rows) / problem.rows.n_rows
        self.weight = None if weight is None else weight * share

    @property
    def state(self) -> State:
        return {"moved": self.moved}

    @state.setter
    def state(self, state: State) -> None:
        self.moved = state["moved"]

    def __call__(self, theta: Vector, rate: float) -> tuple[float, bool]:
        problem, batch = self.problem, self.batch_size
        order = self.rows if self.rng is None else self.rng.permutation(self.rows)
        coef, intercept = problem.split(theta)
        if self.moved is None:
            shape = (problem.n_outputs, problem.rows.width + 1) if self.momentum else (0, 0)
            self.moved = np.zeros(shape)
        height, total = batch * max(1, _PIECE // (batch * problem.n_coef)), 0.0
        for start in range(0, len(order), height):
            part = order[start : start + height]
            total = _kernels.select().descend(
                problem.rows, part, batch, problem.targets, self.weight, problem.loss,
                np.full(-(-len(part) // batch), rate), float(problem.alpha), self.momentum,
                self.nesterov, coef, intercept, self.moved, problem.fit_intercept, total,
            )  # fmt: skip
        return total / len(order), False


class HeldOut:
    """The mean loss on rows that are not learned from."""

    def __init__(self, problem: Problem, index: NDArray[np.int64], weight: Vector) -> None:
        self.problem, self.index, self.weight = problem, index, weight

    def __call__(self, theta: Vector) -> float:
        problem = self.problem
        out = scores(problem.rows, *problem.split(theta), self.index)
        own = losses(out, problem.targets[self.index], problem.loss)
        return float(np.average(own, weights=self.weight))


class Walk:
    """A descent under way: the model, how long steps are, what they wait for, what came of them."""

    def __init__(
        self, theta: Vector, plan: Plan, advance: Advance, trace: Trace | None, tol: float
    ) -> None:
        self.theta, self.began, self.advance = theta, theta.copy(), advance
        self.trace = trace or Trace()
        self.rate, self.stop = Rate(plan), Stop(tol, plan.patience)

    @property
    def state(self) -> State:
        return {
            "theta": self.theta, "began": self.began, "trace": self.trace,
            "lowered": self.rate.lowered, "best": self.stop.best, "waited": self.stop.waited,
            "advance": self.advance.state,
        }  # fmt: skip

    @state.setter
    def state(self, state: State) -> None:
        self.theta, self.began, self.trace = state["theta"], state["began"], state["trace"]
        self.rate.lowered = state["lowered"]
        self.stop.best, self.stop.waited = state["best"], state["waited"]
        self.advance.state = state["advance"]


def minimise(
    problem: Penalised, theta: Vector, plan: Plan, advance: Advance, *,
    held_out: Callable[[Vector], float] | None = None, callback: Callback | None = None,
    trace: Trace | None = None, under_way: State | None = None, note: Note | None = None,
) -> tuple[Vector, Trace]:  # fmt: skip
    """Descend from theta until the plan says to stop, after the epochs in `trace`.

    With a loss on rows `held_out` that one is watched, and the model for which it was least is
    returned. Without, whoever wants to go on later is offered, after each epoch, how far it has
    come, `note`, and gives that as `under_way`.
    """
    tol = -np.inf if plan.tol is None else plan.tol * problem.unit**2
    walk = Walk(theta, plan, advance, trace, _NEAR * tol if plan.closing else tol)
    if note is not None:
        advance.between = lambda: note(lambda: walk.state)
    if under_way is not None:
        walk.state = under_way
    theta, trace, best, best_loss, flat = walk.theta, walk.trace, walk.theta, np.inf, False
    trace.converged = False
    by_loss = plan.batch_size is not None and plan.schedule != "cosine"
    watching = by_loss or held_out is not None or plan.schedule == "adaptive"
    for epoch in range(len(trace.losses), plan.max_iter):
        loss, flat = advance(theta, walk.rate(epoch))
        trace.note(loss, callback)
        trace.finite = bool(np.isfinite(loss))
        if held_out is not None and trace.finite:
            loss = held_out(theta)
            trace.held_out.append(loss)
            if loss < best_loss:
                best, best_loss = theta.copy(), loss
        stalled = watching and walk.stop(loss)
        trace.converged = flat or (stalled and not walk.rate.lower())
        if not trace.finite or trace.converged:
            break
        if stalled:  # a shorter step, from rest; the long one may have met a lucky epoch
            advance.moved, walk.stop.best = None, np.inf
        advance.between()
    trace.converged |= plan.tol is None or plan.schedule == "cosine"
    if held_out is not None:
        return best, trace
    if trace.converged and trace.finite and not flat and plan.tol is not None and not plan.closing:
        trace.risen = problem(theta)[0] > problem(walk.began)[0] + tol
        trace.converged = not trace.risen
    return theta, trace


def centred_bound(problem: Penalised) -> tuple[float, Vector | None]:
    """The smoothness for columns less their centre, where there is one, and that."""
    centre = problem.centre()
    return problem.smoothness(centre=centre), centre


def closing(plan: Plan, bound: float, centre: Vector | None) -> Plan:
    """How to go on where batches have stalled: along the gradient of all rows until it is small.

    Steps as long as batches want them never come to rest, and short ones take long: from there,
    accelerated steps along exact gradients are the shorter way.
    """
    return replace(
        plan, step=1.0 / bound if bound > 0.0 else 1.0, schedule="constant", momentum=None,
        batch_size=None, closing=False, lowers=False, centre=centre,
    )  # fmt: skip
