"""Perceptual scores: against permuting rows and predicting again."""

from __future__ import annotations

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import _perceptual
from polyfuse._modality_scores import RULES
from polyfuse._perceptual import draw_shuffles
from polyfuse.inspection import ModalityScores, modality_shapley, perceptual_score


def draw(rng, rule, k, masks, n=90):
    """Scores of few values, so that outputs tie."""
    parts = {name: rng.integers(1, 6, (n, k)) / 4 - (0 if k > 1 else 0.75) for name in "abc"}
    weights = [2.0, 1.0, 3.0] if rule.startswith("weighted") else None
    present = {name: rng.random(n) < 0.6 for name in "ac"} if masks else None
    return ModalityScores(
        parts, rule=rule, weights=weights, classes=list("xyz")[: max(k, 2)], present=present,
        prior=np.arange(k),
    ), rng.choice(list("xyz")[: max(k, 2)], n)  # fmt: skip


def orders_of(n, repeats, seed):
    shuffles = draw_shuffles(n, repeats, np.random.RandomState(seed))
    return [order for shuffle in shuffles for order in shuffle.permutations()]


def permuted(scores, y, orders):
    """Accuracy with each modality permuted, by permuting it."""
    out = np.empty((len(scores), len(orders)))
    for m in range(len(scores)):
        for r, order in enumerate(orders):
            parts, masks = list(scores.parts), list(scores.masks)
            parts[m] = parts[m][order]
            masks[m] = None if masks[m] is None else masks[m][order]
            out[m, r] = np.mean(scores.replaced(parts, masks).predict() == y)
    return out


@pytest.mark.parametrize("masks", [False, True], ids=["all-there", "masks"])
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ("mean", "weighted_mean")])
def test_rows_are_permuted_and_predicted_again(rule, masks, rng, backend):
    for k in (3, 1):
        scores, y = draw(rng, rule, k, masks)
        if rule in ("product", "geometric_mean"):  # equal but for rounding otherwise
            shape = scores.shape
            scores = scores.replaced([rng.random(shape) for _ in "abc"], scores.masks)
        result = perceptual_score(scores, y=y, n_permutations=3, random_state=5)
        expected = permuted(scores, y, orders_of(len(y), 3, 5))
        np.testing.assert_array_equal(result.permuted, expected)
        accuracy = np.mean(scores.predict() == y)
        assert result.accuracy == accuracy
        np.testing.assert_allclose(result.scores, (accuracy - expected.mean(axis=1)) / accuracy)
        half = 1.9599640 * expected.std(axis=1, ddof=1) / np.sqrt(3) / accuracy
        np.testing.assert_allclose(result.high - result.scores, half, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("rule", ["weighted_sum", "weighted_mean", "borda"])
def test_modalities_of_no_weight_are_not_there(rule, rng):
    there = {"a": rng.random(60) < 0.5, "b": rng.random(60) < 0.5}
    scores = ModalityScores(
        {name: rng.random((60, 3)) for name in "ab"}, rule=rule, weights=[1.0, 0.0],
        classes=list("xyz"), present=there, prior=[0.0, 0.0, 1.0],
    )  # fmt: skip
    y = rng.choice(list("xyz"), 60)
    result = perceptual_score(scores, y=y, n_permutations=2, random_state=5)
    np.testing.assert_array_equal(result.permuted, permuted(scores, y, orders_of(60, 2, 5)))
    assert result.accuracy == np.mean(scores.predict() == y)
    assert modality_shapley(scores, y=y, baseline="skip").coalitions[2] == np.mean(y == "z")


def test_units(rng):
    scores, y = draw(rng, "sum", 3, False)
    plain, model, majority = (
        perceptual_score(scores, y=y, random_state=1, normalize=unit)
        for unit in (None, "model", "majority")
    )
    np.testing.assert_allclose(model.scores, plain.scores / plain.accuracy)
    most = np.unique(y, return_counts=True)[1].max() / len(y)
    np.testing.assert_allclose(majority.scores, plain.scores / (1 - most))
    single = perceptual_score(scores, y=y, n_permutations=1)
    assert np.isnan(single.low).all()


@pytest.mark.parametrize("few", [100, 4096])
def test_orders_are_permutations_that_leave_nothing_in_its_place(few, monkeypatch):
    monkeypatch.setattr(_perceptual, "_FEW", few)
    shuffles = draw_shuffles(700, 40, np.random.default_rng(3))
    assert len(shuffles) == (40 if few > 700 else 2)
    orders = np.stack([order for shuffle in shuffles for order in shuffle.permutations()])
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(700), (40, 1)))
    assert len(np.unique(orders, axis=0)) == 40
    assert (orders != np.arange(700)).all()
    assert draw_shuffles(1, 2, np.random.default_rng(0))[0].shifts.tolist() == [0]


@pytest.mark.parametrize("few", [100, 4096])
def test_permutations_vary_as_independent_ones(few, rng, monkeypatch):
    monkeypatch.setattr(_perceptual, "_FEW", few)
    y = np.repeat([0, 1], 400)  # sorted: neighbours in memory are of one class
    scores = ModalityScores([rng.normal(size=(800, 2)) + np.eye(2)[y]], classes=[0, 1])
    lost = perceptual_score(scores, y=y, n_permutations=60, random_state=0, normalize=None)
    codes = scores.predict()
    chance = sum((codes == c).mean() * (y == c).mean() for c in (0, 1))
    assert lost.permuted.mean() == pytest.approx(chance, abs=0.02)
    spread = [np.mean(codes[rng.permutation(800)] == y) for _ in range(400)]
    assert lost.permuted.std() == pytest.approx(np.std(spread), rel=0.35)


class Box:
    """A model that says which of the first columns of two blocks is the greater."""

    def predict(self, blocks):
        a, b = blocks.values() if isinstance(blocks, dict) else blocks
        return (b[:, 0] > a[:, 0]).astype(int)


def test_a_black_box_predicts_again(rng):
    a, b = rng.normal(size=(2, 40, 2))
    y = Box().predict([a, b])
    result = perceptual_score(Box(), [a, b], y, n_permutations=2, random_state=0)
    assert result.accuracy == 1.0
    for r, order in enumerate(orders_of(40, 2, 0)):
        assert result.permuted[0, r] == np.mean(Box().predict([a[order], b]) == y)
        assert result.permuted[1, r] == np.mean(Box().predict([a, b[order]]) == y)
    named = perceptual_score(Box(), {"a": a, "b": b}, y, n_permutations=2, random_state=0)
    np.testing.assert_array_equal(named.permuted, result.permuted)
    assert named.modalities == ("a", "b")


def test_a_model_of_blocks(rng):
    y = np.arange(60) % 3
    blocks = {"a": rng.normal(size=(60, 3)) + y[:, None], "b": rng.normal(size=(60, 2))}
    model = pf.FusionClassifier().fit(blocks, y)
    result = perceptual_score(model, blocks, y, random_state=0)
    assert result.accuracy == model.score(blocks, y)
    assert result.scores[0] > result.scores[1]


def test_what_changes_nothing_scores_zero_exactly(rng):
    scores = ModalityScores(
        {"a": rng.normal(size=(29, 3)), "b": np.zeros((29, 3))}, classes=list("xyz")
    )
    y = scores.predict()
    y[:8] = "x"
    result = perceptual_score(scores, y=y, n_permutations=10, random_state=0)
    assert result.scores[1] == result.low[1] == result.high[1] == 0.0


def test_wrong_input(rng):
    scores, y = draw(rng, "sum", 3, False)
    with pytest.raises(TypeError, match="perceptual_score needs y"):
        perceptual_score(scores)
    with pytest.raises(TypeError, match="perceptual_score needs y"):
        perceptual_score(Box(), [np.eye(2), np.eye(2)])
    with pytest.raises(ValueError, match="n_permutations must be an integer of at least 1; got 0"):
        perceptual_score(scores, y=y, n_permutations=0)
    with pytest.raises(ValueError, match="normalize must be one of"):
        perceptual_score(scores, y=y, normalize="task")
    with pytest.raises(
        ValueError, match="blocks must have the same number of rows; got 0: 2, 1: 3"
    ):
        perceptual_score(Box(), [np.eye(2), np.eye(3)], [0, 1])
    with pytest.raises(ValueError, match="y must be 1-D, one label per row"):
        perceptual_score(Box(), [np.eye(2), np.eye(2)], np.eye(2))
    with pytest.raises(ValueError, match="blocks must have at least one row; got none"):
        perceptual_score(Box(), [np.eye(2)[:0], np.eye(2)[:0]], [])
