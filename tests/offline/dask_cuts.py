"""Arrays, cut into partitions for Dask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

CUTS = (1, 7, 100)


def cut(x: Any, n_parts: int, seed: int = 0) -> Any:
    """An array in so many chunks of rows, of any lengths; some may be empty."""
    da = pytest.importorskip("dask.array")
    ends = np.sort(np.random.default_rng(seed).integers(0, len(x) + 1, n_parts - 1))
    lengths = tuple(np.diff([0, *ends, len(x)]).tolist())
    return da.from_array(x, chunks=(lengths, *x.shape[1:]))


def blocks_cut(blocks: dict[str, Any], n_parts: int) -> dict[str, Any]:
    """Blocks, of which the first is in so many chunks, others in others."""
    return {name: cut(x, n_parts + 2 * i, i) for i, (name, x) in enumerate(blocks.items())}
