"""Models learned from streams by gradients of all rows or of batches: those of memory, in bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import polyfuse as pf
from polyfuse import linear_model as lm
from polyfuse import stream
from polyfuse._descent import Problem
from polyfuse._kernels import available
from polyfuse._kernels.contract import CONCATENATE, Block, Rows
from polyfuse._summed import Parts, SummedProblem
from polyfuse.exceptions import ConvergenceWarning, SourceError

N = 1733  # rows: no multiple of anything
Blocks = dict[str, NDArray]

pytestmark = pytest.mark.filterwarnings("ignore::polyfuse.exceptions.ConvergenceWarning")


def drawn() -> tuple[Blocks, NDArray, NDArray, NDArray]:
    """Blocks, labels, numbers and weights."""
    rng = np.random.default_rng(0)
    blocks: Blocks = {
        "image": 3.0 * rng.standard_normal((N, 30), np.float32) + 1.0,
        "text": rng.standard_normal((N, 7)),
        "sound": rng.integers(0, 200, (N, 5)).astype(np.uint8),
    }
    scores = blocks["image"][:, :3] + 3.0 * blocks["text"][:, :3]
    scores += 2.0 * rng.standard_normal((N, 3))
    y = np.array(["ant", "bee", "cat"])[scores.argmax(axis=1)]
    return blocks, y, scores[:, 0], rng.uniform(0.0, 2.0, N)


BLOCKS, LABELS, NUMBERS, WEIGHT = drawn()


def with_gaps() -> Blocks:
    """The same blocks, of which some are missing in some rows."""
    rng = np.random.default_rng(1)
    blocks = {name: x.copy() for name, x in BLOCKS.items()}
    blocks["image"][rng.random(N) < 0.2] = np.nan
    blocks["image"][:300] = np.nan  # all rows of the first chunk
    blocks["text"][300:][rng.random(N - 300) < 0.1] = np.nan
    return blocks


GAPPED = with_gaps()
ALIKE: Blocks = {"a": BLOCKS["image"][:, :7], "b": BLOCKS["text"], "c": BLOCKS["image"][:, 7:14]}
ALIKE_GAPPED = {**ALIKE, "a": GAPPED["image"][:, :7].copy()}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream._dataset, "_CHUNK_BYTES", 50_000)  # some 256 rows
    monkeypatch.setattr(stream._jobs, "_EVERY", 0.0)
    monkeypatch.setattr(stream._jobs, "_SHARE", np.inf)


def clone(model: Any) -> Any:
    return type(model)(**model.get_params(deep=False))


def target_of(model: Any) -> NDArray:
    return LABELS if model._estimator_type == "classifier" else NUMBERS


def named(x: Any) -> str:
    """What a test is called after: a model, not its data."""
    return repr(x) if hasattr(x, "fit") else ""


def dataset(model: Any, X: Any, weight: NDArray | None = None) -> stream.Dataset:
    return stream.Dataset(X, target_of(model), sample_weight=weight)


def alike(a: Any, b: Any, where: str = "model") -> None:
    """All that two fitted models hold is of the same bits."""
    assert type(a) is type(b), where
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, err_msg=where)
        assert a.dtype == b.dtype, where
    elif isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            alike(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, each in enumerate(a):
            alike(each, b[i], f"{where}[{i}]")
    elif hasattr(a, "get_params") and hasattr(a, "transform"):  # whose moments settle when asked
        for name in ("mean_", "scale_", "n_samples_seen_"):
            alike(getattr(a, name, None), getattr(b, name, None), f"{where}.{name}")
    elif hasattr(a, "__dict__"):
        alike(dict(sorted(vars(a).items())), dict(sorted(vars(b).items())), where)
    else:
        assert a == b, where


# -- sums over parts -----------------------------------------------------------------------------


class Halves:
    """Two problems' rows, as parts."""

    def __init__(self, x: NDArray, y: NDArray, weight: NDArray | None) -> None:
        self.x, self.y, self.weight = x, y, weight
        self.n_rows, self.width = x.shape
        self.dtype = x.dtype

    def problem(self, part: slice, loss: str, k: int) -> Problem:
        rows = Rows((Block(self.x[part]),), CONCATENATE, np.ones(1), self.dtype)
        weight = None if self.weight is None else self.weight[part]
        return Problem(rows, self.y[part], loss, k, 0.0, weight)

    def loss_gradient(
        self, coef: NDArray, intercept: NDArray, loss: str
    ) -> tuple[float, NDArray, NDArray]:
        total, gradient = 0.0, np.zeros(coef.size + intercept.size)
        for part in (slice(1000), slice(1000, None)):
            own = np.empty_like(gradient)
            total += self.problem(part, loss, len(coef)).sums(coef, intercept, own)
            gradient += own
        return total, gradient[: coef.size].reshape(coef.shape), gradient[coef.size :]

    def squares(self) -> Parts:
        return Halves(self.x, np.zeros((self.n_rows, 1)), self.weight)

    def longest_row(self, fit_intercept: bool) -> float:
        return self.problem(slice(None), "squared_error", 1).longest_row()


@pytest.mark.parametrize("weight", [None, WEIGHT / WEIGHT.mean()], ids=["even", "weighted"])
def test_an_objective_may_be_the_sum_of_parts(weight: NDArray | None) -> None:
    x = BLOCKS["text"]
    codes = np.unique(LABELS, return_inverse=True)[1].astype(np.float64)[:, None]
    rows = Rows((Block(x),), CONCATENATE, np.ones(1), x.dtype)
    whole = Problem(rows, codes, "multinomial", 3, 0.1, weight)
    parts = SummedProblem(Halves(x, codes, weight), "multinomial", 3, 0.1)
    theta = np.random.default_rng(0).standard_normal(24)
    for found, expected in zip(parts(theta), whole(theta), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    centre = whole.centre()
    np.testing.assert_allclose(parts.centre(), centre, rtol=0, atol=1e-14)  # type: ignore[arg-type]
    assert parts.smoothness(centre=centre) == pytest.approx(whole.smoothness(centre=centre))
    for size in (1, 32, N):
        assert parts.batch_smoothness(size) == pytest.approx(whole.batch_smoothness(size))


# -- the models of memory ------------------------------------------------------------------------

DESCENTS = [
    lm.GDClassifier(),
    lm.GDClassifier(momentum=0.9, eta0=0.02, max_iter=20, nesterov=False),
    lm.GDClassifier(learning_rate="cosine", max_iter=15, fit_intercept=False),
    lm.GDClassifier(batch_size=32, shuffle=False, max_iter=30, class_weight="balanced"),
    lm.GDClassifier(batch_size=100, shuffle=False, learning_rate="adaptive", max_iter=20),
    lm.GDClassifier(batch_size=1, shuffle=False, eta0=0.001, max_iter=2),
    lm.GDClassifier(batch_size=10_000, shuffle=False, max_iter=5),
    lm.GDRegressor(),
    lm.GDRegressor(batch_size=64, shuffle=False, max_iter=60, tol=1e-3),  # closed by all rows
]


@pytest.mark.parametrize("scaler", [None, "standard", "minmax"])
@pytest.mark.parametrize("model", DESCENTS, ids=repr)
def test_descents_have_the_bits_of_memory(model: Any, scaler: str | None) -> None:
    model = clone(model).set_params(scaler=scaler)
    X: Any = BLOCKS if scaler else BLOCKS["text"]
    weight = WEIGHT if scaler == "minmax" else None
    losses: list[tuple[int, float]] = []
    expected = clone(model).fit(X, target_of(model), weight)
    found = stream.fit(
        clone(model), dataset(model, X, weight), callback=lambda i, loss: losses.append((i, loss))
    )
    alike(found, expected)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    assert losses == list(enumerate(expected.loss_curve_, start=1))


MODELS: list[tuple[Any, Blocks]] = [
    (pf.FusionClassifier(), BLOCKS),
    (pf.FusionClassifier(block_alpha=[1.0, 2.0, 3.0], class_weight="balanced"), GAPPED),
    (pf.FusionClassifier(modality_dropout=0.0, scaler=["minmax", None, "maxabs"]), GAPPED),
    (pf.FusionClassifier("mean", scaler=None), ALIKE),
    (pf.FusionClassifier("weighted_sum", weights=[1.0, 2.0, 0.5]), ALIKE_GAPPED),
    (pf.FusionClassifier("maximum"), ALIKE_GAPPED),
    (pf.FusionClassifier(level="late", calibrate=False, fusion="mean"), BLOCKS),
    (pf.FusionClassifier(level="late", fusion="weighted_mean", weights="learned"), GAPPED),
    (pf.FusionClassifier(level="hybrid", cv=2), GAPPED),
    (pf.FusionRegressor(), GAPPED),
    (pf.FusionRegressor(level="late"), GAPPED),
    (pf.FusionRegressor("median"), ALIKE),
]


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["even", "weighted"])
@pytest.mark.parametrize(("model", "blocks"), MODELS, ids=named)
def test_fusion_models_have_the_bits_of_memory(
    model: Any, blocks: Blocks, weight: NDArray | None
) -> None:
    expected = clone(model).fit(blocks, target_of(model), weight)
    found = stream.fit(clone(model), dataset(model, blocks, weight))
    alike(found, expected)
    np.testing.assert_array_equal(found.predict(blocks), expected.predict(blocks))


def test_one_matrix_is_no_dict_of_blocks() -> None:
    for model in (pf.FusionClassifier(), lm.GDClassifier(max_iter=5)):
        expected = clone(model).fit(BLOCKS["image"], LABELS)
        alike(stream.fit(model, stream.Dataset(BLOCKS["image"], LABELS)), expected)


def test_models_of_one_modality_read_its_blocks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[str]] = []
    mapped = stream.Dataset.mapped

    def watched(self: stream.Dataset, work: Any, **how: Any) -> Any:
        read.append(self.names)
        return mapped(self, work, **how)

    monkeypatch.setattr(stream.Dataset, "mapped", watched)
    model = pf.FusionClassifier(level="late", calibrate=False, scaler=None)
    stream.fit(model, dataset(model, BLOCKS))
    assert read.count(["image", "text"]) == 1  # where they are missing
    assert all(len(names) == 1 for names in read[1:])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_other_backends_agree_to_rounding(backend: str) -> None:
    if backend not in available():
        pytest.skip(f"{backend} is not installed")
    models = [pf.FusionClassifier(), lm.GDRegressor(scaler="standard")]
    with pf.use(backend):
        for model in models:
            expected = clone(model).fit(BLOCKS, target_of(model))
            found = stream.fit(model, dataset(model, BLOCKS))
            say = "predict_proba" if hasattr(found, "classes_") else "predict"
            wanted = getattr(expected, say)(BLOCKS)
            np.testing.assert_allclose(getattr(found, say)(BLOCKS), wanted, atol=1e-6)


# -- orders --------------------------------------------------------------------------------------


def test_shuffled_batches_follow_from_the_seed_and_learn_as_well() -> None:
    model = lm.GDClassifier(batch_size=32, scaler="standard", random_state=3, max_iter=40)
    data = dataset(model, BLOCKS)
    one, same = (stream.fit(clone(model), data) for _ in range(2))
    alike(one, same)
    other = stream.fit(clone(model).set_params(random_state=4, eta0=0.01, max_iter=1), data)
    again = stream.fit(clone(model).set_params(random_state=5, eta0=0.01, max_iter=1), data)
    assert (other.coef_ != again.coef_).any()
    expected = clone(model).fit(BLOCKS, LABELS)
    assert one.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=0.02)


# -- least squares -------------------------------------------------------------------------------


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["even", "weighted"])
def test_least_squares_are_those_of_memory(fit_intercept: bool, weight: NDArray | None) -> None:
    X = BLOCKS["text"] + 1000.0
    X = np.column_stack([X, BLOCKS["sound"][:, 0], BLOCKS["sound"][:, 0]])  # the same twice
    model = lm.LinearRegression(fit_intercept=fit_intercept)
    expected = clone(model).fit(X, NUMBERS, weight)
    found = stream.fit(clone(model), stream.Dataset(X, NUMBERS, sample_weight=weight))
    assert set(vars(found)) == set(vars(expected))
    assert found.rank_ == expected.rank_ == 8
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.intercept_, expected.intercept_, rtol=1e-10)
    np.testing.assert_allclose(found.singular_[:8], expected.singular_[:8], rtol=1e-11)


def test_least_squares_of_fewer_rows_than_columns() -> None:
    X, y = np.column_stack([BLOCKS["text"], BLOCKS["sound"]])[:10], NUMBERS[:10]
    found = stream.fit(lm.LinearRegression(), stream.Dataset(X, y))
    expected = lm.LinearRegression().fit(X, y)
    assert found.rank_ == expected.rank_ == 9
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.predict(X), y, atol=1e-10)


# -- interruptions -------------------------------------------------------------------------------


class Interrupted(Exception):
    pass


def interrupting(after: int) -> Callable[..., None]:
    left = [after]

    def tell(*progress: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Interrupted

    return tell


INTERRUPTED: list[tuple[Any, Any]] = [
    (lm.GDClassifier(scaler="standard", max_iter=40), BLOCKS),
    (lm.GDClassifier(scaler="standard", batch_size=64, random_state=1, max_iter=30), BLOCKS),
    (lm.GDRegressor(scaler="standard", batch_size=64, tol=1e-3, random_state=2), BLOCKS),
    (pf.FusionClassifier(), GAPPED),
    (pf.FusionClassifier(level="hybrid", cv=2), GAPPED),
    (pf.FusionRegressor(level="late", cv=2), GAPPED),
    (lm.LinearRegression(), BLOCKS["image"]),
]


@pytest.mark.parametrize(("model", "X"), INTERRUPTED, ids=named)
def test_an_interrupted_fit_ends_as_if_nothing_had_happened(
    model: Any, X: Any, tmp_path: Path
) -> None:
    data = dataset(model, X)
    told: list[Any] = []
    expected = stream.fit(clone(model), data, progress=lambda *what: told.append(what))
    rng = np.random.default_rng(len(told))
    own, checkpoint = clone(model), tmp_path / "checkpoint"
    for after in rng.integers(1, max(2, len(told) // 5), 4):
        with pytest.raises(Interrupted):
            stream.fit(
                own, data, checkpoint=checkpoint, resume=True, progress=interrupting(int(after))
            )
        assert not hasattr(own, "coef_")
    left: list[Any] = []
    stream.fit(
        own, data, checkpoint=checkpoint, resume=True, progress=lambda *what: left.append(what)
    )
    alike(own, expected)
    assert len(left) < len(told)
    assert not checkpoint.exists()


def test_a_callback_that_raises_leaves_a_checkpoint(tmp_path: Path) -> None:
    model = pf.FusionRegressor()
    data, checkpoint = dataset(model, GAPPED), tmp_path / "checkpoint"

    def third(iteration: int, loss: float) -> None:
        seen.append(iteration)
        if iteration == 3:
            raise Interrupted

    seen: list[int] = []
    with pytest.raises(Interrupted):
        stream.fit(model, data, checkpoint=checkpoint, callback=third)
    stream.fit(
        model, data, checkpoint=checkpoint, resume=True, callback=lambda i, _: seen.append(i)
    )
    assert seen[:5] == [1, 2, 3, 3, 4]
    alike(model, clone(model).fit(GAPPED, NUMBERS))


# -- what is wrong -------------------------------------------------------------------------------


def spoilt(name: str, row: int, column: int, value: float) -> Blocks:
    blocks = {key: x.copy() for key, x in BLOCKS.items()}
    blocks[name][row, column] = value
    return blocks


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("scaler", [None, "standard"])
@pytest.mark.parametrize("model", [lm.GDClassifier(), pf.FusionClassifier(), lm.LinearRegression()])
def test_values_that_are_not_finite_are_named(model: Any, scaler: str | None, value: float) -> None:
    X: Any = spoilt("text", 1000, 3, value)
    name = "text"
    if isinstance(model, lm.LinearRegression):
        X, name = X["text"], "X"
    else:
        model = clone(model).set_params(scaler=scaler)
    what = "NaN" if np.isnan(value) else "infinity"
    with pytest.raises(SourceError, match=f"^{name} contains {what} in row 1000, column 3"):
        stream.fit(model, dataset(model, X))
    assert not hasattr(model, "coef_")


def test_what_does_not_stream_says_so() -> None:
    for model, message in [
        (pf.FusionClassifier(level="cooperative"), "level='cooperative' is not for streams"),
        (pf.FusionClassifier(balance=0.5), "block_eta and balance must be None and 0 for streams"),
        (lm.GDClassifier(early_stopping=True), "early_stopping=True is not for streams"),
        (lm.LinearRegression(), "data must be one matrix for a LinearRegression, not blocks"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            stream.fit(model, dataset(model, BLOCKS))


def test_other_errors_are_those_of_memory() -> None:
    gone = {**BLOCKS, "image": np.full_like(BLOCKS["image"], np.nan)}
    with pytest.raises(ValueError, match="'image'.* is missing in every row"):
        stream.fit(pf.FusionClassifier(), stream.Dataset(gone, LABELS))
    with pytest.raises(ValueError, match="all blocks are missing in row 5"):
        stream.fit(pf.FusionClassifier("mean"), stream.Dataset(nowhere(5), LABELS))
    with pytest.raises(ValueError, match="needs samples of at least 2 classes"):
        stream.fit(lm.GDClassifier(), stream.Dataset(BLOCKS, np.ones(N, int)))
    with pytest.raises(ValueError, match="data must have a target"):
        stream.fit(lm.GDClassifier(), stream.Dataset(BLOCKS))
    with pytest.raises(ValueError, match="lower eta0; got eta0=100000"):
        stream.fit(lm.GDRegressor(eta0=1e5, tol=None), stream.Dataset(BLOCKS, NUMBERS))
    data = stream.Dataset(BLOCKS, NUMBERS, memory_limit="400kB")
    with pytest.raises(ValueError, match="memory_limit must hold two chunks of 1733 rows"):
        stream.fit(lm.GDRegressor(batch_size=5000), data)


def nowhere(row: int) -> Blocks:
    blocks = {key: x.copy() for key, x in ALIKE.items()}
    for x in blocks.values():
        x[row] = np.nan
    return blocks


def test_a_fit_that_has_not_converged_warns() -> None:
    with pytest.warns(ConvergenceWarning, match="has not converged in max_iter=2 passes"):
        stream.fit(lm.GDClassifier(max_iter=2), stream.Dataset(BLOCKS["text"], LABELS))
