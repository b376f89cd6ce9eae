"""Fused rows, written out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Rows
from .loops import parts
from .stage import Source, Stage


@np.errstate(all="ignore")
def fuse(rows: Rows, out: NDArray) -> int:
    stage, first = Stage(rows), -1
    for part, tile in stage.tiles():
        out[part] = tile
        if first < 0 and stage.nothing is not None and stage.nothing.any():
            first = part.start + int(stage.nothing.argmax())
    return first


def missing_rows(rows: Rows, out: NDArray[np.bool_]) -> None:
    for b, block in enumerate(rows.blocks):
        source = Source(block, rows.dtype)
        for part in parts(rows.n_rows, 8 * source.values.shape[1]):
            out[part, b] = source.missing(part)
