"""Robustness curves: against the model asked again, and fusions without what is missing."""

from __future__ import annotations

import numpy as np
import pytest

import polyfuse as pf
from polyfuse.inspection import ModalityScores, drop_modality, robustness_curve


@pytest.fixture
def data(rng):
    y = np.arange(120) % 3
    blocks = {
        "a": rng.normal(size=(120, 4)) + y[:, None],
        "b": (rng.normal(size=(120, 2)) + 0.5 * y[:, None]).astype(np.float32),
        "c": rng.integers(0, 9, (120, 3)),
    }
    return blocks, y


def test_a_sum_has_means_in_place_of_parts(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    curve = robustness_curve(model, blocks, y, missing=[0, 0.5, 1], random_state=0)
    assert (curve.kind, curve.names, curve.metric) == (
        "missing",
        ("a", "b", "c", "all"),
        "accuracy",
    )
    assert (curve.scores[0] == model.score(blocks, y)).all()
    without = drop_modality(model, blocks, y).without
    assert curve.scores[2, :3].tolist() == [without[name] for name in "abc"]
    assert curve.scores[2, 0] < curve.scores[1, 0] < curve.scores[0, 0]


@pytest.mark.parametrize("rule", ["mean", "product", "maximum", "weighted_mean"])
def test_other_rules_leave_out_what_is_missing(rule, data):
    blocks, y = data
    weights = {"a": 2.0, "b": 1.0, "c": 1.0} if "weighted" in rule else None
    scores = pf.FusionClassifier(rule, level="late", weights=weights).fit(blocks, y)
    scores = scores.modality_scores(blocks)
    curve = robustness_curve(scores, y=y, missing=[1.0], random_state=0)
    for m, name in enumerate("abc"):
        rest = [other for other in "abc" if other != name]
        assert curve.scores[0, m] == np.mean(scores.predict(rest) == y)


def test_every_row_keeps_a_modality(rng):
    n = 200
    present = {"a": rng.random(n) < 0.5, "b": rng.random(n) < 0.5}
    scores = ModalityScores(
        {"a": np.ones((n, 1)), "b": np.ones((n, 1))}, rule="mean", classes=[0, 1],
        present=present, prior=[-1.0],
    )  # fmt: skip
    there = present["a"] | present["b"]
    curve = robustness_curve(scores, y=there.astype(int), missing=[0.0, 0.9, 1.0], random_state=1)
    assert (curve.repeats == 1.0).all()


def test_rates_are_of_rows_and_levels_are_nested(rng):
    n = 4000
    scores = ModalityScores(
        {"a": np.ones((n, 1)), "b": np.zeros((n, 1))}, rule="weighted_sum", weights=[1.0, 1.0],
        classes=[0, 1],
    )  # fmt: skip
    curve = robustness_curve(scores, y=np.ones(n), random_state=2, modalities=["a"])
    assert curve.names == ("a",)
    np.testing.assert_allclose(curve.levels, np.arange(10) / 10)
    np.testing.assert_allclose(curve.scores[:, 0], 1 - curve.levels, atol=0.02)
    assert (np.diff(curve.repeats, axis=1) <= 0).all()
    assert (curve.low <= curve.scores).all()
    assert (curve.scores <= curve.high).all()


def test_noise_is_that_of_the_features(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    curve = robustness_curve(model, blocks, y, noise=[0, 2.0], n_repeats=2, random_state=5)
    assert curve.scores.shape == (2, 4)
    assert curve.repeats.shape == (2, 2, 4)
    assert (curve.scores[0] == model.score(blocks, y)).all()
    state = np.random.RandomState(5)
    for repeat in curve.repeats:
        moved = {}
        for name, x in blocks.items():
            noise = state.standard_normal(x.shape) * x.std(axis=0, dtype=np.float64)
            moved[name] = x + 2 * (noise.astype(x.dtype) if x.dtype.kind == "f" else noise)
        for m, name in enumerate("abc"):
            assert repeat[1, m] == model.score({**blocks, name: moved[name]}, y)
        assert repeat[1, 3] == model.score(moved, y)


def test_noise_takes_early_folds_and_lists(rng):
    y = np.arange(40) % 2
    blocks = [rng.normal(size=(40, 3)) + y[:, None], rng.normal(size=(40, 3))]
    model = pf.FusionClassifier("mean").fit(blocks, y)
    curve = robustness_curve(model, blocks, y, noise=[0.0], modalities="1", n_repeats=1)
    assert curve.names == ("1",)
    assert curve.scores[0, 0] == model.score(blocks, y)


def test_noise_takes_one_matrix_and_leaves_alone_what_is_missing(rng):
    class Model:
        def predict(self, X):
            assert isinstance(X, np.ndarray)
            assert (np.isnan(X) == np.isnan(x)).all()
            return X[:, 0] > 0

    x = rng.normal(size=(400, 2)).astype(np.float32)
    x[::4] = np.nan
    y = x[:, 0] > 0
    curve = robustness_curve(Model(), x, y, noise=[0, 1, 3], random_state=0)
    assert curve.names == ("X",)
    assert curve.scores[0, 0] == 1.0 > curve.scores[1, 0] > curve.scores[2, 0] > 0.5


def test_numbers_and_their_metric(rng):
    scores = ModalityScores(rng.normal(size=(2, 50, 1)))
    y = scores.fused()[:, 0]
    curve = robustness_curve(scores, y=y, metric=pf.metrics.r2_score, missing=[0, 0.5])
    np.testing.assert_allclose(curve.scores[0], 1.0)
    assert (curve.scores[1] < 1.0).all()
    assert curve.metric == "r2_score"


def test_one_seed_one_curve(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    first, second, other = (
        robustness_curve(model, blocks, y, missing=[0.5], random_state=seed).repeats
        for seed in (0, 0, np.random.default_rng(3))
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_what_is_wrong_is_said(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    wrong = {
        "missing must have levels.*between 0 and 1; got 1.5": {"missing": [0, 1.5]},
        "noise must have levels that are not negative; got -1": {"noise": [-1]},
        "missing must have levels.* got none": {"missing": []},
        "missing and noise must not both": {"missing": [0], "noise": [0]},
        r"modalities must be some of \['a', 'b', 'c'\]; got \['d'\]": {"modalities": ["d"]},
        "n_repeats must be an integer of at least 1; got 0": {"n_repeats": 0},
    }
    for message, options in wrong.items():
        with pytest.raises(ValueError, match=message):
            robustness_curve(model, blocks, y, **options)
    with pytest.raises(ValueError, match="one entry per row; got 5"):
        robustness_curve(model, blocks, y[:5])
    with pytest.raises(TypeError, match="y must be given"):
        robustness_curve(model, blocks)
    with pytest.raises(TypeError, match="for noise, which is added to blocks; got ModalityScores"):
        robustness_curve(model.modality_scores(blocks), y=y, noise=[1])
