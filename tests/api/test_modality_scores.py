"""ModalityScores: what modalities say, fused by any rule, over the modalities that are there."""

from __future__ import annotations

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._modality_scores import RANKED, RULES, VOTES
from polyfuse.inspection import ModalityScores


def draw(rng, rule, masks=True, n=60, k=4):
    parts = {name: rng.dirichlet(np.ones(k), n) for name in "abc"}
    weights = [0.5, 2.0, 1.0] if rule.startswith("weighted") else None
    present = {name: rng.random(n) < 0.7 for name in "abc"} if masks else None
    prior = np.arange(k) / k
    return ModalityScores(
        parts, rule=rule, weights=weights, classes=list("wxyz"), present=present, prior=prior
    )


@pytest.mark.parametrize("rule", [r for r in RULES if r not in (*RANKED, *VOTES)])
def test_modalities_that_are_missing_are_left_out(rule, rng):
    scores = draw(rng, rule)
    fused = scores.fused()
    for i, row in enumerate(fused):
        there = [m for m, mask in enumerate(scores.masks) if mask[i]]
        if not there:
            np.testing.assert_array_equal(row, scores.prior)
            continue
        weights = scores.weights[there] if rule.startswith("weighted") else None
        own = pf.fusion.fuse([scores.parts[m][[i]] for m in there], rule, weights=weights)
        np.testing.assert_array_equal(row, own[0])
    np.testing.assert_array_equal(scores.predict(), np.array(list("wxyz"))[fused.argmax(axis=1)])


@pytest.mark.parametrize("rule", VOTES)
def test_votes_are_of_classes(rule, rng):
    scores = draw(rng, rule, masks=False)
    votes = sum(
        w * np.eye(4)[x.argmax(axis=1)] for w, x in zip(scores.weights, scores.parts, strict=True)
    )
    np.testing.assert_allclose(scores.fused(), votes)


@pytest.mark.parametrize("rule", RULES)
def test_a_subset_is_that_of_fewer_modalities(rule, rng):
    scores = draw(rng, rule)
    chosen = ["c", "a"]
    fewer = ModalityScores(
        {name: scores[name] for name in chosen}, rule=rule, prior=scores.prior,
        weights=scores.weights[[2, 0]] if rule.startswith("weighted") else None,
        present={name: scores.masks["abc".index(name)] for name in chosen},
    )  # fmt: skip
    np.testing.assert_array_equal(scores.fused(chosen), fewer.fused())
    np.testing.assert_array_equal(scores.fused([]), np.tile(scores.prior, (60, 1)))


def test_silenced_modalities_say_their_mean(rng):
    scores = draw(rng, "mean")
    silent = scores.silenced(["b"])
    expected = scores["b"][scores.masks[1]].mean(axis=0)
    np.testing.assert_allclose(silent["b"], np.tile(expected, (60, 1)))
    np.testing.assert_array_equal(silent["a"], scores["a"])
    assert silent.masks[1] is None


def test_a_single_output_decides_by_its_sign():
    scores = ModalityScores({"a": [[1.0], [-3.0]], "b": [[-0.5], [1.0]]}, classes=["n", "p"])
    assert scores.predict().tolist() == ["p", "n"]
    assert ModalityScores({"a": [[1.0], [2.0]]}, intercept=1.0).predict().tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ({"a": [[1.0]], "b": [[1.0, 2.0]]}, {}, "scores must have one shape; got a: "),
        ({"a": [[1.0]], "b": [[1.0], [2.0]]}, {}, "scores must have the same number of rows"),
        ({"a": [[1.0]]}, {"rule": "best"}, "rule must be one of 'sum'"),
        ({"a": [[1.0]]}, {"rule": "weighted_mean"}, "weights must be given for op='weighted_mean'"),
        ({"a": [[1.0]]}, {"classes": ["x"]}, "classes must have one entry per output, 2; got 1"),
        ({"a": [[1.0]]}, {"present": {"b": [True]}}, "present must have keys among"),
        ({"a": [[1.0]]}, {"prior": [1.0, 2.0]}, "prior must have"),
    ],
)
def test_what_is_wrong_is_said(scores, options, message):
    with pytest.raises(ValueError, match=message):
        ModalityScores(scores, **options)
