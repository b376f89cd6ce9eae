"""What every family compiles with, and the tiles it walks over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

TILE_BYTES = 1 << 16

Part = slice | NDArray[np.int64]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def jit(function: Callable[..., Any]) -> Any:
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep compiled code in can be written
        return njit(**options)(function)


def parts(n: int, row_bytes: int) -> Iterator[slice]:
    step = max(1, TILE_BYTES // max(1, row_bytes))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def plain(x: NDArray, dtype: Any = np.float64) -> NDArray:
    """`x` itself, or a copy, as a compiled loop takes it: contiguous, aligned, writable."""
    x = np.asarray(x)
    return x if x.dtype == dtype and x.flags.carray else np.array(x, dtype, order="C")
