"""Intervals and paired tests by counts, against what resampling the rows themselves gives."""

from __future__ import annotations

import math
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk
from metrics_oracle import draw_pair

from polyfuse import _matrix_scores as formulas
from polyfuse import metrics
from polyfuse._matrix_scores import Table
from polyfuse._named_metrics import _FUNCTIONS, as_metric
from polyfuse._resampling import coded_sample, distinct, formula_score, resamples
from polyfuse.exceptions import UndefinedMetricWarning

MULTI = [name for name in _FUNCTIONS if name not in ("precision", "recall", "f1", "jaccard")]
OPTIONS = [
    partial(sk.f1_score, average="macro", labels=[2, 0, 9]),
    partial(metrics.f1_score, average="weighted", zero_division=np.nan),
    partial(metrics.fbeta_score, beta=2, average="macro"),
    partial(metrics.fbeta_score, beta=0, average="micro"),
    partial(sk.fbeta_score, beta=math.inf, average="macro"),
    partial(sk.precision_score, average="macro", zero_division=1.0),
    partial(sk.recall_score, average="micro", labels=[1, 2]),
    partial(sk.jaccard_score, average="weighted"),
    partial(sk.balanced_accuracy_score, adjusted=True),
    partial(sk.cohen_kappa_score, replace_undefined_by=0.5),
]


def silent(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


# -- the formulas --------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [*MULTI, *OPTIONS], ids=lambda m: as_metric(m, "test").name)
def test_a_resample_scores_what_its_rows_do(metric):
    """Every count of a resample, repeated as rows, scored by the function itself."""
    rng = np.random.default_rng(0)
    known = as_metric(metric, "test")
    assert known.formula
    for n, k in ((6, 3), (12, 4), (40, 5)):
        t, p = draw_pair(rng, n, k)
        sample = coded_sample(t, {"y_pred": p}, None)
        score, values = formula_score(known, sample), sample.codes.values
        for counts in resamples(sample, 30, rng):
            ours = score(sample.true, sample.preds[0], counts)
            for c, found in zip(counts, ours, strict=True):
                rows = [np.repeat(values[y], c) for y in (sample.true, sample.preds[0])]
                theirs = silent(known.call, *rows)
                np.testing.assert_allclose(found, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_weighted_kappa_has_the_places_of_all_labels(weights):
    rng = np.random.default_rng(1)
    t, p = draw_pair(rng, 30, 5)
    metric = as_metric(partial(sk.cohen_kappa_score, weights=weights), "test")
    sample = coded_sample(t, {"y_pred": p}, None)
    score, values = formula_score(metric, sample), sample.codes.values
    for counts in resamples(sample, 50, rng):
        ours = score(sample.true, sample.preds[0], counts)
        for c, found in zip(counts, ours, strict=True):
            theirs = sk.cohen_kappa_score(
                values[sample.true], values[sample.preds[0]], sample_weight=c, weights=weights,
                labels=values,
            )  # fmt: skip
            np.testing.assert_allclose(found, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "jaccard"])
def test_two_labels(name):
    rng = np.random.default_rng(2)
    t, p = draw_pair(rng, 60, 2)
    for pos_label, (a, b) in ((1, (t, p)), ("yes", [np.array(["no", "yes"])[y] for y in (t, p)])):
        function = partial(_FUNCTIONS[name], pos_label=pos_label)
        found = metrics.bootstrap(function, a, b, random_state=0)
        assert found.estimate == pytest.approx(function(a, b), rel=1e-14)
    assert metrics.bootstrap(name, t, p, random_state=0).low == found.low


def test_tables_of_matrices_and_of_cells():
    rng = np.random.default_rng(3)
    matrices = rng.integers(0, 5, (2, 3, 4, 4))
    table = Table.of_matrix(matrices)
    np.testing.assert_array_equal(table.right, np.diagonal(matrices, axis1=-2, axis2=-1))
    np.testing.assert_array_equal(table.predicted, matrices.sum(axis=-2))
    np.testing.assert_array_equal(table.true, matrices.sum(axis=-1))
    np.testing.assert_array_equal(table.total, matrices.sum(axis=(-2, -1)))
    twice = Table(np.array([0, 1, 0]), np.array([0, 0, 0]), np.array([2, 3, 4]), 2)
    np.testing.assert_array_equal(twice.right, [6, 0])
    assert formulas.accuracy(twice) == 6 / 9


@pytest.mark.parametrize("seed", range(4))
def test_means(seed):
    rng = np.random.default_rng(seed)
    scores = rng.random((20, 5))
    scores[rng.random((20, 5)) < 0.4] = np.nan
    weights = rng.integers(0, 2, (20, 5))
    for row, w, plain, weighted in zip(
        scores, weights, formulas.mean(scores), formulas.mean(scores, weights), strict=True
    ):
        known = ~np.isnan(row)
        expected = np.mean(row[known]) if known.any() else np.nan
        np.testing.assert_allclose(plain, expected, rtol=1e-14)
        if w[known].any():
            expected = np.average(row[known], weights=w[known])
        np.testing.assert_allclose(weighted, expected, rtol=1e-14)


@pytest.mark.parametrize("size", [3, 50, 3_000, 3_000_000])
def test_distinct_rows(size):
    rng = np.random.default_rng(size)
    columns = [rng.integers(0, min(size, 30), 500) * (size // min(size, 30)) for _ in range(3)]
    found, counts = distinct(columns, [size] * 3)
    rows, number = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    np.testing.assert_array_equal(np.stack(found, axis=1), rows)
    np.testing.assert_array_equal(counts, number)


# -- the bootstrap -------------------------------------------------------------------------------


def test_accuracy_is_binomial():
    """n times the accuracy of a resample is binomial(n, accuracy), which has exact moments."""
    t, p = draw_pair(np.random.default_rng(4), 200)
    found = metrics.bootstrap("accuracy", t, p, n_resamples=20_000, random_state=0)
    share = np.mean(t == p)
    assert found.estimate == share
    error = math.sqrt(share * (1 - share) / 200)
    assert found.distribution.mean() == pytest.approx(share, abs=4 * error / math.sqrt(20_000))
    assert found.standard_error == pytest.approx(error, rel=0.02)
    law = scipy.stats.binom(200, share)
    ends = law.ppf([0.025, 0.975]) / 200
    np.testing.assert_allclose([found.low, found.high], ends, atol=1.01 / 200)


@pytest.mark.parametrize("weighted", [False, "counts", "floats"])
@pytest.mark.parametrize("name", ["f1_macro", "matthews_corrcoef", "balanced_accuracy"])
def test_the_distribution_is_that_of_resampled_rows(name, weighted):
    rng = np.random.default_rng(5)
    t, p = draw_pair(rng, 80)
    weight = {"counts": rng.integers(1, 4, 80), "floats": rng.random(80)}.get(weighted)
    function = _FUNCTIONS[name]
    found = metrics.bootstrap(name, t, p, n_resamples=8000, sample_weight=weight, random_state=0)
    brute = []
    for _ in range(1500):
        rows = rng.integers(0, 80, 80)
        brute.append(
            function(t[rows], p[rows], sample_weight=None if weight is None else weight[rows])
        )
    assert found.estimate == pytest.approx(function(t, p, sample_weight=weight), rel=1e-13)
    error = np.std(brute) / math.sqrt(1500)
    assert found.distribution.mean() == pytest.approx(np.mean(brute), abs=4.5 * error)
    assert found.standard_error == pytest.approx(np.std(brute), rel=0.1)
    assert scipy.stats.ks_2samp(found.distribution, brute).pvalue > 1e-3


@pytest.mark.parametrize("method", ["percentile", "basic", "bca"])
def test_intervals_are_those_of_scipy(method):
    rng = np.random.default_rng(6)
    t, p = draw_pair(rng, 60, 3, 0.7)
    ours = metrics.bootstrap("f1_macro", t, p, n_resamples=20_000, method=method, random_state=0)

    def f1(a, b):
        return metrics.f1_score(a, b, average="macro")

    theirs = scipy.stats.bootstrap(
        (t, p), f1, n_resamples=2000, paired=True, vectorized=False,
        method="BCa" if method == "bca" else method, rng=np.random.default_rng(0),
    )  # fmt: skip
    interval = theirs.confidence_interval
    tolerance = 0.12 * ours.standard_error
    np.testing.assert_allclose([ours.low, ours.high], interval, atol=tolerance)


def test_bca_of_a_given_distribution():
    """With the same resamples, scipy's ends to rounding: acceleration, bias and ties agree."""
    rng = np.random.default_rng(7)
    t, p = draw_pair(rng, 40, 3, 0.8)
    distribution = metrics.bootstrap("accuracy", t, p, n_resamples=500, random_state=1)
    ours = metrics.bootstrap("accuracy", t, p, n_resamples=500, random_state=1, method="bca")
    np.testing.assert_array_equal(ours.distribution, distribution.distribution)
    right = (t == p).astype(float)
    theirs = scipy.stats.bootstrap(
        (right,), np.mean, n_resamples=0, method="BCa",
        bootstrap_result=type("Given", (), {"bootstrap_distribution": ours.distribution})(),
    ).confidence_interval  # fmt: skip
    np.testing.assert_allclose([ours.low, ours.high], theirs, rtol=1e-9)


def test_any_function_of_labels_is_called_with_pairs():
    t, p = draw_pair(np.random.default_rng(8), 5000)
    seen = []

    def right(y_true, y_pred, sample_weight):
        seen.append(len(y_true))
        return float(np.average(y_true == y_pred, weights=sample_weight))

    own = metrics.bootstrap(right, t, p, n_resamples=200, random_state=3)
    assert max(seen) <= 16
    named = metrics.bootstrap("accuracy", t, p, n_resamples=200, random_state=3)
    np.testing.assert_allclose(own.distribution, named.distribution, rtol=1e-14)
    plain = metrics.bootstrap(lambda a, b: np.mean(a == b), t, p, n_resamples=200, random_state=3)
    np.testing.assert_allclose(plain.distribution, named.distribution, rtol=1e-14)


def test_functions_of_labels_get_them_as_they_were_given():
    def kinds(y_true, y_pred, sample_weight=None):
        assert (y_true.dtype, y_pred.dtype) == (np.float32, np.int8)
        return 0.0

    metrics.bootstrap(kinds, np.float32([1, 2, 2]), np.int8([1, 1, 2]), n_resamples=2)

    def words(y_true, y_pred, sample_weight=None):
        assert set(y_true) <= {"a", "bb"}
        assert set(y_pred) <= {"a", "ccc"}
        return 0.0

    metrics.bootstrap(words, ["a", "bb"], ["a", "ccc"], n_resamples=2)
    metrics.bootstrap(words, np.array(["a", "bb"], object), ["a", "ccc"], n_resamples=2)


@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_and_scores_are_resampled_by_row(weighted):
    rng = np.random.default_rng(9)
    t = rng.random(150)
    p = t + 0.1 * rng.standard_normal(150)
    weight = rng.random(150) if weighted else None
    found = metrics.bootstrap(
        metrics.mean_squared_error, t, p, n_resamples=3000, sample_weight=weight, random_state=0
    )
    assert found.estimate == pytest.approx(metrics.mean_squared_error(t, p, sample_weight=weight))
    w = np.ones(150) if weight is None else weight
    errors = (t - p) ** 2
    # The delta method's error of a ratio of sums; exact to 1/n.
    expected = math.sqrt(np.sum((w * (errors - found.estimate)) ** 2)) / w.sum()
    assert found.standard_error == pytest.approx(expected, rel=0.06)
    truth = (rng.random(150) < 0.5).astype(int)
    area = metrics.bootstrap(metrics.roc_auc_score, truth, truth + p, n_resamples=50)
    assert area.low <= area.estimate <= area.high


def test_several_labels_per_row():
    rng = np.random.default_rng(10)
    t, p = rng.integers(0, 2, (2, 40, 3))
    found = metrics.bootstrap("f1_macro", t, p, n_resamples=100, random_state=0)
    assert found.estimate == metrics.f1_score(t, p, average="macro")
    assert found.low < found.estimate < found.high


def test_the_same_seed_gives_the_same_answer():
    t, p = draw_pair(np.random.default_rng(11), 300)
    first = metrics.bootstrap("f1_macro", t, p, random_state=5)
    order = np.random.default_rng(0).permutation(300)
    for state in (5, np.random.RandomState(5)):
        again = metrics.bootstrap("f1_macro", t[order], p[order], random_state=state)
        np.testing.assert_array_equal(first.distribution, again.distribution)
    other = metrics.bootstrap("f1_macro", t, p, random_state=np.random.default_rng(5))
    assert other.low == pytest.approx(first.low, abs=0.3 * first.standard_error)
    assert metrics.bootstrap("f1_macro", t, p, random_state=6).low != first.low


def test_thousands_of_labels_cost_the_cells_that_occur():
    rng = np.random.default_rng(12)
    t = rng.integers(0, 10**6, 3000)
    p = np.where(rng.random(3000) < 0.5, t, rng.integers(0, 10**6, 3000))
    found = metrics.bootstrap("accuracy", t, p, n_resamples=300, random_state=0)
    assert found.estimate == np.mean(t == p)
    assert found.standard_error == pytest.approx(math.sqrt(0.25 / 3000), rel=0.2)


def test_what_is_shown():
    t, p = [0, 1] * 50, [0, 1, 1, 1] * 25
    found = metrics.bootstrap(partial(sk.f1_score, average="macro"), t, p, random_state=0)
    assert found.metric == "f1_score(average='macro')"
    assert (found.n_rows, found.n_resamples, found.method) == (100, 1000, "percentile")
    assert repr(metrics.bootstrap("accuracy", [0, 1], [0, 1])) == "1.000 [1.000, 1.000], 95 %"


@pytest.mark.parametrize("method", ["percentile", "basic", "bca"])
def test_a_perfect_score_does_not_vary(method):
    found = metrics.bootstrap("f1_macro", [0, 1, 2], [0, 1, 2], method=method, n_resamples=50)
    assert (found.low, found.estimate, found.high) == (1.0, 1.0, 1.0)
    one = metrics.bootstrap("accuracy", [1], [0], method=method, n_resamples=50)
    assert (one.low, one.estimate, one.high) == (0.0, 0.0, 0.0)


def test_undefined_resamples_are_left_out_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="undefined in .* of 200 resamples") as caught:
        found = metrics.bootstrap("cohen_kappa", [0, 0, 1], [0, 0, 1], n_resamples=200)
    assert caught[0].filename == __file__
    assert np.isnan(found.distribution).any()
    assert found.low == 1.0


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"metric": "f2"}, "must be a function, such as .*, or a str among {'accuracy'"),
        ({"metric": 3}, "must be a name or a function. Got 3"),
        ({"method": "BCa"}, "must be a str among {'percentile', 'basic', 'bca'}. Got 'BCa'"),
        ({"n_resamples": 0}, "must be an int in the range"),
        ({"n_resamples": 2.5}, "must be an int in the range"),
        ({"confidence_level": 1.0}, r"must be a float in the range \(0.0, 1.0\). Got 1.0"),
        ({"random_state": "seed"}, "'seed' cannot be used to seed"),
        ({"metric": "f1"}, "Target is multiclass but average='binary'"),
        ({"y_pred": [0, 1]}, "inconsistent numbers of samples"),
        ({"y_pred": ["a", "b", "c"]}, "Mix of label input types"),
        ({"y_true": [], "y_pred": []}, "Found empty input array"),
        ({"y_pred": [0.5, 1, 2]}, "mix of multiclass and continuous"),
        ({"sample_weight": [0, 0, 0]}, "at least one non-zero"),
        ({"sample_weight": [0, math.nan, 0]}, "contains NaN"),
        ({"metric": lambda a, b: a}, "must return one number"),
        ({"metric": lambda a, b: 1.0, "sample_weight": [1, 2, 3]}, "takes no sample_weight"),
    ],
)
def test_bad_input(kwargs, words):
    given = {"metric": "accuracy", "y_true": [0, 1, 2], "y_pred": [0, 1, 1], **kwargs}
    with pytest.raises((ValueError, TypeError), match=words):
        metrics.bootstrap(**given)


def test_a_function_of_other_keywords_gets_the_rows():
    def accuracy(y_true, y_pred, **kwargs):
        return float(np.mean(y_true == y_pred))

    found = metrics.bootstrap(accuracy, [0] * 90 + [1] * 10, [0] * 100, n_resamples=5)
    assert found.estimate == 0.9


def test_few_resamples_are_not_called_biased():
    for seed in range(40):
        metrics.bootstrap(
            "accuracy", [0, 1] * 5, [0, 1, 1, 1, 0] * 2, n_resamples=3, random_state=seed
        )


def test_threads_leave_the_warnings_as_they_were():
    def noisy(y_true, y_pred):
        warnings.warn("of a resample", stacklevel=1)
        return float(np.mean(y_true == y_pred))

    before = list(warnings.filters)
    with ThreadPoolExecutor(6) as pool:
        for _ in range(40):
            jobs = [
                pool.submit(metrics.bootstrap, metric, [0, 1] * 9, [1, 1] * 9, n_resamples=3)
                for metric in (noisy, "f1_macro", noisy, "accuracy", noisy, "accuracy")
            ]
            with suppress(UserWarning):
                [job.result() for job in jobs]
    assert list(warnings.filters) == before


def test_jackknife_scores_are_quiet():
    y, score = [0, 0, 0, 1, 0, 0], [0.1, 0.95, 0.3, 0.9, 0.91, 0.2]
    with pytest.warns(UndefinedMetricWarning) as caught:
        metrics.bootstrap(
            metrics.roc_auc_score, y, score, method="bca", random_state=0, n_resamples=50
        )
    assert all("resamples, which are left out" in str(w.message) for w in caught)


def test_an_interval_that_leaves_the_estimate_out_is_warned_of():
    rng = np.random.default_rng(0)
    t, p = draw_pair(rng, 3000, 1000, 0.4)
    with pytest.warns(UserWarning, match="The estimate .* lies outside its interval"):
        metrics.bootstrap("f1_macro", t, p, n_resamples=100, random_state=0)
    with pytest.warns(UndefinedMetricWarning, match="All resamples lie on one side"):
        found = metrics.bootstrap("f1_macro", t, p, n_resamples=100, random_state=0, method="bca")
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize(("name", "hint"), [("acuracy", "accuracy"), ("f1-macro", "f1_macro")])
def test_a_name_that_is_none_is_told_the_next(name, hint):
    with pytest.raises(ValueError, match=f"Got '{name}' instead. Did you mean '{hint}'"):
        metrics.bootstrap(name, [0, 1], [0, 1])


def test_arguments_in_another_order_are_not_printed_whole():
    with pytest.raises(TypeError, match="must be a name or a function. Got (?!.*0, 0, 0)"):
        metrics.bootstrap(np.zeros(60), np.zeros(60), "accuracy")
    with pytest.raises(TypeError, match="metric must return one number"):
        metrics.bootstrap(metrics.classification_report, [0, 1], [0, 1])
