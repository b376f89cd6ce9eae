"""Targets of the command line: what a model is to learn, or is held against."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exceptions import SourceError
from .stream import Dataset

_SHOWN = 3


def find_task(data: Dataset) -> str:
    """Classification, unless a target is a number with a fraction."""
    for part in data.targets():
        if part.dtype.kind != "f":
            return "classification"
        if _fraction(part) is not None:
            return "regression"
    return "classification"


def require_task(data: Dataset, target: Any, task: str) -> None:
    """Raise SourceError unless a target can be learned."""
    name, first, row = f"target={target}", None, 0
    for part in data.targets():
        _require_values(part, name, row, task, hint="; --task regression learns them")
        row += len(part)
        first = part[0] if first is None else first
        if task == "classification" and part.dtype.kind != "f" and (part != first).any():
            return
    if task == "classification" and all((part == first).all() for part in data.targets()):
        raise SourceError(f"{name} holds a single class, {_shown([first])}: it takes two to learn.")


def require_known(data: Dataset, target: Any, model: Any, path: str) -> None:
    """Raise SourceError unless a target holds what a model tells."""
    kind = getattr(model, "_estimator_type", None)
    if not data.has_target or kind not in ("classifier", "regressor"):
        return
    name, row, known = f"target={target}", 0, False
    task = "classification" if kind == "classifier" else "regression"
    for part in data.targets():
        _require_values(part, name, row, task, hint=f", which {os.path.basename(path)} tells")
        row += len(part)
        known = known or task == "regression" or _any_of(part, model.classes_)
    if not known:
        raise SourceError(
            f"{name} holds {_shown(np.unique(part))}, and none of the classes of {path}: "
            f"{_shown(model.classes_)}."
        )


def _require_values(part: NDArray, name: str, row: int, task: str, hint: str) -> None:
    """Raise SourceError unless values of a target, from a row on, are of a task."""
    if task == "regression" and part.dtype.kind not in "biuf":
        raise SourceError(f"{name} must hold numbers; got {_shown(part[:1])} in row {row}.")
    if part.dtype.kind == "f":
        if not np.isfinite(part).all():
            bad = int(np.flatnonzero(~np.isfinite(part))[0])
            raise SourceError(f"{name} holds {part[bad]} in row {row + bad}: leave such rows out.")
        fraction = _fraction(part) if task == "classification" else None
        if fraction is not None:
            raise SourceError(f"{name} holds {fraction}, and must hold classes{hint}.")


def _fraction(part: NDArray) -> float | None:
    """The first number that is no whole one."""
    finite = part[np.isfinite(part)]
    found = finite[finite != np.floor(finite)]
    return float(found[0]) if len(found) else None


def _any_of(part: NDArray, classes: NDArray) -> bool:
    """Whether one of some labels is a class; the text "1" is not the number."""
    numbers = [array.dtype.kind in "biuf" for array in (part, classes)]
    return numbers[0] == numbers[1] and bool(np.isin(part, classes).any())


def _shown(values: Any) -> str:
    """Some values, as Python writes them."""
    listed = [repr(getattr(value, "item", lambda v=value: v)()) for value in values[:_SHOWN]]
    return ", ".join([*listed, "..."] if len(values) > _SHOWN else listed)
