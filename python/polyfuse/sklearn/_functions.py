"""Functions of scikit-learn's public modules that run ours, in place.

scikit-learn's functions are decorated: what modules, scorers, partials and pickles hold is a
wrapper that checks parameters and then calls the function in a cell of its closure. The cell gets
ours, and the wrapper code that does nothing but call it, so it stays the object that it is to all
who have it. Where ours raises, a copy of the wrapper as it was is asked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from importlib import import_module
from time import perf_counter
from types import CellType, CodeType, FunctionType
from typing import Any

from .. import metrics, preprocessing
from ._attempts import Config, Mode, array_api, fall_back, reason_of
from ._calls import ACCELERATED, BOOK

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


class Function:
    """A function of theirs, and what is to run in its place.

    Raises
    ------
    AttributeError
        If it is not decorated as described above.
    """

    def __init__(self, module: str, name: str, config: Config) -> None:
        self._wrapper = getattr(import_module(f"sklearn.{module}"), name)
        while self._wrapper.__code__.co_freevars != _FREE:
            self._wrapper = self._wrapper.__wrapped__  # of another decorator
        self._code = self._wrapper.__code__
        self._theirs = _copied(self._wrapper)
        self._cell = self._wrapper.__closure__[0]
        self._ours = getattr(MODULES[module], name)
        self._name, self._config = name, config

    def put(self) -> None:
        """Put ours into the wrapper."""
        self._cell.cell_contents = self._replacement()
        self._wrapper.__code__ = _CALL

    def take_back(self) -> None:
        """Make the wrapper what it was."""
        self._wrapper.__code__ = self._code
        self._cell.cell_contents = self._wrapper.__wrapped__

    def _replacement(self) -> Callable[..., Any]:
        name, ours, theirs, config = self._name, self._ours, self._theirs, self._config
        write = BOOK.write

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


def _code_of_call() -> CodeType:
    func = parameter_constraints = prefer_skip_nested_validation = None

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)  # type: ignore[misc]
        # Not reached: code goes with a closure of as many cells, in the order of their names.
        return parameter_constraints, prefer_skip_nested_validation

    return wrapper.__code__


_CALL = _code_of_call()
_FREE = _CALL.co_freevars


def _copied(wrapper: Any) -> Callable[..., Any]:
    cells = tuple(CellType(cell.cell_contents) for cell in wrapper.__closure__)
    copy = FunctionType(wrapper.__code__, wrapper.__globals__, wrapper.__name__, None, cells)
    return update_wrapper(copy, wrapper.__wrapped__)
