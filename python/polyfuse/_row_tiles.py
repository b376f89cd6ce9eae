"""Rows of blocks a few at a time, in double: what statistics of whole features are summed over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ._missing import parts

_HELD = 1 << 22  # bytes of a tile, which is read more than once in cache


def complete_rows(names: list[str], arrays: list[NDArray]) -> Iterator[list[NDArray[np.float64]]]:
    """Consecutive rows of all blocks, without those in which a block is missing, all NaN.

    What is not double already is converted, a tile at a time; what is yielded may be a view.

    Raises
    ------
    ValueError
        If another value is not finite; it names the first.
    """
    size = max(1, _HELD // (8 * sum(x.shape[1] for x in arrays)))
    for part in parts(len(arrays[0]), size):
        tiles = [np.asarray(x[part], np.float64) for x in arrays]
        missing = np.zeros(len(tiles[0]), bool)
        for name, tile in zip(names, tiles, strict=True):
            rows = _odd_rows(tile)
            absent = np.isnan(tile[rows]).all(axis=1)
            missing[rows[absent]] = True
            _require_finite(name, part.start, tile, rows[~absent])
        if missing.any():
            tiles = [tile[~missing] for tile in tiles]
        if len(tiles[0]):
            yield tiles


def centre(tile: NDArray[np.float64]) -> NDArray[np.float64]:
    """About where the columns lie, so that sums of squares cancel little; exact for constants."""
    constant = (tile == tile[0]).all(axis=0)
    return np.asarray(np.where(constant, tile[0], tile.mean(axis=0)))


def _odd_rows(tile: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows that may have a value that is not finite, for their sum is not."""
    with np.errstate(all="ignore"):
        rows: NDArray[np.intp] = np.flatnonzero(~np.isfinite(tile.sum(axis=1)))
    return rows


def _require_finite(
    name: str, start: int, tile: NDArray[np.float64], rows: NDArray[np.intp]
) -> None:
    for row in rows:
        columns = np.flatnonzero(~np.isfinite(tile[row]))
        if len(columns):
            column = columns[0]
            what = "NaN" if np.isnan(tile[row, column]) else "infinity"
            raise ValueError(
                f"blocks[{name!r}] contains {what} (first in row {start + row}, column {column})."
            )
