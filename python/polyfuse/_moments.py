"""Moments of columns that come in chunks: the same bits, however the rows were cut.

Rows are counted into leaves of :func:`leaf_rows` rows, as the kernel ``column_moments`` counts
them, and leaves are merged in a tree that depends on their number alone: perfect binary trees of
2^h leaves, the tallest first, merged from the last backwards. A chunk therefore first fills the
leaf that the one before left unfinished; then its whole leaves are cut into runs of 2^h leaves
that end where a tree of that height ends, one call of the kernel each; what is left waits for the
next chunk. The trees stand on a stack in which two of the same height become one, like the bits of
a binary counter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _kernels

Array = NDArray[np.float64]


def leaf_rows(width: int) -> int:
    """Rows of a leaf of the statistics: a power of two, so that a leaf stays in cache.

    About 32,768 elements, but 128 rows where that is at most 131,072 (measured), and 4,096 at most.
    """
    fewest = max(32, min(128, 131072 // width))
    return 1 << min(4096, max(fewest, 32768 // width)).bit_length() - 1


class Part(NamedTuple):
    """Moments of some rows: how many, or their weights, the mean, and Σ (x - mean)², weighted."""

    n: Array
    mean: Array
    squares: Array


class _Tree(NamedTuple):
    height: int
    part: Part


class Moments:
    """Count, mean and sum of squared deviations of each column, over chunks of rows.

    NaNs are passed over. Arrays are replaced and never written to, so that a shallow copy is a
    copy. Rows of the last, unfinished leaf are kept: less than 4096, of at most 1 MB unless 32 of
    them are more.

    Parameters
    ----------
    width : int
        Number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse._moments import Moments
    >>> moments = Moments(1)
    >>> moments.update(np.array([[1.0], [2.0]]))
    >>> moments.update(np.array([[np.nan], [6.0]]))
    >>> moments.result()
    Part(n=array([3.]), mean=array([3.]), squares=array([14.]))
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._leaf = leaf_rows(width)
        self._before: Part | None = None  # of all rows before the last merge
        self._trees: tuple[_Tree, ...] = ()
        self._waiting: NDArray | None = None
        self._waiting_weight: Array | None = None

    def update(self, rows: NDArray, weight: Array | None = None) -> None:
        """Take in rows of shape (n, width), with a contiguous weight for each, or 1."""
        if self._waiting is not None:
            taken = self._wait(rows[: self._leaf - len(self._waiting)], weight)
            if len(self._waiting) < self._leaf:
                return
            whole, its_weight = self._waiting, self._waiting_weight
            self._waiting = self._waiting_weight = None
            self.add_leaves(0, self._part(whole, its_weight))
            rows, weight = rows[taken:], None if weight is None else weight[taken:]
        start = 0
        for height, run in self._runs(len(rows) // self._leaf):
            end = start + run * self._leaf
            its_weight = None if weight is None else weight[start:end]
            self.add_leaves(height, self._part(rows[start:end], its_weight))
            start = end
        if start < len(rows):
            self._wait(rows[start:], None if weight is None else weight[start:])

    def add_leaves(self, height: int, part: Part) -> None:
        """Take in 2^height leaves of which the moments are known, where a tree of them begins."""
        trees = list(self._trees)
        while trees and trees[-1].height == height:
            part = merged(trees.pop().part, part)
            height += 1
        self._trees = (*trees, _Tree(height, part))

    def add(self, part: Part) -> None:
        """Take in rows of which only the moments are known, after all others."""
        self._before = merged(self.result(), part)
        self._trees = ()
        self._waiting = self._waiting_weight = None

    def result(self) -> Part:
        """The moments of all rows so far; zeros where there was no number."""
        parts = [] if self._before is None else [self._before]
        parts += [tree.part for tree in self._trees]
        if self._waiting is not None:
            parts.append(self._part(self._waiting, self._waiting_weight))
        if not parts:
            return Part(*np.zeros((3, self.width)))
        total = parts.pop()
        while parts:
            total = merged(parts.pop(), total)
        return total

    def _wait(self, rows: NDArray, weight: Array | None) -> int:
        """Keep copies of rows of the unfinished leaf; return how many they are."""
        if self._waiting is None:
            self._waiting = np.array(rows, order="C")
            self._waiting_weight = None if weight is None else weight.copy()
            return len(rows)
        if weight is not None or self._waiting_weight is not None:
            pair = self._waiting_weight, None if weight is None else weight[: len(rows)]
            sizes = len(self._waiting), len(rows)
            ones = [np.ones(n) if w is None else w for w, n in zip(pair, sizes, strict=True)]
            self._waiting_weight = np.concatenate(ones)
        self._waiting = np.concatenate([self._waiting, rows])
        return len(rows)

    def _runs(self, n_leaves: int) -> list[tuple[int, int]]:
        """Heights and sizes of the trees to come, so that each is one of the final tree's."""
        found = []
        last = self._trees[-1].height if self._trees else n_leaves.bit_length()
        heights = [tree.height for tree in self._trees]
        while n_leaves:
            height = min(last, n_leaves.bit_length() - 1)
            found.append((height, 1 << height))
            n_leaves -= 1 << height
            heights.append(height)
            while len(heights) > 1 and heights[-1] == heights[-2]:
                heights.pop()
                heights[-1] += 1
            last = heights[-1]
        return found

    def _part(self, rows: NDArray, weight: Array | None) -> Part:
        return column_part(rows, weight, self._leaf)


def column_part(rows: NDArray, weight: Array | None, leaf: int) -> Part:
    """Moments of the columns of rows, from the first one on in leaves of so many."""
    part = Part(*np.empty((3, rows.shape[1])))
    _kernels.select().column_moments(rows, weight, leaf, *part)
    return part


def merged(a: Part, b: Part) -> Part:
    """Moments of the rows of `a` followed by those of `b` (Chan, Golub and LeVeque, 1979).

    The operations of the kernels, in their order.
    """
    with np.errstate(all="ignore"):
        n = a.n + b.n
        delta = b.mean - a.mean
        mean = a.mean + delta * (b.n / n)
        squares = a.squares + b.squares + delta * delta * (a.n / n * b.n)
    no_a, no_b = a.n == 0.0, b.n == 0.0
    return Part(
        n,
        np.where(no_b, a.mean, np.where(no_a, b.mean, mean)),
        np.where(no_b, a.squares, np.where(no_a, b.squares, squares)),
    )


def variance(part: Part) -> Array:
    """Σ (x - mean)² / n, NaN where there is nothing; rounding must not make it negative."""
    with np.errstate(all="ignore"):
        return np.maximum(part.squares / part.n, 0.0)


def is_constant(part: Part, var: Array) -> NDArray[np.bool_]:
    """Whether columns are constant to rounding: var <= n ε var + (n mean ε)², as scikit-learn."""
    eps = np.finfo(np.float64).eps
    with np.errstate(all="ignore"):
        found: NDArray[np.bool_] = var <= part.n * eps * var + (part.n * part.mean * eps) ** 2
    return found
