"""Sources of rows: every format gives what NumPy has, and errors are a line that names it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse.stream import Reader, Source, SourceError, _csv, _pieces, _sliced, _tables
from polyfuse.stream._sources import open_source

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.csv")
h5py = pytest.importorskip("h5py")
sources = pytest.importorskip("sources")  # needs zarr, too

FORMATS = sources.FORMATS
FILES = [name for name in FORMATS if name not in {"table", "table of lists", "pandas", "array"}]


@pytest.fixture
def X(rng: np.random.Generator) -> NDArray:
    X = rng.normal(size=(523, 6)).astype(np.float32)
    X[17, 3] = np.nan
    return X


@pytest.fixture(params=["pieces of a few rows", "whole"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts what is read at once to some rows, so that small files have many pieces."""
    if request.param != "whole":
        for module in (_pieces, _sliced, _tables):
            monkeypatch.setattr(module, "PIECE", 700)
        monkeypatch.setattr(_csv, "_BLOCK", 600)
        _csv._lines.cache_clear()


def read_all(source: object) -> NDArray:
    reader = open_source("image", source)
    return reader.read(0, min(reader.n_rows, 1_000_000))


def require_rows(reader: Reader, X: NDArray, rng: np.random.Generator) -> None:
    """The rows of `X`, from the first to the last, and any others."""
    assert (reader.n_rows, reader.width) == X.shape
    starts = [*range(0, len(X), 100), *rng.integers(0, len(X), 25)]
    for start in map(int, starts):
        stop = min(len(X), start + int(rng.integers(0, 200)))
        for out in (None, np.empty((stop - start, X.shape[1]), reader.dtype)):
            rows = reader.read(start, stop, out)
            assert rows.dtype == reader.dtype
            np.testing.assert_array_equal(rows, X[start:stop])
    np.testing.assert_array_equal(reader.read(0, len(X)), X)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_rows(
    name: str, X: NDArray, tmp_path: Path, rng: np.random.Generator
) -> None:
    reader = open_source("image", FORMATS[name](tmp_path, X))
    assert reader.dtype == (np.float64 if "csv" in name else np.float32)
    require_rows(reader, X, rng)
    json.dumps(reader.fingerprint())
    reader.close()


@pytest.mark.parametrize("name", FILES)
def test_files_without_rows(name: str, X: NDArray, tmp_path: Path) -> None:
    if "loose" in name or "chunked" in name:
        pytest.skip("no list tells its length; HDF5 refuses chunks of what is not there")
    reader = open_source("image", FORMATS[name](tmp_path, X[:0]))
    assert (reader.n_rows, reader.width) == (0, 6)
    assert reader.read(0, 0).shape == (0, 6)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float64", ">f8"])
@pytest.mark.parametrize("name", ["npz", "npz deflated", "parquet", "arrow", "hdf5", "zarr"])
def test_dtypes_are_kept(name: str, dtype: str, tmp_path: Path, rng: np.random.Generator) -> None:
    if dtype == ">f8" and name in ("parquet", "arrow"):
        pytest.skip("Arrow has no such dtype")
    X = rng.integers(0, 2, (101, 4)).astype(dtype)
    reader = open_source("image", FORMATS[name](tmp_path, X))
    assert reader.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(reader.read(3, 90), X[3:90])


# -- columns -------------------------------------------------------------------------------------


@pytest.fixture
def table(X: NDArray) -> object:
    return sources.columns_of(X).append_column("id", pa.array(range(len(X)))).append_column(
        "kind", pa.array([f"k{i % 3}" for i in range(len(X))])
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv", "table"])
def test_columns_are_chosen(kind: str, table: object, X: NDArray, tmp_path: Path) -> None:
    path = tmp_path / f"t.{kind}"
    if kind == "table":
        source: object = table
    elif kind == "csv":
        pa.csv.write_csv(table, path)
        source = path
    else:
        (sources.parquet if kind == "parquet" else sources.ipc)(path, table)
        source = path

    def rows(columns: list[str]) -> NDArray:
        return open_source("text", source, columns=columns).read(0, 9)

    assert rows("f2").shape == (9, 1)
    np.testing.assert_array_equal(rows(["f4", "f1"]).astype(X.dtype), X[:9, [4, 1]])
    assert rows(["f3", "f*"]).astype(X.dtype).tolist() == X[:9, [3, 0, 1, 2, 4, 5]].tolist()
    assert rows(["f0", "id"]).dtype == np.float64
    kinds = open_source("y", source, columns=["kind"], one_per_row=True)
    assert (kinds.width, list(kinds.read(1, 4))) == (None, ["k1", "k2", "k0"])
    ids = open_source("y", source, columns=["id"], one_per_row=True)
    assert (ids.dtype, ids.read(5, 7).tolist()) == (np.int64, [5, 6])
    if kind != "table":
        same = open_source("text", f"{path}:f4,f1").read(0, 9)
        np.testing.assert_array_equal(same.astype(X.dtype), X[:9, [4, 1]])
    with pytest.raises(SourceError, match=r"text.* has no column 'g\*'; it has f0, f1"):
        rows(["g*"])
    with pytest.raises(SourceError, match="must name one column"):
        open_source("y", source, columns=["f*"], one_per_row=True)


def test_arrays_that_lie_elsewhere_are_sliced(X: NDArray, rng: np.random.Generator) -> None:
    class Elsewhere:
        shape, dtype = X.shape, X.dtype

        def __getitem__(self, rows: slice) -> NDArray:
            return X[rows]

    require_rows(open_source("image", Elsewhere()), X, rng)
    sparse = pytest.importorskip("scipy.sparse").csr_array(np.eye(3))
    with pytest.raises(TypeError, match="image must be a path, an array.*; got csr_array"):
        open_source("image", sparse)


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import sys, polyfuse.stream; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"pyarrow", "h5py", "zarr", "numba", "polyfuse._core"} & set(loaded.split())
    assert "polyfuse.stream" in loaded


def test_the_key_is_no_feature(table: object, X: NDArray) -> None:
    source = Source(table.drop(["kind"]), key="id")
    np.testing.assert_array_equal(open_source("text", source).read(0, 9), X[:9])


def test_an_index_of_pandas_is_no_feature(X: NDArray, tmp_path: Path) -> None:
    frame = sources.columns_of(X).to_pandas().set_axis([f"r{i}" for i in range(len(X))])
    frame.to_parquet(tmp_path / "x.parquet")
    reader = open_source("text", tmp_path / "x.parquet")
    np.testing.assert_array_equal(reader.read(0, 9), X[:9])


def test_lists_and_columns_side_by_side(X: NDArray, tmp_path: Path) -> None:
    lists = sources.lists_of(X).append_column("age", pa.array(np.arange(len(X), dtype=np.int16)))
    reader = open_source("text", sources.parquet(tmp_path / "x", lists))
    assert (reader.width, reader.dtype) == (7, np.float32)
    np.testing.assert_array_equal(reader.read(90, 110)[:, 6], np.arange(90, 110))


@pytest.mark.parametrize("fixed", [True, False])
def test_lists_that_are_missing_are_rows_of_nan(fixed: bool, X: NDArray) -> None:
    mask = np.zeros(len(X), bool)
    mask[[0, 5, 522]] = True
    kind = pa.list_(pa.float32(), 6) if fixed else pa.list_(pa.float32())
    column = pa.array([None if m else row for m, row in zip(mask, X, strict=True)], kind)
    expected = np.where(mask[:, None], np.nan, X)
    reader = open_source("text", pa.table({"e": column}))
    np.testing.assert_array_equal(reader.read(0, 523), expected)
    np.testing.assert_array_equal(reader.read(5, 6), expected[5:6])


def test_nulls_are_nan_or_an_error(tmp_path: Path) -> None:
    column = [1.0, None, 3.0]
    path = sources.parquet(tmp_path / "x", pa.table({"a": column, "b": pa.nulls(3)}), 2)
    np.testing.assert_array_equal(open_source("x", path).read(0, 3)[:, 0], [1.0, np.nan, 3.0])
    for values in ([1, 2, 3, None], [True, True, False, None], ["a", "b", "c", None]):
        path = sources.parquet(tmp_path / "x", pa.table({"a": values}), 2)
        reader = open_source("y", path, one_per_row=True)
        reader.read(0, 2)
        with pytest.raises(SourceError, match="y=.*x has no value in row 3, column 'a'"):
            reader.read(1, 4)


def test_codes_and_decimals() -> None:
    text = pa.array(["b", "a", "b"]).dictionary_encode()
    assert list(open_source("y", pa.table({"a": text}), one_per_row=True).read(0, 3)) == [*"bab"]
    price = pa.array([Decimal(1), Decimal(2), Decimal(3)])
    assert open_source("x", pa.table({"a": price})).read(0, 3).tolist() == [[1.0], [2.0], [3.0]]


def test_lists_of_other_lengths_are_named(tmp_path: Path) -> None:
    lists = [[1.0, 2.0]] * 5 + [[3.0]]
    path = sources.parquet(tmp_path / "x", pa.table({"e": lists}), 6)
    with pytest.raises(SourceError, match="column 'e'; row 5 has 1 values, rows before 2"):
        read_all(path)
    lists = [[1.0, 2.0]] * 2000 + [[3.0]]
    path = sources.parquet(tmp_path / "x", pa.table({"e": lists}), 2000)
    with pytest.raises(SourceError, match="1 values per row from row 2000 on, and 2 before"):
        read_all(path)


# -- many files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["npy", "npz", "parquet", "arrow of lists", "hdf5", "zarr", "csv"])
def test_many_files_are_one_source(
    name: str, X: NDArray, tmp_path: Path, rng: np.random.Generator
) -> None:
    for part, rows in zip("cab", (X[300:], X[:120], X[120:300]), strict=True):
        (tmp_path / part).mkdir()
        source = FORMATS[name](tmp_path / part, rows)
    pattern = str(source).replace(f"{tmp_path}/b/", f"{tmp_path}/?/")
    require_rows(open_source("image", pattern), X, rng)
    ordered = [str(source).replace("/b/", f"/{part}/") for part in "abc"]
    require_rows(open_source("image", ordered), X, rng)
    if name == "parquet":
        require_rows(open_source("image", tmp_path), X, rng)
        require_rows(open_source("image", pa.dataset.dataset(tmp_path)), X, rng)


def test_text_of_many_files_is_as_long_as_the_longest(tmp_path: Path) -> None:
    for part, texts in {"a": ["x", "yy"], "b": ["zzzz"]}.items():
        np.savez(tmp_path / f"{part}.npz", np.array(texts))
    reader = open_source("y", str(tmp_path / "*.npz"), one_per_row=True)
    assert reader.read(0, 3).tolist() == ["x", "yy", "zzzz"]
    assert reader.read(0, 2).dtype == reader.dtype


def test_files_that_differ_are_named(X: NDArray, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X)
    np.savez(tmp_path / "b.npz", X[:, :5])
    with pytest.raises(SourceError, match=r"b\.npz has 5 values per row, and image=.*a\.npz 6"):
        open_source("image", str(tmp_path / "*.npz"))
    np.savez(tmp_path / "b.npz", X.astype(float))
    with pytest.raises(SourceError, match=r"b\.npz has dtype float64, and image=.*a\.npz float32"):
        open_source("image", str(tmp_path / "*.npz"))


def test_a_dataset_with_a_filter_is_refused(X: NDArray, tmp_path: Path) -> None:
    dataset = FORMATS["dataset"](tmp_path, X)
    with pytest.raises(SourceError, match="without a filter"):
        open_source("image", dataset.filter(pa.dataset.field("f0") > 0))


# -- CSV -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pieces")
def test_csv_with_quotes_breaks_and_empty_lines(tmp_path: Path) -> None:
    texts = ['two\nlines, "quoted"', "plain", ""] * 50
    lines = [f'{i},"{text.replace(chr(34), chr(34) * 2)}"\r\n' for i, text in enumerate(texts)]
    (tmp_path / "x.csv").write_text("\ufeffid,text\r\n\r\n" + "\r\n".join(lines), newline="")
    reader = open_source("y", f"{tmp_path}/x.csv:text", one_per_row=True)
    assert list(reader.read(0, 150)) == texts
    assert list(reader.read(40, 60)) == texts[40:60]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.csv is empty"),
        ("1,2\n3,4\n", "must begin with the names of its columns; its first line holds numbers"),
        ("a,b\n1,2\nx,3\n", "in row 1, column 'a': .*invalid value 'x'"),
        ("a,b\n1,2\n3\n", "in row 1: Expected 2 columns, got 1"),
        ("a,a\n1,2\n", "several columns called 'a'"),
        ("a,b\n" + "1,2\n" * 300_000 + "3,z\n", "in row 300000, column 'b'"),
        ('a,b\n1,"2\n3,4\n', "is damaged|cannot be read"),
    ],
)
def test_csv_errors_name_the_row(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(SourceError, match=said):
        read_all(tmp_path / "x.csv")


# -- what is wrong with files --------------------------------------------------------------------


def mutable(name: str, X: NDArray, folder: Path) -> tuple[object, Path]:
    """A source, and the file of it that holds the most."""
    source = FORMATS[name](folder, X)
    return source, max((f for f in folder.rglob("*") if f.is_file()), key=os.path.getsize)


CHANGED = [name for name in FILES if name not in ("npy", "dataset", "zarr array")]


@pytest.mark.parametrize("name", CHANGED)
def test_truncated_files_are_named(name: str, X: NDArray, tmp_path: Path) -> None:
    source, file = mutable(name, X, tmp_path)
    os.truncate(file, os.path.getsize(file) - 100 if "csv" not in name else 4000)
    with pytest.raises(SourceError) as caught:
        read_all(source)
    assert re.match(r"image=\S*/x\S* [^\n]+\.$", str(caught.value))


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_a_truncated_table_says_so(name: str, X: NDArray, tmp_path: Path) -> None:
    source, file = mutable(name, X, tmp_path)
    os.truncate(file, 3000)
    with pytest.raises(SourceError, match="is truncated, or was not closed: it has 3000 bytes"):
        open_source("image", source)


@pytest.mark.parametrize("pieces", ["pieces of a few rows"], indirect=True)
@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("change", ["shrunk", "written to", "gone"])
@pytest.mark.parametrize("name", CHANGED)
def test_files_that_change_are_named(name: str, change: str, X: NDArray, tmp_path: Path) -> None:
    source, file = mutable(name, X, tmp_path)
    reader = open_source("image", source)
    reader.read(0, 10)
    if change == "shrunk":
        os.truncate(file, 1000)
    elif change == "written to":
        os.utime(file, ns=(0, 0))
    else:
        file.unlink()
    with pytest.raises(SourceError, match="image=.*(shrunk|written to|cannot be opened|gone)"):
        reader.read(0, 523)


def damaged(content: bytes, kind: str, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    if kind == "cut":
        return content[: rng.integers(0, len(content))]
    tail = 0 if kind == "anywhere" else max(0, len(content) - 400)
    for _ in range(3):
        changed[rng.integers(tail, len(content))] = rng.integers(0, 256)
    return bytes(changed)


@pytest.mark.parametrize(
    "name", ["npz", "npz deflated", "parquet", "arrow of loose lists", "hdf5, chunked", "csv"]
)
def test_damaged_files_give_rows_or_an_error(
    name: str, X: NDArray, tmp_path: Path, rng: np.random.Generator
) -> None:
    source, file = mutable(name, X, tmp_path)
    content, said = file.read_bytes(), []
    for i in range(60):
        file.write_bytes(damaged(content, ("cut", "anywhere", "tail")[i % 3], rng))
        try:
            read_all(source)
        except SourceError as error:
            said.append(str(error))
    assert len(said) > 15
    assert not any("\n" in each for each in said)


def test_chunks_of_zarr_that_are_gone_are_no_zeros(X: NDArray, tmp_path: Path) -> None:
    reader = open_source("image", FORMATS["zarr"](tmp_path, X))
    (tmp_path / "x.zarr" / "c" / "3" / "1").unlink()
    with pytest.raises(SourceError, match="c/3/1 is gone or was written to"):
        reader.read(100, 300)


@pytest.mark.parametrize("rows", [522, 524])
def test_a_header_that_is_not_true(rows: int, X: NDArray, tmp_path: Path) -> None:
    """Fewer rows than there are would be rows of something else."""
    source, file = mutable("npz", X, tmp_path)
    file.write_bytes(file.read_bytes().replace(b"(523, 6)", f"({rows}, 6)".encode()))
    with pytest.raises(SourceError, match=f"is damaged: its header takes {128 + rows * 24} bytes"):
        open_source("image", source)


def test_no_room_to_decompress(X: NDArray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = open_source("image", FORMATS["npz deflated"](tmp_path, X))
    full = type("Full", (), {"write": lambda self, part: os.write(os.open("/dev/full", 1), part)})
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Context(full()))
    with pytest.raises(SourceError, match="cannot be decompressed into .*: No space left"):
        reader.read(0, 10)


class Context:
    def __init__(self, value: object) -> None:
        self.value = value

    def __enter__(self) -> object:
        return self.value

    def __exit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no.npz", "image=no.npz cannot be opened: No such file or directory."),
        ("no.parquet:a", "image=no.parquet:a cannot be opened: No such file or directory."),
        ("no*.npy", "image=no*.npy matches no file."),
        ("gz", "image=gz is compressed by gzip, which cannot be entered in the middle: "),
        ("bin", "image=bin is in no format that can be read here"),
        ("fake.npz", "image=fake.npz is called a file of npz and begins as none"),
        ("two.npz", "image=two.npz must name one of its arrays, as in two.npz:KEY; it holds a, b."),
        ("two.npz:c", "image=two.npz:c has no array 'c'; it holds a, b."),
        ("two.npz:a", "image=two.npz:a must be 2-D, one row per sample; got shape (3,)."),
        ("two.h5", "image=two.h5 must name one of its datasets"),
        ("two.h5:c", "image=two.h5:c has no dataset 'c'; it holds a, b."),
        (".", "image=. is a folder without tables, and no Zarr store."),
        (np.ones((2, 2), complex), "image must hold numbers or text; got dtype complex128."),
        (np.ones((2, 2, 2)), "image must be 2-D, one row per sample; got shape (2, 2, 2)."),
        (Source("two.npz:a", columns=["a"]), "image=two.npz:a is no table"),
        (5, "image must be a path, an array, a table or a reader; got int."),
    ],
    ids=str,
)
def test_messages(
    source: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gz").write_bytes(b"\x1f\x8b\x08")
    Path("bin").write_bytes(b"\x01\x00\x02")
    Path("fake.npz").write_bytes(b"hello")
    np.savez("two.npz", a=np.arange(3), b=np.array(["x"]))
    with h5py.File("two.h5", "w") as file:
        file["a"] = file["b"] = np.arange(3)
    with pytest.raises((SourceError, TypeError), match=re.escape(said)):
        open_source("image", source)


def test_text_in_hdf5_and_npz(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["y"] = ["a", "bü"]
    np.savez(tmp_path / "x.npz", y=np.array([b"a", "bü".encode()]))
    for source in ("x.h5", "x.npz"):
        reader = open_source("y", tmp_path / source, one_per_row=True)
        assert list(reader.read(0, 2)) == ["a", "bü"]


@pytest.mark.parametrize("missing", ["pyarrow", "h5py", "zarr"])
def test_what_to_install(missing: str, X: NDArray, tmp_path: Path, monkeypatch) -> None:
    name, extra = {
        "pyarrow": ("parquet", "arrow"), "h5py": ("hdf5", "hdf5"), "zarr": ("zarr", "zarr"),
    }[missing]  # fmt: skip
    source = FORMATS[name](tmp_path, X)
    for module in (missing, f"{missing}.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'pip install "polyfuse\[{extra}\]"'):
        open_source("image", source)
