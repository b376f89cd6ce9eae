"""Fused rows, written out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Rows
from .stage import is_missing, stage


@np.errstate(all="ignore")
def fuse(rows: Rows, out: NDArray) -> int:
    nothing = np.all([is_missing(block) for block in rows.blocks], axis=0)
    out[...] = stage(rows)
    return -1 if rows.missing is None or not nothing.any() else int(nothing.argmax())


def missing_rows(rows: Rows, out: NDArray[np.bool_]) -> None:
    for b, block in enumerate(rows.blocks):
        out[:, b] = is_missing(block)
