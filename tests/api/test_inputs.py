"""Every container × every entry point: the bits are those of the NumPy array."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from containers import (
    LABELS,
    MATRICES,
    NUMBERS,
    Arrayed,
    Capsule,
    SchemaStream,
    Stream,
    Tensor,
    batch,
    frame,
    jax_array,
    mapped,
    pieces,
    polars_frame,
    table,
    torch_tensor,
)  # fmt: skip

import polyfuse as pf
from polyfuse import fusion, linear_model, metrics, preprocessing
from polyfuse._interchange import as_array
from polyfuse.fusion import Fusion

RNG = np.random.default_rng(7)
N = 24
X = RNG.normal(size=(N, 4))
OTHER = RNG.normal(size=(N, 4))
Y = np.arange(N) % 3 % 2
SCORES = RNG.random(N)
NOISE = pytest.mark.filterwarnings("ignore:.*feature names", "ignore:.*converge", "ignore:Maximum")
SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "Normalizer")


def flat(result: Any) -> np.ndarray:
    parts = result if isinstance(result, tuple) else (result,)
    arrays = [np.asarray(part).ravel() for part in parts]
    arrays = [np.unique(a, return_inverse=True)[1] if a.dtype.kind in "OU" else a for a in arrays]
    return np.concatenate(arrays).astype(np.float64)


def compare(entry: Callable[[Any], Any], plain: np.ndarray, given: Callable[[], Any]) -> None:
    """`given` is made anew for each call: some streams can be read only once."""
    np.testing.assert_array_equal(flat(entry(given())), flat(entry(plain)), strict=True)


def sgd(kind: str, **options: Any) -> Any:
    return getattr(linear_model, kind)(random_state=0, max_iter=5, tol=None, **options)


def probe() -> Any:
    return pf.FusionClassifier(max_iter=3)


def fit_transform(scaler: Any) -> Callable[[Any], Any]:
    return lambda x: scaler.fit_transform(x)


TAKE_MATRICES: dict[str, Callable[[Any], Any]] = {
    **{name: fit_transform(getattr(preprocessing, name)()) for name in SCALERS},
    "inverse_transform": preprocessing.StandardScaler().fit(X).inverse_transform,
    "partial_fit": lambda x: preprocessing.StandardScaler().partial_fit(x).mean_,
    "scale": preprocessing.scale,
    "normalize": preprocessing.normalize,
    "standardize": preprocessing.standardize,
    "fuse": lambda x: fusion.fuse({"a": x, "b": OTHER}, "mean"),
    "fuse a list": lambda x: fusion.fuse([OTHER, x], "concatenate"),
    "Fusion": lambda x: Fusion("mean", scaler="minmax").fit([x, OTHER]).transform([X, OTHER]),
    "Fusion.transform": lambda x: Fusion("mean").fit([X, OTHER]).transform([x, OTHER]),
    "Fusion of columns": lambda x: Fusion("sum", columns=[[0, 1], [2, 3]]).fit(x).n_features_in_,
    "FusionClassifier": lambda x: probe().fit([x, OTHER], Y).predict_proba([X, OTHER]),
    "FusionClassifier, scores": lambda x: probe().fit([X, OTHER], Y).decision_function([x, OTHER]),
    "SGDClassifier": lambda x: sgd("SGDClassifier").fit(x, Y).coef_,
    "SGDClassifier, blocks": lambda x: sgd("SGDClassifier").fit({"a": x, "b": OTHER}, Y).coef_,
    "SGDClassifier, a list": lambda x: sgd("SGDClassifier").fit([x, OTHER], Y).coef_,
    "SGDClassifier, scores": sgd("SGDClassifier").fit(X, Y).decision_function,
    "SGDRegressor": lambda x: sgd("SGDRegressor", scaler="minmax").fit(x, SCORES).coef_,
    "SGDOneClassSVM": lambda x: sgd("SGDOneClassSVM").fit(x).coef_,
    "GDClassifier": lambda x: linear_model.GDClassifier(max_iter=5, tol=0).fit(x, Y).coef_,
    "mean_squared_error": lambda x: metrics.mean_squared_error(OTHER, x),
    "top_k_accuracy_score": lambda x: metrics.top_k_accuracy_score(np.arange(N) % 4, x),
}


@NOISE
@pytest.mark.parametrize("entry", TAKE_MATRICES)
@pytest.mark.parametrize("kind", MATRICES)
def test_matrices(kind: str, entry: str) -> None:
    compare(TAKE_MATRICES[entry], X, lambda: MATRICES[kind](X))


TAKE_LABELS: dict[str, Callable[[Any], Any]] = {
    "SGDClassifier": lambda y: sgd("SGDClassifier").fit(X, y).predict(X),
    "GDClassifier": lambda y: linear_model.GDClassifier(max_iter=5, tol=0).fit(X, y).coef_,
    "FusionClassifier": lambda y: probe().fit([X], y).predict([X]),
    "score": lambda y: sgd("SGDClassifier").fit(X, y).score(X, y),
    "groups": lambda y: preprocessing.standardize(X, groups=y),
    "accuracy_score": lambda y: metrics.accuracy_score(y, y),
    "confusion_matrix": lambda y: metrics.confusion_matrix(y, y),
    "cohen_kappa_score": lambda y: metrics.cohen_kappa_score(y, y),
    "f1_score": lambda y: metrics.f1_score(y, y, average="macro"),
    "roc_auc_score": lambda y: metrics.roc_auc_score(y, SCORES),
    "log_loss": lambda y: metrics.log_loss(y, SCORES),
    "hinge_loss": lambda y: metrics.hinge_loss(y, SCORES),
    "ConfusionCounts": lambda y: metrics.ConfusionCounts().update(y, y).result().matrix,
}


@NOISE
@pytest.mark.parametrize("entry", TAKE_LABELS)
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("text", [False, True], ids=["numbers", "texts"])
def test_labels(kind: str, entry: str, text: bool) -> None:
    y = np.array(["no", "yes"])[Y] if text else Y
    compare(TAKE_LABELS[entry], y, lambda: LABELS[kind](y))


TAKE_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "SGDRegressor": lambda y: sgd("SGDRegressor").fit(X, y).coef_,
    "LinearRegression": lambda y: linear_model.LinearRegression().fit(X, y).coef_,
    "mean_absolute_error": lambda y: metrics.mean_absolute_error(y, X[:, 0]),
    "r2_score": lambda y: metrics.r2_score(X[:, 0], y),
    "roc_curve": lambda y: metrics.roc_curve(Y, y),
    "brier_score_loss": lambda y: metrics.brier_score_loss(Y, y),
    "ScoreHistogram": lambda y: metrics.ScoreHistogram().update(Y, y).result().auc,
    # as weights
    "of StandardScaler": lambda w: preprocessing.StandardScaler().fit(X, sample_weight=w).mean_,
    "of SGDClassifier": lambda w: sgd("SGDClassifier").fit(X, Y, sample_weight=w).coef_,
    "of LinearRegression": lambda w: linear_model.LinearRegression().fit(X, Y, w).coef_,
    "of FusionClassifier": lambda w: probe().fit([X], Y, w).predict_proba([X]),
    "of confusion_matrix": lambda w: metrics.confusion_matrix(Y, 1 - Y, sample_weight=w),
    "of zero_one_loss": lambda w: metrics.zero_one_loss(Y, 1 - Y, sample_weight=w, normalize=False),
    "of roc_auc_score": lambda w: metrics.roc_auc_score(Y, X[:, 0], sample_weight=w),
    "of median_absolute_error": lambda w: metrics.median_absolute_error(
        X[:, 0], X[:, 1], sample_weight=w
    ),
}


@NOISE
@pytest.mark.parametrize("entry", TAKE_NUMBERS)
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers(kind: str, entry: str) -> None:
    compare(TAKE_NUMBERS[entry], SCORES, lambda: NUMBERS[kind](SCORES))


# -- no copy, or no more than one ----------------------------------------------------------------


def file_of_arrow(path: Path) -> Any:
    pa = pytest.importorskip("pyarrow")
    whole = table(X)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def test_what_numpy_can_look_at_is_not_copied(tmp_path: Path) -> None:
    array = mapped(X, "r")
    assert np.shares_memory(as_array(array, "X"), array)
    for wrap in (Tensor, Arrayed):
        assert np.shares_memory(as_array(wrap(X), "X"), X)
    pytest.importorskip("pandas")
    made = frame(X)
    assert np.shares_memory(as_array(made, "X"), made.to_numpy())
    read = file_of_arrow(tmp_path / "x.arrow")
    for given in (read, Stream(read)):
        matrix = as_array(given, "X")
        assert np.shares_memory(matrix, read.column(3).chunk(0).to_numpy())
        np.testing.assert_array_equal(matrix, X)
        assert not matrix.flags.writeable
    del read, given
    np.testing.assert_array_equal(matrix, X)


@pytest.mark.parametrize("make", [torch_tensor, jax_array])
def test_tensors_are_not_copied(make: Callable[[np.ndarray], Any]) -> None:
    tensor = make(X)
    assert np.shares_memory(as_array(tensor, "X"), np.from_dlpack(tensor))


def test_columns_that_lie_apart_are_copied_once(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20_000, 5))
    scaler = preprocessing.MaxAbsScaler()
    for kind in (
        "pandas, nullable", "pandas, of Arrow", "pandas, mixed", "table", "table in pieces",
        "record batch", "stream", "array of records",
    ):  # fmt: skip
        given = MATRICES[kind](x)
        scaler.fit(given)
        tracemalloc.start()
        scaler.fit(given)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.3 * x.nbytes, f"{kind}: {peak / x.nbytes:.2f} times the data"
        assert as_array(given, "X").strides[0] == x.itemsize


# -- missing values, names, and what comes out ---------------------------------------------------


def test_missing_values_are_nan() -> None:
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    data = {"a": [1, None, 3], "b": [True, False, None], "c": [0.5, None, 2.0]}
    expected = np.array([[1, 1, 0.5], [np.nan, 0, np.nan], [3, np.nan, 2]])
    whole = pa.table(data)
    nullables = pd.DataFrame(data).astype({"a": "Int64", "b": "boolean", "c": "Float32"})
    halves = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    for given in (whole, halves, whole.to_batches()[0], Stream(whole), nullables):
        np.testing.assert_array_equal(as_array(given, "X"), expected)
        np.testing.assert_array_equal(fusion.concatenate([given]), expected)
    with pytest.raises(ValueError, match="contains NaN"):
        linear_model.LinearRegression().fit(np.eye(3), pa.array([1, None, 3]))
    with pytest.raises(ValueError, match="Input y_true contains NaN"):
        metrics.accuracy_score(pd.Series([1, None, 3], dtype="Int64"), [1, 2, 3])


def test_dtypes_of_columns_are_promoted() -> None:
    pa = pytest.importorskip("pyarrow")
    a, b = np.arange(3, dtype=np.int8), np.arange(3, dtype=np.float32)
    for given, dtype in (((a, b), "f4"), ((a, a), "i1"), ((b, b * 1.0), "f4"), ((a > 1,), "?")):
        matrix = as_array(pa.table({f"c{j}": column for j, column in enumerate(given)}), "X")
        assert matrix.dtype == dtype
        np.testing.assert_array_equal(matrix, np.column_stack(given))
    for empty in (pa.table({}), pa.table({"a": pa.array([], pa.float64())})):
        assert as_array(empty, "X").shape == empty.shape


@pytest.mark.parametrize("make", [frame, polars_frame, table, batch, lambda x: table(x).to_reader(),
    lambda x: SchemaStream(table(x))])  # fmt: skip
def test_columns_of_frames_have_names(make: Callable[[np.ndarray], Any]) -> None:
    scaler = preprocessing.StandardScaler().fit(make(X))
    assert scaler.feature_names_in_.tolist() == ["c0", "c1", "c2", "c3"]
    scaler.transform(make(X))
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="feature names should match"):
        scaler.transform(pa.table({name: X[:, 0] for name in "dabc"}))
    cut = Fusion(columns={"left": ["c0", "c1"], "right": ["c2", "c3"]}).fit(make(X))
    assert cut.get_feature_names_out().tolist()[0] == "left__c0"


def test_names_are_those_of_scikit_learn() -> None:
    pytest.importorskip("polars")
    theirs = pytest.importorskip("sklearn.preprocessing").StandardScaler
    for make in (frame, polars_frame, table, Arrayed):
        fitted = theirs().fit(make(X))
        ours = preprocessing.StandardScaler().fit(make(X))
        assert hasattr(fitted, "feature_names_in_") == hasattr(ours, "feature_names_in_")


@pytest.mark.filterwarnings("ignore:.*feature names")
@pytest.mark.parametrize("kind", MATRICES)
def test_what_comes_out_is_an_array_or_the_frame_that_was_asked_for(kind: str) -> None:
    scaler = preprocessing.StandardScaler()
    assert type(scaler.fit_transform(MATRICES[kind](X))) is np.ndarray
    assert type(sgd("SGDClassifier").fit(MATRICES[kind](X), Y).predict(X)) is np.ndarray
    for library in ("pandas", "polars"):
        made = pytest.importorskip(library)
        result = scaler.set_output(transform=library).fit_transform(MATRICES[kind](X))
        assert isinstance(result, made.DataFrame)


@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix", "csc_array", "csc_matrix"])
@pytest.mark.parametrize("name", ["MaxAbsScaler", "Normalizer", "StandardScaler"])
def test_sparse_data_come_out_as_they_went_in(kind: str, name: str) -> None:
    sparse, theirs = (
        pytest.importorskip("scipy.sparse"),
        pytest.importorskip("sklearn.preprocessing"),
    )
    x = getattr(sparse, kind)(np.where(X > 0, X, 0.0))
    options = {"with_mean": False} if name == "StandardScaler" else {}
    ours = getattr(preprocessing, name)(**options).fit_transform(x)
    expected = getattr(theirs, name)(**options).fit_transform(x)
    assert type(ours) is type(expected)
    np.testing.assert_allclose(ours.toarray(), expected.toarray(), rtol=1e-14)


# -- what is refused -----------------------------------------------------------------------------


def test_tensors_on_other_devices_are_refused() -> None:
    with pytest.raises(TypeError, match=r"X lies on the device CUDA.*\.cpu\(\)"):
        preprocessing.StandardScaler().fit(Tensor(X, device=2))
    with pytest.raises(TypeError, match=r"blocks\['a'\] lies on the device Metal"):
        fusion.fuse({"a": Tensor(X, device=8)}, "mean")
    with pytest.raises(TypeError, match="y_pred lies on the device number 99 of DLPack"):
        metrics.accuracy_score(Y, Tensor(Y, device=99))
    with pytest.raises(TypeError, match="sample_weight lies on the device CUDA"):
        linear_model.LinearRegression().fit(X, Y, Tensor(SCORES, device=2))


def test_tensors_that_numpy_cannot_look_at_say_what_to_do() -> None:
    torch = pytest.importorskip("torch")
    scaler, x = preprocessing.StandardScaler(), torch.from_numpy(X)
    with pytest.raises(RuntimeError, match=r"X is a tensor that requires grad.*\.detach\(\)"):
        scaler.fit(x.clone().requires_grad_())
    with pytest.raises(TypeError, match=r"y_true is of dtype torch.bfloat16.*\.float\(\)"):
        metrics.mean_squared_error(x.bfloat16(), X)
    with pytest.raises(TypeError, match=r"X lies on the device meta.*\.cpu\(\)"):
        scaler.fit(x.to("meta"))
    with pytest.raises(TypeError, match="X cannot be read as an array.*Sparse"):
        scaler.fit(x.to_sparse())


class Refusing(Arrayed):
    """As torch's tensors refuse."""

    requires_grad, device, dtype = False, "cpu", "float64"
    __dlpack__ = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError("no")


def test_the_words_about_tensors_do_not_take_torch() -> None:
    for attribute, value, error, words in (
        ("requires_grad", True, RuntimeError, "X is a tensor that requires grad"),
        ("device", "cuda:1", TypeError, "X lies on the device cuda:1"),
        ("dtype", "torch.bfloat16", TypeError, "X is of dtype torch.bfloat16"),
        ("dtype", "float64", TypeError, r"X cannot be read as an array \(Refusing\): no"),
    ):
        given = Refusing(X)
        setattr(given, attribute, value)
        with pytest.raises(error, match=words):
            preprocessing.StandardScaler().fit(given)


def test_columns_of_several_values_and_frames_yet_to_be_computed_are_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    pairs = pa.FixedSizeListArray.from_arrays(pa.array(X[:, 0]), 2)
    for column in (pairs, pa.array([[1.0], [2.0, 3.0]])):
        with pytest.raises(ValueError, match="column 'a' is of type .*list"):
            preprocessing.StandardScaler().fit(pa.table({"a": column}))
    with pytest.raises(TypeError, match=r"X is not computed yet \(LazyFrame\).*\.collect\(\)"):
        preprocessing.StandardScaler().fit(polars_frame(X).lazy())


def test_streams_take_pyarrow_or_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("polars")
    given, column = Stream(pieces(X)), Capsule(pytest.importorskip("pyarrow").array(SCORES))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    np.testing.assert_array_equal(as_array(given, "X"), X)
    np.testing.assert_array_equal(as_array(column, "y"), SCORES)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(TypeError, match="X offers its data by the Arrow C interface.*install"):
        preprocessing.StandardScaler().fit(given)
