"""Convert, scale and fuse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import CONCATENATE, Block, Rows
from ..fusion_ops import OPERATORS


def stage_block(block: Block, dtype: np.dtype) -> NDArray:
    """Convert and scale one block, as the common rules of the contract say."""
    values, affine = block
    scaled_in = dtype if values.dtype.kind != "f" else np.promote_types(values.dtype, np.float32)
    with np.errstate(all="ignore"):
        if affine is None:
            return values.astype(dtype, copy=False)
        x = values.astype(scaled_in, copy=False)
        offset, factor = affine.offset.astype(scaled_in), affine.factor.astype(scaled_in)
        scaled: NDArray = (x - offset) / factor if affine.divide else x * factor + offset
        return scaled.astype(dtype, copy=False)


def stage(rows: Rows) -> NDArray:
    """Convert, scale and fuse: the rows every other kernel works on."""
    staged = [stage_block(block, rows.dtype) for block in rows.blocks]
    if rows.op == CONCATENATE:
        return np.concatenate(staged, axis=1)
    op = OPERATORS[rows.op]
    weights = rows.weights.astype(rows.dtype)
    total = rows.dtype.type(np.cumsum(rows.weights)[-1] if op.weighted else len(staged))
    with np.errstate(all="ignore"):
        acc = op.lift(staged[0], weights[0])
        for x, w in zip(staged[1:], weights[1:], strict=True):
            acc = op.combine(acc, op.lift(x, w))
        fused: NDArray = op.finish(acc, total)
        return fused
