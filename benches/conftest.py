"""Options, data and threads of a run: ``pytest benches --benchmark-only [--quick]``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
import pytest
import threadpoolctl

import polyfuse
from polyfuse import _kernels

from . import peers
from .contest import Budget, Race

FULL = Budget(seconds=0.1, rounds=3, slow_rounds=2)
QUICK = Budget(seconds=0.02, rounds=2, slow_rounds=1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="a twentieth of the rows: only to see that all runs"
    )


def pytest_report_header() -> str:
    threads = ", ".join(f"{name} {n}" for name, n in settings()["threads"].items())
    return f"benches: threads: {threads}; level: {settings()['level']}"


def settings() -> dict[str, Any]:
    """What a number depends on, besides the hardware."""
    pools = threadpoolctl.threadpool_info()
    blas = [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]
    backend = next(n for n in _kernels.available() if _kernels.load(n) is _kernels.select())
    return {
        "backend": backend,
        "level": _kernels.isa_level() or "none",
        "cores": len(os.sched_getaffinity(0)),
        "threads": {
            "polyfuse": _kernels.num_threads(),
            "Numba": numba.get_num_threads(),
            "BLAS": max(blas, default=1),
            **peers.threads(),
        },
        "versions": {
            "polyfuse": polyfuse.__version__,
            **{name: version(name) for name in ("numpy", "scikit-learn", "numba")},
            **peers.versions(),
        },
        "huge_pages": huge_pages(),
    }


def huge_pages() -> str:
    """Whether the kernel gives huge pages: "always", "madvise" or "never"."""
    path = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return path.read_text().partition("[")[2].partition("]")[0] if path.exists() else "unknown"


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict) -> None:
    machine_info.pop("node", None)
    machine_info["benches"] = {**settings(), "quick": config.getoption("--quick")}


@pytest.fixture(scope="module")
def data(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The data of a :class:`Spec`, kept while consecutive tests ask for the same."""
    quick = request.config.getoption("--quick")
    return request.param.divided(20 if quick else 1).make()


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """First answer to each work of a file."""
    return {}


@pytest.fixture
def race(request: pytest.FixtureRequest, benchmark: Any, answers: dict[str, Any]) -> Race:
    """Measures one contestant: ``race(work, peer, data)``."""
    family = request.module.__name__.rpartition("bench_")[2]
    quick = request.config.getoption("--quick")
    return Race(family, benchmark, QUICK if quick else FULL, answers)
