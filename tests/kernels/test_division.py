"""Standardised folds divide as IEEE 754 does, whatever the bits and however parameters repeat."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse._kernels.contract import RESULT_DTYPES, Affine, Block, Kernels, Rows

# Rows that are a whole number of steps, of registers, or of neither; and longer than a tile.
WIDTHS = (1, 3, 16, 48, 50, 64, 100, 101, 192, 300, 1030)


def any_bits(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
    """Every exponent, subnormals, zeros, infinities, NaNs; often a mantissa of zeros or ones."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    bits = rng.integers(0, np.iinfo(unsigned).max, shape, unsigned, endpoint=True)
    mantissa = unsigned.type((1 << np.finfo(dtype).nmant) - 1)
    ends = rng.integers(0, 8, shape)
    bits = np.where(ends == 0, bits & ~mantissa, np.where(ends == 1, bits | mantissa, bits))
    values = np.where(ends == 2, dtype.type(0.0), bits.view(dtype))
    return np.where(np.isnan(values), dtype.type(np.nan), values)  # no signalling ones


@pytest.mark.parametrize("dtype", RESULT_DTYPES, ids=str)
@pytest.mark.parametrize("width", WIDTHS)
def test_quotients_of_any_bits(implementation: Kernels, width: int, dtype: np.dtype) -> None:
    rng = np.random.default_rng(width)
    for k, n in ((1, 41), (3, 41), (3, 1)):
        blocks = tuple(any_bits(rng, (n, width), dtype) for _ in range(k))
        offset, factor = (any_bits(rng, (k, width), dtype).astype("f8") for _ in range(2))
        offset[:, ::2] = 0.0
        maps = [Affine(a, b, True) for a, b in zip(offset, factor, strict=True)]
        rows = Rows(tuple(map(Block, blocks, maps)), "sum", np.ones(k), dtype)
        found = np.empty((n, width), dtype)
        implementation.fuse(rows, found)
        with np.errstate(all="ignore"):
            scaled = [
                (x - a.astype(dtype)) / b.astype(dtype)
                for x, a, b in zip(blocks, offset, factor, strict=True)
            ]
            expected = scaled[0]
            for x in scaled[1:]:
                expected = expected + x
        gone = np.isnan(expected)
        np.testing.assert_array_equal(np.isnan(found), gone)
        unsigned = f"u{dtype.itemsize}"
        np.testing.assert_array_equal(found[~gone].view(unsigned), expected[~gone].view(unsigned))
