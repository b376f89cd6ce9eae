"""Chunks of rows, read and maybe worked on by threads, and taken in their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from .._kernels import num_threads, own_threads

NAME = "polyfuse-ahead"  # of threads


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


class _Queue:
    """Items on their way through workers to whoever takes the results, in order."""

    def __init__(self, n_items: int, n_buffers: int) -> None:
        self.n_items, self.taken = n_items, 0
        self.free = list(range(n_buffers))
        self.results: dict[int, tuple[Any, BaseException | None, int]] = {}
        self.stopped = False
        self.changed = threading.Condition()

    def take(self) -> tuple[int, int] | None:
        """The next item, and a buffer for it; None if there is none, or it is not wanted.

        Items are taken in order, and only with a buffer: none waits for one that a later one has.
        """
        with self.changed:
            self.changed.wait_for(lambda: self.free or self.stopped or self.taken == self.n_items)
            return None if self.stopped else self._next()

    def help_with(self, item: int) -> tuple[int, int] | None:
        """Once an item is ready, None; an item to work on, and a buffer for it, before that."""
        with self.changed:
            while item not in self.results:
                if (found := self._next()) is not None:
                    return found
                self.changed.wait()
        return None

    def _next(self) -> tuple[int, int] | None:
        if not self.free or self.taken == self.n_items:
            return None
        self.taken += 1
        return self.taken - 1, self.free.pop()

    def put(self, item: int, result: Any, error: BaseException | None, buffer: int) -> None:
        with self.changed:
            self.results[item] = result, error, buffer
            self.changed.notify_all()

    def get(self, item: int) -> tuple[Any, BaseException | None, int]:
        """The result of an item that is ready."""
        with self.changed:
            return self.results.pop(item)

    def release(self, buffer: int) -> None:
        with self.changed:
            self.free.append(buffer)
            self.changed.notify_all()

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()


def read_ahead(
    load: Callable[[Any, int], Any], items: Sequence[Any], n_buffers: int, n_workers: int = 1
) -> Iterator[Any]:
    """``load(item, buffer)`` for each item, in order, some ahead of who takes them.

    `buffer`, below `n_buffers`, is the number of one that nobody else works with. An exception in
    `load` is raised where its result would have been. Threads end with the iteration, however that
    ends. Who takes a result that is not ready loads others meanwhile, as one of the workers: so
    there are as many threads as cores to work, whether loading takes longer or what follows it.
    """
    queue = _Queue(len(items), n_buffers)
    share = max(1, num_threads() // n_workers)

    def attempt(number: int, buffer: int) -> None:
        result = error = None
        try:
            with own_threads(share):
                result = load(items[number], buffer)
        except BaseException as raised:
            error = raised
            if not isinstance(raised, Exception):  # an interrupt does not wait for its turn
                raise
        finally:
            queue.put(number, result, error, buffer)

    def work() -> None:
        while (taken := queue.take()) is not None:
            attempt(*taken)

    threads = [
        # What was chosen for this thread, such as a backend, holds for the others.
        threading.Thread(target=copy_context().run, args=(work,), name=NAME, daemon=True)
        for _ in range(max(1, n_workers - 1))
    ]
    try:
        for thread in threads:
            thread.start()
        for item in range(len(items)):
            while (taken := queue.help_with(item)) is not None:
                attempt(*taken)
            result, error, buffer = queue.get(item)
            if error is not None:
                raise error
            yield result
            queue.release(buffer)
    finally:
        queue.stop()
        for thread in threads:
            with suppress(RuntimeError):  # of one that an interrupt has kept from starting
                thread.join()


@contextmanager
def beside_reading() -> Iterator[None]:
    """Let kernels called from this thread leave a core to those that read.

    With all cores for kernels too, some of their threads would wait for it, spinning.
    """
    with own_threads(max(1, num_threads() - 1)):
        yield
