"""Objectives of linear models over several modalities, some of which may be missing in a row.

Dense blocks are fused row by row, in one pass, by :class:`polyfuse._descent.Problem`. What needs
each modality's own scores on the way (agreement between modalities, sparse blocks, steps of their
own) is a :class:`Joint`: it reads every block twice per gradient and holds their scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import one_block
from ._descent import Penalised, Vector, dot
from ._kernels.contract import CONCATENATE, Block, Csr, Rows
from ._linear import residuals, scores
from ._missing import Masks


class Objective(Protocol):
    """What a solver asks for: where to start, and value and gradient at a model."""

    def start(self) -> Vector: ...

    def __call__(self, theta: Vector) -> tuple[float, Vector]: ...


def rows_of(
    blocks: Sequence[Block], dtype: np.dtype, op: str = CONCATENATE,
    weights: NDArray[np.float64] | None = None, padded: bool = False,
) -> Rows:  # fmt: skip
    """Fused rows of which blocks may be missing: zeros stand for them, or a fold skips them.

    A concatenation with missing blocks is `padded` by a column of zeros that is always there: a
    row without any modality has then its intercept for a score, and not NaN.
    """
    w = np.ones(len(blocks)) if weights is None else weights
    if not padded and all(block.present is None for block in blocks):
        return Rows(tuple(blocks), op, w, dtype)
    if op != CONCATENATE:
        return Rows(tuple(blocks), op, w, dtype, missing="skip")
    zeros = np.broadcast_to(np.zeros((), dtype), (len(blocks[0].values), 1))
    return Rows((*blocks, Block(zeros)), op, np.ones(len(blocks) + 1), dtype, missing=0.0)


def block_scores(
    block: Block, coef: NDArray, intercept: NDArray, dtype: np.dtype,
    index: NDArray[np.int64] | None = None,
) -> NDArray:  # fmt: skip
    """A modality's scores, (n, k); those of its intercept where it is missing."""
    if isinstance(block.values, Csr):
        out = scores(one_block(block._replace(present=None), dtype), coef, intercept, index)
        missing = _missing(block, index)
        if missing is not None:
            out[missing] = np.asarray(intercept, dtype)
        return out
    rows = rows_of([block], dtype)
    if rows.width > block.values.shape[1]:
        coef = np.pad(coef, ((0, 0), (0, 1)))
    return scores(rows, coef, intercept, index)


def _missing(block: Block, index: NDArray[np.int64] | None) -> NDArray[np.bool_] | None:
    if block.present is None:
        return None
    missing: NDArray[np.bool_] = ~(block.present if index is None else block.present[index])
    return missing


def weighed_columns(block: Block, residual: NDArray[np.float64], dtype: np.dtype) -> NDArray:
    """Sum over rows of residual[i]ᵀ times the scaled row of a block, (k, d)."""
    k, width = residual.shape[1], block.values.shape[1]
    if isinstance(block.values, Csr):
        return _weighed_sparse(block, residual)
    # Half the squared distance of scores that are zero from -residual has this gradient.
    rows = rows_of([block], dtype)
    out, spare = np.empty((k, rows.width)), np.empty(k)
    zeros = np.zeros((k, rows.width))
    _kernels.select().loss_gradient(
        rows, -residual, None, zeros, np.zeros(k), "squared_error", out, spare
    )
    return out[:, :width]


def _weighed_sparse(block: Block, residual: NDArray[np.float64]) -> NDArray:
    x = block.values
    matrix = import_module("scipy.sparse").csr_array((x.data, x.indices, x.indptr), shape=x.shape)
    if block.present is not None:
        residual = residual * block.present[:, None]
    out: NDArray = np.asarray(matrix.T @ residual, np.float64).T
    return out if block.affine is None else out * block.affine.factor


@dataclass(frozen=True)
class Averaged:
    """The mean of problems that share a model: rows as they are, and with modalities dropped."""

    problems: tuple[Penalised, ...]

    def start(self) -> Vector:
        return self.problems[0].start()

    def __call__(self, theta: Vector) -> tuple[float, Vector]:
        return mean_of([problem(theta) for problem in self.problems])


def mean_of(found: Sequence[tuple[float, Vector]]) -> tuple[float, Vector]:
    """The mean of values, and of gradients, which are overwritten."""
    value, gradient = found[0]
    for more, other in found[1:]:
        value += more
        gradient += other
    return value / len(found), gradient / len(found)


@dataclass(frozen=True)
class Joint:
    """Mean loss of the sum of each modality's scores + penalties + rho/2 · disagreement.

    The disagreement is the mean over rows of Σ_{m<l} |s_m - s_l|², over modalities that are there
    (Ding, Li, Narasimhan and Tibshirani, "Cooperative learning for multiview analysis", PNAS 119,
    2022). `alphas` has a penalty per modality. `draws` holds, for each draw of dropped modalities,
    which are there: the loss is the mean over draws.
    """

    blocks: tuple[Block, ...]
    dtype: np.dtype
    targets: Vector
    loss: str
    n_outputs: int
    alphas: tuple[float, ...]
    sample_weight: Vector | None = None
    rho: float = 0.0
    draws: tuple[Masks, ...] = ()

    @cached_property
    def edges(self) -> list[int]:
        """Where the columns of each modality begin, and the last one's end."""
        return [0, *np.cumsum([block.values.shape[1] for block in self.blocks]).tolist()]

    @property
    def n_rows(self) -> int:
        return int(self.blocks[0].values.shape[0])

    def start(self) -> Vector:
        return np.zeros(self.n_outputs * (self.edges[-1] + 1))

    def split(self, theta: Vector) -> tuple[list[NDArray], Vector]:
        """Coefficients of each modality, as views, and the intercept."""
        n = self.n_outputs * self.edges[-1]
        coef = theta[:n].reshape(self.n_outputs, -1)
        return np.split(coef, self.edges[1:-1], axis=1), theta[n:]

    def parts(self, theta: Vector) -> list[NDArray[np.float64]]:
        """Scores of each modality, without the intercept."""
        coefs, _ = self.split(theta)
        zero = np.zeros(self.n_outputs)
        return [
            block_scores(block, coef, zero, self.dtype).astype(np.float64)
            for block, coef in zip(self.blocks, coefs, strict=True)
        ]

    def __call__(self, theta: Vector) -> tuple[float, Vector]:
        return self.at(theta, self.parts(theta))

    def at(self, theta: Vector, parts: list[NDArray[np.float64]]) -> tuple[float, Vector]:
        """Value and gradient at a model of which the parts are known."""
        coefs, intercept = self.split(theta)
        value, outer, own = self._losses(parts, intercept)
        value += self._disagreement(parts, own)
        gradient = np.empty_like(theta)
        grads, grad_intercept = self.split(gradient)
        grad_intercept[:] = outer
        for block, alpha, coef, grad, weighed in zip(
            self.blocks, self.alphas, coefs, grads, own, strict=True
        ):
            flat = np.ascontiguousarray(coef).ravel()
            value += 0.5 * alpha * dot(flat, flat)
            grad[:] = weighed_columns(block, weighed, self.dtype) / self.n_rows + alpha * coef
        return value, gradient

    def _losses(
        self, parts: list[NDArray[np.float64]], intercept: Vector
    ) -> tuple[float, Vector, list[NDArray[np.float64]]]:
        """Mean loss, its derivative by the intercept, and by the scores of each modality."""
        draws = self.draws or ([None] * len(parts),)
        value, outer = 0.0, np.zeros(self.n_outputs)
        own = [np.zeros_like(part) for part in parts]
        for masks in draws:
            total = intercept + sum(map(_masked, parts, masks))
            loss, residual = residuals(total, self.targets, self.loss)
            if self.sample_weight is not None:
                loss, residual = loss * self.sample_weight, residual * self.sample_weight[:, None]
            value += float(loss.sum()) / len(draws)
            residual /= len(draws)
            outer += residual.sum(axis=0)
            for grown, mask in zip(own, masks, strict=True):
                grown += _masked(residual, mask)
        return value / self.n_rows, outer / self.n_rows, own

    def _disagreement(
        self, parts: list[NDArray[np.float64]], own: list[NDArray[np.float64]]
    ) -> float:
        """rho / 2 times the mean disagreement; adds its derivatives to `own`."""
        if not self.rho:
            return 0.0
        weight = 1.0 if self.sample_weight is None else self.sample_weight[:, None]
        value = 0.0
        for m, left in enumerate(parts):
            for j in range(m + 1, len(parts)):
                gap = _masked(_masked(left - parts[j], self.blocks[m].present),
                              self.blocks[j].present)  # fmt: skip
                pull = self.rho * weight * gap
                value += 0.5 * float((pull * gap).sum())
                own[m] += pull
                own[j] -= pull
        return value / self.n_rows


def _masked(x: NDArray[np.float64], mask: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    return x if mask is None else x * mask[:, None]


def drop_some(
    masks: Masks, n_rows: int, rate: float, n_draws: int, random_state: Any
) -> tuple[Masks, ...]:
    """Which modalities are there, first as they are, then with some dropped at random.

    Each modality that is there in a row is dropped with probability `rate`; where that would leave
    none, one of them, chosen at random, stays.
    """
    k = len(masks)
    there = np.stack([np.ones(n_rows, bool) if m is None else m for m in masks])
    draws: list[Masks] = [list(masks)]
    for _ in range(n_draws):
        kept = there & (random_state.random_sample((k, n_rows)) >= rate)
        none = there.any(axis=0) & ~kept.any(axis=0)
        chance = random_state.random_sample((k, n_rows)) * there
        kept[chance.argmax(axis=0)[none], np.flatnonzero(none)] = True
        draws.append([np.ascontiguousarray(row) for row in kept])
    return tuple(draws)
