"""A progress bar on stderr: a moving line on a terminal, elsewhere a plain line per step."""

from __future__ import annotations

import shutil
import sys
from time import perf_counter
from types import TracebackType
from typing import Self, TextIO

_REFRESH = 0.08
_WIDTH = 24


class Progress:
    """Shows the calls of :data:`polyfuse._comparison.Progress`; a context manager.

    Parameters
    ----------
    stream : text file, optional
        Where to write; stderr by default. Only a terminal gets a moving line.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.moving = self.stream.isatty()
        self.what = ""
        self.shown = self.started = 0.0
        self.step = self.n_steps = self.iteration = 0

    def __call__(self, what: str, step: int, n_steps: int, iteration: int) -> None:
        now = perf_counter()
        if step != self.step:
            self._finish_step(now)
            self.what, self.step, self.n_steps, self.started = what, step, n_steps, now
            self.shown = 0.0
        self.iteration = iteration
        if self.moving and now - self.shown > _REFRESH:
            self.shown = now
            self._write(f"\r\x1b[2K{self._line(now)}")

    def _line(self, now: float) -> str:
        full, empty = ("█", "░") if "utf" in (self.stream.encoding or "").lower() else ("#", "-")
        filled = _WIDTH * (self.step - 1) // self.n_steps
        bar = full * filled + empty * (_WIDTH - filled)
        rate = ""
        if self.iteration:
            seconds = max(now - self.started, 1e-9)
            rate = f"  iteration {self.iteration}, {self.iteration / seconds:.0f}/s"
        line = f"{bar} {self.step}/{self.n_steps}  {self.what}{rate}"
        return line[: shutil.get_terminal_size().columns - 1]

    def _finish_step(self, now: float) -> None:
        if self.step and not self.moving:
            spent = f"{now - self.started:.1f} s"
            iterations = f"{self.iteration} iterations, " if self.iteration else ""
            self._write(f"[{self.step}/{self.n_steps}] {self.what}: {iterations}{spent}\n")

    def _write(self, text: str) -> None:
        # A closed or broken stderr is no reason to lose the work.
        try:
            code = self.stream.encoding or "ascii"
            self.stream.write(text.encode(code, "replace").decode(code))
            self.stream.flush()
        except (OSError, ValueError):
            self.moving = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish_step(perf_counter())
        if self.moving:
            self._write("\r\x1b[2K")
