"""The bound of the quantile sketch, on streams that are hard on it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyfuse._sketch import QuantileSketch

FRACTIONS = np.linspace(0.0, 1.0, 81)


def organ_pipe(n: int) -> NDArray:
    return np.minimum(np.arange(n), np.arange(n)[::-1]).astype(float)


def zoomed_in(n: int) -> NDArray:
    """Every number lies between the two before it."""
    return np.where(np.arange(n) % 2, 1.0, -1.0) / (1.0 + np.arange(n))


STREAMS: dict[str, Callable[[np.random.Generator, int], NDArray]] = {
    "sorted": lambda rng, n: np.arange(n, dtype=float),
    "reversed": lambda rng, n: np.arange(n, dtype=float)[::-1],
    "organ pipe": lambda rng, n: organ_pipe(n),
    "saw": lambda rng, n: np.arange(n) % 97.0,
    "zoomed in": lambda rng, n: zoomed_in(n),
    "two values": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "one value": lambda rng, n: np.full(n, -0.1),
    "few values": lambda rng, n: rng.geometric(0.3, n).astype(float),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    "infinities": lambda rng, n: rng.choice([-np.inf, 0.0, np.inf], n),
    "mostly missing": lambda rng, n: np.where(rng.random(n) < 0.98, np.nan, rng.random(n)),
    "late": lambda rng, n: np.where(np.arange(n) < 0.9 * n, np.nan, np.arange(n)),
    "nothing": lambda rng, n: np.full(n, np.nan),
}


def all_streams(rng: np.random.Generator, n: int) -> NDArray:
    return np.stack([draw(rng, n) for draw in STREAMS.values()], axis=1)


def cut(rng: np.random.Generator, x: NDArray, longest: int) -> Iterator[NDArray]:
    at = 0
    while at < len(x):
        step = int(rng.integers(0, longest + 1))
        yield x[at : at + step]
        at += step


def assert_within_bound(sketch: QuantileSketch, x: NDArray) -> None:
    """The estimates lie where the docstring of `rank_error` says."""
    got = sketch.quantiles(FRACTIONS)
    for j, column in enumerate(x.T):
        numbers = np.sort(column[~np.isnan(column)])
        n = len(numbers)
        assert sketch.count[j] == n
        if n == 0:
            assert np.isnan(got[:, j]).all()
            continue
        places, e = FRACTIONS * (n - 1), round(sketch.rank_error * n + 0.5)
        low = numbers[np.maximum(np.floor(places) - e, 0).astype(int)]
        high = numbers[np.minimum(np.ceil(places) + e, n - 1).astype(int)]
        known = ~np.isnan(got[:, j])  # halfway between two infinities is nowhere
        assert known.all() or np.isinf(numbers).any()
        slack = 1e-12 * np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0)
        assert (low[known] - slack <= got[known, j]).all(), j
        assert (got[known, j] <= high[known] + slack).all(), j
        assert (got[0, j], got[-1, j]) == (numbers[0], numbers[-1])


@pytest.mark.parametrize("size", [1, 3, 16, 100])
@pytest.mark.parametrize("longest", [7, 450, 10_000])
def test_the_bound_holds(size: int, longest: int, rng: np.random.Generator) -> None:
    x = all_streams(rng, 6000)
    sketch = QuantileSketch(x.shape[1], size=size)
    for part in cut(rng, x, longest):
        assert sketch.update(part) is sketch
    assert_within_bound(sketch, x)


@pytest.mark.parametrize("name", STREAMS)
def test_columns_do_not_touch_each_other(name: str, rng: np.random.Generator) -> None:
    x, column = all_streams(rng, 4000), list(STREAMS).index(name)
    whole, alone = QuantileSketch(len(STREAMS), size=8), QuantileSketch(1, size=8)
    for part in cut(rng, x, 300):
        whole.update(part)
        alone.update(part[:, [column]])
    assert_within_bound(alone, x[:, [column]])  # the bound of this column, not of the worst one
    got, want = whole.quantiles(FRACTIONS)[:, [column]], alone.quantiles(FRACTIONS)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("sizes", [(1, 5000), (3000, 3000), (4000, 30), (0, 700), (10, 20, 3000)])
def test_the_bound_holds_for_merges(sizes: tuple[int, ...], rng: np.random.Generator) -> None:
    parts = [all_streams(rng, n) for n in sizes]
    sketches = [QuantileSketch(len(STREAMS), size=16).update(part) for part in parts]
    whole = QuantileSketch(len(STREAMS), size=16)
    for sketch in sketches:
        before = pickle.dumps(sketch)
        assert whole.merge(sketch) is whole
        assert pickle.dumps(sketch) == before
    assert_within_bound(whole, np.concatenate(parts))


def test_a_tree_of_merges(rng: np.random.Generator) -> None:
    parts = [all_streams(rng, int(n)) for n in rng.integers(0, 900, 16)]
    sketches = [QuantileSketch(len(STREAMS), size=8).update(part) for part in parts]
    while len(sketches) > 1:
        sketches = [a.merge(b) for a, b in zip(sketches[::2], sketches[1::2], strict=True)]
    assert_within_bound(sketches[0], np.concatenate(parts))


def test_merging_with_itself(rng: np.random.Generator) -> None:
    x = all_streams(rng, 700)
    sketch = QuantileSketch(len(STREAMS), size=8).update(x)
    assert_within_bound(sketch.merge(sketch), np.concatenate([x, x]))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    size=st.integers(1, 6),
    cuts=st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=20),
    levels=st.integers(1, 30),
    holes=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_history(
    size: int, cuts: list[tuple[bool, int]], levels: int, holes: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b, seen = QuantileSketch(3, size=size), QuantileSketch(3, size=size), [np.empty((0, 3))]
    for merge, n in cuts:
        x = rng.integers(0, levels, (n, 3)).astype(float)
        x[:, 1][rng.random(n) < holes] = np.nan
        seen.append(x)
        (b if merge else a).update(x)
        if merge and n % 2:
            a, b = a.merge(b), QuantileSketch(3, size=size)
    assert_within_bound(a.merge(b), np.concatenate(seen))


def test_exact_until_the_first_compaction(rng: np.random.Generator) -> None:
    x = rng.standard_normal((199, 5))
    x[:, 1:3][rng.random((199, 2)) < 0.4] = np.nan
    sketch = QuantileSketch(5, size=100)
    for part in cut(rng, x, 30):
        sketch.update(part)
    assert sketch.rank_error == 0.0
    np.testing.assert_array_equal(sketch.quantiles(FRACTIONS), np.nanquantile(x, FRACTIONS, axis=0))
    assert sketch.update(x[:1]).rank_error > 0.0


def test_exactness_is_told_by_column(rng: np.random.Generator) -> None:
    """A column whose numbers all wait is exact, whatever its neighbours are."""
    x = rng.standard_normal((3000, 2))
    x[rng.random(3000) < 0.97, 1] = np.nan
    got = QuantileSketch(2, size=100).update(x).quantiles(FRACTIONS)
    np.testing.assert_array_equal(got[:, 1], np.nanquantile(x[:, 1], FRACTIONS))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float32"])
def test_any_dtype_and_layout(dtype: str, rng: np.random.Generator) -> None:
    x = (rng.random((60, 4)) * 100).astype(dtype)
    want = QuantileSketch(4).update(x.astype(np.float64)).quantiles([0.2, 0.5])
    for view in (x, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x.tolist()):
        got = QuantileSketch(4).update(view).quantiles([0.2, 0.5])
        np.testing.assert_array_equal(got, want)


def test_the_bound_of_the_default_size() -> None:
    """0.2 % of 1e8 rows; a 128th of the size makes as many levels of a 128th of the rows."""
    n = 100_000_000 // 128
    sketch = QuantileSketch(1, size=2048 // 128).update(np.zeros((n, 1)))
    assert sketch.rank_error / 128 < 0.002
    assert QuantileSketch(1).update(np.zeros((1_000_000, 1))).rank_error < 0.001


def test_it_can_be_pickled(rng: np.random.Generator) -> None:
    x = all_streams(rng, 500)
    sketch = QuantileSketch(len(STREAMS), size=8).update(x)
    copy = pickle.loads(pickle.dumps(sketch))
    for each in (sketch, copy):
        each.update(x[::-1])
    np.testing.assert_array_equal(copy.quantiles(FRACTIONS), sketch.quantiles(FRACTIONS))
    assert copy.rank_error == sketch.rank_error


def test_nothing_seen() -> None:
    sketch = QuantileSketch(2)
    assert np.isnan(sketch.quantiles([0.0, 0.5])).all()
    assert (sketch.count.tolist(), sketch.rank_error) == ([0, 0], 0.0)
    assert sketch.update(np.empty((0, 2))).count.tolist() == [0, 0]
    assert sketch.quantiles([]).shape == (0, 2)


def test_errors_leave_it_as_it_was() -> None:
    sketch = QuantileSketch(2, size=4).update([[1.0, 2.0]])
    before = pickle.dumps(sketch)
    with pytest.raises(ValueError, match="matrix must have 2 columns, as the sketch; got 3"):
        sketch.update([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="matrix must be numeric"):
        sketch.update([[1.0, "a"]])
    with pytest.raises(TypeError, match="other must be a QuantileSketch; got list"):
        sketch.merge([[1.0, 2.0]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\(n_features, size\) = \(2, 4\); got \(2, 5\)"):
        sketch.merge(QuantileSketch(2, size=5))
    with pytest.raises(ValueError, match=r"fractions must be from 0 to 1; got 1\.5"):
        sketch.quantiles([0.1, 1.5])
    with pytest.raises(ValueError, match="size must be an integer of at least 1; got 0"):
        QuantileSketch(2, size=0)
    with pytest.raises(ValueError, match="n_features must be an integer of at least 1; got 0"):
        QuantileSketch(0)
    assert pickle.dumps(sketch) == before
