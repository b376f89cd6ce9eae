"""What a subclass, or an instance, changes is what it is without the patch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from own import (
    Alpha,
    Losses,
    Overridden,
    OwnNames,
    OwnScaler,
    Private,
    Renamed,
    Setting,
    Unready,
    outcomes,
)
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import (
    StandardScaler,
)

from polyfuse.sklearn import patch_sklearn, report


@pytest.mark.parametrize("cls", [Losses, Alpha, Setting, Unready, OwnNames, OwnScaler])
def test_subclasses_are_what_they_are_without_the_patch(
    cls: Any, data: Any, unpatched: None
) -> None:
    pandas = pytest.importorskip("pandas")
    X, y = data

    def result() -> Any:
        model = (
            cls() if cls is OwnScaler or issubclass(cls, StandardScaler) else cls(random_state=0)
        )
        model.fit(X, y)
        if hasattr(model, "coef_"):
            return model.coef_, vars(model).get("_features")
        try:
            frame = model.set_output(transform="pandas").transform(X)
        except ValueError as error:
            return str(error)
        assert isinstance(frame, pandas.DataFrame)
        return list(frame.columns)

    expected = result()
    patch_sklearn()
    np.testing.assert_equal(result(), expected)
    fast = {name for name, how in outcomes() if how == "accelerated"}
    assert fast == ({"StandardScaler.fit"} if cls is OwnNames else set())


def test_subclasses_that_change_what_is_called_run_on_scikit_learn(
    data: Any, patched: None
) -> None:
    X, y = data
    model = Overridden(random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        model.predict(X), 1 - SGDClassifier(random_state=0).fit(X, y).predict(X)
    )
    Private().fit(X)
    np.testing.assert_allclose(Renamed(2).fit(X).transform(X), X - 2 * X.mean(axis=0))
    reasons = {(c.name, c.reason) for c in report().calls if c.outcome == "fell back"}
    assert reasons == {
        ("MinMaxScaler.fit", "Private overrides _reset"),
        ("MinMaxScaler.partial_fit", "Private overrides _reset"),
    }
    assert ("SGDClassifier.decision_function", "accelerated") in outcomes()
    assert ("StandardScaler.fit", "accelerated") in outcomes()


def test_an_instance_that_was_given_a_method_is_asked_for_it(data: Any, patched: None) -> None:
    X, y = data
    model = SGDClassifier(random_state=0).fit(X, y)
    model.decision_function = lambda X: np.full(len(X), -1.0)
    assert not model.predict(X).any()
