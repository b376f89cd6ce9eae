"""Rows in which a block is missing: what was asked to be done about them, and saying where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels
from ._arrays import one_block, one_of, require_number
from ._blocks import per_block
from ._interchange import column_names
from ._kernels.contract import CONCATENATE, Block, Rows
from ._kernels.fusion_ops import OPERATORS

Present = Mapping[str, ArrayLike | None] | Sequence[ArrayLike | None] | None
Masks = list[NDArray[np.bool_] | None]
Policy = float | str | None

_PART = 1 << 13  # rows looked at in one go


def as_policy(missing: Any, present: Present, op: str) -> Policy:
    """None, "raise", "skip", or the number that stands for what is missing.

    Raises
    ------
    ValueError
        If `missing` is nothing of that, or does not go with the operator.
    """
    if missing is None:
        return None if present is None else "raise"
    if not isinstance(missing, str):
        require_number(missing, "missing")
        return float(missing)
    one_of(missing, "missing", ("raise", "skip", "zero"))
    if missing == "zero":
        return 0.0
    if missing == "skip" and op == CONCATENATE:
        raise ValueError(
            "missing='skip' does not go with op='concatenate', whose columns must be filled with "
            "something: pass missing='zero' or a number."
        )
    return missing


def as_present(present: Present, names: list[str], n_rows: int) -> Masks:
    """One mask per block, in order; None for a block that has none.

    Raises
    ------
    ValueError
        If a mask is of no block, not boolean, or not of one value per row.
    """
    if present is None:
        return [None] * len(names)
    columns = column_names(present)
    if columns is not None:  # a data frame of masks
        present = {str(name): np.asarray(present[name]) for name in columns}
    if isinstance(present, Mapping):
        by_name = {str(key): mask for key, mask in present.items()}
        if not set(by_name) <= set(names):
            raise ValueError(f"present must have keys among {names}; got {list(present)}.")
        present = [by_name.get(name) for name in names]
    shape = getattr(present, "shape", ())
    if shape == (n_rows, len(names)) and n_rows != len(names):
        raise ValueError(
            f"present must have one entry per block, {len(names)}; got shape {shape}, a column per "
            "block: pass present.T."
        )
    each = per_block(present, names, "present", "boolean arrays")
    return [
        None if mask is None else _as_mask(mask, f"present[{name!r}]", n_rows)
        for name, mask in zip(names, each, strict=True)
    ]


def _as_mask(mask: ArrayLike, name: str, n_rows: int) -> NDArray[np.bool_]:
    array = np.ascontiguousarray(mask)
    if array.dtype != np.bool_:
        raise ValueError(f"{name} must be boolean; got dtype {array.dtype}.")
    if array.shape != (n_rows,):
        raise ValueError(f"{name} must have shape ({n_rows},), one per row; got {array.shape}.")
    return array


def part_of(rows: Rows, part: slice) -> Rows:
    """Some consecutive rows."""
    blocks = tuple(
        block._replace(
            values=block.values[part],
            present=None if block.present is None else block.present[part],
        )
        for block in rows.blocks
    )
    weights = rows.weights
    if weights.ndim == 3 and weights.shape[1] > 1:
        weights = np.ascontiguousarray(weights[:, part])
        weights = weights[:, 0, 0].copy() if weights.shape[1] == 1 else weights
    return rows._replace(blocks=blocks, weights=weights)


def parts(n_rows: int, size: int = _PART) -> Iterator[slice]:
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def require_present(names: list[str], rows: Rows) -> None:
    """Raise ValueError naming the first row in which a block is missing, if there is one."""
    for start, missing in _missing(rows):
        if missing.any():
            row, b = np.argwhere(missing)[0]
            mask = rows.blocks[b].present
            why = "all its values are NaN"
            if mask is not None and not mask[start + row]:
                why = "present says so"
            skip = "" if rows.op == CONCATENATE else "missing='skip' to fuse the others, or "
            raise ValueError(
                f"blocks[{names[b]!r}] is missing in row {start + row} ({why}): pass {skip}"
                "missing='zero' or a number that stands for its values."
            )


def require_one_block(rows: Rows) -> None:
    """Raise ValueError naming the first row in which all blocks are missing, if there is one."""
    for start, missing in _missing(rows):
        nothing = missing.all(axis=1)
        if nothing.any():
            raise all_missing_in(start + int(nothing.argmax()))


def all_missing_in(row: int) -> ValueError:
    return ValueError(
        f"all blocks are missing in row {row}: drop the row, or pass all_missing='nan' to fuse it "
        "to NaN."
    )


def rows_there(block: Block) -> NDArray[np.bool_]:
    """Whether the block is there, for each row."""
    missing = np.empty((len(block.values), 1), bool)
    _kernels.select().missing_rows(one_block(block, np.dtype(np.float64)), missing)
    there: NDArray[np.bool_] = ~missing[:, 0]
    return there


def require_some_rows(name: str, there: NDArray[np.bool_], what: str) -> None:
    """Raise ValueError if there is no row of a block that its scaler, say, could be fitted to."""
    if not there.any():
        why = "is missing in every row" if len(there) else "has no rows"
        raise ValueError(f"blocks[{name!r}] {why}: there is nothing to fit its {what} to.")


def zero_totals(rows: Rows) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Where the weights of the blocks that are there add up to zero, which the fold divides by.

    Rows, and for each the column of the weights: 0 if they are the same for all.
    """
    w = rows.weights
    divided = rows.missing == "skip" and OPERATORS[rows.op].divided
    if not divided or (w > 0.0).all() or (w < 0.0).all():
        return []
    w, found = w.reshape(-1, 1, 1) if w.ndim == 1 else w, []
    for start, missing in _missing(rows):
        own = w[:, start : start + len(missing)] if w.shape[1] > 1 else w
        total = np.zeros((len(missing), w.shape[2]))
        for b, weight in enumerate(own):
            total = total + np.where(missing[:, b, None], 0.0, weight)
        zero = (total == 0.0) & ~missing.all(axis=1, keepdims=True)
        row, column = np.nonzero(zero)
        if len(row):
            found.append((start + row, column))
    return found


def zero_total_in(row: int) -> ValueError:
    return ValueError(
        f"weights of the blocks present add up to zero in row {row}: drop the row, or pass "
        "all_missing='nan' to fuse it to NaN."
    )


def _missing(rows: Rows) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Which blocks are missing in which rows, some rows at a time."""
    plain = rows._replace(weights=np.ones(len(rows.blocks)), missing=None)
    for part in parts(rows.n_rows):
        found = np.empty((part.stop - part.start, len(rows.blocks)), bool)
        _kernels.select().missing_rows(part_of(plain, part), found)
        yield part.start, found
