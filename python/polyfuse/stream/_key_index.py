"""Where each key of a source is: an index of integers, or of hashes of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ._readers import Reader, SourceError

_ROWS = 1 << 16
_WORDS = {"i": "integers", "u": "integers", "U": "text", "M": "times"}


def common_kind(keys: Sequence[Reader]) -> np.dtype:
    """The dtype in which keys of several sources are compared; of text, that of str.

    Raises
    ------
    SourceError
        If they are floats, or some are text and others are not.
    """
    kinds = ["U" if key.dtype.kind == "O" else key.dtype.kind for key in keys]
    for key, kind in zip(keys, kinds, strict=True):
        if kind not in _WORDS:
            raise SourceError(f"{key.name} must be integers, text or times; got dtype {key.dtype}.")
    if len({_WORDS[kind] for kind in kinds}) > 1:
        pairs = (f"{key.name} is {_WORDS[kind]}" for key, kind in zip(keys, kinds, strict=True))
        raise SourceError(f"Keys must be of one kind; {', '.join(pairs)}.")
    if "U" in kinds:
        return np.dtype(str)
    if "M" in kinds:
        return np.result_type(*(key.dtype for key in keys))
    return np.dtype(np.uint64 if set(kinds) == {"u"} else np.int64)


class KeyIndex:
    """The rows of keys.

    Parameters
    ----------
    key : Reader
        Of one value per row.
    kind : dtype
        In which it is compared with others.

    Raises
    ------
    SourceError
        If a key is there twice.
    """

    def __init__(self, key: Reader, kind: np.dtype) -> None:
        self._key, self._kind = key, kind
        codes = np.empty((2 if kind.kind == "U" else 1, key.n_rows), np.int64)
        for start, values in _chunks(key):
            codes[:, start : start + len(values)] = _codes(values, kind, key.name)
        self._rows = np.argsort(codes[0], kind="stable")
        self._sorted = codes[0][self._rows]
        self._rest = codes[1][self._rows] if len(codes) > 1 else None
        self._require_single()

    def rows_of(self, key: Reader) -> NDArray[np.int64]:
        """For each row of another key the row here that has it.

        Raises
        ------
        SourceError
            If a key is not here, is there twice, or is here and not there; with the first row.
        """
        rows = np.empty(key.n_rows, np.int64)
        taken = np.zeros(self._key.n_rows, bool)
        for start, values in _chunks(key):
            found = self._found(_codes(values, self._kind, key.name))
            rows[start : start + len(found)] = found
            lacking = np.flatnonzero(found < 0)
            end = int(lacking[0]) if len(lacking) else len(found)
            again = _first_again(found[:end], taken)
            if again is not None:
                earlier = int(np.flatnonzero(rows[: start + again] == found[again])[0])
                raise _twice(key, earlier, start + again)
            if len(lacking):
                raise _only_in(key, start + end, self._key)
        if not taken.all():
            raise _only_in(self._key, int(np.argmin(taken)), key)
        return rows

    def _found(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        places = np.searchsorted(self._sorted, codes[0])
        places[places == len(self._sorted)] = 0
        if len(self._sorted) == 0:
            return np.full(len(places), -1, np.int64)
        same = self._sorted[places] == codes[0]
        if self._rest is not None:
            same &= self._rest[places] == codes[1]
        return np.where(same, self._rows[places], -1)

    def _require_single(self) -> None:
        again = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        if len(again) == 0:
            return
        pairs = np.sort(np.stack([self._rows[again], self._rows[again + 1]]), axis=0)
        earlier, later = (int(row) for row in pairs[:, np.argmin(pairs[1])])
        if self._rest is not None and _value(self._key, earlier) != _value(self._key, later):
            raise SourceError(  # of 100 million texts, once in 4,000 times
                f"{self._key.name} has two texts of one hash, in rows {earlier} and {later}; use "
                "integers."
            )
        raise _twice(self._key, earlier, later)


def _chunks(key: Reader) -> Iterator[tuple[int, NDArray]]:
    for start in range(0, key.n_rows, _ROWS):
        yield start, key.read(start, min(start + _ROWS, key.n_rows))


def _codes(values: NDArray, kind: np.dtype, name: str) -> NDArray[np.int64]:
    """Keys as integers: themselves, or both halves of a hash of text; shape (1 or 2, n)."""
    if kind.kind == "U":
        digests = b"".join(
            blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            for text in values.tolist()
        )
        return np.frombuffer(digests, np.int64).reshape(-1, 2).T
    if values.dtype.kind == "u" and kind.kind == "i" and len(values):
        largest = values.max()
        if largest > np.iinfo(kind).max:
            raise SourceError(f"{name} has the key {largest}, and other keys are signed integers.")
    return values.astype(kind, copy=False).view(np.int64)[None]


def _first_again(found: NDArray[np.int64], taken: NDArray[np.bool_]) -> int | None:
    """The first place of a row that is taken, by an earlier place too; marks those that are."""
    order = np.argsort(found, kind="stable")
    again = np.zeros(len(found), bool)
    again[order[1:]] = found[order[1:]] == found[order[:-1]]
    again |= taken[found]
    taken[found] = True
    return int(np.argmax(again)) if again.any() else None


def _value(key: Reader, row: int) -> object:
    value: object = key.read(row, row + 1)[0]
    return value.item() if isinstance(value, np.number | np.str_) else value


def _twice(key: Reader, earlier: int, later: int) -> SourceError:
    return SourceError(
        f"{key.name} has {_value(key, later)!r} twice: in row {earlier} and in row {later}."
    )


def _only_in(key: Reader, row: int, other: Reader) -> SourceError:
    return SourceError(
        f"{key.name} has {_value(key, row)!r} in row {row}, which {other.name} does not have."
    )
