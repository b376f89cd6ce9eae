"""Paired tests by counts, against enumeration, scipy and what resampling the rows gives."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import pytest
import scipy.stats
from metrics_oracle import draw_pair

from polyfuse import metrics
from polyfuse._named_metrics import _FUNCTIONS
from polyfuse._statistics import mcnemar, paired_interval
from polyfuse.exceptions import InvalidParameterError, UndefinedMetricWarning


def three(rng, n, k=3):
    t, a = draw_pair(rng, n, k, 0.7)
    b = np.where(rng.random(n) < 0.8, a, draw_pair(rng, n, k, 0.3)[1])
    return t, a, b


def all_swaps(t, a, b, metric):
    """The differences of all ways to swap a and b in the rows of which they differ."""
    rows = np.flatnonzero(a != b)
    found = []
    for swap in itertools.product([False, True], repeat=len(rows)):
        c, d = a.copy(), b.copy()
        swapped = rows[np.array(swap)]
        c[swapped], d[swapped] = b[swapped], a[swapped]
        found.append(metric(t, c) - metric(t, d))
    return np.array(found)


@pytest.mark.parametrize("name", ["accuracy", "f1_macro", "matthews_corrcoef"])
def test_permutations_of_few_rows(name):
    """The p-value of drawn swaps, against that of all 2**n of them."""
    rng = np.random.default_rng(13)
    for _ in range(3):
        t, a, b = three(rng, 30)
        rows = np.flatnonzero(a != b)
        a[rows[9:]] = b[rows[9:]]
        differences = all_swaps(t, a, b, _FUNCTIONS[name])
        observed = _FUNCTIONS[name](t, a) - _FUNCTIONS[name](t, b)
        exact = np.mean(np.abs(differences) >= abs(observed) - 1e-12)
        found = metrics.compare(t, a, b, name, n_resamples=20_000, random_state=0)
        assert found.difference == pytest.approx(observed, abs=1e-15)
        assert found.n_differ == np.count_nonzero(a != b)
        assert found.p_value == pytest.approx(exact, abs=4.5 * math.sqrt(0.25 / 20_000))


def test_permutations_of_accuracy_are_mcnemars():
    t, a, b = three(np.random.default_rng(14), 2000)
    drawn = metrics.compare(t, a, b, "accuracy", n_resamples=20_000, random_state=0)
    exact = metrics.compare(t, a, b, "accuracy", method="mcnemar")
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)
    assert (exact.only_a, exact.only_b) == (
        np.sum((a == t) & (b != t)), np.sum((b == t) & (a != t)),
    )  # fmt: skip
    assert (exact.low, exact.high) == paired_interval(exact.only_a, exact.only_b, 2000)


def test_the_permuted_weights_stay_with_their_rows():
    rng = np.random.default_rng(15)
    t, a, b = three(rng, 40)
    rows = np.flatnonzero(a != b)
    a[rows[8:]] = b[rows[8:]]
    weight = rng.integers(1, 4, 40) / 2
    accuracy = partial(metrics.accuracy_score, sample_weight=weight)
    exact_all = all_swaps(t, a, b, accuracy)
    observed = accuracy(t, a) - accuracy(t, b)
    exact = np.mean(np.abs(exact_all) >= abs(observed) - 1e-12)
    found = metrics.compare(
        t, a, b, "accuracy", sample_weight=weight, n_resamples=20_000, random_state=0
    )
    assert found.difference == pytest.approx(observed)
    assert found.p_value == pytest.approx(exact, abs=0.015)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_paired_bootstrap_is_that_of_rows(weighted):
    rng = np.random.default_rng(16)
    t, a, b = three(rng, 120)
    weight = rng.integers(1, 3, 120) if weighted else np.ones(120, int)
    found = metrics.compare(
        t, a, b, "f1_macro", method="bootstrap", n_resamples=8000, random_state=0,
        sample_weight=weight if weighted else None,
    )  # fmt: skip
    f1 = partial(metrics.f1_score, average="macro")
    brute = []
    for _ in range(1500):
        r = rng.integers(0, 120, 120)
        brute.append(
            f1(t[r], a[r], sample_weight=weight[r]) - f1(t[r], b[r], sample_weight=weight[r])
        )
    assert found.standard_error == pytest.approx(np.std(brute), rel=0.1)
    ends = np.quantile(brute, [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], ends, atol=0.35 * found.standard_error)
    extreme = np.mean(np.abs(np.array(brute) - found.difference) >= abs(found.difference))
    assert found.p_value == pytest.approx(extreme, abs=0.06)


def test_numbers_are_compared_by_row():
    rng = np.random.default_rng(17)
    t = rng.random(200)
    a, b = t + 0.10 * rng.standard_normal(200), t + 0.2 * rng.standard_normal(200)
    found = metrics.compare(t, a, b, metrics.mean_squared_error, n_resamples=500, random_state=0)
    assert found.difference == pytest.approx(np.mean((t - a) ** 2) - np.mean((t - b) ** 2))
    assert found.p_value == pytest.approx(1 / 501)
    assert found.high < 0
    assert (found.only_a, found.only_b, found.n_differ) == (None, None, 200)


def test_equal_predictions():
    t, a = draw_pair(np.random.default_rng(18), 50)
    for method in ("permutation", "bootstrap", "mcnemar"):
        found = metrics.compare(t, a, a.astype(float), method=method, n_resamples=20)
        assert (found.difference, found.p_value, found.n_differ) == (0.0, 1.0, 0)


def test_predictions_of_different_labels_and_types():
    t, a, b = ["x", "y", "x", "z"], np.array(["x", "y", "y", "z"], object), ["w", "y", "x", "z"]
    found = metrics.compare(t, a, b, "f1_macro", n_resamples=50)
    assert found.estimate_a == pytest.approx(metrics.f1_score(t, a, average="macro"))
    assert found.estimate_b == pytest.approx(metrics.f1_score(t, b, average="macro"))
    huge = metrics.compare([-1, 2**63 - 1], np.uint64([2**63, 2**63 - 1]), [-1, 5], n_resamples=5)
    assert (huge.estimate_a, huge.estimate_b, huge.n_differ) == (0.5, 0.5, 2)


def test_chance_is_found_as_often_as_it_should_be():
    """Of predictions that are equally good, p <= 0.1 in a tenth of the cases or fewer."""
    rng = np.random.default_rng(19)
    found = []
    for _ in range(150):
        t = rng.integers(0, 3, 200)
        a, b = (np.where(rng.random(200) < 0.6, t, rng.integers(0, 3, 200)) for _ in range(2))
        found.append(metrics.compare(t, a, b, "f1_macro", n_resamples=199, random_state=rng))
    p_values = np.array([f.p_value for f in found])
    assert 0.02 < np.mean(p_values <= 0.1) < 0.19
    assert 0.35 < np.mean(p_values <= 0.5) < 0.65


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (3, 0), (9, 1), (5, 5), (40, 61), (1, 2)])
def test_mcnemar(gained, lost):
    exact = scipy.stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(exact, rel=1e-12)
    law = scipy.stats.binom(gained + lost, 0.5)
    apart = np.abs(np.arange(gained + lost + 1) - (gained + lost) / 2)
    chances, seen = law.pmf(np.arange(gained + lost + 1)), abs(gained - lost) / 2
    mid = chances[apart > seen].sum() + chances[apart == seen].sum() / 2
    assert mcnemar(gained, lost, mid_p=True) == pytest.approx(mid, rel=1e-12)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"method": "t"}, "The 'method' parameter of compare must be a str among"),
        ({"method": "mcnemar", "metric": "f1_macro"}, "is for accuracy without weights"),
        ({"method": "mcnemar", "sample_weight": [1, 1, 1]}, "'accuracy' and sample_weight"),
        ({"pred_b": [0, 1]}, "inconsistent numbers of samples"),
        ({"pred_b": ["a", "b", "c"]}, "Mix of label input types"),
    ],
)
def test_bad_comparisons(kwargs, words):
    given = {"y_true": [0, 1, 2], "pred_a": [0, 1, 1], "pred_b": [0, 0, 0], **kwargs}
    with pytest.raises(ValueError, match=words):
        metrics.compare(**given)


def test_parameters_are_both_value_and_type_errors():
    with pytest.raises(InvalidParameterError):
        metrics.compare([0], [0], [0], n_resamples=-1)


@pytest.mark.filterwarnings("ignore:The metric is undefined in 1000 of 1000 resamples")
@pytest.mark.parametrize("method", ["permutation", "bootstrap"])
def test_a_difference_that_is_undefined_has_no_p_value(method):
    with pytest.warns(UndefinedMetricWarning, match="The difference is undefined"):
        found = metrics.compare(
            [0] * 20, [0] * 20, [0, 1] * 10, "cohen_kappa", method=method, random_state=0
        )
    assert math.isnan(found.difference)
    assert math.isnan(found.p_value)


def test_errors_name_the_prediction():
    with pytest.raises(ValueError, match="Input pred_b contains NaN"):
        metrics.compare([0, 1], [0, 1], [0, math.nan])
    with pytest.raises(ValueError, match=r"pred_a: .* inconsistent numbers of samples: \[2, 1\]"):
        metrics.compare([0, 1], [0], [0, 1])


@pytest.mark.parametrize(("gained", "lost"), [(1_100_000, 1_102_000), (1_500_000, 1_500_000)])
def test_mcnemar_of_millions(gained, lost):
    want = scipy.stats.binomtest(gained, gained + lost).pvalue
    assert mcnemar(gained, lost) == pytest.approx(want, rel=1e-7)
    assert 0.0 <= mcnemar(10**9, 10**9 + 30_000) <= 1.0
