"""Patch and unpatch: what is replaced, in which versions, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from threading import RLock
from typing import Any

from .. import linear_model, preprocessing
from .._kernels import select
from ..exceptions import warn
from . import _functions as functions
from ._attempts import Mode
from ._methods import METHODS, Method
from ._releases import NEWEST, OLDEST, installed, is_alike, of_release
from ._workers import wrapper_of

_OURS = {"preprocessing": preprocessing, "linear_model": linear_model}
_LOCK = RLock()


class _State:
    """What stands in scikit-learn in the place of its own, and how to take it back."""

    names: tuple[str, ...] = ()
    methods: list[Method] = []  # noqa: RUF012
    functions: functions.Pairs = []  # noqa: RUF012
    task: tuple[Any, type] | None = None


def patch_sklearn(names: Iterable[str] | None = None, *, strict: bool = False) -> None:
    """Run scikit-learn's scalers, SGD estimators and metrics on polyfuse from now on.

    Estimators, searches and scorers that exist already are reached too. Not reached are functions
    that something else than a module holds: ``functools.partial(f1_score, ...)``, or a scorer of
    your own, made before the patch. Called again, it replaces the patch that is in force.

    Parameters
    ----------
    names : iterable of str, optional
        Classes and functions to patch, as in ``["StandardScaler", "f1_score"]``; all by default.
    strict : bool, default=False
        Raise :class:`~polyfuse.exceptions.NotAcceleratedError` where a call would else run on
        scikit-learn.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    ValueError
        If there is nothing of one of these names to patch.

    Warns
    -----
    UserWarning
        If the installed scikit-learn is newer than those tested, and something that the patch
        needs is not there: that part is left as it is.

    Examples
    --------
    >>> from polyfuse.sklearn import is_patched, patch_sklearn, unpatch_sklearn
    >>> patch_sklearn()
    >>> from sklearn.preprocessing import StandardScaler
    >>> StandardScaler().fit_transform([[1.0], [3.0]]).ravel()
    array([-1.,  1.])
    >>> is_patched()
    True
    >>> unpatch_sklearn()
    """
    wanted = _wanted(names)
    with _LOCK:
        unpatch_sklearn()
        select()  # says now, not within a call, if there are no compiled kernels
        missing: list[str] = []
        config = _config()
        _State.names = wanted
        _patch_classes(wanted, config, missing)
        _patch_functions(wanted, config, missing)
        _patch_tasks(wanted, missing)
        Mode.strict, Mode.active = bool(strict), True
    _warn_of(missing)


def unpatch_sklearn() -> None:
    """Give scikit-learn back what :func:`patch_sklearn` replaced; nothing if it is not patched."""
    with _LOCK:
        Mode.active = Mode.strict = False
        for method in _State.methods:
            method.take_back()
        functions.replace([(new, old) for old, new in _State.functions], _scorers([]))
        if _State.task is not None:
            module, theirs = _State.task
            module._FuncWrapper = theirs
        _State.names, _State.methods, _State.functions, _State.task = (), [], [], None


def is_patched() -> bool:
    """Whether :func:`patch_sklearn` is in force in this process."""
    return Mode.active


def in_force() -> tuple[str, ...]:
    """The names that are patched."""
    return _State.names


def _wanted(names: Iterable[str] | None) -> tuple[str, ...]:
    known = (*METHODS, *functions.names())
    if names is None:
        return known
    wanted = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"names must be among {sorted(known)}; got {unknown}.")
    return wanted


def _patch_classes(wanted: tuple[str, ...], config: Any, missing: list[str]) -> None:
    for name, (module, methods) in METHODS.items():
        if name not in wanted or not is_alike(name):
            continue
        theirs = getattr(import_module(f"sklearn.{module}"), name, None)
        ours = of_release(getattr(_OURS[module], name))
        for method in methods:
            if not hasattr(theirs, method):
                missing.append(f"sklearn.{module}.{name}.{method}")
                continue
            replaced = Method(theirs, ours, method, config)  # type: ignore[arg-type]
            replaced.put()
            _State.methods.append(replaced)


def _patch_functions(wanted: tuple[str, ...], config: Any, missing: list[str]) -> None:
    modules = {name: module for name, module in functions.names().items() if name in wanted}
    for name, module in modules.items():
        if is_alike(name):
            theirs = getattr(import_module(f"sklearn.{module}"), name)
            ours = getattr(functions.MODULES[module], name)
            _State.functions.append((theirs, functions.function_of(theirs, ours, config)))
    functions.replace(_State.functions, _scorers(missing))


def _patch_tasks(wanted: tuple[str, ...], missing: list[str]) -> None:
    module = _internal("sklearn.utils.parallel")
    theirs = getattr(module, "_FuncWrapper", None)
    if theirs is None:
        missing.append("sklearn.utils.parallel._FuncWrapper (joblib workers)")
        return
    _State.task = (module, theirs)
    setattr(module, "_FuncWrapper", wrapper_of(theirs, wanted))  # noqa: B010


def _scorers(missing: list[str]) -> list[Any]:
    scorers = getattr(_internal("sklearn.metrics._scorer"), "_SCORERS", None)
    if not isinstance(scorers, Mapping):
        missing.append("sklearn.metrics._scorer._SCORERS (scorers by name)")
        return []
    return list(scorers.values())


def _config() -> Callable[[], Mapping[str, Any]]:
    """scikit-learn's configuration of this thread, without a copy where that can be."""
    public = import_module("sklearn").get_config
    found: Callable[[], Mapping[str, Any]] = getattr(
        _internal("sklearn._config"), "_get_threadlocal_config", public
    )
    return found


def _internal(name: str) -> Any:
    """A module that a release may be without."""
    try:
        return import_module(name)
    except ImportError:
        return None


def _warn_of(missing: list[str]) -> None:
    if missing:
        warn(
            f"polyfuse is tested with scikit-learn {_dotted(OLDEST)} to {_dotted(NEWEST)}; "
            f"this is {_dotted(installed())}, which does not have {', '.join(missing)}: these run "
            "unpatched."
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
