"""Sums of doubles with what they lack."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and its error, exactly.

    References
    ----------
    D. E. Knuth, *The Art of Computer Programming* 2, 4.2.2, theorem B.
    """
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def add_twofold(a: Array, a_lost: Any, b: Array, b_lost: Any) -> tuple[Array, Array]:
    """The sum of two doubles and of what they lack; beyond the doubles, it lacks nothing."""
    with np.errstate(all="ignore"):
        total, error = two_sum(a, b)
        total, lost = two_sum(total, np.where(np.isfinite(total), error + (a_lost + b_lost), 0.0))
    return total, np.where(np.isfinite(total), lost, 0.0)
