"""Methods that some objects of a class have not, as ``hasattr`` sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper, wraps
from types import MethodType
from typing import Any


class available_if:
    """Decorate a method that is there only where a check of the object passes.

    Elsewhere access raises AttributeError, caused by the one that the check raises. It is
    scikit-learn's decorator of that name, for ``predict_proba``.
    """

    def __init__(self, check: Callable[[Any], object]) -> None:
        self.check = check

    def __call__(self, method: Callable) -> Any:
        return Available(method, self.check)


class Available:
    def __init__(self, method: Callable, check: Callable[[Any], object]) -> None:
        self.method, self.check = method, check
        update_wrapper(self, method)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is not None:
            self._require(instance, owner)
            return MethodType(self.method, instance)

        @wraps(self.method)
        def unbound(first: Any, *args: Any, **kwargs: Any) -> Any:
            self._require(first, owner)
            return self.method(first, *args, **kwargs)

        return unbound

    def _require(self, instance: Any, owner: type) -> None:
        try:
            self.check(instance)
        except AttributeError as error:
            name = self.method.__name__
            raise AttributeError(f"This {owner.__name__!r} has no attribute {name!r}") from error
