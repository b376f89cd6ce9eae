"""How results of inspection are printed: what they found, without their long arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def interval(value: float, low: float | None, high: float | None, sign: str = "") -> str:
    """Such as 0.812 [0.801, 0.823]; without the interval if there is none."""
    text = f"{value:{sign}.3f}"
    if low is None or high is None or np.isnan(low):
        return text
    return f"{text} [{low:{sign}.3f}, {high:{sign}.3f}]"


def table(title: str, names: Sequence[str], cells: Iterable[str]) -> str:
    """A title, and a line for each name."""
    width = max(map(len, names))
    rows = zip(names, cells, strict=True)
    return "\n".join([title, *(f"  {name:<{width}}  {cell}" for name, cell in rows)])


def intervals(values: Any, low: Any, high: Any, sign: str = "") -> list[str]:
    """The text of each value with its interval; `low` and `high` may be None."""
    if low is None or high is None:
        return [interval(value, None, None, sign) for value in values]
    return [interval(*each, sign) for each in zip(values, low, high, strict=True)]
