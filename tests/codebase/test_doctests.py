"""The examples of the docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import polyfuse as pf

# Importing __main__ runs the program; the compiled module has no examples.
MODULES = [
    info.name
    for info in pkgutil.walk_packages(pf.__path__, "polyfuse.")
    if not info.name.endswith(("__main__", "_core"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_the_public_names_have_docstrings() -> None:
    for module in ("fusion", "linear_model", "metrics", "preprocessing", "inspection", "plotting"):
        for name in getattr(pf, module).__all__:
            assert getattr(getattr(pf, module), name).__doc__, f"{module}.{name}"
