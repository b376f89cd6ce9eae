"""What parameters of fusion models may be, what goes together, and what is said of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold

import polyfuse as pf


def make(rng, n=240):
    y = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, 5))
    return {
        "image": centres[y] + rng.normal(size=(n, 5)),
        "text": centres[y][:, :3] + rng.normal(size=(n, 3)),
        "sound": centres[y][:, :2] + rng.normal(size=(n, 2)),
    }, y


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"level": "cooperative", "weights": [1, 2, 3]}, "weights must be None for op='concat"),
        (
            {"level": "late", "fusion": "mean", "weights": "learned"},
            "weights='learned' must be one",
        ),
        ({"level": "late", "fusion": "product", "response": "score"}, "needs response='probabil"),
        ({"level": "late", "balance": 0.5}, "block_eta and balance need one model"),
        ({"fusion": "sum", "balance": 0.5}, "one model of several modalities: level='early' with"),
        ({"modality_dropout": 1.0}, "modality_dropout must be below 1; got 1.0"),
        ({"block_alpha": {"image": 1.0}}, "block_alpha must have the keys"),
        ({"block_eta": [1.0, -1.0, 1.0]}, r"block_eta\['text'\] must be a finite number of at lea"),
        ({"rho": -1.0}, "rho must be a finite number of at least 0; got -1.0"),
        ({"class_weight": "even"}, "class_weight must be one of 'balanced'; got 'even'"),
        ({"calibrate": "no"}, "calibrate must be one of True, False; got 'no'"),
        ({"cv": "abc"}, "cv must be an integer of at least 2; got 'abc'"),
        ({"level": "late", "cv": []}, "cv must hold pairs of rows, .* got none: a generator gives"),
        ({"level": "late", "cv": [([0], [1], [2])]}, "cv must hold pairs of rows"),
        ({"level": "late", "cv": [([0], [0.5])]}, r"cv must hold rows of 0 to 29 .* got \[0.5\]"),
        ({"level": "late", "cv": [([0], [30])]}, r"cv must hold rows of 0 to 29 .* got \[30\]"),
        (
            {"level": "late", "fusion": "weighted_mean", "weights": [3, -1, 1]},
            "weights must not be negative for fusion='weighted_mean' .* got -1",
        ),
        ({"level": "late", "fusion": "borda", "weights": [1, 1]}, "weights must have 3 values"),
        ({"level": "late", "fusion": "borda", "weights": [1, "a", 1]}, "weights must be numeric"),
        ({"response": "logit"}, "response must be one of 'probability', 'score', 'rank'"),
        ({"level": "hybrid", "fusion": "mean"}, "fusion must be one of 'geometric_mean'"),
    ],
)
def test_parameters_that_do_not_go_together(params, message, rng):
    blocks, y = make(rng, n=30)
    with pytest.raises(ValueError, match=message):
        pf.FusionClassifier(**params).fit(blocks, y)


def test_folded_features_have_one_penalty(rng):
    x, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    model = pf.FusionClassifier("sum", block_alpha=[2.0, 2.0]).fit([x, -2 * x], y)
    fitted = pf.FusionClassifier("sum", C=0.5).fit([x, -2 * x], y)
    np.testing.assert_array_equal(model.predict_proba([x, x]), fitted.predict_proba([x, x]))
    with pytest.raises(ValueError, match="block_alpha must be the same for all modalities"):
        model.set_params(block_alpha=[1.0, 2.0]).fit([x, -2 * x], y)


def test_no_rows_and_odd_groups(rng):
    blocks, y = make(rng, n=30)
    with pytest.raises(
        ValueError, match=r"Found blocks with 0 sample\(s\), while FusionClassifier"
    ):
        pf.FusionClassifier().fit({name: x[:0] for name, x in blocks.items()}, y[:0])
    with pytest.raises(ValueError, match=r"groups must be 1-D, one per row; got shape \(30, 2\)"):
        pf.FusionClassifier(level="late").fit(blocks, y, groups=np.zeros((30, 2)))
    with pytest.raises(
        ValueError, match="y must have one entry per row; got one value for 30 rows"
    ):
        pf.inspection.emap(pf.FusionClassifier().fit(blocks, y), blocks, "abc")


def test_splitters_of_rows(rng):
    blocks, y = make(rng)
    groups = rng.integers(0, 9, len(y))
    by_splitter = pf.FusionClassifier(level="late", cv=GroupKFold(3)).fit(blocks, y, groups=groups)
    pairs = list(GroupKFold(3).split(y, y, groups))
    by_pairs = pf.FusionClassifier(level="late", cv=pairs).fit(blocks, y)
    assert by_splitter.temperatures_ == by_pairs.temperatures_
    masks = [(None, np.isin(np.arange(len(y)), test)) for _, test in pairs]
    assert pf.FusionClassifier(level="late", cv=masks).fit(blocks, y).temperatures_ == (
        by_pairs.temperatures_
    )
    y = y * 1.0
    model = pf.FusionRegressor(level="late", weights="learned", cv=KFold(4)).fit(blocks, y)
    folds = [(None, test) for _, test in KFold(4).split(y)]
    again = pf.FusionRegressor(level="late", weights="learned", cv=folds).fit(blocks, y)
    np.testing.assert_array_equal(model.weights_, again.weights_)


@pytest.mark.parametrize("rule", ["vote", "borda", "reciprocal_rank_fusion"])
def test_votes_and_ranks_are_counted_whatever_the_response(rule, rng):
    blocks, y = make(rng)
    found = [
        pf.FusionClassifier(rule, level="late", response=response, calibrate=False)
        .fit(blocks, y)
        .predict_proba(blocks)
        for response in ("probability", "score", "rank")
    ]
    np.testing.assert_allclose(found[1], found[0])
    np.testing.assert_allclose(found[2], found[0])


def test_fit_forgets_what_another_level_learned(rng):
    blocks, y = make(rng, n=60)
    model = pf.FusionClassifier(level="hybrid").fit(blocks, y)
    assert hasattr(model, "temperatures_")
    model.set_params(level="cooperative").fit(blocks, y)
    assert hasattr(model, "rho_")
    assert not hasattr(model, "temperatures_")
    assert not hasattr(model.set_params(level="early").fit(blocks, y), "rho_")
