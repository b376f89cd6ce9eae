"""Functions of scikit-learn's public modules that run ours, wherever a module has their name.

A function cannot be changed in place, so the one that takes its place is put into every module
that is loaded and has the other, and into the scorers that were made of it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from importlib import import_module
from time import perf_counter
from types import ModuleType
from typing import Any

from .. import metrics, preprocessing
from ._attempts import Mode, array_api, fall_back, reason_of
from ._calls import ACCELERATED, BOOK

Config = Callable[[], Mapping[str, Any]]
Pairs = list[tuple[Callable[..., Any], Callable[..., Any]]]

MODULES = {"metrics": metrics, "preprocessing": preprocessing}


def names() -> dict[str, str]:
    """Functions that scikit-learn and we have by one name, and the module of each."""
    return {
        name: module
        for module, ours in MODULES.items()
        for name in ours.__all__
        if inspect.isfunction(getattr(ours, name))
        and hasattr(import_module(f"sklearn.{module}"), name)
    }


def function_of(
    theirs: Callable[..., Any], ours: Callable[..., Any], config: Config
) -> Callable[..., Any]:
    """The function that is to stand in the place of theirs."""
    name, write = theirs.__name__, BOOK.write

    @wraps(theirs)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not Mode.active:
            return theirs(*args, **kwargs)
        first = args[0] if args else next(iter(kwargs.values()), None)
        dispatch = config().get("array_api_dispatch")
        reason = array_api((*args, *kwargs.values())) if dispatch else None
        if reason is None:
            began = perf_counter()
            try:
                result = ours(*args, **kwargs)
            except Exception as error:
                reason = reason_of(error)
            else:
                write(name, ACCELERATED, "", perf_counter() - began, first)
                return result
        return fall_back(name, theirs, reason, args, kwargs, first)

    return function


def replace(pairs: Pairs, scorers: Iterable[Any]) -> None:
    """Put the second of each pair wherever the first stands."""
    new = {id(old): (old, after) for old, after in pairs}
    for module in _modules():
        for key, value in list(vars(module).items()):
            old, after = new.get(id(value), (None, None))
            if old is not None and value is old:
                setattr(module, key, after)
    for scorer in scorers:
        old, after = new.get(id(getattr(scorer, "_score_func", None)), (None, None))
        if old is not None:
            scorer._score_func = after


def _modules() -> Iterator[ModuleType]:
    # Some programs put objects into sys.modules that make things up when they are asked.
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            yield module
