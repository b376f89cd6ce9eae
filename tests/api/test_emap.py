"""EMAP: against its definition, every row of a modality with every row of the others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._modality_scores import RULES
from polyfuse.inspection import ModalityScores, emap

ALWAYS = ("sum", "mean", "weighted_sum", "weighted_mean", "vote", "weighted_vote", "borda",
          "reciprocal_rank_fusion")  # fmt: skip
OTHERS = [rule for rule in RULES if rule not in ALWAYS]


def draw(rng, rule, n=6, m=3, masks=(), prior=None, width=3):
    parts = rng.dirichlet(np.ones(width), (m, n)).round(1)  # ties
    weights = np.arange(1.0, m + 1) if "weighted" in rule or rule == "geometric_mean" else None
    present = [rng.random(n) < 0.6 if i in masks else None for i in range(m)]
    return ModalityScores(
        list(parts), rule=rule, weights=weights, classes=list("xyz"), present=present, prior=prior,
        intercept=[0.5, 0.0, -0.5],
    )  # fmt: skip


def by_definition(scores):
    n, m = scores.shape[0], len(scores)
    rows = np.array(list(itertools.product(range(n), repeat=m)))
    masks = [np.ones(n, bool) if mask is None else mask for mask in scores.masks]
    weighs = "weighted" in scores.rule or scores.rule == "geometric_mean"
    every = ModalityScores(
        [x[i] for x, i in zip(scores.parts, rows.T, strict=True)], rule=scores.rule,
        weights=scores.weights if weighs else None, intercept=scores.intercept,
        present=[mask[i] for mask, i in zip(masks, rows.T, strict=True)], prior=scores.prior,
    ).fused()  # fmt: skip
    means = [[every[rows[:, k] == i].mean(axis=0) for i in range(n)] for k in range(m)]
    return np.sum(means, axis=0) - (m - 1) * every.mean(axis=0)


@pytest.mark.parametrize("rule", ALWAYS)
def test_additive_rules_are_their_own_projection(rule, rng):
    scores = draw(rng, rule)
    result = emap(scores)
    assert result.additive
    np.testing.assert_array_equal(result.scores, scores.fused())
    np.testing.assert_allclose(result.scores, by_definition(scores), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("modalities", [2, 3, 4])
@pytest.mark.parametrize("rule", OTHERS)
def test_other_rules(rule, modalities, rng):
    scores = draw(rng, rule, m=modalities, n=8 if modalities < 4 else 5)
    result = emap(scores)
    assert result.additive == (rule == "median" and modalities == 2)
    np.testing.assert_allclose(result.scores, by_definition(scores), rtol=1e-12, atol=1e-12)
    assert result.predicted.tolist() == scores.decide(result.scores).tolist()


@pytest.mark.parametrize("masks", [(0,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("rule", RULES)
def test_to_be_missing_is_one_of_the_things_a_modality_says(rule, masks, rng):
    scores = draw(rng, rule, masks=masks, prior=[0.2, 0.5, 0.3])
    np.testing.assert_allclose(
        emap(scores).scores, by_definition(scores), rtol=1e-12, atol=1e-12
    )  # fmt: skip


def test_absence_of_all_is_an_interaction_where_there_is_a_prior(rng):
    for masks, prior, additive in (
        ((0, 1), None, True), ((0, 1), [0.0, 1.0, 0.0], True), ((0, 1, 2), [0.0, 1.0, 0.0], False),
    ):  # fmt: skip
        assert emap(draw(rng, "sum", masks=masks, prior=prior)).additive == additive
        assert not emap(draw(rng, "mean", masks=masks, prior=prior)).additive


def test_a_modality_without_weight_is_not_heard(rng):
    parts, weights = rng.dirichlet(np.ones(3), (3, 6)), [1.0, 0.0, 2.0]
    scores = ModalityScores(list(parts), rule="geometric_mean", weights=weights)
    heard = ModalityScores(list(parts[[0, 2]]), rule="geometric_mean", weights=[1.0, 2.0])
    np.testing.assert_allclose(emap(scores).scores, emap(heard).scores, rtol=1e-12)


def test_a_modality_that_is_never_there(rng):
    x = rng.random((5, 2))
    scores = ModalityScores([x, x[::-1]], rule="maximum", present=[None, np.zeros(5, bool)])
    np.testing.assert_allclose(emap(scores).scores, x)


def test_single_precision_is_summed_in_double(rng):
    a, b = rng.normal(size=(2, 300, 4)).astype(np.float32)
    result = emap(ModalityScores([a, b], rule="maximum"))
    pairs = np.maximum(a[:, None], b[None].astype(np.float64))
    expected = pairs.mean(axis=1) + pairs.mean(axis=0) - pairs.mean(axis=(0, 1))
    np.testing.assert_allclose(result.scores, expected, rtol=1e-12, atol=1e-12)


def test_the_model_is_compared_with_its_projection(rng):
    a, b = rng.normal(size=(2, 400, 1))
    y = np.where(a * b > 0, "same", "differs")[:, 0]
    scores = ModalityScores([a, b], rule="product", classes=["differs", "same"])
    result = emap(scores, y=y, random_state=0)
    assert result.comparison.estimate_a == 1.0
    assert result.comparison.estimate_b == np.mean(result.predicted == y) < 0.7
    assert result.comparison.low > 0.2
    again = emap(scores, y=y, random_state=0).comparison
    assert (again.low, again.high) == (result.comparison.low, result.comparison.high)


def test_models_and_numbers(rng):
    y = np.arange(60) % 3
    blocks = {"a": rng.normal(size=(60, 4)) + y[:, None], "b": rng.normal(size=(60, 2))}
    early = pf.FusionClassifier().fit(blocks, y)
    result = emap(early, blocks, y, random_state=0)
    assert result.additive
    assert (result.comparison.n_differ, result.comparison.difference) == (0, 0.0)
    late = pf.FusionClassifier("product", level="late").fit(blocks, y)
    assert not emap(late, blocks).additive
    numbers = ModalityScores({"a": [[1.0], [2.0]], "b": [[3.0], [4.0]]}, rule="product")
    assert emap(numbers).predicted.tolist() == [2.75, 7.75]


def test_what_is_wrong_is_said(rng):
    scores = draw(rng, "mean")
    with pytest.raises(ValueError, match="y must have one entry per row; got 5 for 6"):
        emap(scores, y=[0] * 5)
    with pytest.raises(TypeError, match="must be a fitted FusionClassifier.*; got int"):
        emap(3)
    opposed = ModalityScores(
        np.ones((3, 2, 3)), rule="weighted_mean", weights=[1.0, -1.0, 2.0],
        present=[None, None, np.array([True, False])],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"weights must not add up to zero.*got \[1.0, -1.0\]"):
        emap(opposed)
