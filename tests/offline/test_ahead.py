"""Items that threads load ahead of who takes them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from polyfuse.stream._ahead import NAME, read_ahead


def left() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == NAME]


@pytest.mark.parametrize("n_buffers", [1, 2, 5])
@pytest.mark.parametrize("n_workers", [1, 2, 4])
def test_results_come_in_order_and_no_buffer_is_shared(n_workers: int, n_buffers: int) -> None:
    held: set[int] = set()
    lock = threading.Lock()

    def load(item: int, buffer: int) -> tuple[int, int]:
        with lock:
            assert buffer not in held
            held.add(buffer)
        return item * item, buffer

    found = []
    for square, buffer in read_ahead(load, range(200), n_buffers, n_workers):
        assert 0 <= buffer < n_buffers
        found.append(square)
        with lock:
            held.remove(buffer)
    assert found == [item * item for item in range(200)]
    assert not left()


def test_who_waits_for_a_result_loads_another() -> None:
    """The thread of the worker holds item 0 until another has loaded item 1."""
    other = threading.Event()
    loaded: dict[int, str] = {}

    def load(item: int, buffer: int) -> int:
        loaded[item] = threading.current_thread().name
        if len(set(loaded.values())) == 2:
            other.set()
        assert other.wait(timeout=30)
        return item

    assert list(read_ahead(load, range(4), 4, n_workers=2)) == [0, 1, 2, 3]
    assert set(loaded.values()) == {NAME, threading.current_thread().name}


def failing(error: BaseException) -> Callable[[int, int], int]:
    def load(item: int, buffer: int) -> int:
        if item == 3:
            raise error
        return item

    return load


def test_errors_come_where_the_result_would_have_been() -> None:
    results = read_ahead(failing(ValueError("item 3")), range(9), 8, 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="item 3"):
        next(results)
    assert not left()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(5)], ids=repr)
def test_nobody_waits_for_a_thread_that_was_interrupted(error: BaseException) -> None:
    with pytest.raises(type(error)):
        list(read_ahead(failing(error), range(9), 2, 2))
    assert not left()


def test_threads_end_with_the_iteration() -> None:
    results: Any = read_ahead(lambda item, buffer: item, range(1000), 3, 3)
    assert next(results) == 0
    results.close()
    assert not left()


@pytest.mark.parametrize("started", [False, True])
def test_an_interrupt_while_threads_start_leaves_none(
    started: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Daemons that were left would be in a kernel as the interpreter ends, which aborts it."""
    start, n_started = threading.Thread.start, 0

    def interrupted(thread: threading.Thread) -> None:
        nonlocal n_started
        n_started += 1
        if started or n_started == 1:
            start(thread)
        if n_started == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(read_ahead(lambda item, buffer: item, range(1000), 4, 4))
    assert not left()
