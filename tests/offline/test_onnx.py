"""Models as graphs of ONNX: what onnxruntime makes of them is what they say themselves."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from model_cases import (
    BLOCKS,
    CASES,
    GAPS,
    LABELS,
    NUMBERS,
    THREE,
    TWO,
    X,
    answers,
    fitted,
    real_sets,
)  # fmt: skip
from numpy.typing import NDArray

import polyfuse as pf
from polyfuse import preprocessing as pp
from polyfuse.exceptions import NotFittedError
from polyfuse.fusion import Fusion

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

REAL = real_sets()


def run(graph: Any, data: Any) -> dict[str, NDArray]:
    """What onnxruntime returns, by name."""
    if isinstance(data, np.ndarray):
        data = {"X": data}
    elif isinstance(data, list):
        data = {str(i): x for i, x in enumerate(data)}
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, data)
    return dict(zip([out.name for out in session.get_outputs()], found, strict=True))


def dtypes_of(data: Any) -> Any:
    if isinstance(data, np.ndarray):
        return data.dtype
    if isinstance(data, list):
        return [x.dtype for x in data]
    return {name: x.dtype for name, x in data.items()}


def agrees(model: Any, data: Any, rtol: float = 1e-12, **options: Any) -> None:
    """The graph says of rows, in the dtypes they have, what the model says."""
    found, own = run(model.to_onnx(dtypes_of(data)), data), answers(model, data)
    close = {"rtol": rtol, "atol": rtol, "strict": True, **options}
    if "label" in found:
        label = own["predict"].astype(object if own["predict"].dtype.kind == "U" else
                                      found["label"].dtype)  # fmt: skip
        np.testing.assert_array_equal(found["label"], label)
        probabilities = "predict_proba" in own
        (name,) = set(found) - {"label"}
        assert name == ("probabilities" if probabilities else "scores")
        wanted = own["predict_proba" if probabilities else "decision_function"]
    else:
        ((name, _),) = found.items()
        wanted = own["transform" if name == "transformed" else "predict"]
    np.testing.assert_allclose(found[name].astype(wanted.dtype), wanted, **close)


@pytest.mark.parametrize("name", CASES)
def test_a_graph_says_what_the_model_says(name: str) -> None:
    single = {"float32", "blocks", "classifier", "regressor", "fusion of features"}
    rough = 1e-5 if any(word in name for word in single) else 1e-12
    agrees(fitted(name), CASES[name][1], rough)


@pytest.mark.parametrize("name", [name for name in CASES if isinstance(CASES[name][1], dict)])
def test_in_double_precision(name: str) -> None:
    model, data, y = CASES[name]
    data = {key: x.astype(np.float64) for key, x in data.items()}
    agrees(deepcopy(model).fit(data, *y), data)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    "options", [{}, {"level": "late"}, {"level": "hybrid"}], ids=["early", "late", "hybrid"]
)
def test_the_same_labels_on_real_sets(name: str, options: dict[str, Any]) -> None:
    blocks, y = REAL[name]()
    few = {key: x[::4] for key, x in blocks.items()}
    model = pf.FusionClassifier(max_iter=5, cv=2, **options).fit(few, y[::4])
    agrees(model, blocks, 1e-5)
    few, double = (
        {key: x.astype(np.float64) for key, x in data.items()} for data in (few, blocks)
    )  # fmt: skip
    agrees(model.fit(few, y[::4]), double)


@pytest.mark.parametrize("name", REAL)
def test_other_models_on_real_sets(name: str) -> None:
    blocks, y = REAL[name]()
    few = {key: x[::4] for key, x in blocks.items()}
    agrees(pf.FusionRegressor(max_iter=5).fit(few, y[::4]), blocks, 1e-4)
    double = {key: x.astype(np.float64) for key, x in blocks.items()}
    sgd = pf.linear_model.SGDClassifier("log_loss", scaler="standard", max_iter=2, tol=None)
    agrees(sgd.fit(few, y[::4]), double, 1e-11)


# -- what is missing -----------------------------------------------------------------------------

RULES = ("mean", "weighted_mean", "geometric_mean", "product", "maximum", "minimum", "median",
         "vote", "weighted_vote", "borda", "reciprocal_rank_fusion", "sum",
         "weighted_sum")  # fmt: skip
WEIGHED = {"weighted_mean", "weighted_vote", "weighted_sum", "geometric_mean"}
ALL_GAPS = {name: np.where(np.arange(len(X))[:, None] % 11 == 3, np.nan, x)
            for name, x in {**GAPS, "third": X[:, 1:3]}.items()}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("y", [LABELS, TWO], ids=["three", "two"])
def test_late_rules_pass_over_what_is_missing(rule: str, y: NDArray) -> None:
    weights = [0.5, 2.0, 0.0] if rule in WEIGHED else None
    model = pf.FusionClassifier(rule, level="late", weights=weights, calibrate=False)
    data = {name: x.astype(np.float64) for name, x in ALL_GAPS.items()}
    agrees(model.fit(data, y), data)


@pytest.mark.parametrize("response", ["score", "rank"])
def test_other_responses(response: str) -> None:
    data = {name: x.astype(np.float64) for name, x in ALL_GAPS.items()}
    for rule in ("mean", "median"):
        model = pf.FusionClassifier(rule, level="late", response=response, cv=2)
        agrees(model.fit(data, LABELS), data)


@pytest.mark.parametrize("level", ["early", "cooperative", "hybrid"])
def test_other_levels_pass_over_what_is_missing(level: str) -> None:
    data = {name: x.astype(np.float64) for name, x in ALL_GAPS.items()}
    agrees(pf.FusionClassifier(level=level, cv=2, rho=0.1).fit(data, LABELS), data)
    agrees(pf.FusionRegressor(level=level, cv=2, rho=0.1).fit(data, NUMBERS), data, 1e-10)


@pytest.mark.parametrize(
    "fusion", ["sum", "mean", "weighted_mean", "maximum", "minimum", "product", "median"]
)
def test_folds_of_features_pass_over_what_is_missing(fusion: str) -> None:
    weights = [0.5, 2.0] if fusion == "weighted_mean" else None
    data = {name: x.astype(np.float64) for name, x in GAPS.items()}
    model = pf.FusionClassifier(fusion, weights=weights).fit(data, LABELS)
    agrees(model, data)
    nowhere = {name: np.full((2, 5), np.nan) for name in data}
    agrees(model, nowhere)


@pytest.mark.parametrize("op", ["sum", "mean", "geometric_mean", "power_mean", "median", "maximum"])
@pytest.mark.parametrize("missing", [None, "skip", "zero", 0.5])
def test_fusion_of_features(op: str, missing: Any) -> None:
    data = {name: np.abs(x.astype(np.float64)) + 0.5 for name, x in GAPS.items()}
    if missing is None:
        data = {name: np.nan_to_num(x) + 0.5 for name, x in data.items()}
    p = 3.0 if op == "power_mean" else None
    fusion = Fusion(op, p=p, missing=missing, scaler={"image": None, "text": "maxabs"})
    agrees(fusion.fit(data), data)
    weights = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [0.5] * 5])
    if op == "power_mean":
        agrees(Fusion(op, p=p, missing=missing, weights=weights).fit(data), data)


def test_side_by_side() -> None:
    data = {name: x.astype(np.float64) for name, x in ALL_GAPS.items()}
    fusion = Fusion(missing=-1.0, all_missing="nan", scaler="standard").fit(data)
    agrees(fusion, data)


# -- inputs, labels, errors ----------------------------------------------------------------------


def test_inputs_of_many_dtypes() -> None:
    rng = np.random.default_rng(4)
    for dtype in ("uint8", "int8", "int16", "int32", "int64", "bool", "float32", "float64"):
        x = (rng.random((60, 4)) * 100 - (0 if dtype[0] in "ub" else 50)).astype(dtype)
        data = {"image": x, "text": BLOCKS["text"][:60]}
        agrees(pf.FusionClassifier().fit(data, THREE[:60]), data, 1e-5)
        sgd = pf.linear_model.GDClassifier(scaler="standard", max_iter=9, tol=None)
        agrees(sgd.fit(x, THREE[:60]), x, 1e-5 if dtype == "float32" else 1e-12)


def test_a_scaler_is_as_wide_as_the_stage() -> None:
    """Large float32 values: the scale is a double, and each operation is rounded once."""
    x = (X * 1e4 + 3e6).astype(np.float32)
    for scaler in (pp.StandardScaler(), pp.RobustScaler(), pp.MinMaxScaler(), pp.MaxAbsScaler()):
        agrees(scaler.fit(x), x, 0.0)


@pytest.mark.parametrize(
    "classes",
    [["b", "a"], [True, False], [3, -1], [1.0, 2.5e6], np.array(["é", "日本"], object),
     np.array([7, 9], np.uint8)],
)  # fmt: skip
def test_labels(classes: Any) -> None:
    y = np.asarray(classes)[np.arange(len(X)) % 2]
    label = run(pf.linear_model.Perceptron().fit(X, y).to_onnx(), X)["label"]
    assert label.tolist() == pf.linear_model.Perceptron().fit(X, y).predict(X).tolist()


def test_inputs_have_the_names_of_modalities_and_any_number_of_rows() -> None:
    onnx = pytest.importorskip("onnx")
    graph = fitted("classifier, late").to_onnx()
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    told = {(x.name, x.type, tuple(x.shape)) for x in session.get_inputs()}
    assert told == {("image", "tensor(double)", ("n", 5)), ("text", "tensor(float)", ("n", 5))}
    for n in (1, 7):
        data = {name: x[:n] for name, x in BLOCKS.items()}
        assert run(graph, data)["label"].shape == (n,)


def test_what_a_graph_cannot_say_is_named() -> None:
    model = fitted("classifier, early")
    with pytest.raises(NotFittedError, match="FusionClassifier"):
        pf.FusionClassifier().to_onnx()
    for odd in ("float16", "complex64", "str", "nothing"):
        with pytest.raises(ValueError, match=rf"dtypes\['image'\] must be .*got '{odd}'"):
            model.to_onnx(odd)
    with pytest.raises(ValueError, match="dtypes"):
        model.to_onnx({"image": "float32"})
    renamed = pf.FusionClassifier().fit({"label": BLOCKS["image"]}, LABELS)
    with pytest.raises(ValueError, match="'label' is what a modality is called"):
        renamed.to_onnx()
    with pytest.raises(ValueError, match="op='vote' is nothing that a graph"):
        Fusion("vote").fit(BLOCKS).to_onnx()
    with pytest.raises(ValueError, match="missing='raise' is nothing"):
        Fusion("mean", missing="raise").fit(BLOCKS).to_onnx()
    with pytest.raises(ValueError, match="projection of 'image' is scikit-learn's"):
        Fusion("mean", projection="pca", n_components=2).fit(BLOCKS).to_onnx()
    with pytest.raises(ValueError, match="ImageEncoder is nothing that a graph"):
        pf.encoders.ImageEncoder().to_onnx()
    mixed = pf.FusionClassifier().fit(BLOCKS, LABELS)
    mixed.classes_ = np.array(["cat", 2, None], object)
    with pytest.raises(ValueError, match="classes_ must be numbers or texts.*NoneType, int, str"):
        mixed.to_onnx()


def test_without_onnx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'polyfuse\[onnx\]'"):
        fitted("standard").to_onnx()
