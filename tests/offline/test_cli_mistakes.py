"""What a reader of the docs does wrong on the command line, and is told."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import _cli_progress, cli, stream

N = 60
BOTH = ("--modality", "image=a.npy", "--modality", "text=b.npy")
Run = Callable[..., str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sources and a model."""
    monkeypatch.chdir(tmp_path)
    a, b = rng.normal(size=(N, 3)), rng.normal(size=(N, 2))
    y = np.where(a[:, 0] > 0, "cat", "dog")
    for name, array in {"a": a, "b": b, "y": y, "ids": np.arange(N)}.items():
        np.save(f"{name}.npy", array)
    model = pf.linear_model.SGDClassifier("log_loss", scaler="standard", random_state=0)
    model.fit({"image": a, "text": b}, y).save("known")
    return tmp_path


@pytest.fixture
def wrong(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that fails, and gives the one line that it says."""

    def run(*arguments: str, code: int = 2) -> str:
        ended = cli.main(arguments)
        out, err = capsys.readouterr()
        assert (ended, out, err.count("\n")) == (code, "", 1), err
        return err.removeprefix("polyfuse: error: ").rstrip("\n")

    return run


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("train", *BOTH, "--target", "y.npy", "--output", "y.npy"), "target=y.npy"),
        (("predict", "--model", "known", *BOTH, "--output", "./b.npy"), "text=b.npy"),
        (("fuse", *BOTH, "--output", "a.npy"), "image=a.npy"),
        (("fuse", "--modality", "x=[ab].npy", "--output", "link.npy"), "x=[ab].npy"),
        (("fuse", *BOTH, "--key", "image=ids.npy", "--key", "text=ids.npy", "--output", "ids.npy"),
         "--key ids.npy"),
        (("evaluate", "--model", "known", *BOTH, "--target", "y.npy", "--output", "known"),
         "known"),
    ],
)  # fmt: skip
def test_no_output_replaces_what_is_read(wrong: Run, arguments: tuple[str, ...], name: str) -> None:
    np.save("b.npy", np.zeros((N, 3 if "x=[ab].npy" in arguments else 2)))
    Path("link.npy").symlink_to("a.npy")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    output = arguments[-1]
    assert wrong(*arguments) == (
        f"output {output} would replace {name}, which is read: give it another name."
    )
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("source", ["a.npy", "y.npy", "c.npz:x"])
def test_no_report_replaces_what_is_read(wrong: Run, source: str) -> None:
    np.savez("c.npz", x=np.load("a.npy"))
    files = ("--modality", "image=a.npy", "--modality", "text=c.npz:x", "--target", "y.npy")
    file = source.partition(":")[0]
    whole = Path(file).read_bytes()
    said = wrong("run", *files, "--output", file)
    assert said.startswith(f"--output {file} would replace ")
    assert said.endswith(f"={source}, which is read")
    assert Path(file).read_bytes() == whole


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required: COMMAND; see polyfuse --help"),
        (("train", "--modalty", "a=b"), "arguments: --modalty; see polyfuse COMMAND --help"),
        (("completion", "tcsh"), "'fish'); see polyfuse completion --help"),
        (("train", *BOTH, "--target", "y.npy", "--output", "m", "--level", "late"),
         "no parameter of SGDClassifier; it is of --model fusion"),
        (("predict", "--model", "regressor", *BOTH, "--method", "predict_proba", "--output",
          "p.csv"), "SGDRegressor has no predict_proba; method must be one of ['predict']."),
    ],
)  # fmt: skip
def test_options(wrong: Run, arguments: tuple[str, ...], said: str) -> None:
    blocks = {"image": np.load("a.npy"), "text": np.load("b.npy")}
    pf.linear_model.SGDRegressor().fit(blocks, np.arange(N)).save("regressor")
    assert wrong(*arguments).endswith(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "a.npy"), "it is no safetensors file; its header would be "),
        (("train", *BOTH, "--target", "objects.npy", "--output", "m"),
         "target=objects.npy holds Python objects, pickled, which are not read; save text as "),
        (("train", *BOTH, "--target", "objects.npz:y", "--output", "m"),
         "target=objects.npz:y holds Python objects, pickled, which are not read; save text as "),
        (("fuse", *BOTH, "--key", "id", "--output", "f.npy"),
         "or --key image=keys.npy on the command line."),
    ],
)  # fmt: skip
def test_files(wrong: Run, arguments: tuple[str, ...], said: str) -> None:
    objects = np.load("y.npy").astype(object)
    np.save("objects.npy", objects)
    np.savez("objects.npz", y=objects)
    assert said in wrong(*arguments, code=3)


def test_a_row_that_is_missing(wrong: Run) -> None:
    b = np.load("b.npy")
    b[7, 1] = np.nan
    np.save("b.npy", b)
    train = ("train", *BOTH, "--target", "y.npy", "--output", "m")
    said = "text=b.npy contains NaN in row 7, column "
    assert wrong(*train, code=3) == f"{said}1: fill it first."
    b[7] = np.nan
    np.save("b.npy", b)
    missing = f"{said}0: fill it first; to fusion models a row of NaN alone is missing."
    assert wrong(*train, code=3) == missing
    assert cli.main((*train, "--model", "fusion")) == 0


REGRESS = ("--task", "regression")
TARGETS = {
    "half": np.arange(N) / 2,
    "nan": np.r_[np.arange(N - 1) % 2, np.nan],
    "one": np.ones(N),
    "same": np.full(N, "cat"),
    "birds": np.array(["owl", "hen", "jay", "auk"])[np.arange(N) % 4],
}


@pytest.mark.parametrize(
    ("target", "more", "said"),
    [
        ("birds", REGRESS, "target=birds.npy must hold numbers; got 'owl' in row 0."),
        ("half", ("--task", "classification"),
         "target=half.npy holds 0.5, and must hold classes; --task regression learns them."),
        ("nan", (), "target=nan.npy holds nan in row 59: leave such rows out."),
        ("nan", REGRESS, "target=nan.npy holds nan in row 59: leave such rows out."),
        ("one", (), "target=one.npy holds a single class, 1.0: it takes two to learn."),
        ("same", (), "target=same.npy holds a single class, 'cat': it takes two to learn."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["sgd", "gd", "fusion"])
def test_targets_that_cannot_be_learned(
    wrong: Run, target: str, more: tuple[str, ...], said: str, kind: str
) -> None:
    np.save(f"{target}.npy", TARGETS[target])
    train = ("train", *BOTH, "--target", f"{target}.npy", "--model", kind, "--output", "m")
    assert wrong(*train, *more, code=3) == said
    assert not Path("m").exists()


@pytest.mark.parametrize("command", ["evaluate", "explain"])
@pytest.mark.parametrize(
    ("model", "target", "said"),
    [
        ("known", "half", "holds 0.5, and must hold classes, which known tells."),
        ("known", "one", "holds 1.0, and none of the classes of known: 'cat', 'dog'."),
        ("known", "birds",
         "holds 'auk', 'hen', 'jay', ..., and none of the classes of known: 'cat', 'dog'."),
        ("numbers", "birds", "must hold numbers; got 'owl' in row 0."),
    ],
)  # fmt: skip
def test_targets_that_a_model_does_not_tell(
    wrong: Run, command: str, model: str, target: str, said: str
) -> None:
    np.save(f"{target}.npy", TARGETS[target])
    blocks = {"image": np.load("a.npy"), "text": np.load("b.npy")}
    pf.linear_model.SGDRegressor().fit(blocks, np.arange(N)).save("numbers")
    told = wrong(command, "--model", model, *BOTH, "--target", f"{target}.npy", code=3)
    assert told == f"target={target}.npy {said}"


def test_resumed_without_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    fuse = ("fuse", *BOTH, "--output", "f.npy", "--resume")
    assert cli.main(fuse) == 0
    said = "polyfuse: there is no f.npy.checkpoint: the job starts at the beginning\n"
    assert capsys.readouterr().err == said
    assert cli.main((*fuse, "--quiet")) == 0
    assert capsys.readouterr() == ("", "")


def test_a_source_that_was_written_to(wrong: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: object, what: str, rows: int, n_rows: int) -> None:
        if what == "epoch 2":
            raise KeyboardInterrupt

    monkeypatch.setattr(stream._jobs, "_EVERY", 0.0)
    monkeypatch.setattr(stream._jobs, "_SHARE", 1e9)
    train = ("train", *BOTH, "--target", "y.npy", "--epochs", "3", "--output", "m")
    with monkeypatch.context() as patch:
        patch.setattr(_cli_progress.JobProgress, "__call__", interrupt)
        wrong(*train, code=130)
    os.utime("b.npy", ns=(1, 1))
    said = "m.checkpoint is of another job: data, text=b.npy was written to since. Delete it to "
    assert wrong(*train, "--resume", code=3).startswith(said)


def test_interrupted_before_a_checkpoint(wrong: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: object, *what: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_cli_progress.JobProgress, "__call__", interrupt)
    said = wrong("fuse", *BOTH, "--output", "f.npy", code=130)
    assert said == "polyfuse: interrupted, before there was a checkpoint"


@pytest.mark.parametrize(
    ("columns", "more"),
    [(100, ", 2,000 rows/s, 80 MB/s, 4 s left"), (70, ", 2,000 rows/s, 4 s left"),
     (60, ", 4 s left"), (30, "")],
)  # fmt: skip
def test_a_narrow_terminal_shows_what_is_left(
    columns: int, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    now = [0.0]
    monkeypatch.setattr(_cli_progress, "monotonic", lambda: now[0])
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = Terminal()
    progress = _cli_progress.JobProgress(40_000, 2, stream=shown)
    progress("scalers", 5000, 5000)
    now[0] = 1.0
    progress("epoch 1", 2000, 5000)
    line = f"epoch 1 of 2: 2,000 of 5,000 rows (40 %){more}"
    assert shown.getvalue() == f"\r\x1b[2K{line[: columns - 1]}"


def test_info_fits_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(("info", "known")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "  parameters  alpha=0.0001, " in "\n".join(lines)
