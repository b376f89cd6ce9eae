"""What cannot be worked on: chunks, and which row of which source is to blame; models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import SourceError
from ._ahead import Chunk


def require_all_rows(model: Any) -> None:
    """Raise ValueError if a model would hold rows out."""
    if model.early_stopping:
        raise ValueError(
            "early_stopping=True is not for streams, of which no rows are held out; pass False, "
            "and evaluate on a source of its own."
        )


def require_finite(chunk: Chunk, names: Iterable[str]) -> None:
    """Raise SourceError naming the first value of some blocks that is not finite."""
    for name in names:
        x = chunk.blocks[name]
        if x.dtype.kind == "f" and not _seems_finite(x):
            finite = np.isfinite(x)
            if not finite.all():
                row, column = np.argwhere(~finite)[0]
                what = "NaN" if np.isnan(x[row, column]) else "infinity"
                whole = np.isnan(x[row]).all()
                more = "; to fusion models a row of NaN alone is missing" if whole else ""
                raise SourceError(
                    f"{chunk.called[name]} contains {what} in row {chunk.start + row}, column "
                    f"{column}: fill it first{more}."
                )


def _seems_finite(x: NDArray) -> bool:
    """Whether a sum says so, which takes a fraction of the time; float16 overflows too soon."""
    with np.errstate(all="ignore"):
        return x.dtype != np.float16 and bool(np.isfinite(np.add.reduce(x, axis=None)))


@contextmanager
def told_where(chunk: Chunk) -> Iterator[None]:
    """Errors about values of a chunk name the row of the whole."""
    try:
        yield
    except SourceError:
        raise
    except ValueError as error:
        if isinstance(error, AttributeError):  # a NotFittedError: no row is to blame
            raise
        require_finite(chunk, chunk.blocks)
        raise SourceError(f"rows {chunk.start} to {chunk.stop - 1}: {error}") from error
