"""Saved models: the same model again, whatever it was, and what cannot be saved."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_cases import BLOCKS, CASES, FAST, LABELS, THREE, X, answers, fitted, real_sets, saved
from numpy.typing import NDArray

import polyfuse as pf
from polyfuse.exceptions import NotFittedError
from polyfuse.persistence import save

REAL = real_sets()


def again(model: Any, folder: Path) -> Any:
    saved(model, folder)
    return pf.load(folder / "again.safetensors")


def assert_same(ours: dict[str, NDArray], theirs: dict[str, NDArray]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], strict=True, err_msg=name)


# -- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_a_model_is_the_same_again(tmp_path: Path, name: str) -> None:
    model, data = fitted(name), CASES[name][1]
    twin = again(model, tmp_path)
    assert type(twin) is type(model)
    if "Generator" not in repr(model):  # which shows where it lies in memory
        assert repr(twin) == repr(model)
    assert twin.get_params().keys() == model.get_params().keys()
    assert vars(twin).keys() == vars(model).keys()
    assert_same(answers(twin, data), answers(model, data))
    assert saved(twin, tmp_path) == saved(model, tmp_path)


@pytest.mark.parametrize("name", [name for name in CASES if hasattr(CASES[name][0], "partial_fit")])
def test_learning_goes_on_bit_for_bit(tmp_path: Path, name: str) -> None:
    model, data, y = CASES[name]
    model = deepcopy(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labelled = model._estimator_type == "classifier"
        options = {"classes": np.unique(y[0])} if labelled else {}
        model.partial_fit(data, *y, **options)
        twin = again(model, tmp_path)
        for _ in range(2):
            model.partial_fit(data, *y)
            twin.partial_fit(data, *y)
            assert saved(twin, tmp_path) == saved(model, tmp_path)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("level", ["early", "late"])
def test_the_same_predictions_on_real_sets(tmp_path: Path, name: str, level: str) -> None:
    blocks, y = REAL[name]()
    few = {key: x[::4] for key, x in blocks.items()}
    model = pf.FusionClassifier(level=level, max_iter=5, cv=2).fit(few, y[::4])
    assert_same(answers(again(model, tmp_path), blocks), answers(model, blocks))


def test_an_unfitted_model_keeps_its_parameters(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "weights": {"a": np.float32(0.1), "b": 2}, "scaler": {"a": None, "b": "robust"},
        "class_weight": {np.int64(3): 1.0, "x": 1e300, None: 0.5, True: -0.0}, "C": np.inf,
        "cv": [(np.arange(3), np.arange(3, 6))], "random_state": np.random.RandomState(3),
        "block_eta": [2**70, -(2**64), float("nan")],
    }  # fmt: skip
    model = pf.FusionClassifier("weighted_sum", **options)
    twin = again(model, tmp_path)
    with pytest.raises(NotFittedError):
        twin.predict(BLOCKS)
    for name in ("weights", "scaler", "class_weight", "C", "block_eta"):
        assert repr(getattr(twin, name)) == repr(options[name])
    assert type(twin.weights["a"]) is np.float32
    np.testing.assert_array_equal(twin.cv[0][1], [3, 4, 5])
    np.testing.assert_array_equal(twin.random_state.rand(9), options["random_state"].rand(9))


@pytest.mark.parametrize("bits", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_generators_go_on_from_where_they_were(tmp_path: Path, bits: str) -> None:
    generator = np.random.Generator(getattr(np.random, bits)(5))
    generator.random(3, np.float32)  # half a word is left over
    model = pf.linear_model.GDClassifier(random_state=generator)
    twin = again(model, tmp_path).random_state
    assert_same({"f4": twin.random(5, np.float32)}, {"f4": generator.random(5, np.float32)})
    assert_same({"f8": twin.random(700)}, {"f8": generator.random(700)})


@pytest.mark.parametrize(
    "classes",
    [
        ["b", "a"], [True, False], [1.0, 2.0], np.array(["é", "日本"], object),
        np.array([7, 9], np.uint8), np.array([1, 2], ">i4"),
    ],
)  # fmt: skip
def test_labels_keep_their_type(tmp_path: Path, classes: Any) -> None:
    y = np.asarray(classes)[np.arange(20) % 2]
    model = pf.linear_model.Perceptron().fit(X[:20], y)
    predicted = again(model, tmp_path).predict(X)
    assert predicted.dtype == model.predict(X).dtype.newbyteorder("=")
    assert (predicted == model.predict(X)).all()


def test_texts_as_bytes(tmp_path: Path) -> None:
    twin = again(pf.FusionClassifier(weights=np.array([[b"x", b"yy"], [b"", b"z"]])), tmp_path)
    np.testing.assert_array_equal(twin.weights, [[b"x", b"yy"], [b"", b"z"]])


def test_what_is_one_array_stays_one(tmp_path: Path) -> None:
    options = {"average": True, **FAST}
    model = pf.linear_model.SGDRegressor(**options).fit(X, THREE)
    sweep = pf.linear_model.SGDSweep(pf.linear_model.SGDClassifier(**FAST), {"alpha": [1e-4, 1.0]})
    assert model.coef_ is model._average_coef
    twin, swept = again(model, tmp_path), again(sweep.fit(X, THREE), tmp_path)
    assert twin.coef_ is twin._average_coef
    assert swept.best_estimator_ is swept.members_[swept.best_index_]


def test_names_of_columns_and_output_are_kept(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("vwxyz"))
    scaler = pf.preprocessing.StandardScaler().set_output(transform="pandas").fit(frame)
    twin = again(scaler, tmp_path)
    pandas.testing.assert_frame_equal(twin.transform(frame), scaler.transform(frame))
    with pytest.raises(ValueError, match="feature names"):
        twin.transform(frame[list("zyxwv")])


def test_encoders_that_are_data(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    image = pf.encoders.ImageEncoder(size=(2, 2), mode="L")
    encoder = pf.encoders.BlockEncoder({"a": image, "b": pf.preprocessing.StandardScaler()},
                                       columns={"b": ["x", "y"]})  # fmt: skip
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [np.full((4, 4), s, np.uint8) for s in (9, 90, 200)],
                              "x": [1.0, 2.0, 4.0], "y": [0.0, 1.0, 0.0]})  # fmt: skip
    encoder.fit(frame)
    assert_same(dict(again(encoder, tmp_path).transform(frame)), dict(encoder.transform(frame)))


def test_loading_needs_numpy_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    fitted("classifier, late").save(path)
    code = (
        "import sys, polyfuse as pf\n"
        f"print(pf.load({str(path)!r}).classes_.tolist())\n"
        "print(sorted({'sklearn', 'scipy', 'pandas', 'pickle', 'PIL'} & set(sys.modules)))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told[0] == str(np.unique(LABELS).tolist())
    assert set(eval(told[1])) <= {"pickle"}  # which NumPy imports


def test_the_same_model_gives_the_same_file(tmp_path: Path) -> None:
    files = {hashlib.sha256(saved(fitted("classifier, late"), tmp_path)).digest() for _ in range(3)}
    assert len(files) == 1


# -- what is not saved ---------------------------------------------------------------------------


def test_what_is_no_data_is_named(tmp_path: Path) -> None:
    from sklearn.decomposition import PCA
    from sklearn.model_selection import KFold

    class Own(pf.preprocessing.StandardScaler):
        pass

    sparse = pf.linear_model.Perceptron().fit(X, THREE).sparsify()
    looped: list[Any] = []
    looped.append(looped)
    for model, message in [
        (pf.encoders.CallableEncoder(len), "got CallableEncoder, whose function is code"),
        (
            pf.encoders.BlockEncoder({"a": pf.encoders.CallableEncoder(len)}),
            r"BlockEncoder\.encoders\.a holds a CallableEncoder.*whose function is code",
        ),
        (pf.FusionClassifier(class_weight=len), r"class_weight holds a builtin.*and this is code"),
        (pf.FusionClassifier(cv=KFold(3)), r"FusionClassifier\.cv holds a sklearn.*folds"),
        (pf.FusionClassifier(scaler={"a": Own()}), r"FusionClassifier\.scaler\.a holds a .*Own"),
        (pf.fusion.Fusion(projection={"a": PCA(2)}), r"Fusion\.projection\.a holds .*PCA.*scikit"),
        (sparse, r"Perceptron\.coef_ holds a scipy.*densify"),
        (pf.FusionClassifier(weights=looped), r"FusionClassifier\.weights\.0 holds itself"),
        (pf.FusionClassifier(weights=1j), r"FusionClassifier\.weights holds a complex"),
        (pf.FusionClassifier(weights=np.zeros(2, "M8[s]")), r"dtype datetime64\[s\]"),
        (pf.FusionClassifier(weights={(1, 2): 3}), r"weights has a key that is a tuple"),
        (Own(), "model must be an estimator of polyfuse that is data; got .*Own"),
        (PCA(), "model must be an estimator of polyfuse.*; got sklearn"),
    ]:
        with pytest.raises(TypeError, match=message):
            save(model, tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_what_scikit_learn_has_set_is_left_out(tmp_path: Path) -> None:
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        scaler = pf.preprocessing.StandardScaler().set_fit_request(sample_weight=True)
    assert not hasattr(again(scaler, tmp_path), "_metadata_request")
