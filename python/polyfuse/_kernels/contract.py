"""The contract: what every kernel implementation provides.

Three modules implement :class:`Kernels`: ``_core`` (C++), ``jit`` (Numba) and ``reference``
(NumPy, written to be read). They share signatures, because Python allocates every output. This
file, with ``metric_contract`` for the metrics and ``inspection_contract`` for inspection, is the
specification; ``tests/kernels`` runs every case on every implementation.

Common rules
------------
* A block is any 2-D array of a dtype in :data:`INPUT_DTYPES`, with any strides, read-only or not.
* **Stage.** A row is converted, scaled and fused before anything else sees it. A floating block
  is scaled in its own precision (float16: each operation in float32, then rounded to float16), an
  integer or boolean block in the precision of the result; then it is converted to that. A `wide`
  map keeps the precision of its parameters: see :class:`Affine`.
* **Missing.** With ``Rows.missing`` a block may have nothing to say about a row: where its
  `present` is False or, if it floats, all values of that row are NaN. See :class:`Rows`.
* NaN and infinities flow through arithmetic as IEEE 754 says. Nothing here raises for values:
  shapes, dtypes and values are validated by ``polyfuse._arrays`` before the call.
* Randomness enters as data (an order of rows), never as a generator.
* Outputs never overlap inputs, except that ``fuse`` and the normalizations may write over the
  values of a block, whichever it is, when each element of it has the place of the one it
  contributes to (in-place scaling, in-place folds).
* ``_core`` gives the same bits for any number of threads and any instruction set level.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .inspection_contract import InspectionKernels
from .metric_contract import MetricKernels
from .views import (
    CHAIN,
    CHAIN_LOSSES,
    CONCATENATE,
    ERRORS,
    GRADIENT_PIECE,
    GRADIENT_SLOTS,
    INPUT_DTYPES,
    LOSSES,
    NORMALIZATIONS,
    PART,
    PENALTIES,
    RESULT_DTYPES,
    SCHEDULES,
    Affine,
    Block,
    Csr,
    Rows,
    gradient_rows,
)

__all__ = [
    "CHAIN", "CHAIN_LOSSES", "CONCATENATE", "ERRORS", "GRADIENT_PIECE", "GRADIENT_SLOTS",
    "INPUT_DTYPES", "LOSSES", "NORMALIZATIONS", "PART", "PENALTIES", "RESULT_DTYPES", "SCHEDULES",
    "Affine", "Block", "Csr", "Kernels", "Rows", "gradient_rows",
]  # fmt: skip


class Kernels(MetricKernels, InspectionKernels, Protocol):
    """The kernels. Arguments are positional; ``(n, d)`` are rows and columns of the fused rows."""

    # -- normalization ---------------------------------------------------------------------------

    def column_moments(
        self,
        values: NDArray,
        sample_weight: NDArray[np.float64] | None,
        leaf_rows: int,
        count: NDArray[np.float64],
        mean: NDArray[np.float64],
        squares: NDArray[np.float64],
    ) -> None:
        """Count, mean and sum of squared deviations of each column, without its NaNs.

        With a weight per row, `count` is their sum and the other two are weighted by them; a row
        of weight 0 is not there.

        Rows are cut into leaves of `leaf_rows`. Within a leaf a first sweep finds the mean,
        relative to a number of the column, a second one sums deviations d from it: the mean is
        corrected by Σd / n, the squares are Σd² - (Σd)² / n (the corrected two-pass algorithm of
        Chan, Golub and LeVeque, The American Statistician 37, 1983). Leaves are merged pairwise
        in a tree that depends on the number of leaves alone: for 2**k leaves, the perfect binary
        tree. All sums are float64. Where those of the first sweep overflow, it finds the mean
        relative to 0; where Σd² does, nothing is corrected. A column without a number gets count
        0, mean 0 and squares 0; one with an infinity gets a mean and squares that are not finite.
        """

    def column_extrema(
        self, values: NDArray, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> None:
        """Least and greatest value of each column, without its NaNs; (inf, -inf) if all are NaN.

        Exact (every input dtype but 64-bit integers above 2**53 is a float64).
        """

    def column_quantiles(
        self,
        values: NDArray,
        fractions: NDArray[np.float64],
        count: NDArray[np.float64],
        below: NDArray[np.float64],
        above: NDArray[np.float64],
    ) -> None:
        """The two values of each column between which each of its quantiles lies; no NaNs.

        `fractions` are q <= 16 numbers from 0 to 1, `below` and `above` of shape (q, d): of the n
        numbers of a column in ascending order, counted from 0, those in the places
        floor(fraction * (n - 1)) and the next (the last one has itself as the next). `count` gets
        n; where it is 0, the values are NaN. Exact, as for ``column_extrema``.
        """

    def normalize_rows(self, values: NDArray, kind: str, out: NDArray, least: float = 0.0) -> bool:
        """Scale each row by its own statistics, (n, d) to (n, d) of float16, 32 or 64.

        `kind` is one of :data:`NORMALIZATIONS`. Sums are float64; the row is converted to the
        precision of `out` (float32 for float16), mapped in it, and rounded if `out` is float16.

        * ``standard``: (x - mean) / deviation, without NaNs, which stay. A row that is constant by
          StandardScaler's rule, var <= n ε var + (n mean ε)², is divided by 1.
        * ``minmax``: (x - min) / (max - min), without NaNs, which stay; a range below 10 ε of the
          precision counts as 1.
        * ``l1``, ``l2``, ``max``: x / norm, the greatest magnitude for ``max``; a norm that is 0
          or less than `least` counts as 1, and a NaN makes its whole row NaN.
        * ``softmax``: exp(x - max) / sum; a NaN makes its whole row NaN.
        * ``rank``: 1 for the least to n for the greatest, the mean of their ranks for values that
          are equal; NaNs stay and are not counted.

        Returns whether all norms are finite, as they are not if a value is not; True if there are
        none. `out` may be `values` itself.
        """

    def normalize_groups(
        self,
        values: NDArray,
        order: NDArray[np.int64] | None,
        starts: NDArray[np.int64],
        kind: str,
        out: NDArray,
    ) -> None:
        """Scale each column of each group of rows by its own statistics, as ``normalize_rows``.

        Group g is the rows ``order[starts[g]:starts[g + 1]]`` of `values` and of `out`;
        consecutive rows without an `order`. Every row is in one group.
        """

    # -- fusion ----------------------------------------------------------------------------------

    def fuse(self, rows: Rows, out: NDArray) -> int:
        """Write the staged rows to `out`, shape (n, d), any strides; return the first row of NaN.

        That is the first row in which all blocks are missing, or -1. `out` is of `rows.dtype`, or
        float16 where that is float32: the results are rounded once more.

        Concatenation of one block is what a scaler's transform is. Exact for most operators: the
        operations of the operator's formula, each rounded once, blocks in the order given; only
        the payload of a NaN, and the sign of a zero where zeros of both signs are compared, are
        left open. Operators that take logarithms or powers are within the tolerance of their case.
        """

    def missing_rows(self, rows: Rows, out: NDArray[np.bool_]) -> None:
        """out[i, b] = whether block b is missing in row i; `out` is C-contiguous (n, k).

        By the rule for missing blocks of the common rules, whatever `rows.missing` is.
        """

    # -- sgd -------------------------------------------------------------------------------------

    def linear_scores(
        self,
        rows: Rows,
        coef: NDArray[np.float64],
        intercept: NDArray[np.float64],
        out: NDArray,
        index: NDArray[np.int64] | None = None,
    ) -> None:
        """out[i, k] = rows[i] . coef[k] + intercept[k], in the precision of the rows.

        With an `index`, row i of the result is that of row index[i].

        `coef` is (k, d), `intercept` (k,), `out` a C-contiguous (n, k) of `rows.dtype`. The dot
        product runs over 16 lanes (element j in lane j % 16) added up in a fixed tree.
        """

    def loss_gradient(
        self,
        rows: Rows,
        targets: NDArray[np.float64],
        sample_weight: NDArray[np.float64] | None,
        coef: NDArray[np.float64],
        intercept: NDArray[np.float64],
        loss: str,
        grad_coef: NDArray[np.float64],
        grad_intercept: NDArray[np.float64],
    ) -> float:
        """Return the weighted sum over rows of the loss; overwrite the gradients with its own.

        `targets` is C-contiguous (n, t): for ``squared_error`` t = k and the loss of a row is
        half the squared distance; for ``log_loss`` t = k, targets 0 or 1, the loss the negative
        log-likelihood of independent logistic scores; for ``multinomial`` t = 1, a class code,
        the loss the negative log-likelihood of the softmax of the scores. The sums run over
        fixed tiles of rows, in float64 across tiles: those of :meth:`gradient_sums` from zeros.
        """

    def gradient_sums(
        self,
        rows: Rows,
        first: int,
        targets: NDArray[np.float64],
        sample_weight: NDArray[np.float64] | None,
        coef: NDArray[np.float64],
        intercept: NDArray[np.float64],
        loss: str,
        sums: NDArray[np.float64],
    ) -> None:
        """Add the losses and gradients of some consecutive rows, of many, to `sums`, in place.

        `sums` is C-contiguous (16, k * (d + 1) + 1): gradients of the coefficients, of the
        intercepts, and the loss. Row r of all, of which these are ``first + i``, is added to
        ``sums[r // gradient_rows(d, rows.dtype) % 16]``; `first` is a multiple of 64. Once all
        rows are added, in order and in however many calls, the sum over the first axis, from
        zeros and in order, is what `loss_gradient` gives for all of them: in ``_core`` to the
        last bit.
        """

    def descend(
        self,
        rows: Rows,
        order: NDArray[np.int64],
        batch_size: int,
        targets: NDArray[np.float64],
        sample_weight: NDArray[np.float64] | None,
        loss: str,
        steps: NDArray[np.float64],
        alpha: float,
        momentum: float,
        nesterov: bool,
        coef: NDArray[np.float64],
        intercept: NDArray[np.float64],
        velocity: NDArray[np.float64],
        fit_intercept: bool,
        total: float = 0.0,
    ) -> float:
        """One epoch of gradient descent over the rows in `order`, updating in place.

        Batch b is ``order[b * batch_size : (b + 1) * batch_size]``, the last one may be shorter.
        With g the mean over the batch of the weighted gradient, taken before the update::

            coef      <- (1 - steps[b] * alpha) * coef - steps[b] * g
            intercept <- intercept - steps[b] * g

        in the precision of the rows. `velocity` is (0, 0) then, and `momentum` not looked at; or
        it is (k, d + 1), its last column the intercept's, updated in place too, and::

            at       = theta + momentum * velocity if nesterov else theta
            velocity <- momentum * velocity - steps[b] * (g(at) + alpha * coef(at))
            theta    <- theta + velocity

        where theta is coef and intercept, and only coef has the term with alpha. Without
        `fit_intercept` the intercept and its velocity stay as they are. Returns the sum of
        weighted losses, each taken before its batch's update, where its gradient is, added to
        `total`, that of the rows before. Batches depend on each other, so this kernel is
        sequential.
        """

    def dot(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        """Sum of products of two contiguous vectors, over 16 lanes and a fixed tree."""

    # -- chains ----------------------------------------------------------------------------------

    def chains(
        self,
        rows: Rows,
        order: NDArray[np.int64],
        targets: NDArray[np.float64],
        sample_weight: NDArray[np.float64] | None,
        chains: NDArray[np.void],
        coef: NDArray,
        average: NDArray,
        met: NDArray,
        parts: NDArray[np.void],
        exact: bool,
    ) -> None:
        """Stochastic gradient descent: one step per row, for m chains, all updated in place.

        `order` is (m, n), the rows that each chain visits, or (1, n), the same for all; its rows
        may be any distance apart. `chains` is (m,) of :data:`CHAIN`, `coef` a C-contiguous (m, d)
        of `rows.dtype`, `average` the same, or (0, d) if no chain averages, `met` the same (the
        l1 penalty that each weight has met), or (0, d) if no chain has an l1 penalty. `targets`
        is (n_rows,): numbers, or codes of classes where a chain names a `positive` one: its y is
        1 there and elsewhere 0 for log_loss, else -1.

        Each step is scikit-learn 1.9's ``_plain_sgd`` (sklearn/linear_model/_sgd_fast.pyx.tp and
        sklearn/utils/_weight_vector.pyx.tp, where T is `rows.dtype` and all else float64)::

            p = T(scale * sum_j T(w_j x_j)) + intercept     # the sum from left to right
            eta = 1 / (alpha (optimal_init + t - 1)) | eta0 / t^power_t | eta
            objective: loss_sum += loss(y, p); objective_sum += loss(y, p) + penalties of w
            pa1: eta = min(eta0, loss / |x|^2), a row of zeros is passed over
            pa2: eta = loss / (|x|^2 + 0.5 / eta0)
            update = -eta * dloss(y, p), dloss within +-1e12; pa: +-eta
            update *= T(weight_pos or weight_neg) * T(sample_weight)
            l2, elasticnet: scale *= T(max(0, 1 - (1 - l1_ratio) eta alpha)); below 1e-9 (float32:
                1e-6) it is multiplied into w and becomes 1
            update != 0: w_j = T(w_j + x_j * T(T(update) / T(scale))), and the norms of w anew
                (kept for a chain with `objective` alone, |w| only with an l1 penalty)
            intercept += update * intercept_decay, one_class: (update - eta alpha)
            0 < average <= t: the average, by Bottou's two scalars
            l1, elasticnet: truncated gradient (Tsuruoka, Tsujii and Ananiadou, 2009)
            t += 1

        In sparse rows, and for dense blocks beside sparse ones, only what is not zero is touched.
        `exact`: these operations in this order, which is sequential in every sum; the same bits
        as scikit-learn. Otherwise sums along a row are of T, over 16 lanes and a fixed tree, and
        all chains share one order: the answer depends on nothing but the arguments, and cutting
        `order` into several calls never shows.

        Without `exact`, chains of loss ``multinomial`` are the classes of one model: their scores
        go through one softmax, `positive` is each one's class, a row's class weight is the
        `weight_pos` of its class, and loss_sum and objective_sum of the first take the loss.

        `parts` is C-contiguous (m, k) of :data:`PART`, k ranges of columns for each chain, side by
        side, each of one or several whole blocks where one is sparse; or (0, 0). The scale,
        norms, u and averages of a chain are then kept for each part b, not for the chain, and::

            p = T(sum_b scale_b sum_j T(w_j x_j)) + intercept
            each part: a step by eta eta_b, update eta_b and alpha alpha_b instead
            objective: the penalties of the parts, each with alpha alpha_b
            pa1, pa2: sum_b eta_b |x_b|^2 for |x|^2

        A single part whose factors are 1 gives the bits of none.
        """

    def settle_chains(
        self,
        chains: NDArray[np.void],
        coef: NDArray,
        average: NDArray,
        parts: NDArray[np.void],
    ) -> None:
        """Multiply each scale into coef, and bring the averages up to date."""

    def shuffle(self, seed: int, order: NDArray[np.int64]) -> None:
        """Shuffle `order` as scikit-learn's SequentialDataset does: Fisher-Yates, xorshift32.

        ``j = i + rand() % (n - i); swap(order[i], order[j])`` for i = 0 ... n - 2. An order is
        data: whoever calls this decides what is random.
        """
