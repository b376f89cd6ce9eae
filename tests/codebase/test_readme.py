"""The README and the guides: their code runs, the table of what exists is true."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse import cli
from polyfuse._cli_errors import CODES
from polyfuse._cli_options import OPTIONS
from polyfuse._kernels import own_threads
from polyfuse.sklearn import clear_report, is_patched

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Beside other tests, threads would wait for each other at every one of many small steps."""
    with own_threads(1):
        yield


def test_the_screen_of_code(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["accuracy"] > 0.8
    assert names["late"].score(names["new"], names["y"][names["test"]]) > 0.7
    assert names["found"] > 0.7
    assert names["matrix"].sum() == names["test"].sum()
    np.testing.assert_allclose(names["share"].sum(), 1.0)
    assert capsys.readouterr().out.startswith(f"polyfuse {pf.__version__}")


def run_guide(name: str) -> dict[str, Any]:
    """What the snippets of a guide leave, run in their order."""
    text = (ROOT / "docs" / name).read_text()
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(code, name, "exec"), names)
    return names


def test_the_guide_to_linear_models() -> None:
    names = run_guide("linear_model.md")
    held = names["new"], names["y"][~names["train"]]
    for name in ("scaled", "mixed", "paced", "softmax", "best", "stream", "gd"):
        least = 0.5 if name == "stream" else 0.7  # of rows that come class by class, each once
        assert names[name].score(*held) > least, name
    np.testing.assert_allclose(names["probabilities"].sum(axis=1), 1.0)
    assert len(names["told"]) == 5


def test_the_guide_to_scikit_learn_on_polyfuse() -> None:
    clear_report()
    names = run_guide("sklearn.md")
    assert names["score"] > 0.85
    assert names["ran"].count("fell back") == names["ran"].count("raised") == 0
    assert {"StandardScaler.transform", "SGDClassifier.fit", "f1_score"} <= {
        name for name, _, _ in names["ran"].totals
    }
    assert not is_patched()


def test_the_guide_to_encoders() -> None:
    pytest.importorskip("PIL")
    names = run_guide("encoders.md")
    assert names["accuracy"] > 0.9
    assert names["search"].best_score_ > 0.9
    assert names["shares"].modalities == ("image", "text")
    assert np.isnan(names["gaps"]["text"]).all(axis=1).nonzero()[0].tolist() == [3]
    assert np.isfinite(names["fused"]).all()
    np.testing.assert_array_equal(names["again"], names["embeddings"])
    text = (ROOT / "docs" / "encoders.md").read_text()
    assert set(re.findall(r"`(\w+)`", text)) >= set(pf.encoders.__all__)


def test_the_guide_to_streams() -> None:
    for library in ("pyarrow", "h5py", "zarr"):
        pytest.importorskip(library)
    names = run_guide("streaming.md")
    assert f"# {names['said']}\n" in (ROOT / "docs" / "streaming.md").read_text()
    np.testing.assert_array_equal(names["some"], names["X"][1000:1010])
    np.testing.assert_array_equal(names["joined"], names["X"])


def test_the_guide_to_models() -> None:
    pytest.importorskip("onnxruntime")
    names = run_guide("models.md")
    blocks, model = names["blocks"], names["model"]
    expected = model.predict_proba(blocks)
    np.testing.assert_array_equal(names["again"].predict_proba(blocks), expected)
    np.testing.assert_array_equal(names["resumed"].coef_, names["unbroken"].coef_)
    assert "its checksum is wrong" in names["message"]
    np.testing.assert_array_equal(names["label"], model.predict(blocks))
    np.testing.assert_allclose(names["probabilities"], expected, atol=1e-5)
    np.testing.assert_array_equal(names["predicted"], names["early"].predict(blocks))


def test_the_guide_to_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    text = (ROOT / "docs" / "cli.md").read_text()
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(300, 5))
    np.save("image.npy", x[:, :3])
    np.savetxt("text.csv", x[:, 2:], delimiter=",", header="a,b,c", comments="")
    np.save("label.npy", np.where(x[:, 0] > 0, "cat", "dog"))
    (job,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    Path("job.toml").write_text(job)
    shown = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", "")
    for line in shown.splitlines():
        assert cli.main(shlex.split(line)[1:]) == 0, capsys.readouterr().err
    assert pf.load("model.safetensors").penalty == "elasticnet"
    assert pf.load("model.safetensors").random_state == 1
    for option in OPTIONS:
        assert f"`--{option.name}" in text or f"--{option.name} " in text, option.name
    for line in CODES.splitlines()[1:]:
        code, words = line.split(maxsplit=1)
        assert re.search(rf"^\| {code} \| {words} \|$", text, re.MULTILINE)


def test_the_guide_to_dask() -> None:
    pytest.importorskip("dask.array")
    names = run_guide("dask.md")
    assert names["accuracy"] > 0.95
    np.testing.assert_array_equal(
        names["scaler"].mean_, pf.preprocessing.StandardScaler().fit(names["image"]).mean_
    )


def test_the_guide_to_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    names = run_guide("metrics.md")
    *_, interval, gain = capsys.readouterr().out.splitlines()
    text = (ROOT / "docs" / "metrics.md").read_text()
    assert f"print(interval)  # {interval}\n" in text
    assert f"print(gain)  # {gain}\n" in text
    matrix = names["matrix"]
    for counted in (
        names["by_byte"],
        names["by_name"],
        pf.metrics.confusion_matrix(names["true"], names["pred"]),
    ):
        np.testing.assert_array_equal(counted, matrix)
    assert names["f1"] == names["macro"] == names["scores"]["f1_macro"]
    np.testing.assert_array_equal(names["same"].distribution, names["interval"].distribution)
    assert names["counts"] == names["workers"][0]
    assert names["wins"] - names["losses"] == round(names["right"].difference * len(names["true"]))
    assert 0 < names["summary"].auc_high - names["summary"].auc_low < 0.01


def test_the_guide_to_metrics_names_them_all() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    assert set(re.findall(r"`(\w+)`", text)) >= set(pf.metrics.__all__)


def test_the_guide_to_several_modalities() -> None:
    names = run_guide("multimodal.md")
    assert min(names["scores"].values()) > 0.75
    assert names["best"].score(names["new"], names["truth"]) > 0.78
    assert 0.3 < names["without_text"] < names["robust"].score(names["new"], names["truth"])
    added = names["values"].values.sum()
    np.testing.assert_allclose(names["values"].empty + added, names["scores"]["hybrid"])
    assert not names["additive"].additive
    text = (ROOT / "docs" / "multimodal.md").read_text()
    functions = {name for name in pf.inspection.__all__ if name.islower()}
    assert set(re.findall(r"`(\w+)`", text)) >= functions


def test_the_guide_to_plots() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    names = run_guide("plotting.md")
    pyplot.close("all")
    added = sum(names["values"].values)
    np.testing.assert_allclose(names["values"].empty + added, names["accuracy"]["concatenate"])
    text = (ROOT / "docs" / "plotting.md").read_text()
    assert set(re.findall(r"`(\w+)`", text)) >= set(pf.plotting.__all__)
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (ROOT / "docs" / picture).stat().st_size < 60_000


def test_the_guide_to_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("polyfuse._html._svg", lambda *_: "")  # plots take long, and are tested
    run_guide("report.md")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.html", "noise.html", "numbers.html"}
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", (ROOT / "docs" / "report.md").read_text()):
        assert (ROOT / "docs" / picture).stat().st_size < 400_000


@pytest.mark.parametrize("module", ["preprocessing", "fusion", "linear_model", "encoders"])
def test_the_table_lists_what_a_module_offers(module: str) -> None:
    (row,) = re.findall(rf"^\| `{module}` \| (.*) \|$", README, re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", row))
    offered = {name for name in getattr(pf, module).__all__ if name.islower() or name[0].isupper()}
    assert listed == offered - {"OPS"}
