"""The patch in the processes that scikit-learn's joblib starts.

scikit-learn sends its tasks as ``_FuncWrapper(function)``. The subclass here travels with a mark
that patches the process that unpickles it, before the functions and estimators of the task are
unpickled there.
"""

from __future__ import annotations

from typing import Any

from ._attempts import Mode


class Mark:
    """Unpickled, it patches the process; it is nothing but that."""

    def __init__(self, names: tuple[str, ...], strict: bool) -> None:
        self.names, self.strict = names, strict

    def __reduce__(self) -> Any:
        return _arrive, (self.names, self.strict)


def _arrive(names: tuple[str, ...], strict: bool) -> Mark:
    from ._patch import in_force, patch_sklearn

    if in_force() != names or Mode.strict != strict:
        patch_sklearn(names, strict=strict)
    return Mark(names, strict)


def wrapper_of(theirs: type, names: tuple[str, ...]) -> type:
    """Their class for tasks, whose instances carry the mark."""

    class Task(theirs):  # type: ignore[misc]
        def __reduce_ex__(self, protocol: Any) -> Any:
            return _task, (Mark(names, Mode.strict), theirs, dict(self.__dict__))

    Task.__name__ = Task.__qualname__ = theirs.__name__
    return Task


def _task(mark: Mark, theirs: type, state: dict[str, Any]) -> Any:
    task: Any = object.__new__(theirs)
    task.__dict__.update(state)
    return task
