"""Fusion, the estimator: fitted once, and a step of scikit-learn's pipelines."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as SkScaler

from polyfuse import fusion
from polyfuse.exceptions import NotFittedError
from polyfuse.fusion import Fusion

COLUMNS = {"image": slice(0, 3), "text": slice(3, 6)}


def blocks_of(rng: np.random.Generator, n: int = 50) -> dict[str, Any]:
    return {"image": rng.normal(3, 2, (n, 3)), "text": rng.normal(size=(n, 3)).astype("f4")}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("op", ["concatenate", "mean", "maximum", "hadamard", "median"])
@pytest.mark.parametrize("scaler", [None, "standard", {"image": "minmax", "text": None}])
def test_new_rows_are_fused_as_fitted(op: str, scaler: Any, rng: np.random.Generator) -> None:
    train, test = blocks_of(rng), blocks_of(rng, 9)
    model = Fusion(op, scaler=scaler).fit(train)
    want = fusion.fuse(test, op, scalers=model.scalers_)
    np.testing.assert_array_equal(model.transform(test), want)
    swapped = {"text": test["text"], "image": test["image"]}
    np.testing.assert_array_equal(model.transform(swapped), want)
    out = np.empty_like(want)
    assert model.transform(test, out=out) is out
    if isinstance(scaler, str):
        scaled = [SkScaler().fit(train[k]).transform(test[k]) for k in train]
        np.testing.assert_allclose(want, fusion.fuse(scaled, op), rtol=1e-5, atol=1e-6)


def test_columns_of_one_matrix_are_blocks(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 6))
    model = Fusion("weighted_mean", weights={"image": 3.0, "text": 1.0}, columns=COLUMNS)
    np.testing.assert_allclose(model.fit_transform(x), (3.0 * x[:, :3] + x[:, 3:]) / 4.0)
    chosen = Fusion("sum", columns={"a": [0, 5], "b": [1, 1]}).fit_transform(x)
    np.testing.assert_allclose(chosen, x[:, [0, 5]] + x[:, [1, 1]])
    assert (model.n_features_in_, model.n_features_out_) == (6, 3)


def test_the_estimator_in_scikit_learns_tools(rng: np.random.Generator) -> None:
    x = rng.normal(size=(90, 6))
    y = (x[:, 0] + x[:, 3] > 0).astype(int)
    model = make_pipeline(Fusion("mean", scaler="standard", columns=COLUMNS), LogisticRegression())
    assert cross_val_score(model, x, y, cv=3).mean() > 0.8
    search = GridSearchCV(model, {"fusion__op": ["mean", "concatenate", "product"]}, cv=3)
    assert search.fit(x, y).best_params_["fusion__op"] in ("mean", "concatenate")
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(x), search.predict(x))
    copied = clone(model)
    assert repr(copied[0]) == repr(model[0])
    assert not hasattr(copied[0], "modalities_")
    assert model.set_params(fusion__p=None)[0].get_params()["columns"] == COLUMNS


def test_names_of_columns(rng: np.random.Generator) -> None:
    x = rng.normal(size=(10, 6))
    joined, mean = Fusion(columns=COLUMNS).fit(x), Fusion("mean", columns=COLUMNS).fit(x)
    assert mean.get_feature_names_out().tolist() == ["mean0", "mean1", "mean2"]
    assert joined.get_feature_names_out()[[0, 5]].tolist() == ["image__0", "text__2"]
    assert joined.get_feature_names_out(list("abcdef"))[[0, 5]].tolist() == ["image__a", "text__f"]
    with pytest.raises(ValueError, match="input_features must have 6 names"):
        joined.get_feature_names_out(["a"])


def test_projections_are_kept(rng: np.random.Generator) -> None:
    train = {"a": rng.normal(size=(60, 8)), "b": rng.normal(size=(60, 5))}
    test = {"a": rng.normal(size=(7, 8)), "b": rng.normal(size=(7, 5))}
    given = PCA(3, random_state=0)
    for projection, n in (("pca", 3), (given, None), ({"a": "pca", "b": given}, 3)):
        model = Fusion("mean", scaler="standard", projection=projection, n_components=n).fit(train)
        want = 0.0
        for name in train:
            scaler = SkScaler().fit(train[name])
            pca = PCA(3, random_state=0).fit(scaler.transform(train[name]))
            want = want + pca.transform(scaler.transform(test[name])) / 2.0
        np.testing.assert_allclose(model.transform(test), want, rtol=1e-9, atol=1e-9)
        assert set(model.projections_) == {"a", "b"}
    assert not hasattr(given, "components_"), "what was given is copied"
    random = Fusion(projection="random", n_components=2).fit(train)
    np.testing.assert_array_equal(random.transform(test), random.transform(test))
    assert random.get_feature_names_out().tolist() == ["a__0", "a__1", "b__0", "b__1"]


def test_missing_rows(rng: np.random.Generator) -> None:
    train, test = blocks_of(rng), blocks_of(rng, 8)
    train["image"][4] = test["text"][2] = np.nan
    model = Fusion("mean", scaler="standard", missing="skip").fit(train)
    want = model.scalers_["image"].transform(test["image"])[2]
    np.testing.assert_array_equal(model.transform(test)[2], want)
    test["image"][2] = np.nan
    with pytest.raises(ValueError, match="all blocks are missing in row 2"):
        model.transform(test)
    assert np.isnan(model.set_params(all_missing="nan").transform(test)[2]).all()
    with pytest.raises(ValueError, match=r"blocks\['image'\] is missing in row 2"):
        model.set_params(missing="raise").transform(test)


def test_votes_keep_integers() -> None:
    votes = {"a": np.array([[2], [7]], "i2"), "b": np.array([[2], [3]], "i2")}
    voted = Fusion("vote").fit_transform(votes)
    assert (voted.dtype, voted.tolist()) == (np.dtype("i2"), [[2], [3]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"op": "vstack"}, "op='vstack' changes the number of rows"),
        ({"op": "mode"}, "op must be one of .* got 'mode'"),
        ({"op": "power_mean"}, "p, the exponent, must be given"),
        ({"op": "weighted_mean"}, "weights must be given"),
        ({"scaler": "unit!"}, "scaler must be one of"),
        ({"scaler": {"image": "standard"}}, r"scaler must have the keys \['image', 'text'\]"),
        ({"all_missing": "drop"}, "all_missing must be one of"),
        ({"missing": "skip"}, "missing='skip' does not go with op='concatenate'"),
        ({"columns": {"a": slice(0, 9)}}, r"columns\['a'\] must lie within 6 columns"),
        ({"columns": {"a": [0, 6]}}, r"columns\['a'\] must be columns of 6"),
        ({"columns": {"a": slice(0, 0)}}, r"columns\['a'\] has 0 feature"),
        ({"columns": {}}, "columns must hold at least one block"),
        ({"columns": {"a": slice(0, 2), "b": slice(2, 6)}, "op": "mean"},
         r"blocks must have one width for op='mean'; got a: 2, b: 4. Fusion\(projection"),
    ],
)  # fmt: skip
def test_messages_of_fit(params: dict[str, Any], message: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(10, 6))
    with pytest.raises(ValueError, match=message):
        Fusion(**{"columns": COLUMNS, **params}).fit(x)


def test_messages_of_transform(rng: np.random.Generator) -> None:
    blocks = blocks_of(rng)
    model = Fusion("mean").fit(blocks)
    with pytest.raises(NotFittedError):
        Fusion().transform(blocks)
    with pytest.raises(ValueError, match=r"those of fit, \['image', 'text'\]; got \[0, 1\]"):
        model.transform(list(blocks.values()))
    with pytest.raises(ValueError, match=r"blocks\['text'\] has 2 features, but Fusion is expecti"):
        model.transform({**blocks, "text": blocks["text"][:, :2]})
    with pytest.raises(ValueError, match="X has 5 features, but Fusion is expecting 6 features"):
        Fusion(columns=COLUMNS).fit(np.ones((4, 6))).transform(np.ones((4, 5)))


def test_a_projection_leaves_the_dtype(rng: np.random.Generator) -> None:
    """scikit-learn projects all but float32 in float64: what is fused is what was given."""
    options: dict[str, Any] = {"projection": "pca", "n_components": 2}
    for first, second, dtype in (
        ("f2", "f2", "f2"), ("f4", "f2", "f4"), ("f4", "f4", "f4"), ("f8", "f4", "f8"),
        ("i1", "f4", "f4"), ("i1", "f2", "f4"), ("i1", "i1", "f8"),
    ):  # fmt: skip
        blocks = [rng.normal(0, 9, (30, d)).astype(x) for d, x in ((4, first), (6, second))]
        fused = fusion.fuse(blocks, "mean", **options)
        assert fused.dtype == np.dtype(dtype)
        fitted = Fusion("mean", **options).fit(blocks)
        np.testing.assert_array_equal(fitted.transform(blocks), fused)
        wide = fusion.fuse([x.astype("f8") for x in blocks], "mean", **options)
        np.testing.assert_allclose(fused, wide, 2e-3, 2e-3)
    labels = rng.integers(0, 3, (30, 2)).astype("u1")
    assert fusion.fuse([labels, labels], "vote", **options).dtype == np.float64
