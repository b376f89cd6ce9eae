"""RegressionSums: any split of the rows gives the metrics of all of them."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
import sklearn.metrics as sk
from metrics_oracle import draw_numbers

import polyfuse as pf
from polyfuse import metrics
from polyfuse._kernels import available
from polyfuse.metrics import RegressionSums


def near(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=4e-15)


NAMES = {
    "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score",
    "explained_variance_score", "mean_absolute_percentage_error",
}  # fmt: skip


def parts(rng, n):
    cuts = np.sort(rng.integers(0, n + 1, rng.integers(0, 9)))
    found = [slice(a, b) for a, b in pairwise([0, *cuts, n])]
    return [found[i] for i in rng.permutation(len(found))]


def summed(rng, y, p, weight):
    """Summed in parts, by several accumulators merged in a tree of any shape."""
    several = [RegressionSums() for _ in range(rng.integers(1, 4))]
    for part in parts(rng, len(y)):
        one = several[rng.integers(len(several))]
        assert one.update(y[part], p[part], None if weight is None else weight[part]) is one
    if rng.random() < 0.5:
        return reduce(add, several)
    return reduce(lambda a, b: a.merge(b), several)


@pytest.mark.parametrize("backend", available())
@pytest.mark.parametrize("width", [None, 3])
@pytest.mark.parametrize("far", [0.0, 1e9])
@pytest.mark.parametrize("weighted", [False, True])
def test_any_split_gives_the_same(weighted, far, width, backend):
    rng, y, p = draw_numbers(21, 4000, width)
    y, p = y + far, p + far
    weight = rng.lognormal(0, 3, 4000) if weighted else None
    with pf.use(backend):
        whole = RegressionSums().update(y, p, weight).result("raw_values")
        for _ in range(12):
            one = summed(rng, y, p, weight)
            assert (one.n_rows, one.weighted) == (4000, weighted)
            for name, value in zip(whole._fields, whole, strict=True):
                found = getattr(one.result("raw_values"), name)
                # A mean error is a difference of larger means.
                atol = 1e-15 * float(np.max(whole.mean_absolute_error))
                np.testing.assert_allclose(found, value, rtol=9e-16, atol=atol, err_msg=name)


@pytest.mark.parametrize("width", [None, 1, 3])
def test_the_metrics_are_those_of_the_functions(width):
    rng, y, p = draw_numbers(22, 3000, width)
    weight = rng.random(3000)
    for w in (None, weight):
        sums = summed(rng, y, p, w)
        for over in ("uniform_average", "raw_values"):
            summary = sums.result(over)
            for name in NAMES:
                function = getattr(metrics, name)
                expected = function(y, p, sample_weight=w, multioutput=over)
                near(getattr(summary, name), expected)
                assert type(getattr(summary, name)) is type(expected)
        assert summary.max_error.max() == np.abs(y - p).max()
        assert sums.result().max_error == np.abs(y - p).max()
        for alpha in (0.1, 0.5, 0.9):
            loss = metrics.mean_pinball_loss(y, p, sample_weight=w, alpha=alpha)
            found = sums.result()
            near(alpha * found.mean_shortfall + (1 - alpha) * found.mean_surplus, loss)
    if width == 3:
        over = [0.5, 1.0, 2.5]
        near(sums.result(over).r2_score, metrics.r2_score(y, p, sample_weight=w, multioutput=over))


def test_parts_that_weigh_nothing_or_are_empty():
    sums = RegressionSums().update([1, 2], [2, 9], [0.0, 0.0]).update([], [])
    assert sums.n_rows == 2
    assert sums.weighted
    with pytest.raises(ZeroDivisionError, match="Weights sum to zero"):
        sums.result()
    sums.update([1.0, 2.0, 4.0], [1.0, 3.0, 4.0], [1.0, 2.0, 1.0])
    found = sums.result()
    assert found.mean_squared_error == 0.5
    assert found.max_error == 7.0
    near(found.r2_score, sk.r2_score([1, 2, 4], [1, 3, 4], sample_weight=[1, 2, 1]))


def test_equality_copies_and_words():
    _, y, p = draw_numbers(9, 50)
    one = RegressionSums().update(y, p)
    assert one == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))
    assert one != RegressionSums().update(y, p + 1)
    assert one != RegressionSums()
    assert RegressionSums() == RegressionSums()
    assert (one == 3) is False
    assert repr(one) == "RegressionSums(50 rows, 1 output)"
    two = RegressionSums().update(np.ones((1200, 2)), np.ones((1200, 2)), np.ones(1200))
    assert repr(two) == "RegressionSums(1,200 weighted rows, 2 outputs)"
    assert repr(RegressionSums()) == "RegressionSums(0 rows, 0 outputs)"
    with pytest.raises(TypeError):
        hash(one)
    before = copy.deepcopy(one)
    RegressionSums().merge(one).update(y, p)
    (one + one).update(y, p)
    assert one == before


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (([math.nan], [1]), "contains NaN"),
        (([1], [math.inf]), "contains infinity"),
        (([1, 2], [1]), "inconsistent numbers of samples"),
        (([1, 2], [1, 2], [math.inf, 1]), "contains infinity"),
        (([1, 2], [1, 2], [-1, 1]), "must not be negative"),
        (([[1, 2]], [[1, 1]]), "must have 1 output"),
        (([[1, 2]], [[1]]), "different number of output"),
        ((["a"], [1]), "could not convert"),
    ],
)
def test_bad_rows_leave_the_sums_as_they_were(bad, words):
    sums = RegressionSums().update([0, 1, 2], [0, 0, 2])
    before = copy.deepcopy(sums)
    with pytest.raises(ValueError, match=words):
        sums.update(*bad)
    assert sums == before


def test_bad_merges_and_results():
    sums = RegressionSums().update([0, 1, 2], [0, 0, 2])
    with pytest.raises(TypeError, match="must be a RegressionSums; got list"):
        sums.merge([1])
    with pytest.raises(TypeError):
        sums + 1
    with pytest.raises(ValueError, match="must have 1 output"):
        sums.merge(RegressionSums().update([[1, 2]], [[1, 2]]))
    with pytest.raises(ValueError, match="There are no rows yet"):
        RegressionSums().result()
    with pytest.raises(ValueError, match="The 'multioutput' parameter of result"):
        sums.result("variance_weighted")
    with pytest.raises(ValueError, match="Custom weights are useful only"):
        sums.result([1.0])
    with pytest.warns(pf.exceptions.UndefinedMetricWarning, match="R.2 score is not well-defined"):
        assert math.isnan(RegressionSums().update([1], [2]).result().r2_score)
    constant = RegressionSums().update([2, 2, 2], [2, 2, 3])
    assert constant.result().r2_score == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert constant.result(force_finite=False).r2_score == -math.inf
