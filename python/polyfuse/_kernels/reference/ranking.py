"""Values in order: the quantiles of columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def column_quantiles(
    values: NDArray,
    fractions: NDArray[np.float64],
    count: NDArray[np.float64],
    below: NDArray[np.float64],
    above: NDArray[np.float64],
) -> None:
    x = np.sort(values.astype(np.float64), axis=0)  # NaNs come last
    count[:] = (~np.isnan(x)).sum(axis=0)
    if len(x) == 0:
        below[...], above[...] = np.nan, np.nan
        return
    last = np.maximum(count - 1.0, 0.0)  # the first NaN, where there are NaNs alone
    places = np.floor(fractions[:, None] * last)
    below[...] = np.take_along_axis(x, places.astype(np.intp), axis=0)
    above[...] = np.take_along_axis(x, np.minimum(places + 1.0, last).astype(np.intp), axis=0)
