"""Dask beside one process: what the way over workers costs, and where training ends.

    python benches/bench_dask.py

prints, for 2 and 4 worker processes of one thread and 1, 7 and 100 partitions, seconds of each job
and of one process that has as many threads, whether the bits are equal, and what local SGD and
gradients of all rows come to. It is no race of kernels: a test looks at bits, this at seconds.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

import polyfuse as pf
from polyfuse import metrics
from polyfuse._kernels import own_threads
from polyfuse.linear_model import GDClassifier, GDRegressor, SGDClassifier, SGDRegressor
from polyfuse.preprocessing import StandardScaler

WORKERS, PARTS = (2, 4), (1, 7, 100)


def rows(n: int, width: int) -> tuple[Any, Any, Any]:
    """Blobs of two classes that overlap, their labels, and numbers that depend on them."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, width))
    X[:, 1:] += 0.5 * X[:, :1]
    score = X @ (rng.standard_normal(width) / np.sqrt(width))
    labels = np.where(score + rng.logistic(size=n) > 0.3, 1, -1)
    return X, labels, score + rng.standard_normal(n)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """The least seconds of three goes, of what does not take long, and what came of the last."""
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < 3.0:
        began = perf_counter()
        result = work()
        seconds.append(perf_counter() - began)
    return min(seconds), result


def jobs(X: Any, labels: Any, predicted: Any, numbers: Any) -> dict[str, Callable[[], Any]]:
    """What is done with arrays or with collections, and gives arrays."""
    return {
        "StandardScaler.fit": lambda: StandardScaler().fit(X).var_,
        "r2_score": lambda: pf.dask.score("r2_score", numbers, X[:, 0]),
        "accuracy_score": lambda: pf.dask.score("accuracy_score", labels, predicted),
        "GDClassifier.fit": lambda: GDClassifier(max_iter=20, tol=None).fit(X, labels).coef_,
    }


def race(n_workers: int, n: int, width: int) -> None:
    import dask.array as da
    from distributed import Client, LocalCluster

    X, labels, numbers = rows(n, width)
    predicted = np.where(X[:, 0] > 0.0, 1, -1)
    given = X, labels, predicted, numbers
    with own_threads(n_workers):
        alone = {name: timed(job) for name, job in jobs(*given).items()}
    # What is called by the name of a function on arrays is that function.
    alone["r2_score"] = timed(lambda: metrics.r2_score(numbers, X[:, 0]))
    alone["accuracy_score"] = timed(lambda: metrics.accuracy_score(labels, predicted))
    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster),
    ):  # fmt: skip
        for n_parts in PARTS:
            height = -(-n // n_parts)
            collections = [da.from_array(x, chunks=(height, *x.shape[1:])).persist() for x in given]
            for name, job in jobs(*collections).items():
                seconds, result = timed(job)
                before, expected = alone[name]
                apart = np.abs(np.asarray(result) - expected).max() / np.abs(expected).max()
                print(
                    f"{n_workers} workers  {n_parts:3d} partitions  {name:18s} {seconds:8.3f} s  "
                    f"one process {before:7.3f} s  "
                    + ("same bits" if apart == 0.0 else f"{apart:.1e} apart"),
                    flush=True,
                )


def objective(model: Any, X: Any, y: Any, loss: str) -> float:
    scores = X @ model.coef_.ravel() + model.intercept_
    squared = loss == "squared_error"
    losses = 0.5 * (scores - y) ** 2 if squared else np.logaddexp(0.0, -y * scores)
    return float(losses.mean() + 0.5 * model.alpha * (model.coef_**2).sum())


def data_sets() -> dict[str, tuple[Any, Any, Any]]:
    from sklearn.datasets import load_digits

    X, digit = load_digits(return_X_y=True)
    return {
        "20,000 x 64": rows(20_000, 64),
        "100,000 x 256": rows(100_000, 256),
        "digits": (X, np.where(digit > 4, 1, -1), digit.astype(float)),
    }


def convergence() -> None:
    """How far above the optimum local SGD ends, in percent of the objective."""
    import dask

    dask.config.set(scheduler="synchronous")
    for title, (raw, labels, numbers) in data_sets().items():
        scaled = StandardScaler().fit_transform(raw)
        for loss in ("log_loss", "squared_error"):
            given = labels if loss == "log_loss" else numbers
            exact = (GDClassifier if loss == "log_loss" else GDRegressor)(tol=1e-8, max_iter=20000)
            best = objective(exact.fit(scaled, given), scaled, given, loss)
            for order in ("as they come", "sorted by target"):
                rows_in = np.argsort(given, kind="stable") if order[0] == "s" else slice(None)
                X, y = scaled[rows_in], given[rows_in]
                found = [_above(X, y, loss, best, n_parts) for n_parts in PARTS]
                print(f"{title:14s} {loss:14s} {order:17s} {', '.join(found)}", flush=True)


def _above(X: Any, y: Any, loss: str, best: float, n_parts: int) -> str:
    import dask.array as da

    parts = da.from_array(X, chunks=(-(-len(X) // n_parts), X.shape[1]))
    kind = SGDClassifier if loss == "log_loss" else SGDRegressor
    own = kind(loss, random_state=0, arithmetic="fast").fit(parts, y)
    above = 100.0 * (objective(own, X, y, loss) / best - 1.0)
    return f"{n_parts} partitions, {own.n_iter_} rounds {above:+.3f} %"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--width", type=int, default=64)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    for n_workers in WORKERS:
        race(n_workers, given.rows, given.width)
    convergence()


if __name__ == "__main__":
    sys.exit(main())
