"""Installing without a working compiler: it succeeds, says so, and everything works."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

needs_backend = pytest.mark.skipif(
    importlib.util.find_spec("scikit_build_core") is None,
    reason="scikit-build-core is not installed",
)


def build(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "POLYFUSE_REQUIRE_NATIVE"}
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation",
         "-Cbuild-dir=" + str(folder / "build"), "-w", folder, ROOT],
        capture_output=True, text=True, env={**environment, **env}, check=False,
    )  # fmt: skip


@needs_backend
def test_a_broken_compiler_gives_a_working_install_that_says_so(tmp_path: Path) -> None:
    built = build(tmp_path, CXX="/nonexistent/c++")
    assert built.returncode == 0, built.stderr
    assert "polyfuse was built WITHOUT its C++ kernels" in built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-none-any.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import polyfuse as pf
    blocks, y = pf.datasets.load_emoji(return_blocks_y=True)
    model = pf.FusionClassifier(max_iter=20).fit(blocks, y)
assert model.score(blocks, y) > 0.8
assert any("without its C++ kernels" in str(w.message) for w in caught), caught
assert "native" not in pf._kernels.available()
pf.show_config()
"""
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert "built without the C++ kernels" in run.stdout


@needs_backend
def test_a_release_build_refuses_to_fall_back(tmp_path: Path) -> None:
    built = build(tmp_path, CXX="/nonexistent/c++", POLYFUSE_REQUIRE_NATIVE="1")
    assert built.returncode != 0
    assert not list(tmp_path.glob("*.whl"))
