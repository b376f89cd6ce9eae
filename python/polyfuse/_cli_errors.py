"""How the command line ends: exit codes, and one line for whatever goes wrong."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from .exceptions import ModelFileError, OutputError, SourceError

DEFECT, WRONG, SOURCE, OUTPUT, INTERRUPTED = 1, 2, 3, 4, 130

CODES = """\
exit codes:
  0    done
  1    there is not enough memory, or polyfuse has a defect
  2    an option, a settings file or what they ask for is wrong
  3    a source, model or checkpoint cannot be read, has changed, or holds values of no use
  4    the output cannot be written, such as to a full disk
  130  interrupted, by Ctrl-C or SIGTERM
"""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


class BadInputError(Exception):
    """What the user is told in one line."""


class InterruptedJobError(KeyboardInterrupt):
    """A job that was interrupted, and how to go on."""


def explained(error: BaseException) -> tuple[int, str]:
    """The exit code for an exception, and what is said about it."""
    text = str(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, text or "interrupted"
    if isinstance(error, MemoryError):
        return DEFECT, f"not enough memory{f': {text}' if text else ''}"
    if isinstance(error, OutputError):
        return OUTPUT, text
    if isinstance(error, SourceError | ModelFileError):
        return SOURCE, text
    if isinstance(error, OSError):
        return OUTPUT if error.errno in _NO_ROOM else SOURCE, text
    if isinstance(error, BadInputError | ImportError | ValueError | TypeError):
        return WRONG, text or type(error).__name__
    return DEFECT, f"{type(error).__name__}: {text} (a defect: please report it)"


def one_line(text: str) -> str:
    """A text as one line of what can be printed."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def say(message: str) -> None:
    """Print a line to stderr."""
    print(one_line(f"polyfuse: {message}"), file=sys.stderr)


def put(text: str) -> None:
    """Print what stdout can show, and question marks for the rest."""
    code = sys.stdout.encoding or "utf-8"
    print(text.encode(code, "replace").decode(code))


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Inside, SIGTERM does what Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def resumable(checkpoint: str, *, resume: bool = False, quiet: bool = False) -> Iterator[None]:
    """An interrupt inside says how to go on, if there is something to go on from."""
    if resume and not quiet and not os.path.exists(checkpoint):
        say(f"there is no {checkpoint}: the job starts at the beginning")
    try:
        yield
    except KeyboardInterrupt:
        if not os.path.exists(checkpoint):
            raise InterruptedJobError("interrupted, before there was a checkpoint") from None
        raise InterruptedJobError(
            f"interrupted; the same command with --resume goes on from {checkpoint}"
        ) from None
