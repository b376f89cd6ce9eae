"""Blocks that come as they come: from a generator, a socket, a loader of another library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arrays import as_matrix
from .._blocks import named_blocks
from .._interchange import as_array
from ._readers import SourceError
from ._values import empty_rows, plain_dtype


class Piece(NamedTuple):
    """Some rows of all blocks."""

    blocks: dict[str, NDArray]
    y: NDArray | None = None
    weight: NDArray | None = None

    @property
    def n_rows(self) -> int:
        """How many rows they are."""
        return len(next(iter(self.blocks.values())))


class Stream:
    """Rows of several modalities that come one piece after another, in their order alone.

    Parameters
    ----------
    source : iterable, or callable that returns one
        Of pieces: blocks (a dict or list of 2-D arrays of the same rows), or tuples (blocks, y) or
        (blocks, y, weight). A generator gives its pieces once; a function that makes one can be
        asked for every pass. A list of blocks is a list, not a tuple.

    Raises
    ------
    TypeError
        If it is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse.stream import Stream
    >>> def pieces():
    ...     for n in (3, 4):
    ...         yield {"image": np.ones((n, 2)), "text": np.zeros((n, 1))}, np.arange(n)
    >>> [(piece.n_rows, piece.y.tolist()) for piece in Stream(pieces).chunks(5)]
    [(5, [0, 1, 2, 0, 1]), (2, [2, 3])]
    """

    def __init__(self, source: Iterable[Any] | Callable[[], Iterable[Any]]) -> None:
        if not callable(source) and not isinstance(source, Iterable):
            raise TypeError(
                "source must be an iterable of blocks, or a function that returns one; got "
                f"{type(source).__name__}."
            )
        self._source = source
        self._begun = False
        self.n_rows: int | None = None  # known after the first pass

    def __repr__(self) -> str:
        rows = "rows not counted yet" if self.n_rows is None else f"{self.n_rows} rows"
        return f"Stream({rows}; {'any number of passes' if self.repeatable else 'one pass'})"

    @property
    def repeatable(self) -> bool:
        """Whether there can be a second pass."""
        return callable(self._source) or not isinstance(self._source, Iterator)

    def __iter__(self) -> Iterator[Piece]:
        """The pieces as they come, checked.

        Raises
        ------
        SourceError
            If the pieces were given out already; if one is not like those before, or a later pass
            has another number of rows.
        """
        if self._begun and not self.repeatable:
            raise SourceError(
                "source is an iterator, which gives its blocks once; for several passes, give a "
                "function that returns a new one."
            )
        self._begun = True
        pieces = self._source() if callable(self._source) else self._source
        return self._checked(iter(pieces))

    def chunks(self, rows: int) -> Iterator[Piece]:
        """The same rows, cut anew: `rows` at a time, fewer only in the last.

        What is held is one chunk and one piece.
        """
        if rows < 1:
            raise ValueError(f"rows must be at least 1; got {rows}.")
        return self._cut(iter(self), rows)

    def _checked(self, pieces: Iterator[Any]) -> Iterator[Piece]:
        first: Piece | None = None
        n_rows = 0
        for i, given in enumerate(pieces):
            piece = _piece(given, f"piece {i} of the source")
            first = piece if first is None else first
            _require_alike(piece, first, i)
            n_rows += piece.n_rows
            yield piece
        if self.n_rows not in (None, n_rows):
            raise SourceError(
                f"source had {self.n_rows} rows in an earlier pass, and {n_rows} in this one."
            )
        self.n_rows = n_rows

    @staticmethod
    def _cut(pieces: Iterator[Piece], rows: int) -> Iterator[Piece]:
        chunk: Piece | None = None
        filled = 0
        for piece in pieces:
            at = 0
            while at < piece.n_rows:
                if filled == 0 and piece.n_rows - at >= rows:
                    yield _rows(piece, at, at + rows)
                    at += rows
                    continue
                chunk = _room(piece, rows) if chunk is None else chunk
                n = min(rows - filled, piece.n_rows - at)
                _copy(_rows(piece, at, at + n), _rows(chunk, filled, filled + n))
                at, filled = at + n, filled + n
                if filled == rows:
                    yield chunk
                    chunk, filled = None, 0
        if chunk is not None:
            yield _rows(chunk, 0, filled)


def _piece(given: Any, name: str) -> Piece:
    blocks, y, weight = given, None, None
    if isinstance(given, tuple):
        if len(given) not in (2, 3):
            raise SourceError(
                f"{name} must be blocks, (blocks, y) or (blocks, y, weight); got a tuple of "
                f"{len(given)}."
            )
        blocks, y, weight = given if len(given) == 3 else (*given, None)
    try:
        names, values = named_blocks(blocks, name)
        arrays = {
            str(key): as_matrix(value, f"{name}, {key!r}")
            for key, value in zip(names, values, strict=True)
        }
        piece = Piece(arrays, _values(y, f"{name}, y"), _values(weight, f"{name}, weight"))
    except (TypeError, ValueError) as error:
        raise SourceError(str(error)) from error
    for key, array in _arrays(piece).items():
        if len(array) != piece.n_rows:
            raise SourceError(
                f"{name} must have as many rows in all blocks; {key!r} has {len(array)}, and "
                f"{names[0]!r} {piece.n_rows}."
            )
    return piece


def _values(values: ArrayLike | None, name: str) -> NDArray | None:
    if values is None:
        return None
    array = as_array(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise SourceError(f"{name} must have one value per row; got shape {array.shape}.")
    plain_dtype(array.dtype, name)
    return array


def _arrays(piece: Piece) -> dict[str, NDArray]:
    """All arrays of a piece; no block is called as y and weight are here."""
    others = {"(y)": piece.y, "(weight)": piece.weight}
    return {**piece.blocks, **{key: each for key, each in others.items() if each is not None}}


def _require_alike(piece: Piece, first: Piece, i: int) -> None:
    arrays, expected = _arrays(piece), _arrays(first)
    if list(arrays) != list(expected):
        raise SourceError(
            f"piece {i} of the source has {', '.join(arrays)}; those before it have "
            f"{', '.join(expected)}."
        )
    for key, array in arrays.items():
        other = expected[key]
        same = array.dtype == other.dtype or array.dtype.kind == other.dtype.kind == "U"
        if array.shape[1:] != other.shape[1:] or not same:
            raise SourceError(
                f"piece {i} of the source has {key!r} of {_kind(array)}; those before it have "
                f"{_kind(other)}."
            )


def _kind(array: NDArray) -> str:
    return f"{array.dtype}" if array.ndim == 1 else f"{array.shape[1]} columns of {array.dtype}"


def _map(function: Callable[[NDArray], NDArray], piece: Piece) -> Piece:
    y, weight = (None if each is None else function(each) for each in piece[1:])
    return Piece({key: function(each) for key, each in piece.blocks.items()}, y, weight)


def _rows(piece: Piece, start: int, stop: int) -> Piece:
    return _map(lambda array: array[start:stop], piece)


def _room(piece: Piece, rows: int) -> Piece:
    def room(array: NDArray) -> NDArray:
        dtype = np.dtype(object) if array.dtype.kind == "U" else array.dtype  # texts get longer
        return empty_rows(rows, None if array.ndim == 1 else array.shape[1], dtype)

    return _map(room, piece)


def _copy(piece: Piece, into: Piece) -> None:
    for array, place in zip(_arrays(piece).values(), _arrays(into).values(), strict=True):
        place[...] = array
