"""Tasks of Dask: the only module that imports it.

A task is a function of the package and its arguments, and gives the same wherever it runs, and
however often: a worker that dies costs the tasks that it had. Kernels in a task use no more threads
than the worker has for each of its tasks.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

from .._alignment import aligned
from .._kernels import num_threads, own_threads

_FAN = 8  # states that one task merges
_SESSION, _NUMBERS = uuid4().hex[:8], count()


def dask(module: str = "") -> Any:
    """Dask, or a module of it.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import dask
    except ImportError as error:
        raise ImportError("polyfuse.dask needs Dask: pip install 'polyfuse[dask]'.") from error
    return importlib.import_module(f"dask.{module}") if module else dask


def task(function: Callable[..., Any], *args: Any) -> Any:
    """A Delayed that calls a function with its arguments, which may be Delayed too."""
    name = getattr(function, "__name__", None) or getattr(function, "func", function).__name__
    key = f"polyfuse-{name.strip('_')}-{_SESSION}{next(_NUMBERS)}"
    return dask().delayed(within_share, pure=False)(function, *args, dask_key_name=key)


def within_share(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function with the threads that the worker has for it."""
    args, share = aligned(args), _share()
    if share is None:
        return function(*args, **kwargs)
    with own_threads(share):
        return function(*args, **kwargs)


def _share() -> int | None:
    """Threads for a task: all of them in the main thread, which runs one task at a time."""
    if threading.current_thread() is threading.main_thread():
        return None
    return max(1, num_threads() // _tasks_at_once())


def _tasks_at_once() -> int:
    if "distributed" in sys.modules:
        try:
            return int(sys.modules["distributed"].get_worker().state.nthreads)
        except ValueError:  # no worker: the threads are those of a scheduler on one machine
            pass
    return int(dask().config.get("num_workers", None) or dask("system").CPU_COUNT)


def compute(parts: Sequence[Any]) -> list[Any]:
    """What some collections are, computed together by the scheduler in force."""
    return [aligned(found) for found in dask().compute(*parts)]


def persist(parts: Sequence[Any]) -> list[Any]:
    """The same collections, computed and kept where they were computed."""
    return list(dask().persist(*parts))


def merged(states: Sequence[Any], merge: Callable[..., Any]) -> Any:
    """A task for what ``merge(*states)`` makes of states, some neighbours at a time.

    Which ones depends on their number alone, never on which is there first.
    """
    states = list(states)
    while len(states) > 1:
        groups = [states[i : i + _FAN] for i in range(0, len(states), _FAN)]
        states = [own[0] if len(own) == 1 else task(merge, *own) for own in groups]
    return states[0]


def held(value: Any) -> Any:
    """A Delayed of a value that many tasks need."""
    return dask().delayed(value, traverse=False, pure=False)
