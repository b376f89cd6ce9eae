"""Linear CKA: against its definition on matrices of all pairs of rows."""

from __future__ import annotations

import numpy as np
import pytest

from polyfuse import _row_tiles
from polyfuse.inspection import linear_cka


def hsic(x, y, debiased):
    k, t = x @ x.T, y @ y.T
    n = len(k)
    if not debiased:
        h = np.eye(n) - 1 / n
        return np.trace(h @ k @ h @ t)
    k, t = k - np.diag(np.diag(k)), t - np.diag(np.diag(t))
    return (
        np.trace(k @ t) + k.sum() * t.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k @ t).sum()
    ) / (n * (n - 3))


def by_definition(x, y, debiased=False):
    x, y = x.astype(np.float64), y.astype(np.float64)
    return hsic(x, y, debiased) / np.sqrt(hsic(x, x, debiased) * hsic(y, y, debiased))


@pytest.fixture(params=["tall", "wide"])
def blocks(request, rng, monkeypatch):
    monkeypatch.setattr(_row_tiles, "_HELD", 8 * 200)
    d = 5 if request.param == "tall" else 60
    x = rng.normal(size=(40, d)) + 7.0
    return {
        "image": x.astype(np.float32),
        "text": (x[:, ::-1] + rng.normal(size=(40, d))).astype(np.float16),
        "counts": rng.integers(0, 9, (40, 3)),
    }


@pytest.mark.parametrize("debiased", [False, True])
def test_every_pair(blocks, debiased):
    expected = [[by_definition(x, y, debiased) for y in blocks.values()] for x in blocks.values()]
    matrix = linear_cka(blocks, debiased=debiased)
    np.testing.assert_allclose(matrix, expected, rtol=1e-9, atol=1e-12)
    pair = linear_cka(blocks["image"], blocks["text"], debiased=debiased)
    assert pair == pytest.approx(matrix[0, 1], rel=1e-9)


@pytest.mark.parametrize("debiased", [False, True])
def test_rows_without_a_block_are_left_out(blocks, debiased):
    holed = {name: np.array(x, np.float64) for name, x in blocks.items()}
    holed["image"][3] = holed["text"][[0, 30]] = np.nan
    there = np.delete(np.arange(40), [0, 3, 30])
    np.testing.assert_allclose(
        linear_cka(holed, debiased=debiased),
        linear_cka({name: x[there] for name, x in blocks.items()}, debiased=debiased),
    )


def test_it_is_blind_to_turns_scales_and_shifts(rng):
    x = rng.normal(size=(50, 4))
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    for debiased in (False, True):
        assert linear_cka(x, 3 * x @ turn + 1e3, debiased=debiased) == pytest.approx(1.0)
    y = rng.normal(size=(50, 40))
    assert linear_cka(x, y) > 0.1 + abs(linear_cka(x, y, debiased=True))


def test_a_constant_is_like_nothing(rng):
    x = rng.normal(size=(30, 3))
    assert np.isnan(linear_cka(x, np.full((30, 2), 0.1)))
    assert np.isnan(linear_cka(x[:2], np.full((2, 5), 0.1)))


def test_what_is_wrong_is_said(rng):
    x, y = rng.normal(size=(2, 30, 3))
    y[7, 1] = np.nan
    with pytest.raises(
        ValueError, match=r"blocks\['b'\] contains NaN \(first in row 7, column 1\)"
    ):
        linear_cka(x, y)
    x[8, 2] = np.inf
    with pytest.raises(
        ValueError, match=r"blocks\['a'\] contains infinity \(first in row 8, column 2\)"
    ):
        linear_cka(x, x)
    for few, debiased, least in ((1, False, 2), (3, True, 4)):
        message = f"blocks must have {least} rows or more in common; got {few}"
        with pytest.raises(ValueError, match=message):
            linear_cka(y[:few], y[:few], debiased=debiased)
    with pytest.raises(ValueError, match="in common; got 0"):
        linear_cka(np.full((9, 2), np.nan), y[10:19])
    with pytest.raises(ValueError, match="same number of rows"):
        linear_cka(x, y[:5])
