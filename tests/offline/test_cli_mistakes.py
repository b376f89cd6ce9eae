"""What a reader of the docs does wrong on the command line, and is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import cli, stream

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


def test_no_output_of_python_replaces_what_is_read() -> None:
    data = stream.Dataset({"a": "a.npy"})
    with pytest.raises(ValueError, match=r"output a.npy would replace a=a.npy, which is read"):
        stream.fuse(data, "concatenate", "a.npy")
