"""Models learned from Dask collections: gradients of all rows, and rounds of local SGD."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dask_cuts import blocks_cut, cut

import polyfuse as pf
from polyfuse.dask import _shares
from polyfuse.dask._shares import Shares
from polyfuse.linear_model import GDClassifier, GDRegressor, SGDClassifier, SGDRegressor

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

N = 1501


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    with dask.config.set(scheduler="synchronous"):
        yield


def blocks(dtype: Any = np.float64) -> Any:
    rng = np.random.default_rng(0)
    image, text = rng.normal(size=(N, 12)) * 5 + 3, rng.normal(size=(N, 7))
    score = image[:, 0] - image[:, 1] + 3 * text[:, 0] + rng.normal(size=N)
    labels = np.digitize(score, [-4.0, 4.0])
    return {"image": image.astype(dtype), "text": text.astype(dtype)}, labels, score


def numbers_of(model: Any) -> Any:
    found = []
    for held in (model.coef_, model.intercept_):
        found += [np.ravel(x) for x in (held.values() if isinstance(held, dict) else [held])]
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("model", "dtype"),
    [
        (pf.FusionClassifier(), np.float64), (pf.FusionClassifier(), np.float32),
        (pf.FusionClassifier(class_weight="balanced", block_alpha={"image": 1, "text": 9}), float),
        (pf.FusionClassifier(level="late"), np.float32),
        (pf.FusionClassifier(level="late", calibrate=False), np.float64),
        (pf.FusionClassifier(level="hybrid", cv=2), np.float64),
        (pf.FusionRegressor(), np.float64), (pf.FusionRegressor(level="late"), np.float64),
        (GDClassifier(scaler="standard", class_weight="balanced"), np.float32),
        (GDRegressor(scaler={"image": "minmax", "text": None}), np.float64),
    ],
    ids=lambda x: repr(x) if hasattr(x, "fit") else np.dtype(x).name,
)  # fmt: skip
def test_gradients_of_all_rows_lead_where_they_do_in_memory(model: Any, dtype: Any) -> None:
    X, labels, score = blocks(dtype)
    y = labels if model._estimator_type == "classifier" else score
    weight = None if "late" in repr(model) else np.random.default_rng(1).random(N)
    whole = type(model)(**model.get_params(deep=False)).fit(X, y, sample_weight=weight)
    collections = blocks_cut(X, 7)
    own = model.fit(
        collections, cut(y, 4), sample_weight=None if weight is None else cut(weight, 3)
    )
    scale = np.abs(numbers_of(whole)).max()
    np.testing.assert_allclose(numbers_of(own), numbers_of(whole), rtol=0, atol=1e-10 * scale)
    assert vars(own).keys() == vars(whole).keys()
    assert own.n_iter_ == whole.n_iter_
    predicted = own.predict(collections)
    np.testing.assert_array_equal(predicted.compute(), own.predict(X))


def test_folds_of_features_and_the_order_of_blocks() -> None:
    X, labels, _ = blocks()
    X = {"image": X["image"][:, :7], "text": X["text"]}
    whole = pf.FusionClassifier("mean").fit(X, labels)
    own = pf.FusionClassifier("mean").fit(blocks_cut(X, 7), labels)
    np.testing.assert_allclose(numbers_of(own), numbers_of(whole), atol=1e-12)
    turned = dict(reversed(blocks_cut(X, 3).items()))
    np.testing.assert_array_equal(own.predict_proba(turned).compute(), own.predict_proba(X))


def objective(model: Any, X: Any, y: Any) -> float:
    """What is minimised; of classes -1 and 1, or of numbers."""
    scores = X @ model.coef_.ravel() + model.intercept_
    losses = {
        "log_loss": lambda: np.logaddexp(0.0, -y * scores),
        "squared_error": lambda: 0.5 * (scores - y) ** 2,
    }[getattr(model, "loss", "squared_error" if y.dtype.kind == "f" else "log_loss")]()
    return float(losses.mean() + 0.5 * model.alpha * (model.coef_**2).sum())


def numbers_sorted(sort: bool) -> Any:
    X, labels, score = blocks()
    scaled = pf.preprocessing.StandardScaler().fit_transform(np.hstack(list(X.values())))
    order = np.argsort(score) if sort else np.arange(N)
    return scaled[order], np.where(labels > 0, 1, -1)[order], score[order]


@pytest.mark.parametrize("sort", [False, True], ids=["random", "sorted"])
@pytest.mark.parametrize("n_parts", [1, 7, 100])
def test_rounds_of_local_sgd_come_near_the_optimum(n_parts: int, sort: bool) -> None:
    X, y, score = numbers_sorted(sort)
    best = GDClassifier(alpha=1e-3, tol=1e-8, max_iter=10000).fit(X, y)
    own = SGDClassifier("log_loss", alpha=1e-3, random_state=0).fit(cut(X, n_parts), y)
    assert objective(own, X, y) <= 1.001 * objective(best, X, y)
    least = GDRegressor(alpha=1e-3, tol=1e-8).fit(X, score)
    line = SGDRegressor(alpha=1e-3, random_state=0).fit(cut(X, n_parts), cut(score, 3))
    assert objective(line, X, score) <= 1.001 * objective(least, X, score)
    assert own.n_iter_ == line.n_iter_ == -(-(1 << 18) // N)


def test_local_sgd_does_not_depend_on_how_rows_are_cut() -> None:
    n = 20000
    rng = np.random.default_rng(5)
    X, weight = rng.normal(size=(n, 6)), rng.random(n)
    y = np.arange(n) % 4  # classes take turns, as many as there are shares
    X[:, :4] += 4.0 * np.eye(4)[y]
    fitted = [
        SGDClassifier(random_state=1).fit(cut(X, n_parts), y, sample_weight=weight, rounds=2)
        for n_parts in (1, 7, 100)
    ]
    for other in fitted[1:]:
        np.testing.assert_array_equal(numbers_of(other), numbers_of(fitted[0]))
    assert fitted[0].score(X, y) > 0.9
    in_order = [
        SGDClassifier(random_state=1, shuffle=False).fit(cut(X, n_parts), y, rounds=2)
        for n_parts in (1, 7)
    ]
    assert not np.array_equal(numbers_of(in_order[0]), numbers_of(in_order[1]))


@pytest.mark.parametrize("n", [1, 4095, 4096, 9000, 100_000])
def test_shares_are_all_rows_and_alike(n: int) -> None:
    shares = Shares(n, row_bytes=8, seed=3)
    assert len(shares.sizes) == max(1, min(16, n // 4096))
    assert np.ptp(shares.sizes) <= 1
    np.testing.assert_array_equal(np.sort(shares.order), np.arange(n))
    np.testing.assert_array_equal(shares.owner[shares.order], np.sort(shares.owner))


def test_many_shares_are_alike_though_a_partition_is_in_few() -> None:
    n = 1_000_003
    shares = Shares(n, row_bytes=1 << 14, seed=3)  # 123 of 128 MiB, in 8 groups
    assert len(shares.sizes) == 128
    assert shares.sizes.sum() == n
    assert np.ptp(shares.sizes) < 0.01 * n / 128
    means = np.bincount(shares.owner, np.arange(n)) / shares.sizes
    np.testing.assert_allclose(means, n / 2, rtol=0.05)
    parts = np.array_split(shares.owner, 200)
    assert sum(len(np.unique(part)) for part in parts) <= 16 * (200 + 128)


def test_groups_of_shares_do_not_depend_on_how_rows_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_shares, "_SHARES", 2)
    monkeypatch.setattr(_shares, "_LEAST_ROWS", 100)
    monkeypatch.setattr(_shares, "_MOST_BYTES", 1 << 14)
    X, y, _ = numbers_sorted(sort=True)
    assert len(Shares(N, X.shape[1] * 8, 0).sizes) == 14
    models = [
        SGDClassifier("log_loss", alpha=1e-3, random_state=0).fit(cut(X, n_parts), y, rounds=30)
        for n_parts in (1, 7, 100)
    ]
    for other in models[1:]:
        np.testing.assert_array_equal(numbers_of(other), numbers_of(models[0]))
    best = GDClassifier(alpha=1e-3, tol=1e-8, max_iter=10000).fit(X, y)
    assert objective(models[0], X, y) <= 1.1 * objective(best, X, y)


@pytest.mark.parametrize(
    "model",
    [SGDClassifier(), SGDRegressor(), GDClassifier(), GDRegressor(), pf.FusionClassifier()],
    ids=repr,
)
def test_collections_without_rows_are_refused(model: Any) -> None:
    message = rf"0 sample\(s\) \(shape=\(0, 3\)\) .* by {type(model).__name__}"
    with pytest.raises(ValueError, match=message):
        model.fit(da.from_array(np.empty((0, 3)), chunks=3), np.empty(0))


def test_local_sgd_has_one_answer_and_tells_of_its_rounds() -> None:
    X, labels, _ = blocks()
    told: list[tuple[int, float]] = []
    models = []
    for scheduler in ("synchronous", "threads"):
        with dask.config.set(scheduler=scheduler):
            own = SGDClassifier("hinge", scaler="standard", random_state=3, class_weight="balanced")
            own.fit(blocks_cut(X, 7), labels, rounds=4, callback=lambda *said: told.append(said))
            models.append(own)
    np.testing.assert_array_equal(numbers_of(models[0]), numbers_of(models[1]))
    assert told[:4] == told[4:]
    assert [done for done, _ in told[:4]] == [1, 2, 3, 4]
    assert told[3][1] < told[0][1]
    assert models[0].score(blocks_cut(X, 2), labels) > 0.75
    again = SGDClassifier("hinge", scaler="standard", random_state=3, class_weight="balanced")
    assert vars(again.fit(X, labels)).keys() - {"_raw"} == vars(models[0]).keys() - {"_raw"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (GDClassifier(batch_size=10), "batch_size must be None to fit to Dask collections"),
        (GDClassifier(early_stopping=True), "early_stopping must be False to fit to Dask"),
        (SGDClassifier(average=True), "average must be False to fit to Dask collections"),
        (SGDClassifier(early_stopping=True), "early_stopping must be False to fit to Dask"),
        (pf.FusionClassifier(level="cooperative"), "got level='cooperative'"),
        (pf.FusionClassifier(modality_dropout=0.5), "modality_dropout must be 'auto' or 0"),
        (pf.FusionClassifier(balance=1.0), "without block_eta and balance"),
    ],
    ids=lambda x: repr(x) if hasattr(x, "fit") else "",
)
def test_what_cannot_be_learned_from_collections_says_so(model: Any, message: str) -> None:
    X, labels, _ = blocks()
    with pytest.raises(ValueError, match=message):
        model.fit(blocks_cut(X, 2), labels)
    assert not hasattr(model, "coef_")


def test_values_and_targets_that_are_wrong_leave_a_model_as_it_was() -> None:
    X, labels, _ = blocks()
    model = pf.FusionClassifier().fit(X, labels)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="y must have one entry per row; got 5 for 1501 rows"):
        model.fit(blocks_cut(X, 3), labels[:5])
    X["text"][17, 2] = np.nan
    with pytest.raises(ValueError, match=r"blocks\['text'\] contains NaN"):
        model.fit(blocks_cut(X, 3), labels)
    X["text"][17] = np.nan
    with pytest.raises(ValueError, match=r"blocks\['text'\] is missing in a row, all NaN"):
        model.fit(blocks_cut(X, 3), labels)
    assert vars(model) == before
    with pytest.raises(TypeError, match="got SearchResult|must be a scaler, a Fusion"):
        pf.dask.fit(pf.linear_model.LinearRegression(), cut(X["image"], 2), labels)
    with pytest.raises(TypeError, match="groups must be None to fit to Dask collections"):
        model.fit(blocks_cut(X, 3), labels, groups=labels)
