"""Fused rows written out, with what is missing found before anything is written over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import as_out
from ._kernels.contract import Rows
from ._missing import (
    Policy,
    all_missing_in,
    part_of,
    parts,
    require_one_block,
    require_present,
    zero_total_in,
    zero_totals,
)


def write_fused(
    names: list[str],
    rows: Rows,
    policy: Policy,
    all_missing: str,
    out: NDArray | None,
    dtype: np.dtype,
) -> NDArray:
    """Fuse to `out`, or to a new array of that dtype.

    Raises
    ------
    TypeError, ValueError
        If `out` does not fit, or a block is missing where the policy does not allow it, or so
        that the weights of those present add up to zero where they are divided by.
    """
    inputs = [block.values for block in rows.blocks]
    target = as_out(out, (rows.n_rows, rows.width), dtype, inputs)
    strict = all_missing == "raise"
    if policy == "raise":
        require_present(names, rows)
    elif policy is not None and strict and out is not None:
        require_one_block(rows)
    weightless = zero_totals(rows)
    if strict and weightless:
        raise zero_total_in(int(weightless[0][0][0]))
    fuse = _kernels.select().fuse if dtype.kind == "f" else _fuse_integers
    nothing = fuse(rows, target)
    if strict and nothing >= 0:
        raise all_missing_in(nothing)
    by_column = rows.weights.ndim == 3 and rows.weights.shape[2] > 1
    for row, column in weightless:
        target[(row, column) if by_column else row] = np.nan
    return target


def _fuse_integers(rows: Rows, out: NDArray) -> int:
    """As the kernel, for results that are integers; up to the first row without a block."""
    for part in parts(rows.n_rows):
        fused = np.empty((part.stop - part.start, rows.width), rows.dtype)
        nothing: int = _kernels.select().fuse(part_of(rows, part), fused)
        if nothing >= 0:
            return int(part.start + nothing)
        out[part] = fused
    return -1
