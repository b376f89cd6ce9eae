"""Run scikit-learn's own tests under the patch of polyfuse.sklearn.

    python tools/run_sklearn_tests.py [--unpatched] [options and tests for pytest]

The tests are those of the installed scikit-learn. What is set aside stands, each with its reason,
in tools/sklearn_tests_aside.toml. The run fails if a test does, or if nothing was accelerated: then
it would prove nothing; with the newest release also if any call fell back on scikit-learn.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sklearn

from polyfuse.sklearn import Call, clear_report, patch_sklearn, report
from polyfuse.sklearn._releases import NEWEST, installed

MODULES = (
    "linear_model/tests/test_sgd.py",
    "linear_model/tests/test_perceptron.py",
    "preprocessing/tests/test_data.py",
    "preprocessing/tests/test_common.py",
    "metrics/tests/test_classification.py",
    "metrics/tests/test_regression.py",
    "metrics/tests/test_ranking.py",
    "metrics/tests/test_score_objects.py",
    "tests/test_pipeline.py",
    "model_selection/tests/test_search.py",
    "model_selection/tests/test_validation.py",
)
ASIDE = Path(__file__).with_name("sklearn_tests_aside.toml")


class Patched:
    """A plugin of pytest: the patch before tests are imported, and what came of it after each."""

    def __init__(self) -> None:
        self.aside: dict[str, str] = tomllib.loads(ASIDE.read_text())
        self.fell_back: list[tuple[str, Call]] = []
        self.counts = {"accelerated": 0, "fell back": 0, "raised": 0}

    def pytest_configure(self, config: Any) -> None:
        patch_sklearn()

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        left_out = [item for item in items if self._names(item) & self.aside.keys()]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        self.unknown = self.aside.keys() - {name for item in left_out for name in self._names(item)}

    @staticmethod
    def _names(item: Any) -> set[str]:
        file = item.path.name
        return {f"{file}::{item.originalname}", f"{file}::{item.name}"}

    def pytest_runtest_teardown(self, item: Any) -> None:
        seen = report()
        for how in self.counts:
            self.counts[how] += seen.count(how)
        for call in seen.calls:
            if call.outcome == "fell back":
                self.fell_back.append((f"{item.path.name}::{item.name}", call))
        clear_report()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for name, reason in self.aside.items():
            terminalreporter.write_line(f"set aside: {name}: {reason}")
        for test, call in self.fell_back:
            terminalreporter.write_line(f"fell back: {call.name} in {test}: {call.reason}")
        dense = sum(call.is_dense_numeric for _, call in self.fell_back)
        counts = ", ".join(f"{n:,} {how}" for how, n in self.counts.items())
        line = f"scikit-learn {sklearn.__version__}, calls: {counts}"
        terminalreporter.write_line(f"{line}; of those that fell back, {dense:,} on dense arrays")


def main(arguments: Sequence[str]) -> int:
    folder = Path(sklearn.__file__).parent
    plugins = [] if "--unpatched" in arguments else [Patched()]
    options = [option for option in arguments if option != "--unpatched"]
    named = any(".py" in option for option in options)
    files = [] if named else [str(folder / name) for name in MODULES if (folder / name).exists()]
    options = [str(folder / o) if ".py" in o else o for o in options]
    fixed = [
        "-p",
        "no:cacheprovider",
        "-q",
        "--rootdir",
        str(folder),
        "-c",
        "/dev/null",
        "--import-mode=append",
    ]
    status = int(pytest.main([*fixed, *options, *files], plugins=plugins))
    for patched in plugins:
        # Older releases have other tests, and take parameters that are gone.
        odd = (patched.fell_back or patched.unknown) if installed() >= NEWEST and not named else ()
        if status == 0 and (odd or not patched.counts["accelerated"]):
            print(f"failed: {odd or 'nothing was accelerated'}")
            return 1
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
