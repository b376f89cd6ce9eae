"""Jobs of the command line: what they write, how they end, and that nothing is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import _cli_models, _cli_progress, cli, stream
from polyfuse._cli_options import JOBS, OPTIONS
from polyfuse._cli_parser import SHELLS

N = 1200
BOTH = ("--modality", "image=a.npy", "--modality", "text=b.npy")
TRAIN = ("train", *BOTH, "--target", "y.npy", "--epochs", "3", "--output", "m.safetensors")
ONCE = ("train", *BOTH, "--target", "y.npy", "--output", "m.safetensors")
PREDICT = ("predict", "--model", "known", *BOTH, "--output", "p.csv")
FUSE = ("fuse", *BOTH, "--scaler", "standard", "--output", "f.npy")
DESCEND = (*TRAIN[:-2], "--model", "gd", "--output", "gd.safetensors")
LATE = (*TRAIN[:-2], "--model", "fusion", "--output", "late.safetensors")
WRITING = pytest.mark.parametrize(
    "job",
    [TRAIN, DESCEND, LATE, PREDICT, FUSE],
    ids=["train", "descend", "late", "predict", "fuse"],
)
Said = tuple[str, str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sources and a model, small chunks, and a checkpoint after each."""
    x = rng.normal(size=(N, 6))
    y = np.where(x[:, 0] + x[:, 1] > 0, "cat", "dog")
    np.save(tmp_path / "a.npy", x[:, :4])
    np.save(tmp_path / "b.npy", x[:, 1:].astype(np.float32))
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "r.npy", 3.0 * x[:, 0] + 0.5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stream._dataset, "_CHUNK_BYTES", 8_000)
    monkeypatch.setattr(stream._jobs, "_EVERY", 0.0)
    monkeypatch.setattr(stream._jobs, "_SHARE", 1e9)
    blocks = {"image": x[:, :4], "text": x[:, 1:].astype(np.float32)}
    model = pf.linear_model.SGDClassifier("log_loss", scaler="standard", random_state=0)
    model.fit(blocks, y).save("known")
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command, expects an exit code, and gives what it has printed."""

    def run(*arguments: str, code: int = 0) -> Said:
        ended = cli.main(arguments)
        out, err = capsys.readouterr()
        assert ended == code, err
        assert "Traceback" not in err
        return out, err

    return run


def interrupt_after(
    n: int, monkeypatch: pytest.MonkeyPatch, error: Any = KeyboardInterrupt
) -> None:
    """The n-th chunk that is told of is the last."""
    told = []

    def progress(self: object, *what: object) -> None:
        told.append(what)
        if len(told) == n:
            raise error

    monkeypatch.setattr(_cli_progress.JobProgress, "__call__", progress)


# -- what they do --------------------------------------------------------------------------------


def test_what_is_trained_is_what_python_trains(run: Callable[..., Said]) -> None:
    out, err = run(*TRAIN)
    assert out.startswith("m.safetensors: SGDClassifier of 1,200 rows, 3 epochs, ")
    assert err == ""
    model = pf.linear_model.SGDClassifier(
        "log_loss", scaler="standard", arithmetic="fast", max_iter=3, tol=None, random_state=0
    )
    data = stream.Dataset({"image": "a.npy", "text": "b.npy"}, target="y.npy")
    stream.fit(model, data).save("python")
    assert Path("m.safetensors").read_bytes() == Path("python").read_bytes()
    assert sorted(os.listdir())[-3:] == ["python", "r.npy", "y.npy"]
    assert not list(Path().glob("*.partial")) + list(Path().glob("*.checkpoint"))


def test_settings_that_were_saved_do_the_same(run: Callable[..., Said]) -> None:
    more = ("--set", "penalty=l1", "--set", "average=true", "--scaler", "image=minmax")
    run(*TRAIN, *more, "--scaler", "text=none", "--no-shuffle", "--alpha", "1e-3")
    whole, saved = Path("m.safetensors").read_bytes(), Path("m.safetensors.toml").read_text()
    model = pf.load("m.safetensors")
    assert (model.penalty, model.average, model.shuffle, model.alpha) == ("l1", True, False, 1e-3)
    assert model.scaler == {"image": "minmax", "text": None}
    os.remove("m.safetensors")
    os.mkdir("elsewhere")
    os.chdir("elsewhere")
    run("train", "../m.safetensors.toml")
    os.chdir("..")
    assert Path("m.safetensors").read_bytes() == whole
    assert Path("m.safetensors.toml").read_text() == saved
    assert tomllib.loads(saved)["modalities"] == {
        "image": os.path.abspath("a.npy"), "text": os.path.abspath("b.npy"),
    }  # fmt: skip


def test_a_file_of_settings_and_options_over_it(run: Callable[..., Said]) -> None:
    os.mkdir("jobs")
    Path("jobs/job.toml").write_text(
        'target = "../y.npy"\noutput = "m.out"\nepochs = 2\nmemory_limit = "1MB"\n'
        '[modalities]\nimage = ["../a.npy"]\ntext = "../b.npy"\n'
        '[model]\nkind = "perceptron"\npenalty = "l2"\ntol = "none"\n'
    )
    out, _ = run("train", "jobs/job.toml", "--epochs", "4", "--set", "alpha=0.01", "--json")
    assert json.loads(out)["model"] == "Perceptron"
    model = pf.load("jobs/m.out")
    assert (model.max_iter, model.penalty, model.alpha, model.tol) == (4, "l2", 0.01, None)


@pytest.mark.parametrize("kind", ["sgd", "gd", "fusion"])
def test_numbers_with_fractions_are_regressed(run: Callable[..., Said], kind: str) -> None:
    run("train", *BOTH, "--target", "r.npy", "--model", kind, "--output", "m", "--quiet")
    assert type(pf.load("m")).__name__.endswith("Regressor")
    scores = ("--model", "m", *BOTH, "--target", "r.npy", "--json")
    assert json.loads(run("evaluate", *scores)[0])["scores"]["r2"] > 0.99
    if kind != "gd":
        shares = json.loads(run("explain", *scores)[0])
        assert shares["contributions"]["image"] > 0.9
        assert shares["shapley"]["metric"] == "r2_score"


def test_fused_and_predicted_rows_are_those_of_memory(run: Callable[..., Said]) -> None:
    blocks = {"image": np.load("a.npy"), "text": np.load("b.npy")}
    run(*FUSE)
    np.save("own.npy", pf.fusion.Fusion("concatenate", scaler="standard").fit_transform(blocks))
    assert Path("f.npy").read_bytes() == Path("own.npy").read_bytes()
    run(*PREDICT)
    lines = Path("p.csv").read_text().splitlines()
    assert lines == ["prediction", *pf.load("known").predict(blocks)]
    run("fuse", "--modality", "a=a.npy", "--modality", "b=a.npy", "--op", "weighted_sum",
        "--weights", "a=2", "--weights", "b=-1", "--output", "w.npy")  # fmt: skip
    np.testing.assert_allclose(np.load("w.npy"), np.load("a.npy"))
    run("predict", "--model", "known", *BOTH, "--method", "decision_function", "--output", "d.npy")
    np.testing.assert_array_equal(np.load("d.npy"), pf.load("known").decision_function(blocks))


def test_what_a_linear_model_says_of_each_block_adds_up() -> None:
    blocks = {"image": np.load("a.npy"), "text": np.load("b.npy")}
    y = np.array(["ant", "bee", "cat"])[np.abs(blocks["image"][:, :3]).argmax(axis=1)]
    data = stream.Dataset(blocks, target=y)
    for model in (pf.load("known"), pf.linear_model.Perceptron(scaler="standard").fit(blocks, y)):
        scores = stream.modality_scores(model, data)
        added = sum(scores.parts) + model.intercept_
        wanted = model.decision_function(blocks).reshape(N, -1)
        np.testing.assert_allclose(added, wanted, rtol=1e-10, atol=1e-10)
        np.testing.assert_array_equal(scores.predict(), model.predict(blocks))


def test_evaluate_and_explain(run: Callable[..., Said]) -> None:
    judged = ("--model", "known", *BOTH, "--target", "y.npy")
    table = run("evaluate", *judged, "--output", "scores.json")[0]
    assert table.startswith("1,200 rows\n  accuracy ")
    accuracy = json.loads(Path("scores.json").read_text())["scores"]["accuracy"]
    assert accuracy == pf.load("known").score(
        {"image": np.load("a.npy"), "text": np.load("b.npy")}, np.load("y.npy")
    )
    out = run("explain", *judged)[0]
    assert "Contributions: shares of the decisions in 1200 rows\n  image  0." in out
    told = json.loads(run("explain", *judged, "--json")[0])
    shapley = told["shapley"]
    assert shapley["total"] == accuracy
    gained = shapley["total"] - shapley["empty"]
    assert sum(shapley["values"].values()) == pytest.approx(gained)
    assert "shapley" not in json.loads(run("explain", *judged[:-2], "--json")[0])


def test_a_model_of_one_matrix(run: Callable[..., Said]) -> None:
    pf.linear_model.SGDClassifier(random_state=0).fit(np.load("a.npy"), np.load("y.npy")).save("m")
    out = run("evaluate", "--model", "m", "--modality", "any=a.npy", "--target", "y.npy")[0]
    assert "accuracy" in out
    said = run("predict", "--model", "m", *BOTH, "--output", "p.npy", code=2)[1]
    assert "m was trained on one matrix; got image, text" in said


def test_key(run: Callable[..., Said]) -> None:
    np.save("ids.npy", np.arange(N))
    np.save("back.npy", np.arange(N)[::-1])
    keys = ("--key", "image=ids.npy", "--key", "text=back.npy")
    run("fuse", *BOTH, *keys, "--output", "f.npy")
    np.testing.assert_array_equal(np.load("f.npy")[:, 4:], np.load("b.npy")[::-1])


def test_info_of_files(run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(run("info", "known", "--json")[0])
    assert told["class"] == "SGDClassifier"
    assert told["parameters"]["loss"] == "log_loss"
    assert told["modalities"] == {"image": 4, "text": 5}
    assert told["classes"] == ["cat", "dog"]
    assert told["bytes"] == os.path.getsize("known")
    interrupt_after(13, monkeypatch)
    run(*TRAIN, code=130)
    out = run("info", "m.safetensors.checkpoint")[0]
    assert "checkpoint of  fit\n" in out
    assert re.search(r"done +epoch 1, \d chunks of it\n", out)
    assert "a.npy" in out
    assert "polyfuse: error: 'y.npy'" in run("info", "y.npy", code=3)[1]
    assert json.loads(run("info", "--json")[0])["threads"] >= 1


# -- interrupted, and resumed --------------------------------------------------------------------


@WRITING
@pytest.mark.parametrize("n", [2, 9, 13])
def test_resumed_jobs_end_with_the_same_bytes(
    run: Callable[..., Said], job: tuple[str, ...], n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = job[-1]
    told: list[tuple[Any, ...]] = []
    with monkeypatch.context() as patch:
        patch.setattr(_cli_progress.JobProgress, "__call__", lambda self, *what: told.append(what))
        run(*job)
    first, n = told[0], min(n, len(told) - 1)
    whole = Path(output).read_bytes()
    os.remove(output)
    with monkeypatch.context() as patch:
        interrupt_after(n, patch)
        out, err = run(*job, "--json", code=130)
    hint = f"interrupted; the same command with --resume goes on from {output}.checkpoint"
    assert err == f"polyfuse: {hint}\n"
    assert json.loads(out) == {"error": hint, "code": 130}
    assert not os.path.exists(output)
    told.clear()
    with monkeypatch.context() as patch:
        patch.setattr(_cli_progress.JobProgress, "__call__", lambda self, *what: told.append(what))
        run(*job, "--resume")
    assert Path(output).read_bytes() == whole
    assert told[0] != first  # it did not begin anew
    assert not list(Path().glob("*.partial")) + list(Path().glob("*.checkpoint"))


def test_a_process_that_ended_after_it_renamed_its_output(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*FUSE)
    whole = Path("f.npy").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(stream._jobs.Job, "done", lambda self: None)
        run(*FUSE)
    assert Path("f.npy.checkpoint").exists()
    run(*FUSE, "--resume")
    assert Path("f.npy").read_bytes() == whole
    assert not Path("f.npy.checkpoint").exists()


def test_a_job_that_begins_anew_takes_away_what_told_of_another(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first would go on in a file of the second."""
    with monkeypatch.context() as patch:
        interrupt_after(14, patch)
        run(*FUSE, code=130)
        patch.setattr(stream._jobs, "_EVERY", 1e9)
        interrupt_after(4, patch)
        run("fuse", *BOTH, "--output", "f.npy", code=130)
    assert not Path("f.npy.checkpoint").exists()


def test_a_model_that_cannot_be_saved_keeps_its_checkpoint(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*TRAIN)
    whole = Path("m.safetensors").read_bytes()
    os.remove("m.safetensors")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_cli_models.persistence, "save", full)
        said = run(*TRAIN, code=4)[1]
    assert said == (
        "polyfuse: error: output m.safetensors cannot be written: No space left on device.\n"
    )
    assert not os.path.exists("m.safetensors")
    run(*TRAIN, "--resume")
    assert Path("m.safetensors").read_bytes() == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(number: int, folder: Path) -> None:
    np.save("a.npy", np.zeros((1_000_000, 4)))
    command = [sys.executable, "-m", "polyfuse", "fuse", "--modality", "image=a.npy"]
    process = subprocess.Popen(
        [*command, "--output", "f.csv"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    while not Path("f.csv.partial").exists():
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("polyfuse: interrupted")
    assert err.count("\n") == 1
    assert not Path("f.csv").exists()


# -- what goes wrong -----------------------------------------------------------------------------


def half(path: str) -> None:
    os.truncate(path, os.path.getsize(path) // 2)


def poison(path: str) -> None:
    x = np.load(path)
    x[-3, 1] = np.nan
    np.save(path, x)


@WRITING
@pytest.mark.parametrize("change", [half, poison, os.remove])
def test_a_source_that_is_another_when_a_job_is_resumed(
    run: Callable[..., Said], job: tuple[str, ...], change: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context() as patch:
        interrupt_after(6, patch)
        run(*job, code=130)
    kept = Path(f"{job[-1]}.checkpoint").read_bytes()
    change("a.npy")
    said = run(*job, "--resume", code=3)[1]
    assert said.startswith("polyfuse: error: ")
    assert said.count("\n") == 1
    assert "a.npy" in said
    assert Path(f"{job[-1]}.checkpoint").read_bytes() == kept
    assert not os.path.exists(job[-1])


@pytest.mark.parametrize("job", [TRAIN, PREDICT])
def test_a_chunk_with_nan(run: Callable[..., Said], job: tuple[str, ...]) -> None:
    poison("a.npy")
    out, err = run(*job, "--json", code=3)
    message = f"image=a.npy contains NaN in row {N - 3}, column 1: fill it first."
    assert err == f"polyfuse: error: {message}\n"
    assert json.loads(out) == {"error": message, "code": 3}
    assert not os.path.exists(job[-1])


@WRITING
def test_a_disk_that_is_full(
    run: Callable[..., Said], job: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(6, patch)
        run(*job, code=130)
    kept = Path(f"{job[-1]}.checkpoint").read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        patch.setattr(stream._jobs, "write", full)
        said = run(*job, "--resume", code=4)[1]
    assert said.startswith(f"polyfuse: error: output {job[-1]}")
    assert said.endswith("cannot be written: No space left on device.\n")
    assert Path(f"{job[-1]}.checkpoint").read_bytes() == kept
    assert not os.path.exists(job[-1])
    run(*job, "--resume")
    assert os.path.exists(job[-1])


def test_errors_that_nobody_thought_of(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after(1, monkeypatch, ZeroDivisionError("by\nzero"))
    said = run(*FUSE, code=1)[1]
    assert said == ("polyfuse: error: ZeroDivisionError: by zero (a defect: please report it)\n")
    interrupt_after(1, monkeypatch, MemoryError())
    assert run(*FUSE, code=1)[1] == "polyfuse: error: not enough memory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train",), "required: --modality, --target, --output"),
        (("fuse", "--modality", "a.npy"), "--modality must be NAME=...; got 'a.npy'"),
        (("fuse", "--modality", "a=1", "--modality", "a=2"), "--modality has 'a' twice"),
        ((*ONCE, "--epochs", "0"), "--epochs must be a whole number, 1 or more; got 0"),
        ((*ONCE, "--epochs", "x"), "--epochs must be a whole number, 1 or more; got 'x'"),
        ((*TRAIN, "--alpha", "nan"), "--alpha must be a number; got nan"),
        ((*TRAIN, "--alpha", "1", "--alpha", "2"), "--alpha is given 2 times"),
        ((*TRAIN, "--model", "tree"), "--model must be sgd or perceptron or gd or fusion; got"),
        ((*TRAIN, "--level", "late"), "--level: 'level' is no parameter of SGDClassifier"),
        ((*TRAIN, "--set", "penalti=1"), "did you mean 'penalty'?"),
        ((*TRAIN, "--set", "penalty=[1"), "--set must be a value as TOML has them; got '[1'"),
        ((*TRAIN, "--set", "penalty=l7"), "penalty"),
        ((*TRAIN, "--loss", "cross"), "loss"),
        ((*TRAIN, "--model", "perceptron", "--task", "regression"), "is for classification"),
        ((*TRAIN, "--memory-limit", "lots"), "got 'lots'"),
        ((*TRAIN[:-1], "no/m"), "--output no/m: there is no folder "),
        ((*FUSE[:-1], "f.txt"), "output must end in .npy or .csv; got 'f.txt'"),
        ((*FUSE, "--op", "blend"), "blend"),
        ((*PREDICT, "--method", "guess"), "--method must be predict or "),
        (("predict", "--model", "known", "--modality", "x=a.npy", "--output", "p.npy"),
         "known was trained on image, text; got x"),
        (("train", "job.toml"), "job.toml: 'epoch' is no setting of train; did you mean 'epochs'?"),
        (("fuse", "p.toml"), "p.toml: p must be a number; got 'x'"),
        (("fuse", "y.npy"), "y.npy is no TOML"),
        (("completion", "tcsh"), "invalid choice: 'tcsh'"),
    ],
)  # fmt: skip
def test_wrong_arguments(
    run: Callable[..., Said], arguments: tuple[str, ...], message: str
) -> None:
    Path("job.toml").write_text("epoch = 3\n")
    Path("p.toml").write_text('p = "x"\n')
    before = sorted(os.listdir())
    out, said = run(*arguments, code=2)
    assert message in said
    assert said.startswith("polyfuse: error: ")
    assert (out, said.count("\n")) == ("", 1)
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fuse", "--modality", "x=none.npy", "--output", "f.npy"), "x=none.npy cannot be opened"),
        (("predict", "--model", "none", *BOTH, "--output", "p.npy"), "--model none cannot be read"),
        (("predict", "--model", "y.npy", *BOTH, "--output", "p.npy"), "'y.npy'"),
        (("train", "none.toml"), "none.toml cannot be read: No such file"),
        ((*FUSE[:-2], "--modality", "z=y.npy", "--output", "f.npy"), "z=y.npy"),
    ],
)
def test_files_that_cannot_be_read(
    run: Callable[..., Said], arguments: tuple[str, ...], message: str
) -> None:
    assert message in run(*arguments, code=3)[1]


# -- words ---------------------------------------------------------------------------------------


def test_progress_has_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    now = [100.0]
    monkeypatch.setattr(_cli_progress, "monotonic", lambda: now[0])
    shown = io.StringIO()
    with _cli_progress.JobProgress(1000, 3, stream=shown) as progress:
        for what, rows, seconds in (
            ("scalers", 50_000, 1), ("scalers", 100_000, 1), ("epoch 1", 10_000, 10),
            ("epoch 1", 11_000, 1), ("epoch 1", 20_000, 9),
        ):  # fmt: skip
            now[0] += seconds
            progress(what, rows, 100_000)
    assert shown.getvalue().splitlines() == [
        "epoch 1 of 3: 10,000 of 100,000 rows (10 %), 1,000 rows/s, 1 MB/s, 4:50 left",
        "epoch 1 of 3: 20,000 of 100,000 rows (20 %), 1,000 rows/s, 1 MB/s, 4:40 left",
    ]
    assert [_cli_progress.duration(s) for s in (0.4, 59.4, 3723)] == ["0 s", "59 s", "1:02:03"]


@pytest.mark.parametrize("command", JOBS)
def test_help_names_every_option(run: Callable[..., Said], command: str) -> None:
    text = run(command, "--help")[0]
    assert "exit codes:" in text
    for option in OPTIONS:
        assert (f"  --{option.name}" in text) == any(
            o.name == option.name and command in o.commands for o in OPTIONS
        )


@pytest.mark.parametrize("shell", SHELLS)
def test_completion(run: Callable[..., Said], shell: str) -> None:
    script = run("completion", shell)[0]
    for word in (*JOBS, "memory-limit", "no-shuffle", "predict_proba", "info"):
        assert word in script


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("polyfuse tr", "train"), ("polyfuse fuse --see", ""),
        ("polyfuse fuse --memo", "--memory-limit"),
        ("polyfuse train --model per", "perceptron"), ("polyfuse train --output ", ""),
        ("polyfuse completion f", "fish"),
    ],
)  # fmt: skip
def test_bash_completes(run: Callable[..., Said], line: str, wanted: str) -> None:
    words = [word or "''" for word in line.split(" ")]
    test = (
        f"{run('completion', 'bash')[0]}\nCOMP_WORDS=({' '.join(words)})\n"
        f"COMP_CWORD={len(words) - 1}\n_polyfuse; echo ${{COMPREPLY[@]}}"
    )
    done = subprocess.run(["bash", "-c", test], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == wanted


def test_every_file_of_settings_is_toml(run: Callable[..., Said]) -> None:
    """Whatever is in the names."""
    os.makedirs('a "b" \\ é')
    name = 'a "b" \\ é/x.npy'
    os.link("a.npy", name)
    run("fuse", "--modality", f"é o={name}", "--output", "f.npy", "--threads", "1")
    saved = tomllib.loads(Path("f.npy.toml").read_text(encoding="utf-8"))
    assert saved["modalities"] == {"é o": os.path.abspath(name)}
