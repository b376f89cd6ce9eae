"""The patch in the processes that scikit-learn's joblib starts.

scikit-learn sends its tasks as ``_FuncWrapper(function)``. The subclass here travels with a mark
that brings the process that unpickles it to the state of the one that sent it, patched or not,
before the functions and estimators of the task are unpickled there. It stays in place once there
was a patch: a process that was patched for one task must not be for the next.
"""

from __future__ import annotations

from typing import Any

from ._attempts import Mode
from ._releases import internal

_PLACE = "sklearn.utils.parallel"


class Mark:
    """Unpickled, it brings the process to a state; it is nothing but that."""

    def __reduce__(self) -> Any:
        from ._patch import in_force

        return _arrive, (in_force(), Mode.strict)


def _arrive(names: tuple[str, ...], strict: bool) -> Mark:
    from ._patch import in_force, patch_sklearn, unpatch_sklearn

    if (in_force(), Mode.strict) != (names, strict):
        if names:
            patch_sklearn(names, strict=strict)
        else:
            unpatch_sklearn()
    return Mark()


def send_patch() -> bool:
    """Let tasks travel with the mark; False if this release has no such class of tasks."""
    module = internal(_PLACE)
    theirs = getattr(module, "_FuncWrapper", None)
    if theirs is None:
        return False
    if not hasattr(theirs, "_travels_marked"):
        module._FuncWrapper = _marked(theirs)
    return True


def _marked(theirs: type) -> type:
    class Task(theirs):  # type: ignore[misc]
        _travels_marked = True

        def __reduce_ex__(self, protocol: Any) -> Any:
            return _task, (Mark(), dict(self.__dict__))

    Task.__name__ = Task.__qualname__ = theirs.__name__
    return Task


def _task(mark: Mark, state: dict[str, Any]) -> Any:
    task: Any = object.__new__(internal(_PLACE)._FuncWrapper)
    task.__dict__.update(state)
    return task
