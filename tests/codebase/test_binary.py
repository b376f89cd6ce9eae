"""The compiled module: what each level exports, its stub, and what a fork does."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from polyfuse import _kernels

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("-std=c++20", "-O3", "-fPIC", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")

needs_native = pytest.mark.skipif(
    "native" not in _kernels.available(), reason="the C++ kernels are not built"
)


def built() -> Path | None:
    """The object of a level as it was built, if that was after the last change of a source."""
    objects = ROOT.glob("build/*/CMakeFiles/level_avx2.dir/cpp/isa/level.cpp.o")
    changed = max(path.stat().st_mtime for path in (ROOT / "cpp").rglob("*.?pp"))
    return next((path for path in objects if path.stat().st_mtime > changed), None)


def compiled(target: Path) -> Path:
    subprocess.run(
        ["g++", *FLAGS, "-march=x86-64-v3", "-Wno-psabi", "-DPOLYFUSE_LEVEL=avx2", "-Icpp", "-c",
         "cpp/isa/level.cpp", "-o", target],
        cwd=ROOT, check=True,
    )  # fmt: skip
    return target


@pytest.mark.skipif(shutil.which("g++") is None or shutil.which("nm") is None, reason="needs g++")
def test_a_level_exports_its_table_and_nothing_else(tmp_path: Path) -> None:
    """A weak symbol would let the linker put one level's code in place of another's."""
    target = built() or compiled(tmp_path / "level.o")
    listing = subprocess.run(
        ["nm", "-C", target], capture_output=True, text=True, check=True
    ).stdout
    symbols = re.findall(r"^[0-9a-f]* +([A-Zuvw]) (.+)$", listing, re.MULTILINE)
    exported = {name for kind, name in symbols if kind != "U"}
    assert exported == {"polyfuse::avx2::table"}


@needs_native
def test_the_contract_is_what_the_module_offers() -> None:
    from polyfuse._kernels import contract

    specified = {
        name: list(inspect.signature(function).parameters)[1:]
        for part in contract.Kernels.__mro__
        for name, function in vars(part).items()
        if part is not Protocol and inspect.isfunction(function) and not name.startswith("_")
    }
    stub = (ROOT / "python" / "polyfuse" / "_core.pyi").read_text()
    for name, parameters in specified.items():
        declared = re.search(rf"def {name}\((.*?)\) ->", stub, re.DOTALL)
        assert declared, name
        assert re.findall(r"(\w+):", declared.group(1)) == parameters, name


@needs_native
def test_a_forked_child_does_not_hang() -> None:
    code = """
import os, numpy as np, polyfuse as pf
x = np.ones((400_000, 8))
pf.fusion.mean([x, x])
child = os.fork()
if child == 0:
    os._exit(0 if (pf.fusion.mean([x, x]) == 1.0).all() and pf._kernels.num_threads() == 1 else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@needs_native
@pytest.mark.parametrize("level", ["baseline", "avx2"])
def test_the_environment_caps_the_level(level: str) -> None:
    if level not in _kernels.isa_levels():
        pytest.skip(f"this CPU cannot run {level}")
    code = "import polyfuse as pf; pf.show_config()"
    env = {**os.environ, "POLYFUSE_ISA": level}
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    ).stdout
    assert f"isa:      {level}" in shown


@needs_native
def test_a_wrong_level_is_said() -> None:
    env = {**os.environ, "POLYFUSE_ISA": "avx1024"}
    code = "import polyfuse as pf; pf.fusion.mean([[[1.0]]])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert run.returncode != 0
    assert "POLYFUSE_ISA must be one of baseline, avx2, avx512; got 'avx1024'" in run.stderr


@needs_native
def test_wrong_calls_of_the_module_are_exceptions() -> None:
    import numpy as np

    from polyfuse._kernels.contract import Block, Rows

    core = _kernels.load("native")
    x, one = np.ones((3, 2)), np.ones(1)
    rows = Rows((Block(x),), "concatenate", one, np.dtype("f8"))
    bad = [
        lambda: core.fuse(rows, np.empty((2, 2))),
        lambda: core.fuse(rows, np.empty((3, 2), "f4")),
        lambda: core.fuse(rows._replace(op="nonsense"), np.empty((3, 2))),
        lambda: core.fuse(rows._replace(blocks=()), np.empty((3, 2))),
        lambda: core.fuse(rows._replace(blocks=(Block(x[0]),)), np.empty((3, 2))),
        lambda: core.fuse(rows._replace(weights=np.ones(2)), np.empty((3, 2))),
        lambda: core.fuse((1, 2), np.empty((3, 2))),  # type: ignore[arg-type]
        lambda: core.linear_scores(rows, np.ones((1, 3)), one, np.empty((3, 1))),
        lambda: core.confusion(np.zeros(3, int), np.zeros(2, int), None, np.zeros((2, 2), int)),
        lambda: core.column_moments(x, 0, np.zeros(2, int), np.zeros(2), np.zeros(2)),
        lambda: core.column_moments(x, 1, np.zeros(4, int)[::2], np.zeros(2), np.zeros(2)),
        lambda: core.column_moments(x, 1, np.zeros(2, int)[::-1], np.zeros(2), np.zeros(2)),
        lambda: core.column_moments(x, 1, np.zeros(2, int), np.zeros(2)[::-1], np.zeros(2)),
        lambda: core.fuse(rows._replace(dtype=np.float64), np.empty((3, 2))),
        lambda: core.fuse(rows._replace(blocks=(Block(x, 3),)), np.empty((3, 2))),  # type: ignore[arg-type]
        lambda: core.descend(
            rows, np.array([3]), 1, np.ones((3, 1)), None, "squared_error", one, 0.0, 0.0,
            False, np.ones((1, 2)), one, np.zeros((0, 0)), True,
        ),
        lambda: core.descend(
            rows, np.array([0]), 1, np.ones((3, 1)), None, "squared_error", one, 0.0, 0.9,
            False, np.ones((1, 2)), one, np.zeros((1, 2)), True,
        ),
        lambda: core.loss_gradient(
            rows, np.full((3, 1), 9.0), None, np.ones((2, 2)), np.ones(2), "multinomial",
            np.ones((2, 2)), np.ones(2),
        ),
        lambda: core.gradient_sums(
            rows, 32, np.ones((3, 1)), None, np.ones((1, 2)), one, "squared_error",
            np.zeros((16, 4)),
        ),
        lambda: core.gradient_sums(
            rows, 64, np.ones((3, 1)), None, np.ones((1, 2)), one, "squared_error",
            np.zeros((15, 4)),
        ),
    ]  # fmt: skip
    for call in bad:
        with pytest.raises((ValueError, TypeError)):
            call()
