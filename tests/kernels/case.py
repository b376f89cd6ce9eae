"""A case of the contract: what to call, with what, and how close the answer must be.

A case draws its arguments from a seed. Outputs are filled with rubbish before every run: an
element that is never written shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from polyfuse._kernels.contract import CHAIN, PART, PENALTIES, RESULT_DTYPES

from .tolerances import Tolerance


@dataclass
class Call:
    """The arguments of one call, and those of them that it writes."""

    arguments: tuple[Any, ...]
    outputs: tuple[NDArray, ...]

    def __post_init__(self) -> None:
        self._before = [out.copy() for out in self.outputs]

    def run(self, kernel: Callable[..., Any]) -> tuple[NDArray, ...]:
        """Everything that the call writes or returns; the outputs start as they were drawn."""
        for out, before in zip(self.outputs, self._before, strict=True):
            out[...] = before
        returned = kernel(*self.arguments)
        written = specified(self.outputs)
        return written if returned is None else (*written, np.asarray(returned, np.float64))

    def inputs(self) -> int:
        """A checksum of the arrays that the call must leave alone."""
        found = 0
        for array in _arrays_in(self.arguments):
            if not any(np.may_share_memory(array, out) for out in self.outputs):
                found = crc32(np.ascontiguousarray(array), found)
        return found


@dataclass(frozen=True)
class Case:
    """One call of one kernel in one or two result dtypes.

    A tuple of tolerances has one for each output.
    """

    id: str
    kernel: str
    make: Callable[[np.random.Generator, np.dtype], Call]
    tolerance: Tolerance | tuple[Tolerance, ...]
    dtypes: tuple[np.dtype, ...] = RESULT_DTYPES

    def call(self, dtype: np.dtype) -> Call:
        return self.make(np.random.default_rng(crc32(self.id.encode())), dtype)

    def check(self, found: Sequence[NDArray], expected: Sequence[NDArray], dtype: np.dtype) -> None:
        one = self.tolerance
        tolerances = one if isinstance(one, tuple) else repeat(one, len(expected))
        for tolerance, got, want in zip(tolerances, found, expected, strict=True):
            tolerance.check(got, want, dtype)


def _arrays_in(value: Any) -> Iterator[NDArray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _arrays_in(item)


def specified(outputs: Sequence[NDArray]) -> tuple[NDArray, ...]:
    """Copies, with zeros for what the contract leaves open: norms of chains that nobody reads."""
    copies = tuple(out.copy() for out in outputs)
    chains = next((out for out in copies if out.dtype == CHAIN), None)
    if chains is not None:
        truncates = np.isin(
            chains["penalty"], [PENALTIES.index("l1"), PENALTIES.index("elasticnet")]
        )
        for out in copies:
            if out.dtype in (CHAIN, PART) and len(out):
                out["sq_norm"][chains["objective"] == 0] = 0.0
                out["l1_norm"][(chains["objective"] == 0) | ~truncates] = 0.0
    return copies


def rubbish(shape: int | tuple[int, ...], dtype: Any = np.float64) -> NDArray:
    return np.full(shape, -77, dtype)


def frozen(*arrays: NDArray) -> tuple[NDArray, ...]:
    for array in arrays:
        array.flags.writeable = False
    return arrays
