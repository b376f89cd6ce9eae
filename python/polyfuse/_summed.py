"""Objectives of rows that nobody holds all at once: sums over parts of them, wherever these are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ._descent import Penalised, Vector


class Parts(Protocol):
    """Fused rows, their targets and weights, in parts.

    Weights have a mean of one, over the rows of all parts.
    """

    @property
    def n_rows(self) -> int: ...

    @property
    def width(self) -> int:
        """Columns of the fused rows."""

    @property
    def dtype(self) -> np.dtype:
        """The precision of the fused rows."""

    def loss_gradient(
        self, coef: NDArray[np.float64], intercept: NDArray[np.float64], loss: str
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Weighted sums over all rows: of the loss, and of its gradients.

        Parameters
        ----------
        coef : ndarray of shape (n_outputs, width)
        intercept : ndarray of shape (n_outputs,)
        loss : str
            As the kernels know it.
        """

    def squares(self) -> Parts:
        """The same rows and weights, with one target for each, which is 0."""

    def longest_row(self, fit_intercept: bool) -> float:
        """The largest weighted squared norm of a fused row, and of a 1 behind it, if wanted."""


@dataclass(frozen=True)
class SummedProblem(Penalised):
    """What is to be minimised over parts: as :class:`Problem` is of rows in memory."""

    parts: Parts
    loss: str
    n_outputs: int
    alpha: float | Vector
    fit_intercept: bool = True
    unit: float = 1.0

    @property
    def n_rows(self) -> int:
        return self.parts.n_rows

    @property
    def width(self) -> int:
        return self.parts.width

    def sums(self, coef: Vector, intercept: Vector, gradient: Vector) -> float:
        loss, grad_coef, grad_intercept = self.parts.loss_gradient(coef, intercept, self.loss)
        own = self.split(gradient)
        own[0][:], own[1][:] = grad_coef, grad_intercept
        return loss

    def hessian(self) -> SummedProblem:
        return SummedProblem(
            self.parts.squares(), "squared_error", 1, 0.0, fit_intercept=self.fit_intercept
        )

    def longest_row(self) -> float:
        return self.parts.longest_row(self.fit_intercept)
