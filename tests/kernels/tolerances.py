"""How close a result must come to the reference: a property of a case, never of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Tolerance(Protocol):
    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        """Raise AssertionError unless `got` is close enough to `want`."""


@dataclass(frozen=True)
class Exact:
    """The same bits, the payload of a NaN apart and, unless `signed_zeros`, the sign of a zero."""

    signed_zeros: bool = True

    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        np.testing.assert_array_equal(got, want, strict=True)
        if got.dtype.kind == "f" and self.signed_zeros:
            number = ~np.isnan(want)
            np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(want[number]))


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
    """Each element within `n` roundings of the largest element of the array.

    For sums: their error is relative to the terms, which cancel. Sums in another order may turn
    an infinity into a NaN, so of those only the places must agree.
    """

    n: float

    def check(self, got: NDArray, want: NDArray, precision: np.dtype) -> None:
        largest = np.max(np.abs(want), initial=0.0, where=np.isfinite(want))
        _check(got, want, np.full(want.shape, self.n * np.finfo(precision).eps * largest))


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
