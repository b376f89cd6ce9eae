"""Blocks: rows as NumPy chooses them, what it is made of, and what it refuses."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import SimpleNamespace as Modality
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils import _safe_indexing

import polyfuse as pf

pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")


def pair() -> dict[str, Any]:
    x = np.arange(40.0).reshape(5, 8)
    return {"image": x[:, :4].astype("f4"), "text": x[:, 4:]}


# -- rows ----------------------------------------------------------------------------------------

KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "pandas": lambda x: pd.DataFrame(x, index=np.arange(len(x)) * 7 + 3).add_prefix("c"),
    "polars": lambda x: pl.DataFrame(x),
    "arrow": lambda x: pa.table({f"c{i}": column for i, column in enumerate(x.T)}),
    "csr": sp.csr_array,
    "csc": sp.csc_matrix,
    "coo": sp.coo_array,
    "lists": lambda x: x.tolist(),
}


def dense(x: Any) -> Any:
    return x.toarray() if sp.issparse(x) else np.asarray(x)


@st.composite
def rows_of(draw: st.DrawFn, n: int) -> Any:
    places = st.integers(-n, n - 1)
    kind = draw(st.sampled_from(["slice", "list", "array", "mask", "bools"]))
    if kind == "slice":
        return draw(st.slices(n))
    if kind in ("list", "array"):
        listed = draw(st.lists(places, max_size=2 * n)) if n else []
        return np.array(listed, draw(st.sampled_from(["i1", "i8"]))) if kind == "array" else listed
    mask = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(mask, bool) if kind == "mask" or n == 0 else mask


@given(data=st.data(), n=st.integers(1, 9))
def test_rows_are_those_that_numpy_chooses(data: st.DataObject, n: int) -> None:
    x = np.arange(1.0, 1 + 3 * n).reshape(n, 3)
    blocks = pf.Blocks({kind: make(x) for kind, make in KINDS.items()})
    for _ in range(2):  # also of what has been chosen
        rows = data.draw(rows_of(len(x)))
        blocks, x = blocks[rows], x[rows]
        assert len(blocks) == len(x)
        assert blocks.shape == (len(x), 3 * len(KINDS))
        for kind, block in blocks.items():
            np.testing.assert_array_equal(dense(block).reshape(len(x), 3), x, err_msg=kind)


def test_rows_keep_the_kind_of_the_block_and_the_names_of_its_columns() -> None:
    x = np.arange(12.0).reshape(4, 3)
    given_ = {kind: make(x) for kind, make in KINDS.items() if kind not in ("coo", "lists")}
    for rows in (slice(1, 3), [2, 0]):
        for kind, block in pf.Blocks(given_)[rows].items():
            assert type(block) is type(given_[kind])
    chosen = pf.Blocks(given_)[[2, 0]]
    assert list(chosen["pandas"].index) == [17, 3]
    assert list(chosen["pandas"].columns) == chosen["arrow"].column_names == ["c0", "c1", "c2"]
    assert chosen["csr"].indices.dtype == np.int32


def test_nothing_is_copied_and_slices_are_views(tmp_path: Path) -> None:
    x, frame = np.ones((6, 2)), pd.DataFrame(np.ones((6, 3)))
    mapped = np.memmap(tmp_path / "x", "f4", "w+", shape=(6, 5))
    blocks = pf.Blocks({"x": x, "frame": frame, "mapped": mapped, "csr": sp.csr_array(x)})
    assert blocks["x"] is x
    assert blocks["frame"] is frame
    assert blocks["mapped"] is mapped
    part = blocks[1:5]
    assert np.shares_memory(part["x"], x)
    assert np.shares_memory(part["frame"].to_numpy(), frame.to_numpy())
    assert isinstance(part["mapped"], np.memmap)
    assert np.shares_memory(part["mapped"], mapped)


def test_scikit_learn_indexes_it_as_an_array() -> None:
    blocks = pair()
    for rows in (slice(1, 3), [3, 1], (3, 1), np.array([True, False, True, False, True])):
        chosen = _safe_indexing(pf.Blocks(blocks), rows)
        for name, block in blocks.items():
            np.testing.assert_array_equal(chosen[name], _safe_indexing(block, rows))
    np.testing.assert_array_equal(pf.Blocks(blocks)[[1], :]["text"], blocks["text"][[1]])


# -- a container ---------------------------------------------------------------------------------


def test_it_reads_like_a_dict_and_is_as_long_as_its_rows() -> None:
    given_ = pair()
    blocks = pf.Blocks(given_)
    assert (len(blocks), blocks.shape, blocks.ndim, blocks.n_modalities) == (5, (5, 8), 2, 2)
    assert list(blocks) == blocks.names == list(blocks.keys()) == ["image", "text"]
    assert blocks.widths == {"image": 4, "text": 4}
    for again in (dict(blocks), dict(blocks.items()), {**blocks}):
        assert again.keys() == given_.keys()
        assert all(again[name] is given_[name] for name in given_)
    assert blocks.values()[1] is given_["text"]
    assert "text" in blocks
    assert "sound" not in blocks
    assert repr(blocks) == "Blocks(5 rows; image: ndarray of 4 float32; text: ndarray of 4 float64)"


def test_blocks_are_chosen_by_name() -> None:
    blocks = pf.Blocks({"a": np.ones((2, 1)), "b": np.ones((2, 2)), "c": np.ones((2, 3))})
    assert blocks.select(["c", "a"]).widths == {"c": 3, "a": 1}
    assert blocks.select("b").names == blocks.drop(["a", "c"]).names == ["b"]
    assert blocks.drop("b")["c"] is blocks["c"]


def test_copies_and_pickles() -> None:
    blocks = pf.Blocks([np.ones((3, 2)), sp.csr_array(np.eye(3)), None])
    assert copy.copy(blocks)["0"] is blocks["0"]
    for again in (
        copy.deepcopy(blocks), clone(blocks, safe=False), pickle.loads(pickle.dumps(blocks)),
    ):  # fmt: skip
        assert repr(again) == repr(blocks)
        assert not np.shares_memory(again["0"], blocks["0"])
        np.testing.assert_array_equal(again[1:]["1"].toarray(), np.eye(3)[1:])
    assert pf.Blocks(blocks)["1"] is blocks["1"]


# -- other ways to make one ----------------------------------------------------------------------

TABLE = {"im_0": [1, 2], "txt": [3.0, 4.0], "im_1": [5, 6], "age": [7, 8]}


@pytest.mark.parametrize("frame", [pd.DataFrame(TABLE), pl.DataFrame(TABLE), pa.table(TABLE)])
def test_columns_of_a_data_frame(frame: Any) -> None:
    blocks = pf.Blocks.from_columns(frame, {"image": "im_", "text": ["txt"], "who": slice(3, 4)})
    assert all(type(block) is type(frame) for block in blocks.values())
    np.testing.assert_array_equal(dense(blocks["image"]), [[1, 5], [2, 6]])
    np.testing.assert_array_equal(dense(blocks["text"]), [[3], [4]])
    np.testing.assert_array_equal(dense(blocks["who"]), [[7], [8]])
    model = pf.FusionClassifier().fit(blocks, ["a", "b"])
    second = [False, True, False, False]
    others = pf.Blocks.from_columns(
        frame, {"image": lambda X: ["im_1", "im_0"], "text": second, "who": [3]}
    )
    with pytest.raises(ValueError, match=r"(?s)blocks\['image'\]: .* in the same order"):
        model.predict(others)


@pytest.mark.parametrize(
    "groups",
    [
        {"a": [0, 1, 2], "b": slice(3, 5)},
        {"a": slice(0, 3), "b": [-2, -1]},
        ["a", "a", "a", "b", "b"],
        np.array(["a", "a", "a", "b", "b"]),
        pd.Series(list("aaabb")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["C", "F"])
def test_groups_of_columns_are_views(groups: Any, order: Any) -> None:
    x = np.asarray(np.arange(20.0).reshape(4, 5), order=order)
    blocks = pf.Blocks.from_array(x, groups)
    assert blocks.names == ["a", "b"]
    for name, part in (("a", slice(0, 3)), ("b", slice(3, 5))):
        np.testing.assert_array_equal(blocks[name], x[:, part])
        assert np.shares_memory(blocks[name], x)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_any_labels_of_columns(labels: list[int]) -> None:
    x = np.arange(2.0 * len(labels)).reshape(2, -1)
    for X in (x, sp.csr_array(x), pd.DataFrame(x)):
        blocks = pf.Blocks.from_array(X, labels)
        assert blocks.names == list(dict.fromkeys(map(str, labels)))
        for name, block in blocks.items():
            np.testing.assert_array_equal(dense(block), x[:, np.array(labels) == int(name)])


def test_modalities_of_a_mudata() -> None:
    rows = pd.Index(["c0", "c1", "c2"])
    mod = {
        "rna": Modality(X=sp.csr_matrix(np.eye(3)), obs_names=rows),
        "atac": Modality(X=np.ones((3, 2)), obs_names=rows.copy()),
        "image": Modality(X=np.ones((3, 4))),
    }
    blocks = pf.Blocks.from_mudata(Modality(mod=mod))
    assert blocks["rna"] is mod["rna"].X
    assert blocks.widths == {"rna": 3, "atac": 2, "image": 4}
    mod["atac"].obs_names = rows[[0, 2, 1]]
    with pytest.raises(
        ValueError, match=r"mod\['atac'\] must .* of mdata.mod\['rna'\] .*; row 1 is 'c2', not 'c1'"
    ):
        pf.Blocks.from_mudata(Modality(mod=mod))


# -- errors --------------------------------------------------------------------------------------

A, B, WIDE = (
    np.ones((4, 2)),
    np.ones((4, 3)),
    pd.DataFrame(np.ones((2, 3)), columns=["a", "b", "c"]),
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pf.Blocks({}), "blocks must hold at least one block; got none"),
        (lambda: pf.Blocks({"a": None}), r"at least one of \['a'\]; all are None"),
        (lambda: pf.Blocks({"a": A, "b": B[:3]}), "same number of rows; got a: 4, b: 3"),
        (lambda: pf.Blocks({1: A, "1": B}), "blocks must have different names; got"),
        (lambda: pf.Blocks([A, B[0]]), r"blocks\[1\] must be 2-D.* shape \(3,\)"),
        (lambda: pf.Blocks({"a": pf.Blocks([A])}), r"blocks\['a'\] must be one matrix; got Blocks"),
        (lambda: pf.Blocks(A), r"got numpy.ndarray. Write \[X\] for a single .*from_array"),
        (lambda: pf.Blocks({"a": "text"}), r"blocks\['a'\] must be an array of numbers; got str"),
        (lambda: pf.Blocks([A]).select(["0", "0"]), r"names must differ; got \['0', '0'\]"),
        (lambda: pf.Blocks([A]).drop("0"), "blocks must hold at least one block; got none"),
        (lambda: pf.Blocks([A])["a"], r"blocks has no 'a', it has \['0'\]"),
        (lambda: pf.Blocks([A]).drop("a"), r"blocks has no 'a', it has \['0'\]"),
        (lambda: pf.Blocks([A])[0], r"could be a row or a block: write blocks\[\[0\]\]"),
        (lambda: pf.Blocks([A])[[4]], "rows must lie within 4 rows; got 4"),
        (lambda: pf.Blocks([A])[[0, -5]], "rows must lie within 4 rows; got -5"),
        (lambda: pf.Blocks([A])[[True] * 3], "rows must have a bool per row, 4; got 3"),
        (lambda: pf.Blocks([A])[["a"]], r"got \['a'\]. Blocks of several names are .*select"),
        (lambda: pf.Blocks([A])[:, 0], "blocks are indexed by a name, or by rows"),
        (lambda: pf.Blocks([A])[[0.5]], r"a bool per row; got \[0.5\]"),
        (lambda: pf.Blocks.from_columns(WIDE, {"x": ["z"]}), r"columns\['x'\] must .* no 'z'"),
        (lambda: pf.Blocks.from_columns(WIDE, {"x": "z"}), r"columns\['x'\] .* starts with 'z'"),
        (lambda: pf.Blocks.from_columns(WIDE, {"x": []}), r"columns\['x'\] must have a column"),
        (lambda: pf.Blocks.from_columns(A, {"x": "z"}), r"columns\['x'\]='z' starts names"),
        (
            lambda: pf.Blocks.from_columns(WIDE, {"x": ["a", "b"], "y": slice(1, 3)}),
            "columns must not overlap: column 'b' is in 'x' and 'y'",
        ),
        (lambda: pf.Blocks.from_array(A, {"x": [0, 0]}), "groups must not overlap: column 0 .*'x'"),
        (lambda: pf.Blocks.from_array(A, {"x": [2]}), r"groups\['x'\] must be columns of 2"),
        (lambda: pf.Blocks.from_array(A, {"x": slice(0, 3)}), r"groups\['x'\] must lie within 2"),
        (lambda: pf.Blocks.from_array(A, ["x"] * 3), "must have a name per column, 2; got 3"),
        (lambda: pf.Blocks.from_array(A, "xy"), "groups must be a dict or list .*; got str"),
        (lambda: pf.Blocks.from_mudata({"a": A}), "mdata must have a dict of .* as mod; got dict"),
        (
            lambda: pf.Blocks.from_mudata(Modality(mod={"a": Modality(X=None)})),
            r"mdata.mod\['a'\] must have an X; got .*SimpleNamespace without",
        ),
        (
            lambda: pf.Blocks.from_mudata(
                Modality(mod={k: Modality(X=A, obs_names=list(k)) for k in ("abcd", "abc")})
            ),
            r"mod\['abc'\] must have the rows of mdata.mod\['abcd'\], 4; got 3",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_named(make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError, KeyError, IndexError), match=message):
        make()
