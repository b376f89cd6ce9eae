"""MM-SHAP: against Shapley values of single features, by their definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import _mm_shap
from polyfuse.inspection import mm_shap

EARLY = ("concatenate", "sum", "mean", "weighted_sum", "weighted_mean")


@pytest.fixture(params=[2, 3], ids=["two classes", "three classes"])
def data(request, rng, monkeypatch):
    monkeypatch.setattr(_mm_shap, "_HELD", 8 * 50)
    y = np.arange(60) % request.param
    blocks = {
        "a": rng.normal(3.0, 2.0, size=(60, 2)) + y[:, None],
        "b": rng.normal(size=(60, 2)).astype(np.float32),
        "c": rng.integers(0, 5, (60, 2)),
    }
    return blocks, y


def fitted(fusion, blocks, y, scaler="standard"):
    weights = {"a": 3.0, "b": 1.0, "c": 2.0} if "weighted" in fusion else None
    return pf.FusionClassifier(fusion, weights=weights, scaler=scaler).fit(blocks, y)


def shapley(model, blocks, row):
    """Shapley values of each feature of a row, of every output, by all orders of features."""
    features = [(name, j) for name, x in blocks.items() for j in range(x.shape[1])]

    def value(known):
        mixed = {name: np.array(x, np.float64) for name, x in blocks.items()}
        for name, j in known:
            mixed[name][:, j] = blocks[name][row, j]
        return np.reshape(model.decision_function(mixed).mean(axis=0), -1)

    values = {known: value(known) for size in range(len(features) + 1)
              for known in itertools.combinations(features, size)}  # fmt: skip
    n, phi = len(features), {feature: 0.0 for feature in features}
    for known, before in values.items():
        for feature in set(features) - set(known):
            after = values[tuple(sorted((*known, feature), key=features.index))]
            chance = math.factorial(len(known)) * math.factorial(n - len(known) - 1)
            phi[feature] += chance / math.factorial(n) * (after - before)
    return phi


@pytest.mark.parametrize("fusion", EARLY)
@pytest.mark.parametrize("target", ["predicted", "all"])
def test_shapley_values_of_features(fusion, target, data):
    blocks, y = data
    model = fitted(fusion, blocks, y)
    phi = shapley(model, blocks, 7)
    output = (
        slice(None) if target == "all" or len(model.classes_) == 2 else model.predict(blocks)[7]
    )
    sizes = [sum(np.sum(np.abs(p[output])) for (own, _), p in phi.items() if own == name)
             for name in blocks]  # fmt: skip
    result = mm_shap(model, blocks, target=target)
    np.testing.assert_allclose(result.per_row[7], np.array(sizes) / sum(sizes), rtol=1e-4)


MIXED = {"a": None, "b": "minmax", "c": "standard"}


@pytest.mark.parametrize("scaler", ["minmax", "maxabs", "robust", None, MIXED])
def test_scalers(scaler, data):
    blocks, y = data
    model = fitted("concatenate", blocks, y, scaler)
    scaled = {
        name: x if model.scalers_[name] is None else model.scalers_[name].transform(x)
        for name, x in blocks.items()
    }
    sizes = np.stack([
        np.abs((x - x.mean(axis=0))[:, None] * model.coef_[name]).sum(axis=(1, 2))
        for name, x in scaled.items()
    ], axis=1)  # fmt: skip
    result = mm_shap(model, blocks, target="all")
    np.testing.assert_allclose(result.per_row, sizes / sizes.sum(axis=1, keepdims=True), rtol=1e-4)


def test_means_and_their_intervals(data, rng):
    blocks, y = data
    result = mm_shap(fitted("concatenate", blocks, y), blocks, confidence_level=0.9)
    np.testing.assert_allclose(result.per_row.sum(axis=1), 1.0)
    np.testing.assert_allclose(result.share, result.per_row.mean(axis=0))
    drawn = result.per_row[rng.integers(0, 60, (4000, 60))].mean(axis=1)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    width = high - low
    assert (np.abs(result.low - low) < 0.1 * width).all()
    assert (np.abs(result.high - high) < 0.1 * width).all()
    assert result.modalities == ("a", "b", "c")


def test_nothing_moves_a_constant_row(data):
    blocks, y = data
    one = {name: x[:1] for name, x in blocks.items()}
    result = mm_shap(fitted("concatenate", blocks, y), one)
    np.testing.assert_allclose(result.per_row, [[1 / 3] * 3])
    np.testing.assert_allclose(result.low, result.high)


def test_a_modality_that_is_missing_has_no_share(data):
    blocks, y = data
    model = fitted("concatenate", blocks, y)
    holed = {**blocks, "b": blocks["b"].copy()}
    holed["b"][::4] = np.nan
    sizes = np.zeros((60, 3))
    for m, (name, x) in enumerate(holed.items()):
        rows = ~np.isnan(x).all(axis=1)
        moved = np.abs(x[rows] - x[rows].mean(axis=0)) / model.scalers_[name].scale_
        sizes[rows, m] = moved @ np.abs(model.coef_[name]).sum(axis=0)
    result = mm_shap(model, holed, target="all")
    np.testing.assert_allclose(result.per_row, sizes / sizes.sum(axis=1, keepdims=True), rtol=1e-5)
    assert (result.per_row[::4, 1] == 0.0).all()


def test_what_is_wrong_is_said(data):
    blocks, y = data
    model = fitted("concatenate", blocks, y)
    with pytest.raises(
        TypeError, match="must be a fitted FusionClassifier or .*; got ModalityScores"
    ):
        mm_shap(model.modality_scores(blocks), blocks)
    with pytest.raises(ValueError, match="not fitted"):
        mm_shap(pf.FusionClassifier(), blocks)
    late = pf.FusionClassifier("mean", level="late").fit(blocks, y)
    with pytest.raises(ValueError, match="probabilities of level='late' are not"):
        mm_shap(late, blocks)
    with pytest.raises(ValueError, match="fusion must be one of .*; got 'maximum'"):
        mm_shap(fitted("maximum", blocks, y), blocks)
    with pytest.raises(ValueError, match="target must be one of 'predicted', 'all'; got 'true'"):
        mm_shap(model, blocks, target="true")
    with pytest.raises(ValueError, match="at least one row; got none"):
        mm_shap(model, {name: x[:0] for name, x in blocks.items()})
    blocks["b"][3, 1] = np.nan
    with pytest.raises(ValueError, match=r"blocks\['b'\] contains NaN"):
        mm_shap(model, blocks, target="all")


def test_a_single_row_has_no_interval(rng):
    x, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    model = pf.FusionClassifier().fit({"a": x, "b": -x}, y)
    found = mm_shap(model, {"a": x[:1], "b": x[:1]})
    assert np.isnan([found.low, found.high]).all()
    np.testing.assert_array_equal(found.share, [0.5, 0.5])
