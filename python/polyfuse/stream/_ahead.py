"""Chunks of rows, read on a thread of its own while those before are worked on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any

from numpy.typing import NDArray

from .._kernels import num_threads, own_threads

_POLL = 0.1  # seconds after which a thread that waits looks whether it is still wanted


@dataclass(frozen=True)
class Chunk:
    """Some rows. Arrays hold them until the next chunk is asked for.

    Attributes
    ----------
    start, stop : int
        The first row, and the one behind the last.
    blocks : dict of str to ndarray of shape (n, n_features_i)
    y : ndarray of shape (n,) or None
    weight : ndarray of shape (n,) or None
    called : dict of str to str
        What errors call each block.
    """

    start: int
    stop: int
    blocks: dict[str, NDArray]
    y: NDArray | None = None
    weight: NDArray | None = None
    called: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.stop - self.start


def read_ahead(
    load: Callable[[Any, int], Any], items: Iterator[Any] | Sequence[Any], n_buffers: int
) -> Iterator[Any]:
    """``load(item, buffer)`` for each item, in order, some ahead of who takes them.

    `buffer`, below `n_buffers`, is the number of one that nobody reads from. An exception in
    `load` is raised where its result would have been. The thread ends with the iteration, however
    that ends.
    """
    free: Queue[int] = Queue()
    full: Queue[tuple[Any, BaseException | None, int]] = Queue()
    for buffer in range(n_buffers):
        free.put(buffer)
    stopped = threading.Event()

    def work() -> None:
        try:
            for item in items:
                buffer = _taken(free, stopped)
                if buffer is None:
                    return
                full.put((load(item, buffer), None, buffer))
        except BaseException as error:
            full.put((None, error, -1))
        else:
            full.put((None, None, -1))
        finally:
            if isinstance(items, Generator):  # which may have a thread of its own
                items.close()

    # What was chosen for this thread, such as a backend, holds for the other.
    run = copy_context().run
    thread = threading.Thread(target=run, args=(work,), name="polyfuse-ahead", daemon=True)
    thread.start()
    try:
        while True:
            result, error, buffer = full.get()
            if error is not None:
                raise error
            if buffer < 0:
                return
            yield result
            free.put(buffer)
    finally:
        stopped.set()
        thread.join()


@contextmanager
def beside_reading() -> Iterator[None]:
    """Let kernels called from this thread leave a core to the one that reads.

    With all cores for kernels too, some of their threads would wait for it, spinning.
    """
    with own_threads(max(1, num_threads() - 1)):
        yield


def _taken(free: Queue[int], stopped: threading.Event) -> int | None:
    while not stopped.is_set():
        try:
            return free.get(timeout=_POLL)
        except Empty:
            continue
    return None
