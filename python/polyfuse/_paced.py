"""Descent with steps of their own for modalities, shortened for those that are ahead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._descent import CURVATURE, Callback, Problem, Trace, Vector
from ._joint import Joint, rows_of
from ._kernels.contract import Csr
from ._linear import residuals


class Paces(NamedTuple):
    """Factors of each modality's steps, and how much its confidence shortens them."""

    factors: list[float]
    balance: float


def paced_descent(
    objective: Joint, theta: Vector, paces: Paces, *, max_iter: int, tol: float,
    callback: Callback | None = None,
) -> tuple[Vector, Trace]:  # fmt: skip
    """Full-batch gradient descent, a step length per modality.

    Its length is factor / (M · L_m), with L_m a bound of the modality's own curvature, times
    1 - tanh(balance · (r - 1)) where r > 1 is how far it is ahead: its confidence over the mean of
    the others', the confidence of a modality being the mean of exp(-loss) of its own scores
    (on-the-fly gradient modulation, OGM-GE: X. Peng et al., "Balanced multimodal learning via
    on-the-fly gradient modulation", CVPR 2022, equations 8 to 10, for any number of modalities).
    """
    bounds = _curvatures(objective)
    steps = np.array(paces.factors) / (len(bounds) * bounds)
    outer = 1.0 / (len(bounds) * CURVATURE[objective.loss])
    theta, trace = theta.copy(), Trace()
    for _ in range(max_iter):
        parts = objective.parts(theta)
        value, gradient = objective.at(theta, parts)
        if not np.isfinite(value):
            break
        trace.note(value, callback)
        if np.abs(gradient).max() <= tol:
            break
        own = steps * brakes(objective, parts, theta, paces.balance)
        coefs, _ = objective.split(gradient)
        for coef, step in zip(coefs, own, strict=True):
            coef *= step
        gradient[objective.n_outputs * objective.edges[-1] :] *= outer
        theta -= gradient
    trace.finite = bool(np.isfinite(value))
    return theta, trace


def brakes(
    objective: Joint, parts: list[NDArray[np.float64]], theta: Vector, balance: float
) -> NDArray[np.float64]:
    """A factor in (0, 1] for each modality's step: 1 unless it is ahead of the others."""
    if balance == 0.0 or len(parts) < 2:
        return np.ones(len(parts))
    _, intercept = objective.split(theta)
    sure = np.array([
        float(np.exp(-residuals(part + intercept, objective.targets, objective.loss)[0]).mean())
        for part in parts
    ])  # fmt: skip
    others = (sure.sum() - sure) / (len(sure) - 1)
    ahead = sure / np.maximum(others, np.finfo(np.float64).tiny)
    return np.where(ahead > 1.0, 1.0 - np.tanh(balance * (ahead - 1.0)), 1.0)


def _curvatures(objective: Joint) -> NDArray[np.float64]:
    """A bound on the curvature of the objective in each modality's coefficients."""
    bounds = []
    for block, alpha in zip(objective.blocks, objective.alphas, strict=True):
        if isinstance(block.values, Csr):
            # The longest row's would do, but the Frobenius norm takes one pass.
            factor = 1.0 if block.affine is None else block.affine.factor[block.values.indices]
            square = float(((block.values.data * factor) ** 2).sum()) / objective.n_rows
            bound = CURVATURE[objective.loss] * square + alpha
        else:
            problem = Problem(
                rows_of([block], objective.dtype), objective.targets, objective.loss,
                objective.n_outputs, alpha, objective.sample_weight,
            )  # fmt: skip
            bound = problem.smoothness()
        # The disagreement has the curvature of a squared error, to each of the other modalities.
        others = objective.rho * (len(objective.blocks) - 1) / CURVATURE[objective.loss]
        bounds.append(bound * (1.0 + others))
    return np.array(bounds)
