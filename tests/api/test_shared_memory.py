"""Outputs that lie next to the inputs, in one buffer: wherever no element is in both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse import fusion
from polyfuse import preprocessing as pp
from polyfuse._arrays import overlap

pytestmark = pytest.mark.usefixtures("backend")

Views = tuple[NDArray, NDArray]
SIDES: dict[str, Callable[[NDArray], Views]] = {
    "left and right": lambda x: (x[:, :3], x[:, 3:]),
    "right and left": lambda x: (x[:, 3:], x[:, :3]),
    "in turns": lambda x: (x[:, ::2], x[:, 1::2]),
    "backwards": lambda x: (x[:, 4::-2], x[:, 1::2]),
    "rows in turns": lambda x: (x[::2, :3], x[1::2, :3]),
    "columns of columns": lambda x: (x.T[:3], x.T[3:]),
}


def scaled(x: NDArray, out: NDArray | None) -> NDArray:
    return pp.StandardScaler().fit(x).transform(x, out=out)


CALLS: dict[str, Callable[[NDArray, NDArray | None], NDArray]] = {
    "affine": lambda x, out: pp.affine(x, 2.0, 1.0, out=out),
    "scaler": scaled,
    "normalize": lambda x, out: pp.normalize(x, out=out),
    "standardize": lambda x, out: pp.standardize(x, out=out),
    "sum": lambda x, out: fusion.sum([x, x], out=out),
    "mean of two": lambda x, out: fusion.mean([x, x + 1], scalers="minmax", out=out),
    "vstack": lambda x, out: fusion.vstack([x], out=out),
    "low_rank": lambda x, out: fusion.low_rank([x], [np.eye(x.shape[1])], out=out),
}


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("n", [8, 2000])
def test_beside_each_other(call: str, sides: str, n: int, rng: np.random.Generator) -> None:
    whole = rng.normal(size=(n, 6))
    x, out = SIDES[sides](whole)
    before = x.copy()
    expected = CALLS[call](before, None)
    assert CALLS[call](x, out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("call", CALLS)
def test_across_each_other(call: str, rng: np.random.Generator) -> None:
    whole = rng.normal(size=(9, 6))
    for x, out in ((whole[:, :3], whole[:, 1:4]), (whole[:8], whole[1:]), (whole, whole[::-1])):
        before = whole.copy()
        message = "share no memory with"
        with pytest.raises(ValueError, match=message):
            CALLS[call](x, out)
        np.testing.assert_array_equal(whole, before)


def test_what_takes_long_to_tell_is_shared() -> None:
    """Strides that make np.shares_memory search for long."""
    buffer = np.zeros(20_000_000, "u1")
    strides: Any = (191_999, 12_913, 13_131)
    shape: Any = (47, 53, 61)
    a = np.lib.stride_tricks.as_strided(buffer, shape, strides)
    b = np.lib.stride_tricks.as_strided(buffer[7:], shape, (192_001, 12_917, 13_127))
    assert np.may_share_memory(a, b)
    assert overlap(a, b)


@pytest.mark.parametrize("n", [4, 300])
def test_what_cannot_be_written_to_is_out(n: int) -> None:
    fixed = np.ones((n, 3))
    fixed.flags.writeable = False
    scaler = pp.StandardScaler().fit(fixed)
    for call in (pp.affine, pp.normalize, pp.standardize, scaler.transform):
        with pytest.raises(ValueError, match="out must be writeable"):
            call(fixed, out=fixed)  # type: ignore[operator]
    with pytest.raises(ValueError, match="out must be writeable"):
        fusion.sum([fixed, fixed], out=fixed)
