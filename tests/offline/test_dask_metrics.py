"""Metrics of Dask collections have the bits of states that all rows update at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dask_cuts import CUTS, cut

import polyfuse as pf
import polyfuse.dask._metrics as own_metrics
import polyfuse.dask._score as own_score
from polyfuse import metrics
from polyfuse.metrics import ConfusionCounts, RegressionSums, ScoreHistogram

dask = pytest.importorskip("dask")

N = 4001


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(params=[False, True], ids=["plain", "weighted"])
def weight(request: pytest.FixtureRequest) -> Any:
    if not request.param:
        return None
    weight = np.random.default_rng(9).random(N)
    weight[1000:2000] = 0.0
    return weight


def labels() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, N)
    return y, np.where(rng.random(N) < 0.7, y, rng.integers(0, 4, N))


def numbers(n_outputs: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(N, n_outputs)).squeeze() + 1e3
    return y, y + rng.normal(size=y.shape)


def cut_weight(weight: Any) -> Any:
    return None if weight is None else cut(weight, 4, 8)


@pytest.mark.parametrize("n_parts", [1, 40])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("accuracy_score", {}), ("balanced_accuracy_score", {}), ("confusion_matrix", {}),
        ("matthews_corrcoef", {}), ("cohen_kappa_score", {"weights": "linear"}),
        ("f1_score", {"average": "macro"}), ("precision_score", {"average": None}),
        ("recall_score", {"average": "weighted"}), ("jaccard_score", {"average": "micro"}),
    ],
)  # fmt: skip
def test_metrics_of_labels(name: str, options: Any, n_parts: int, weight: Any) -> None:
    y, p = labels()
    function = getattr(metrics, name)
    expected = ConfusionCounts().update(y, p, weight).result().score(function, **options)
    found = pf.dask.score(name, cut(y, n_parts), cut(p, 3), cut_weight(weight), **options)
    np.testing.assert_array_equal(found, expected)
    if weight is None:
        np.testing.assert_array_equal(found, function(y, p, **options))


@pytest.mark.parametrize("n_parts", CUTS)
@pytest.mark.parametrize(("piece", "n_outputs"), [(1 << 20, 1), (512, 3)])
def test_sums_of_errors(
    piece: int, n_outputs: int, n_parts: int, weight: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyfuse._regression_sums.PIECE", piece)
    monkeypatch.setattr(own_metrics, "PIECE", piece)
    y, p = numbers(n_outputs)
    expected = RegressionSums().update(y, p, weight)
    found = pf.dask.regression_sums(cut(y, n_parts), cut(p, 5), cut_weight(weight))
    np.testing.assert_array_equal(found._sums, expected._sums)
    assert (found.n_rows, found.weighted) == (N, weight is not None)


@pytest.mark.parametrize(
    "name",
    ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score"],
)
def test_metrics_of_numbers_are_those_of_functions(name: str, weight: Any) -> None:
    y, p = numbers()
    expected = getattr(metrics, name)(y, p, sample_weight=weight)
    assert pf.dask.score(name, cut(y, 7), cut(p, 2), cut_weight(weight)) == expected


def test_the_pinball_loss_and_several_outputs() -> None:
    y, p = numbers(2)
    loss = pf.dask.score("mean_pinball_loss", cut(y, 7), cut(p, 2), alpha=0.2)
    np.testing.assert_allclose(loss, metrics.mean_pinball_loss(y, p, alpha=0.2), rtol=1e-14)
    each = pf.dask.score("r2_score", cut(y, 7), cut(p, 2), multioutput="raw_values")
    np.testing.assert_allclose(each, metrics.r2_score(y, p, multioutput="raw_values"), rtol=1e-14)


@pytest.mark.parametrize("n_parts", CUTS)
@pytest.mark.parametrize("exact_rows", [1 << 20, 100])
def test_histograms_of_scores(exact_rows: int, n_parts: int, weight: Any) -> None:
    y, scores = labels()[0] % 2, np.random.default_rng(2).random(N)
    expected = ScoreHistogram(exact_rows=exact_rows).update(y, scores, weight)
    collections = cut(y, n_parts), cut(scores, 3), cut_weight(weight)
    found = pf.dask.score_histogram(*collections, exact_rows=exact_rows)
    assert found == expected
    assert found.result() == expected.result()
    auc = pf.dask.score("roc_auc_score", *collections, exact_rows=exact_rows)
    assert auc == expected.result().auc


@pytest.mark.parametrize("n_parts", CUTS)
@pytest.mark.parametrize("piece", [1 << 20, 1 << 11])
def test_losses_of_probabilities(
    piece: int, n_parts: int, weight: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_score, "PIECE", piece)
    y = labels()[0]
    proba = np.random.default_rng(3).dirichlet(np.ones(4), N)
    words = np.array(["no", "yes"])[y % 2]

    for name, truth, p, options in (
        ("log_loss", y, proba, {}), ("log_loss", words, proba[:, 1], {"normalize": False}),
        ("brier_score_loss", words, proba[:, 0], {"pos_label": "yes"}),
    ):  # fmt: skip
        expected = getattr(metrics, name)(truth, p, sample_weight=weight, **options)
        if piece < N:
            expected = pf.dask.score(name, truth, p, weight, **options)
        collections = cut(truth, n_parts), cut(p, 3), cut_weight(weight)
        assert pf.dask.score(name, *collections, **options) == expected


def test_what_is_not_as_it_should_be() -> None:
    y, p = labels()
    with pytest.raises(ValueError, match="metric must be one of .*; got 'auc'"):
        pf.dask.score("auc", cut(y, 2), cut(p, 2))
    with pytest.raises(ValueError, match="y_pred must have as many rows as y_true, 4001; got 10"):
        pf.dask.score("accuracy_score", cut(y, 2), cut(p[:10], 2))
    with pytest.raises(ValueError, match="contains NaN"):
        pf.dask.score("r2_score", cut(np.where(y == 1, np.nan, 1.0), 3), cut(p, 2))


def test_a_model_scores_as_in_memory() -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N, 4))
    y = X @ [1.0, 2.0, 0.0, -1.0] + rng.normal(size=N)
    model = pf.linear_model.GDRegressor().fit(X, y)
    assert model.score(cut(X, 7), cut(y, 2)) == model.score(X, y)
    words = np.where(y > 0, "up", "down")
    model = pf.linear_model.GDClassifier().fit(X, words)
    assert model.score(cut(X, 7), words) == model.score(X, words)
    predicted = model.predict(cut(X, 7))
    np.testing.assert_array_equal(predicted.compute(), model.predict(X))
