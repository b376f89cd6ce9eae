"""What people keep numbers and labels in, and the least that each protocol asks of a class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest


class Stream:
    """No more than ``__arrow_c_stream__``."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._data.__arrow_c_stream__(requested_schema)


class SchemaStream(Stream):
    def __arrow_c_schema__(self) -> Any:
        return self._data.schema.__arrow_c_schema__()


class Capsule:
    """No more than ``__arrow_c_array__``."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._data.__arrow_c_array__(requested_schema)


class Tensor:
    """No more than DLPack, on some device."""

    def __init__(self, data: np.ndarray, device: int = 1) -> None:
        self._data, self._device = data, device

    def __dlpack__(self, **options: Any) -> Any:
        return self._data.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device, 0


class Arrayed:
    """No more than ``__array__``."""

    def __init__(self, data: np.ndarray) -> None:
        self._data = data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._data, dtype) if copy else np.asarray(self._data, dtype)


def names(x: np.ndarray) -> list[str]:
    return [f"c{j}" for j in range(x.shape[1])]


def columns(x: np.ndarray) -> dict[str, np.ndarray]:
    return {name: x[:, j] for j, name in enumerate(names(x))}


def skip_without(module: str) -> Any:
    return pytest.importorskip(module)


def mapped(x: np.ndarray, mode: Any) -> np.ndarray:
    with TemporaryDirectory() as folder:  # what is mapped outlives its name
        np.save(Path(folder) / "x.npy", x)
        return np.load(Path(folder) / "x.npy", mmap_mode=mode)  # type: ignore[no-any-return]


def frame(x: np.ndarray, dtype: Any = None) -> Any:
    made = skip_without("pandas").DataFrame(x, columns=names(x))
    return made if dtype is None else made.astype(dtype)


def mixed_frame(x: np.ndarray) -> Any:
    pd = skip_without("pandas")
    parts = [pd.Series(x[:, j], dtype="Float64" if j % 2 else x.dtype) for j in range(x.shape[1])]
    return pd.DataFrame(dict(zip(names(x), parts, strict=True)))


def table(x: np.ndarray) -> Any:
    return skip_without("pyarrow").table(columns(x))


def pieces(x: np.ndarray) -> Any:
    pa, whole = skip_without("pyarrow"), table(x)
    return pa.concat_tables([whole.slice(0, 7), whole.slice(7)])


def batch(x: np.ndarray) -> Any:
    return skip_without("pyarrow").RecordBatch.from_pydict(columns(x))


def polars_frame(x: np.ndarray) -> Any:
    return skip_without("polars").DataFrame(columns(x))


def torch_tensor(x: np.ndarray) -> Any:
    return skip_without("torch").from_numpy(x)


def jax_array(x: np.ndarray) -> Any:
    skip_without("jax").config.update("jax_enable_x64", True)
    return skip_without("jax.numpy").asarray(x)


# Of a matrix of float64.
MATRICES: dict[str, Callable[[np.ndarray], Any]] = {
    "F-ordered": np.asfortranarray,
    "memmap": partial(mapped, mode="r+"),
    "read-only memmap": partial(mapped, mode="r"),
    "pandas": frame,
    "pandas, nullable": partial(frame, dtype="Float64"),
    "pandas, of Arrow": partial(frame, dtype="double[pyarrow]"),
    "pandas, mixed": mixed_frame,
    "polars": polars_frame,
    "table": table,
    "table in pieces": pieces,
    "record batch": batch,
    "stream": lambda x: Stream(table(x)),
    "stream in pieces": lambda x: Stream(pieces(x)),
    "reader": lambda x: table(x).to_reader(),
    "array of records": lambda x: Capsule(batch(x)),
    "DLPack": Tensor,
    "__array__": Arrayed,
    "torch": torch_tensor,
    "JAX": jax_array,
}


def series(y: np.ndarray, dtype: Any = None) -> Any:
    return skip_without("pandas").Series(y, dtype=dtype)


def nullable(y: np.ndarray) -> Any:
    return series(y, {"f": "Float64", "i": "Int64", "U": "string"}[y.dtype.kind])


def of_arrow(y: np.ndarray) -> Any:
    pd, pa = skip_without("pandas"), skip_without("pyarrow")
    return series(y, pd.ArrowDtype(pa.array(y.tolist()).type))


def polars_series(y: np.ndarray, dtype: Any = None) -> Any:
    return skip_without("polars").Series(y.tolist(), dtype=dtype)


def arrow(y: np.ndarray) -> Any:
    return skip_without("pyarrow").array(y.tolist())


def chunked(y: np.ndarray) -> Any:
    return skip_without("pyarrow").chunked_array([y[:5].tolist(), y[5:].tolist()])


# Of a vector of numbers or texts.
VECTORS: dict[str, Callable[[np.ndarray], Any]] = {
    "list": np.ndarray.tolist,
    "pandas": series,
    "pandas, nullable": nullable,
    "pandas, of Arrow": of_arrow,
    "polars": polars_series,
    "Arrow": arrow,
    "Arrow in pieces": chunked,
    "stream": lambda y: Stream(chunked(y)),
    "array of Arrow": lambda y: Capsule(arrow(y)),
    "__array__": Arrayed,
}
NUMBERS = VECTORS | {"DLPack": Tensor, "torch": torch_tensor, "JAX": jax_array}
LABELS = VECTORS | {
    "Categorical": lambda y: skip_without("pandas").Categorical(y),
    "categories": lambda y: series(y, "category"),
    "dictionary": lambda y: arrow(y).dictionary_encode(),
    "dictionaries": lambda y: chunked(y).dictionary_encode(),
    "stream of dictionaries": lambda y: Stream(chunked(y).dictionary_encode()),
}
