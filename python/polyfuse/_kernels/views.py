"""What crosses the wall to the kernels: lists of names, blocks, rows, chains. Data, no code."""

from __future__ import annotations

from typing import Any, NamedTuple

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
# Sums that a gradient is made of, and rows that are added to one of them at once.
GRADIENT_SLOTS, GRADIENT_PIECE = 16, 64
# What is to be known of the errors of predicted numbers, and the rows of what is told of them.
ERRORS = (
    "squared", "absolute", "sides", "percentage", "logarithmic", "poisson", "gamma", "moments",
    "deviations",
)  # fmt: skip
WEIGHT, SUM, SURPLUS, GREATEST, ERROR, ERROR_SQUARES, TARGET, TARGET_SQUARES = range(8)
NORMALIZATIONS = ("standard", "minmax", "l1", "l2", "max", "softmax", "rank")

# What a chain of stochastic gradient descent minimises, with what penalty, in what steps; a chain
# holds their places in these lists.
CHAIN_LOSSES = (
    "hinge", "perceptron", "squared_hinge", "modified_huber", "log_loss", "squared_error", "huber",
    "epsilon_insensitive", "squared_epsilon_insensitive", "multinomial",
)  # fmt: skip
PENALTIES = (None, "l1", "l2", "elasticnet")
SCHEDULES = ("constant", "optimal", "invscaling", "adaptive", "pa1", "pa2")

# One chain: a linear model that is trained one row at a time. First what it is to do, then how
# far it has come, so that a chain can stop anywhere, be saved, and go on. Each field has 8 bytes.
CHAIN = np.dtype(
    [
        ("loss", "i8"),  # places in CHAIN_LOSSES, PENALTIES, SCHEDULES
        ("penalty", "i8"),
        ("schedule", "i8"),
        ("average", "i8"),  # the step from which on iterates are averaged; 0: not at all
        ("fit_intercept", "i8"),
        ("one_class", "i8"),
        ("objective", "i8"),  # whether sums of losses and penalties are wanted
        ("positive", "i8"),  # the target that counts as 1, others as the negative; -1: all as given
        ("alpha", "f8"),
        ("l1_ratio", "f8"),  # 0 for l2, 1 for l1
        ("eta0", "f8"),
        ("power_t", "f8"),
        ("epsilon", "f8"),
        ("optimal_init", "f8"),
        ("weight_pos", "f8"),
        ("weight_neg", "f8"),
        ("intercept_decay", "f8"),
        ("intercept", "f8"),
        ("eta", "f8"),
        ("t", "f8"),  # 1 before the first step
        ("scale", "f8"),  # the model is scale * coef
        ("sq_norm", "f8"),
        ("l1_norm", "f8"),
        ("u", "f8"),  # all the l1 penalty that a weight could have met
        ("average_a", "f8"),
        ("average_b", "f8"),
        ("average_intercept", "f8"),
        ("loss_sum", "f8"),  # since the caller last set them to 0
        ("objective_sum", "f8"),
    ]
)

# Some columns of a chain with steps and a penalty of their own. Each field has 8 bytes.
PART = np.dtype(
    [
        ("width", "i8"),
        ("eta", "f8"),  # factors of the eta and alpha of the chain
        ("alpha", "f8"),
        ("scale", "f8"),  # how far it has come: fields of CHAIN, but of these columns
        ("sq_norm", "f8"),
        ("l1_norm", "f8"),
        ("u", "f8"),
        ("average_a", "f8"),
        ("average_b", "f8"),
    ]
)


class Affine(NamedTuple):
    """A map of each column: (x - offset) / factor when `divide`, else x * factor + offset.

    `offset` and `factor` are contiguous float64 arrays, one value per column, converted to the
    precision the block is scaled in before use. If the map is `wide` they may also be float32, and
    on a floating block either of the two operations is that of NumPy's promotion of the block's
    dtype and the parameter's, its result rounded once more to the block's: what `x -= offset` and
    `x /= factor` make of it. The map of a sparse block is not wide.
    """

    offset: NDArray
    factor: NDArray
    divide: bool
    wide: bool = False


class Csr(NamedTuple):
    """A sparse block: row i has data[k] in column indices[k], indptr[i] <= k < indptr[i + 1].

    `data` is float32 or float64, `indices` int32, `indptr` int64, all contiguous. Only ``chains``
    and ``linear_scores`` take sparse blocks.
    """

    data: NDArray
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.indptr) - 1, self.width

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype


class Block(NamedTuple):
    """One modality: `values` of shape (n_rows, width), and the map to apply, if any.

    The map of a sparse block acts on the values it holds; its zeros stay zeros.

    `present` is a contiguous bool array of shape (n_rows,), False where the modality is missing;
    None where that shows in the values alone. Only looked at with ``Rows.missing``.
    """

    values: Any  # NDArray; Csr where a kernel takes it
    affine: Affine | None = None
    present: NDArray[np.bool_] | None = None


def gradient_rows(width: int, dtype: np.dtype) -> int:
    """Rows that are added to one sum of a gradient before it is the next one's turn."""
    return GRADIENT_PIECE if width * dtype.itemsize > 4096 else 4 * GRADIENT_PIECE


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
        n: int = self.blocks[0].values.shape[0]
        return n

    @property
    def sparse(self) -> bool:
        """Whether a block at least is sparse."""
        return any(isinstance(block.values, Csr) for block in self.blocks)

    @property
    def width(self) -> int:
        widths: list[int] = [block.values.shape[1] for block in self.blocks]
        return sum(widths) if self.op == CONCATENATE else widths[0]
