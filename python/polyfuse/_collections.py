"""Dask collections, which methods of estimators take as they take arrays.

They are told by the module of their type, so that Dask is not imported for that, and a call with
an array costs one comparison more. What is done about them is in :mod:`polyfuse.dask`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cache, wraps
from typing import Any, cast

import numpy as np

from ._available import Available

LAZY = frozenset({
    "transform", "inverse_transform", "predict", "predict_proba", "predict_log_proba",
    "decision_function", "score_samples",
})  # fmt: skip
_DASK = ("dask", "dask_expr")  # the second has the data frames of 2024
_METHODS = LAZY | {"fit", "partial_fit", "score"}


@cache
def _of_dask(kind: Hashable) -> bool:
    """Whether a type is one of Dask's."""
    return str(getattr(kind, "__module__", "")).partition(".")[0] in _DASK


def is_collection(x: Any) -> bool:
    """Whether `x` is a Dask Array, DataFrame or Series, a list of Delayed, or blocks of such.

    A list is told by its first item, which may be a list of Delayed, or an array among collections.
    """
    if isinstance(x, Mapping):
        return any(is_collection(value) for value in x.values())
    if isinstance(x, list | tuple):
        first = x[0] if x else None
        return is_collection(first) or (hasattr(first, "shape") and any(map(_is_of_dask, x)))
    return _is_of_dask(x)


def _is_of_dask(x: Any) -> bool:
    return _of_dask(cast(Hashable, type(x)))


def take_collections(cls: type) -> None:
    """Let the methods that a class defines, and that are given X first, take collections.

    Only those of the package: a subclass that a user has written is asked first.
    """
    if cls.__module__.partition(".")[0] != "polyfuse":
        return
    for name in _METHODS & vars(cls).keys():
        method = vars(cls)[name]
        if isinstance(method, Available):
            method.method = _either(name, method.method)
        else:
            setattr(cls, name, _either(name, method))


def _either(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    array = np.ndarray

    @wraps(method)
    def either(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            if type(args[0]) is array or not is_collection(args[0]):
                return method(self, *args, **kwargs)
            return _answered(self, name, args, kwargs)
        given = next((key for key in ("X", "blocks") if key in kwargs), None)
        if given is None or not is_collection(kwargs[given]):
            return method(self, **kwargs)
        return _answered(self, name, (kwargs.pop(given),), kwargs)

    return either


def _answered(estimator: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from .dask import call

    return call(estimator, name, *args, **kwargs)
