"""RobustScaler over chunks: what it has learned is looked up when somebody asks."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.utils.validation import check_is_fitted

from polyfuse._sketch import QuantileSketch
from polyfuse.preprocessing import RobustScaler

X = np.random.default_rng(0).normal(3, 2, (40, 3))
LEARNED = ("center_", "scale_", "rank_error_")


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per time that the quantiles of a summary were put in order."""
    found: list[int] = []
    quantiles = QuantileSketch.quantiles

    def counted(self: QuantileSketch, fractions: Any) -> Any:
        found.append(1)
        return quantiles(self, fractions)

    monkeypatch.setattr(QuantileSketch, "quantiles", counted)
    return found


def test_once_for_any_number_of_chunks(looked_up: list[int]) -> None:
    scaler = RobustScaler()
    for chunk in np.split(X, 10):
        scaler.partial_fit(chunk)
    scaler.merge(RobustScaler().partial_fit(X))
    assert not looked_up
    check_is_fitted(scaler)
    twin = pickle.loads(pickle.dumps(scaler))
    np.testing.assert_array_equal(scaler.center_, np.median(X, axis=0))
    scaler.transform(X), scaler.scale_, scaler.rank_error_, scaler.inverse_transform(X)
    assert len(looked_up) == 1
    for name in LEARNED:
        np.testing.assert_array_equal(getattr(twin, name), getattr(scaler, name))
    scaler.partial_fit(X[:5])
    assert not set(LEARNED) & set(vars(scaler))
    assert (scaler.center_ != twin.center_).any()


def test_what_was_not_learned_is_not_there() -> None:
    scaler = RobustScaler()
    for name in LEARNED:
        with pytest.raises(AttributeError, match=f"'RobustScaler' object has no attribute '{name}"):
            getattr(scaler, name)
    assert set(LEARNED) <= set(vars(scaler.fit(X)))
    scaler.center_ = np.zeros(3)  # as users set attributes of fitted scalers
    np.testing.assert_array_equal(scaler.transform(X), X / scaler.scale_)


def test_parameters_are_those_of_the_last_call() -> None:
    scaler = RobustScaler().partial_fit(X)
    expected = RobustScaler().fit(X).scale_
    scaler.set_params(quantile_range=(10.0, 90.0), with_centering=False)
    np.testing.assert_array_equal(scaler.scale_, expected)
    assert scaler.center_ is not None
    scaler.partial_fit(X)
    whole = RobustScaler(quantile_range=(10.0, 90.0)).fit(np.vstack([X, X]))
    np.testing.assert_allclose(scaler.scale_, whole.scale_)
    assert scaler.center_ is None


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"quantile_range": (90, 10)}, "Invalid quantile range: "),
        ({"quantile_range": [10, 90]}, "must be an instance of 'tuple'"),
        ({"unit_variance": 1}, "'unit_variance' parameter of RobustScaler must be"),
    ],
)
def test_parameters_are_checked_in_every_call(options: dict[str, Any], error: str) -> None:
    scaler, other = RobustScaler().partial_fit(X), RobustScaler(**options)
    other.__dict__.update({**vars(RobustScaler().partial_fit(X)), **options})
    before = pickle.dumps(scaler.set_params(**options))
    for call, given in ((scaler.partial_fit, X), (scaler.merge, other)):
        with pytest.raises(ValueError, match=error):
            call(given)
    assert pickle.dumps(scaler) == before


def test_a_shallow_copy_does_not_learn() -> None:
    scaler = RobustScaler().partial_fit(X)
    twin = copy.copy(scaler)
    scaler.partial_fit(X * 100)
    np.testing.assert_array_equal(twin.center_, np.median(X, axis=0))
    assert vars(copy.copy(RobustScaler(copy=False))) == vars(RobustScaler(copy=False))
