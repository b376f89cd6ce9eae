"""Ranking: order statistics of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.preprocessing as sk
from numpy.typing import NDArray

import polyfuse.preprocessing as pf

from .contest import FORTRAN, MAIN, WIDE, Work, contests


def quartiles(scaler: Any) -> tuple[NDArray, NDArray]:
    return scaler.center_, scaler.scale_


def numpy_quartiles(x: NDArray) -> tuple[NDArray, NDArray]:
    low, middle, high = np.percentile(x, (25, 50, 75), axis=0)
    return middle, high - low


ROBUST_FIT = Work("RobustScaler.fit", 1, 0, {
    "polyfuse": lambda data: lambda: quartiles(pf.RobustScaler().fit(data.x)),
    "NumPy": lambda data: lambda: numpy_quartiles(data.x),
    "scikit-learn": lambda data: lambda: quartiles(sk.RobustScaler().fit(data.x)),
})  # fmt: skip


@contests(([ROBUST_FIT], [MAIN, WIDE, FORTRAN]))
def test_ranking(race, data, work, peer):
    race(work, peer, data)
