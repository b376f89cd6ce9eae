"""The modality gap: against its definition, and its interval against resampling."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse import _row_tiles
from polyfuse.inspection import modality_gap


@pytest.fixture
def pair(rng, monkeypatch):
    monkeypatch.setattr(_row_tiles, "_HELD", 8 * 200)
    x = rng.normal(size=(80, 6)) + 1.0
    return x.astype(np.float32), (x + rng.normal(size=(80, 6)) - 1.5).astype(np.float16)


def units(x):
    x = x.astype(np.float64)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_definition(pair):
    found, (x, y) = modality_gap(*pair), map(units, pair)
    np.testing.assert_allclose(found.delta, x.mean(axis=0) - y.mean(axis=0), rtol=1e-12)
    assert found.gap == pytest.approx(np.linalg.norm(found.delta))
    cosines = x @ y.T
    assert found.cosine == pytest.approx(np.trace(cosines) / 80)
    apart = ~np.eye(80, dtype=bool)
    assert found.cosine_of_others == pytest.approx(cosines[apart].mean())
    assert found.n_rows == 80


def test_the_interval_is_that_of_resamples(pair, rng):
    found, (x, y) = modality_gap(*pair, confidence_level=0.9), map(units, pair)
    rows = rng.integers(0, 80, (2000, 80))
    gaps = np.linalg.norm((x - y)[rows].mean(axis=1), axis=1)
    low, high = np.quantile(gaps, [0.05, 0.95])
    width = found.high - found.low
    assert found.low < found.gap < found.high
    assert abs(found.low - low) < 0.15 * width
    assert abs(found.high - high) < 0.15 * width


def test_no_gap_and_rows_without_direction(rng):
    x = rng.normal(size=(20, 3))
    same = modality_gap(x, 2.0 * x)
    assert same.gap == pytest.approx(0.0, abs=1e-15)
    assert same.cosine == pytest.approx(1.0)
    assert modality_gap(np.zeros((3, 2)), np.zeros((3, 2))).gap == 0.0


def test_rows_without_a_modality_are_left_out(pair):
    x, y = (np.array(each, np.float64) for each in pair)
    x[3] = y[70] = np.nan
    there = np.delete(np.arange(80), [3, 70])
    found, expected = modality_gap(x, y), modality_gap(x[there], y[there])
    assert found.n_rows == 78
    np.testing.assert_allclose(found.delta, expected.delta, rtol=1e-10)
    np.testing.assert_allclose([found.low, found.high], [expected.low, expected.high])


def test_what_is_wrong_is_said(pair):
    x, y = pair
    with pytest.raises(ValueError, match="must have one width.* got 6 and 5"):
        modality_gap(x, y[:, :5])
    with pytest.raises(ValueError, match="2 rows or more in common; got 1"):
        modality_gap(x[:1], y[:1])
    with pytest.raises(ValueError, match="'confidence_level' parameter of modality_gap.* Got 95"):
        modality_gap(x, y, confidence_level=95)
