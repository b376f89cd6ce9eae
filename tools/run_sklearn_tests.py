"""Run scikit-learn's own tests with what polyfuse offers in the place of its own.

    python tools/run_sklearn_tests.py {sgd,metrics} [pytest options, but not -n]

The public module of scikit-learn gets our classes or functions before its test modules are
imported, so that what they import, subclass and clone is ours. Tests of what is private to
scikit-learn are left out, each with its reason.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from polyfuse import linear_model, metrics


class Suite(NamedTuple):
    """Whose names are replaced by whose, the test modules, and tests left out, with the reason.

    A test is named as pytest does, with its parameters to leave out one case, else without.
    """

    theirs: str
    ours: ModuleType
    names: tuple[str, ...]
    modules: tuple[str, ...]
    left_out: dict[str, str]


SUITES = {
    "sgd": Suite(
        "sklearn.linear_model",
        linear_model,
        ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron"),
        ("test_sgd.py", "test_perceptron.py"),
        {
            "test_validation_mask_correctly_subsets": (
                "patches the private _ValidationScoreCallback of scikit-learn's module, which is "
                "not called"
            ),
        },
    ),
    "metrics": Suite(
        "sklearn.metrics",
        metrics,
        tuple(metrics.__all__),
        ("test_classification.py", "test_ranking.py", "test_regression.py"),
        {},
    ),
}


class InPlace:
    """A plugin of pytest: our names in scikit-learn's module, and the tests left out."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite

    def pytest_configure(self, config: Any) -> None:
        module = import_module(self.suite.theirs)
        for name in self.suite.names:
            if hasattr(module, name):
                setattr(module, name, getattr(self.suite.ours, name))

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        left_out = [item for item in items if self._names(item) & self.suite.left_out.keys()]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    @staticmethod
    def _names(item: Any) -> set[str]:
        return {item.originalname, item.name}


def main(which: str, arguments: Sequence[str]) -> int:
    suite = SUITES[which]
    folder = Path(str(import_module(suite.theirs).__file__)).parent / "tests"
    for name, reason in suite.left_out.items():
        print(f"left out: {name}: {reason}")
    options = ["-p", "no:cacheprovider", "-q", "--rootdir", str(folder), "-c", "/dev/null"]
    files = [str(folder / name) for name in suite.modules]
    return int(pytest.main([*options, *arguments, *files], plugins=[InPlace(suite)]))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in SUITES:
        raise SystemExit(__doc__)
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
