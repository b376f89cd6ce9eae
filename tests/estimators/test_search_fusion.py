"""search_fusion: every way of fusing is scored as a model of it would be, and nested."""

from __future__ import annotations

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._held_out import fold_rows
from polyfuse.metrics import accuracy_score, balanced_accuracy_score


@pytest.fixture
def data(rng):
    n = 150
    y = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, 4))
    return {
        "image": centres[y] + rng.normal(size=(n, 4)) * 1.5,
        "text": (centres[y][:, :2] + rng.normal(size=(n, 2))).astype("f4"),
        "noise": rng.normal(size=(n, 3)),
    }, y


@pytest.mark.parametrize("scaler", [None, "minmax"])
def test_scores_are_those_of_models_that_did_not_see_the_fold(scaler, data):
    blocks, y = data
    blocks["noise"][::7] *= 20
    options = {"C": 0.5, "scaler": scaler}
    search = pf.search_fusion(pf.FusionClassifier(**options), blocks, y, cv=3)
    folds = fold_rows(len(y), 3, y, None)
    plain = {"late, mean, uncalibrated", "late, maximum, uncalibrated", "early"}
    for own in search.table:
        if own.label not in plain:
            continue
        for score, rows in zip(own.scores, folds, strict=True):
            rest = np.delete(np.arange(len(y)), rows)
            model = pf.FusionClassifier(**options).set_params(**own.params)
            model.fit({name: x[rest] for name, x in blocks.items()}, y[rest])
            assert score == model.score({name: x[rows] for name, x in blocks.items()}, y[rows])


def test_the_table_is_sorted_and_the_best_is_fitted(data):
    blocks, y = data
    search = pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=3)
    means = [own.mean for own in search.table]
    assert means == sorted(means, reverse=True)
    assert search.best_score == means[0]
    assert search.nested_score == pytest.approx(search.nested_scores.mean())
    assert search.nested_low < search.nested_score < search.nested_high
    labels = {own.label for own in search.table}
    assert len(labels) == len(search.table) == 30
    assert set(search.chosen) <= labels
    again = pf.FusionClassifier(**search.best_params).fit(blocks, y)
    np.testing.assert_array_equal(search.best_estimator.predict(blocks), again.predict(blocks))
    assert search.table[0].label in str(search)
    assert len(search.to_dict()["mean"]) == 30


def test_nesting_tells_luck_from_skill(rng):
    blocks = {name: rng.normal(size=(120, 10)) for name in "abc"}
    y = rng.permutation(np.repeat([0, 1], 60))
    search = pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=4)
    assert search.best_score >= search.nested_score
    assert search.nested_score < 0.65


@pytest.mark.parametrize("options", [{}, {"scoring": "balanced_accuracy_score"}])
def test_missing_modalities_groups_and_metrics(options, data, rng):
    blocks, y = data
    present = {name: rng.random(len(y)) < 0.7 for name in blocks}
    groups = rng.integers(0, 6, len(y))
    search = pf.search_fusion(
        pf.FusionClassifier(), blocks, y, cv=3, groups=groups, present=present,
        sample_weight=rng.uniform(0.5, 1, len(y)), **options,
    )  # fmt: skip
    folds = fold_rows(len(y), 3, y, np.unique(groups, return_inverse=True)[1])
    sizes = [rows.size for rows in folds]
    metric = balanced_accuracy_score if options else accuracy_score
    early = next(own for own in search.table if own.label == "early")
    assert sum(sizes) == len(y)
    assert all(not set(groups[a]) & set(groups[b]) for a in folds for b in folds if a is not b)
    assert metric(y, y) == 1.0
    assert 0.3 < early.mean < 1.0


def test_metrics_are_given_labels(data):
    blocks, y = data
    labels = np.array(["cat", "dog"])[y % 2]
    seen = []

    def recall_of_dogs(truth, predicted):
        seen.append((truth, predicted))
        return float(np.mean(predicted[truth == "dog"] == "dog"))

    search = pf.search_fusion(pf.FusionClassifier(), blocks, labels, cv=3, scoring=recall_of_dogs)
    assert all(set(truth) | set(said) <= {"cat", "dog"} for truth, said in seen)
    assert len({len(truth) for truth, _ in seen}) > 1
    assert 0.0 <= search.best_score <= 1.0


def test_rules_that_do_not_take_scores_are_left_out(data):
    blocks, y = data
    search = pf.search_fusion(pf.FusionClassifier(response="score"), blocks, y, cv=3)
    rules = {own.params["fusion"] for own in search.table if own.params["level"] == "late"}
    assert rules == {
        "weighted_mean", "weighted_vote", "mean", "maximum", "minimum", "median", "vote", "borda",
        "reciprocal_rank_fusion",
    }  # fmt: skip


def test_a_modality_that_is_nowhere_but_in_the_fold(data):
    blocks, y = data
    there = np.zeros(len(y), bool)
    there[fold_rows(len(y), 3, y, None)[0]] = True
    search = pf.search_fusion(
        pf.FusionClassifier(), blocks, y, cv=3, present={"noise": there, "image": there | True}
    )
    assert 0.4 < search.nested_score <= 1.0


def test_regression(data, rng):
    blocks, codes = data
    y = codes + 0.3 * rng.normal(size=len(codes))
    calls = []
    search = pf.search_fusion(
        pf.FusionRegressor(), blocks, y, cv=3, progress=lambda *step: calls.append(step)
    )
    assert {own.params["level"] for own in search.table} == {"early", "late", "hybrid"}
    assert search.best_score > 0.2
    assert calls[-1] == (24, 24)
    np.testing.assert_allclose(
        search.best_estimator.predict(blocks),
        pf.FusionRegressor(**search.best_params).fit(blocks, y).predict(blocks),
    )


def test_what_is_wrong_is_said(data):
    blocks, y = data
    with pytest.raises(TypeError, match="model must be a FusionClassifier or FusionRegressor"):
        pf.search_fusion(pf.linear_model.SGDClassifier(), blocks, y)
    with pytest.raises(ValueError, match="cv must be an integer of at least 3; got 2"):
        pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=2)
    with pytest.raises(ValueError, match="at least two modalities; got \\['image'\\]"):
        pf.search_fusion(pf.FusionClassifier(), {"image": blocks["image"]}, y)
    with pytest.raises(ValueError, match="model must have balance=0 and block_eta=None"):
        pf.search_fusion(pf.FusionClassifier(balance=1.0), blocks, y)
    with pytest.raises(ValueError, match="scoring must be a metric of polyfuse.metrics, or calla"):
        pf.search_fusion(pf.FusionClassifier(), blocks, y, scoring="best")
