"""One set of attributes, two classes: ours and scikit-learn's."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np


def borrowed(cls: type, estimator: Any) -> Any:
    """An instance of `cls` on the very attributes of an estimator: what one learns both know."""
    twin = object.__new__(cls)
    twin.__dict__ = estimator.__dict__
    return twin


def same(a: Any, b: Any) -> bool:
    """Whether two attributes are the same, in types of arrays and in bits."""
    if isinstance(a, np.ndarray):
        alike = isinstance(b, np.ndarray) and (a.dtype, a.shape) == (b.dtype, b.shape)
        return alike and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


def in_turns(ours: type, theirs: Any, steps: list[Any], whose: str) -> Any:
    """A copy of an estimator of scikit-learn after steps, "o" by our class or "t" by its own."""
    estimator = copy.deepcopy(theirs)
    for step, who in zip(steps, whose, strict=True):
        step(estimator if who == "t" else borrowed(ours, estimator))
    return estimator
