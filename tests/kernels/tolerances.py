"""How close a result must come to the reference: a property of a case, never of a test.

Structured arrays are compared field by field, each as an array of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Tolerance(Protocol):
    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        """Raise AssertionError unless `got` is close enough to `want`."""


def fields(array: NDArray) -> Iterator[NDArray]:
    """The fields of a structured array; of any other, itself."""
    names = array.dtype.names
    yield from (array[name] for name in names) if names else (array,)


def _pairs(got: NDArray, want: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    assert got.dtype == want.dtype
    return zip(fields(got), fields(want), strict=True)


@dataclass(frozen=True)
class Exact:
    """The same bits, the payload of a NaN apart and, unless `signed_zeros`, the sign of a zero."""

    signed_zeros: bool = True

    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        for a, b in _pairs(got, want):
            np.testing.assert_array_equal(a, b, strict=True)
            if a.dtype.kind == "f" and self.signed_zeros:
                number = ~np.isnan(b)
                np.testing.assert_array_equal(np.signbit(a[number]), np.signbit(b[number]))


@dataclass(frozen=True)
class Ulps:
    """Each element within `n` units in its last place, in the precision of the computation."""

    n: float

    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        with np.errstate(invalid="ignore"):  # the spacing at infinity is not looked at
            spacing = np.spacing(np.abs(want).astype(precision)).astype(np.float64)
        _check(got, want, self.n * spacing)


@dataclass(frozen=True)
class Close:
    """Each element within `n` roundings of the largest element of the array, or of `floor`.

    For sums: their error is relative to the terms, which cancel. Sums in another order may turn
    an infinity into a NaN, so of those only the places must agree.
    """

    n: float
    floor: float = 0.0

    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        for a, b in _pairs(got, want):
            largest = np.max(np.abs(b), initial=self.floor, where=np.isfinite(b))
            _check(a, b, np.full(b.shape, self.n * np.finfo(precision).eps * largest))


def _check(got: NDArray, want: NDArray, allowed: NDArray) -> None:
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    finite = np.isfinite(want)
    np.testing.assert_array_equal(np.isfinite(got), finite)
    excess = np.abs(got[finite] - want[finite]) - allowed[finite]
    if excess.size and excess.max() > 0.0:
        worst = np.argmax(excess)
        raise AssertionError(
            f"{np.count_nonzero(excess > 0.0)} of {want.size} elements differ too much: "
            f"{got[finite][worst]!r} should be within {allowed[finite][worst]:.3g} of "
            f"{want[finite][worst]!r}"
        )


EXACT = Exact()
EQUAL = Exact(signed_zeros=False)
