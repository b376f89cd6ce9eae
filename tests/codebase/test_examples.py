"""The programs of docs/examples run, here on data that were made up."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import runpy
import sys
import wave
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def write_rows(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "raw").mkdir()
    with open(folder / "rows.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def printed(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    written = folder / "report.html"
    report = ["--report", str(written)] if importlib.util.find_spec("matplotlib") else []
    monkeypatch.setattr(sys, "argv", [name, str(folder), *report])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert not report or "<h1>" in written.read_text(encoding="utf-8")
    return capsys.readouterr().out


def test_emoji_from_raw(
    tmp_path: Path,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Image = pytest.importorskip("PIL.Image")
    kinds = {"food": (200, 60, 30), "sky": (40, 80, 220)}
    rows = [
        {"file": f"{kind}{i}.png", "name": f"some {kind}", "keywords": "a | b", "group": kind}
        for kind in kinds
        for i in range(10)
    ]
    write_rows(tmp_path, rows)
    with ZipFile(tmp_path / "raw" / "emoji_png.zip", "w") as archive:
        for row in rows:
            pixels = np.clip(kinds[row["group"]] + rng.normal(0, 20, (8, 8, 3)), 0, 255)
            buffer = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(buffer, "png")
            archive.writestr(f"png/{row['file']}", buffer.getvalue())
    out = printed("emoji_from_raw.py", tmp_path, monkeypatch, capsys)
    assert "accuracy of image alone: 1.000" in out
    assert "accuracy of both: 1.000" in out
    assert out.count("% of the decision; accuracy without it") == 2


def test_digits_from_raw(
    tmp_path: Path,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("librosa")
    names = [(digit, who, i) for digit in (0, 1) for who in ("ann", "bob") for i in range(5)]
    rows = [
        {"wav": f"{digit}_{who}_{i}.wav", "mnist_t10k_index": k, "label": digit}
        for k, (digit, who, i) in enumerate(names)
    ]
    write_rows(tmp_path, rows)
    pictures = np.stack([np.full((28, 28), 200 * digit) for digit, _, _ in names])
    noisy = (pictures + rng.integers(0, 50, pictures.shape)).astype(np.uint8)
    with gzip.open(tmp_path / "raw" / "t10k-images-idx3-ubyte.gz", "wb") as file:
        file.write(bytes(16) + noisy.tobytes())
    with ZipFile(tmp_path / "raw" / "fsdd_wavs.zip", "w") as archive:
        for row in rows:
            buffer = io.BytesIO()
            with wave.open(buffer, "wb") as sound:
                sound.setparams((1, 2, 8000, 0, "NONE", ""))
                hertz = 300 + 600 * row["label"] + rng.integers(50)
                tone = np.sin(np.arange(2000) * 2 * np.pi * hertz / 8000) * 9999
                sound.writeframes(tone.astype("<i2").tobytes())
            archive.writestr(f"recordings/{row['wav']}", buffer.getvalue())
    out = printed("digits_from_raw.py", tmp_path, monkeypatch, capsys)
    assert "accuracy of written + spoken: 1.000 (1.000 1.000)" in out
    assert out.count("% of the decision; accuracy without it") == 2
