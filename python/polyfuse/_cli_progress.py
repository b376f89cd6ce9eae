"""How far a job has come, on stderr: rows, rate and time left."""

from __future__ import annotations

import re
import shutil
import sys
from time import monotonic
from types import TracebackType
from typing import Self, TextIO

_MOVES, _LINES = 0.1, 5.0  # seconds between two looks of a line that moves, and two plain lines


class JobProgress:
    """What a job tells after every chunk: ``progress(what, rows, n_rows)``; a context manager.

    Parameters
    ----------
    row_bytes : int
        Bytes of a row of what is read, for the rate.
    epochs : int, optional
        How many passes there will be, if that is known.
    quiet : bool
        Say nothing.
    stream : text file, optional
        stderr by default. Only a terminal gets a line that moves; others get one in five seconds.
    """

    def __init__(
        self, row_bytes: int, epochs: int | None = None, *, quiet: bool = False,
        stream: TextIO | None = None,
    ) -> None:  # fmt: skip
        self.row_bytes, self.epochs, self.quiet = row_bytes, epochs, quiet
        self.stream = sys.stderr if stream is None else stream
        self.moving = self.stream.isatty()
        self.what = ""
        self.began = self.shown = self.ended = monotonic()
        self.first = 0  # rows that were done when the stage began

    def __call__(self, what: str, rows: int, n_rows: int) -> None:
        now = monotonic()
        if what != self.what:
            # A job that is resumed begins in the middle; a stage of one chunk has no other rate.
            resumed = not self.what and rows < n_rows
            self.began, self.first = (now, rows) if resumed else (self.ended, 0)
            self.what = what
        self.ended = now
        if not self.quiet and now - self.shown >= (_MOVES if self.moving else _LINES):
            self.shown = now
            parts = self._parts(now, rows, n_rows)
            width = shutil.get_terminal_size().columns - 1
            # What is left is said in any case: first the megabytes have to go, then the rows.
            while self.moving and len(parts) > 2 and len(", ".join(parts)) > width:
                del parts[-2]
            line = ", ".join(parts)
            self._write(f"\r\x1b[2K{line[:width]}" if self.moving else f"{line}\n")

    def _parts(self, now: float, rows: int, n_rows: int) -> list[str]:
        percent = 100 * rows // max(1, n_rows)
        text = f"{self._stage()}: {rows:,} of {n_rows:,} rows ({percent} %)"
        rate = (rows - self.first) / max(now - self.began, 1e-9)
        if rate <= 0:
            return [text]
        left = (n_rows - rows + self._epochs_left() * n_rows) / rate
        megabytes = f"{rate * self.row_bytes / 1e6:,.0f} MB/s"
        return [text, f"{rate:,.0f} rows/s", megabytes, f"{duration(left)} left"]

    def _stage(self) -> str:
        number = re.fullmatch(r"epoch (\d+)", self.what)
        return f"{self.what} of {self.epochs}" if number and self.epochs else self.what

    def _epochs_left(self) -> int:
        number = re.fullmatch(r"epoch (\d+)", self.what)
        return max(0, self.epochs - int(number[1])) if number and self.epochs else 0

    def _write(self, text: str) -> None:
        # A closed or broken stderr is no reason to lose the work.
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            self.quiet = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self.moving and not self.quiet:
            self._write("\r\x1b[2K")


def duration(seconds: float) -> str:
    """Such as 42 s, 3:05 or 2:03:05."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, own = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{own:02}" if hours else f"{minutes}:{own:02}"
