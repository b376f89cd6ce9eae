"""AUC and average precision of streams: the same for any split, and within their own bounds."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from polyfuse.metrics import ScoreHistogram, average_precision_score, roc_auc_score

KINDS = ("uniform", "normal", "ties", "wide")


def rows(seed, n, kind="normal", weighted=False):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype("int64")
    z = rng.standard_normal(n) + 0.7 * y
    score = {
        "uniform": lambda: 1 / (1 + np.exp(-z)),
        "normal": lambda: z,
        "ties": lambda: np.round(z, 1),
        "wide": lambda: np.exp(80 * z) * rng.choice([-1, 1], n),
    }[kind]()
    return y, score, rng.integers(1, 9, n) * rng.random() if weighted else None


def scored(y, score, weight):
    return [f(y, score, sample_weight=weight) for f in (roc_auc_score, average_precision_score)]


def pieces(rng, data, n_pieces):
    """The rows in another order, and in pieces."""
    order = rng.permutation(len(data[0]))
    cuts = np.sort(rng.integers(0, len(order), n_pieces - 1))
    for part in np.split(order, cuts):
        if len(part):
            yield tuple(None if x is None else x[part] for x in data)


def merged(rng, data, n_pieces, **kwargs):
    """Some pieces counted by one histogram, some by others that are merged in any order."""
    histograms = [ScoreHistogram(**kwargs) for _ in range(int(rng.integers(1, 5)))]
    for piece in pieces(rng, data, n_pieces):
        histograms[rng.integers(len(histograms))].update(*piece)
    while len(histograms) > 1:
        other = histograms.pop(rng.integers(len(histograms)))
        histograms[rng.integers(len(histograms))].merge(other)
    return histograms[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_few_rows_are_exact(kind, weighted):
    data = rows(0, 5000, kind, weighted)
    summary = ScoreHistogram().update(*data).result()
    assert summary.exact
    assert summary.n_rows == 5000
    np.testing.assert_allclose((summary.auc, summary.average_precision), scored(*data), rtol=1e-12)
    assert summary.auc_low == summary.auc == summary.auc_high
    assert summary.average_precision_low == summary.average_precision_high


@pytest.mark.parametrize("bits", [12, 14, 20, 32])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_scores_are_within_the_bounds(kind, bits, weighted):
    for seed in range(5):
        data = rows(seed, 3000, kind, weighted)
        got = ScoreHistogram(exact_rows=100, bits=bits).update(*data).result()
        assert not got.exact
        slack = 1e-12
        for value, (tied, low, high) in zip(scored(*data), (got[:3], got[3:6]), strict=True):
            assert low - slack <= value <= high + slack
            assert low - slack <= tied <= high + slack
        if bits == 32:
            assert got.auc_high - got.auc_low < 1e-4


@pytest.mark.parametrize("weighted", [False, True])
def test_ties_are_certain_while_they_have_a_bin_for_themselves(weighted):
    data = rows(2, 5000, "ties", weighted)
    got = merged(np.random.default_rng(3), data, 9, exact_rows=0, bits=20).result()
    assert not got.exact
    np.testing.assert_allclose((got.auc, got.average_precision), scored(*data), rtol=1e-12)
    assert got.auc_high - got.auc_low < 1e-15
    assert got.average_precision_high == got.average_precision_low


def test_even_scores_leave_the_interval_that_is_stated():
    rng = np.random.default_rng(0)
    for bits in (14, 16):
        histogram = ScoreHistogram(exact_rows=0, bits=bits)
        got = histogram.update(rng.integers(0, 2, 400_000), rng.random(400_000)).result()
        assert got.auc_high - got.auc_low == pytest.approx(2.0 ** (12 - bits) / 3, rel=0.03)


@pytest.mark.parametrize("first", ["positive", "negative"])
def test_the_bounds_are_met(first):
    """A bin in which all positive rows come before, or after, all negative ones."""
    n = 1000
    step = np.arange(n) * 1e-9
    score = np.concatenate((1.0 + step, 1.0 + step + 2e-6))
    y = np.repeat([0, 1] if first == "positive" else [1, 0], n)
    got = ScoreHistogram(exact_rows=0, bits=16).update(y, score).result()
    auc, precision = scored(y, score, None)
    assert (got.auc_low, got.auc_high) == (0.0, 1.0)
    assert auc == (got.auc_high if first == "positive" else got.auc_low)
    if first == "positive":
        assert got.average_precision_high == precision == 1.0
    else:
        assert got.average_precision_low == pytest.approx(precision, rel=1e-6)


@pytest.mark.parametrize("exact_rows", [0, 2999, 3000, 10_000])
def test_any_split_in_any_order_gives_the_same(exact_rows):
    data = rows(3, 3000)
    whole = ScoreHistogram(exact_rows=exact_rows).update(*data)
    rng = np.random.default_rng(4)
    for n_pieces in (1, 2, 7, 300):
        other = merged(rng, data, n_pieces, exact_rows=exact_rows)
        assert other.result() == whole.result()
        assert other.result().exact == (exact_rows >= 3000)
        if exact_rows < 3000:
            np.testing.assert_array_equal(other._bins, whole._bins)
            np.testing.assert_array_equal(other._counts, whole._counts)
            np.testing.assert_array_equal(other._only, whole._only)


@pytest.mark.parametrize("exact_rows", [0, 10_000])
def test_sums_of_weights_hardly_depend_on_the_split(exact_rows):
    data = rows(5, 3000, weighted=True)
    whole = ScoreHistogram(exact_rows=exact_rows).update(*data).result()
    rng = np.random.default_rng(6)
    for n_pieces in (2, 7, 300):
        other = merged(rng, data, n_pieces, exact_rows=exact_rows).result()
        np.testing.assert_allclose(other, whole, rtol=1e-15)


def test_rows_with_weights_join_rows_without():
    y, score, weight = rows(7, 2000, weighted=True)
    for exact_rows in (0, 10_000):
        kwargs = {"exact_rows": exact_rows}
        one = (
            ScoreHistogram(**kwargs)
            .update(y, score, weight)
            .merge(ScoreHistogram(**kwargs).update(y, -score))
        )
        two = ScoreHistogram(**kwargs).update(y, -score).update(y, score, weight)
        np.testing.assert_allclose(one.result(), two.result(), rtol=1e-15)
        both = np.concatenate((y, y)), np.concatenate((score, -score))
        expected = scored(*both, np.concatenate((weight, np.ones(2000))))
        got = one.result()
        np.testing.assert_allclose((got.auc, got.average_precision), expected, rtol=1e-3)


def test_merging_leaves_the_other_one_as_it_was():
    data = rows(8, 500)
    for exact_rows in (0, 1000):
        other = ScoreHistogram(exact_rows=exact_rows).update(*data)
        before = other.result()
        total = ScoreHistogram(exact_rows=exact_rows).merge(other).merge(other)
        total.update(*data)
        assert other.result() == before
        assert total.n_rows == 1500


def test_memory_is_bounded():
    rng = np.random.default_rng(9)
    histogram = ScoreHistogram(exact_rows=1000, bits=14)
    for _ in range(50):
        histogram.update(rng.integers(0, 2, 5000), rng.random(5000))
    histogram.result()
    assert histogram._n_kept == 0
    assert len(histogram._bins) < 20 * 4
    assert histogram._counts.sum() == histogram.n_rows == 250_000


def test_values_given_may_change_afterwards():
    y, score = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.05])
    histogram = ScoreHistogram().update(y, score)
    before = histogram.result()
    score[:] = y[:] = 0
    assert histogram.result() == before


def test_zeros_are_one_score():
    for exact_rows in (0, 10):
        got = ScoreHistogram(exact_rows=exact_rows).update([0, 1], [0.0, -0.0]).result()
        assert got.auc == 0.5


@pytest.mark.parametrize("exact_rows", [0, 10_000])
def test_pickles(exact_rows):
    histogram = ScoreHistogram(exact_rows=exact_rows, pos_label="b")
    histogram.update(["a", "b", "b"], [1.0, 3.0, 0.5])
    copy = pickle.loads(pickle.dumps(histogram))
    assert copy.result() == histogram.result()
    copy.update(["b"], [9.0])
    assert (copy.n_rows, histogram.n_rows) == (4, 3)


def test_a_missing_class_is_nan():
    for histogram in (ScoreHistogram(), ScoreHistogram(exact_rows=0)):
        assert math.isnan(histogram.result().auc)
        histogram.update([0, 0], [1.0, 2.0])
        assert math.isnan(histogram.result().average_precision)
        assert histogram.result().n_rows == 2
    assert "2 rows" in repr(histogram)


def test_errors_name_the_argument():
    histogram = ScoreHistogram()
    for arguments, message in (
        (([0, 1], [1.0]), "inconsistent numbers of samples"),
        (([0, 1], [1.0, math.nan]), "NaN"),
        (([0.5, 1], [1.0, 2.0]), "continuous format"),
        (([0, 1], [1.0, 2.0], [1.0, -1.0]), "sample_weight must not be negative"),
        (([0, 1], [1.0, 2.0], [1.0, math.inf]), "sample_weight contains infinity"),
    ):
        with pytest.raises(ValueError, match=message):
            histogram.update(*arguments)
    assert histogram.n_rows == 0
    for kwargs, message in (({"bits": 40}, "bits must"), ({"exact_rows": -1}, "exact_rows must")):
        with pytest.raises(ValueError, match=message):
            ScoreHistogram(**kwargs)
    for kwargs in ({"bits": 20}, {"exact_rows": 5}, {"pos_label": 2}):
        with pytest.raises(ValueError, match=f"{next(iter(kwargs))} must be the same"):
            histogram.merge(ScoreHistogram(**kwargs))
