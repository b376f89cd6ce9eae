"""Values in order: the quantiles of columns. NumPy's selection is compiled, and fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loops import F64

_PANEL = 8  # columns of a cache line


def column_quantiles(values: NDArray, fractions: F64, count: F64, below: F64, above: F64) -> None:
    own = values.dtype
    exact = np.promote_types(own, np.float32) if own.kind == "f" else np.dtype(np.float64)
    for first in range(0, values.shape[1], _PANEL):
        panel = np.array(values[:, first : first + _PANEL].T, exact, order="C")
        for column, x in enumerate(panel, first):
            n = np.count_nonzero(x == x)
            count[column] = n
            if n == 0:
                below[:, column] = above[:, column] = np.nan
                continue
            places = np.floor(fractions * (n - 1)).astype(np.intp)
            following = np.minimum(places + 1, n - 1)
            x.partition(np.union1d(places, following))  # NaNs count as greatest
            below[:, column], above[:, column] = x[places], x[following]
