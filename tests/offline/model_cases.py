"""Fitted models of every public class, what they say of rows, and real sets where they lie."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import polyfuse as pf
from polyfuse import linear_model as lm
from polyfuse import preprocessing as pp
from polyfuse.fusion import Fusion

RNG = np.random.default_rng(11)
N = 90
X = RNG.standard_normal((N, 5)) * [1.0, 10.0, 0.1, 1.0, 3.0] + [0.0, 5.0, 0.0, -1.0, 2.0]
BLOCKS = {"image": X, "text": np.float32(RNG.standard_normal((N, 5)))}
NUMBERS = X @ [1.0, 0.2, -1.0, 0.5, 0.1] + BLOCKS["text"][:, 0] + 0.2 * RNG.standard_normal(N)
THREE = np.digitize(NUMBERS, np.quantile(NUMBERS, [0.3, 0.6]))
LABELS = np.array(["cat", "dog", "émeu"])[THREE]
TWO = np.array([False, True])[(THREE > 1).astype(int)]
FAST: dict[str, Any] = {"max_iter": 5, "tol": None, "random_state": 2}
GAPS = {name: np.where(np.arange(N)[:, None] % 7 == m, np.nan, x)
        for m, (name, x) in enumerate(BLOCKS.items())}  # fmt: skip
METHODS = ("predict", "predict_proba", "decision_function", "transform", "inverse_transform")

Made = tuple[Any, Any, tuple[Any, ...]]  # an unfitted model, its X, and its y if it has one


def _scalers() -> Iterator[tuple[str, Made]]:
    for name, model in {
        "standard": pp.StandardScaler(), "standard, no mean": pp.StandardScaler(with_mean=False),
        "minmax": pp.MinMaxScaler(feature_range=(-1, 2)),
        "minmax, clips": pp.MinMaxScaler(clip=True),
        "maxabs": pp.MaxAbsScaler(), "robust": pp.RobustScaler(quantile_range=(10.0, 90.0)),
        "normalizer": pp.Normalizer("l1"),
        "affine": pp.AffineScaler([1.0, 2.0, 3.0, 4.0, 5.0], 0.5),
    }.items():  # fmt: skip
        yield name, (model, X, ())
    yield "standard, float32", (pp.StandardScaler(), X.astype(np.float32), ())
    yield "fusion of features", (Fusion("mean", scaler="standard"), BLOCKS, ())
    yield "fusion of columns", (
        Fusion("sum", columns={"a": slice(0, 2), "b": [4, 3]}, scaler={"a": "robust", "b": None}),
        X, (),
    )  # fmt: skip


def _linear() -> Iterator[tuple[str, Made]]:
    classifier = lm.SGDClassifier
    for name, model, y in [
        ("sgd, labels", classifier("log_loss", **FAST), LABELS),
        ("sgd, two", classifier("log_loss", average=10, **FAST), TWO),
        ("sgd, huber", classifier("modified_huber", class_weight={0: 2.0}, **FAST), THREE),
        ("sgd, average", classifier(average=True, **FAST), THREE),
        ("sgd, fast", classifier(arithmetic="fast", penalty="l1", average=5, **FAST), THREE),
        ("sgd, softmax", classifier("multinomial", scaler="standard", **FAST), LABELS),
        ("perceptron", lm.Perceptron(penalty="l2"), THREE),
        ("sgd regressor", lm.SGDRegressor(scaler="standard", **FAST), NUMBERS),
        ("one class", lm.SGDOneClassSVM(nu=0.2, scaler="standard", average=True, **FAST), THREE),
        ("gd, labels", lm.GDClassifier(scaler="standard", **FAST), LABELS),
        ("gd, two", lm.GDClassifier(scaler="robust", max_iter=20, batch_size=8, random_state=
            np.random.default_rng(3)), TWO),
        ("gd regressor", lm.GDRegressor(scaler="minmax", **FAST), NUMBERS),
        ("least squares", lm.LinearRegression(), NUMBERS),
        ("least squares, two", lm.LinearRegression(), np.stack([NUMBERS, -NUMBERS], axis=1)),
    ]:  # fmt: skip
        yield name, (model, X, (y,))
    paced = classifier("log_loss", scaler="standard", block_eta={"image": 0.5, "text": 2.0}, **FAST)
    yield "sgd, blocks", (paced, BLOCKS, (LABELS,))
    descent = lm.GDClassifier(scaler="standard", **FAST)
    yield "gd, blocks", (descent, list(BLOCKS.values()), (THREE,))
    grid = {"alpha": [1e-4, 1e-2], "penalty": ["l2", "l1"]}
    yield "sweep", (lm.SGDSweep(classifier(**FAST), grid, cv=3), X, (LABELS,))


def _fusion_models() -> Iterator[tuple[str, Made]]:
    for name, options, y in [
        ("early", {}, LABELS), ("early, two", {"C": 0.1}, TWO),
        ("early, mean", {"fusion": "mean"}, THREE),
        ("early, weighted", {"fusion": "weighted_sum", "weights": [2.0, 0.5]}, TWO),
        ("early, greatest", {"fusion": "maximum", "scaler": "minmax"}, LABELS),
        ("cooperative", {"level": "cooperative", "rho": 0.3}, THREE),
        ("late", {"level": "late"}, LABELS), ("late, two", {"level": "late"}, TWO),
        ("late, learned", {"level": "late", "weights": "learned"}, THREE),
        ("late, mean of scores", {"level": "late", "fusion": "mean", "response": "score"}, THREE),
        ("late, vote", {"level": "late", "fusion": "vote"}, THREE),
        ("late, ranks", {"level": "late", "fusion": "borda", "response": "rank"}, THREE),
        ("hybrid", {"level": "hybrid", "weights": "validation"}, LABELS),
    ]:  # fmt: skip
        yield f"classifier, {name}", (pf.FusionClassifier(**options), BLOCKS, (y,))
    for name, options in {
        "early": {}, "late": {"level": "late"}, "hybrid": {"level": "hybrid"},
        "median": {"level": "late", "fusion": "median"},
    }.items():  # fmt: skip
        yield f"regressor, {name}", (pf.FusionRegressor(**options), BLOCKS, (NUMBERS,))
    yield "classifier, gaps", (pf.FusionClassifier(level="late"), GAPS, (LABELS,))
    yield "classifier, one matrix", (pf.FusionClassifier(scaler=None), X, (THREE,))


CASES = {**dict(_scalers()), **dict(_linear()), **dict(_fusion_models())}


def fitted(name: str) -> Any:
    """A model, fitted."""
    model, data, y = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return deepcopy(model).fit(data, *y)


def saved(model: Any, folder: Path) -> bytes:
    """What is in the file of a model, "again.safetensors" in a folder."""
    path = folder / "again.safetensors"
    model.save(path)
    return path.read_bytes()


def answers(model: Any, data: Any) -> dict[str, NDArray]:
    """What a model says of rows, by method."""
    found = {}
    for method in METHODS:
        if hasattr(model, method):
            found[method] = getattr(model, method)(data)
    return found


def real_sets() -> dict[str, Callable[[], tuple[dict[str, NDArray], NDArray]]]:
    """Real sets: that of the package, and those in shared/data beside the checkout."""

    def emoji() -> tuple[dict[str, NDArray], NDArray]:
        blocks, y = pf.datasets.load_emoji(return_blocks_y=True)
        return dict(blocks), y

    found: dict[str, Callable[[], tuple[dict[str, NDArray], NDArray]]] = {"emoji": emoji}
    for parent in Path(__file__).resolve().parents[2:5]:
        for name, modalities in {
            "mfeat": ("fac", "fou", "kar", "mor", "pix", "zer"),
            "avdigits": ("image", "audio"), "nutrimouse": ("gene", "lipid"),
        }.items():  # fmt: skip
            path = parent / "shared" / "data" / name / f"{name}.npz"
            if path.exists():
                found[name] = lambda path=path, keys=modalities: _stored(path, keys)
    return found


def _stored(path: Path, modalities: tuple[str, ...]) -> tuple[dict[str, NDArray], NDArray]:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in modalities}, arrays["y"]
