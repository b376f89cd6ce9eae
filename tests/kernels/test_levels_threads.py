"""The C++ kernels give the same bits at every level and on any number of threads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polyfuse import _kernels

from .case import Call, Case
from .cases import CASES, LARGE
from .tolerances import fields

pytestmark = pytest.mark.skipif(
    "native" not in _kernels.available(), reason="polyfuse._core is not built"
)


def digest(case: Case, call: Call) -> str:
    """Of the bits of everything a call writes or returns; a NaN is a NaN."""
    found = hashlib.blake2b()
    for written in call.run(getattr(_kernels.load("native"), case.kernel)):
        for array in fields(written):
            if array.dtype.kind == "f":
                array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
            found.update(array.tobytes())
    return found.hexdigest()


def digests_of_large_cases() -> dict[str, str]:
    return {case.id: digest(case, case.call(case.dtypes[0])) for case in LARGE}


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_levels_and_threads_agree(case: Case) -> None:
    control = pytest.importorskip("threadpoolctl")
    for dtype in case.dtypes:
        call, found = case.call(dtype), {}
        for level in _kernels.isa_levels():
            for n_threads in (1, 2, 3) if case in LARGE else (1, 2):
                threads = control.threadpool_limits(n_threads, user_api="openmp")
                with _kernels.use_level(level), threads:
                    found[level, n_threads] = digest(case, call)
        assert set(found.values()) == {found["baseline", 1]}, found


def test_threads_are_limited_as_users_expect() -> None:
    control = pytest.importorskip("threadpoolctl")
    for n_threads in (1, 2, 3):
        with control.threadpool_limits(n_threads, user_api="openmp"):
            assert _kernels.load("native").num_threads() == n_threads  # type: ignore[attr-defined]


def test_environment_variables_change_no_bit() -> None:
    script = (
        "import json, kernels.test_levels_threads as t; from polyfuse import _kernels as k;"
        "print(json.dumps([k.isa_level(), k.load('native').num_threads(),"
        " t.digests_of_large_cases()]))"
    )
    lowest = _kernels.isa_levels()[0]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    limits = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "POLYFUSE_ISA": lowest}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **limits},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [lowest, 1, digests_of_large_cases()]
