"""Parts of chains as chains of their own, for the implementations in Python.

A part moves as a chain of its columns would that has no intercept; a chain adds up the scores of
its parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .contract import CHAIN, PART

_OWN = PART.names[3:]  # type: ignore[index]


def open_parts(chains: NDArray[np.void], parts: NDArray[np.void]) -> NDArray[np.void]:
    """A chain for each part, (m, k); `close_parts` writes back how far they have come."""
    own = np.empty(parts.shape, CHAIN)
    own[...] = chains[:, None]
    own["alpha"] *= parts["alpha"]
    own["fit_intercept"] = 0
    for name in _OWN:
        own[name] = parts[name]
    return own


def close_parts(own: NDArray[np.void], parts: NDArray[np.void]) -> None:
    for name in _OWN:
        parts[name] = own[name]
