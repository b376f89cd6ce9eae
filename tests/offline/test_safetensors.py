"""Files of arrays: what others read, what is refused, and nothing half-written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from polyfuse import _safetensors
from polyfuse.exceptions import ModelFileError

ARRAYS = {
    "image/coef": np.arange(12.0).reshape(3, 4)[:, ::2],
    "half": np.float16([0.5, np.nan, -np.inf]),
    "yes": np.array([True, False, True]),
    "none": np.empty((0, 7), np.float32),
    "scalar": np.array(-3, np.int8),
    "big-endian": np.array([[1, 2], [3, 4]], ">u4"),
}


def same(a: NDArray, b: NDArray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def raw(header: Any, data: bytes = b"") -> bytes:
    """A file with any header, signed where that can be."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    blank = b"0" * 64
    text = text.replace(blank, hashlib.sha256(text + data).hexdigest().encode())
    return len(text).to_bytes(8, "little") + text + data


def signed(**entries: Any) -> dict[str, Any]:
    return {"__metadata__": {"sha256": "0" * 64}, **entries}


def entry(dtype: Any, shape: Any, begin: Any, end: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_the_library_of_the_format_reads_what_we_write(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    path = tmp_path / "m.safetensors"
    _safetensors.write(path, ARRAYS, {"format": "polyfuse", "é": "\n\x00"})
    with safetensors.safe_open(path, "numpy") as file:
        assert set(file.keys()) == set(ARRAYS)
        for name, array in ARRAYS.items():
            native = array.astype(array.dtype.newbyteorder("="))
            assert same(file.get_tensor(name), native), name
        assert {"format": "polyfuse", "é": "\n\x00"}.items() <= file.metadata().items()


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5).filter(lambda name: name != "__metadata__"),
        npst.arrays(st.sampled_from(list(_safetensors.DTYPES.values())), npst.array_shapes(
            min_dims=0, max_dims=3, min_side=0, max_side=4)),
        max_size=4,
    ),
    st.dictionaries(st.text(max_size=5).filter(lambda name: name != "sha256"), st.text(max_size=9)),
)  # fmt: skip
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, NDArray], texts: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    _safetensors.write(path, arrays, texts)
    found, metadata = _safetensors.read(path)
    assert metadata == texts
    assert set(found) == set(arrays)
    assert all(same(found[name], arrays[name]) for name in arrays)
    assert all(array.flags.writeable and array.flags.owndata for array in found.values())


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path, step in zip(paths, (1, -1), strict=True):
        arrays = {name: np.asfortranarray(ARRAYS[name]) for name in list(ARRAYS)[::step]}
        _safetensors.write(path, arrays, dict([("a", "1"), ("b", "2")][::step]))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    header = int.from_bytes(paths[0].read_bytes()[:8], "little")
    assert header % 8 == 0


def test_every_byte_counts(tmp_path: Path) -> None:
    path = tmp_path / "m"
    _safetensors.write(path, {"a": np.arange(5), "b": np.ones(3, bool)}, {"x": "y"})
    whole = path.read_bytes()
    for n in range(len(whole)):
        damaged = bytearray(whole)
        damaged[n] ^= 1 << n % 8
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="^'.*/m' cannot be read as a model: .*\\.$"):
            _safetensors.read(path)
        path.write_bytes(whole[:n])
        with pytest.raises(ModelFileError):
            _safetensors.read(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(ModelFileError, match="1 bytes after array 'b' belong to no array"):
        _safetensors.read(path)
    path.write_bytes(whole)
    _safetensors.read(path)


DEEP = b'{"__metadata__":{"sha256":"%s"},"a":%s' % (b"0" * 64, b"[" * 100_000)
MANY = [2**40] * 40
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "ends too early"),
    "no header": (raw(b""), "header would be 0 bytes"),
    "a header of 2^63 bytes": ((2**63).to_bytes(8, "little") + b"{}", "header would be 9223372036"),
    "a header of 2^64 - 1 bytes": (b"\xff" * 8 + b"{}", "header would be"),
    "nested deep": (raw(DEEP), "nested too deep"),
    "nested deep, and closed": (raw(DEEP + b"]" * 100_000 + b"}"), "nested too deep"),
    "a list": (raw([1, 2]), "not a JSON object"),
    "not UTF-8": (raw(b'{"\xff":1}'), "not JSON"),
    "NaN": (raw(b'{"a":NaN}'), "NaN is no number of JSON"),
    "a number of a million digits": (raw(b'{"a":%s}' % (b"9" * 10**6)), "not JSON"),
    "a name twice": (raw(b'{"a":1,"a":1}'), "a name occurs twice"),
    "no metadata": (raw({"a": entry("U8", [0], 0, 0)}), "__metadata__ is not an object of texts"),
    "metadata of numbers": (raw({"__metadata__": {"a": 1}}), "not an object of texts"),
    "no checksum": (raw({"__metadata__": {"a": "b"}}), "no checksum"),
    "a checksum of surrogates": (raw({"__metadata__": {"sha256": "\ud800" * 64}}), "no checksum"),
    "a wrong checksum": (raw({"__metadata__": {"sha256": "1" * 64}}), "checksum is wrong"),
    "an entry that is a number": (raw(signed(a=1)), "'a' has not got dtype"),
    "an entry with more": (raw(signed(a={**entry("U8", [0], 0, 0), "code": ""})), "has not got"),
    "an unknown dtype": (raw(signed(a=entry("O", [0], 0, 0))), "unknown dtype 'O'"),
    "a dtype that is a list": (raw(signed(a=entry([], [0], 0, 0))), "unknown dtype \\[\\]"),
    "a shape that is a number": (raw(signed(a=entry("U8", 0, 0, 0))), "no shape, but 0"),
    "a negative shape": (raw(signed(a=entry("U8", [-1], 0, 0))), "no shape, but \\[-1\\]"),
    "a shape of true": (raw(signed(a=entry("U8", [True], 0, 1)), b"1"), "no shape"),
    "a shape of a fraction": (raw(signed(a=entry("U8", [1.0], 0, 1)), b"1"), "no shape"),
    "too many dimensions": (raw(signed(a=entry("U8", [1] * 33, 0, 1)), b"1"), "no shape"),
    "a shape of 2^80 bytes": (raw(signed(a=entry("U8", [2**40] * 2, 0, 8)), b"1" * 8), "has 8 byt"),
    "a shape that wraps": (raw(signed(a=entry("F64", [2**61], 0, 0))), "has 0 bytes"),
    "a shape of 600 digits": (raw(signed(a=entry("F64", MANY[:32], 0, 0))), "has 0 bytes"),
    "huge, but for a zero": (raw(signed(a=entry("U8", [2**62, 0], 0, 0))), "has the shape"),
    "offsets that are none": (raw(signed(a={**entry("U8", [], 0, 0), "data_offsets": 1})), "no d"),
    "offsets past the end": (raw(signed(a=entry("U8", [9], 0, 9)), b"1234"), "ends at byte 9"),
    "offsets backwards": (raw(signed(a=entry("U8", [2], 2, 0)), b"12"), "has -2 bytes"),
    "a gap at the start": (raw(signed(a=entry("U8", [1], 1, 2)), b"12"), "1 bytes after the h"),
    "an overlap": (
        raw(signed(a=entry("U8", [2], 0, 2), b=entry("U8", [2], 1, 3)), b"123"), "array 'a' ends at"
    ),
    "booleans of 2": (raw(signed(a=entry("BOOL", [2], 0, 2)), b"\1\2"), "neither 0 nor 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m"
    content, message = HOSTILE[name]
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message) as caught:
        _safetensors.read(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400 + len(str(path))


def test_the_hostile_headers_are_else_good(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(raw(signed(b=entry("U8", [2], 1, 3), a=entry("BOOL", [1], 0, 1)), b"\1\2\3"))
    arrays, texts = _safetensors.read(path)
    assert arrays["a"].tolist() == [True]
    assert arrays["b"].tolist() == [2, 3]
    assert texts == {}


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        _safetensors.read(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(OSError, match="is not a regular file"):
            _safetensors.read(path)
        with pytest.raises(OSError, match="is not a regular file"):
            _safetensors.write(path, {}, {})


@pytest.mark.parametrize(
    ("arrays", "texts", "message"),
    [
        ({"a": np.array(["text"])}, {}, "array 'a' must hold booleans or numbers; got dtype <U4"),
        ({"a": np.array([None])}, {}, "got dtype object"),
        ({"a": np.zeros(2, complex)}, {}, "got dtype complex128"),
        ({"__metadata__": np.zeros(2)}, {}, "must not be named '__metadata__'"),
        ({}, {"sha256": "1"}, "must leave 'sha256' free"),
    ],
)
def test_what_cannot_be_written(
    tmp_path: Path, arrays: dict[str, NDArray], texts: dict[str, str], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        _safetensors.write(tmp_path / "m", arrays, texts)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["os.fsync", "os.replace"])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = tmp_path / "m"
    _safetensors.write(path, {"a": np.arange(3)}, {})
    before = path.read_bytes()
    monkeypatch.setattr(where, _disk_full)
    with pytest.raises(OSError, match="No space left"):
        _safetensors.write(path, {"a": np.zeros(99)}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def _disk_full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_that_shrinks_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    _safetensors.write(path, {"a": np.arange(100_000)}, {})
    parsed: Callable[[bytes], dict[str, Any]] = _safetensors._parsed

    def cut(header: bytes) -> dict[str, Any]:
        os.truncate(path, 1000)
        return parsed(header)

    monkeypatch.setattr(_safetensors, "_parsed", cut)
    with pytest.raises(ModelFileError, match="ends too early"):
        _safetensors.read(path)
