"""Convert, scale and fuse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..contract import CONCATENATE, Affine, Block, Csr, Rows
from ..fusion_ops import OPERATORS, Fold, Gather


def stage_block(block: Block, dtype: np.dtype) -> NDArray:
    """Convert and scale one dense block, as the common rules of the contract say."""
    assert isinstance(block.values, np.ndarray)
    return _staged(block.values, block.affine, dtype)


def stage_sparse(block: Block, dtype: np.dtype) -> Csr:
    """The same for a sparse block: what it holds is converted and scaled."""
    values, affine = block.values, block.affine
    assert isinstance(values, Csr)
    if affine is not None:
        offset, factor = affine.offset[values.indices], affine.factor[values.indices]
        affine = Affine(offset, factor, affine.divide)
    return values._replace(data=_staged(values.data, affine, dtype))


def _staged(values: NDArray, affine: Affine | None, dtype: np.dtype) -> NDArray:
    with np.errstate(all="ignore"):
        if affine is None:
            return values.astype(dtype, copy=False)
        scaled_in = values.dtype if values.dtype.kind == "f" else dtype
        x = values.astype(scaled_in, copy=False)
        offset, factor = affine.offset, affine.factor
        if not affine.wide or values.dtype.kind != "f":
            offset, factor = offset.astype(scaled_in), factor.astype(scaled_in)
        first = x - offset if affine.divide else x * factor
        first = first.astype(scaled_in, copy=False)
        scaled: NDArray = first / factor if affine.divide else first + offset
        return scaled.astype(scaled_in, copy=False).astype(dtype, copy=False)


def is_missing(block: Block) -> NDArray[np.bool_]:
    """Whether the block has nothing to say, for each row."""
    missing: NDArray[np.bool_] = np.isnan(block.values).all(axis=1)
    return missing if block.present is None else missing | ~block.present


def stage(rows: Rows) -> NDArray:
    """Convert, scale and fuse: the rows every other kernel works on."""
    staged = [stage_block(block, rows.dtype) for block in rows.blocks]
    weights = rows.weights.reshape(-1, 1, 1) if rows.weights.ndim == 1 else rows.weights
    if rows.missing is None:
        return _fused(rows, staged, weights)
    missing = np.stack([is_missing(block) for block in rows.blocks])
    if rows.missing == "skip":
        return _fused_of_those_there(rows, staged, weights, ~missing)
    fill = rows.dtype.type(rows.missing)
    fused = _fused(
        rows, [np.where(m[:, None], fill, x) for x, m in zip(staged, missing, strict=True)], weights
    )
    fused[missing.all(axis=0)] = np.nan
    return fused


def _fused_of_those_there(
    rows: Rows, staged: list[NDArray], weights: NDArray[np.float64], there: NDArray[np.bool_]
) -> NDArray:
    """Rows that have the same blocks are fused together."""
    fused = np.full((rows.n_rows, rows.width), np.nan, rows.dtype)
    for members in np.unique(there, axis=1).T:
        chosen = (members == there.T).all(axis=1)
        if members.any():
            own = weights[members]
            own = own[:, chosen] if own.shape[1] > 1 else own
            parts = [x[chosen] for x, member in zip(staged, members, strict=True) if member]
            fused[chosen] = _fused(rows, parts, own)
    return fused


@np.errstate(all="ignore")
def _fused(rows: Rows, staged: Sequence[NDArray], weights: NDArray[np.float64]) -> NDArray:
    """Fuse some staged blocks, `weights` of shape (k, 1 or n, 1 or d) having one for each."""
    if rows.op == CONCATENATE:
        return np.concatenate(staged, axis=1)
    op = OPERATORS[rows.op]
    w = weights.astype(rows.dtype)
    if isinstance(op, Gather):
        return op.gather(np.stack(staged), w)
    assert isinstance(op, Fold)
    total = np.asarray(sum(weights) if op.weighted else len(staged)).astype(rows.dtype)
    work, p = np.dtype(np.float64) if op.wide else rows.dtype, rows.parameter
    lifted = [
        op.lift(x.astype(work, copy=False), own, p)
        for x, own in zip(staged, w.astype(work, copy=False), strict=True)
    ]
    acc = lifted[0]
    for value in lifted[1:]:
        acc = op.combine(acc, value)
    fused: NDArray = op.finish(acc, total.astype(work), p).astype(rows.dtype)
    return fused
