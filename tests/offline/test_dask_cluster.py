"""Workers that are processes of their own, one of which is killed while a model is learned."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from dask_cuts import cut

import polyfuse as pf
from polyfuse._alignment import aligned
from polyfuse._kernels import num_threads
from polyfuse.dask._graph import compute, task
from polyfuse.linear_model import GDClassifier, SGDClassifier
from polyfuse.preprocessing import StandardScaler

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

N = 20011

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask: large graphs, ports in use


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs="ERROR",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        yield client


def rows() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 8)) * 3 + 50
    score = X @ rng.normal(size=8) + 5 * rng.normal(size=N)
    return X, (score > np.median(score)).astype(np.int64)


def killer(client: Any) -> tuple[list[int], Callable[[int, float], None]]:
    """A callback that kills a worker after the third step."""
    killed: list[int] = []

    def kill(step: int, _: float) -> None:
        if step == 3:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    return killed, kill


@pytest.mark.parametrize("n_parts", [7, 40])
def test_statistics_and_metrics_have_the_bits_of_one_process(client: Any, n_parts: int) -> None:
    X, y = rows()
    whole, own = StandardScaler().fit(X), StandardScaler().fit(cut(X, n_parts))
    np.testing.assert_array_equal(own.mean_, whole.mean_)
    np.testing.assert_array_equal(own.var_, whole.var_)
    error = pf.dask.score("r2_score", cut(X[:, 0], n_parts), cut(X[:, 1], 3))
    assert error == pf.metrics.r2_score(X[:, 0], X[:, 1])
    assert pf.dask.score("f1_score", cut(y, n_parts), cut(1 - y, 3)) == 0.0


def test_a_worker_that_is_killed_costs_its_tasks(client: Any) -> None:
    X, y = rows()
    collection = cut(X, 7)
    whole = GDClassifier(scaler="standard", max_iter=12).fit(X, y)
    killed, kill = killer(client)
    own = GDClassifier(scaler="standard", max_iter=12).fit(collection, y, callback=kill)
    assert len(killed) == 1
    assert own.n_iter_ == whole.n_iter_
    np.testing.assert_allclose(own.coef_, whole.coef_, rtol=1e-10)
    predicted = own.predict(collection)
    np.testing.assert_array_equal(predicted.compute(), own.predict(X))


def test_rounds_go_on_without_a_worker_in_the_same_bits(client: Any) -> None:
    X, y = rows()
    collection = cut(X, 7)
    first = SGDClassifier("log_loss", scaler="standard", random_state=0)
    first.fit(collection, y, rounds=5)
    killed, kill = killer(client)
    own = SGDClassifier("log_loss", scaler="standard", random_state=0)
    own.fit(collection, y, rounds=5, callback=kill)
    assert len(killed) == 1
    np.testing.assert_array_equal(own.coef_, first.coef_)
    with dask.config.set(scheduler="synchronous"):
        here = SGDClassifier("log_loss", scaler="standard", random_state=0)
        here.fit(collection, y, rounds=5)
    np.testing.assert_array_equal(here.coef_, first.coef_)


def test_kernels_take_the_threads_of_their_task(client: Any) -> None:
    assert compute([task(num_threads)]) == [1]
    with dask.config.set(scheduler="threads", num_workers=64):
        assert compute([task(num_threads)]) == [1]
    with dask.config.set(scheduler="synchronous"):
        assert compute([task(num_threads)]) == [num_threads()]


def test_arrays_that_have_travelled_are_aligned() -> None:
    odd = np.frombuffer(b"." + np.arange(4.0).tobytes(), np.float64, offset=1)
    scaler = StandardScaler().fit([[1.0], [2.0]])
    scaler.mean_ = odd
    moved = aligned((scaler, {"a": [odd]}, 1))
    assert moved[0].mean_.flags.aligned
    assert moved[1]["a"][0].flags.aligned
    assert scaler.mean_ is odd
    assert aligned(moved) is moved
