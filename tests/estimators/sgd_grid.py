"""The grid of configurations in which our SGD must have scikit-learn's coefficients, to the bit.

    python tests/estimators/sgd_grid.py [--all | --sample N] [--seed S]

Every loss, penalty, schedule, averaging, early stopping and layout is combined; what remains is
drawn for each configuration. ``test_sgd_grid.py`` runs a sample of it.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model as theirs
from numpy.typing import NDArray

from polyfuse import linear_model as ours

REGRESSION = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
CLASSIFICATION = (
    "hinge", "perceptron", "squared_hinge", "modified_huber", "log_loss", *REGRESSION,
)  # fmt: skip
PENALTIES = ("l2", "l1", "elasticnet", None)
SCHEDULES = ("constant", "optimal", "invscaling", "adaptive", "pa1", "pa2")
MODES = ("fit", "fit", "partial_fit", "fit, then partial_fit", "warm_start", "coef_init")
# Where scikit-learn calls BLAS (averages) or scores rows through it, the last digits are its own.
CLOSE = {"f8": 1e-12, "f4": 2e-6}


@dataclass(frozen=True)
class Config:
    """One configuration: a class, its parameters, the data, and how it is trained."""

    name: str
    params: dict[str, Any]
    mode: str
    dtype: str
    sparse: bool
    n_classes: int
    weighted: bool
    seed: int

    @property
    def exact(self) -> bool:
        return not self.params.get("average")


def configs(seed: int = 0) -> list[Config]:
    """All configurations, in an order and with details that depend on the seed."""
    rng = np.random.default_rng(seed)
    found = [_drawn(rng, *case) for case in _cases()]
    return [found[i] for i in rng.permutation(len(found))]


def _cases() -> Iterator[tuple[str, dict[str, Any], bool, str]]:
    switches = list(product((False, True), (False, True), (False, True)))
    for penalty, schedule, (average, early, sparse) in product(PENALTIES, SCHEDULES, switches):
        common = {"penalty": penalty, "learning_rate": schedule, "average": average,
                  "early_stopping": early}  # fmt: skip
        passive = schedule in ("pa1", "pa2")
        for dtype in ("f8", "f4") if penalty == "l2" else ("f8",):
            for loss in ("hinge",) if passive else CLASSIFICATION:
                yield "SGDClassifier", {"loss": loss, **common}, sparse, dtype
            for loss in ("epsilon_insensitive",) if passive else REGRESSION:
                yield "SGDRegressor", {"loss": loss, **common}, sparse, dtype
    for schedule, average, sparse, dtype in product(
        SCHEDULES[:4], (False, True), (False, True), ("f8", "f4")
    ):
        yield "SGDOneClassSVM", {"learning_rate": schedule, "average": average}, sparse, dtype
    for penalty, early, sparse, dtype in product(
        PENALTIES, (False, True), (False, True), ("f8", "f4")
    ):
        yield "Perceptron", {"penalty": penalty, "early_stopping": early}, sparse, dtype


def _drawn(
    rng: np.random.Generator, name: str, params: dict[str, Any], sparse: bool, dtype: str
) -> Config:
    def one(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    params = dict(
        params, random_state=int(rng.integers(100)), max_iter=one(1, 4, 30), tol=one(None, 1e-3),
        eta0=one(0.01, 0.1), fit_intercept=one(True, True, False), shuffle=one(True, True, False),
    )  # fmt: skip
    if name == "SGDOneClassSVM":
        params |= {"nu": one(0.5, 0.1)}
    else:
        params |= {
            "alpha": one(1e-4, 1e-2),
            "n_iter_no_change": one(2, 5),
            "l1_ratio": one(0.15, 0.7),
        }
        params |= {"validation_fraction": one(0.1, 0.2)}
    if name in ("SGDClassifier", "SGDRegressor"):
        params |= {"epsilon": one(0.1, 0.5), "power_t": one(0.25, 0.5)}
    if params.get("average"):
        params["average"] = one(True, 40)
    if name in ("SGDClassifier", "Perceptron"):
        params["class_weight"] = one(None, None, "balanced", {0: 2.0, 1: 0.5})
    mode = one(*MODES)
    if "partial" in mode:
        params |= {"early_stopping": False} if "early_stopping" in params else {}
        if params.get("class_weight") == "balanced":
            params["class_weight"] = None
    seed = int(rng.integers(1 << 30))
    return Config(name, params, mode, dtype, sparse, one(2, 3), one(False, True), seed)


def _data(config: Config) -> tuple[Any, NDArray, NDArray | None]:
    rng = np.random.default_rng(config.seed)
    n, d = int(rng.integers(50, 80)), int(rng.integers(1, 9))
    x = rng.standard_normal((n, d)) * rng.choice([0.5, 1.0, 2.0])
    x[rng.random((n, d)) < (0.5 if config.sparse else 0.1)] = 0.0
    score = x[:, 0] + 0.3 * rng.standard_normal(n)
    y = (
        score
        if config.name == "SGDRegressor"
        else np.digitize(score, [0.0, 0.8][: config.n_classes - 1])
    )
    x = x.astype(config.dtype)
    weight = rng.random(n) * (rng.random(n) < 0.9) if config.weighted else None
    return (sp.csr_matrix(x) if config.sparse else x), y, weight


def train(module: Any, config: Config) -> Any:
    """An estimator of one of the two libraries, or the exception that it raised."""
    x, y, weight = _data(config)
    model = getattr(module, config.name)(**config.params)
    labels = {} if config.name in ("SGDRegressor", "SGDOneClassSVM") else {"classes": np.unique(y)}
    try:
        if config.mode == "warm_start":
            model.set_params(warm_start=True).fit(x, y, sample_weight=weight)
            model.fit(x, y, sample_weight=weight)
        elif config.mode == "coef_init":
            shape = (config.n_classes if config.n_classes > 2 and labels else 1, x.shape[1])
            start = np.random.default_rng(config.seed).standard_normal(shape)
            model.fit(x, y, start if labels else start[0], sample_weight=weight)
        elif config.mode != "partial_fit":
            model.fit(x, y, sample_weight=weight)
        if "partial" in config.mode:
            for part in (slice(0, 20), slice(20, None), slice(None)):
                own = None if weight is None else weight[part]
                model.partial_fit(x[part], y[part], sample_weight=own, **labels)
    except ValueError as error:
        return error
    return model


def difference(config: Config) -> str | None:
    """How ours differs from theirs, or None if it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = train(ours, config), train(theirs, config)
    if isinstance(a, Exception) or isinstance(b, Exception):
        return None if str(a) == str(b) else f"{a!r} for {b!r}"
    if a.n_iter_ != b.n_iter_ or a.t_ != b.t_:
        return f"n_iter_ {a.n_iter_} for {b.n_iter_}, t_ {a.t_} for {b.t_}"
    for name in ("coef_", "offset_" if config.name == "SGDOneClassSVM" else "intercept_"):
        p, q = getattr(a, name), getattr(b, name)
        if p.shape != q.shape or p.dtype != q.dtype:
            return f"{name} is {p.shape} {p.dtype} for {q.shape} {q.dtype}"
        if np.array_equal(p, q, equal_nan=True):
            continue
        off = float(np.abs(p - q).max() / np.abs(q).max())
        if config.exact or not off <= CLOSE[config.dtype]:
            return f"{name} is off by {off:g}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every configuration")
    parser.add_argument("--sample", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chosen = configs(options.seed)
    chosen = chosen if options.all else chosen[: options.sample]
    failed = 0
    for config in chosen:
        found = difference(config)
        if found is not None:
            failed += 1
            print(f"{found}: {config}")
    print(f"{len(chosen)} configurations, {failed} differ")
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
