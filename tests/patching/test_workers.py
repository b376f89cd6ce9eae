"""Processes that scikit-learn's joblib starts are patched as this one is."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pytest
from own import PrivateSGD
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score

from polyfuse.exceptions import NotAcceleratedError
from polyfuse.sklearn import patch_sklearn, report, unpatch_sklearn


def test_workers_are_patched_and_strict_if_we_are(data: Any, unpatched: None) -> None:
    X, y = data
    search = GridSearchCV(
        PrivateSGD(random_state=0), {"alpha": [1e-4, 1e-3]}, n_jobs=2, error_score="raise"
    )
    expected = search.fit(X, y).best_score_
    patch_sklearn()
    assert search.fit(X, y).best_score_ == expected
    patch_sklearn(strict=True)
    with pytest.raises(NotAcceleratedError, match="PrivateSGD overrides _get_l1_ratio"):
        search.fit(X, y)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_backends_of_joblib(backend: str, data: Any, unpatched: None) -> None:
    X, y = data
    model = SGDClassifier(random_state=0)
    expected = cross_val_score(model, X, y, scoring="f1")
    patch_sklearn(strict=True)
    with joblib.parallel_config(backend):
        assert (cross_val_score(model, X, y, scoring="f1", n_jobs=2) == expected).all()


def test_workers_are_unpatched_when_we_are(data: Any, unpatched: None) -> None:
    X, y = data
    patch_sklearn(strict=True)
    cross_val_score(SGDClassifier(), X, y, n_jobs=2)
    unpatch_sklearn()
    cross_val_score(PrivateSGD(), X, y, n_jobs=2, error_score="raise")


def test_a_scorer_sent_to_a_worker_is_accelerated_there(data: Any, unpatched: None) -> None:
    X, y = data
    patch_sklearn(["f1_score"], strict=True)
    scoring = make_scorer(_f1_that_must_be_ours)
    assert np.isfinite(cross_val_score(SGDClassifier(), X, y, scoring=scoring, n_jobs=2)).all()


def _f1_that_must_be_ours(y_true: Any, y_pred: Any) -> float:
    calls = len(report().calls)
    score = float(f1_score(y_true, y_pred))
    assert report().calls[calls:][-1].outcome == "accelerated"
    return score
