"""What was called under the patch: each call, whether it was accelerated, why not, how long."""

from __future__ import annotations

import logging
import os
from collections import deque
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

KEPT = 10_000  # of the latest calls; totals are of all

ACCELERATED = "accelerated"
FELL_BACK = "fell back"
RAISED = "raised"

_LOG = logging.getLogger("polyfuse.sklearn")
_LEVEL = {ACCELERATED: logging.DEBUG, FELL_BACK: logging.INFO, RAISED: logging.INFO}


class Call(NamedTuple):
    """A call of something that is patched."""

    name: str
    """As in ``StandardScaler.fit``, ``accuracy_score``."""
    outcome: str
    """"accelerated"; "fell back", it ran on scikit-learn; "raised", on bad input, by both."""
    reason: str
    """Why it was not accelerated; empty if it was."""
    seconds: float
    """How long it took, by whichever library."""
    container: str
    """The type of the first argument, as in "ndarray"."""
    shape: tuple[int, ...] | None
    """Of the first argument, if it has one."""
    dtype: str
    """Of the first argument; empty if it has none."""

    @property
    def is_dense_numeric(self) -> bool:
        """Whether the first argument was an array of numbers of NumPy."""
        return self.container in ("ndarray", "memmap") and self.dtype.rstrip("0123456789") in (
            "float", "int", "uint", "bool",
        )  # fmt: skip


class _Book:
    """Where calls are written down, by any thread; writing is one append, reading adds up."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def unlock(self) -> None:
        self._lock = Lock()

    def clear(self) -> None:
        self._written: deque[tuple[Any, ...]] = deque()
        self._latest: deque[tuple[Any, ...]] = deque(maxlen=KEPT)
        self._totals: dict[tuple[str, str, str], list[Any]] = {}

    def write(self, name: str, outcome: str, reason: str, seconds: float, first: Any) -> None:
        # Of the argument only what is small is kept: it may be all of the memory.
        shape, dtype = getattr(first, "shape", None), getattr(first, "dtype", None)
        if not isinstance(dtype, np.dtype):
            dtype = "" if dtype is None else str(dtype)
        self._written.append((name, outcome, reason, seconds, type(first), shape, dtype))
        if len(self._written) > KEPT:
            self.read()
        if _LOG.isEnabledFor(_LEVEL[outcome]):
            _log(name, outcome, reason, seconds)

    def read(self) -> tuple[list[tuple[Any, ...]], dict[tuple[str, str, str], tuple[int, float]]]:
        """The latest calls and the totals of all."""
        with self._lock:
            for _ in range(len(self._written)):
                entry = self._written.popleft()
                self._latest.append(entry)
                name, outcome, reason, seconds = entry[:4]
                # What an exception says may be different each time.
                key = name, outcome, reason and reason.partition(": ")[0]
                total = self._totals.setdefault(key, [0, 0.0])
                total[0] += 1
                total[1] += seconds
            return list(self._latest), {key: tuple(each) for key, each in self._totals.items()}


def _log(name: str, outcome: str, reason: str, seconds: float) -> None:
    how = f"{outcome} ({reason})" if reason else outcome
    _LOG.log(_LEVEL[outcome], "%s: %s, %.6f s", name, how, seconds)


BOOK = _Book()
if hasattr(os, "register_at_fork"):  # another thread may be reading while this one forks
    os.register_at_fork(after_in_child=BOOK.unlock)


class Report:
    """What :func:`report` returns; printed, it is a table.

    Attributes
    ----------
    calls : list of Call
        The latest 10,000 calls, in the order in which they ended.
    totals : dict of (name, outcome, reason) to (number of calls, seconds)
        Of all calls; of a reason that is an exception, its type.
    """

    def __init__(
        self, calls: list[Call], totals: dict[tuple[str, str, str], tuple[int, float]]
    ) -> None:
        self.calls, self.totals = calls, totals

    def count(self, outcome: str) -> int:
        """How many calls came out as "accelerated", "fell back" or "raised"."""
        return sum(calls for (_, how, _), (calls, _) in self.totals.items() if how == outcome)

    def __str__(self) -> str:
        if not self.totals:
            return "No call of what is patched."
        header = ("", "outcome", "calls", "seconds", "reason")
        rows = [
            (name, outcome, f"{calls:,}", f"{seconds:.3f}", reason)
            for (name, outcome, reason), (calls, seconds) in sorted(self.totals.items())
        ]
        width = [max(map(len, cells)) for cells in zip(header, *rows, strict=True)]
        lines = [
            f"{n:<{width[0]}}  {o:<{width[1]}}  {c:>{width[2]}}  {s:>{width[3]}}  {r}".rstrip()
            for n, o, c, s, r in (header, *rows)
        ]
        counts = ", ".join(f"{self.count(how):,} {how}" for how in (ACCELERATED, FELL_BACK, RAISED))
        return "\n".join([*lines, counts])

    __repr__ = __str__


def report() -> Report:
    """What was called since the patch, or since :func:`clear_report`, in this process.

    Workers of joblib are processes of their own, and so are their reports; a strict patch is
    strict in them too.

    Returns
    -------
    Report
        Its ``calls`` and ``totals`` tell what ran where and for how long; it prints as a table.

    Examples
    --------
    >>> from polyfuse.sklearn import patch_sklearn, report, unpatch_sklearn
    >>> patch_sklearn()
    >>> from sklearn.metrics import accuracy_score
    >>> accuracy_score([0, 1, 1], [0, 1, 0])
    0.6666666666666666
    >>> report().calls[-1].outcome
    'accelerated'
    >>> unpatch_sklearn()
    """
    latest, totals = BOOK.read()
    return Report([_call(entry) for entry in latest], totals)


def _call(entry: tuple[Any, ...]) -> Call:
    container, shape, dtype = entry[4:]
    shape = tuple(shape) if isinstance(shape, tuple) else None
    name, outcome, reason, seconds = entry[:4]
    return Call(name, outcome, reason, seconds, container.__name__, shape, str(dtype))


def clear_report() -> None:
    """Forget the calls that were written down."""
    BOOK.clear()
