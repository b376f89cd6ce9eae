"""The contract in NumPy, written to be read: the specification in executable form.

Nothing here is tuned. Sums are NumPy's own, so results agree with the compiled kernels to the
tolerance each contract case states, not in bits. It is also the last fallback: it needs nothing
but NumPy.
"""

from .confusion import confusion
from .fusion import fuse
from .normalization import column_extrema, column_moments
from .sgd import descend, dot, linear_scores, loss_gradient

__all__ = [
    "column_extrema", "column_moments", "confusion", "descend", "dot", "fuse", "linear_scores",
    "loss_gradient", "name",
]  # fmt: skip

name = "numpy"
