"""Correlations across modalities: against NumPy's, of all pairs and of the strongest."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse import _cross_correlation, _row_tiles
from polyfuse.inspection import cross_correlation


@pytest.fixture
def blocks(rng, monkeypatch):
    monkeypatch.setattr(_row_tiles, "_HELD", 8 * 100)
    x = rng.normal(size=(60, 7)) + 100.0
    return {
        "image": x.astype(np.float32),
        "text": x[:, :5] + rng.normal(size=(60, 5)),
        "counts": rng.integers(0, 5, (60, 4)),
    }


def reference(x, y):
    return np.corrcoef(x.astype(np.float64), y, rowvar=False)[: x.shape[1], x.shape[1] :]


def test_every_pair_of_modalities(blocks):
    found = cross_correlation(blocks)
    assert list(found) == [("image", "text"), ("image", "counts"), ("text", "counts")]
    for (a, b), pair in found.items():
        expected = reference(blocks[a], blocks[b])
        np.testing.assert_allclose(pair.matrix, expected, rtol=1e-9, atol=1e-12)
        assert pair.maximum == pytest.approx(np.abs(expected).max())
        assert pair.mean == pytest.approx(np.abs(expected).mean())
        assert (pair.n_rows, pair.strongest) == (60, [])


@pytest.mark.parametrize("cells", [1 << 20, 11])
def test_the_strongest(blocks, cells, monkeypatch):
    monkeypatch.setattr(_cross_correlation, "_CELLS", cells)
    r = cross_correlation(blocks)["image", "text"]
    order = np.argsort(-np.abs(r.matrix), axis=None)[:6]
    found = cross_correlation(blocks, most=6)["image", "text"]
    assert found.matrix is None
    assert [(i, j) for i, j, _ in found.strongest] == [
        tuple(cell) for cell in np.array(np.unravel_index(order, r.matrix.shape)).T.tolist()
    ]
    np.testing.assert_allclose([c for *_, c in found.strongest], r.matrix.ravel()[order])
    assert (found.maximum, found.mean) == (pytest.approx(r.maximum), pytest.approx(r.mean))
    assert len(cross_correlation(blocks, most=99)["image", "text"].strongest) == 35


def test_rows_are_left_out_by_pairs(blocks):
    image, text = blocks["image"].copy(), blocks["text"].copy()
    image[5] = text[50] = np.nan
    found = cross_correlation({**blocks, "image": image, "text": text})
    assert [pair.n_rows for pair in found.values()] == [58, 59, 59]
    there = np.delete(np.arange(60), [5, 50])
    np.testing.assert_allclose(
        found["image", "text"].matrix, reference(image[there], text[there]), rtol=1e-9, atol=1e-12
    )


def test_constants_have_none(blocks):
    flat = np.full((60, 1), 0.1)
    (found,) = cross_correlation([blocks["text"], flat]).values()
    assert np.isnan(found.matrix).all()
    assert np.isnan([found.maximum, found.mean]).all()
    (listed,) = cross_correlation([blocks["text"], flat], most=3).values()
    assert listed.strongest == []
    (empty,) = cross_correlation([np.full((3, 2), np.nan), np.ones((3, 1))]).values()
    assert empty.n_rows == 0
    assert np.isnan(empty.matrix).all()


def test_what_is_wrong_is_said(blocks):
    with pytest.raises(ValueError, match="blocks must hold two or more; got 1"):
        cross_correlation({"image": blocks["image"]})
    with pytest.raises(ValueError, match="most must be an integer of at least 1; got 0"):
        cross_correlation(blocks, most=0)
    blocks["text"][9, 2] = np.inf
    with pytest.raises(ValueError, match=r"blocks\['text'\] contains infinity \(first in row 9"):
        cross_correlation(blocks)
