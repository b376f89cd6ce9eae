"""Parameters of the metrics: scikit-learn's checks, in its words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import wraps
from numbers import Integral, Real
from typing import Any, TypeVar, cast

import numpy as np

from ._interchange import CAPSULES
from ._labels import Array, as_array, check_consistent_length, check_finite, check_real
from .exceptions import InvalidParameterError, warn

_F = TypeVar("_F", bound=Callable[..., Any])
_SIZED = ("__len__", "shape", "__array__", *CAPSULES)

BOOLEAN = f"an instance of 'bool' or an instance of 'numpy.{np.bool_.__name__}'"


def invalid_parameter(name: str, caller: str, expected: str, value: object) -> Exception:
    return InvalidParameterError(
        f"The {name!r} parameter of {caller} must be {expected}. Got {value!r} instead."
    )


def is_sparse(value: object) -> bool:
    return hasattr(value, "tocsr")


def is_array_like(value: object) -> bool:
    if isinstance(value, (np.ndarray, list, tuple)):
        return True
    sized = any(hasattr(value, name) for name in _SIZED)
    return sized and not np.isscalar(value) and not is_sparse(value)


def check_arrays(caller: str, y_true: Any, y_pred: Any, *, sparse: bool) -> None:
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not (is_array_like(y) or (sparse and is_sparse(y))):
            expected = "an array-like" + (" or a sparse array or matrix" if sparse else "")
            raise invalid_parameter(name, caller, expected, y)


def check_array_likes(caller: str, **arrays: Any) -> None:
    for name, array in arrays.items():
        if not is_array_like(array):
            raise invalid_parameter(name, caller, "an array-like", array)


def check_optional(caller: str, **arrays: Any) -> None:
    for name, array in arrays.items():
        if not (array is None or is_array_like(array)):
            raise invalid_parameter(name, caller, "an array-like or None", array)


def check_boolean(caller: str, name: str, value: Any) -> None:
    if not isinstance(value, bool | np.bool_):
        raise invalid_parameter(name, caller, BOOLEAN, value)


def check_integer(caller: str, name: str, value: Any, least: int, most: int | None = None) -> None:
    fits = isinstance(value, Integral) and least <= int(value) <= (
        math.inf if most is None else most
    )
    if not fits:
        expected = f"an int in the range [{least}, {'inf)' if most is None else f'{most}]'}"
        raise invalid_parameter(name, caller, expected, value)


def check_choice(
    caller: str, name: str, value: Any, options: tuple[str, ...], *, none: bool = False
) -> None:
    if (none and value is None) or (isinstance(value, str) and value in options):
        return
    expected = among(options)
    raise invalid_parameter(
        name, caller, expected if none else expected.removesuffix(" or None"), value
    )


def check_pos_label(caller: str, value: Any, *, none: bool = True) -> None:
    if isinstance(value, (int, str, Real, np.bool_)) or (none and value is None):
        return
    end = f", {BOOLEAN} or None" if none else f" or {BOOLEAN}"
    expected = f"an instance of 'float', an instance of 'str'{end}"
    raise invalid_parameter("pos_label", caller, expected, value)


def check_no_text(y: Array) -> None:
    if y.dtype.kind in "USV":
        raise ValueError(
            "dtype='numeric' is not compatible with arrays of bytes/strings."
            "Convert your data to numeric values explicitly instead."
        )


def check_filled(y: Array) -> None:
    """Raise ValueError if there is no row, or a matrix has no column."""
    for axis, name in ((0, "sample"), (1, "feature"))[: y.ndim]:
        if y.shape[axis] == 0:
            raise ValueError(
                f"Found array with 0 {name}(s) (shape={y.shape}) while a minimum of 1 is required."
            )


def as_column(y: Any, name: str = "y") -> Array:
    """`y`, a vector or a matrix of one column, as a vector of real numbers or labels."""
    array = as_array(y, name)
    check_real(array)
    check_dimensions(array)
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {array.shape} instead.")
    return array


def check_matrix(y: Any, name: str = "y", *, numeric: bool) -> Array:
    """An array of one or two dimensions, not empty, of finite values."""
    array = as_array(y, name)
    check_consistent_length(array)
    check_real(array)
    if numeric:
        check_no_text(array)
    if numeric and array.dtype.kind == "O":
        array = array.astype(np.float64)
    check_dimensions(array)
    check_numbers(array)
    check_filled(array)
    return array


def check_numbers(array: Array) -> None:
    if array.dtype.kind == "O" and (array != array).any():
        raise ValueError("Input contains NaN")
    check_finite(array)


def check_dimensions(y: Array) -> None:
    if y.ndim > 2:
        raise ValueError(f"Found array with dim {y.ndim}, while dim <= 2 is required.")


def among(options: Iterable[str]) -> str:
    return f"a str among {{{', '.join(map(repr, options))}}} or None"


def warn_of_positions(keywords: tuple[str, ...]) -> Callable[[_F], _F]:
    """A function that for now takes two arguments and then `keywords` by position, with a warning.

    scikit-learn made them keywords alone, and lets them pass until 1.11.
    """

    def decorate(function: _F) -> _F:
        @wraps(function)
        def lenient(*args: Any, **kwargs: Any) -> Any:
            by_place = dict(zip(keywords, args[2:], strict=False))
            if by_place and len(args) <= 2 + len(keywords):
                listed = ", ".join(f"{name}={value}" for name, value in by_place.items())
                warn(
                    f"Pass {listed} as keyword args. From version 1.11 passing these as "
                    "positional arguments will result in an error",
                    FutureWarning,
                )
                return function(*args[:2], **kwargs, **by_place)
            return function(*args, **kwargs)

        return cast(_F, lenient)

    return decorate
