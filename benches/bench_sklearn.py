"""scikit-learn's own classes and functions under the patch, and as they are: whole calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from sklearn import linear_model, metrics, preprocessing
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from polyfuse.sklearn import patch_sklearn, unpatch_sklearn

from .contest import Matrices, Spec, Work, contests

SGD = linear_model.SGDClassifier(random_state=0, tol=None, max_iter=5)
SEARCH = GridSearchCV(
    make_pipeline(preprocessing.StandardScaler(), SGD),
    {"sgdclassifier__alpha": [1e-4, 1e-3, 1e-2]},
    cv=3,
    scoring="f1",
)


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    yield
    unpatch_sklearn()


def labels(data: Matrices) -> Any:
    return (data.x[:, 0] > data.x[:, 0].mean()).astype(int)


def work(name: str, prepare: Callable[[Any], Callable[[], Any]]) -> Work:
    """The same calls of scikit-learn, with and without the patch."""

    def patched(data: Any) -> Callable[[], Any]:
        patch_sklearn(strict=True)
        return prepare(data)

    return Work(name, 0, 0, {"polyfuse": patched, "scikit-learn": prepare})


def transform(data: Any) -> Callable[[], Any]:
    scaler = preprocessing.StandardScaler().fit(data.x)
    return lambda: scaler.transform(data.x)


def predict(data: Any) -> Callable[[], Any]:
    model = clone(SGD).fit(data.x, labels(data))
    return lambda: model.predict(data.x)


def accuracy(data: Any) -> Callable[[], Any]:
    true = labels(data)
    pred = np.roll(true, 1)
    return lambda: metrics.accuracy_score(true, pred)  # looked up in each call: it is exchanged


def search(data: Any) -> Callable[[], Any]:
    true = labels(data)
    return lambda: clone(SEARCH).fit(data.x, true).cv_results_["mean_test_score"]


SMALL = [
    work("StandardScaler.transform", transform),
    work("SGDClassifier.predict", predict),
    work("accuracy_score", accuracy),
]
LARGE = [*SMALL, work("GridSearchCV of scaler and SGD, 9 fits, scoring f1", search)]


@contests((SMALL, [Spec(32, 16, "float64")]), (LARGE, [Spec(200_000, 20, "float64")]))
def test_sklearn(race, data, work, peer):
    race(work, peer, data)
