"""Metadata routing: weights reach our estimators inside scikit-learn's, by its own rules."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn import preprocessing as sk
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from polyfuse import linear_model
from polyfuse import preprocessing as ours

RNG = np.random.default_rng(0)
X, Y, WEIGHT = RNG.normal(3, 2, (60, 3)), RNG.normal(size=60), RNG.uniform(0, 2, 60)


@pytest.fixture
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_a_routed_pipeline() -> None:
    """The scaler of a pipeline is weighted if it asks to be, and only then."""
    for wanted in (True, False):
        pipes = [
            make_pipeline(
                module.StandardScaler().set_fit_request(sample_weight=wanted),
                Ridge().set_fit_request(sample_weight=True),
            ).fit(X, Y, sample_weight=WEIGHT)
            for module in (ours, sk)
        ]
        np.testing.assert_allclose(pipes[0][0].mean_, pipes[1][0].mean_)
        np.testing.assert_allclose(pipes[0].predict(X), pipes[1].predict(X))
        assert np.allclose(pipes[0][0].mean_, X.mean(axis=0)) != wanted


@pytest.mark.usefixtures("routing")
def test_a_routed_search_with_a_name_of_ones_own() -> None:
    found = []
    for module in (ours, sk):
        scaler = module.StandardScaler().set_fit_request(sample_weight="importance")
        search = GridSearchCV(make_pipeline(scaler, Ridge()), {"ridge__alpha": [0.1, 10.0]}, cv=3)
        found.append(search.fit(X, Y, importance=WEIGHT))
    np.testing.assert_allclose(*(each.best_estimator_[0].mean_ for each in found))
    np.testing.assert_allclose(*(each.cv_results_["mean_test_score"] for each in found))


@pytest.mark.usefixtures("routing")
def test_requests_are_scikit_learns() -> None:
    mine, theirs = ours.StandardScaler(), sk.StandardScaler()
    for scaler in (mine, theirs):
        assert scaler.set_fit_request(sample_weight=True) is scaler
        scaler.set_partial_fit_request(sample_weight=False)
    for twin in (mine, clone(mine), copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        for method in ("fit", "partial_fit"):
            a, b = (getattr(s.get_metadata_routing(), method).requests for s in (twin, theirs))
            assert a == b
    for request, error in (({"weight": True}, TypeError), ({"sample_weight": 3}, ValueError)):
        for scaler in (mine, theirs):
            with pytest.raises(error):
                scaler.set_fit_request(**request)
    assert mine.get_metadata_routing().fit.requests == {"sample_weight": True}
    with pytest.raises(ValueError, match="sample_weight.*not explicitly set"):
        make_pipeline(ours.StandardScaler(), Ridge()).fit(X, Y, sample_weight=WEIGHT)


def test_only_what_takes_metadata_requests_it() -> None:
    for name in ("set_fit_request", "set_partial_fit_request"):
        assert hasattr(ours.StandardScaler, name)
        assert not hasattr(ours.MinMaxScaler, name)
    assert hasattr(linear_model.GDClassifier(), "set_score_request")
    assert not hasattr(ours.MinMaxScaler(), "set_predict_request")
    for module in (ours, sk):
        with pytest.raises(RuntimeError, match="only available when metadata routing is enabled"):
            module.StandardScaler().set_fit_request(sample_weight=True)


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    script: Any = (
        "import sys, polyfuse.preprocessing as p; s = p.StandardScaler().fit([[1.0], [2.0]]);"
        "hasattr(s, 'set_fit_request'); s.transform([[1.0]]); sys.exit('sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
