"""Metrics of predicted numbers beside scikit-learn's, far from zero, of every input, in parts."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from metrics_oracle import compare, draw_numbers, files_warned_of

import polyfuse as pf
from polyfuse import metrics
from polyfuse._kernels import available

MULTI = [
    "d2_absolute_error_score", "d2_pinball_score", "explained_variance_score",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_pinball_loss",
    "mean_squared_error", "mean_squared_log_error", "median_absolute_error", "r2_score",
    "root_mean_squared_error", "root_mean_squared_log_error",
]  # fmt: skip
SINGLE = [
    "d2_tweedie_score", "max_error", "mean_gamma_deviance", "mean_poisson_deviance",
    "mean_tweedie_deviance",
]  # fmt: skip
ALL = MULTI + SINGLE
# scikit-learn compares weights with the eps of their type.
OF_A_QUANTILE = {"median_absolute_error", "d2_pinball_score", "d2_absolute_error_score"}
OF_TWO_ROWS = {"r2_score", "d2_absolute_error_score", "d2_pinball_score", "d2_tweedie_score"}
LOOSE = {"rtol": 1e-11, "atol": 1e-13}


def near(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=4e-15)


# -- beside scikit-learn -------------------------------------------------------------------------


@pytest.mark.parametrize("backend", available())
@pytest.mark.parametrize("name", ALL)
def test_every_backend_agrees_with_scikit_learn(name, backend):
    for n in (2, 33, 5000):
        rng, y, p = draw_numbers(n, n)
        with pf.use(backend):
            compare(name, y, p, **LOOSE)
            if name != "max_error":
                compare(name, y, p, sample_weight=rng.random(n), **LOOSE)
            if name in MULTI:
                _, y, p = draw_numbers(n + 1, n, 3)
                for over in ("raw_values", "uniform_average", [0.2, 0.3, 1.5]):
                    compare(name, y, p, multioutput=over, **LOOSE)


@pytest.mark.parametrize("power", [-2, -0.5, 0, 1, 1.2, 2, 2.5, 3, 4.0])
def test_powers(power):
    rng, y, p = draw_numbers(3, 9000)
    weight = rng.random(9000)
    for name in ("mean_tweedie_deviance", "d2_tweedie_score"):
        compare(name, y, p, power=power, sample_weight=weight, **LOOSE)
        compare(name, y - 3.0, p, power=power, **LOOSE)
        compare(name, y, p - 3.0, power=power, **LOOSE)
        compare(name, np.where(y < 2, 0, y), p, power=power, **LOOSE)
        compare(name, y, np.where(y < 2, 0, p), power=power, **LOOSE)
    compare("mean_tweedie_deviance", y[:, None], p[:, None], power=power, **LOOSE)


@pytest.mark.parametrize("name", ["mean_poisson_deviance", "mean_gamma_deviance"])
def test_domains_of_deviances(name):
    for y, p in (([0, 1], [1, 1]), ([1, 2], [0, 1]), ([0, 2], [-1, 1]), ([-1, 2], [1, 1])):
        compare(name, np.array(y, float), np.array(p, float), **LOOSE)


@pytest.mark.parametrize("value", [-1.0, -1.5, -np.nextafter(1, 0)])
@pytest.mark.parametrize("name", ["mean_squared_log_error", "root_mean_squared_log_error"])
def test_domain_of_logarithms(name, value):
    _, y, p = draw_numbers(0, 40)
    y[7] = value
    compare(name, y, p, **LOOSE)
    compare(name, p, y, **LOOSE)
    weight = np.ones(40)
    weight[7] = 0.0
    compare(name, y, p, sample_weight=weight, **LOOSE)


@pytest.mark.parametrize("alpha", [0, 0.1, 0.5, 0.75, 1, 1.0])
def test_quantiles(alpha):
    rng, y, p = draw_numbers(1, 301)
    ties = [rng.integers(0, 4, 40).astype(float), rng.integers(0, 4, 40)]
    counts = rng.integers(0, 3, 40)
    for name in ("mean_pinball_loss", "d2_pinball_score"):
        compare(name, y, p, alpha=alpha, **LOOSE)
        compare(name, y[:300], p[:300], alpha=alpha, **LOOSE)
        compare(name, y, p, alpha=alpha, sample_weight=rng.random(301), **LOOSE)
        compare(name, *ties, alpha=alpha, sample_weight=counts, **LOOSE)
        compare(name, *ties, alpha=alpha, **LOOSE)


def test_weighted_medians():
    rng = np.random.default_rng(4)
    for _ in range(100):
        n = int(rng.integers(1, 12))
        pair = rng.integers(0, 5, (2, n)).astype(float)
        weight = rng.integers(0, 3, n)
        weight[0] = 1
        compare("median_absolute_error", *pair, sample_weight=weight)
        compare("median_absolute_error", *pair.astype(int), sample_weight=weight.astype("f4"))
        compare("median_absolute_error", *pair, sample_weight=np.ones(n))


@pytest.mark.parametrize("n", [1 << 16, 200_001])
def test_medians_of_many(n):
    rng = np.random.default_rng(n)
    zero, step = np.zeros(n), n // (1 << 14)
    odd = rng.random(n)
    odd[::step] *= 1e-9  # a sample that tells nothing of the others
    huge = np.full(n, 1e300) * rng.random(n)
    compare("median_absolute_error", zero, huge)
    for errors in (rng.standard_normal(n), rng.integers(0, 3, n), np.sort(odd), odd, zero):
        compare("median_absolute_error", zero, errors.astype(float))
        compare("median_absolute_error", errors.astype("f4"), zero.astype("i2"))
    for value in (1.7e308, math.nan, math.inf):  # far enough for an error that is infinite
        odd[17], zero[17] = value, -1.7e308
        with np.errstate(all="ignore"):
            compare("median_absolute_error", zero, odd)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "pair",
    [
        (None, [1, 2]), ([1, 2], "ab"), (np.array(1.0), [1, 2]), ([1, 2, 3], [1, 2]), ([], []),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2))), (np.zeros((2, 2)), np.zeros((2, 3))),
        (np.zeros((2, 2)), np.ones((2, 2))), ([math.nan, 1], [1, 2]), ([1, 2], [1, math.nan]),
        ([1, math.inf], [1, math.inf]), ([1, -math.inf], [1, 2]), ([math.nan], [1]),
        (["a", "b"], [1, 2]), ([math.nan, 1], np.zeros((2, 2, 2))), ([1, 2], [0, math.inf]),
        ([1.0], [2.0]), (np.array([1e200, -1e200]), np.array([-1e200, 1e200])),
    ],
)  # fmt: skip
def test_bad_and_odd_numbers(name, pair):
    with np.errstate(all="ignore"):
        compare(name, *pair, **LOOSE)


@pytest.mark.parametrize("name", ALL)
def test_bad_parameters(name):
    pair = [1.0, 2.0, 4.0], [2.0, 2.0, 3.0]
    if name != "max_error":
        bad = (3, "a", [1, 2], [0, 0, 0], [1, math.nan, 1], [[1, 2, 3]], [1, -1, 0], [1, 1, -2])
        for weight in bad:
            compare(name, *pair, sample_weight=weight, **LOOSE)
    if name in MULTI:
        two = tuple(np.column_stack((y, y)) for y in pair)
        bad = ("x", "variance_weighted", None, 3, [1], [1, 2, 3], [1, -1], [math.nan, 1], [0, 0])
        for over in bad:
            compare(name, *two, multioutput=over, **LOOSE)
            compare(name, *pair, multioutput=over, **LOOSE)
    if "pinball" in name:
        for alpha in (-0.1, 1.1, "a", None, math.nan, True):
            compare(name, *pair, alpha=alpha, **LOOSE)
    if "tweedie" in name:
        for power in (0.5, "a", None, math.nan, 1e-9):
            compare(name, *pair, power=power, **LOOSE)
    if name in ("r2_score", "explained_variance_score"):
        for flag in (None, "x", 1):
            compare(name, *pair, force_finite=flag, **LOOSE)


@pytest.mark.parametrize("name", ["r2_score", "explained_variance_score"])
def test_constants(name):
    for value in (2.5, 0.1, 0.0, -7.3):
        for p in ([value] * 7, [value + 1.0] * 7, list(range(7))):
            for kwargs in ({}, {"force_finite": False}, {"multioutput": "raw_values"}):
                compare(name, [value] * 7, p, **kwargs, **LOOSE)
    two = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]])
    for over in ("variance_weighted", "raw_values", [1, 2]):
        compare(name, two, two[:, ::-1], multioutput=over, **LOOSE)


@pytest.mark.parametrize("name", sorted(OF_TWO_ROWS))
def test_warnings_point_at_the_caller(name):
    assert files_warned_of(lambda: getattr(metrics, name)([1.0], [2.0])) == {__file__}


# -- inputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_any_array_is_the_same_numbers(name, tmp_path):
    rng = np.random.default_rng(8)
    y, p = rng.integers(1, 100, (2, 3000)).astype(float)
    expected = getattr(metrics, name)(y, p)
    function = getattr(metrics, name)
    for kind in ("int8", "uint8", "int64", "uint64", "float16", "float32", ">f8", "g"):
        near(function(y.astype(kind), p), expected)
        near(function(y, p.astype(kind)), expected)
    both = np.empty((3000, 5))
    both[:, 1], both[:, 4] = y, p
    near(function(both[:, 1], both[:, 4]), expected)
    near(function(y[::-1].copy()[::-1], p), expected)
    near(function(y[:, None], p), expected)
    near(function(y.tolist(), list(p)), expected)
    on_disk = np.memmap(tmp_path / "y", "float64", "w+", shape=3000)
    on_disk[:] = y
    near(function(on_disk, p), expected)
    packed = np.zeros(3000, np.dtype([("a", "u1"), ("y", "f8")]))
    packed["y"] = y
    near(function(packed["y"], p), expected)


def test_booleans_and_unsigned_integers_do_not_wrap():
    y, p = np.array([0, 1, 1, 0], bool), np.array([1, 1, 0, 0], bool)
    assert metrics.mean_absolute_error(y, p) == metrics.mean_squared_error(y, p) == 0.5
    assert metrics.max_error(np.array([1], np.uint8), np.array([2], np.uint8)) == 1.0
    assert metrics.median_absolute_error(y, p) == 0.5


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", MULTI)
def test_outputs_are_as_alone(name, order):
    rng, y, p = draw_numbers(11, 2500, 5)
    y, p = (np.array(x, order=order) for x in (y, p))
    function, weight = getattr(metrics, name), rng.random(2500)
    for rows in ({}, {"sample_weight": weight}):
        found = function(y, p, multioutput="raw_values", **rows)
        alone = [function(y[:, j], p[:, j], **rows) for j in range(5)]
        np.testing.assert_array_equal(found, alone)


# -- far from zero, and weights of any size ------------------------------------------------------


def exact_shares(y, p, w):
    """R² and the explained variance, as fractions."""
    y, p, w = ([Fraction(float(v)) for v in x] for x in (y, p, w))
    total = sum(w)

    def squares(x):
        mean = sum(a * b for a, b in zip(w, x, strict=True)) / total
        return sum(a * (b - mean) ** 2 for a, b in zip(w, x, strict=True))

    e = [a - b for a, b in zip(y, p, strict=True)]
    whole = squares(y)
    square = sum(a * b * b for a, b in zip(w, e, strict=True))
    return float(1 - square / whole), float(1 - squares(e) / whole)


@pytest.mark.parametrize("backend", available())
@pytest.mark.parametrize("far", [0.0, 1e9, -1e15])
@pytest.mark.parametrize("spread", [0, 3, 12])
def test_data_far_from_zero(far, spread, backend):
    rng = np.random.default_rng(2)
    y = far + rng.standard_normal(3000)
    y[:1100] += 50.0  # the first tile is not where the others are
    p = y + rng.standard_normal(3000)
    w = 10.0 ** rng.uniform(-spread, spread, 3000)
    r2, explained = exact_shares(y, p, w)
    with pf.use(backend):
        np.testing.assert_allclose(metrics.r2_score(y, p, sample_weight=w), r2, rtol=1e-14)
        found = metrics.explained_variance_score(y, p, sample_weight=w)
        np.testing.assert_allclose(found, explained, rtol=1e-14)


def test_weights_of_any_size():
    rng, y, p = draw_numbers(5, 3000)
    weight = rng.random(3000)
    for name in set(ALL) - {"max_error", *OF_A_QUANTILE}:
        expected = getattr(metrics, name)(y, p, sample_weight=weight)
        for factor in (2.0**-900, 2.0**900):
            found = getattr(metrics, name)(y, p, sample_weight=weight * factor)
            np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)


def test_rows_without_weight_are_not_there():
    rng, y, p = draw_numbers(6, 5000)
    weight = rng.random(5000)
    weight[:2100] = 0.0
    for name in set(ALL) - {"max_error"}:
        function = getattr(metrics, name)
        found = function(y, p, sample_weight=weight)
        near(found, function(y[2100:], p[2100:], sample_weight=weight[2100:]))


@pytest.mark.parametrize("n", [3, 2000])
def test_weights_that_cancel(n):
    y, p = np.arange(n) % 7.0, np.arange(n) % 5.0
    weight = np.where(np.arange(n) % 2, 1.0, -1.0)
    weight[-1] = 5.0
    for name in ("r2_score", "explained_variance_score", "mean_squared_error"):
        compare(name, y, p, sample_weight=weight, rtol=1e-9)
    weight = np.where(np.arange(n) % 2, 1.0, -1.0)
    weight[-1] -= weight.sum()
    compare("r2_score", y, p, sample_weight=weight)
