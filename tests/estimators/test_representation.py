"""What notebooks show of estimators, alone and inside scikit-learn's."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import polyfuse as pf
from polyfuse.fusion import Fusion
from polyfuse.linear_model import SGDClassifier, SGDSweep
from polyfuse.preprocessing import RobustScaler, StandardScaler

X = np.random.default_rng(0).standard_normal((40, 3))
Y = (X[:, 0] > 0).astype(int)


def row(name: str, value: str) -> str:
    return f'<td class="param">{name}</td>\n            <td class="value">{value}</td>'


@pytest.mark.parametrize(
    ("estimator", "name", "value"),
    [
        (StandardScaler(with_std=False), "with_std", "False"),
        (SGDClassifier(alpha=0.125, scaler="standard"), "alpha", "0.125"),
        (SGDClassifier(scaler=StandardScaler()), "scaler", "StandardScaler()"),
        (Fusion(projection=PCA(2)), "op", "&#x27;concatenate&#x27;"),
        (pf.FusionClassifier(C=3.5), "C", "3.5"),
        (SGDSweep(SGDClassifier(), {"alpha": [0.5]}), "grid", "{&#x27;alpha&#x27;: [0.5]}"),
    ],
    ids=repr,
)
def test_parameters_are_shown_fitted_or_not(estimator: Any, name: str, value: str) -> None:
    for each in (estimator, estimator.fit(X, Y)):
        shown = each._repr_html_()
        assert shown == each._repr_mimebundle_()["text/html"] or "sk-container-id" in shown
        assert row(name, value) in shown
    assert "<span>Fitted</span>" in shown
    assert repr(estimator) == estimator._repr_mimebundle_()["text/plain"]


def test_inside_scikit_learn() -> None:
    pipe = make_pipeline(RobustScaler(unit_variance=True), SGDClassifier(eta0=0.375))
    search = GridSearchCV(pipe, {"sgdclassifier__alpha": [1e-4]}, cv=2)
    for outer in (pipe, search.fit(X, Y)):
        shown = estimator_html_repr(outer)
        assert row("unit_variance", "True") in shown
        assert row("eta0", "0.375") in shown
        assert "RobustScaler" in shown


def test_fitted_attributes_are_shown() -> None:
    shown = StandardScaler().fit(X)._repr_html_()
    assert "mean_" in shown
    assert "n_samples_seen_" in shown


def test_text_where_that_is_chosen() -> None:
    with sklearn.config_context(display="text"):
        assert not hasattr(StandardScaler(), "_repr_html_")
        assert StandardScaler()._repr_mimebundle_() == {"text/plain": "StandardScaler()"}


WITHOUT = """
import sys
sys.modules["sklearn"] = None
from polyfuse.preprocessing import StandardScaler
assert not hasattr(StandardScaler(), "_repr_html_")
assert StandardScaler()._repr_mimebundle_() == {"text/plain": "StandardScaler()"}
"""
UNASKED = """
import sys
import polyfuse as pf
scaler = pf.preprocessing.StandardScaler().fit([[1.0], [2.0]])
repr(scaler), pf.FusionClassifier()
assert "sklearn" not in sys.modules
assert "<style>" in scaler._repr_html_()
"""


@pytest.mark.parametrize("code", [WITHOUT, UNASKED])
def test_scikit_learn_is_optional(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
