"""Collections as they are given, and the rows that they are cut into."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import kind_of
from .._blocks import named_blocks
from .._collections import is_collection
from .._feature_names import names_of
from .._interchange import as_array
from ._graph import compute, dask, task


class Partitions(NamedTuple):
    """Blocks as Dask Arrays, of one chunk of columns each, whose chunks of rows are the same.

    `frames` has, of each block that is a data frame, a frame of its columns without rows.
    """

    names: list[str]
    arrays: list[Any]
    frames: list[Any]
    whole: bool  # one matrix rather than blocks

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rows of each partition, NaN where that is not known."""
        lengths: tuple[int, ...] = self.arrays[0].chunks[0]
        return lengths

    @property
    def n_rows(self) -> int:
        return sum(self.lengths)

    @property
    def widths(self) -> list[int]:
        return [array.shape[1] for array in self.arrays]

    def blank(self, n_rows: int = 1) -> Any:
        """Zeros of these dtypes, for what is learned of widths, dtypes and names alone."""
        blocks = [
            named(np.broadcast_to(np.zeros((), array.dtype), (n_rows, array.shape[1])), frame)
            for array, frame in zip(self.arrays, self.frames, strict=True)
        ]
        return blocks[0] if self.whole else dict(zip(self.names, blocks, strict=True))

    def aligned(self, rows: int) -> Partitions:
        """The same rows, in partitions that begin at multiples of so many; some may be empty."""
        ends = np.cumsum(self.lengths)
        ends[:-1] = (ends[:-1] + rows // 2) // rows * rows
        lengths = tuple(np.diff(np.minimum(ends, self.n_rows), prepend=0).tolist())
        if lengths == self.lengths:
            return self
        return self._replace(arrays=[array.rechunk({0: lengths}) for array in self.arrays])

    def parts(self) -> list[list[Any]]:
        """Of each block, a Delayed for each of its partitions."""
        return [delayed_parts(array) for array in self.arrays]


def named(rows: NDArray, frame: Any) -> Any:
    """Rows as a data frame of the columns of another one, if there is one."""
    return rows if frame is None else type(frame)(rows, columns=frame.columns)


def partitions_of(X: Any, argument: str = "X", *, known: bool = True) -> Partitions:
    """Collections, cut alike: others are rechunked to the rows of the first.

    Lengths of partitions that are not known are computed if they are to be `known`, or are needed
    to cut blocks alike. Other blocks of as many partitions are taken to have the same, which is
    looked at where they are read.

    Raises
    ------
    TypeError, ValueError
        If a block is no collection, has no two dimensions, or another number of rows.
    """
    whole = not isinstance(X, dict) and not (isinstance(X, list | tuple) and _are_blocks(X))
    names, given = (["X"], [X]) if whole else named_blocks(X, argument)
    shown = [argument if whole else f"{argument}[{name!r}]" for name in names]
    arrays: list[Any] = []
    frames: list[Any] = []
    lengths = next((x.chunks[0] for x in given if hasattr(x, "numblocks")), None)
    for label, x in zip(shown, given, strict=True):
        array, frame = as_dask_array(x, label, arrays[0].chunks[0] if arrays else lengths)
        if array.ndim != 2:
            raise ValueError(f"{label} must be 2-D, one row per sample; got {array.ndim}-D.")
        array = array.astype(array.dtype.newbyteorder("="))  # itself, if it is native
        arrays.append(array.rechunk({1: -1}) if array.numblocks[1] > 1 else array)
        frames.append(frame)
    return Partitions(list(map(str, names)), cut_alike(arrays, shown, known=known), frames, whole)


def cut_alike(arrays: list[Any], labels: Sequence[str], *, known: bool = True) -> list[Any]:
    """Arrays with the chunks of rows of the first."""
    counts = {array.numblocks[0] for array in arrays}
    unknown = [_is_unknown(array) for array in arrays]
    if (unknown[0] and (known or len(counts) > 1)) or (any(unknown) and not all(unknown)):
        arrays = [_with_lengths(arrays[0]), *arrays[1:]]
    first = arrays[0]
    if _is_unknown(first):
        return arrays
    alike = [first]
    for label, array in zip(labels[1:], arrays[1:], strict=True):
        if _is_unknown(array) and array.numblocks[0] != first.numblocks[0]:
            array = _with_lengths(array)
        if _is_unknown(array):
            array = _of_lengths(array, first.chunks[0])
        if array.shape[0] != first.shape[0]:
            raise ValueError(
                f"{label} must have as many rows as {labels[0]}, {first.shape[0]}; got "
                f"{array.shape[0]}."
            )
        alike.append(array.rechunk({0: first.chunks[0]}))
    return alike


def _is_delayed(x: Any) -> bool:
    return isinstance(x, dask("delayed").Delayed)


def as_dask_array(x: Any, label: str, lengths: Any = None) -> tuple[Any, Any]:
    """A Dask Array, and, of a data frame, one of pandas without rows.

    What is no collection becomes one of the lengths given.
    """
    if _is_delayed(x) or (isinstance(x, list | tuple) and x and _is_delayed(x[0])):
        return _of_delayed(x if isinstance(x, list | tuple) else [x], label)
    if not is_collection(x):
        array = np.asarray(as_array(x, label))
        rows = lengths if lengths is not None and sum(lengths) == len(array) else len(array)
        return dask("array").from_array(array, chunks=(rows, *array.shape[1:])), None
    if hasattr(x, "map_partitions"):
        meta = x._meta
        shown = as_array(x._meta_nonempty, label)
        empty = np.empty((0, *shown.shape[1:]), shown.dtype)
        frame = meta if meta.ndim == 2 and names_of(meta) is not None else None
        return x.map_partitions(as_array, label, meta=empty), frame
    if not hasattr(x, "numblocks"):
        raise TypeError(
            f"{label} must be a Dask Array, DataFrame or Series, or a list of Delayed; got "
            f"{kind_of(x)}."
        )
    return x, None


def delayed_parts(array: Any) -> list[Any]:
    return list(array.to_delayed().ravel())


def _are_blocks(X: Sequence[Any]) -> bool:
    """Whether a list holds blocks; one of Delayed holds the partitions of a matrix."""
    return not _is_delayed(X[0])


def _of_delayed(parts: Sequence[Any], label: str) -> tuple[Any, Any]:
    facts = compute([task(_facts, part, label) for part in parts])
    shapes, dtypes, frames = zip(*facts, strict=True)
    if len({shape[1:] for shape in shapes}) > 1:
        raise ValueError(f"{label} must have parts of one width; got shapes {list(shapes)}.")
    da, dtype = dask("array"), np.result_type(*dtypes)
    arrays = [
        da.from_delayed(task(_converted, part, label, dtype), shape, dtype)
        for part, shape in zip(parts, shapes, strict=True)
    ]
    return da.concatenate(arrays), frames[0]


def _facts(part: Any, label: str) -> tuple[tuple[int, ...], np.dtype, Any]:
    array = as_array(part, label)
    frame = part.iloc[:0] if hasattr(part, "iloc") and names_of(part) is not None else None
    return array.shape, array.dtype, frame


def _converted(part: Any, label: str, dtype: np.dtype) -> NDArray:
    return as_array(part, label).astype(dtype, copy=False)


def all_values(given: Any, label: str) -> Any:
    """A value for each row, computed; what is no collection stays as it is."""
    if given is None or not is_collection(given):
        return given
    return compute([as_dask_array(given, label)[0]])[0]


def as_given(parts: Partitions, scalers: list[Any]) -> Any:
    """Fitted scalers as an estimator takes them."""
    if all(own is None for own in scalers):
        return None
    return scalers[0] if parts.whole else dict(zip(parts.names, scalers, strict=True))


def of_package(model: Any, method: str) -> Any:
    """The function of the package behind a method, whatever a subclass has made of it.

    That one has been asked already, for all rows.
    """
    ours = (cls for cls in type(model).__mro__ if cls.__module__.partition(".")[0] == "polyfuse")
    return getattr(next(ours), method)


def without_names(model: Any) -> Any:
    """A copy that takes arrays without names of columns: these have been compared already."""
    own = copy(model)
    own.__dict__.pop("feature_names_in_", None)
    for known in ("_features", "_feature_names"):
        if known in own.__dict__:
            own.__dict__[known] = dict.fromkeys(own.__dict__[known])
    return own


def _is_unknown(array: Any) -> bool:
    return any(np.isnan(n) for n in array.chunks[0])


def _with_lengths(array: Any) -> Any:
    if not _is_unknown(array):
        return array
    return _cut_into(array, compute([task(len, part) for part in delayed_parts(array)]))


def _cut_into(array: Any, lengths: Sequence[int]) -> Any:
    """The array, of which it is known by now how long its chunks are."""
    chunks = (tuple(map(int, lengths)), *array.chunks[1:])
    kind = dask("array").Array
    return kind(array.dask, array.name, chunks, dtype=array.dtype, meta=array._meta)


def _of_lengths(array: Any, lengths: Sequence[int]) -> Any:
    """An array whose chunks should have so many rows: they are counted when they are read."""
    da, index = dask("array"), "ij"[: array.ndim]
    expected = da.from_array(np.array(lengths), chunks=1)
    checked = da.blockwise(
        _of_length, index, array, index, expected, "i", dtype=array.dtype, align_arrays=False,
        meta=array._meta,
    )  # fmt: skip
    return _cut_into(checked, lengths)


def _of_length(part: NDArray, length: NDArray) -> NDArray:
    if len(part) != length[0]:
        raise ValueError(
            f"partitions of all collections must have as many rows; one has {len(part)} where the "
            f"first has {length[0]}. Give Dask Arrays whose chunks are known, as "
            "ddf.to_dask_array(lengths=True) makes them."
        )
    return part
