"""Fusion, the estimator, with data frames, with blocks that are not given, and with masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from polyfuse import fusion
from polyfuse.fusion import Fusion

pd = pytest.importorskip("pandas")

X = np.arange(24.0).reshape(6, 4) ** 1.5
FRAME = pd.DataFrame(X, columns=list("abcd"), index=range(10, 16))
BLOCKS = {"image": FRAME[["a", "b"]], "text": FRAME[["c", "d"]]}


def test_names_of_the_columns_of_blocks_are_checked() -> None:
    model = Fusion("mean").fit(BLOCKS)
    np.testing.assert_array_equal(model.transform(BLOCKS), (X[:, :2] + X[:, 2:]) / 2)
    swapped = {**BLOCKS, "text": FRAME[["d", "c"]]}
    with pytest.raises(ValueError, match=r"(?s)blocks\['text'\]: The feature names should.*order"):
        model.transform(swapped)
    with pytest.raises(ValueError, match=r"(?s)blocks\[1\]: .*unseen at fit time:\n- a"):
        Fusion("mean").fit(list(BLOCKS.values())).transform([BLOCKS["image"], FRAME[["a", "d"]]])
    with pytest.warns(
        UserWarning, match=r"blocks\['text'\] does not have valid feature names, but"
    ):
        model.transform({**BLOCKS, "text": X[:, 2:]})
    with pytest.warns(
        UserWarning, match=r"blocks\['image'\] has feature names, but Fusion was fit"
    ):
        Fusion("mean").fit({"image": X[:, :2], "text": X[:, 2:]}).transform(
            {"image": BLOCKS["image"], "text": X[:, 2:]}
        )
    names = Fusion().fit(BLOCKS).get_feature_names_out()
    assert names.tolist() == ["image__a", "image__b", "text__c", "text__d"]


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_names_of_other_frames_are_seen(library: str) -> None:
    kind = pytest.importorskip(library)
    table = {name: FRAME[name].to_numpy() for name in FRAME}
    frame = kind.DataFrame(table) if library == "polars" else kind.table(table)
    model = Fusion(columns={"image": ["a", "c"], "text": ["b"]}).fit(frame)
    assert model.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_array_equal(model.transform(frame), X[:, [0, 2, 1]])
    with pytest.raises(ValueError, match="must be in the same order"):
        model.transform(frame.select(list("bacd")))


def test_names_of_the_columns_of_one_matrix_are_checked() -> None:
    model = Fusion(columns={"image": ["a", "c"], "text": slice(1, 2)}).fit(FRAME)
    np.testing.assert_array_equal(model.transform(FRAME), X[:, [0, 2, 1]])
    assert model.feature_names_in_.tolist() == list("abcd")
    assert model.get_feature_names_out().tolist() == ["image__a", "image__c", "text__b"]
    with pytest.raises(ValueError, match="The feature names should match those that were passed"):
        model.transform(FRAME[["b", "a", "c", "d"]])
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        model.get_feature_names_out(list("abce"))
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Fusion"):
        model.transform(X)
    model.set_params(columns=[slice(0, 2), [3]]).fit(X)
    assert not hasattr(model, "feature_names_in_")
    assert model.modalities_ == ["0", "1"]
    np.testing.assert_array_equal(model.transform(X), X[:, [0, 1, 3]])


def test_set_output() -> None:
    made = Fusion("mean").set_output(transform="pandas").fit_transform(BLOCKS)
    assert made.columns.tolist() == ["mean0", "mean1"]
    assert made.index.tolist() == FRAME.index.tolist()
    columns = {"image": slice(0, 2), "text": slice(2, 4)}
    joined = Fusion(columns=columns).set_output(transform="pandas").fit(FRAME).transform(FRAME)
    assert joined.columns.tolist() == ["image__a", "image__b", "text__c", "text__d"]
    pipeline = make_pipeline(Fusion("sum", columns=columns)).set_output(transform="pandas")
    assert isinstance(pipeline.fit_transform(X), pd.DataFrame)
    with pytest.raises(ValueError, match="output config must be in"):
        Fusion().set_output(transform="arrow")


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"a": 3}, TypeError, r"columns\['a'\] must be a slice or a list .* got int: write \[3\]"),
        ({"a": "b"}, TypeError, r"got str: write \['b'\]"),
        ({"a": None}, TypeError, "got NoneType"),
        ([slice("a", "b")], TypeError, r"columns\[0\] must be a slice of positions"),
        ({"a": ["a", "z"]}, ValueError, r"columns\['a'\] must name columns of X; it has no 'z'"),
        (5, TypeError, "columns must be a list or dict"),
    ],
)
def test_messages_about_columns(columns: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Fusion(columns=columns).fit(FRAME)


def test_messages_about_what_is_fused() -> None:
    model = make_pipeline(Fusion("mean"), LogisticRegression())
    for x in (X, FRAME):
        with pytest.raises(
            ValueError, match=r"one matrix of shape \(6, 4\).* columns=\{'a': slice"
        ):
            model.fit(x, [0, 1] * 3)
    with pytest.raises(ValueError, match="names columns, but those of X have no names"):
        Fusion(columns={"image": ["a"]}).fit(X)
    with pytest.raises(TypeError, match=r"got the class sklearn\..*PCA: write PCA\(\.\.\.\)"):
        Fusion("mean", projection=PCA).fit(BLOCKS)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("scaler", [None, "standard"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1"])
def test_blocks_that_are_not_given(scaler: Any, dtype: str) -> None:
    x = (X % 7).astype(dtype)
    train = {"image": x[:, :2], "text": x[:, 2:], "sound": x[:, 1:3]}
    model = Fusion("mean", scaler=scaler, missing="skip").fit(train)
    there = {"sound": train["sound"], "image": train["image"]}
    scalers = {name: model.scalers_[name] for name in there}
    want = fusion.mean(there, scalers=None if scaler is None else scalers)
    for given in (there, {**there, "text": None}, {"text": None, **there}):
        np.testing.assert_allclose(model.transform(given), want, rtol=1e-6)
        assert model.transform(given).dtype == want.dtype
    zeros = Fusion(missing="zero").fit(list(train.values()))
    filled = zeros.transform([None, train["text"], train["sound"]])
    np.testing.assert_array_equal(filled, np.hstack([0 * x[:, :2], x[:, 2:], x[:, 1:3]]))


def test_blocks_that_are_not_given_and_projected() -> None:
    model = Fusion("mean", projection=PCA(1), missing="skip").fit(BLOCKS)
    got = model.transform({"image": BLOCKS["image"]})
    np.testing.assert_allclose(got, model.projections_["image"].transform(X[:, :2]))


def test_messages_about_blocks_that_are_not_given() -> None:
    for missing in (None, "raise"):
        model = Fusion("mean", missing=missing).fit(BLOCKS)
        for given in ({"image": BLOCKS["image"]}, {**BLOCKS, "text": None}):
            with pytest.raises(
                ValueError, match=r"\['text'\] is not given: give a block of NaN, or"
            ):
                model.transform(given)
    model.set_params(missing="skip")
    with pytest.raises(ValueError, match=r"at least one of \['image', 'text'\]; all are None"):
        model.transform({"image": None, "text": None})
    with pytest.raises(ValueError, match=r"must be those of fit, .*; got \['image', 'sound'\]"):
        model.transform({"image": BLOCKS["image"], "sound": X})
    with pytest.raises(TypeError, match=r"blocks\['text'\] must be an array of numbers; got NoneT"):
        Fusion(missing="zero").fit({**BLOCKS, "text": None})


def test_masks_of_rows() -> None:
    present = {"text": np.array([True, True, False, True, False, True])}
    model = Fusion("mean", scaler="standard", missing="skip")
    fused = model.fit_transform(BLOCKS, present=present)
    want = fusion.mean(BLOCKS, scalers="standard", present=present, missing="skip")
    np.testing.assert_array_equal(fused, want)
    np.testing.assert_array_equal(model.transform(BLOCKS, present=present), want)
    swapped = dict(reversed(BLOCKS.items()))
    np.testing.assert_array_equal(model.transform(swapped, present=[present["text"], None]), want)
    with pytest.raises(ValueError, match=r"blocks\['text'\] is missing in row 2 \(present says so"):
        Fusion("mean").fit_transform(BLOCKS, present=present)


def test_one_matrix_is_one_block_of_a_concatenation() -> None:
    model = Fusion(scaler="standard").set_output(transform="pandas").fit(FRAME)
    expected = Fusion(scaler="standard", columns={"X": slice(None)}).fit_transform(X)
    np.testing.assert_array_equal(model.transform(FRAME), expected)
    assert model.feature_names_in_.tolist() == FRAME.columns.tolist()
    assert model.get_feature_names_out().tolist() == [f"X__{name}" for name in FRAME.columns]
    with pytest.raises(ValueError, match="X is one matrix, but Fusion was fitted on a list or dic"):
        Fusion().fit(BLOCKS).transform(X)
