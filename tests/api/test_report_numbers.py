"""The report of a model of numbers: what it says is true."""

from __future__ import annotations

import numpy as np
import pytest
from pages import evaluation, headline

import polyfuse as pf
from polyfuse import _report_numbers, metrics

pytest.importorskip("matplotlib")


def numbers(rng, n=150, helps=1.0):
    blocks = {name: rng.normal(size=(n, 3)) for name in ("image", "text")}
    return blocks, 10.0 + helps * sum(x[:, 0] for x in blocks.values()) + rng.normal(size=n)


def test_a_model_of_numbers(rng, written):
    blocks, y = numbers(rng)
    found = evaluation(pf.FusionRegressor(), blocks, y)
    page = written(pf.FusionRegressor(), blocks, y)
    score = metrics.r2_score(y, found.fused.predicted)
    gain = score - metrics.r2_score(y, found.alone[found.best_alone].predicted)
    assert headline(page).startswith(
        f"Fusion helps: image + text (concatenate, early) has R² {score:.3f}, {gain:.3f} more than"
    )
    for held in (found.fused, *found.alone.values()):
        for metric in (metrics.mean_absolute_error, metrics.root_mean_squared_error):
            assert f"{metric(y, held.predicted):.3f} [" in page.text
    without = metrics.r2_score(y, found.scores.silenced(["text"]).predict())
    assert f"without text{without:.3f}" in page.text
    assert "Not computed: Perceptual scores" in page.text
    assert "McNemar" not in page.text


def test_numbers_of_noise(rng, written):
    blocks, y = numbers(rng, helps=0.0)
    page = written(pf.FusionRegressor(level="late"), blocks, y)
    assert not headline(page).startswith("Fusion helps")
    assert "and the model is no better" in page.text


def test_a_fitted_model_of_numbers(rng, written):
    blocks, y = numbers(rng)
    blocks["image"][:50] = np.nan
    model = pf.FusionRegressor().fit(blocks, y)
    found = evaluation(model, blocks, y)
    np.testing.assert_allclose(found.fused.predicted, model.predict(blocks))
    own = found.scores.predict(["text"])
    np.testing.assert_array_equal(found.alone["text"].predicted, own)
    assert "A part of a model is not" in _report_numbers.headline(found, "", 0)


def test_points_of_a_model_of_numbers(rng):
    blocks, y = numbers(rng, n=1600)
    found = evaluation(pf.FusionRegressor(), blocks, y, cv=2)
    text = _report_numbers.scatter(found)
    assert text.count("<use ") >= 1500
    assert "1500 rows, evenly chosen" in text
