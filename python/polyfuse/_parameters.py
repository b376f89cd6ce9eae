"""Parameters of the metrics: scikit-learn's checks, in its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._labels import Array
from .exceptions import InvalidParameterError

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
    sized = any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))
    return sized and not np.isscalar(value) and not is_sparse(value)


def check_arrays(caller: str, y_true: Any, y_pred: Any, *, sparse: bool) -> None:
    expected = "an array-like" + (" or a sparse array or matrix" if sparse else "")
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not (is_array_like(y) or (sparse and is_sparse(y))):
            raise invalid_parameter(name, caller, expected, y)


def check_optional(caller: str, **arrays: Any) -> None:
    for name, array in arrays.items():
        if not (array is None or is_array_like(array)):
            raise invalid_parameter(name, caller, "an array-like or None", array)


def check_dimensions(y: Array) -> None:
    if y.ndim > 2:
        raise ValueError(f"Found array with dim {y.ndim}, while dim <= 2 is required.")


def among(options: Iterable[str]) -> str:
    return f"a str among {{{', '.join(map(repr, options))}}} or None"
