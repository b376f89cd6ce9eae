"""Blocks that come as they come, cut anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse.stream import SourceError, Stream, open_source


@pytest.fixture
def X(rng: np.random.Generator) -> NDArray:
    return rng.normal(size=(100, 3)).astype(np.float32)


def pieces(X: NDArray, sizes: list[int], *, y: bool = True) -> Iterator[Any]:
    start = 0
    for n in sizes:
        rows = X[start : start + n]
        blocks = {"image": rows, "text": rows[:, :1].astype(np.float64)}
        label = np.arange(start, start + n).astype(str)  # longer and longer
        yield (blocks, label, np.ones(n)) if y else blocks
        start += n


SIZES = [[100], [1] * 100, [0, 33, 67, 0], [7, 50, 3, 40], [64, 36]]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("rows", [1, 7, 32, 100, 1000])
def test_rows_are_cut_anew(sizes: list[int], rows: int, X: NDArray) -> None:
    stream = Stream(lambda: pieces(X, sizes))
    for _ in range(2):
        chunks = list(stream.chunks(rows))
        lengths = [min(rows, 100 - start) for start in range(0, 100, rows)]
        assert [chunk.n_rows for chunk in chunks] == lengths
        np.testing.assert_array_equal(np.vstack([c.blocks["image"] for c in chunks]), X)
        text = np.vstack([c.blocks["text"] for c in chunks])
        assert text.dtype == np.float64
        np.testing.assert_array_equal(text, X[:, :1])
        labels = [str(each) for c in chunks for each in c.y]
        assert labels == [str(i) for i in range(100)]
        assert all(c.weight.shape == (c.n_rows,) for c in chunks)
    assert stream.n_rows == 100


def test_blocks_alone_lists_and_frames(X: NDArray) -> None:
    pd = pytest.importorskip("pandas")
    (chunk,) = Stream([[X, pd.DataFrame(X)]]).chunks(1000)
    assert (list(chunk.blocks), chunk.y, chunk.weight) == (["0", "1"], None, None)
    (chunk,) = Stream([([X], pd.Series(["a"] * 100))]).chunks(1000)
    assert chunk.y.tolist() == ["a"] * 100
    assert list(Stream([]).chunks(5)) == []


def test_a_generator_gives_its_blocks_once(X: NDArray) -> None:
    stream = Stream(pieces(X, [100]))
    assert not stream.repeatable
    assert len(list(stream)) == 1
    with pytest.raises(SourceError, match="an iterator, which gives its blocks once; for several"):
        iter(stream)
    again = Stream([*pieces(X, [50, 50])])
    assert again.repeatable
    assert len(list(again)) == len(list(again)) == 2


def test_a_later_pass_has_as_many_rows(X: NDArray) -> None:
    sizes = iter([[50, 50], [50]])
    stream = Stream(lambda: pieces(X, next(sizes)))
    list(stream)
    with pytest.raises(SourceError, match="source had 100 rows in an earlier pass, and 50 in this"):
        list(stream)


def test_no_more_is_read_than_is_asked_for(X: NDArray) -> None:
    taken = []

    def source() -> Iterator[Any]:
        for i in range(50):
            taken.append(i)
            yield {"a": X[:2]}

    chunks = Stream(source).chunks(6)
    next(chunks)
    assert taken == [0, 1, 2]


A, B = np.ones((3, 2)), np.ones((3, 1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            [(A, A, A, A)],
            "piece 0 of the source must be blocks, (blocks, y) or (blocks, y, w",
        ),
        ([{"a": A, "b": B[:2]}], "must have as many rows in all blocks; 'b' has 2, and 'a' 3."),
        ([({"a": A}, np.ones(2))], "must have as many rows in all blocks; '(y)' has 2, and 'a' 3."),
        ([({"a": A}, A)], "piece 0 of the source, y must have one value per row; got shape (3, 2)"),
        ([{"a": A}, {"b": A}], "piece 1 of the source has b; those before it have a."),
        ([{"a": A}, ({"a": A}, np.ones(3))], "piece 1 of the source has a, (y); those before it"),
        ([{"a": A}, {"a": B}], "'a' of 1 columns of float64; those before it have 2 columns of"),
        ([{"a": A}, {"a": A.astype("f4")}], "'a' of 2 columns of float32; those before it have 2"),
        ([{"a": [["x"]]}], "piece 0 of the source, 'a' must be"),
        ([5], "piece 0 of the source must be"),
    ],
)
def test_messages(given: list[Any], said: str) -> None:
    with pytest.raises(SourceError, match=re.escape(said)):
        list(Stream(given).chunks(2))


def test_what_is_no_source() -> None:
    with pytest.raises(TypeError, match="an iterable of blocks, or a function.*; got int"):
        Stream(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rows must be at least 1; got 0"):
        Stream([]).chunks(0)


def test_what_is_shown_of_sources(X: NDArray) -> None:
    stream = Stream(iter([{"a": X}]))
    assert repr(stream) == "Stream(rows not counted yet; one pass)"
    list(stream)
    assert repr(stream) == "Stream(100 rows; one pass)"
    assert repr(Stream(lambda: [])).endswith("any number of passes)")
    assert repr(open_source("a", X)) == "ArrayReader(a: 100 rows, 3 columns, float32)"
    labels = open_source("y", np.array(["x", "y"]), one_per_row=True)
    assert repr(labels) == "ArrayReader(y: 2 rows, one value per row, <U1)"
