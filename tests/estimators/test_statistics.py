"""Statistics of columns: independent of chunks to the bit, and right where it is hard."""

from __future__ import annotations

import itertools
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse import preprocessing as ours

pytestmark = pytest.mark.usefixtures("backend")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1"])
@pytest.mark.parametrize("shape", [(5000, 3), (3000, 40), (700, 300)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_chunks_do_not_show_in_the_bits(dtype: str, shape: tuple[int, int], order: str) -> None:
    rng = np.random.default_rng(1)
    x = np.asarray(np.abs(rng.normal(20, 5, shape)).astype(dtype), order=order)
    if x.dtype.kind == "f":
        x[rng.random(shape) < 0.01] = np.nan
    weight = rng.uniform(0.0, 2.0, len(x))
    for weights in (None, weight):
        whole = ours.StandardScaler().fit(x, sample_weight=weights)
        for cuts in range(4):
            edges = np.sort(rng.integers(1, len(x), 1 + 5 * cuts))
            edges = np.unique([0, *edges, len(x)])
            parts = ours.StandardScaler()
            for a, b in itertools.pairwise(edges):
                own = None if weights is None else weights[a:b]
                parts.partial_fit(x[a:b], sample_weight=own)
                parts = pickle.loads(pickle.dumps(parts))
            for name in ("mean_", "var_", "scale_"):
                np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler"])
def test_merge(name: str, rng: np.random.Generator) -> None:
    x = rng.normal(100, 5, (3000, 6)).astype("f4")
    new = getattr(ours, name)
    whole, merged = new().fit(x), new().fit(x[:1000])
    merged.merge(new().fit(x[1000:1001])).merge(new().fit(x[1001:]))
    tolerance = 1e-6 if name == "StandardScaler" else 0.0
    np.testing.assert_allclose(merged.transform(x), whole.transform(x), tolerance, tolerance)
    assert merged.n_samples_seen_ == 3000
    with pytest.raises(TypeError, match=f"other must be a {name}"):
        whole.merge(ours.Normalizer().fit(x))
    with pytest.raises(ValueError, match="features"):
        whole.merge(new().fit(x[:, :2]))


def test_a_robust_scaler_of_a_stream(rng: np.random.Generator) -> None:
    x = rng.standard_normal((60_000, 3))
    exact, stream, other = ours.RobustScaler().fit(x), ours.RobustScaler(), ours.RobustScaler()
    for start in range(0, 40_000, 7000):
        stream.partial_fit(x[start : min(start + 7000, 40_000)])
    stream.merge(other.partial_fit(x[40_000:]))
    assert 0.0 < stream.rank_error_ < 2e-3
    for fraction, value in ((0.5, stream.center_),):
        rank = (x < value).mean(axis=0)
        assert (np.abs(rank - fraction) <= stream.rank_error_ + 1 / len(x)).all()
    np.testing.assert_allclose(stream.scale_, exact.scale_, rtol=1e-2)
    few = ours.RobustScaler().partial_fit(x[:500])
    np.testing.assert_allclose(few.scale_, ours.RobustScaler().fit(x[:500]).scale_, rtol=1e-12)


def moments(column: NDArray) -> tuple[Fraction, Fraction]:
    """Mean and variance of the numbers of a column, in rational arithmetic."""
    values = [Fraction(float(v)) for v in column if not np.isnan(v)]
    mean = sum(values, Fraction()) / len(values)
    return mean, sum(((v - mean) ** 2 for v in values), Fraction()) / len(values)


def hostile(rng: np.random.Generator, n: int) -> dict[str, NDArray]:
    coin = rng.integers(0, 2, n).astype(float)
    gaps = rng.normal(7, 1, n)
    gaps[rng.random(n) < 0.3] = np.nan
    outlier = rng.standard_normal(n)
    outlier[0] = 1e12
    return {
        "far": 1e8 + coin,
        "very far": 2.0**52 + coin,
        "large": rng.standard_normal(n) * 1e150,
        "small": rng.standard_normal(n) * 1e-150,
        "denormal": rng.integers(1, 2000, n) * 5e-324,
        "gaps": gaps,
        "outlier first": outlier,
        "constant": np.full(n, 0.1),
        "alternating": np.where(coin > 0, 1e16, -1e16) + rng.standard_normal(n),
    }


@pytest.mark.parametrize("n", [1, 2, 100, 1500])
def test_against_rational_arithmetic(n: int, rng: np.random.Generator) -> None:
    columns = hostile(rng, n)
    columns["gaps"][0] = 7.0
    x = np.stack(list(columns.values()), axis=1)
    wide = np.tile(x, (1, 4))  # narrow and wide leaves are swept differently
    for matrix in (x, wide):
        scaler = ours.StandardScaler().fit(matrix)
        for j, name in enumerate(columns):
            mean, variance = moments(x[:, j])
            size = max(abs(Fraction(float(v))) for v in x[:, j] if not np.isnan(v))
            got: Any = Fraction(float(scaler.mean_[j]))
            assert abs(got - mean) <= size * Fraction(2.0**-52) * 8 + Fraction(5e-324), name
            if name == "denormal":
                continue  # the squares are below the least denormal
            got = Fraction(float(scaler.var_[j]))
            # Means of leaves are rounded, and leaves merged by the squares of their distance.
            ulp = size * Fraction(2.0**-52)
            slack = variance * Fraction(1e-12) + ulp * (ulp + Fraction(float(variance) ** 0.5))
            assert abs(got - variance) <= slack, name


def test_a_far_column_is_exact() -> None:
    x = 1e8 + (np.arange(100_000) % 2).reshape(-1, 1) * np.ones((1, 3))
    scaler = ours.StandardScaler().fit(x)
    assert (scaler.var_ == 0.25).all()
    assert (scaler.mean_ == 1e8 + 0.5).all()


def test_a_constant_column_has_no_variance() -> None:
    x = np.full((5000, 20), 0.1)
    scaler = ours.StandardScaler().fit(x)
    assert (scaler.var_ == 0.0).all()
    assert (scaler.mean_ == 0.1).all()
    assert (scaler.scale_ == 1.0).all()
