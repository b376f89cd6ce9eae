"""The contract in NumPy, written to be read: the specification in executable form.

Nothing here is tuned. Sums are NumPy's own, so results agree with the compiled kernels to the
tolerance each contract case states, not in bits. It is also the last fallback: it needs nothing
but NumPy.
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

name = "numpy"
