"""The examples of the docstrings."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable

import pytest

import polyfuse as pf

# Importing __main__ runs the program; the compiled module has no examples.
MODULES = [
    info.name
    for info in pkgutil.walk_packages(pf.__path__, "polyfuse.")
    if not info.name.endswith(("__main__", "_core"))
]

SGD = ("SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron")
METHODS = (
    "fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "decision_function",
    "score", "score_samples", "fit_predict",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_the_public_names_have_docstrings() -> None:
    for module in (
        "encoders", "fusion", "linear_model", "metrics", "persistence", "preprocessing",
        "inspection", "plotting",
    ):  # fmt: skip
        for name in getattr(pf, module).__all__:
            assert getattr(getattr(pf, module), name).__doc__, f"{module}.{name}"


@pytest.mark.parametrize("name", [*SGD, "GDClassifier", "GDRegressor"])
def test_the_defaults_are_those_of_the_signature(name: str) -> None:
    cls = getattr(pf.linear_model, name)
    listed = re.findall(r"^    (\w+) : .*default=(.+)$", cls.__doc__, re.MULTILINE)
    documented = {parameter: ast.literal_eval(default) for parameter, default in listed}
    own = inspect.signature(cls).parameters
    assert documented == {parameter: own[parameter].default for parameter in own}


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(getattr(cls, method), id=f"{cls.__name__}-{method}")
        for cls in (getattr(pf.linear_model, name) for name in SGD)
        for method in METHODS
        if hasattr(cls, method)
    ],
)
def test_methods_list_their_parameters_and_what_they_return(function: Callable) -> None:
    assert _section(function, "Returns")
    lines = re.findall(r"^([\w*, ]+?)(?: :.*)?$", _section(function, "Parameters"), re.MULTILINE)
    names = {each.strip(" *") for line in lines for each in line.split(",")}
    wanted = set(inspect.signature(function).parameters) - {"self"}
    assert wanted <= names


def _section(function: Callable, title: str) -> str:
    text = inspect.cleandoc(function.__doc__ or "")
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""
