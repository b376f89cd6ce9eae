"""Every case on every implementation, in every result dtype, against the reference."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse._kernels import reference
from polyfuse._kernels.contract import Kernels

from .case import Call, Case
from .cases import CASES
from .conftest import IMPLEMENTATIONS

CALLS = [
    pytest.param(case, dtype, id=f"{case.id}-{dtype.name}")
    for case in CASES
    for dtype in case.dtypes
]
JUDGED = [name for name in IMPLEMENTATIONS if name != reference.name] or IMPLEMENTATIONS


@lru_cache(maxsize=1)  # all implementations of a case come one after the other
def prepared(case: Case, dtype: np.dtype) -> tuple[Call, int, tuple[NDArray, ...]]:
    call = case.call(dtype)
    return call, call.inputs(), call.run(getattr(reference, case.kernel))


@pytest.mark.parametrize("implementation", JUDGED, indirect=True)
@pytest.mark.parametrize(("case", "dtype"), CALLS)
def test_agrees_with_the_reference(case: Case, dtype: np.dtype, implementation: Kernels) -> None:
    call, inputs, expected = prepared(case, dtype)
    case.check(call.run(getattr(implementation, case.kernel)), expected, dtype)
    assert call.inputs() == inputs, "a kernel must leave its inputs alone"
