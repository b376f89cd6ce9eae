"""Rows of several sources that belong together, by their order or by keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyfuse.stream import Reader, Source, SourceError, _joined, _key_index, _keys
from polyfuse.stream._keys import align, open_aligned
from polyfuse.stream._sources import open_source

N = 300


@pytest.fixture(autouse=True)
def _chunks_of_a_few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_keys, "_ROWS", 7)
    monkeypatch.setattr(_key_index, "_ROWS", 7)


def reader(name: str, array: Any) -> Reader:
    values = np.asarray(array)
    return open_source(name, values, one_per_row=values.ndim == 1)


def kinds(keys: NDArray) -> dict[str, NDArray]:
    """The same keys, as they may be given."""
    return {
        "int64": keys,
        "int16": keys.astype(np.int16),
        "text": np.char.add("key ", keys.astype(str)),
        "bytes": np.char.add("ü", keys.astype(str)).astype(object).astype(str),
        "times": keys.astype("M8[s]"),
        "large": keys.astype(np.uint64) + np.uint64(2**63),
    }


@pytest.mark.parametrize("kind", ["int64", "int16", "text", "bytes", "times", "large"])
def test_rows_are_joined(kind: str, rng: np.random.Generator) -> None:
    order = rng.permutation(N)
    X, keys = rng.normal(size=(N, 3)), kinds(rng.choice(30_000, N, replace=False))[kind]
    readers = {"a": reader("a", X), "b": reader("b", X[order]), "y": reader("y", keys[order])}
    own = {"a": keys, "b": keys[order], "y": keys[order]}
    aligned = align(readers, {name: reader(f"key of {name}", key) for name, key in own.items()})
    assert aligned["a"] is readers["a"]
    for start, stop in [(0, N), (5, 5), (17, 211), (N - 1, N)]:
        rows = np.empty((stop - start, 3))
        assert aligned["b"].read(start, stop, rows) is rows
        np.testing.assert_array_equal(rows, X[start:stop])
        np.testing.assert_array_equal(aligned["y"].read(start, stop), keys[start:stop])
    assert "joined_by" in aligned["b"].fingerprint()


def test_keys_of_other_widths_are_compared(rng: np.random.Generator) -> None:
    keys, order = np.arange(100), rng.permutation(100)
    mixed = [keys.astype(np.uint64), keys[order].astype(np.int8)]
    readers = {"a": reader("a", keys), "b": reader("b", keys[order])}
    aligned = align(readers, dict(zip("ab", (reader("key", k) for k in mixed), strict=True)))
    np.testing.assert_array_equal(aligned["b"].read(0, 100), keys)
    days, seconds = keys.astype("M8[D]"), keys[order].astype("M8[D]").astype("M8[s]")
    aligned = align(readers, {"a": reader("key", days), "b": reader("key", seconds)})
    np.testing.assert_array_equal(aligned["b"].read(0, 100), keys)


def test_keys_in_the_same_order_join_nothing(rng: np.random.Generator) -> None:
    keys = np.arange(N).astype(str)
    keys[5] = keys[6]  # twice, in both
    readers = {name: reader(name, rng.normal(size=(N, 2))) for name in "ab"}
    aligned = align(readers, {"a": reader("k", keys), "b": reader("k", keys.astype(object))})
    assert aligned == readers


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_first_disagreement_is_named(data: st.DataObject) -> None:
    """Against a search by hand, on few keys, so that all kinds of errors happen."""
    keys = st.lists(st.integers(0, 12), min_size=1, max_size=12, unique=data.draw(st.booleans()))
    first, other = data.draw(keys), data.draw(st.one_of(keys, st.permutations(range(5))))
    if data.draw(st.booleans()):
        other = data.draw(st.permutations(first))
    expected = by_hand(first, other)
    readers = {"a": reader("a", first), "b": reader("b", other)}
    given = {"a": reader("key a", first), "b": reader("key b", other)}
    if expected is None:
        assert align(readers, given)["b"].read(0, len(first)).tolist() == first
    else:
        with pytest.raises(SourceError, match=re.escape(expected)):
            align(readers, given)


def by_hand(first: list[int], other: list[int]) -> str | None:
    if first == other:
        return None
    for row, key in enumerate(other):
        if key in other[:row]:
            return f"key b has {key} twice: in row {other.index(key)} and in row {row}."
    for row, key in enumerate(first):
        if key in first[:row]:
            return f"key a has {key} twice: in row {first.index(key)} and in row {row}."
        if key not in other:
            return f"key a has {key} in row {row}, which key b does not have."
    for row, key in enumerate(other):
        if key not in first:
            return f"key b has {key} in row {row}, which key a does not have."
    return None


def test_a_key_that_is_twice_far_apart() -> None:
    first, other = [*range(20), 3], [*range(20), 99]
    readers = {"a": reader("a", first), "b": reader("b", other)}
    with pytest.raises(SourceError, match="key a has 3 twice: in row 3 and in row 20"):
        align(readers, {"a": reader("key a", first), "b": reader("key b", other)})


def test_texts_are_named_as_they_are() -> None:
    readers = {"a": reader("a", [1, 2]), "b": reader("b", [1, 2])}
    keys = {"a": reader("the key of a", ["x", "y"]), "b": reader("the key of b", ["y", "z"])}
    with pytest.raises(SourceError, match="the key of a has 'x' in row 0, which the key of b does"):
        align(readers, keys)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "b has 2 rows, and a 3."),
        ({"b": [1, 2]}, "a gives the order of rows, and has no key; b has one."),
        ({"a": [1, 2]}, "key has 2 rows, and a 3."),
        ({"a": [1.0, 2.0, 3.0], "b": [1, 2]}, "key must be integers, text or times; got dtype fl"),
        ({"a": [1, 2, 3], "b": ["1", "2"]}, "Keys must be of one kind; "),
        ({"a": [1, 2, 3]}, "b has 2 rows, and a 3."),
        ({"a": [1, 2, 3], "b": [1, 2]}, "key has 3 in row 2, which key does not have."),
    ],
)
def test_messages(keys: dict[str, list], said: str) -> None:
    readers = {"a": reader("a", [[1.0], [2.0], [3.0]]), "b": reader("b", [[1.0], [2.0]])}
    with pytest.raises(SourceError, match=re.escape(said)):
        align(readers, {name: reader("key", key) for name, key in keys.items()})


def test_unsigned_keys_that_no_signed_one_can_be() -> None:
    readers = {"a": reader("a", [1, 2]), "b": reader("b", [1, 2])}
    large = np.array([1, 2**63 + 5], np.uint64)
    with pytest.raises(SourceError, match="has the key 9223372036854775813, and other keys are"):
        align(readers, {"a": reader("key", [2, 1]), "b": reader("key", large)})


def test_runs_are_bounded(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that lie near to each other are read together, and never more than a run of them."""
    monkeypatch.setattr(_joined, "_RUN", 10 * 24)
    monkeypatch.setattr(_joined, "_GAP", 24)
    X = rng.normal(size=(N, 3))
    source, asked = reader("b", X), []
    inner = source.read
    source.read = lambda start, stop, out=None: asked.append((start, stop)) or inner(start, stop)
    rows = np.concatenate([np.arange(40), [60, 62, 61, 65]])
    joined = _joined.JoinedReader(source, rows, reader("key", rows))
    np.testing.assert_array_equal(joined.read(0, 44), X[rows])
    assert asked == [(0, 10), (10, 20), (20, 30), (30, 40), (60, 63), (65, 66)]


# -- keys as they are given ----------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> NDArray:
    """Files of the same items in two orders; the rows of images tell which item it is."""
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    monkeypatch.chdir(tmp_path)
    items, order = np.arange(N), rng.permutation(N)
    images = {"id": items, "f0": items * 1.0, "f1": -items * 1.0}
    texts = {"id": items[order], "e": list(np.stack([order, order * 2.0], 1))}
    pq.write_table(pa.table(images), "images.parquet", row_group_size=50)
    pq.write_table(pa.table(texts | {"label": order % 3}), "texts.parquet", row_group_size=50)
    np.savez("images.npz", x=np.stack([items, -items], 1), id=items)
    return items


@pytest.mark.parametrize(
    ("image", "text", "key"),
    [
        ("images.parquet", "texts.parquet:e", "id"),
        (Source("images.parquet", key="id"), Source("texts.parquet", ["e"], key="id"), None),
        ("images.npz:x", "texts.parquet:e", {"image": "images.npz:id", "text": "id"}),
        ("images.npz:x", "texts.parquet:e", {"image": np.arange(N), "text": "texts.parquet:id"}),
        ("images.npz:x", Source("texts.parquet:e", key="id"), {"image": "images.npz:id"}),
    ],
)
def test_keys_are_columns_or_sources(image: Any, text: Any, key: Any, files: NDArray) -> None:
    y = Source("texts.parquet:label", key="id")
    aligned = open_aligned({"image": image, "text": text}, {"target": y}, key)
    np.testing.assert_array_equal(aligned["image"].read(0, N), np.stack([files, -files], 1))
    np.testing.assert_array_equal(aligned["text"].read(9, N)[:, 1], 2.0 * files[9:])
    np.testing.assert_array_equal(aligned["target"].read(9, 99), files[9:99] % 3)


@pytest.mark.parametrize("target", ["texts.parquet:label", Source("texts.parquet", ["label"])])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("texts.parquet:e", {"image": "images.npz:id", "text": "id"}),
        (Source("./texts.parquet", ["e"], key="id"), {"image": "images.npz:id"}),
    ],
)
def test_one_table_has_one_key(target: Any, text: Any, key: Any, files: NDArray) -> None:
    aligned = open_aligned({"image": "images.npz:x", "text": text}, {"target": target}, key)
    np.testing.assert_array_equal(aligned["target"].read(0, N), files % 3)


def test_a_column_that_is_no_table_s(files: NDArray) -> None:
    with pytest.raises(
        SourceError, match="image is no table, and has no column 'id'; name the key"
    ):
        open_aligned({"image": "images.npz:x", "text": "texts.parquet:e"}, key="id")
    with pytest.raises(SourceError, match="the key of text=texts.parquet has no column 'name'"):
        open_aligned({"text": "texts.parquet:e"}, key="name")
    with pytest.raises(SourceError, match="key names 'txt', which is no source of text"):
        open_aligned({"text": "texts.parquet:e"}, key={"txt": "id"})
    with pytest.raises(SourceError, match="A modality cannot be called 'target'"):
        open_aligned({"target": "texts.parquet:e"}, {"target": files})
    y = np.arange(N)  # no table: in the order of the first
    aligned = open_aligned({"text": "texts.parquet:e"}, {"target": y}, key="id")
    np.testing.assert_array_equal(aligned["target"].read(0, N), files)
