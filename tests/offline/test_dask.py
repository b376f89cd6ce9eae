"""Dask: the bits of one process, whatever the partitions, and whoever dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import linear_model as lm
from polyfuse import metrics
from polyfuse import preprocessing as pp

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

N = 3011
Blocks = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def synchronous() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    rng = np.random.default_rng(0)
    return {
        "image": 3.0 * rng.standard_normal((N, 20), np.float32) + 1.0,
        "text": rng.standard_normal((N, 5)),
    }


@pytest.fixture(scope="module")
def y(blocks: Blocks) -> np.ndarray:
    scores = blocks["image"][:, :3] / 3.0 + blocks["text"][:, :3]
    return np.array(["ant", "bee", "cat"])[scores.argmax(axis=1)]


def cut(x: np.ndarray, k: int) -> Any:
    """A Dask Array of k partitions of rows, not all alike."""
    edges = np.unique([0, *np.sort(np.random.default_rng(k).integers(1, N, k - 1)), N])
    return da.from_array(x, chunks=(tuple(np.diff(edges).tolist()), *x.shape[1:]))


def spread(blocks: Blocks, k: int) -> dict[str, Any]:
    return {name: cut(x, k) for name, x in blocks.items()}


@pytest.mark.parametrize("k", [1, 7, 100])
@pytest.mark.parametrize("kind", ["standard", "minmax", "maxabs", "robust"])
def test_scalers_have_the_bits_of_one_process(kind: str, k: int, blocks: Blocks) -> None:
    x = blocks["image"].copy()
    x[5::97, 3] = np.nan
    fitted, expected = pp.SCALERS[kind]().fit(cut(x, k)), pp.SCALERS[kind]().fit(x)
    scaled = fitted.transform(cut(x, k))
    assert isinstance(scaled, da.Array)
    np.testing.assert_array_equal(scaled.compute(), expected.transform(x))
    if kind != "robust":
        np.testing.assert_array_equal(
            fitted.partial_fit(x[:9]).transform(x), expected.partial_fit(x[:9]).transform(x)
        )


@pytest.mark.parametrize("k", [1, 7, 100])
def test_weighted_moments_have_the_bits_of_one_process(k: int, blocks: Blocks) -> None:
    x, w = blocks["text"], np.random.default_rng(1).uniform(0.5, 2.0, N)
    fitted = pp.StandardScaler().fit(cut(x, k), sample_weight=cut(w, k))
    expected = pp.StandardScaler().fit(x, sample_weight=w)
    np.testing.assert_array_equal(fitted.mean_, expected.mean_)
    np.testing.assert_array_equal(fitted.var_, expected.var_)


@pytest.mark.parametrize("k", [7, 100])
def test_metrics_have_the_bits_of_one_process(k: int, blocks: Blocks, y: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    predicted = np.where(rng.uniform(size=N) < 0.8, y, rng.choice(y, N))
    for name, options in (
        ("accuracy_score", {}), ("f1_score", {"average": "macro"}), ("matthews_corrcoef", {}),
        ("balanced_accuracy_score", {}),
    ):  # fmt: skip
        found = pf.dask.score(name, cut(y, k), cut(predicted, k), **options)
        assert found == getattr(metrics, name)(y, predicted, **options)
    a, b = blocks["text"][:, 0], blocks["text"][:, 1]
    for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
        one = pf.dask.score(name, cut(a, 1), cut(b, 1))
        assert pf.dask.score(name, cut(a, k), cut(b, k)) == one
        assert one == pytest.approx(getattr(metrics, name)(a, b), rel=1e-14)
    truth = (y == "ant").astype(int)
    for name, scores in (("roc_auc_score", a), ("log_loss", 1.0 / (1.0 + np.exp(-a)))):
        one = pf.dask.score(name, cut(truth, 1), cut(scores, 1))
        assert pf.dask.score(name, cut(truth, k), cut(scores, k)) == one
        assert one == pytest.approx(getattr(metrics, name)(truth, scores), rel=1e-14)


@pytest.mark.parametrize("k", [1, 7])
@pytest.mark.parametrize("level", ["early", "late"])
def test_fusion_models_are_those_of_one_machine(
    level: str, k: int, blocks: Blocks, y: np.ndarray
) -> None:
    wide = {name: x.astype(np.float64) for name, x in blocks.items()}
    model = pf.FusionClassifier(level=level, max_iter=25)
    model.fit(spread(wide, k), cut(y, k))
    expected = pf.FusionClassifier(level=level, max_iter=25).fit(wide, y)
    for name in blocks:
        np.testing.assert_allclose(model.coef_[name], expected.coef_[name], rtol=0, atol=1e-10)
    predicted = model.predict(spread(wide, k))
    assert isinstance(predicted, da.Array)
    np.testing.assert_array_equal(predicted.compute(), expected.predict(wide))


def test_gradient_descent_is_that_of_one_machine(blocks: Blocks, y: np.ndarray) -> None:
    wide = {name: x.astype(np.float64) for name, x in blocks.items()}
    model = lm.GDClassifier(scaler="standard").fit(spread(wide, 7), cut(y, 7))
    expected = lm.GDClassifier(scaler="standard").fit(wide, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0, atol=1e-10)
    assert model.n_iter_ == expected.n_iter_


def test_rounds_of_local_sgd_come_near_the_optimum(blocks: Blocks) -> None:
    target = blocks["image"][:, 0] + blocks["text"][:, 1] > 1.0
    noisy = target ^ (np.random.default_rng(3).uniform(size=N) < 0.1)
    alpha = 1e-3

    def objective(model: Any) -> float:
        z = model.decision_function(blocks) * np.where(noisy, 1.0, -1.0)
        return float(np.logaddexp(0.0, -z).mean() + alpha / 2.0 * (model.coef_**2).sum())

    model = lm.SGDClassifier(
        "log_loss", scaler="standard", alpha=alpha, max_iter=30, tol=None, random_state=0
    )
    best = lm.GDClassifier(scaler="standard", alpha=alpha, tol=1e-6).fit(blocks, noisy)
    rounds = [type(model)(**model.get_params()).fit(spread(blocks, 4), cut(noisy, 4))
              for _ in range(2)]  # fmt: skip
    assert objective(rounds[0]) < 1.005 * objective(best)
    np.testing.assert_array_equal(rounds[0].coef_, rounds[1].coef_)


def test_frames_and_delayed_parts_are_collections(blocks: Blocks) -> None:
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    x = blocks["text"]
    frame = dd.from_pandas(pd.DataFrame(x, columns=list("abcde")), npartitions=3)
    parts = [dask.delayed(x[i : i + 1000]) for i in range(0, N, 1000)]
    expected = pp.StandardScaler().fit(x)
    for given in (frame, parts):
        np.testing.assert_array_equal(pp.StandardScaler().fit(given).mean_, expected.mean_)
    assert list(pp.StandardScaler().fit(frame).feature_names_in_) == list("abcde")


def test_errors_name_what_is_wrong(blocks: Blocks, y: np.ndarray) -> None:
    with pytest.raises(ValueError, match="contains infinity|infinity"):
        pp.StandardScaler().fit(cut(np.full((N, 2), np.inf), 3))
    with pytest.raises(ValueError, match="rows"):
        pf.FusionClassifier().fit({"a": cut(blocks["text"], 2), "b": da.zeros((10, 2))}, cut(y, 2))
    model = lm.SGDClassifier(early_stopping=True)
    with pytest.raises(ValueError, match="early_stopping must be False"):
        model.fit(spread(blocks, 2), cut(y, 2))
    assert not hasattr(model, "coef_")


def test_a_killed_worker_costs_its_tasks_alone(blocks: Blocks, y: np.ndarray) -> None:
    distributed = pytest.importorskip("distributed")
    wide = {name: x.astype(np.float64) for name, x in blocks.items()}
    expected = pf.FusionClassifier(max_iter=15).fit(spread(wide, 7), cut(y, 7))
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    )
    with dask.config.set(scheduler=None), cluster, distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        killed: list[int] = []

        def kill(iteration: int, loss: float) -> None:
            if iteration == 5 and not killed:
                killed.append(pids[0])
                os.kill(pids[0], signal.SIGKILL)

        model = pf.FusionClassifier(max_iter=15)
        model.fit(spread(wide, 7), cut(y, 7), callback=kill)
    assert killed
    for name in blocks:
        np.testing.assert_array_equal(model.coef_[name], expected.coef_[name])
