"""Models and data that another process has sent, which lie at odd addresses."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._alignment import aligned
from polyfuse.fusion import Fusion, fuse
from polyfuse.linear_model import GDClassifier, GDRegressor, SGDClassifier, SGDRegressor
from polyfuse.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6))
NUMBERS = X[:, 0] - X[:, 4]
LABELS = (NUMBERS > 0).astype(int)
WEIGHTS = RNG.random(60)
BLOCKS = {"a": X[:, :3], "b": X[:, 3:]}


def odd(x: np.ndarray) -> np.ndarray:
    """The same numbers, at an odd address."""
    raw = np.frombuffer(b"x" + np.ascontiguousarray(x).tobytes(), np.uint8)[1:]
    moved = raw.view(x.dtype).reshape(x.shape)
    assert not moved.flags.aligned
    return moved


def sent(model: Any) -> Any:
    """What a process receives, whose buffers all begin at odd addresses."""
    buffers: list[pickle.PickleBuffer] = []
    told = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    assert buffers
    moved = [memoryview(bytearray(b"x" + each.raw().tobytes()))[1:] for each in buffers]
    return pickle.loads(told, buffers=moved)


SCALERS = [StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler()]
LEARNERS = [
    SGDClassifier(loss="log_loss", random_state=0), SGDRegressor(random_state=0),
    GDClassifier(scaler="standard", random_state=0), GDRegressor(random_state=0),
]  # fmt: skip
FUSION_MODELS = [
    *(pf.FusionClassifier(level=level, scaler="standard") for level in ("early", "late", "hybrid")),
    pf.FusionRegressor(),
]


def targets(model: Any) -> np.ndarray:
    return LABELS if model._estimator_type == "classifier" else NUMBERS


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_a_scaler_that_was_sent_scales(scaler: Any) -> None:
    scaler.fit(X)
    np.testing.assert_array_equal(sent(scaler).transform(X), scaler.transform(X))


def test_moments_that_were_sent_go_on() -> None:
    whole = StandardScaler().fit(X, sample_weight=WEIGHTS)
    begun = sent(StandardScaler().fit(X[:20], sample_weight=WEIGHTS[:20]))
    begun.partial_fit(X[20:], sample_weight=WEIGHTS[20:])
    np.testing.assert_array_equal(begun.var_, whole.var_)
    np.testing.assert_array_equal(aligned(sent(whole._moments)).result(), whole._moments.result())


@pytest.mark.parametrize("model", LEARNERS, ids=str)
def test_a_linear_model_that_was_sent_predicts_and_goes_on(model: Any) -> None:
    model.fit(X, targets(model))
    copy = sent(model)
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    np.testing.assert_array_equal(
        copy.partial_fit(X, targets(model)).coef_, model.partial_fit(X, targets(model)).coef_
    )


@pytest.mark.parametrize("model", FUSION_MODELS, ids=str)
def test_a_fusion_model_that_was_sent_predicts(model: Any) -> None:
    model.fit(BLOCKS, targets(model))
    np.testing.assert_array_equal(sent(model).predict(BLOCKS), model.predict(BLOCKS))


def test_a_fusion_that_was_sent_fuses() -> None:
    fusion = Fusion("weighted_mean", weights=[0.2, 0.8], scaler="standard").fit(BLOCKS)
    np.testing.assert_array_equal(sent(fusion).transform(BLOCKS), fusion.transform(BLOCKS))


@pytest.mark.parametrize("model", [*LEARNERS, *FUSION_MODELS], ids=str)
def test_targets_and_weights_that_were_sent_are_learned_from(model: Any) -> None:
    blocks = isinstance(model, pf.FusionClassifier | pf.FusionRegressor)
    given = BLOCKS if blocks else X
    there = {name: odd(x) for name, x in BLOCKS.items()} if blocks else odd(X)
    y = targets(model)
    own = sent(model.fit(given, y, sample_weight=WEIGHTS)).predict(given)
    model.fit(there, odd(y), sample_weight=odd(WEIGHTS))
    np.testing.assert_array_equal(model.predict(given), own)


def test_weights_of_scalers_and_of_fusion_that_were_sent() -> None:
    a = StandardScaler().fit(X, sample_weight=WEIGHTS)
    b = StandardScaler().fit(odd(X), sample_weight=odd(WEIGHTS))
    np.testing.assert_array_equal(a.mean_, b.mean_)
    pair, shares = [X, X], np.array([0.2, 0.8])
    np.testing.assert_array_equal(
        fuse(pair, "weighted_mean", weights=odd(shares)),
        fuse(pair, "weighted_mean", weights=shares),
    )


def test_what_is_aligned_stays_what_it_is() -> None:
    nothing_odd = {"x": [X, (X, "text")], "y": None}
    assert aligned(nothing_odd) is nothing_odd
    own = aligned({"x": [odd(X), X]})
    assert own["x"][1] is X
    np.testing.assert_array_equal(own["x"][0], X)
