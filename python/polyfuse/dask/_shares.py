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
    """Which rows come together: as many in each share, or some more, told by a seed.

    How many there are follows from the shape of the rows alone. Were rows of each partition in
    each of very many shares, there would be too many pieces to send. So shares are grouped by 16s:
    all rows are cut into as many strata, those into as many runs as there are groups, and a group
    has a run of each stratum, by chance, whose rows it deals out to its shares.

    Attributes
    ----------
    owner : ndarray of shape (n_rows,)
        The number of the share that a row is in.
    order : ndarray of shape (n_rows,)
        Rows, share by share.
    sizes : ndarray of shape (n_shares,)

    Examples
    --------
    >>> from polyfuse.dask._shares import Shares
    >>> Shares(10000, row_bytes=8, seed=0).sizes
    array([5000, 5000])
    """

    def __init__(self, n_rows: int, row_bytes: int, seed: int) -> None:
        most = max(_SHARES, -(-n_rows * row_bytes // _MOST_BYTES))
        n = max(1, min(n_rows // _LEAST_ROWS, most))
        n_groups, rng = -(-n // _SHARES), np.random.default_rng(seed)
        each = n if n_groups == 1 else _SHARES
        length = -(-n_rows // (_SHARES * n_groups))  # of a run
        groups = np.array([rng.permutation(n_groups) for _ in range(_SHARES)]).ravel()
        self.owner = np.empty(n_rows, np.uint16 if n_groups * each <= 1 << 16 else np.uint32)
        for group in range(n_groups):
            firsts = np.flatnonzero(groups == group) * length
            runs = [self.owner[first : first + length] for first in firsts]
            ends = np.cumsum([len(run) for run in runs])
            # By chance: rows that come in turns, one of each class, would be dealt out by class.
            dealt = rng.permutation(ends[-1]) % each + group * each
            for run, own in zip(runs, np.split(dealt, ends[:-1]), strict=True):
                run[:] = own
        self.order = np.argsort(self.owner, kind="stable")
        self.sizes = np.bincount(self.owner, minlength=n_groups * each)

    def deal(self, parts: Partitions) -> Partitions:
        """The same rows, a partition for each share."""
        if parts.lengths == (parts.n_rows,) and len(self.sizes) == 1:
            return parts
        owners = np.split(self.owner, np.cumsum(parts.lengths)[:-1])
        there = [np.unique(own).tolist() for own in owners]
        sent = [held(own) for own in owners]
        return parts._replace(arrays=[self._dealt(array, sent, there) for array in parts.arrays])

    def _dealt(self, array: Any, owners: list[Any], there: list[list[int]]) -> Any:
        pieces: list[list[Any]] = [[] for _ in self.sizes]
        for rows, owner, shares in zip(delayed_parts(array), owners, there, strict=True):
            for share in shares:
                pieces[share].append(task(_those_of, share, rows, owner))
        da, width = dask("array"), array.shape[1]
        return da.concatenate(
            [
                da.from_delayed(task(_together, *own), (size, width), array.dtype)
                for own, size in zip(pieces, self.sizes.tolist(), strict=True)
            ]
        )


def _those_of(share: int, rows: NDArray, owner: NDArray) -> NDArray:
    own: NDArray = rows[owner == share]
    return own


def _together(*pieces: NDArray) -> NDArray:
    return np.concatenate(pieces)
