"""Bad input, what ours does not take, and what is told of both."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import numpy as np
import pytest
from own import Private
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier, SGDOneClassSVM
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    StandardScaler,
    scale,
)

from polyfuse.exceptions import NotAcceleratedError
from polyfuse.sklearn import clear_report, patch_sklearn, report, unpatch_sklearn


@pytest.mark.parametrize(
    "call",
    [
        lambda X, y: StandardScaler().transform(X),
        lambda X, y: StandardScaler(with_mean=1).fit(X),
        lambda X, y: StandardScaler().fit(X[0]),
        lambda X, y: MinMaxScaler((1, 0)).fit(X),
        lambda X, y: StandardScaler().fit(X).transform(X[:, :2]),
        lambda X, y: SGDClassifier(alpha=-1.0).fit(X, y),
        lambda X, y: SGDClassifier(loss="none").fit(X, y),
        lambda X, y: SGDClassifier().fit(np.full_like(X, np.nan), y),
        lambda X, y: SGDClassifier().fit(X, y[:-1]),
        lambda X, y: accuracy_score(y, y[:-1]),
        lambda X, y: f1_score(y, X[:, 0]),
        lambda X, y: f1_score(y, y, average="none"),
        lambda X, y: f1_score(y, y, wrong=1),
        lambda X, y: scale(X, axis=7),
    ],
)
def test_bad_input_is_told_in_scikit_learns_words(
    call: Callable[..., Any], data: Any, unpatched: None
) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011
        call(*data)
    patch_sklearn(strict=True)
    with pytest.raises(expected.type) as found:
        call(*data)
    assert type(found.value) is expected.type
    assert str(found.value) == str(expected.value)
    assert found.value.__context__ is None or expected.value.__context__ is not None
    assert report().calls[-1].outcome == "raised"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_ours_does_not_take_is_computed_by_scikit_learn(data: Any, unpatched: None) -> None:
    X, _ = data
    with config_context(assume_finite=True):
        X[0, 0] = np.inf
        expected = Normalizer("max").fit(X).transform(X)
        patch_sklearn()
        np.testing.assert_array_equal(Normalizer("max").fit(X).transform(X), expected)
        assert report().calls[-1].outcome == "fell back"
        assert report().calls[-1].reason.startswith("ValueError: Input X contains infinity")
        assert report().calls[-1].is_dense_numeric
        patch_sklearn(strict=True)
        with pytest.raises(NotAcceleratedError, match="Normalizer.fit cannot be accelerated: Val"):
            Normalizer("max").fit(X)


DISPATCH = """
import numpy as np
from sklearn import config_context
from sklearn.preprocessing import StandardScaler
from polyfuse.sklearn import patch_sklearn, report

class Other(np.ndarray):
    "An array of another library, as far as anyone can tell."

patch_sklearn()
X = np.eye(3)
with config_context(array_api_dispatch=True):
    StandardScaler().fit(X)
    StandardScaler().fit(X.view(Other))
print([call.reason for call in report().calls if call.name == "StandardScaler.fit"])
"""


def test_arrays_for_dispatch_are_left_to_scikit_learn() -> None:
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", DISPATCH], capture_output=True, text=True,
                          check=True, env=environment)  # fmt: skip
    assert done.stdout == "['', 'array_api_dispatch=True, and an argument is of __main__']\n"


def test_parameters_that_polyfuse_does_not_know_are_an_obstacle(
    data: Any, unpatched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(self: Any, *, copy: bool = True, clip: bool = False, new: int = 3) -> None:
        self.copy, self.clip, self.new = copy, clip, new

    monkeypatch.setattr(MaxAbsScaler, "__init__", init)
    patch_sklearn()
    MaxAbsScaler().fit(data[0])
    assert report().calls[-1].outcome == "accelerated"
    MaxAbsScaler(new=4).fit(data[0])
    assert report().calls[-1].reason == "the parameter new is not known to polyfuse"
    unpatch_sklearn()


def test_what_only_ours_takes_is_refused(data: Any, patched: None) -> None:
    X, y = data
    for X_of_blocks in ({"a": X, "b": X}, [X, X]):
        with pytest.raises((ValueError, TypeError)):
            SGDClassifier().fit(X_of_blocks, y)
    with pytest.raises(ValueError, match="multinomial"):
        SGDClassifier("multinomial").fit(X, y)
    with pytest.raises(TypeError, match="callback"):
        SGDClassifier().fit(X, y, callback=print)
    with pytest.raises(TypeError, match="out"):
        StandardScaler().fit(X).transform(X, out=X)


def test_a_warning_that_is_an_error_is_no_reason_to_learn_again(data: Any, unpatched: None) -> None:
    X, y = data

    def learned() -> Any:
        model = SGDClassifier(random_state=0, max_iter=2, warm_start=True)
        for _ in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                with pytest.raises(ConvergenceWarning):
                    model.fit(X, y)
        return model.coef_

    expected = learned()
    patch_sklearn()
    np.testing.assert_array_equal(learned(), expected)


def test_warnings_come_from_scikit_learn(data: Any, patched: None) -> None:
    X, y = data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="sklearn")
        SGDClassifier(max_iter=1).fit(X, y)
        f1_score([1, 1], [0, 0])
    assert report().count("accelerated") == 2


@pytest.mark.parametrize("cls", [SGDClassifier, SGDOneClassSVM])
@pytest.mark.parametrize("learning_rate", ["constant", "optimal"])
def test_generators_are_left_where_scikit_learn_leaves_them(
    cls: Any, learning_rate: str, data: Any, unpatched: None
) -> None:
    X, y = data

    def drawn() -> tuple[float, float]:
        """Numbers that follow a fit that overflows, or not."""
        np.random.seed(5)  # noqa: NPY002 (what SGDOneClassSVM draws from)
        generator = np.random.RandomState(7)
        model = cls(random_state=generator, learning_rate=learning_rate, eta0=1e3, max_iter=9)
        with suppress(ValueError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X * 1e200, y)
        return generator.random_sample(), float(np.random.random_sample())  # noqa: NPY002

    expected = drawn()
    patch_sklearn()
    assert drawn() == expected


def test_the_report_is_a_table_and_counts_all_calls(data: Any, patched: None) -> None:
    X, y = data
    threads = [Thread(target=lambda: [accuracy_score(y, y) for _ in range(4000)])
               for _ in range(4)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Private().fit(X)
    with pytest.raises(ValueError, match="inconsistent"):
        accuracy_score(y, y[:3])
    seen = report()
    assert len(seen.calls) == 10_000  # the latest
    assert seen.totals["accuracy_score", "accelerated", ""][0] == 16_000
    assert seen.totals["accuracy_score", "accelerated", ""][1] > 0.0
    assert seen.calls[-1].shape == (200,)
    assert seen.calls[-1].outcome == "raised"
    assert seen.count("fell back") == 2  # fit, which calls partial_fit
    lines = str(seen).splitlines()
    assert lines[0].split() == ["outcome", "calls", "seconds", "reason"]
    assert [line.split()[:3] for line in lines[1:2]] == [["MinMaxScaler.fit", "fell", "back"]]
    assert lines[-1] == "16,000 accelerated, 2 fell back, 1 raised"
    clear_report()
    assert str(report()) == "No call of what is patched."


def test_the_log_tells_of_fallback(
    data: Any, patched: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="polyfuse"):
        StandardScaler().fit(data[0])
        Private().fit(data[0])
    assert [record.getMessage().rpartition(",")[0] for record in caplog.records] == [
        "MinMaxScaler.partial_fit: fell back (Private overrides _reset)",
        "MinMaxScaler.fit: fell back (Private overrides _reset)",
    ]
