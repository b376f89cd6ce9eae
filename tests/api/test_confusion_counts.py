"""Counts in parts are those of all rows, and score as they do."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
import sklearn.metrics as sk
from metrics_oracle import LABELS, draw_targets

from polyfuse import metrics
from polyfuse.exceptions import InvalidParameterError
from polyfuse.metrics import ConfusionCounts

SCORES = [
    metrics.accuracy_score,
    metrics.balanced_accuracy_score,
    metrics.matthews_corrcoef,
    metrics.cohen_kappa_score,
    metrics.hamming_loss,
    partial(metrics.f1_score, average="macro"),
    partial(metrics.precision_score, average="weighted"),
    partial(metrics.recall_score, average=None),
    partial(metrics.jaccard_score, average="micro"),
    sk.balanced_accuracy_score,
    partial(sk.cohen_kappa_score, weights="quadratic"),
    partial(sk.f1_score, average="macro"),
]


def silent(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def parts(rng, n):
    """Slices of n rows, some of them empty, in any order."""
    cuts = np.sort(rng.integers(0, n + 1, rng.integers(0, 6)))
    ends = [0, *cuts, n]
    found = [slice(a, b) for a, b in pairwise(ends)]
    return [found[i] for i in rng.permutation(len(found))]


def counted(rng, y_true, y_pred, weight, labels=None):
    """Counted in parts, by several accumulators merged in a tree of any shape."""
    y_true, y_pred = np.asarray(y_true).reshape(-1), np.asarray(y_pred).reshape(-1)
    several = [ConfusionCounts(labels) for _ in range(rng.integers(1, 4))]
    for part in parts(rng, len(y_true)):
        one = several[rng.integers(len(several))]
        w = None if weight is None else weight[part]
        assert one.update(y_true[part], y_pred[part], w) is one
    if rng.random() < 0.5:
        return reduce(add, several)
    return reduce(lambda a, b: a.merge(b), several)


def cases(seed, count=25):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        labels, types = LABELS[sorted(LABELS)[rng.integers(len(LABELS))]]
        n = int(rng.integers(1, 80))
        y_true, y_pred = draw_targets(rng, labels, types, n)
        yield rng, list(labels), y_true, y_pred


@pytest.mark.parametrize("seed", range(8))
def test_any_split_counts_the_same(seed):
    for rng, labels, t, p in cases(seed):
        weight = rng.integers(0, 4, len(t)) if rng.random() < 0.5 else None
        if weight is not None:
            weight[0] = 1
        one, other = counted(rng, t, p, weight), counted(rng, t, p, weight)
        assert one == other
        assert (one.n_rows, one.weighted) == (len(t), weight is not None)
        table = one.result()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = sk.confusion_matrix(t, p, sample_weight=weight)
        np.testing.assert_array_equal(table.matrix, expected, strict=True)
        all_labels = np.union1d(np.asarray(t).reshape(-1), np.asarray(p).reshape(-1))
        np.testing.assert_array_equal(table.labels, all_labels)
        choice = [labels[i] for i in rng.permutation(len(labels))]
        chosen = counted(rng, t, p, weight, choice)
        theirs = silent(metrics.confusion_matrix, t, p, labels=choice, sample_weight=weight)
        np.testing.assert_array_equal(chosen.result().matrix, theirs, strict=True)


@pytest.mark.parametrize("seed", range(10, 16))
def test_every_metric_is_that_of_the_rows(seed):
    for rng, _, t, p in cases(seed, 6):
        weight = rng.random(len(t)) if rng.random() < 0.3 else None
        table = counted(rng, t, p, weight).result()
        rows = {"sample_weight": weight}
        for metric in SCORES:
            ours, theirs = silent(table.score, metric), silent(metric, t, p, **rows)
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
        report = silent(table.score, metrics.classification_report, output_dict=True)
        theirs = silent(sk.classification_report, t, p, output_dict=True, **rows)
        assert report.keys() == theirs.keys()
        for line, values in theirs.items():
            assert report[line] == pytest.approx(values, rel=1e-12)


def test_names_options_and_labels():
    t, p = ["a", "b", "c", "c", "d"], ["a", "c", "c", "b", "d"]
    table = ConfusionCounts(labels=["c", "a"]).update(t, p).result()
    macro = metrics.f1_score(t, p, labels=["c", "a"], average="macro")
    assert table.score("f1_macro") == table.score(metrics.f1_score, average="macro") == macro
    assert table.score("accuracy") == 0.6
    own = table.score(metrics.recall_score, labels=["b"], average="macro")
    assert own == metrics.recall_score(t, p, labels=["b"], average="macro")
    np.testing.assert_array_equal(table.labels, ["c", "a"])
    with pytest.raises(TypeError, match="options are for functions"):
        table.score("f1_macro", beta=2)
    with pytest.raises(ValueError, match="The 'metric' parameter of score"):
        table.score("f3")
    two = ConfusionCounts().update([0, 1, 1], [0, 1, 0]).result()
    assert two.score("f1") == metrics.f1_score([0, 1, 1], [0, 1, 0])


@pytest.mark.parametrize("seed", range(20, 24))
def test_float_weights_add_up_to_the_last_place(seed):
    """Each cell is the exact sum, rounded, however the rows are cut."""
    rng = np.random.default_rng(seed)
    t, p = rng.integers(0, 3, (2, 3000))
    weight = rng.lognormal(0, [1, 8, 20, 60][seed - 20], 3000)
    if seed == 23:
        weight *= np.where(rng.random(3000) < 0.3, -1, 1)
    exact = [[Fraction(0)] * 3 for _ in range(3)]
    for i, j, w in zip(t, p, weight, strict=True):
        exact[i][j] += Fraction(float(w))
    expected = np.array([[float(x) for x in row] for row in exact])
    for _ in range(4):
        found = counted(rng, t, p, weight).result().matrix
        np.testing.assert_array_almost_equal_nulp(found, expected, nulp=1)


def test_numbers_of_rows_and_weights_together():
    counts = ConfusionCounts().update([0, 1], [0, 1]).update([0, 1], [1, 1], [0.5, 2])
    np.testing.assert_array_equal(counts.result().matrix, [[1, 0.5], [0, 3]])
    assert repr(counts) == "ConfusionCounts(4 weighted rows, 2 labels)"
    whole = ConfusionCounts().update([0, 1], [0, 1]).update([0, 1], [1, 1], [3, 2])
    np.testing.assert_array_equal(whole.result().matrix, [[1, 3], [0, 3]])
    assert whole.result().matrix.dtype == np.int64


def test_parts_that_weigh_nothing():
    counts = ConfusionCounts().update([7, 8], [8, 8], [0.0, 0.0]).update([], [])
    assert counts.n_rows == 2
    counts.update([1, 2], [1, 1], [1.0, 2.0])
    t, p, w = [7, 8, 1, 2], [8, 8, 1, 1], [0, 0, 1.0, 2.0]
    expected = sk.confusion_matrix(t, p, sample_weight=w)
    np.testing.assert_array_equal(counts.result().matrix, expected)
    np.testing.assert_array_equal(counts.result().labels, [1, 2, 7, 8])


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ((["a"], ["b"]), ValueError, "Mix of label input types"),
        (([0, "a"], [0, 1]), ValueError, "Mix of label input types|input types"),
        (([0.5], [1]), ValueError, "continuous"),
        (([math.nan], [1]), ValueError, "contains NaN"),
        (([1, 2], [1]), ValueError, "inconsistent numbers of samples"),
        (([1, 2], [1, 2], [math.inf, 1]), ValueError, "contains infinity"),
        (([1, 2], [1, 2], [[1, 1]]), ValueError, "inconsistent|1D array"),
        (([[0, 1]], [[1, 1]]), ValueError, "multilabel-indicator is not supported"),
        (([b"a"], [b"a"]), TypeError, "bytes"),
    ],
)
def test_bad_rows_leave_the_counts_as_they_were(bad, error, words):
    counts = ConfusionCounts().update([0, 1, 2], [0, 0, 2])
    before = copy.deepcopy(counts)
    with pytest.raises(error, match=words):
        counts.update(*bad)
    assert counts == before
    assert counts.update([2], [0]) != before


def test_bad_merges():
    numbers, words = ConfusionCounts().update([0], [1]), ConfusionCounts().update(["a"], ["b"])
    with pytest.raises(ValueError, match="Mix of label input types"):
        numbers.merge(words)
    assert numbers == ConfusionCounts().update([0], [1])
    with pytest.raises(TypeError, match="must be a ConfusionCounts; got list"):
        numbers.merge([1])
    with pytest.raises(TypeError):
        numbers + 1
    with pytest.raises(ValueError, match="No rows are counted yet"):
        ConfusionCounts().result()


def test_copies_pickles_and_equality():
    counts = ConfusionCounts(labels=["a", "b"]).update(["a", "b"], ["a", "a"])
    again = pickle.loads(pickle.dumps(counts))
    assert again == counts
    assert copy.copy(counts).update(["a"], ["a"]) != counts
    table = counts.result()
    counts.update(["b"], ["b"])
    np.testing.assert_array_equal(table.matrix, [[1, 0], [1, 0]])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(table)).matrix, table.matrix)
    assert counts != ConfusionCounts()
    assert ConfusionCounts() == ConfusionCounts()
    assert counts != 3
    with pytest.raises(TypeError):
        hash(counts)
    assert repr(ConfusionCounts()) == "ConfusionCounts(0 rows, 0 labels)"
    assert repr(table) == "ConfusionTable(2 pairs of 2 labels)"
    with pytest.raises(ValueError, match=r"other must have labels=\['a'\]; got \['a', 'b'\]"):
        ConfusionCounts(["a"]).merge(ConfusionCounts(["a", "b"]))


def test_sums_of_accumulators_leave_them_as_they_were():
    one, two = ConfusionCounts().update([0], [0]), ConfusionCounts().update([1], [0])
    both = sum([one, two], start=ConfusionCounts())
    assert both == ConfusionCounts().update([0, 1], [0, 0])
    assert one == ConfusionCounts().update([0], [0])
    assert sum([one, two]) == both
    one += two
    assert one == both


@pytest.mark.parametrize(
    "labels", ["cat", 3, [], [[0, 1]], {0, 1}, [0, math.nan], ["a", 1], [0, 0]]
)
def test_labels_that_are_none(labels):
    with pytest.raises(InvalidParameterError, match="The 'labels' parameter of ConfusionCounts"):
        ConfusionCounts(labels)


def test_labels_are_those_of_the_time():
    labels = [0, 1]
    counts = ConfusionCounts(labels)
    labels.append(2)
    assert counts.labels == [0, 1]
    with pytest.raises(ValueError, match="labels and targets must be of one kind"):
        ConfusionCounts(["a", "b"]).update([0, 1], [0, 1])


def test_an_interval_is_of_the_labels_wanted():
    pair = [0, 0, 1, 1, 2, 2, 2, 0, 1], [0, 1, 1, 1, 2, 0, 2, 0, 2]
    for labels in ([0, 1], [2, 0], None):
        table = ConfusionCounts(labels).update(*pair).result()
        for name in ("accuracy", "balanced_accuracy", "matthews_corrcoef", "cohen_kappa",
                     "f1_macro", "recall_weighted", "jaccard_micro"):  # fmt: skip
            found = table.bootstrap(name, n_resamples=3, random_state=0).estimate
            assert found == pytest.approx(table.score(name), rel=1e-14)


def test_the_largest_weight_is_counted():
    largest = np.finfo(np.float64).max
    counts = ConfusionCounts().update([0, 1], [0, 0], sample_weight=[largest, 1.0])
    assert counts.result().matrix.tolist() == [[largest, 0.0], [1.0, 0.0]]


def test_weights_beyond_the_doubles_are_infinite():
    counts = ConfusionCounts()
    for _ in range(3):
        counts.update([0, 1], [0, 0], sample_weight=[1e308, 1.0])
    assert counts.result().matrix.tolist() == [[math.inf, 0.0], [3.0, 0.0]]


def test_labels_of_growing_types():
    counts = ConfusionCounts().update([True, False], [True, True])
    counts.update(np.int8([-1, 0]), np.int8([0, 0])).update([1.0, 300.0], [2.0, 1.0])
    np.testing.assert_array_equal(counts.result().labels, [-1, 0, 1, 2, 300])
    counts.update(np.uint64([2**64 - 1]), np.uint64([2**63]))
    table = counts.result()
    assert table.labels.tolist() == [-1, 0, 1, 2, 300, 2**63, 2**64 - 1]
    assert table.matrix.sum() == counts.n_rows
    assert table.bootstrap("accuracy", n_resamples=10).estimate == 2 / 7
    words = ConfusionCounts().update(["a"], ["b"]).update(["longer"], ["a"])
    words.update(np.array(["b", "zz"], object), ["a", "longest"])
    assert words.result().labels.tolist() == ["a", "b", "longer", "longest", "zz"]


def test_many_labels():
    rng = np.random.default_rng(30)
    t, p = rng.integers(-(10**12), 10**12, (2, 400))
    found = counted(rng, t, p, None).result()
    np.testing.assert_array_equal(found.matrix, metrics.confusion_matrix(t, p))
    assert found.score("accuracy") == 0.0


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_of_counts_are_those_of_rows(method):
    rng = np.random.default_rng(31)
    t, p = rng.integers(0, 4, (2, 500))
    table = counted(rng, t, p, None).result()
    for metric in ("f1_macro", partial(sk.recall_score, average="macro", labels=[1, 3])):
        ours = table.bootstrap(metric, method=method, random_state=0)
        theirs = metrics.bootstrap(metric, t, p, method=method, random_state=0)
        assert (ours.low, ours.high, ours.n_rows) == (theirs.low, theirs.high, 500)
    chosen = counted(rng, t, p, None, [0, 2]).result()
    limited = partial(metrics.f1_score, average="macro", labels=[0, 2])
    assert chosen.bootstrap("f1_macro", random_state=0).low == (
        metrics.bootstrap(limited, t, p, random_state=0).low
    )
    with pytest.raises(ValueError, match="not known as a function of the confusion matrix"):
        table.bootstrap(metrics.mean_squared_error)
    weighted = counted(rng, t, p, rng.random(500)).result()
    with pytest.raises(ValueError, match="Weighted counts do not tell"):
        weighted.bootstrap("accuracy")
