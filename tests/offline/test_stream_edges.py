"""Streams at their edges: names, folders, models of other libraries, outputs, checkpoints."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfuse import linear_model as lm
from polyfuse import stream
from polyfuse.exceptions import NotFittedError, SourceError
from polyfuse.multimodal import FusionClassifier
from polyfuse.preprocessing import StandardScaler

X = np.random.default_rng(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("name", ["target", "sample_weight"])
def test_what_is_read_beside_modalities_lends_them_no_name(name: str) -> None:
    one_column = {"a": X, name: X[:, :1]}
    for given in ({name: X}, one_column, iter([one_column]), iter([(one_column, Y)])):
        with pytest.raises(SourceError, match=f"A modality cannot be called '{name}'"):
            stream.Dataset(given)


def test_tables_that_a_writer_hides_are_not_read(tmp_path: Path) -> None:
    for inside in ("year=2024", "_temporary/0", ".spark"):
        (tmp_path / inside).mkdir(parents=True)
        (tmp_path / inside / "part.csv").write_text("a,b\n1,2\n3,4\n")
    assert stream.Dataset({"a": tmp_path}).n_rows == 2


def test_labels_without_a_character_are_rows_of_csv(tmp_path: Path) -> None:
    labels = np.array(["", 'b,"'])[Y]
    model = lm.SGDClassifier(random_state=0).fit(X, labels)
    stream.predict(model, stream.Dataset(X), tmp_path / "out.csv")
    again = stream.open_source("out", tmp_path / "out.csv", one_per_row=True)
    np.testing.assert_array_equal(again.read(0, again.n_rows), model.predict(X))


def test_classifiers_of_scikit_learn_are_evaluated_as_such() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    pipeline = pytest.importorskip("sklearn.pipeline")
    for model in (linear_model.LogisticRegression(), lm.SGDClassifier(random_state=0)):
        steps = pipeline.make_pipeline(StandardScaler(), model).fit(X, Y)
        found = stream.evaluate(steps, stream.Dataset(X, Y))
        assert found.scores["accuracy"] == steps.score(X, Y)


def test_chunks_that_there_cannot_be() -> None:
    data = stream.Dataset(X, memory_limit=np.int64(10**8))
    for options, said in (
        ({"rows": 0}, "rows must be an integer of at least 1; got 0"),
        ({"rows": 7.0}, "rows must be an integer of at least 1; got 7.0"),
        ({"start": -1}, "start must be an integer of at least 0; got -1"),
        ({"rows": 20, "order": [1, 3]}, "order must hold numbers from 0 to 2"),
    ):
        with pytest.raises(ValueError, match=said):
            list(data.chunks(**options))  # type: ignore[arg-type]


def test_a_model_that_is_not_fitted_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="This SGDClassifier instance is not fitted yet"):
        stream.predict(lm.SGDClassifier(), stream.Dataset(X), tmp_path / "out.npy")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_a_source_is_refused(tmp_path: Path) -> None:
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, X)
    (tmp_path / "link.npy").symlink_to(tmp_path / "a.npy")
    data = stream.Dataset({"a": [tmp_path / "b.npy", tmp_path / "a.npy"]})
    for name in ("a.npy", "link.npy"):
        with pytest.raises(ValueError, match="would replace a=.*, which is read"):
            stream.fuse(data, "mean", tmp_path / name)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), X)


def interrupted(what: str, rows: int, n_rows: int) -> None:
    raise KeyboardInterrupt


def start(monkeypatch: pytest.MonkeyPatch, job: Any, **options: Any) -> None:
    """A job that is interrupted in its third chunk, of which two have been noted."""
    told: list[int] = []

    def progress(what: str, rows: int, n_rows: int) -> None:
        told.append(rows)
        if len(told) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(stream._dataset, "_CHUNK_BYTES", 320)
    monkeypatch.setattr(stream._jobs, "_EVERY", 0.0)
    monkeypatch.setattr(stream._jobs, "_SHARE", np.inf)
    with pytest.raises(KeyboardInterrupt):
        job(progress=progress, **options)


def test_predictions_of_another_model_are_not_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = lm.LinearRegression().fit(X, Y)
    other = copy(model)
    other.intercept_ = model.intercept_ + 100.0  # a number, which stands in no array
    data, out = stream.Dataset(X), tmp_path / "out.npy"
    start(monkeypatch, lambda **options: stream.predict(model, data, out, **options))
    with pytest.raises(SourceError, match=r"out\.npy\.checkpoint is of another job: mark was"):
        stream.predict(other, data, out, resume=True)


def test_a_fit_with_another_fitted_scaler_is_not_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data, path = stream.Dataset(X, Y), tmp_path / "fit.checkpoint"

    def model(scaler: Any) -> Any:
        return lm.SGDClassifier(max_iter=3, tol=None, random_state=0, scaler=scaler)

    one, two = StandardScaler().fit(X), StandardScaler().fit(X + 1.0)
    start(monkeypatch, lambda **o: stream.fit(model(one), data, checkpoint=path, **o))
    with pytest.raises(SourceError, match="is of another job: mark was"):
        stream.fit(model(two), data, checkpoint=path, resume=True)
    again = stream.fit(model(StandardScaler().fit(X)), data, checkpoint=path, resume=True)
    whole = stream.fit(model(one), data)
    np.testing.assert_array_equal(again.coef_, whole.coef_)


def test_an_interrupted_job_without_a_note_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stream.fuse(stream.Dataset({"a": X}), "mean", tmp_path / "o.npy", progress=interrupted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pieces", [False, True])
def test_arrays_of_the_other_byte_order_and_unaligned_ones(pieces: bool) -> None:
    missing = np.where(np.arange(60)[:, None] % 3, X, np.nan)
    odd = np.frombuffer(b"." + missing.tobytes(), np.float64, offset=1).reshape(X.shape)
    assert not odd.flags.aligned
    expected = FusionClassifier(max_iter=5, level="late").fit({"a": X, "b": missing}, Y)
    for b in (missing.astype(missing.dtype.newbyteorder()), odd):
        blocks = {"a": X, "b": b}
        data = stream.Dataset(iter([(blocks, Y)])) if pieces else stream.Dataset(blocks, Y)
        assert data.dtypes["b"] == np.float64
        model = stream.fit(FusionClassifier(max_iter=5, level="late"), data)
        for name, coef in expected.coef_.items():
            np.testing.assert_array_equal(model.coef_[name], coef)
