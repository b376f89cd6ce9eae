"""Scalers, fitted to blocks that are read in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._fusion_scalers import Scalers, is_fitted, new_scaler, scaler_entries
from .._kernels.contract import Block
from .._missing import rows_there
from ..exceptions import SourceError
from ._ahead import Chunk
from ._checks import told_where
from ._dataset import Dataset
from ._jobs import Job

_WHAT = "scalers"


Masks = dict[str, NDArray[np.bool_]]


def fit_block_scalers(
    data: Dataset, scaler: Scalers, job: Job, there: Masks | None = None
) -> dict[str, Any]:
    """A scaler for each block, or None: as it is given if it is fitted, else fitted to all rows.

    Of blocks that `there` holds booleans for, one per row, these are set to whether the row is
    there, that is, not all NaN; their scalers see those rows alone.

    The state of the job is its own until they are fitted; then `scalers` in it is what it returns.
    """
    there = {} if there is None else there
    there.update(job.state.get("there", {}))
    if "scalers" in job.state:
        known: dict[str, Any] = job.state["scalers"]
        return known
    entries = dict(zip(data.names, scaler_entries(data.names, scaler, "scaler"), strict=True))
    fitted = {
        name: own if own is None or is_fitted(own) else new_scaler(own)
        for name, own in entries.items()
    }
    learning = [name for name, own in entries.items() if own is not None and not is_fitted(own)]
    start = 0
    if "fitting" in job.state:
        fitted, start = job.state["fitting"], job.state["rows"]
    if learning or there:
        _learn(data, fitted, learning, start, job, there)
    job.state = {"scalers": fitted, "there": there}
    return fitted


def _learn(
    data: Dataset, fitted: dict[str, Any], learning: list[str], start: int, job: Job, there: Masks
) -> None:
    only = data.only([name for name in data.names if name in learning or name in there])

    def settle() -> None:
        for name in learning:
            if hasattr(fitted[name], "_settle") and is_fitted(fitted[name]):
                with _infinity_found(only, name):
                    fitted[name]._settle()

    def state() -> dict[str, Any]:
        settle()
        return {"fitting": fitted, "rows": chunk.stop, "there": there}

    def ahead(chunk: Chunk, buffer: int) -> tuple[Chunk, dict[str, Any]]:
        # The first rows are what a scaler is fitted to, before it gathers others.
        names = [name for name in learning if name not in there] if chunk.start else []
        return chunk, {
            name: fitted[name]._ahead(chunk.blocks[name], chunk.start)
            for name in names
            if hasattr(fitted[name], "_ahead")
        }

    seen = {name: int(mask[:start].sum()) for name, mask in there.items()}
    for chunk, known in only.mapped(ahead, start=start):
        with told_where(chunk):
            for name, rows in chunk.blocks.items():
                if name in there:
                    rows = _those_there(rows, there[name][chunk.start : chunk.stop])
                if name in learning and len(rows):
                    _take_in(fitted[name], rows, seen.get(name, chunk.start), known.get(name))
                if name in there:
                    seen[name] += len(rows)
        job.tell(_WHAT, chunk.stop, data.n_rows)
        job.offer(state)
    settle()


def _take_in(scaler: Any, rows: NDArray, start: int, known: Any) -> None:
    """Learn from more rows: a scaler that can gather them does, which is half the work."""
    if hasattr(scaler, "_gather") and is_fitted(scaler):
        scaler._gather(scaler._ahead(rows, start) if known is None else known)
    else:
        scaler.partial_fit(rows)


def _those_there(rows: NDArray, there: NDArray[np.bool_]) -> NDArray:
    """The rows that are not all NaN, which `there` is set to tell."""
    there[:] = rows_there(Block(rows))
    return rows if there.all() else rows[there]


@contextmanager
def _infinity_found(data: Dataset, name: str) -> Iterator[None]:
    """An infinity somewhere in a block is looked for."""
    try:
        yield
    except ValueError:
        for chunk in data.only([name]).chunks():
            infinite = np.isinf(chunk.blocks[name])
            if infinite.any():
                row, column = np.argwhere(infinite)[0]
                raise SourceError(
                    f"{chunk.called[name]} contains infinity in row {chunk.start + row}, column "
                    f"{column}: there is no scale for it."
                ) from None
        raise


def as_given(data: Dataset, scalers: dict[str, Any]) -> Any:
    """Fitted scalers as an estimator takes them."""
    if all(own is None for own in scalers.values()):
        return None
    return scalers["X"] if data.whole else scalers


def without_nan(scaler: Any, n_rows: int) -> bool:
    """Whether a scaler, fitted to so many rows, tells that no value of them was NaN."""
    if type(scaler).__name__ != "StandardScaler":
        return False
    counted = scaler.n_samples_seen_
    return np.ndim(counted) == 0 and bool(counted == n_rows)


def learned(model: Any, data: Dataset, job: Job) -> Any:
    """A copy of a scaler, fitted to the one matrix there is."""
    if len(data.names) != 1:
        raise ValueError(
            f"data must have one block to fit a {type(model).__name__} to; it has {data.names}. "
            "fit_scalers fits one to each."
        )
    own = copy(model)
    if not hasattr(own, "partial_fit"):  # nothing is learned but the width
        return own.fit(data.blank(1).blocks[data.names[0]])
    return fit_block_scalers(data, {data.names[0]: new_scaler(own)}, job)[data.names[0]]
