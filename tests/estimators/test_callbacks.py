"""scikit-learn's callbacks on our StandardScaler, as on its own."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as Theirs

from polyfuse.preprocessing import MinMaxScaler, StandardScaler

RNG = np.random.default_rng(0)
X, Y, WEIGHT = RNG.normal(3, 2, (60, 3)), RNG.normal(size=60), RNG.uniform(0, 2, 60)


class Recorder:
    """Writes down what it is told."""

    max_propagation_depth = None

    def __init__(self) -> None:
        self.events: list[Any] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.events.append(("setup", context.estimator_name, context.task_name))

    def teardown(self, estimator: Any, context: Any) -> None:
        self.events.append(("teardown", context.estimator_name, context.task_name))

    def on_fit_task_begin(self, estimator: Any, context: Any, *, X: Any, y: Any, metadata: Any):  # type: ignore[no-untyped-def]
        path = (context.source_estimator_name, context.source_task_name, context.task_id)
        weighed = (metadata or {}).get("sample_weight") is not None
        self.events.append(("begin", context.estimator_name, path, np.shape(X), weighed))

    def on_fit_task_end(self, estimator: Any, context: Any, *, X: Any, fitted_estimator: Any):  # type: ignore[no-untyped-def]
        made = None
        if hasattr(fitted_estimator, "mean_") and hasattr(fitted_estimator, "transform"):
            made = np.round(fitted_estimator.transform(X).sum(), 6)
        self.events.append(("end", context.estimator_name, context.task_name, made))


class Local(Recorder):
    """One that is not propagated."""

    max_propagation_depth = property()  # type: ignore[assignment]

    def __getattribute__(self, name: str) -> Any:
        if name == "max_propagation_depth":
            raise AttributeError(name)
        return super().__getattribute__(name)


def events(build: Any, run: Any) -> list[Any]:
    """What a callback of an estimator built with our scaler is told, checked against theirs."""
    told = []
    for scaler in (StandardScaler, Theirs):
        recorder = Recorder()
        run(build(scaler).set_callbacks(recorder))
        told.append(recorder.events)
    assert told[0] == told[1]
    return told[0]


def fit(estimator: Any) -> Any:
    return estimator.fit(X, Y)


def test_alone() -> None:
    names = [each[0] for each in events(lambda scaler: scaler(), fit)]
    assert names == ["setup", "begin", "end", "teardown"]
    events(lambda scaler: scaler(), lambda each: each.fit(X, Y, sample_weight=WEIGHT))
    events(lambda scaler: scaler(), lambda each: each.partial_fit(X[:9]).partial_fit(X[9:]))
    events(lambda scaler: scaler(), lambda each: each.fit_transform(X))
    events(lambda s: s(with_mean=False), lambda each: each.fit(sparse.csr_array(X)))


def test_propagated() -> None:
    told = events(lambda scaler: make_pipeline(scaler(), Theirs()), fit)
    assert ("begin", "StandardScaler") in [each[:2] for each in told]
    events(lambda scaler: make_pipeline(make_pipeline(scaler(), scaler()), Theirs()), fit)


@pytest.mark.filterwarnings("ignore:The estimator Ridge does not support callbacks")
def test_propagated_by_a_search() -> None:
    def search(scaler: Any) -> Any:
        return GridSearchCV(make_pipeline(scaler(), Ridge()), {"ridge__alpha": [0.1, 1.0]}, cv=3)

    told = events(search, fit)
    assert len([each for each in told if each[:2] == ("begin", "StandardScaler")]) == 7


def test_only_what_propagates_does() -> None:
    assert not hasattr(Local(), "max_propagation_depth")
    for scaler in (StandardScaler(), Theirs()):
        local, outer = Local(), Recorder()
        make_pipeline(scaler.set_callbacks(local), Theirs()).set_callbacks(outer).fit(X)
        assert [each[0] for each in local.events] == ["setup", "begin", "end", "teardown"]
        assert scaler._skl_callbacks == [local]
        assert not hasattr(scaler, "_parent_callback_ctx")


def test_copies_keep_them_and_fits_leave_nothing() -> None:
    scaler = StandardScaler().set_callbacks(Recorder()).fit(X)
    assert clone(scaler)._skl_callbacks is scaler._skl_callbacks
    kept = {"_skl_callbacks", *vars(StandardScaler().fit(X))}
    assert set(vars(scaler)) == kept
    assert len(pickle.loads(pickle.dumps(scaler))._skl_callbacks[0].events) == 4
    assert "_skl_callbacks" not in vars(copy.copy(scaler).set_callbacks())
    assert not hasattr(scaler.to_sklearn(), "_skl_callbacks")


def test_teardown_after_errors() -> None:
    for scaler in (StandardScaler(), Theirs()):
        recorder = Recorder()
        scaler.set_callbacks(recorder)
        with pytest.raises(ValueError, match="infinity"):
            scaler.fit(np.full_like(X, np.inf))
        assert "end" not in [each[0] for each in recorder.events]
        assert not hasattr(scaler, "_callback_fit_ctx")


def test_what_is_no_callback() -> None:
    for wrong in (Recorder, print, None):
        with pytest.raises(TypeError, match="must be instances following the FitCallback protocol"):
            StandardScaler().set_callbacks(wrong)
    assert not hasattr(MinMaxScaler(), "set_callbacks")


OLDER = """
import sys
sys.modules["sklearn.callback"] = None
from polyfuse.preprocessing import StandardScaler
StandardScaler().fit([[1.0], [2.0]])
try:
    StandardScaler().set_callbacks()
except ImportError as error:
    print(error)
"""


def test_older_versions() -> None:
    run = subprocess.run([sys.executable, "-c", OLDER], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("set_callbacks needs scikit-learn 1.9 or newer: pip install")


def result(scaler: Any) -> NDArray:
    return scaler.fit(X, sample_weight=WEIGHT).transform(X)


def test_results_are_the_same() -> None:
    expected = result(StandardScaler())
    np.testing.assert_array_equal(result(StandardScaler().set_callbacks(Recorder())), expected)
