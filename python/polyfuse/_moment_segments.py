"""Moments of columns of segments of rows: of all of them together, the bits of one pass."""

from __future__ import annotations

from functools import partial

import numpy as np

from ._moments import Moments, Part, column_part, leaf_rows, merged
from ._segments import Leaves, Rows, Segment


def moment_leaves(width: int) -> Leaves:
    """The leaves of :class:`Moments`, of rows of a matrix and, if there are some, weights.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse._moment_segments import moment_leaves, moments_of
    >>> from polyfuse._moments import Moments
    >>> from polyfuse._segments import joined, segment
    >>> rows = np.random.default_rng(0).normal(size=(10000, 3))
    >>> leaves = moment_leaves(3)
    >>> a, b = (segment(leaves, (rows[i : i + 5000],), i) for i in (0, 5000))
    >>> whole = Moments(3)
    >>> whole.update(rows)
    >>> own = moments_of(joined(leaves, a, b), 3)
    >>> all(np.array_equal(x, y) for x, y in zip(own.result(), whole.result()))
    True
    """
    size = leaf_rows(width)
    return Leaves(size, partial(_state, size), merged)


def _state(size: int, rows: Rows) -> Part:
    return column_part(rows[0], rows[1] if len(rows) > 1 else None, size)


def moments_of(segment: Segment, width: int) -> Moments:
    """Moments that have seen all rows of a segment that begins with the first one.

    Raises
    ------
    ValueError
        If it does not.
    """
    if segment.start != 0 or segment.tail is None:
        raise ValueError(f"segment must begin with row 0; got {segment.start}.")
    moments = Moments(width)
    join(moments, segment)
    return moments


def join(moments: Moments, segment: Segment) -> None:
    """Let moments take in the rows of a segment that begins where those they have seen end."""
    if len(segment.head[0]):
        moments.update(*segment.head)
    for node in segment.nodes:
        moments.add_leaves(node.height, node.state)
    if segment.tail is not None and len(segment.tail[0]):
        moments.update(*segment.tail)


def is_sound(segment: Segment) -> bool:
    """Whether no row of a segment has an infinity that its statistics tell of."""
    ends = [segment.head[0], *(() if segment.tail is None else (segment.tail[0],))]
    return all(np.isfinite(node.state.mean).all() for node in segment.nodes) and not any(
        np.isinf(rows).any() for rows in ends
    )
