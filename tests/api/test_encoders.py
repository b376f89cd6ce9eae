"""Encoders of pictures, texts and sounds, against the libraries they stand on and brute force."""

from __future__ import annotations

import io
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse.encoders import AudioEncoder, CallableEncoder, ImageEncoder, TextEncoder
from polyfuse.exceptions import NotFittedError

COLOURS = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250], [90, 90, 90]], np.uint8)


def pictures(rng: np.random.Generator, n: int = 3) -> np.ndarray:
    return rng.integers(0, 256, (n, 16, 32, 3), dtype=np.uint8)


def as_png(picture: Any) -> bytes:
    Image = pytest.importorskip("PIL.Image")
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """Samples of shape (n_samples, n_channels), int16, by the standard library."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def tone(hertz: float, rate: int = 8000, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(int(rate * seconds)) / rate
    return np.round(np.sin(2 * np.pi * hertz * time) * 20000).astype(np.int16)


# -- pictures ------------------------------------------------------------------------------------


def test_a_picture_is_the_same_from_array_bytes_path_and_image(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    Image = pytest.importorskip("PIL.Image")
    (array,) = pictures(rng, 1)
    path = tmp_path / "a.png"
    path.write_bytes(as_png(array))
    items = [array, as_png(array), path, str(path), Image.fromarray(array)]
    rows = ImageEncoder(dtype="uint8").fit_transform(items)
    assert rows.shape == (5, 768)
    assert (rows == rows[0]).all()


def test_pixels_are_means_of_what_they_cover(rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    arrays = pictures(rng)
    rows = ImageEncoder(size=(8, 4)).fit_transform(arrays)
    means = arrays.reshape(3, 4, 4, 8, 4, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(rows, means.reshape(3, -1), atol=0.51 / 255 * 2)
    whole = ImageEncoder(size=(32, 16), dtype="uint8").fit_transform(arrays)
    np.testing.assert_array_equal(whole, arrays.reshape(3, -1))


def test_transparent_pictures_lie_on_white() -> None:
    pytest.importorskip("PIL")
    array = np.zeros((2, 2, 4), np.uint8)
    array[0, 0] = 0, 0, 0, 255
    array[0, 1] = 0, 0, 0, 51
    rows = ImageEncoder(size=(2, 2), mode="L", dtype="uint8").fit_transform([array, as_png(array)])
    np.testing.assert_array_equal(rows, [[0, 204, 255, 255]] * 2)


def test_sixteen_bits_keep_their_upper_half() -> None:
    pytest.importorskip("PIL")
    array = np.array([[0, 1 << 15, 0xFFFF]], np.uint16)
    rows = ImageEncoder(size=(3, 1), mode="L", dtype="uint8").fit_transform([as_png(array)])
    np.testing.assert_array_equal(rows, [[0, 128, 255]])


def test_a_photo_is_turned_as_its_exif_says(rng: np.random.Generator) -> None:
    Image = pytest.importorskip("PIL.Image")
    (array,) = pictures(rng, 1)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "png", exif=exif)
    rows = ImageEncoder(size=(16, 32), dtype="uint8").fit_transform([buffer.getvalue()])
    np.testing.assert_array_equal(rows[0], np.rot90(array, -1).ravel())


def test_histograms_of_plain_and_of_striped_pictures() -> None:
    pytest.importorskip("PIL")
    plain = np.broadcast_to(COLOURS[:, None, None], (4, 64, 64, 3)).copy()
    encoder = ImageEncoder(features="histograms").fit(plain)
    rows, names = encoder.transform(plain), encoder.get_feature_names_out()
    assert rows.shape == (4, 256) == (4, len(set(names)))
    assert not rows[:, :144].any()  # no edges
    assert [names[144 + k] for k in rows[:, 144:208].argmax(axis=1)] == [
        "red_green_blue_3_0_0", "red_green_blue_0_3_0", "red_green_blue_0_0_3",
        "red_green_blue_1_1_1",
    ]  # fmt: skip
    np.testing.assert_allclose(rows[:, 208:].reshape(4, 16, 3), plain[:, :16, 0] / 255, rtol=1e-5)
    stripes = np.zeros((2, 64, 64), np.uint8)
    stripes[0, :, ::4] = 255
    stripes[1] = stripes[0].T
    edges = ImageEncoder(features="histograms", mode="L").fit_transform(stripes)[:, :144]
    np.testing.assert_allclose((edges**2).sum(axis=1), 1, rtol=1e-5)
    across, down = (edges.reshape(2, 16, 9) ** 2).sum(axis=1)
    assert across.argmax() == 0  # their gradient points to the right
    assert down.argmax() in (4, 5)
    assert across[0] > 0.99
    assert down[4:6].sum() > 0.99


def test_gradients_are_those_of_brute_force(rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    picture = rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)
    rows = ImageEncoder((12, 8), features="histograms").fit_transform([picture])
    expected = np.zeros((4, 4, 9))
    values = np.pad(picture / 255, ((1, 1), (1, 1), (0, 0)), mode="edge")
    for r in range(8):
        for c in range(12):
            down = values[r + 2, c + 1] - values[r, c + 1]
            right = values[r + 1, c + 2] - values[r + 1, c]
            k = np.hypot(down, right).argmax()
            place = np.arctan2(down[k], right[k]) % np.pi / np.pi * 9
            low, size = int(place), np.hypot(down, right)[k]
            expected[r // 2, c // 3, low % 9] += size * (1 - place + low)
            expected[r // 2, c // 3, (low + 1) % 9] += size * (place - low)
    shares = np.sqrt(expected / expected.sum()).ravel()
    np.testing.assert_allclose(rows[0, :144], shares, atol=1e-3)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("no.png", r"X\[1\] \('no.png'\) cannot be read as a picture: No such file or directory\."),
        (b"GIF89a", r"X\[1\] \(6 bytes\) cannot be read as a picture: .*"),
        (np.zeros((2, 2)), r"X\[1\] \(numpy.ndarray of shape \(2, 2\)\) must be of dtype uint8"),
        (np.zeros((2, 2, 2), np.uint8), r"must be of shape \(height, width\)"),
        (3, r"X\[1\] \(int\) must be a path, bytes, an image of Pillow or a uint8 array"),
    ],
)
def test_a_picture_that_is_none_is_named(item: Any, message: str) -> None:
    pytest.importorskip("PIL")
    encoder = ImageEncoder().fit([])
    with pytest.raises((TypeError, ValueError), match=message):
        encoder.transform([np.zeros((2, 2), np.uint8), item])


def test_a_truncated_picture_is_named(rng: np.random.Generator) -> None:
    whole = as_png(pictures(rng, 1)[0])
    with pytest.raises(ValueError, match=r"X\[1\] \(400 bytes\) cannot be read as a picture"):
        ImageEncoder().fit_transform([whole, whole[:400]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"size": (0, 4)}, r"size must be width and height, two positive integers; got \(0, 4\)"),
        ({"size": 16}, "size must be width and height"),
        ({"size": (30, 32), "features": "histograms"}, "two positive multiples of 4"),
        ({"mode": "RGBA"}, "mode must be one of 'RGB', 'L'; got 'RGBA'"),
        ({"features": "hog"}, "features must be one of 'pixels', 'histograms'; got 'hog'"),
        ({"features": "histograms", "dtype": "uint8"}, "dtype='uint8' is for features='pixels'"),
    ],
)
def test_parameters_of_pictures(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageEncoder(**parameters).fit([])


def test_missing_pictures_are_rows_of_nan(rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    items = [None, *pictures(rng, 2), float("nan")]
    rows = ImageEncoder().fit_transform(items)
    assert np.isnan(rows).all(axis=1).tolist() == [True, False, False, True]
    fused = pf.fusion.Fusion("mean", missing="skip").fit_transform([rows, np.ones((4, 768))])
    np.testing.assert_array_equal(fused[0], np.ones(768))
    with pytest.raises(ValueError, match=r"X\[0\] is missing, which a row of dtype uint8 cannot"):
        ImageEncoder(dtype="uint8").fit_transform(items)


# -- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["hashing", "tfidf"])
def test_texts_are_those_of_scikit_learn(method: str) -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    train, new = ["red car", "blue car", None, ""], ["car car red", None]
    options = {"ngram_range": (1, 2)} | ({"n_features": 32} if method == "hashing" else {})
    kind = text.HashingVectorizer if method == "hashing" else text.TfidfVectorizer
    expected = kind(dtype=np.float32, **options).fit(["red car", "blue car", ""])
    encoder = TextEncoder(method, options=options).fit(train)
    rows = encoder.transform(new)
    assert rows.format == "csr"
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows.toarray(), expected.transform(["car car red", ""]).toarray())
    assert len(encoder.get_feature_names_out()) == encoder.n_features_out_ == rows.shape[1]
    dense = TextEncoder(method, options=options, sparse_output=False).fit(train).transform(new)
    np.testing.assert_array_equal(dense[0], rows.toarray()[0])
    assert np.isnan(dense[1]).all()


def test_what_is_no_text_or_no_option_is_named() -> None:
    pytest.importorskip("sklearn")
    with pytest.raises(TypeError, match=r"X\[1\] \(int\) must be a str"):
        TextEncoder().fit(["a", 3])
    with pytest.raises(ValueError, match="options must be parameters of TfidfVectorizer; got "):
        TextEncoder("tfidf", options={"words": 3}).fit(["a"])
    with pytest.raises(ValueError, match="method must be one of 'hashing', 'tfidf'; got 'bert'"):
        TextEncoder("bert").fit(["a"])


# -- sounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", ["mfcc", "log_mel"])
def test_sounds_are_those_of_librosa(features: str, tmp_path: Path) -> None:
    librosa = pytest.importorskip("librosa")
    samples = tone(440)
    path = write_wav(tmp_path / "a.wav", samples[:, None], 8000)
    encoder = AudioEncoder(8000, features=features).fit([])
    rows = encoder.transform([path, str(path), path.read_bytes(), samples, samples / 32768])
    assert (rows == rows[0]).all()
    power = librosa.feature.melspectrogram(
        y=samples.astype(np.float32) / 32768, sr=8000, n_fft=512, win_length=200, hop_length=80,
        n_mels=40,
    )  # fmt: skip
    values = librosa.power_to_db(power)
    if features == "mfcc":
        values = librosa.feature.mfcc(S=values, n_mfcc=13)
    slopes = librosa.feature.delta(values, mode="nearest")
    expected = [*values.mean(axis=1), *values.std(axis=1), *slopes.std(axis=1), 0.5]
    np.testing.assert_allclose(rows[0], expected, rtol=1e-6)
    assert len(set(encoder.get_feature_names_out())) == encoder.n_features_out_ == len(expected)


def test_channels_are_averaged_and_rates_made_one(tmp_path: Path) -> None:
    pytest.importorskip("librosa")
    left, right = tone(300, 16000), tone(900, 16000)
    stereo = write_wav(tmp_path / "stereo.wav", np.column_stack([left, right]), 16000)
    mixed = (left / 65536 + right / 65536).astype(np.float32)
    rows = AudioEncoder(16000).fit_transform([stereo, mixed])
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-4, atol=1e-4)
    fast = write_wav(tmp_path / "fast.wav", tone(440, 16000)[:, None], 16000)
    slow = write_wav(tmp_path / "slow.wav", tone(440, 8000)[:, None], 8000)
    rows = AudioEncoder(8000).fit_transform([fast, slow])
    assert rows[0, -1] == rows[1, -1] == 0.5
    np.testing.assert_allclose(rows[0, :3], rows[1, :3], rtol=0.1)


def test_short_silent_and_missing_sounds() -> None:
    pytest.importorskip("librosa")
    rows = AudioEncoder(8000).fit_transform([np.zeros(1), np.zeros(4000), None])
    assert np.isfinite(rows[:2]).all()
    assert np.isnan(rows[2]).all()


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("no.wav", r"X\[1\] \('no.wav'\) cannot be read as a sound: "),
        (b"RIFF", r"X\[1\] \(4 bytes\) cannot be read as a sound: "),
        (np.zeros(0), r"X\[1\] .* must have finite samples, at least one; got none"),
        (np.array([np.nan]), r"must have finite samples, at least one; got some that are not"),
        (np.zeros(9, int), r"must be of floats or int16; got int64"),
        (3, r"X\[1\] \(int\) must be a path, bytes or an array"),
    ],
)
def test_a_sound_that_is_none_is_named(item: Any, message: str) -> None:
    pytest.importorskip("librosa")
    with pytest.raises((TypeError, ValueError), match=message):
        AudioEncoder().fit([]).transform([np.zeros(1000), item])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sample_rate": 0}, "sample_rate must be an integer of at least 1; got 0"),
        ({"n_mfcc": 41}, "n_mfcc must be at most n_mels, 40; got 41"),
        ({"hop": 1e-6}, "hop must be a sample long at least; got 1e-06 s"),
        ({"features": "chroma"}, "features must be one of 'mfcc', 'log_mel'; got 'chroma'"),
    ],
)
def test_parameters_of_sounds(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AudioEncoder(**parameters).fit([])


# -- what all share ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoder",
    [ImageEncoder((2, 2)), TextEncoder("tfidf"), AudioEncoder(8000), CallableEncoder(len)],
    ids=lambda encoder: type(encoder).__name__,
)
def test_estimators(encoder: Any) -> None:
    base = pytest.importorskip("sklearn.base")
    copy = base.clone(encoder)
    assert repr(copy) == repr(encoder)
    assert copy.get_params() == encoder.get_params()
    with pytest.raises(NotFittedError):
        copy.transform([])
    with pytest.raises(TypeError, match=r"X must be a sequence of items; got str. Write \[X\]"):
        copy.fit("one")
    with pytest.raises(TypeError, match="X must be a sequence of items; got generator"):
        copy.fit(item for item in ())
    with pytest.raises(ValueError, match="X must be one column of items; got a data frame of 2"):
        copy.fit(pytest.importorskip("pandas").DataFrame({"a": [1], "b": [2]}))


@pytest.mark.parametrize(
    ("encoder", "module", "extra"),
    [
        (ImageEncoder(), "PIL", "image"),
        (TextEncoder(), "sklearn.feature_extraction.text", "text"),
        (AudioEncoder(), "librosa", "audio"),
    ],
)
def test_a_library_that_is_missing_is_named(
    encoder: Any, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"pip install 'polyfuse\[{extra}\]'"):
        encoder.fit([])


def test_items_of_columns_and_arrays() -> None:
    pandas, polars, pyarrow = map(pytest.importorskip, ("pandas", "polars", "pyarrow"))
    pytest.importorskip("sklearn")
    texts = ["red", None, "car"]
    expected = TextEncoder(options={"n_features": 8}, sparse_output=False).fit_transform(texts)
    for X in (
        tuple(texts), np.array(texts, object), np.array(texts, object)[:, None],
        pandas.Series(texts), pandas.DataFrame({"text": texts}), polars.Series(texts),
        polars.DataFrame({"text": texts}), pyarrow.chunked_array([texts]),
        pyarrow.table({"text": texts}),
    ):  # fmt: skip
        encoder = TextEncoder(options={"n_features": 8}, sparse_output=False)
        np.testing.assert_array_equal(encoder.fit_transform(X), expected)


def test_rows_as_a_data_frame(rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    pandas = pytest.importorskip("pandas")
    frame = ImageEncoder((2, 1), "L").set_output(transform="pandas").fit_transform(pictures(rng))
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame) == ["grey_0_0", "grey_0_1"]
