"""Streams: the answers of memory, in bits, and an error for everything that goes wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import linear_model as lm
from polyfuse import preprocessing as pp
from polyfuse import stream
from polyfuse.exceptions import ConvergenceWarning, NotFittedError, SourceError

N = 2311  # rows: no multiple of anything
Blocks = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    rng = np.random.default_rng(0)
    return {
        "image": 3.0 * rng.standard_normal((N, 40), np.float32) + 1.0,
        "text": rng.standard_normal((N, 7)),
        "sound": rng.integers(0, 200, (N, 5)).astype(np.uint8),
    }


@pytest.fixture(scope="module")
def y(blocks: Blocks) -> np.ndarray:
    scores = blocks["image"][:, :3] + blocks["text"][:, :3]
    return np.array(["ant", "bee", "cat"])[scores.argmax(axis=1)]


@pytest.fixture(scope="module")
def folder(blocks: Blocks, y: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    for name, x in blocks.items():
        np.save(folder / f"{name}.npy", x)
    np.save(folder / "y.npy", y)
    np.save(folder / "numbers.npy", blocks["text"][:, 0] + blocks["image"][:, 1])
    return folder


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream._dataset, "_CHUNK_BYTES", 60_000)  # some 256 rows
    monkeypatch.setattr(stream._jobs, "_EVERY", 0.0)


def opened(folder: Path, target: str | None = "y", **options: Any) -> stream.Dataset:
    sources = {name: folder / f"{name}.npy" for name in ("image", "text", "sound")}
    return stream.Dataset(sources, target and folder / f"{target}.npy", **options)


def alike(a: Any, b: Any) -> None:
    """All fitted attributes of two models are of the same bits."""
    assert set(vars(a)) == set(vars(b))
    for name, value in vars(b).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(a, name), value, err_msg=name)
        elif isinstance(value, float | int):
            assert getattr(a, name) == value, name


# -- chunks --------------------------------------------------------------------------------------


def test_chunks_hold_the_rows_they_say(folder: Path, blocks: Blocks, y: np.ndarray) -> None:
    data = opened(folder)
    assert (len(data), data.widths) == (N, {"image": 40, "text": 7, "sound": 5})
    for order, start in ((None, 0), (None, 600), ([5, 0, 7, 2], 0)):
        seen = []
        for chunk in data.chunks(rows=300, order=order, start=start):
            own = slice(chunk.start, chunk.stop)
            seen.append(own)
            assert len(chunk) == own.stop - own.start
            for name, x in blocks.items():
                np.testing.assert_array_equal(chunk.blocks[name], x[own])
                assert chunk.blocks[name].dtype == x.dtype
            np.testing.assert_array_equal(chunk.y, y[own])
        starts = [own.start for own in seen]
        assert starts == ([c * 300 for c in order] if order else list(range(start, N, 300)))
        assert max(own.stop for own in seen) == N


def test_memory_limits_the_rows_that_are_read_ahead(folder: Path) -> None:
    with pytest.raises(ValueError, match="memory_limit must hold two chunks of 256 rows"):
        opened(folder, memory_limit="64kB")
    with pytest.raises(ValueError, match="memory_limit must be a number of bytes.*got 'much'"):
        opened(folder, memory_limit="much")
    few, many = opened(folder, memory_limit="200kB"), opened(folder)
    model = lm.SGDClassifier(max_iter=2, tol=None, random_state=1)
    alike(stream.fit(pf_clone(model), few), stream.fit(pf_clone(model), many))


def pf_clone(model: Any) -> Any:
    return type(model)(**model.get_params(deep=False))


def test_a_reader_that_is_not_finished_leaves_no_thread(folder: Path) -> None:
    import threading

    for _ in opened(folder).chunks():
        break
    assert not [t for t in threading.enumerate() if t.name == "polyfuse-ahead"]


@pytest.mark.parametrize("form", ["F", ">f4", "<f2", "bool"])
def test_npy_files_of_every_form(form: str, tmp_path: Path) -> None:
    x = np.random.default_rng(1).standard_normal((500, 6))
    x = np.asfortranarray(x) if form == "F" else x.astype(form)
    np.save(tmp_path / "x.npy", x)
    read = [
        chunk.blocks["X"].copy() for chunk in stream.Dataset(tmp_path / "x.npy").chunks(rows=77)
    ]
    np.testing.assert_array_equal(np.concatenate(read), x)
    assert read[0].dtype.isnative


def test_blocks_that_come_once_can_be_learned_from_many_times(
    folder: Path, blocks: Blocks, y: np.ndarray
) -> None:
    def pieces() -> Any:
        for start in range(0, N, 333):
            own = slice(start, start + 333)
            yield {name: x[own] for name, x in blocks.items()}, y[own]

    model = lm.SGDClassifier("log_loss", scaler="standard", max_iter=3, tol=None, random_state=0)
    expected = stream.fit(pf_clone(model), opened(folder))
    for source in (pieces(), pieces, list(pieces()).__iter__()):
        data = stream.Dataset(source)
        assert data.widths == opened(folder).widths
        alike(stream.fit(pf_clone(model), data), expected)
    with pytest.raises(ValueError, match="target, sample_weight and key must be None"):
        stream.Dataset(pieces(), y)
    with pytest.raises(SourceError, match="blocks gives no rows"):
        stream.Dataset(iter(()))


# -- the answers of memory -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["standard", "minmax", "maxabs", "robust"])
def test_scalers_have_the_bits_of_memory(kind: str, folder: Path, blocks: Blocks) -> None:
    fitted = stream.fit_scalers(opened(folder, None), kind)
    for name, x in blocks.items():
        expected = pp.SCALERS[kind]().fit(x)
        np.testing.assert_array_equal(fitted[name].transform(x), expected.transform(x))
    # One that goes on learning does so as if all had been given at once.
    fitted["image"].partial_fit(blocks["image"][:9])
    both = np.concatenate([blocks["image"], blocks["image"][:9]])
    again = pp.SCALERS[kind]().fit(both)
    np.testing.assert_array_equal(fitted["image"].transform(both), again.transform(both))


def test_one_scaler_is_fitted_to_one_matrix(folder: Path, blocks: Blocks) -> None:
    data = stream.Dataset(folder / "image.npy")
    alike(stream.fit(pp.StandardScaler(), data), pp.StandardScaler().fit(blocks["image"]))
    with pytest.raises(ValueError, match="data must have one block to fit a StandardScaler"):
        stream.fit(pp.StandardScaler(), opened(folder))


MODELS = [
    lm.SGDClassifier("log_loss", scaler="standard", class_weight="balanced"),
    lm.SGDClassifier("hinge", scaler="standard", arithmetic="fast", average=True),
    lm.SGDClassifier("multinomial", scaler="minmax", arithmetic="fast"),
    lm.SGDClassifier("log_loss", penalty="l1", alpha=1e-3, tol=1e-3),
    lm.Perceptron(),
    lm.SGDRegressor(scaler="standard"),
    lm.SGDRegressor("huber", penalty="elasticnet", scaler="standard", arithmetic="fast"),
    lm.SGDOneClassSVM(scaler="standard") if "scaler" in lm.SGDOneClassSVM().get_params()
    else lm.SGDOneClassSVM(),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::polyfuse.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_sgd_in_the_order_of_the_rows_has_the_bits_of_memory(
    model: Any, folder: Path, blocks: Blocks, y: np.ndarray
) -> None:
    numbers = np.load(folder / "numbers.npy")
    regresses = not hasattr(model, "class_weight")
    model.set_params(shuffle=False, max_iter=4, random_state=3)
    if model.get_params().get("tol") == 1e-3 and not isinstance(model, lm.SGDClassifier):
        model.set_params(tol=None)
    data = opened(folder, "numbers" if regresses else "y")
    streamed = stream.fit(pf_clone(model), data)
    expected = pf_clone(model).fit(blocks, numbers if regresses else y)
    alike(streamed, expected)
    # It goes on in memory as if it had been learned there.
    some = {name: x[:50] for name, x in blocks.items()}
    target = (numbers if regresses else y)[:50]
    if type(model).__name__ != "SGDOneClassSVM":
        alike(streamed.partial_fit(some, target), expected.partial_fit(some, target))


def test_a_matrix_alone_is_x(folder: Path, blocks: Blocks, y: np.ndarray) -> None:
    data = stream.Dataset(folder / "image.npy", folder / "y.npy")
    model = lm.SGDClassifier("log_loss", scaler="standard", shuffle=False, max_iter=2, tol=None)
    alike(stream.fit(pf_clone(model), data), pf_clone(model).fit(blocks["image"], y))


def test_shuffled_epochs_follow_from_the_seed(folder: Path, blocks: Blocks, y: np.ndarray) -> None:
    def coef(seed: int) -> np.ndarray:
        model = lm.SGDClassifier(
            "log_loss", scaler="standard", max_iter=3, tol=None, random_state=seed
        )
        return stream.fit(model, opened(folder)).coef_

    first = coef(0)
    np.testing.assert_array_equal(coef(0), first)
    assert (coef(1) != first).any()
    model = lm.SGDClassifier("log_loss", scaler="standard", max_iter=20, tol=None, random_state=0)
    streamed = stream.evaluate(stream.fit(model, opened(folder)), opened(folder))
    memory = pf_clone(model).fit(blocks, y).score(blocks, y)
    assert abs(streamed.scores["accuracy"] - memory) < 0.01


@pytest.mark.parametrize(
    ("op", "options"),
    [
        ("concatenate", {"scaler": "standard"}),
        ("mean", {"scaler": "robust"}),
        ("weighted_sum", {"weights": {"a": 0.7, "b": 0.3}}),
        ("power_mean", {"p": 3.0, "scaler": {"a": "minmax", "b": "minmax"}}),
        ("median", {"missing": "skip"}),
    ],
)
def test_fused_files_are_what_numpy_would_save(
    op: str, options: dict[str, Any], tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    blocks = {"a": rng.standard_normal((700, 9), np.float32), "b": rng.standard_normal((700, 9))}
    if op == "median":
        blocks["a"][300:310] = np.nan
    stream.fuse(stream.Dataset(blocks), op, tmp_path / "fused.npy", **options)
    np.save(tmp_path / "expected.npy", pf.fusion.Fusion(op, **options).fit_transform(blocks))
    assert (tmp_path / "fused.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["expected.npy", "fused.npy"]


def test_predictions_scores_and_modality_scores(
    folder: Path, blocks: Blocks, y: np.ndarray, tmp_path: Path
) -> None:
    model = pf.FusionClassifier(level="late").fit(blocks, y)
    data = opened(folder)
    for method in ("predict", "predict_proba"):
        stream.predict(model, data, tmp_path / "p.npy", method=method)
        expected = getattr(model, method)(blocks)
        np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), expected)
    stream.predict(model, data, tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines == ["prediction", *model.predict(blocks)]
    evaluation = stream.evaluate(model, data)
    assert evaluation.n_rows == N
    assert evaluation.scores["accuracy"] == pf.metrics.accuracy_score(y, model.predict(blocks))
    assert evaluation.scores["f1_macro"] == pf.metrics.f1_score(
        y, model.predict(blocks), average="macro"
    )
    for known in (model, pf.FusionClassifier().fit(blocks, y)):
        found, expected = stream.modality_scores(known, data), known.modality_scores(blocks)
        for own, other in zip(found.parts, expected.parts, strict=True):
            np.testing.assert_array_equal(own, other)
        np.testing.assert_array_equal(found.predict(), expected.predict())


def test_numbers_are_evaluated(folder: Path, blocks: Blocks) -> None:
    numbers = np.load(folder / "numbers.npy")
    model = pf.FusionRegressor().fit(blocks, numbers)
    scores = stream.evaluate(model, opened(folder, "numbers")).scores
    assert scores["r2"] == pytest.approx(model.score(blocks, numbers), rel=1e-12)


def test_the_backend_in_force_holds_for_threads(folder: Path, tmp_path: Path) -> None:
    data = opened(folder, None)
    scalers = stream.fit_scalers(data)
    with pf.use("numpy"):
        stream.fuse(data, "concatenate", tmp_path / "slow.npy", scaler=scalers)
    stream.fuse(data, "concatenate", tmp_path / "fast.npy", scaler=scalers)
    np.testing.assert_allclose(np.load(tmp_path / "slow.npy"), np.load(tmp_path / "fast.npy"))


def test_a_csv_that_was_written_can_be_read(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("pyarrow")
    a, path = rng.normal(size=(20, 2)), tmp_path / "f.csv"
    stream.fuse(stream.Dataset({"a": a, "b": a}), "concatenate", path)
    assert path.read_text().startswith("x0,x1,x2,x3\n")
    (chunk,) = stream.Dataset({"f": path}).chunks()
    np.testing.assert_array_equal(chunk.blocks["f"], np.hstack([a, a]))


# -- what goes wrong -----------------------------------------------------------------------------


def test_models_that_are_none(tmp_path: Path) -> None:
    data = stream.Dataset({"a": np.eye(3)})
    with pytest.raises(NotFittedError, match="This FusionClassifier instance is not fitted yet"):
        stream.predict(pf.FusionClassifier(), data, tmp_path / "p.npy")
    with pytest.raises(TypeError, match="model must be a transformer; a FusionClassifier is none"):
        stream.transform(pf.FusionClassifier(), data, tmp_path / "p.npy")


def test_files_that_are_not_what_they_say(tmp_path: Path) -> None:
    x = np.zeros((100, 4))
    path = tmp_path / "x.npy"
    np.save(path, x)
    whole = path.read_bytes()
    for content, what in (
        (whole[:-8], "is truncated: its header takes 3328 bytes, and it has 3320"),
        (whole[:20], "cannot be read: EOF"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "cannot be read: EOF"),
    ):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=what):
            stream.Dataset({"a": path})
    with pytest.raises(SourceError, match=r"a=.*cannot be opened: No such file"):
        stream.Dataset({"a": tmp_path / "none.npy"})
    np.save(path, np.array([[{}]]))
    with pytest.raises(SourceError, match="holds Python objects, pickled"):
        stream.Dataset({"a": path})
    with pytest.raises(SourceError, match=r"b has 3 rows, and a 4"):
        stream.Dataset({"a": np.ones((4, 1)), "b": np.ones((3, 1))})


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1000, 4)))
    data = stream.Dataset({"a": tmp_path / "x.npy"})
    os.truncate(tmp_path / "x.npy", 9000)
    with pytest.raises(SourceError, match="has shrunk since it was opened"):
        stream.fuse(data, "concatenate", tmp_path / "out.npy")
    assert not (tmp_path / "out.npy").exists()


def test_the_row_with_a_nan_is_named(folder: Path, blocks: Blocks, tmp_path: Path) -> None:
    hurt = {name: x.copy() for name, x in blocks.items()}
    hurt["image"][1234, 5] = np.nan
    y = np.load(folder / "y.npy")
    data = stream.Dataset(hurt, y)
    where = r"image contains NaN in row 1234, column 5"
    for scaler in (None, "standard"):
        model = lm.SGDClassifier(scaler=scaler, max_iter=2, tol=None)
        with pytest.raises(SourceError, match=where):
            stream.fit(model, data)
        assert not hasattr(model, "coef_")
    fitted = pf.FusionClassifier(max_iter=3).fit(blocks, y)
    with pytest.raises(SourceError, match=where):
        stream.predict(fitted, data, tmp_path / "p.npy")
    hurt["image"][1234, 5] = np.inf
    with pytest.raises(SourceError, match=r"contains infinity in row 1234, column 5"):
        stream.fit_scalers(data)


def test_what_does_not_stream_says_so(folder: Path) -> None:
    data = opened(folder)
    with pytest.raises(ValueError, match="early_stopping=True is not for streams"):
        stream.fit(lm.SGDClassifier(early_stopping=True), data)
    with pytest.raises(TypeError, match="model must be a scaler, a Fusion or a linear model"):
        stream.fit(object(), data)
    with pytest.raises(ValueError, match="data must have a target"):
        stream.fit(lm.SGDClassifier(), opened(folder, None))
    with pytest.raises(ValueError, match="projection must be None or 'random'"):
        stream.fit(pf.fusion.Fusion("mean", projection="pca", n_components=2), data)
    with pytest.raises(TypeError, match=r"data must be a polyfuse.stream.Dataset; got dict"):
        stream.evaluate(lm.SGDClassifier(), {})
    with pytest.raises(ValueError, match="output must end in .npy or .csv; got 'x.txt'"):
        stream.fuse(data, "concatenate", "x.txt")


# -- jobs that are interrupted -------------------------------------------------------------------


class _Killed(BaseException):
    pass


def killed_after(n: int) -> Any:
    """A progress that ends the job at its n-th call."""
    left = [n]

    def progress(what: str, rows: int, n_rows: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise _Killed

    return progress


def resumed(job: Any, rng: np.random.Generator) -> int:
    """Run a job, ended at random moments, until it is done; how often it was."""
    for times in range(100):
        try:
            job(resume=True, progress=killed_after(int(rng.integers(1, 9))))
        except _Killed:
            continue
        return times
    raise AssertionError("the job never ends")


def test_an_interrupted_fuse_ends_with_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    data, rng = opened(folder, None), np.random.default_rng(0)
    expected, path = tmp_path / "expected.npy", tmp_path / "fused.npy"
    stream.fuse(data, "concatenate", expected, scaler="standard")

    def job(**options: Any) -> None:
        assert not path.exists()
        stream.fuse(opened(folder, None), "concatenate", path, scaler="standard", **options)

    assert resumed(job, rng) > 1
    assert path.read_bytes() == expected.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["expected.npy", "fused.npy"]


@pytest.mark.filterwarnings("ignore::polyfuse.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("k", "seed"), [(0, None), (1, 5), (3, None), (6, 5)])
def test_an_interrupted_fit_ends_with_the_same_bits(
    k: int, seed: int | None, folder: Path, tmp_path: Path
) -> None:
    model = pf_clone(MODELS[k]).set_params(shuffle=seed is not None, random_state=seed, max_iter=3)
    data = opened(folder, "y" if hasattr(model, "class_weight") else "numbers")
    expected = stream.fit(pf_clone(model), data)
    own = pf_clone(model)

    def job(**options: Any) -> None:
        stream.fit(own, data, checkpoint=tmp_path / "c", **options)

    assert resumed(job, np.random.default_rng(k)) > 1
    alike(own, expected)
    assert not os.listdir(tmp_path)


def test_a_checkpoint_of_another_job_is_refused(folder: Path, tmp_path: Path) -> None:
    data, path = opened(folder, None), tmp_path / "fused.npy"
    with pytest.raises(_Killed):
        stream.fuse(data, "concatenate", path, scaler="standard", progress=killed_after(4))
    kept = (tmp_path / "fused.npy.checkpoint").read_bytes()
    with pytest.raises(SourceError, match="is of another job: model was .*robust"):
        stream.fuse(data, "concatenate", path, scaler="robust", resume=True)
    other = stream.Dataset({"image": folder / "image.npy"})
    with pytest.raises(SourceError, match="is of another job: data"):
        stream.fuse(other, "concatenate", path, scaler="standard", resume=True)
    assert (tmp_path / "fused.npy.checkpoint").read_bytes() == kept
    (tmp_path / "fused.npy.checkpoint").write_bytes(kept[:-3])
    with pytest.raises(SourceError, match="is no checkpoint that can be read"):
        stream.fuse(data, "concatenate", path, scaler="standard", resume=True)


def test_a_full_disk_leaves_the_checkpoint(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "fused.npy", os.pwrite
    written = [0]

    def pwrite(fd: int, view: Any, place: int) -> int:
        written[0] += 1
        if written[0] > 5:
            raise OSError(28, "No space left on device")
        return real(fd, view, place)

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(SourceError, match=r"output .*fused.npy cannot be written: No space left"):
        stream.fuse(opened(folder, None), "concatenate", path)
    assert not path.exists()
    monkeypatch.setattr(os, "pwrite", real)
    stream.fuse(opened(folder, None), "concatenate", path, resume=True)
    stream.fuse(opened(folder, None), "concatenate", tmp_path / "expected.npy")
    assert path.read_bytes() == (tmp_path / "expected.npy").read_bytes()


def test_a_warning_of_too_few_epochs_is_that_of_fit(folder: Path) -> None:
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration"):
        stream.fit(lm.SGDClassifier(max_iter=2, tol=1e-9), opened(folder))
