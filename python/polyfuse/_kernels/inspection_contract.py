"""The part of the contract that inspection stands on; its rules are those of ``contract``."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .views import Rows


class InspectionKernels(Protocol):
    """Scores of modalities: averaged, measured, and held against the truth in every coalition.

    Scores are a :class:`Rows` of m blocks of n rows and k outputs, each C-contiguous, of
    `rows.dtype`, without a map. The `present` of a block alone tells where a modality is there:
    `rows.missing` is None, and values elsewhere are not looked at. `rows.weights` are (m,), and
    `rows.op` is one of

        weighted_sum      w_1 x_1 + ... + w_m x_m
        geometric_mean    w_1 log x_1 + ... + w_m log x_m: its order of outputs, as a sum
        maximum, minimum  of x_1 ... x_m, whatever the weights

    in the precision of the rows, from left to right, over the modalities that take part. A sum
    begins with `start`, of shape (k,).

    A fused row says the class of its greatest score, the first of those that tie; where k = 1,
    the second of two classes above zero, else the first. A row in which no modality takes part
    says the class `nothing`. A row is right if that is its label less `low`; labels are
    contiguous integers of any dtype, and a label of no class is never right.
    """

    def score_means(self, rows: Rows, means: NDArray[np.float64]) -> int:
        """The mean of each output of each modality, over the rows where it is there, or 0.

        Of logarithms with ``geometric_mean``. `means` is C-contiguous (m, k). Returns the first
        modality with a mean that is not finite, as it is if one of its scores is not; or -1.
        Sums run over fixed ranges of rows, combined in order.
        """

    def contributions(
        self,
        rows: Rows,
        means: NDArray[np.float64],
        row_scale: NDArray[np.float64] | None,
        per_row: NDArray[np.float64],
        totals: NDArray[np.float64],
        products: NDArray[np.float64],
    ) -> None:
        """How far each modality's scores of a row are from their mean, and sums of that::

            per_row[i, b] = row_scale[i] |weights[b]| / k * sum_j |x_b[i, j] - means[b, j]|
            totals = per_row.sum(axis=0); products = per_row.T @ per_row

        With ``geometric_mean`` of log x, otherwise of x; 0 where the modality is not there; times
        1 without a `row_scale`. All is float64 and C-contiguous.
        """

    def coalition_counts(
        self,
        rows: Rows,
        y: NDArray,
        low: int,
        baseline: NDArray[np.float64] | None,
        start: NDArray[np.float64],
        nothing: int,
        counts: NDArray[np.int64],
        shares: NDArray[np.float64],
    ) -> None:
        """Rows that each of the 2^m coalitions gets right, and sums of Shapley values of rows.

        Coalition c has the modalities whose bit is set in c. Those it does not have say
        ``baseline[b]``, (m, k), in every row; without a baseline they take no part. m <= 16.

        `counts` is (2^m,). The Shapley value of modality b in a row is::

            sum over c without b of |c|! (m - |c| - 1)! / m! * (right(c with b) - right(c))

        ``shares[0]`` is its sum over rows, ``shares[1]`` that of its square; shape (2, m). Counts
        are exact: the scores of a coalition are folded as if it were the only one.
        """

    def permuted_counts(
        self,
        rows: Rows,
        y: NDArray,
        low: int,
        order: NDArray[np.int32],
        shifts: NDArray[np.int64],
        start: NDArray[np.float64],
        nothing: int,
        counts: NDArray[np.int64],
    ) -> int:
        """counts[b, r] = rows that are right when modality b says of one what it does of another.

        Of row ``order[i]`` it says what it does of row ``order[(i + shifts[r]) % n]``, where it is
        there or not, too; it is folded in behind the others. `order` is a permutation of the rows,
        shifts are at least 0 and below n, `counts` is (m, r). Returns how many rows are right as
        they are.
        """
