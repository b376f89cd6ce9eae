"""Fused rows, written out."""

from __future__ import annotations

from numpy.typing import NDArray

from ..contract import Rows
from .stage import stage


def fuse(rows: Rows, out: NDArray) -> None:
    out[...] = stage(rows)
