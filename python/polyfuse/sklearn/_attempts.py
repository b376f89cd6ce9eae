"""One call: on polyfuse if nothing stands against it, else on scikit-learn, written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

from ..exceptions import NotAcceleratedError
from ._calls import BOOK, FELL_BACK, RAISED

Config = Callable[[], Mapping[str, Any]]
"""How to ask for scikit-learn's configuration in this thread."""

_NATIVE = {"builtins", "numpy", "pandas", "polars", "scipy"}


class Mode:
    """What is in force in this process."""

    active = False
    strict = False


def fall_back(
    name: str,
    theirs: Callable[..., Any],
    reason: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    first: Any,
) -> Any:
    """Call theirs, because ours may not be called, or raised.

    Ours leaves everything as it was when it raises, so scikit-learn starts from the same place:
    bad input is told in its words, and what polyfuse does not take is computed all the same.
    """
    began, outcome = perf_counter(), RAISED
    try:
        result = theirs(*args, **kwargs)
        outcome = FELL_BACK
    finally:
        BOOK.write(name, outcome, reason, perf_counter() - began, first)
    if Mode.strict:
        raise NotAcceleratedError(f"{name} cannot be accelerated: {reason}")
    return result


def reason_of(error: Exception) -> str:
    """An exception as the reason for falling back; raised again, where there is no second try.

    Without memory there is none. A warning that is an error came from what scikit-learn warns of
    too, and after the work was done.
    """
    if isinstance(error, MemoryError | Warning):
        raise error
    return f"{type(error).__name__}: {error}"


def array_api(args: Iterable[Any]) -> str | None:
    """The obstacle of arrays that scikit-learn is configured to compute on where they are."""
    for x in args:
        module = type(x).__module__.partition(".")[0]
        if module not in _NATIVE:
            return f"array_api_dispatch=True, and an argument is of {module}"
    return None
