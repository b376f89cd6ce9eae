"""Jobs that outlive their process: what they have done is noted in a file, from time to time.

A checkpoint is written beside itself and renamed, so that it is whole at any moment. It does not
wait for the disk: it is there for the next process, not for the next boot. What a job has written
elsewhere may have been lost with the machine; :attr:`Job.same_boot` tells.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from time import monotonic
from typing import Any
from zlib import crc32

import numpy as np

from .. import __version__
from .._safetensors import read, write
from .._state import pack, unpack
from ..exceptions import ModelFileError, OutputError, SourceError

Progress = Callable[[str, int, int], object]
Path = str | os.PathLike[str]

# Seconds between two notes; and no more than this share of the time goes into them.
_EVERY, _SHARE = 1.0, 0.05
_KEY = "polyfuse.checkpoint"


class Job:
    """What a job is, how far it has come, and where that is noted.

    Parameters
    ----------
    path : path-like or None
        Of the checkpoint; without one nothing is noted.
    description : dict
        What the job does to which data, as JSON can hold it. It is resumed only if this is equal.
    resume : bool
        Whether to go on from the checkpoint, if there is one.
    progress : callable(what, rows, n_rows), optional
        Told after every chunk.

    Raises
    ------
    SourceError
        If there is a checkpoint of another job, or of data that have changed, or it is damaged.
    """

    def __init__(
        self, path: Path | None, description: dict[str, Any], *, resume: bool = False,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        if resume and path is None:
            raise ValueError("resume=True needs a checkpoint to go on from; got checkpoint=None.")
        self.path = None if path is None else os.fspath(path)
        self.description = json.loads(json.dumps({"version": __version__, **description}))
        self.progress = progress
        self.state: dict[str, Any] = {}
        self.same_boot = True
        self._noted_at, self._cost = monotonic(), 0.0
        self.noted = False  # whether the checkpoint that there may be is of this job
        if resume and self.path is not None and os.path.exists(self.path):
            self._load(self.path)

    def _load(self, path: str) -> None:
        try:
            arrays, metadata = read(path)
            kept = json.loads(metadata[_KEY])
            state = unpack(kept["state"], arrays)
        except (ModelFileError, KeyError, ValueError) as error:
            raise SourceError(
                f"{path} is no checkpoint that can be read ({error}): delete it to start anew."
            ) from error
        different = _difference(kept["job"], self.description)
        if different is not None:
            raise SourceError(
                f"{path} is of another job: {different}. Delete it to start anew, or go on with "
                "what it was of."
            )
        self.state, self.same_boot = state, kept["boot"] == _boot()
        self.noted = True

    def offer(self, state: Callable[[], dict[str, Any]]) -> None:
        """Note a state, if the last one is old enough."""
        if self.path is None:
            return
        if monotonic() - self._noted_at >= max(_EVERY, self._cost / _SHARE):
            self.note(state())

    def note(self, state: dict[str, Any]) -> None:
        """Note a state.

        Raises
        ------
        OutputError
            If the checkpoint cannot be written; what was there before still is.
        """
        if self.path is None:
            return
        began = monotonic()
        tree, arrays = pack(state)
        kept = {"job": self.description, "boot": _boot(), "state": tree}
        try:
            write(self.path, arrays, {_KEY: json.dumps(kept)}, sync=False)
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"output {self.path} cannot be written: {reason}.") from error
        self.noted = True
        self._noted_at = monotonic()
        self._cost = self._noted_at - began

    def begin_output(self) -> None:
        """Remove the checkpoint of an earlier job: it tells of a file that begins anew."""
        if not self.noted:
            self.done()

    def tell(self, what: str, rows: int, n_rows: int) -> None:
        """Say how far it has come."""
        if self.progress is not None:
            self.progress(what, rows, n_rows)

    def done(self) -> None:
        """Remove the checkpoint."""
        if self.path is not None and os.path.exists(self.path):
            os.remove(self.path)


def is_checkpoint(metadata: dict[str, str]) -> bool:
    """Whether a file with such texts is a checkpoint."""
    return _KEY in metadata


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a checkpoint says of its job, and the state it holds.

    Raises
    ------
    OSError, ModelFileError
        If it cannot be read, or is none.
    """
    arrays, metadata = read(path)
    if not is_checkpoint(metadata):
        raise ModelFileError(f"{os.fspath(path)} is no checkpoint.")
    kept = json.loads(metadata[_KEY])
    return kept["job"], unpack(kept["state"], arrays)


def mark_of(held: dict[str, Any]) -> int:
    """A number that tells models apart by what they hold, of which their text leaves much out."""
    try:
        tree, arrays = pack(held)
    except TypeError:  # there is what cannot be saved, such as a transformer of another library
        return 0
    mark = crc32(json.dumps(tree).encode())
    for name, array in sorted(arrays.items()):
        mark = crc32(f"{name} {array.dtype} {array.shape}".encode(), mark)
        mark = crc32(np.ascontiguousarray(array).tobytes(), mark)
    return mark


def _difference(kept: Any, now: Any, where: str = "") -> str | None:
    """In words, the first thing that differs between two descriptions."""
    if isinstance(kept, dict) and isinstance(now, dict):
        for key in [*kept, *(key for key in now if key not in kept)]:
            inner = f"{where}, {key}" if where else str(key)
            found = _difference(kept.get(key), now.get(key), inner)
            if found is not None:
                return found
        return None
    if kept == now:
        return None
    if where.endswith(", mtime_ns"):  # of which nobody reads the numbers
        return f"{where.removesuffix(', mtime_ns')} was written to since"
    return f"{where} was {kept!r} and is {now!r}"


def _boot() -> str:
    """What tells one run of the machine from the next."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""
