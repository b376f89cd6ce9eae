"""The contract in NumPy, written to be read: the specification in executable form.

Nothing here is tuned. Sums are NumPy's own, so results agree with the compiled kernels to the
tolerance each contract case states, not in bits. It is also the last fallback: it needs nothing
but NumPy.
"""

from .batches import normalize_groups, normalize_rows
from .chains import chains, settle_chains, shuffle
from .confusion import confusion, count_equal, encode_words, label_range, label_sums
from .fusion import fuse, missing_rows
from .normalization import column_extrema, column_moments
from .probabilities import probability_sums
from .ranking import column_quantiles, rank_sums, score_curve
from .regression import error_sums
from .sgd import descend, dot, linear_scores, loss_gradient

__all__ = [
    "chains", "column_extrema", "column_moments", "column_quantiles", "confusion", "count_equal",
    "descend", "dot", "encode_words", "error_sums", "fuse", "label_range", "label_sums",
    "linear_scores", "loss_gradient", "missing_rows", "name", "normalize_groups", "normalize_rows",
    "probability_sums", "rank_sums", "score_curve", "settle_chains", "shuffle",
]  # fmt: skip

name = "numpy"
