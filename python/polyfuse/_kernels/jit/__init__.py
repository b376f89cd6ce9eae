"""The contract in Numba, for machines without the C++ kernels. The only folder importing Numba.

How it is built: every kernel walks over tiles of rows, about `TILE_BYTES` of staged data each.
NumPy brings a tile into C-contiguous float32 or float64 scratch (from any dtype, float16 too, any
strides, read-only or gathered), so that the compiled loops see these two types and nothing else:
few signatures, short compilation, never a converted or stacked copy of a block. Where a block
already lies that way, its own memory is read. A loop is compiled at its first call, and kept on
disk for the next process if a folder for that can be written. All runs on one thread, the GIL
released in the loops; the order of operations depends on shapes alone. No fast-math;
``error_model="numpy"`` because a division by zero must not raise.
"""

from .batches import normalize_groups, normalize_rows
from .chains import chains, settle_chains, shuffle
from .confusion import confusion, count_equal, encode_words, label_range, label_sums
from .fusion import fuse, missing_rows
from .inspection import coalition_counts, contributions, permuted_counts, score_means
from .normalization import column_extrema, column_moments
from .probabilities import probability_sums
from .ranking import column_quantiles, rank_sums, score_curve
from .regression import error_sums
from .sgd import descend, dot, gradient_sums, linear_scores, loss_gradient

__all__ = [
    "chains", "coalition_counts", "column_extrema", "column_moments", "column_quantiles",
    "confusion", "contributions", "count_equal", "descend", "dot", "encode_words", "error_sums",
    "fuse", "gradient_sums", "label_range", "label_sums", "linear_scores", "loss_gradient",
    "missing_rows", "name", "normalize_groups", "normalize_rows", "permuted_counts",
    "probability_sums", "rank_sums", "score_curve", "score_means", "settle_chains", "shuffle",
]  # fmt: skip

name = "numba"
