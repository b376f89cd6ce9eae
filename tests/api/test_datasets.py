"""The bundled data sets: shapes, meaning of the columns, licence, and what is learnt from them."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from polyfuse.datasets import MultimodalData, load_emoji

DATA = resources.files("polyfuse.datasets").joinpath("data")
STOP_WORDS = {"a", "and", "in", "of", "on", "the", "with"}


@pytest.fixture(scope="module")
def emoji() -> MultimodalData:
    return load_emoji()


def test_shapes_and_types(emoji):
    assert list(emoji.blocks) == ["image", "text"]
    image, text = emoji.blocks.values()
    assert (image.shape, image.dtype) == ((1392, 240), np.float32)
    assert (text.shape, text.dtype) == ((1392, 784), np.uint8)
    assert (emoji.y.shape, emoji.y.dtype) == ((1392,), np.int64)
    assert (emoji.pictures.shape, emoji.pictures.dtype) == ((1392, 32, 32, 3), np.uint8)
    assert len(emoji.names) == len(emoji.characters) == len(emoji.keywords) == 1392
    assert np.bincount(emoji.y).tolist() == [162, 173, 145, 131, 218, 85, 257, 221]
    assert len(emoji.target_names) == 8
    assert repr(emoji) == (
        "MultimodalData(image=(1392, 240) float32, text=(1392, 784) uint8, classes=8)"
    )


def test_rows_belong_together(emoji):
    row = emoji.names.index("grapes")
    assert emoji.characters[row] == "\N{GRAPES}"
    assert emoji.keywords[row] == "fruit | grape | grapes"
    assert emoji.target_names[emoji.y[row]] == "Food & Drink"
    assert len(set(emoji.characters)) == 1392


def test_text_columns_are_the_documented_words(emoji):
    words = [
        set(re.findall("[a-z]+", f"{name} {keywords}".lower())) - STOP_WORDS
        for name, keywords in zip(emoji.names, emoji.keywords, strict=True)
    ]
    known = sorted(set().union(*words))
    counts = np.array([[word in row for word in known] for row in words], np.uint8)
    np.testing.assert_array_equal(emoji.blocks["text"], counts[:, counts.sum(0) >= 2])
    assert (emoji.blocks["text"].sum(1) == 0).sum() == 86


def test_image_columns_are_the_documented_features(emoji):
    image = emoji.blocks["image"]
    assert image.min() >= 0
    assert image.max() <= 1
    cells = np.linalg.norm(image[:, :128].reshape(-1, 8), axis=1)
    assert cells.max() < 1.001
    assert np.median(cells) > 0.999
    np.testing.assert_allclose((image[:, 128:192] ** 2).sum(1), 1, atol=1e-3)
    means = emoji.pictures.reshape(-1, 4, 8, 4, 8, 3).mean((2, 4)).reshape(-1, 48) / 255
    # The features were computed before the pictures were reduced to 32 colours.
    np.testing.assert_allclose(image[:, 192:], means, atol=0.04)


def test_pictures_are_on_white(emoji):
    corners = emoji.pictures[:, ::31, ::31].reshape(1392, -1)
    assert (corners > 250).all(axis=1).mean() > 0.7


def test_return_blocks_y(emoji):
    blocks, y = load_emoji(return_blocks_y=True)
    assert list(blocks) == list(emoji.blocks)
    for name, block in blocks.items():
        np.testing.assert_array_equal(block, emoji.blocks[name])
    np.testing.assert_array_equal(y, emoji.y)


def test_calls_share_nothing():
    first, _ = load_emoji(return_blocks_y=True)
    first["image"][:] = -1
    first["text"][:] = 9
    second, _ = load_emoji(return_blocks_y=True)
    assert second["image"].min() >= 0
    assert second["text"].max() == 1


def test_is_frozen(emoji):
    with pytest.raises(AttributeError):
        emoji.y = None


def test_bundle_is_small_and_carries_its_licences(emoji):
    assert len(DATA.joinpath("emoji.npz").read_bytes()) < 1_200_000
    notice = DATA.joinpath("LICENSE-emoji.md").read_text(encoding="utf-8")
    for phrase in (
        "SIL OPEN FONT LICENSE Version 1.1",
        "Apache License\n                           Version 2.0",
        "Copyright © 1991-2022 Unicode, Inc.",
        "modified",
    ):
        assert phrase in notice
    for source in ("Noto Emoji", "CLDR 41", "Unicode Emoji 15.0", "LICENSE-emoji.md"):
        assert source in emoji.description


def test_import_needs_numpy_only():
    # The parent package is stubbed: what it imports is not this module's business.
    package = Path(sys.modules["polyfuse.datasets"].__file__).parents[1]
    code = f"""
import json, sys, types
import numpy
parent = types.ModuleType("polyfuse")
parent.__path__ = [{str(package)!r}]
sys.modules["polyfuse"] = parent
before = set(sys.modules)
import polyfuse.datasets
polyfuse.datasets.load_emoji()
added = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(added - sys.stdlib_module_names)))
"""
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert set(json.loads(result.stdout)) <= {"polyfuse", "numpy"}


def test_both_blocks_beat_each_alone(emoji):
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    y = emoji.y
    train, test = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=0)
    scaled = {}
    for name, block in emoji.blocks.items():
        scaler = StandardScaler().fit(block[train].astype(np.float64))
        scaled[name] = scaler.transform(block.astype(np.float64))
    scaled["both"] = np.hstack(list(scaled.values()))
    score = {
        name: LogisticRegression(max_iter=1000).fit(x[train], y[train]).score(x[test], y[test])
        for name, x in scaled.items()
    }
    expected = {"image": 0.581, "text": 0.758, "both": 0.828}
    assert score == pytest.approx(expected, abs=0.01)


def test_bundle_script_gives_the_same_bytes_twice(tmp_path):
    pytest.importorskip("PIL")
    script = Path(__file__).parents[2] / "tools" / "make_emoji_bundle.py"
    spec = importlib.util.spec_from_file_location("make_emoji_bundle", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "emoji.npz",
        image_feat=rng.random((2, 3), np.float32),
        text=rng.integers(0, 2, (2, 4), np.uint8),
        image32=rng.integers(0, 256, (2, 32, 32, 3), np.uint8),
        y=np.array([1, 0]),
    )
    (tmp_path / "rows.csv").write_text("emoji,name,keywords,label\nx,ex,a,1\ny,why,b,0\n")
    (tmp_path / "meta.json").write_text('{"classes": ["one", "two"]}')
    outputs = [tmp_path / "first.npz", tmp_path / "second.npz"]
    for output in outputs:
        module.main([str(tmp_path), "--output", str(output)])
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    with np.load(outputs[0], allow_pickle=False) as made:
        assert made["names"].tobytes() == b"ex\nwhy"
        assert made["palettes"].shape == (2, 32, 3)
        assert made["pixels"].max() < 32
