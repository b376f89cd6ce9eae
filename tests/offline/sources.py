"""Files of every format that is read, made of one matrix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import zarr
from numpy.typing import NDArray

Writer = Callable[[Path, NDArray], Any]


def columns_of(X: NDArray) -> pa.Table:
    return pa.table({f"f{j}": X[:, j] for j in range(X.shape[1])})


def lists_of(X: NDArray, *, fixed: bool = True) -> pa.Table:
    flat = pa.array(X.ravel())
    if fixed:
        return pa.table({"e": pa.FixedSizeListArray.from_arrays(flat, X.shape[1])})
    return pa.table({"e": pa.array(list(X))})


def parquet(path: Path, table: pa.Table, rows: int = 97) -> str:
    pq.write_table(table, path, row_group_size=rows)
    return str(path)


def ipc(path: Path, table: pa.Table, rows: int = 97, compression: str | None = None) -> str:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(str(path), table.schema, options=options) as file:
        file.write_table(table, max_chunksize=rows)
    return str(path)


def npz(path: Path, X: NDArray, save: Callable[..., None] = np.savez) -> str:
    save(path, x=X, other=np.arange(3))
    return f"{path}:x"


def hdf5(path: Path, X: NDArray, **options: Any) -> str:
    with h5py.File(path, "w") as file:
        file.create_dataset("group/x", data=X, **options)
        file["other"] = np.arange(3)
    return f"{path}:group/x"


def zarr_array(path: Path, X: NDArray, **options: Any) -> str:
    array = zarr.create_array(str(path), shape=X.shape, dtype=X.dtype, **options)
    array[:] = X
    return str(path)


def zarr_group(path: Path, X: NDArray) -> str:
    group = zarr.create_group(str(path))
    for name, values in {"group/x": X, "other": np.arange(3)}.items():
        chunks = (50, 2)[: values.ndim]
        group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=chunks)[:] = values
    return f"{path}:group/x"


def zipped_zarr(path: Path, X: NDArray) -> str:
    store = zarr.storage.ZipStore(str(path), mode="w")
    zarr.create_array(store, shape=X.shape, dtype=X.dtype, chunks=(64, 3))[:] = X
    store.close()
    return str(path)


def csv(path: Path, X: NDArray, ends: str = "\n", delimiter: str = ",") -> str:
    lines = [delimiter.join(f"f{j}" for j in range(X.shape[1]))]
    lines += [delimiter.join(repr(float(value)) for value in row) for row in X]
    path.write_text(ends.join(lines), newline="")
    return str(path)


def userblock(path: Path, X: NDArray) -> str:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"] = X
    return str(path)


FORMATS: dict[str, Writer] = {
    "npy": lambda to, X: np.save(to / "x.npy", X) or str(to / "x.npy"),
    "npz": lambda to, X: npz(to / "x.npz", X),
    "npz by column": lambda to, X: npz(to / "x.npz", np.asfortranarray(X)),
    "npz big-endian": lambda to, X: npz(to / "x.npz", X.astype(">f4")),
    "npz deflated": lambda to, X: npz(to / "x.npz", X, np.savez_compressed),
    "parquet": lambda to, X: parquet(to / "x.parquet", columns_of(X)),
    "parquet, one row group": lambda to, X: parquet(to / "x.parquet", columns_of(X), len(X) or 1),
    "parquet of lists": lambda to, X: parquet(to / "x.parquet", lists_of(X)),
    "parquet of loose lists": lambda to, X: parquet(
        to / "x", lists_of(X, fixed=False), len(X) or 1
    ),
    "arrow": lambda to, X: ipc(to / "x.arrow", columns_of(X)),
    "arrow, compressed": lambda to, X: ipc(to / "x.feather", columns_of(X), compression="lz4"),
    "arrow of lists": lambda to, X: ipc(to / "x.arrow", lists_of(X)),
    "arrow of loose lists": lambda to, X: ipc(to / "x", lists_of(X, fixed=False)),
    "hdf5": lambda to, X: hdf5(to / "x.h5", X),
    "hdf5, chunked": lambda to, X: hdf5(to / "x.h5", X, chunks=(50, 2), compression="gzip"),
    "hdf5 after a user's block": lambda to, X: userblock(to / "x.h5", X),
    "zarr": lambda to, X: zarr_array(to / "x.zarr", X, chunks=(50, 2)),
    "zarr 2": lambda to, X: zarr_array(to / "x", X, chunks=(50, 2), zarr_format=2),
    "zarr, sharded": lambda to, X: zarr_array(to / "x", X, chunks=(50, 2), shards=(100, 6)),
    "zarr group": lambda to, X: zarr_group(to / "x.zarr", X),
    "zarr in a zip": lambda to, X: zipped_zarr(to / "x.zip", X),
    "csv": lambda to, X: csv(to / "x.csv", X),
    "csv of Windows": lambda to, X: csv(to / "x.csv", X, "\r\n", ";"),
    "table": lambda to, X: columns_of(X),
    "table of lists": lambda to, X: lists_of(X, fixed=False),
    "pandas": lambda to, X: columns_of(X).to_pandas(),
    "zarr array": lambda to, X: zarr.open(zarr_array(to / "x", X, chunks=(50, 2)), mode="r"),
    "dataset": lambda to, X: ds.dataset(parquet(to / "x.parquet", columns_of(X))),
    "array": lambda to, X: X,
}
