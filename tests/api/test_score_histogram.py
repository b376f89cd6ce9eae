"""AUC and average precision of streams: the same for any split, and within their own bounds."""

from __future__ import annotations

import math
import pickle
import tracemalloc

import numpy as np
import pytest

from polyfuse.exceptions import UndefinedMetricWarning
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


@pytest.mark.parametrize("bits", [12, 16, 24])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bounds_hold_for_weights_of_any_size(kind, bits):
    for seed in range(20):
        y, score, _ = rows(seed, 500, kind)
        weight = 10.0 ** np.random.default_rng(seed).integers(-9, 9, 500)
        got = ScoreHistogram(exact_rows=0, bits=bits).update(y, score, weight).result()
        for value, (tied, low, high) in zip(
            scored(y, score, weight), (got[:3], got[3:6]), strict=True
        ):
            assert low * (1 - 1e-13) <= value <= high * (1 + 1e-13)
            assert low <= tied <= high <= 1


def test_a_small_weight_behind_a_great_one_keeps_its_place():
    histogram = ScoreHistogram(exact_rows=0, bits=16)
    got = histogram.update([0, 1, 1], [1.0, 1.0 + 1e-9, 5.0], [1e16, 1.0, 0.3]).result()
    assert got.average_precision_high == 1.0
    assert got.average_precision_low <= got.average_precision


@pytest.mark.parametrize("exact_rows", [0, 10])
@pytest.mark.parametrize("scale", [5e-324, 1e-320, 1e-200, 1e200, 1e307])
def test_weights_far_from_one(exact_rows, scale):
    histogram = ScoreHistogram(exact_rows=exact_rows, bits=32)
    histogram.update([0, 1, 0, 1], [0.1, 0.9, 0.3, 0.2], [scale] * 4)
    assert histogram.result().auc == 0.75
    # The third of the smallest numbers there are is another one.
    rough = 1e-3 if scale < 1e-310 else 1e-15
    if scale > 5e-324:
        assert histogram.result().average_precision == pytest.approx(5 / 6, rel=rough)


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


def test_a_missing_class_is_nan_and_warned_of():
    for histogram in (ScoreHistogram(), ScoreHistogram(exact_rows=0)):
        with pytest.warns(UndefinedMetricWarning, match="Only one class"):
            assert math.isnan(histogram.result().auc)
        histogram.update([0, 0], [1.0, 2.0])
        with pytest.warns(UndefinedMetricWarning, match="Only one class") as caught:
            assert math.isnan(histogram.result().average_precision)
        assert caught[0].filename == __file__
        assert histogram.n_rows == 2
    assert "2 rows" in repr(histogram)


def test_pieces_without_rows_are_taken():
    for exact_rows in (0, 10):
        histogram = ScoreHistogram(exact_rows=exact_rows).update([], [])
        histogram.update([0, 1], [0.1, 0.2], [0, 0]).update([0, 1], [0.1, 0.2], [0.5, 0.5])
        histogram.update(np.empty(0, int), np.empty(0), np.empty(0))
        assert (histogram.n_rows, histogram.result().auc) == (2, 1.0)


def test_small_pieces_take_no_more_memory_than_large_ones():
    y, score = np.array([0, 1]), np.array([0.1, 0.2])
    histogram = ScoreHistogram().update(y, score)
    tracemalloc.start()
    for _ in range(5000):
        histogram.update(y, score)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used < 15 * 10_000
    for n_rows in range(600, 0, -1):
        histogram.update(np.ones(n_rows, int), np.ones(n_rows), np.ones(n_rows))
    assert len(histogram._rows) < 128
    assert histogram.n_rows == sum(len(row[0]) for row in histogram._rows)


@pytest.mark.parametrize("exact_rows", [0, 10_000])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_and_comparisons(weighted, exact_rows):
    kwargs = {"exact_rows": exact_rows}
    y, score, _ = rows(11, 300)
    weight = np.arange(300.0) + 1 if weighted else None
    whole = ScoreHistogram(**kwargs).update(y, score, weight)
    for order in (slice(None), slice(None, None, -1)):
        w = None if weight is None else weight[order]
        parts = [ScoreHistogram(**kwargs) for _ in range(2)]
        for part, at in zip(parts, (slice(100), slice(100, None)), strict=True):
            part.update(y[order][at], score[order][at], None if w is None else w[at])
        assert parts[0] + parts[1] == whole
        assert parts[0] != whole
        assert parts[0].n_rows == 100
    assert whole != ScoreHistogram(**kwargs).update(1 - y, score, weight)
    assert whole != ScoreHistogram(exact_rows=5).update(y, score, weight)
    assert whole != 3
    with pytest.raises(TypeError, match="unsupported operand"):
        whole + 3
    with pytest.raises(TypeError, match=r"other must be a ScoreHistogram; got int\."):
        whole.merge(3)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"bits": 40}, {"bits": 12.5}, {"bits": "a"}, {"bits": None}, {"exact_rows": -1},
        {"exact_rows": 2.5}, {"exact_rows": "x"}, {"pos_label": [1]}, {"pos_label": None},
        {"pos_label": math.nan}, {"pos_label": np.float64("nan")},
    ],
)  # fmt: skip
def test_bad_parameters(kwargs):
    name, value = next(iter(kwargs.items()))
    with pytest.raises(ValueError, match=f"The '{name}' parameter of ScoreHistogram must") as said:
        ScoreHistogram(**kwargs)
    assert f"Got {value!r} instead" in str(said.value)


def test_scores_that_no_float64_can_hold_are_refused():
    wide = np.array([1, 1 + np.finfo(np.longdouble).eps], np.longdouble)
    for score in ([2**60, 2**60 + 1], [0, 2**53 + 1], np.array([0, 2**64 - 1], np.uint64), wide):
        with pytest.raises(ValueError, match="y_score must be numbers that float64 can hold"):
            ScoreHistogram().update([0, 1], score)
    for score in ([-(2**53) + 1, 2**53 - 1], np.array([0.5, 0.75], np.longdouble), [False, True]):
        assert ScoreHistogram().update([0, 1], score).result().auc == 1.0


def test_errors_name_the_argument():
    histogram = ScoreHistogram()
    for arguments, message in (
        (([0, 1], [1.0]), "inconsistent numbers of samples"),
        (([0, 1], [1.0, math.nan]), "NaN"),
        (([0.5, 1], [1.0, 2.0]), "continuous format"),
        (([0, 1], [1.0, 2.0], [1.0, -1.0]), "sample_weight must not be negative"),
        (([0, 1], [1.0, 2.0], [1.0, math.inf]), "sample_weight contains infinity"),
        (([0, 1], [1.0, 2.0], [0.0]), "inconsistent numbers of samples"),
        (([0, 1], ["a", "b"]), "dtype='numeric' is not compatible"),
        ((["a", "b"], [1.0, 2.0]), "pos_label=1 is not a valid label: those of y_true are strings"),
    ):
        with pytest.raises(ValueError, match=message):
            histogram.update(*arguments)
    assert histogram.n_rows == 0
    with pytest.raises(ValueError, match="pos_label='1' is not .* y_true are numbers"):
        ScoreHistogram(pos_label="1").update([0, 1], [1.0, 2.0])
    for kwargs in ({"bits": 20}, {"exact_rows": 5}, {"pos_label": 2}):
        with pytest.raises(ValueError, match=f"{next(iter(kwargs))} must be the same"):
            histogram.merge(ScoreHistogram(**kwargs))
