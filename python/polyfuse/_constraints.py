"""What parameters of estimators may be: scikit-learn's checks, in its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, isnan
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from ._parameters import BOOLEAN, invalid_parameter


class Constraint(NamedTuple):
    """What a value may be, in words, and whether one is."""

    text: str
    holds: Callable[[Any], bool]


Constraints = Mapping[str, tuple[Constraint, ...]]


def interval(kind: Any, left: float | None, right: float | None, brackets: str) -> Constraint:
    """Numbers of a range; `brackets` such as "[)" say which of its ends belong to it."""
    ends = [end if kind is Integral or end is None else float(end) for end in (left, right)]
    low = -inf if left is None else left
    high = inf if right is None else right

    def holds(value: Any) -> bool:
        if not isinstance(value, kind) or (not _is_int(value) and isnan(value)):
            return False
        above = value >= low if brackets[0] == "[" else value > low
        return bool(above and (value <= high if brackets[1] == "]" else value < high))

    what = "an int" if kind is Integral else "a float"
    shown = ["-inf" if ends[0] is None else ends[0], "inf" if ends[1] is None else ends[1]]
    return Constraint(
        f"{what} in the range {brackets[0]}{shown[0]}, {shown[1]}{brackets[1]}", holds
    )


def _is_int(value: Any) -> bool:
    return isinstance(value, Integral)


def among(*options: str) -> Constraint:
    text = f"a str among {{{', '.join(map(repr, options))}}}"
    return Constraint(text, lambda value: isinstance(value, str) and value in options)


def instance(kind: type, text: str) -> Constraint:
    return Constraint(text, lambda value: isinstance(value, kind))


NONE = Constraint("None", lambda value: value is None)
FLAG = Constraint(BOOLEAN, lambda value: isinstance(value, bool | np.bool_))
VERBOSE = Constraint(
    f"an int in the range [0, inf), {BOOLEAN}",
    lambda value: isinstance(value, bool | np.bool_) or (_is_int(value) and value >= 0),
)
INTEGER = instance(Integral, "an instance of 'int'")
BY_BLOCK = instance(Mapping | list | tuple, "a dict or list of numbers, one for each block")  # type: ignore[arg-type]
DICT = instance(dict, "an instance of 'dict'")
RANDOM_STATE = Constraint(
    f"an int in the range [0, {2**32 - 1}], an instance of "
    "'numpy.random.mtrand.RandomState' or None",
    lambda value: (
        value is None
        or isinstance(value, np.random.RandomState)
        or (_is_int(value) and 0 <= value < 2**32)
    ),
)
GENERATOR = Constraint(
    "an instance of 'numpy.random._generator.Generator'",
    lambda value: isinstance(value, np.random.Generator),
)
NOT_NEGATIVE = interval(Real, 0, None, "[)")
POSITIVE = interval(Real, 0, None, "()")
FRACTION = interval(Real, 0, 1, "()")
SHARE = interval(Real, 0, 1, "[]")
FINITE = interval(Real, None, None, "()")
COUNT = interval(Integral, 1, None, "[)")


def require(caller: str, parameters: Mapping[str, Any], constraints: Constraints) -> None:
    """Raise InvalidParameterError for the first parameter that meets none of its constraints."""
    for name, value in parameters.items():
        allowed = constraints.get(name)
        if allowed is None or any(constraint.holds(value) for constraint in allowed):
            continue
        texts = [constraint.text for constraint in allowed]
        expected = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
        raise invalid_parameter(name, caller, expected, value)
