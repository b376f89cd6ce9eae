"""The command line, run as a user would: the main job, and everything that can be wrong."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import cli, plotting
from polyfuse.datasets import load_emoji

plot = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")


def polyfuse(*arguments, **options):
    command = [sys.executable, "-m", "polyfuse", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def files(tmp_path, rng, monkeypatch):
    """A folder with two modalities and a target, and the arguments that run on them."""
    y = np.arange(60) % 3
    np.save(tmp_path / "a.npy", rng.normal(size=(60, 4)) + y[:, None])
    np.save(tmp_path / "b.npy", rng.integers(0, 3, (60, 5), dtype=np.uint8) * y[:, None])
    np.save(tmp_path / "y.npy", np.array(["ape", "bee", "cat"])[y])
    monkeypatch.chdir(tmp_path)
    return ["run", "--modality", "image=a.npy", "--modality", "text=b.npy", "--target", "y.npy"]


# -- what works ----------------------------------------------------------------------------------


@plot
def test_demo(tmp_path):
    done = polyfuse("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    scores = {
        name: float(accuracy)
        for name, accuracy in re.findall(r"^(\S+ \S+) +(0\.\d{3}) ", done.stdout, re.MULTILINE)
    }
    assert len(scores) == 10
    assert scores["concatenate (early)"] >= 0.80
    assert scores["concatenate (early)"] > max(scores["image alone"], scores["text alone"])
    assert "Fusion helps" in done.stdout
    assert done.stdout.endswith(f"report: {tmp_path / 'polyfuse-report.html'}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["polyfuse-report.html"]
    report = (tmp_path / "polyfuse-report.html").read_text(encoding="utf-8")
    assert len(report) < 2_000_000
    assert "Only fusion gets these right" in report
    assert "And these it breaks" in report
    assert len(done.stderr.splitlines()) == 3  # one line per step, and nothing that moves
    assert "\r" not in done.stderr


def test_demo_on_the_split_of_scikit_learn():
    selection = pytest.importorskip("sklearn.model_selection")
    emoji = load_emoji()
    train, test = selection.train_test_split(
        np.arange(len(emoji.y)), test_size=0.3, stratify=emoji.y, random_state=0
    )

    def accuracy(*names):
        learn, score = ({n: emoji.blocks[n][rows] for n in names} for rows in (train, test))
        return pf.FusionClassifier().fit(learn, emoji.y[train]).score(score, emoji.y[test])

    fused = accuracy("image", "text")
    assert fused >= 0.80
    assert fused > max(accuracy("image"), accuracy("text"))


@plot
def test_run(files, capsys):
    assert cli.main([*files, "--output", "out.html"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["model", "accuracy", "precision"]
    assert lines[1].startswith("image alone ")
    assert len({len(line.removesuffix("  best fusion")) for line in lines[:10]}) == 1  # aligned
    assert sum(line.endswith("  best fusion") for line in lines) == 1
    assert lines[-1] == f"report: {os.path.abspath('out.html')}"
    report = Path("out.html").read_text(encoding="utf-8")
    for name in ("ape", "bee", "cat", "image", "text"):
        assert name in report


def test_run_without_report(files, capsys):
    before = set(os.listdir())
    assert cli.main([*files, "--no-report", "--test-size", "0.5", "--seed", "7"]) == 0
    assert "report" not in capsys.readouterr().out
    assert set(os.listdir()) == before


def test_archives_and_every_kind_of_label(files, capsys):
    a, y = np.load("a.npy"), np.arange(60) % 2
    np.savez("one.npz", a)
    np.savez_compressed("two.npz", a=a, other=np.ones(3))
    for i, labels in enumerate((y, y == 1, y.astype(float), np.array([b"no", b"yes"])[y])):
        np.save(f"y{i}.npy", labels)
        arguments = ["run", "--modality", "x=one.npz", "--modality", "z=two.npz:a"]
        assert cli.main([*arguments, "--target", f"y{i}.npy", "--no-report"]) == 0
        assert "error" not in capsys.readouterr().err


def test_seed_and_test_size_count(files, capsys):
    outs = []
    for more in ([], ["--seed", "1"], ["--test-size", "0.5"]):
        assert cli.main([*files, "--no-report", *more]) == 0
        outs.append(re.sub(r"[\d.]+ s\b", "", capsys.readouterr().out))
    assert len(set(outs)) == 3
    assert "Of 30 rows held out" in outs[2].replace("\n", " ")


def test_modules_and_versions():
    assert polyfuse("--version").stdout == f"polyfuse {pf.__version__}\n"
    assert polyfuse("info").stdout.startswith(f"polyfuse {pf.__version__}\nbackend: ")


@pytest.mark.parametrize("command", [[], ["demo"], ["run"], ["info"]])
def test_help(command, capsys):
    assert cli.main([*command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: polyfuse{''.join(' ' + c for c in command)} [-h]")
    assert err == ""


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_asking_for_help_imports_nothing(option):
    code = f"import sys, polyfuse.cli as c; c.main([{option!r}]); assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_names_that_the_terminal_cannot_show(files):
    files[2] = "größe=a.npy"
    done = polyfuse(*files, "--no-report", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "gr??e alone" in done.stdout


# -- what is wrong: one line, exit code 2, nothing left behind -----------------------------------


def prepare(kind):
    """Writes one file that is wrong, x.npy or x.npz."""
    a = np.load("a.npy")
    holds = {"nan": (7, 2, np.nan), "infinity": (59, 3, np.inf), "large": (5, 1, -1e200)}
    if kind in holds:
        row, column, a[row, column] = holds[kind]
    a = {
        "text": a.astype("U4"), "rows": a[:-1], "vector": a[:, 0], "empty": a[:0],
        "complex": a.astype(complex), "objects": a.astype(object),
    }.get(kind, a)  # fmt: skip
    np.save("x.npy", a)
    whole = Path("x.npy").read_bytes()
    np.savez("many.npz", p=a, q=a)
    broken = {
        "truncated": whole[:300], "header": whole[:20], "nothing": b"", "csv": b"1,2\n3,4\n",
        "zip": b"PK\x03\x04" + bytes(60), "garbled": whole[:11] + b"\xff" * 30 + whole[41:],
    }  # fmt: skip
    if kind in broken:
        Path("x.npy").write_bytes(broken[kind])


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("", "none.npy", "No such file"),
        ("", "", "must be NAME=FILE; got 'image='"),
        ("", ".", "Is a directory"),
        ("", "a\0b.npy", "null byte"),
        ("", "many.npz", "as in many.npz:KEY; it holds p, q"),
        ("", "many.npz:r", "no array 'r'; it holds p, q"),
        ("nan", "x.npy", "contains NaN (first in row 7, column 2)"),
        ("infinity", "x.npy", "contains infinity (first in row 59, column 3)"),
        ("large", "x.npy", "holds -1e+200 in row 5, column 1: too large"),
        ("text", "x.npy", "must be numeric; got dtype <U4"),
        ("rows", "x.npy", "has 60 rows, but image=x.npy has 59"),
        ("vector", "x.npy", "must be 2-D"),
        ("empty", "x.npy", "0 sample(s)"),
        ("complex", "x.npy", "must be real; got dtype complex128"),
        ("objects", "x.npy", "holds Python objects"),
        ("truncated", "x.npy", "cannot be read"),
        ("header", "x.npy", "cannot be read"),
        ("garbled", "x.npy", "cannot be read"),
        ("zip", "x.npy", "not a whole .npz file"),
        ("nothing", "x.npy", "not a .npy or .npz file"),
        ("csv", "x.npy", "not a .npy or .npz file"),
    ],
)
def test_bad_modality(files, capsys, kind, source, message):
    prepare(kind)
    files[2] = f"image={source}"
    said = complaint(files, capsys)
    assert message in said
    assert "--modality" in said
    assert source.replace("\0", "?") in said


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(60, int), "holds a single class, '0'"),
        (np.arange(60) % 3 + 0.5, "must hold class labels; got the number 0.5"),
        (np.where(np.arange(60) == 3, np.nan, 1.0), "contains NaN (first in row 3"),
        (np.append(np.zeros(59, int), 9), "class '9' has one row only"),
        (np.arange(59) % 3, "has 59 labels, but the modalities have 60 rows"),
        (np.zeros((60, 2), int), "one label per row; got shape (60, 2)"),
        (np.zeros(60, "M8[s]"), "must hold integers or text; got dtype datetime64[s]"),
        (np.array([b"\xff", b"a"] * 30), "not UTF-8"),
        (np.array([None, 1] * 30), "holds Python objects"),
    ],
)
def test_bad_target(files, capsys, labels, message):
    np.save("y.npy", labels)
    said = complaint(files, capsys)
    assert message in said
    assert "--target y.npy" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["run"], "required: --modality, --target"),
        (["run", "--modality", "a=a.npy", "--target", "y.npy"], "at least twice; got a=a.npy only"),
        (["run", "--modality", "a.npy", "--target", "y.npy"], "NAME=FILE; got 'a.npy'"),
        (["run", "--modality", "=a.npy", "--target", "y.npy"], "NAME=FILE; got '=a.npy'"),
        (["run", "--modality", "\x1b[2J=a.npy", "--target", "y.npy"], "NAME=FILE; got "),
        (["run", *2 * ["--modality", "a=b.npy"], "--target", "y.npy"], "'a' is given twice"),
        (["demo", "--fast"], "unrecognized arguments: --fast"),
        (["demo", "--output"], "--output: expected one argument"),
        (["demo", "--no-report", "--output", "x.html"], "exclude each other"),
    ],
)
def test_bad_arguments(files, capsys, arguments, message):
    assert message in complaint(arguments, capsys)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--test-size", "0"), ("--test-size", "1"), ("--test-size", "nan"), ("--test-size", "half"),
        ("--seed", "-1"), ("--seed", "1.5"), ("--seed", "x"), ("--seed", "٣"),
        ("--fusion", "mean"),
    ],
)  # fmt: skip
def test_bad_values(files, capsys, option, value):
    said = complaint([*files, option, value], capsys)
    assert option in said
    assert value in said


@plot
@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("none/report.html", "there is no folder 'none'"),
        (".", "is not a regular file"),
        (os.devnull, "is not a regular file"),
        ("/proc/report.html", "cannot write to '/proc/report.html'"),
        ("y.npy/report.html", "there is no folder 'y.npy'"),
        (f"{'x' * 300}.html", "File name too long"),
        ("a\0b", "null byte"),
    ],
)
def test_bad_output(files, capsys, output, message):
    said = complaint([*files, "--output", output], capsys)
    assert message in said
    assert f"--output {output}".replace("\0", "?") in said


def complaint(arguments, capsys):
    """The one line that is said of wrong arguments; nothing is printed, nothing left behind."""
    before = set(os.listdir())
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("polyfuse: error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert err[:-1].isprintable()
    assert set(os.listdir()) <= before | {"x.npy", "many.npz"}
    return err


def test_as_a_process(files):
    prepare("nan")
    files[4] = "text=x.npy"
    done = polyfuse(*files)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "polyfuse: error: --modality text=x.npy contains NaN (first in row 7, column 2).\n"
    )


@plot
def test_a_full_disk_at_the_end(files, capsys, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    before = set(os.listdir())
    monkeypatch.setattr(os, "replace", fail)
    assert cli.main([*files, "--output", "x.html"]) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith("polyfuse: error: --output x.html: ")
    assert set(os.listdir()) == before


# -- without matplotlib, interrupted, cut off ----------------------------------------------------


@pytest.fixture
def no_matplotlib(monkeypatch):
    def missing():
        raise ImportError("no matplotlib")

    monkeypatch.setattr(plotting, "require_matplotlib", missing)


def test_without_matplotlib_there_is_a_table(files, capsys, no_matplotlib):
    before = set(os.listdir())
    assert cli.main(files) == 0
    out, err = capsys.readouterr()
    assert "concatenate (early)" in out
    told = "polyfuse: no report, matplotlib is not installed: pip install matplotlib"
    assert err.splitlines()[-1] == told
    assert set(os.listdir()) == before


def test_without_matplotlib_a_named_report_is_refused_at_once(files, capsys, no_matplotlib):
    said = complaint([*files, "--output", "x.html"], capsys)
    assert "--output x.html: matplotlib is not installed: pip install matplotlib" in said


def test_interrupt(files, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pf.FusionClassifier, "fit", interrupted)
    before = set(os.listdir())
    assert cli.main(files) == 130
    assert capsys.readouterr().err == "polyfuse: interrupted\n"
    assert set(os.listdir()) == before


def test_control_c(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "polyfuse", "demo"], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr.readline().startswith("[1/3] image alone: ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "polyfuse: interrupted"
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_a_reader_that_leaves(files):
    command = [sys.executable, "-m", "polyfuse", *files, "--no-report"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        err = process.stderr.read().decode()
    assert process.returncode == 0
    assert "Error" not in err


def test_progress_on_a_terminal(files):
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "polyfuse", *files, "--no-report"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    process.communicate(timeout=60)
    shown = b""
    with contextlib.suppress(OSError):  # which is how the end of a terminal is told
        while read := os.read(leader, 65536):
            shown += read
    os.close(leader)
    text = shown.decode()
    assert process.returncode == 0
    for step in ("1/3  image alone", "2/3  text alone", "3/3  concatenate (early)"):
        assert step in text
    assert "\n" not in text
    assert text.endswith("\r\x1b[2K")  # the bar leaves no trace
