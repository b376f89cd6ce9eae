"""Rows in segments, from which the same is learned however they were cut.

Rows of the whole are counted into leaves of a fixed number of them, from the first row on. What is
known of a segment, the rows from `start` to `stop`, is the state of each whole leaf in it, and, as
they are, the rows at its two ends whose leaf is not whole. Where neighbours are joined the leaf
between them is, if it gets whole. So the states of leaves, and the order in which they are merged,
depend on the rows alone.

States of leaves may merge, as those of the kernels do: pairwise, in perfect binary trees of 2^h
leaves that begin at a multiple of 2^h. Or they stay apart, for a fold from the first to the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray, ...]  # values, targets, weights: as many rows of each


@dataclass(frozen=True)
class Leaves:
    """What leaves are: how many rows, what is known of 2^h of them, and how that merges.

    Without `merged`, h is always 0.
    """

    size: int
    state: Callable[[Rows], Any]
    merged: Callable[[Any, Any], Any] | None = None


class Node(NamedTuple):
    """What is known of 2^height leaves, from number `first` on."""

    first: int
    height: int
    state: Any


class Segment(NamedTuple):
    """What is known of rows.

    `head` are those before the first leaf that begins in it (all rows, if none does), `tail` those
    after the last leaf that ends in it; None where no leaf begins or ends, not even at `stop`.
    """

    start: int
    stop: int
    head: Rows
    nodes: tuple[Node, ...]
    tail: Rows | None


def segment(leaves: Leaves, rows: Rows, start: int) -> Segment:
    """What is known of rows of which the first is number `start` of the whole.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse._segments import Leaves, joined, segment
    >>> pairs = Leaves(2, lambda rows: int(rows[0].sum()), int.__add__)
    >>> a, b = (segment(pairs, (np.arange(i, i + 5),), i) for i in (0, 5))
    >>> a.nodes, b.head
    ((Node(first=0, height=1, state=6),), (array([5]),))
    >>> joined(pairs, a, b).nodes
    (Node(first=0, height=2, state=28), Node(first=4, height=0, state=17))
    """
    start = int(start)
    stop = start + len(rows[0])
    first, last = -(-start // leaves.size), stop // leaves.size
    if first > last:
        return Segment(start, stop, _kept(rows, 0, stop), (), None)
    at, nodes = first * leaves.size - start, []
    head = _kept(rows, 0, at)
    while first < last:
        height = _height(leaves, first, last - first)
        end = at + (leaves.size << height)
        nodes.append(Node(first, height, leaves.state(_cut(rows, at, end))))
        first, at = first + (1 << height), end
    return Segment(start, stop, head, tuple(nodes), _kept(rows, at, stop))


def joined(leaves: Leaves, a: Segment, b: Segment) -> Segment:
    """What is known of the rows of `a` followed by those of `b`."""
    if a.stop != b.start:
        raise ValueError(f"b must begin with row {a.stop}, where a ends; got {b.start}.")
    between = _together(a.head if a.tail is None else a.tail, b.head)
    if a.tail is None:
        return Segment(a.start, b.stop, between, b.nodes, b.tail)
    if b.tail is None:
        return Segment(a.start, b.stop, a.head, a.nodes, between)
    nodes = list(a.nodes)
    if len(between[0]):
        _push(leaves, nodes, Node(a.stop // leaves.size, 0, leaves.state(between)))
    for node in b.nodes:
        _push(leaves, nodes, node)
    return Segment(a.start, b.stop, a.head, tuple(nodes), b.tail)


def joined_all(leaves: Leaves, *segments: Segment) -> Segment:
    """What is known of the rows of segments that follow each other."""
    whole, *rest = segments
    for own in rest:
        whole = joined(leaves, whole, own)
    return whole


def _height(leaves: Leaves, index: int, n: int) -> int:
    """Of the largest tree that begins at a leaf, and has no more than n of them."""
    if leaves.merged is None:
        return 0
    most = n.bit_length() - 1
    return most if index == 0 else min(most, (index & -index).bit_length() - 1)


def _push(leaves: Leaves, nodes: list[Node], node: Node) -> None:
    """Add a node, which may complete trees."""
    while leaves.merged is not None and nodes:
        left = nodes[-1]
        size = 1 << node.height
        pair = left.height == node.height and left.first + size == node.first
        if not pair or left.first % (2 * size):
            break
        node = Node(left.first, node.height + 1, leaves.merged(nodes.pop().state, node.state))
    nodes.append(node)


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    return tuple(each[start:stop] for each in rows)


def _kept(rows: Rows, start: int, stop: int) -> Rows:
    """Copies, which do not keep the memory of all rows."""
    return tuple(np.array(each[start:stop], order="C") for each in rows)


def _together(a: Rows, b: Rows) -> Rows:
    return tuple(np.concatenate(pair) for pair in zip(a, b, strict=True))
