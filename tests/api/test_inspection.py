"""Contributions and drop-one tests: against their definitions, on every additive fusion."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._held_scores import SUMS
from polyfuse._linear import probabilities
from polyfuse.inspection import ModalityScores, drop_modality, modality_contributions
from polyfuse.linear_model import SGDClassifier

WEIGHTS = {"a": 3.0, "b": 1.0, "c": 2.0}


@pytest.fixture(params=[2, 4], ids=["two classes", "four classes"])
def data(request, rng):
    y = np.arange(80) % request.param
    blocks = {
        name: (rng.normal(size=(80, width)) + strength * y[:, None]).astype(dtype)
        for name, width, strength, dtype in (
            ("a", 5, 0.8, np.float64), ("b", 3, 0.2, np.float32), ("c", 4, 0.0, np.float64),
        )
    }  # fmt: skip
    return blocks, y


def late(rule, blocks, y):
    weights = WEIGHTS if "weighted" in rule else None
    return pf.FusionClassifier(rule, level="late", weights=weights, calibrate=False).fit(blocks, y)


def shapley(value, players):
    """The Shapley values of a game, by their definition."""
    n = len(players)
    out = {}
    for player in players:
        others = [p for p in players if p != player]
        out[player] = sum(
            math.factorial(k) * math.factorial(n - k - 1) / math.factorial(n)
            * (value({*some, player}) - value(set(some)))
            for k in range(n)
            for some in itertools.combinations(others, k)
        )  # fmt: skip
    return out


def test_contributions_are_interventional_shapley_values(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    result = modality_contributions(model, blocks)
    row = 7

    def value(known):
        mixed = {
            name: np.repeat(x[row : row + 1], len(x), axis=0) if name in known else x
            for name, x in blocks.items()
        }
        return model.decision_function(mixed).mean(axis=0)

    phi = shapley(value, list(blocks))
    expected = [np.abs(phi[name]).mean() for name in blocks]
    np.testing.assert_allclose(result.per_row[row], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", SUMS)
def test_parts_of_a_late_fusion_add_up_to_its_scores(data, rule):
    blocks, y = data
    model = late(rule, blocks, y)
    result = modality_contributions(model, blocks)
    scores = model.modality_scores(blocks).fused()
    bound = np.abs(scores - scores.mean(axis=0)).mean(axis=1)
    assert (result.per_row.sum(axis=1) >= bound - 1e-6).all()
    silenced = {name: np.zeros_like(x) if name != "a" else x for name, x in blocks.items()}
    alone = modality_contributions(model, silenced)
    np.testing.assert_allclose(alone.share, [1.0, 0.0, 0.0], atol=1e-6)
    moved = model.modality_scores(silenced).fused()
    np.testing.assert_allclose(
        alone.per_row[:, 0], np.abs(moved - moved.mean(axis=0)).mean(axis=1), atol=1e-6
    )


def test_shares(data):
    blocks, y = data
    result = modality_contributions(pf.FusionClassifier().fit(blocks, y), blocks)
    assert result.modalities == ("a", "b", "c")
    assert result.per_row.shape == (80, 3)
    assert result.share.sum() == pytest.approx(1.0)
    assert result.share.argmax() == 0
    np.testing.assert_allclose(
        result.share, result.per_row.mean(axis=0) / result.per_row.mean(axis=0).sum()
    )


def test_nothing_moves_a_constant_row(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    one = {name: x[:1] for name, x in blocks.items()}
    np.testing.assert_allclose(modality_contributions(model, one).share, [1 / 3] * 3)


@pytest.mark.parametrize("rule", ["maximum", "minimum"])
def test_a_fusion_that_does_not_add_up_is_named(data, rule):
    blocks, y = data
    with pytest.raises(ValueError, match=f"additive model.*fusion='{rule}'"):
        modality_contributions(late(rule, blocks, y), blocks)


@pytest.mark.parametrize("function", [modality_contributions, drop_modality])
def test_an_early_fold_is_named(function, rng):
    blocks = {"a": rng.normal(size=(20, 3)), "b": rng.normal(size=(20, 3))}
    y = np.arange(20) % 2
    model = pf.FusionClassifier("mean").fit(blocks, y)
    arguments = (model, blocks) if function is modality_contributions else (model, blocks, y)
    with pytest.raises(ValueError, match="fusion='mean', level='early'"):
        function(*arguments)


def test_dropping_puts_means_in_place_of_columns(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    result = drop_modality(model, blocks, y)
    assert result.accuracy == model.score(blocks, y)
    for name, x in blocks.items():
        silent = {**blocks, name: np.repeat(x.mean(axis=0, keepdims=True), len(x), axis=0)}
        assert result.without[name] == model.score(silent, y)
    assert result.without["a"] < result.accuracy


@pytest.mark.parametrize("rule", [*SUMS, "maximum", "minimum"])
def test_dropping_from_a_late_fusion(data, rule):
    blocks, y = data
    model = late(rule, blocks, y)
    result = drop_modality(model, blocks, y)
    assert result.accuracy == pytest.approx(model.score(blocks, y))
    parts = dict(model.modality_scores(blocks))
    parts["b"] = np.tile(parts["b"].mean(axis=0), (80, 1))
    weights = WEIGHTS if "weighted" in rule else None
    fused = pf.fusion.fuse(parts, rule, weights=weights)
    assert result.without["b"] == pytest.approx((fused.argmax(axis=1) == y).mean())


def test_string_labels(data):
    blocks, y = data
    names = np.array(["ape", "bee", "cat", "dog"])[y]
    model = pf.FusionClassifier().fit(blocks, names)
    assert drop_modality(model, blocks, names).accuracy == model.score(blocks, names)


def test_wrong_input(data):
    blocks, y = data
    model = pf.FusionClassifier().fit(blocks, y)
    with pytest.raises(ValueError, match="y must have one entry per row; got 79"):
        drop_modality(model, blocks, y[:-1])
    with pytest.raises(TypeError, match="drop_modality needs y, the true labels"):
        drop_modality(model, blocks)
    with pytest.raises(ValueError, match="at least one row; got none"):
        modality_contributions(model, {name: x[:0] for name, x in blocks.items()})
    with pytest.raises(ValueError, match="not fitted"):
        modality_contributions(pf.FusionClassifier(), blocks)
    other = SGDClassifier(random_state=0, max_iter=2, tol=None).fit(blocks, y)
    for call in (modality_contributions, lambda model, x: drop_modality(model, x, y)):
        with pytest.raises(TypeError, match="must be a fitted Fusion.*; got SGDClassifier"):
            call(other, blocks)


def test_probabilities_are_what_late_models_share(data):
    blocks, y = data
    alone = pf.FusionClassifier().fit({"a": blocks["a"]}, y)
    scores = alone.decision_function({"a": blocks["a"]}).reshape(len(y), -1)
    shared = late("mean", blocks, y).modality_scores(blocks)["a"]
    np.testing.assert_allclose(probabilities(scores), shared, rtol=1e-12)


def test_shares_have_intervals_of_the_delta_method(rng):
    parts = {name: scale * rng.normal(size=(500, 3)) for name, scale in zip("ab", (1.0, 0.3))}
    result = modality_contributions(ModalityScores(parts), confidence_level=0.9)
    p = result.per_row
    influence = (p - result.share * p.sum(axis=1, keepdims=True)) / p.sum(axis=1).mean()
    half = 1.6448536 * influence.std(axis=0, ddof=1) / np.sqrt(500)
    np.testing.assert_allclose(result.low, result.share - half, rtol=1e-5)
    np.testing.assert_allclose(result.high, result.share + half, rtol=1e-5)


@pytest.mark.parametrize("rule", [*SUMS, "product", "geometric_mean"])
def test_contributions_of_modalities_that_are_missing(rule, rng, backend):
    parts = [rng.dirichlet(np.ones(3), 70) for _ in range(3)]
    masks = np.stack([rng.random(70) < 0.6, np.ones(70, bool), rng.random(70) < 0.6])
    weights = np.array([2.0, 1.0, 0.5]) if "weighted" in rule else None
    scores = ModalityScores(parts, rule=rule, weights=weights, present=list(masks))
    result = modality_contributions(scores)
    w = np.ones(3) if weights is None else weights
    for m, (x, there) in enumerate(zip(parts, masks)):
        x = np.log(x) if rule in ("product", "geometric_mean") else x
        size = w[m] * np.abs(x - x[there].mean(axis=0)).mean(axis=1) * there
        size /= (w[:, None] * masks).sum(axis=0) if "mean" in rule else 1.0
        np.testing.assert_allclose(result.per_row[:, m], size, atol=1e-12)


def test_contributions_need_finite_scores_and_logarithms():
    with pytest.raises(ValueError, match=r"scores\['b'\] must be finite.*got nan"):
        modality_contributions(ModalityScores({"a": [[1.0]], "b": [[np.nan]]}))
    with pytest.raises(ValueError, match=r"scores\['0'\] must be positive.*'product'"):
        modality_contributions(ModalityScores([[[0.0, 1.0]]], rule="product"))
    with pytest.raises(ValueError, match="confidence_level must be below 1; got 1"):
        modality_contributions(ModalityScores([[[1.0]]]), confidence_level=1)
