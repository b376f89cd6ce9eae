"""Shapley values over coalitions: against their definition, whatever the rule."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._modality_scores import RULES
from polyfuse.inspection import ModalityScores, modality_shapley


def draw(rng, rule, k=3, masks=False, n=90, dtype=np.float64, names="abc"):
    """Scores of few values, so that outputs tie."""
    parts = {
        name: (rng.integers(1, 6, (n, k)) / (4 if k > 1 else 1) - (0 if k > 1 else 3)).astype(dtype)
        for name in names
    }
    weights = rng.integers(1, 4, len(names)).astype(float) if rule.startswith("weighted") else None
    present = {name: rng.random(n) < 0.6 for name in names} if masks else None
    classes = np.array(["ant", "bee", "cat", "dog"])[: max(k, 2)]
    return ModalityScores(
        parts, rule=rule, weights=weights, classes=classes, present=present, prior=np.arange(k)
    ), rng.choice(classes, n)  # fmt: skip


def right(scores, y, inside, baseline):
    if baseline == "skip":
        return scores.predict(list(inside)) == y
    return scores.silenced([name for name in scores.names if name not in inside]).predict() == y


def shapley_rows(scores, y, baseline):
    """Shapley values of each row, by their definition."""
    names, m = scores.names, len(scores)
    out = np.zeros((len(y), m))
    for b, name in enumerate(names):
        others = [other for other in names if other != name]
        for size in range(m):
            chance = math.factorial(size) * math.factorial(m - size - 1) / math.factorial(m)
            for some in itertools.combinations(others, size):
                inside = [other for other in names if other in (*some, name)]
                gained = right(scores, y, inside, baseline) * 1.0
                out[:, b] += chance * (gained - right(scores, y, some, baseline))
    return out


@pytest.mark.parametrize("baseline", ["mean", "skip"])
@pytest.mark.parametrize("masks", [False, True], ids=["all-there", "masks"])
@pytest.mark.parametrize("rule", ["sum", "weighted_sum", "maximum", "minimum", "median", "vote"])
def test_values_are_those_of_the_definition(rule, masks, baseline, rng, backend):
    for k in (3, 1):
        scores, y = draw(rng, rule, k, masks)
        result = modality_shapley(scores, y=y, baseline=baseline, confidence_level=0.9)
        rows = shapley_rows(scores, y, baseline)
        np.testing.assert_allclose(result.values, rows.mean(axis=0), atol=1e-12)
        half = 1.6448536 * rows.std(axis=0, ddof=1) / np.sqrt(len(y))
        np.testing.assert_allclose(result.high - result.values, half, rtol=1e-6, atol=1e-9)
        assert result.total == np.mean(scores.predict() == y)
        assert result.empty == right(scores, y, [], baseline).mean()
        assert result.values.sum() == pytest.approx(result.total - result.empty)


@pytest.mark.parametrize("baseline", ["mean", "skip"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule(rule, baseline, rng):
    parts = rng.dirichlet(np.ones(4), (3, 80))
    masks = list(rng.random((3, 80)) < 0.7)
    weights = [2.0, 1.0, 3.0] if rule.startswith("weighted") else None
    scores = ModalityScores(
        list(parts), rule=rule, weights=weights, classes=range(4), present=masks
    )
    y = rng.integers(0, 4, 80)
    result = modality_shapley(scores, y=y, baseline=baseline)
    rows = shapley_rows(scores, y, baseline)
    np.testing.assert_allclose(result.values, rows.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("rule", ["sum", "mean", "weighted_mean", "maximum"])
def test_intercepts(rule, rng):
    scores, y = draw(rng, rule)
    moved = ModalityScores(
        dict(scores), rule=rule, classes=scores.classes, intercept=[0.5, 0.0, -0.25],
        weights=scores.weights if rule.startswith("weighted") else None,
    )  # fmt: skip
    for baseline in ("mean", "skip"):
        result = modality_shapley(moved, y=y, baseline=baseline)
        expected = shapley_rows(moved, y, baseline).mean(axis=0)
        np.testing.assert_allclose(result.values, expected, atol=1e-12)


def test_other_metrics_are_evaluated_for_each_coalition(rng):
    scores, y = draw(rng, "sum")
    by_name = modality_shapley(scores, y=y, metric="balanced_accuracy")
    by_hand = modality_shapley(scores, y=y, metric=lambda t, p: float(np.mean(t == p)))
    np.testing.assert_allclose(by_hand.values, modality_shapley(scores, y=y).values)
    assert np.isnan(by_hand.low).all()
    said = scores.silenced(["a", "b"]).predict()
    assert by_name.coalitions[4] == pf.metrics.balanced_accuracy_score(y, said)
    numbers = ModalityScores(rng.normal(size=(2, 30, 1)))
    error = modality_shapley(numbers, y=rng.normal(size=30), metric="mean_squared_error")
    assert error.values.sum() == pytest.approx(error.total - error.empty)


def test_a_model_of_blocks(rng):
    y = np.arange(60) % 2
    blocks = {"a": rng.normal(size=(60, 3)) + y[:, None], "b": rng.normal(size=(60, 2))}
    model = pf.FusionClassifier().fit(blocks, y)
    result = modality_shapley(model, blocks, y)
    assert result.total == model.score(blocks, y)
    np.testing.assert_array_equal(
        result.values, modality_shapley(model.modality_scores(blocks), y=y).values
    )


def test_sixteen_modalities_and_no_more(rng):
    scores, y = draw(rng, "sum", n=12, names="abcdefghijklmnop", dtype=np.float32)
    result = modality_shapley(scores, y=y)
    assert result.values.sum() == pytest.approx(result.total - result.empty)
    assert result.coalitions.shape == (1 << 16,)
    for c in (1, 0b1011, 1 << 15):
        inside = [name for b, name in enumerate(scores.names) if c >> b & 1]
        assert result.coalitions[c] == right(scores, y, inside, "mean").mean()
    scores, y = draw(rng, "sum", n=5, names="abcdefghijklmnopq")
    with pytest.raises(ValueError, match="at most 16 modalities; got 17"):
        modality_shapley(scores, y=y)


def test_labels_that_are_no_class_are_never_right(rng):
    scores = ModalityScores(rng.normal(size=(2, 40, 3)), classes=[3, 4, 5])
    assert modality_shapley(scores, y=np.full(40, 2)).total == 0.0
    assert modality_shapley(scores, y=np.full(40, 4.0)).total == np.mean(scores.predict() == 4)


def test_wrong_input(rng):
    scores, y = draw(rng, "sum")
    with pytest.raises(TypeError, match="modality_shapley needs y, the true labels"):
        modality_shapley(scores)
    with pytest.raises(ValueError, match="baseline must be one of 'mean', 'skip'; got 'zero'"):
        modality_shapley(scores, y=y, baseline="zero")
    with pytest.raises(ValueError, match="y must have one entry per row; got 89"):
        modality_shapley(scores, y=y[1:])
    with pytest.raises(ValueError, match="metric.*modality_shapley"):
        modality_shapley(scores, y=y, metric="sharpness")
    numbers = ModalityScores(dict(scores))
    with pytest.raises(TypeError, match="perceptual_score needs scores of classes"):
        pf.inspection.perceptual_score(numbers, y=y)
    scores.parts[1][7] = np.inf
    for baseline in ("mean", "skip"):
        with pytest.raises(ValueError, match=r"scores\['b'\] must be finite.*got inf"):
            modality_shapley(scores, y=y, baseline=baseline)
