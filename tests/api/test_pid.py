"""Partial information: known answers, a search by brute force, and what must add up."""

from __future__ import annotations

import numpy as np
import pytest

import polyfuse as pf
from polyfuse._pid_solver import least_information
from polyfuse.inspection import ModalityScores, pid

A, B = [0, 0, 1, 1], [0, 1, 0, 1]


def information(p):
    p_y = p.sum(axis=(0, 1), keepdims=True)
    p_x = p.sum(axis=2, keepdims=True)
    some = p > 0
    return np.sum(p[some] * np.log2(p[some] / (p_x * p_y)[some]))


def parts(found):
    return (found.redundancy, *found.unique, found.synergy)


@pytest.mark.parametrize(
    ("blocks", "y", "expected"),
    [
        pytest.param([A, B], [0, 1, 1, 0], [0, 0, 0, 1], id="xor"),
        pytest.param([A, A], A, [1, 0, 0, 0], id="copy"),
        pytest.param([A, B], A, [0, 1, 0, 0], id="unique to the first"),
        pytest.param([A, B], B, [0, 0, 1, 0], id="unique to the second"),
        pytest.param([A, B], [0, 0, 0, 1], [0.75 * np.log2(4 / 3), 0, 0, 0.5], id="and"),
        pytest.param([A, B], [0, 1, 2, 3], [0, 1, 1, 0], id="each a bit"),
        pytest.param([A, B], [5, 5, 5, 5], [0, 0, 0, 0], id="nothing to tell"),
        pytest.param([[3] * 4, [7] * 4], A, [0, 0, 0, 0], id="nothing told"),
    ],
)
def test_known_answers(blocks, y, expected):
    np.testing.assert_allclose(parts(pid(blocks, y)), expected, atol=2e-9)


def test_the_and_gate_to_three_digits():
    found = pid({"image": A, "text": B}, ["no", "no", "no", "yes"])
    assert found.modalities == ("image", "text")
    np.testing.assert_allclose(parts(found), [0.311, 0.0, 0.0, 0.5], atol=5e-4)


def draw(rng, shape, n):
    """Codes of rows whose frequencies have zeros."""
    p = rng.dirichlet(np.full(np.prod(shape), 0.4))
    return np.unravel_index(rng.choice(len(p), n, p=p), shape)


def test_all_couplings_of_two_by_two(rng):
    """The margins leave one number free for each y: all of them, on a grid that closes in."""
    turn = np.array([[1.0, -1.0], [-1.0, 1.0]])
    for _ in range(5):
        p = rng.dirichlet(np.ones(8)).reshape(2, 2, 2)
        low = -np.minimum(p[0, 0], p[1, 1])
        high = np.minimum(p[0, 1], p[1, 0])
        best = np.inf
        for _ in range(40):
            grids = [np.linspace(a, b, 9) for a, b in zip(low, high, strict=True)]
            values = {
                (s, t): information(np.maximum(p + turn[..., None] * [s, t], 0.0))
                for s in grids[0]
                for t in grids[1]
            }
            place = np.array(min(values, key=values.get))
            best = min(best, min(values.values()))
            width = (high - low) / 3
            low, high = np.maximum(low, place - width), np.minimum(high, place + width)
        assert least_information(p) / np.log(2) == pytest.approx(best, abs=1e-8)


@pytest.mark.parametrize("shape", [(2, 3, 2), (6, 4, 3), (12, 10, 5)])
def test_parts_add_up(shape, rng):
    x1, x2, y = draw(rng, shape, 400)
    p = np.zeros(shape)
    np.add.at(p, (x1, x2, y), 1 / 400)
    found = pid([x1, x2], y)
    first, second = information(p.sum(axis=1)[:, None]), information(p.sum(axis=0)[None])
    np.testing.assert_allclose(found.information, [first, second], atol=1e-12)
    assert found.total == pytest.approx(information(p), abs=1e-12)
    redundancy, *unique, synergy = parts(found)
    np.testing.assert_allclose(redundancy + np.array(unique), [first, second], atol=1e-8)
    assert redundancy + sum(unique) + synergy == pytest.approx(found.total, abs=1e-8)
    assert min(parts(found)) >= 0.0


def test_no_coupling_tells_less(rng):
    """Scaling from any start keeps the margins, so what comes of it is no better."""
    x1, x2, y = draw(rng, (5, 4, 3), 300)
    p = np.zeros((5, 4, 3))
    np.add.at(p, (x1, x2, y), 1 / 300)
    p = p[p.any(axis=(1, 2))][:, p.any(axis=(0, 2))][..., p.any(axis=(0, 1))]
    least = least_information(p) / np.log(2)
    q = p.sum(axis=1)[:, None] * p.sum(axis=0)[None] / p.sum(axis=(0, 1))
    for _ in range(100):  # alternating projections (Banerjee et al., ISIT 2018), which are slow
        q = np.where(q > 0, q.sum(axis=2, keepdims=True), 0.0)
        for _ in range(20):
            q *= ratio(p.sum(axis=1), q.sum(axis=1))[:, None]
            q *= ratio(p.sum(axis=0), q.sum(axis=0))[None]
    assert least - 1e-6 <= information(q) < least + 1e-2


def ratio(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=a > 0)


def test_modalities_change_places(rng):
    x1, x2, y = draw(rng, (4, 5, 3), 200)
    r, u1, u2, s = parts(pid([x1, x2], y))
    np.testing.assert_allclose(parts(pid([x2, x1], y)), [r, u2, u1, s], atol=1e-8)


def test_scores_say_their_class(rng):
    y = rng.integers(0, 3, 150)
    blocks = {name: rng.normal(size=(150, 2)) + y[:, None] for name in ("a", "b")}
    scores = pf.FusionClassifier("mean", level="late").fit(blocks, y).modality_scores(blocks)
    found = pid(scores, y)
    expected = pid({name: scores[name].argmax(axis=1) for name in "ab"}, y)
    assert found.modalities == ("a", "b")
    np.testing.assert_allclose(parts(found), parts(expected), atol=1e-12)
    mask = rng.random(150) < 0.5
    masked = ModalityScores(dict(scores), rule="mean", classes=scores.classes, present=[None, mask])
    own = np.where(mask, scores["b"].argmax(axis=1), 9)
    expected = pid([scores["a"].argmax(axis=1), own], y)
    np.testing.assert_allclose(parts(pid(masked, y)), parts(expected), atol=1e-8)


def test_features_are_binned(rng):
    centres = rng.normal(size=(4, 3)) * 50
    x = rng.integers(0, 4, 80)
    block = (centres[x] + rng.normal(size=(80, 3))).astype(np.float32)
    y = rng.integers(0, 2, 80)
    found = pid([block, x % 2], y, bins=4, random_state=0)
    np.testing.assert_allclose(parts(found), parts(pid([x, x % 2], y)), atol=1e-12)
    block[::7] = np.nan
    there = np.isfinite(block[:, 0])
    found = pid([block, x % 2], y, bins=4, random_state=np.random.default_rng(0))
    np.testing.assert_allclose(
        parts(found), parts(pid([np.where(there, x, 9), x % 2], y)), atol=1e-12
    )


def test_intervals_take_off_what_chance_tells(rng):
    x1, x2, y = rng.integers(0, 3, (3, 300))
    found = pid([x1, x2], y, n_resamples=30, random_state=1, confidence_level=0.9)
    again = pid([x1, x2], y, n_resamples=30, random_state=1, confidence_level=0.9)
    assert (found.low, found.high) == (again.low, again.high)
    assert found.low[3] == 0.0
    assert found.high[3] < found.synergy + 0.02
    xor = pid([A * 50, B * 50], [0, 1, 1, 0] * 50, n_resamples=20, random_state=0)
    assert xor.low[3] > 0.9
    assert (pid([A, B], A).low, pid([A, B], A).high) == (None, None)


def test_what_is_wrong_is_said(rng):
    with pytest.raises(ValueError, match=r"must be two modalities; got 3: \[0, 1, 2\]"):
        pid([A, A, A], A)
    with pytest.raises(ValueError, match="y must have one entry per row; got 3 for 4"):
        pid([A, B], [0, 1, 1])
    with pytest.raises(ValueError, match=r"blocks\[1\] must have one entry per row; got 3 for 4"):
        pid([A, B[:3]], A)
    with pytest.raises(ValueError, match="y must be 1-D.*got shape"):
        pid([A, B], [[0], [1], [1], [0]])
    with pytest.raises(ValueError, match="too many values, 3000 and 2, for 2 classes"):
        pid([np.arange(3000), np.arange(3000) % 2], np.arange(3000) % 2)
    with pytest.raises(ValueError, match="at least one row; got none"):
        pid([[], []], [])
    with pytest.raises(ValueError, match=r"blocks\['a'\] contains NaN"):
        pid({"a": [[np.nan, 1.0], [0.0, 1.0]], "b": [0, 1]}, [0, 1])
    with pytest.raises(ValueError, match="bins must be an integer of at least 1; got 0"):
        pid([A, B], A, bins=0)
