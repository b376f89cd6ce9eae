"""Run scikit-learn's own tests of SGD and of the perceptron with polyfuse's classes in their place.

    python tools/run_sklearn_sgd_tests.py [pytest options, but not -n]

``sklearn.linear_model`` gets our classes before the test modules are imported, so that what they
import, subclass and clone is ours. Tests of what is private to scikit-learn are left out, each
with its reason.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sklearn.linear_model

from polyfuse import linear_model

CLASSES = ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron")
MODULES = ("test_sgd.py", "test_perceptron.py")

# Tests by name, as pytest gives it without parameters, and why they are left out.
EXCEPTIONS = {
    "test_validation_mask_correctly_subsets": (
        "patches the private _ValidationScoreCallback of scikit-learn's module, which is not called"
    ),
}


class InPlace:
    """A plugin of pytest: our classes in scikit-learn's module, and the exceptions left out."""

    def pytest_configure(self, config: Any) -> None:
        for name in CLASSES:
            setattr(sklearn.linear_model, name, getattr(linear_model, name))

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        left_out = [item for item in items if item.originalname in EXCEPTIONS]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.originalname not in EXCEPTIONS]


def main(arguments: Sequence[str]) -> int:
    folder = Path(sklearn.linear_model.__file__).parent / "tests"
    for name, reason in EXCEPTIONS.items():
        print(f"left out: {name}: {reason}")
    options = ["-p", "no:cacheprovider", "-q", "--rootdir", str(folder), "-c", "/dev/null"]
    return int(pytest.main([*options, *arguments, *(str(folder / name) for name in MODULES)],
                           plugins=[InPlace()]))  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
