"""The contract: what every kernel implementation provides.

Three modules implement :class:`Kernels`: ``_core`` (C++), ``jit`` (Numba) and ``reference``
(NumPy, written to be read). They share signatures, because Python allocates every output. This
file is the specification; ``tests/kernels`` runs every case on every implementation.

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

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

INPUT_DTYPES = tuple(
    np.dtype(name)
    for name in (
        "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
        "float16", "float32", "float64",
    )
)  # fmt: skip
RESULT_DTYPES = (np.dtype("float32"), np.dtype("float64"))
LOSSES = ("squared_error", "log_loss", "multinomial")
CONCATENATE = "concatenate"
NORMALIZATIONS = ("standard", "minmax", "l1", "l2", "max", "softmax", "rank")


class Affine(NamedTuple):
    """A map of each column: (x - offset) / factor when `divide`, else x * factor + offset.

    `offset` and `factor` are contiguous float64 arrays, one value per column, converted to the
    precision the block is scaled in before use. If the map is `wide` they may also be float32, and
    on a floating block either of the two operations is that of NumPy's promotion of the block's
    dtype and the parameter's, its result rounded once more to the block's: what `x -= offset` and
    `x /= factor` make of it.
    """

    offset: NDArray
    factor: NDArray
    divide: bool
    wide: bool = False


class Block(NamedTuple):
    """One modality: `values` of shape (n_rows, width), and the map to apply, if any.

    `present` is a contiguous bool array of shape (n_rows,), False where the modality is missing;
    None where that shows in the values alone. Only looked at with ``Rows.missing``.
    """

    values: NDArray
    affine: Affine | None = None
    present: NDArray[np.bool_] | None = None


class Rows(NamedTuple):
    """Fused rows, described and not computed: what the stage makes of some blocks.

    `op` is ``"concatenate"`` (the blocks side by side) or the name of an operator of
    ``fusion_ops`` (blocks of one width, folded elementwise in the order given). `dtype` is the
    precision of the result, float32 or float64.

    `weights` is float64 and contiguous: (k,) for k blocks; (k, 1, d), a weight per block and
    column; or (k, n, 1), one per block and row. Weights are added up in float64 over the blocks,
    from left to right, and then converted, like the weights themselves; operators that do not
    weigh ignore them. `parameter` is the exponent of ``power_mean``.

    `missing` is None (NaN is a value like any other), ``"skip"`` (a row is folded without the
    blocks that are missing in it, as if they had not been given: fewer blocks, a smaller sum of
    weights), or a number that stands, scaled, for all values of a missing row. Where every block
    is missing, the fused row is NaN. ``"skip"`` does not go with ``"concatenate"``.
    """

    blocks: tuple[Block, ...]
    op: str
    weights: NDArray[np.float64]
    dtype: np.dtype
    parameter: float = 1.0
    missing: float | str | None = None

    @property
    def n_rows(self) -> int:
        return len(self.blocks[0].values)

    @property
    def width(self) -> int:
        widths: list[int] = [block.values.shape[1] for block in self.blocks]
        return sum(widths) if self.op == CONCATENATE else widths[0]


class Kernels(Protocol):
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
    ) -> None:
        """out[i, k] = rows[i] . coef[k] + intercept[k], in the precision of the rows.

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
        fixed tiles of rows, in float64 across tiles.
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
        coef: NDArray[np.float64],
        intercept: NDArray[np.float64],
        fit_intercept: bool,
    ) -> float:
        """One epoch of gradient descent over the rows in `order`, updating in place.

        Batch b is ``order[b * batch_size : (b + 1) * batch_size]``, the last one may be shorter.
        With g the mean over the batch of the weighted gradient, taken before the update::

            coef      <- (1 - steps[b] * alpha) * coef - steps[b] * g
            intercept <- intercept - steps[b] * g

        in the precision of the rows; the intercept stays as it is without `fit_intercept`.
        Returns the sum of weighted losses, each taken before its
        batch's update. Batches depend on each other, so this kernel is sequential.
        """

    def dot(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        """Sum of products of two contiguous vectors, over 16 lanes and a fixed tree."""

    # -- confusion -------------------------------------------------------------------------------

    def confusion(
        self,
        y_true: NDArray[np.int64],
        y_pred: NDArray[np.int64],
        sample_weight: NDArray[np.float64] | None,
        out: NDArray,
    ) -> None:
        """out[i, j] = number, or weight, of rows with true code i and predicted code j.

        `out` is C-contiguous (k, k), int64 without weights and float64 with them. Rows with a
        code outside 0..k-1 are passed over. Counts are exact; weights are added over fixed
        ranges of rows, combined in order.
        """
