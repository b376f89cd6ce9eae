"""Rows of any function: batches, what a cache keeps, and what it does about damage."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfuse.encoders import CallableEncoder


def rows_of(items: list[Any]) -> np.ndarray:
    """Length and first letter, which tell the items of these tests apart."""
    return np.array([[len(item), ord(item[0])] for item in items], np.float32)


class Counting:
    """A function that notes what it is given."""

    def __init__(self, function: Callable[[list[Any]], Any] = rows_of) -> None:
        self.function = function
        self.batches: list[list[Any]] = []

    def __call__(self, items: list[Any]) -> Any:
        self.batches.append(items)
        return self.function(items)

    def encode(self, items: list[Any]) -> Any:
        return self(items)


def encoder(function: Any, cache: Path | None = None, **parameters: Any) -> CallableEncoder:
    parameters = {"name": "test-1", "progress": False, "batch_size": 2} | parameters
    return CallableEncoder(function, cache=cache, **parameters)


WORDS = ["a", "bcd", "ef", "ghij", "k"]


def test_batches_in_order() -> None:
    counting = Counting()
    rows = encoder(counting).fit_transform(WORDS)
    np.testing.assert_array_equal(rows, rows_of(WORDS))
    assert rows.dtype == np.float32
    assert counting.batches == [["a", "bcd"], ["ef", "ghij"], ["k"]]


def test_missing_items_are_rows_of_nan() -> None:
    counting = Counting()
    rows = encoder(counting).fit_transform([None, "a", float("nan"), "bc"])
    np.testing.assert_array_equal(rows[[1, 3]], rows_of(["a", "bc"]))
    assert np.isnan(rows[[0, 2]]).all()
    assert counting.batches == [["a", "bc"]]
    with pytest.raises(ValueError, match="X must have an item that is there"):
        encoder(counting).fit([None])


def test_fit_encodes_one_item() -> None:
    counting = Counting()
    fitted = encoder(counting).fit([None, *WORDS])
    assert counting.batches == [["a"]]
    assert fitted.get_feature_names_out().tolist() == ["test-1_0", "test-1_1"]
    assert fitted.transform([]).shape == (0, 2)
    assert np.isnan(fitted.transform([None])).all()


def test_integers_become_floats() -> None:
    rows = encoder(lambda items: [[len(item)] for item in items]).fit_transform(WORDS)
    assert rows.dtype == np.float64
    half = encoder(lambda items: rows_of(items).astype(np.float16)).fit_transform(WORDS)
    assert half.dtype == np.float16


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda items: [[1.0]], r"must give a row for each item; got 1 for X\[0\] ... X\[1\], 2"),
        (lambda items: [1.0, 2.0], r"what function gives for X\[0\] ... X\[1\] must be 2-D"),
        (lambda items: [["x"], ["y"]], "must be numeric"),
        (
            lambda items: np.ones((len(items), len(items))),
            "function gives rows of 1 float64, after",
        ),
        (lambda items: np.ones((len(items), 1), "e" if "k" in items else "f"), "1 float16, after"),
    ],
)
def test_what_a_function_must_give(function: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encoder(function).fit_transform(WORDS)


def test_errors_of_a_function_say_where() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        encoder(lambda items: 1 / ("k" not in items)).fit([*WORDS[:0], "k"])
    assert caught.value.__notes__ == ["function was given X[0]."]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"function": 3}, TypeError, "function must be callable; got 3"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer of at least 1; got 0"),
        ({"cache": "c", "name": None}, ValueError, "name must tell the function and its version"),
        ({"name": 3}, TypeError, "name must be a str; got 3"),
    ],
)
def test_parameters(parameters: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encoder(**{"function": rows_of} | parameters).fit(WORDS)


# -- the cache -----------------------------------------------------------------------------------


def test_what_is_known_is_read(tmp_path: Path) -> None:
    encoder(rows_of, tmp_path).fit_transform(WORDS)
    counting = Counting()
    again = encoder(counting, tmp_path, batch_size=3)
    items = ["k", "new", None, "a", "new", "a"]
    rows = again.fit_transform(items)
    assert counting.batches == [["new"]]
    known = [i for i, item in enumerate(items) if item is not None]
    np.testing.assert_array_equal(rows[known], rows_of([items[i] for i in known]))
    assert np.isnan(rows[2]).all()
    np.testing.assert_array_equal(again.transform(WORDS), rows_of(WORDS))
    assert len(counting.batches) == 1
    encoder(counting, tmp_path, name="test-2").fit_transform(["a"])
    assert counting.batches[1:] == [["a"]]


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    def interrupted(items: list[Any]) -> np.ndarray:
        if "k" in items:
            raise KeyboardInterrupt
        return rows_of(items)

    with pytest.raises(KeyboardInterrupt):
        encoder(interrupted, tmp_path).fit_transform(WORDS)
    counting = Counting()
    rows = encoder(counting, tmp_path).fit_transform(WORDS)
    np.testing.assert_array_equal(rows, rows_of(WORDS))
    assert counting.batches == [["k"]]


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "pickled"])
def test_a_damaged_file_is_encoded_again(damage: str, tmp_path: Path) -> None:
    encoder(rows_of, tmp_path).fit_transform(WORDS)
    path = sorted(tmp_path.rglob("*.npy"))[0]
    content = path.read_bytes()
    if damage == "pickled":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    else:
        flipped = content[:-1] + bytes([content[-1] ^ 1])
        path.write_bytes({"truncated": content[:-9], "empty": b"", "flipped": flipped}[damage])
    counting = Counting()
    rows = encoder(counting, tmp_path).fit_transform(WORDS)
    np.testing.assert_array_equal(rows, rows_of(WORDS))
    assert len(counting.batches) == 1
    assert path.read_bytes() == content  # the same items, so the same name
    assert len(list(tmp_path.rglob("*"))) == 1 + 3


def test_files_are_plain_arrays(tmp_path: Path) -> None:
    encoder(rows_of, tmp_path).fit_transform(WORDS)
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("test-1-")
    batches = [np.load(path, allow_pickle=False) for path in folder.iterdir()]
    assert sum(map(len, batches)) == len(WORDS)
    assert {batch.dtype.names for batch in batches} == {("key", "row")}


def test_the_width_must_agree(tmp_path: Path) -> None:
    encoder(rows_of, tmp_path).fit_transform(WORDS)
    with pytest.raises(ValueError, match="function gives rows of 3 float64, after rows of 2 float"):
        encoder(lambda items: np.ones((len(items), 3)), tmp_path).fit_transform(["new"])
    other = encoder(lambda items: np.ones((len(items), 3)), name="other").fit(WORDS)
    with pytest.raises(ValueError, match="the cache of name='test-1' has rows of 2 float32, after"):
        other.set_params(cache=tmp_path, name="test-1").transform(WORDS)


def test_keys_are_those_of_contents(tmp_path: Path) -> None:
    path, same, text = tmp_path / "a", tmp_path / "b", str(tmp_path / "a")
    path.write_bytes(b"one")
    same.write_bytes(b"one")
    array = np.arange(6.0).reshape(2, 3)
    items = [path, same, b"one", text, array, np.asfortranarray(array), array.astype("f"), array.T]
    counting = Counting(lambda items: np.arange(len(items))[:, None] + 10.0 * len(items))
    cached = encoder(counting, tmp_path / "cache", batch_size=9)
    rows = cached.fit_transform(items)[:, 0]
    assert (rows - rows[0]).tolist() == [0, 0, 0, 1, 2, 2, 3, 4]
    path.write_bytes(b"two")
    cached.transform([path, text])
    assert counting.batches[1:] == [[path]]


def test_what_has_no_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"X\[1\] \(dict\) has no key in a cache: that takes a str"):
        encoder(rows_of, tmp_path).fit_transform(["a", {}])
    with pytest.raises(ValueError, match=r"X\[0\] \('no'\) cannot be read: No such file"):
        encoder(rows_of, tmp_path).fit([Path("no")])


def encode_in_process(folder: str, start: int) -> None:
    words = [f"w{i}" for i in range(60)]
    encoder(rows_of, Path(folder), batch_size=3).fit_transform(words[start:] + words[:start])


def test_two_processes_share_a_cache(tmp_path: Path) -> None:
    processes = [
        get_context("spawn").Process(target=encode_in_process, args=(str(tmp_path), start))
        for start in (0, 30)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    counting = Counting()
    words = [f"w{i}" for i in range(60)]
    np.testing.assert_array_equal(encoder(counting, tmp_path).fit_transform(words), rows_of(words))
    assert not counting.batches
    assert not list(tmp_path.rglob("*.tmp"))


def test_two_readers_of_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(rows_of, tmp_path).fit_transform(WORDS)
    read = Path.read_bytes

    def removed_meanwhile(path: Path) -> bytes:
        os.unlink(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", removed_meanwhile)
    counting = Counting()
    encoder(counting, tmp_path).fit_transform(WORDS)
    assert len(counting.batches) == 3


# -- copies and progress -------------------------------------------------------------------------


def test_copies_share_the_function() -> None:
    base = pytest.importorskip("sklearn.base")
    model = Counting()
    fitted = encoder(model.encode).fit(WORDS)
    for copy in (base.clone(fitted), deepcopy(fitted), deepcopy({"a": fitted})["a"]):
        assert copy.function.__self__ is model
    assert not hasattr(base.clone(fitted), "n_features_out_")
    np.testing.assert_array_equal(deepcopy(fitted).transform(WORDS), rows_of(WORDS))


def test_progress_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    encoder(rows_of, progress=True, batch_size=1).fit_transform(WORDS * 5)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("[10/10] test-1: ")
    encoder(rows_of, progress=True).fit_transform(WORDS[:2])
    assert not capsys.readouterr().err
