"""Classes and numbers that a linear model can learn, not perfectly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def classified(n_classes: int = 3, n: int = 240, seed: int = 0) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    noisy = x @ rng.normal(size=(6, n_classes)) + rng.gumbel(size=(n, n_classes))
    return x, noisy.argmax(1)


def measured(n: int = 200) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 6))
    return x, x @ rng.normal(size=6) + 3.0 + 0.5 * rng.normal(size=n)


X, Y = classified()
XR, YR = measured()
