"""``python -m polyfuse.sklearn`` runs a program as ``python`` would, and on polyfuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from sklearn.metrics import accuracy_score
print(__name__, sys.argv[1:], sys.path[0] == {folder!r}, accuracy_score([0, 1], [0, 0]))
sys.exit(int(sys.argv[-1]))
"""


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "polyfuse.sklearn", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.format(folder=str(tmp_path)))
    return path


def test_a_script_with_its_arguments_and_status(script: Path) -> None:
    done = run("--report", str(script), "--", "--strict", "3")
    assert done.stdout == "__main__ ['--', '--strict', '3'] True 0.5\n"
    assert done.returncode == 3
    assert "1 accelerated, 0 fell back, 0 raised" in done.stderr


def test_a_module(script: Path) -> None:
    done = run("-m", "program", "-x", "0", cwd=script.parent)
    assert done.stdout.startswith("__main__ ['-x', '0']")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.py"], "there is no file none.py"),
        (["-m", "no.such"], "there is no module no.such that could be run"),
        (["-m"], "which script, or which module after -m, is to be run?"),
        ([], "which script, or which module after -m, is to be run?"),
    ],
)
def test_what_is_not_there_is_one_line(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    usage, line = done.stderr.splitlines()
    assert usage.startswith("usage: python -m polyfuse.sklearn [--strict]")
    assert line.endswith(f"error: {said}")


LIKE_PYTHON = """
import atexit, os, pickle, sys
class K: pass
def later():
    print(type(pickle.loads(pickle.dumps(K()))) is K, os.path.exists(__file__))
atexit.register(later)
os.chdir("/")
print(__name__, __package__, __spec__ and __spec__.name, os.path.isabs(__file__), sys.argv[0])
print(sys.modules["__main__"].K is K, os.path.isabs(sys.path[0]), "__pycache__" in os.listdir(
    os.path.dirname(__file__)))
sys.exit(4)
"""


@pytest.mark.parametrize("how", [["tool.py"], ["-m", "tool"], ["-m", "package"]])
def test_the_program_cannot_tell(how: list[str], tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    for place in ("tool.py", "package/__main__.py"):
        (tmp_path / place).write_text(LIKE_PYTHON)
    (tmp_path / "package" / "__init__.py").write_text("")
    plain = [sys.executable, *how]
    expected = subprocess.run(plain, capture_output=True, text=True, cwd=tmp_path, check=False)
    found = run(*how, cwd=tmp_path)
    assert found.stdout == expected.stdout
    assert found.returncode == expected.returncode == 4


def test_a_folder_is_run_as_python_runs_it(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import sys; print(__name__, sys.argv[1:])")
    assert run(str(tmp_path), "x").stdout == "__main__ ['x']\n"


def test_a_strict_run_stops_where_scikit_learn_would_run(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        "from sklearn.preprocessing import StandardScaler\n"
        "class Own(StandardScaler):\n"
        "    def _reset(self): super()._reset()\n"
        "Own().fit([[1.0]])\n"
    )
    assert run(str(path)).returncode == 0
    done = run("--strict", str(path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("Own overrides _reset")


def test_import_alone_loads_nothing_of_scikit_learn() -> None:
    code = "import sys, polyfuse.sklearn as s; s.report(); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
