"""Every kernel family has a bench, and the script that writes docs/benchmarks.md can count."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHES = ROOT / "benches"


def stems() -> list[str]:
    """Kernel families: what has both a kernel and a binding of one name."""
    kernels = {path.stem for path in (ROOT / "cpp" / "kernels").glob("*.hpp")}
    return sorted(kernels & {path.stem for path in (ROOT / "cpp" / "bindings").glob("*.cpp")})


@pytest.fixture(scope="module")
def report() -> ModuleType:
    """benches/report.py, which is a script and no part of the package."""
    spec = importlib.util.spec_from_file_location("report", BENCHES / "report.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["report"] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules["report"]


def bench(family: str, work: str, peer: str, median: float, moved: int, bound: str) -> dict:
    info = {"family": family, "work": work, "data": "9 x 9", "peer": peer, "bytes": moved}
    return {"stats": {"median": median}, "extra_info": {**info, "bound": bound}}


@pytest.fixture
def run() -> dict[str, Any]:
    """A run of pytest-benchmark as far as the report reads it."""
    return {
        "machine_info": {
            "node": "secret-host",
            "python_version": "3.11.4",
            "cpu": {"brand_raw": "Abacus 3"},
            "benches": {
                "backend": "native",
                "level": "avx2",
                "cores": 2,
                "threads": {"polyfuse": 2, "Numba": 2},
                "versions": {"polyfuse": "0.1.0"},
                "huge_pages": "madvise",
                "quick": False,
            },
        },
        "benchmarks": [
            bench("bandwidth", "read", "NumPy", 0.2, 10**9, "read"),
            bench("bandwidth", "read", "Numba", 0.1, 10**9, "read"),
            bench("bandwidth", "copy", "NumPy", 0.1, 2 * 10**9, "copy"),
            bench("fusion", "mean", "polyfuse", 0.02, 3 * 10**8, "copy"),
            bench("fusion", "mean", "NumPy", 0.01, 3 * 10**8, "copy"),
            bench("fusion", "tiny", "polyfuse", 2.5e-6, 4096, "copy"),
            bench("fusion", "tiny", "Numba", 1e-3, 4096, "copy"),
            bench("fusion", "mean", "Numba", 0.025, 3 * 10**8, "copy"),
            bench("pipeline", "fit", "polyfuse", 1.5, 0, "read"),
            bench("pipeline", "fit", "scikit-learn", 4.5, 0, "read"),
        ],
    }


@pytest.mark.parametrize("stem", [*stems(), "pipeline", "bandwidth"])
def test_every_kernel_family_has_a_bench(stem):
    assert (BENCHES / f"bench_{stem}.py").is_file()


def test_kernel_families_are_found():
    assert set(stems()) >= {"normalization", "fusion", "sgd", "confusion"}


def test_rows_are_works_and_columns_are_peers(report, run):
    page = report.document(run, "python benches/report.py")
    fusion = page.partition("## fusion\n\n")[2].partition("\n\n")[0]
    assert fusion.splitlines() == [
        "| work | data | polyfuse | GB/s | of bandwidth | vs NumPy | vs Numba |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        "| mean | 9 x 9 | 20.0 ms | 15.0 | 0.75 | 0.50 | 1.25 |",
        "| tiny | 9 x 9 | 2.50 µs | - | - | - | 400 |",
    ]
    assert "| fit | 9 x 9 | 1.50 s | - | - | 3.00 |" in page


def test_peers_stand_in_one_order_whatever_the_order_of_the_run(report, run):
    others = [peer for peer in reversed(report.PEERS) if peer != "NumPy, one call"]
    run["benchmarks"] = [
        bench("sgd", "fit", peer, 1.0, 0, "read") for peer in (*others, "polyfuse")
    ]
    columns = "".join(f" vs {peer} |" for peer in reversed(others))
    assert f"| of bandwidth |{columns}\n" in report.document(run, "python benches/report.py")


def test_bandwidth_is_the_best_measured(report, run):
    page = report.document(run, "python benches/report.py")
    assert "read **10.0 GB/s**, copy **20.0 GB/s**" in page
    assert "| read | 5.00 | 10.0 |" in page
    assert "| copy | 20.0 | - |" in page


def test_without_bandwidth_there_are_no_fractions(report, run):
    run["benchmarks"] = run["benchmarks"][3:]
    page = report.document(run, "python benches/report.py")
    assert "Not measured in this run." in page
    assert "| mean | 9 x 9 | 20.0 ms | 15.0 | - | 0.50 | 1.25 |" in page


def test_machine_is_told_without_names_of_hosts(report, run):
    page = report.document(run, "python benches/report.py --threads 1")
    assert "Processor: Abacus 3, 2 cores in use" in page
    assert "Threads: polyfuse 2, Numba 2" in page
    assert "Written by `python benches/report.py --threads 1`" in page
    assert "secret-host" not in page
    assert "quick run" not in page


def test_a_file_becomes_a_page(report, run, tmp_path):
    run["machine_info"]["benches"]["quick"] = True
    source, page = tmp_path / "run.json", tmp_path / "page.md"
    source.write_text(json.dumps(run))
    report.main(["--json", str(source), "--output", str(page)])
    assert "A quick run" in page.read_text()
