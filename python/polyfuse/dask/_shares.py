"""Rows of all partitions, dealt out at random: shares that are alike, however rows were cut."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._graph import dask, held, task
from ._partitions import Partitions, delayed_parts

_LEAST_ROWS = 1 << 12  # of a share: where fewer learn by themselves, they learn little
_SHARES = 16  # more of them only where one would have more than _MOST_BYTES
_MOST_BYTES = 1 << 27


class Shares:
    """Which rows come together: as many in each share, or one more, told by a seed.

    How many there are follows from the shape of the rows alone.

    Examples
    --------
    >>> from polyfuse.dask._shares import Shares
    >>> shares = Shares(10000, row_bytes=8, seed=0)
    >>> [len(own) for own in shares.rows]
    [5000, 5000]
    """

    def __init__(self, n_rows: int, row_bytes: int, seed: int) -> None:
        most = max(_SHARES, -(-n_rows * row_bytes // _MOST_BYTES))
        n = max(1, min(n_rows // _LEAST_ROWS, most))
        # By chance: rows that come in turns, one of each class, would be dealt out by class.
        dealt = np.random.default_rng(seed).permutation(np.arange(n_rows, dtype=np.int64) % n)
        self.owner = dealt.astype(np.uint16 if n <= 1 << 16 else np.uint32)
        self.rows = [np.flatnonzero(self.owner == own) for own in range(n)]

    def deal(self, parts: Partitions) -> Partitions:
        """The same rows, a partition for each share."""
        if parts.lengths == (parts.n_rows,) and len(self.rows) == 1:
            return parts
        ends = np.cumsum(parts.lengths)[:-1]
        owners = [held(own) for own in np.split(self.owner, ends)]
        return parts._replace(arrays=[self._dealt(array, owners) for array in parts.arrays])

    def _dealt(self, array: Any, owners: list[Any]) -> Any:
        da, given = dask("array"), list(zip(delayed_parts(array), owners, strict=True))
        dealt = []
        for number, rows in enumerate(self.rows):
            pieces = [task(_those_of, number, *pair) for pair in given]
            shape = len(rows), array.shape[1]
            dealt.append(da.from_delayed(task(_together, *pieces), shape, array.dtype))
        return da.concatenate(dealt)


def _those_of(share: int, rows: NDArray, owner: NDArray) -> NDArray:
    own: NDArray = rows[owner == share]
    return own


def _together(*pieces: NDArray) -> NDArray:
    return np.concatenate(pieces)
