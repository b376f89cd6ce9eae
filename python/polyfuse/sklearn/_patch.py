"""Patch and unpatch: what is replaced, in which versions, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from threading import RLock

from .. import linear_model, preprocessing
from .._kernels import select
from ..exceptions import warn
from ._attempts import Config, Mode
from ._functions import Function
from ._functions import names as function_names
from ._methods import METHODS, Method
from ._releases import NEWEST, OLDEST, installed, internal, is_alike, of_release
from ._workers import send_patch

_OURS = {"preprocessing": preprocessing, "linear_model": linear_model}
_LOCK = RLock()


class _State:
    """What stands in scikit-learn in the place of its own."""

    names: tuple[str, ...] = ()
    replaced: list[Method | Function] = []  # noqa: RUF012


def patch_sklearn(names: Iterable[str] | None = None, *, strict: bool = False) -> None:
    """Run scikit-learn's scalers, SGD estimators and metrics on polyfuse from now on.

    Classes and functions are changed in place: whatever holds them already is reached too. Called
    again, it replaces the patch that is in force.

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
    missing: list[str] = []
    with _LOCK:
        unpatch_sklearn()
        select()  # says now, not within a call, if there are no compiled kernels
        _State.names = wanted
        for each in _replacements(wanted, missing):
            each.put()
            _State.replaced.append(each)
        if not send_patch():
            missing.append("sklearn.utils.parallel._FuncWrapper (joblib workers)")
        Mode.strict, Mode.active = bool(strict), True
    _warn_of(missing)


def unpatch_sklearn() -> None:
    """Give scikit-learn back what :func:`patch_sklearn` replaced; nothing if it is not patched."""
    with _LOCK:
        Mode.active = Mode.strict = False
        for each in _State.replaced:
            each.take_back()
        _State.names, _State.replaced = (), []


def is_patched() -> bool:
    """Whether :func:`patch_sklearn` is in force in this process."""
    return Mode.active


def in_force() -> tuple[str, ...]:
    """The names that are patched."""
    return _State.names


def _wanted(names: Iterable[str] | None) -> tuple[str, ...]:
    try:
        known = (*METHODS, *function_names())
    except ImportError as error:
        raise ImportError(
            "patch_sklearn needs scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
    if names is None:
        return known
    wanted = (names,) if isinstance(names, str) else tuple(names)
    if not wanted:
        raise ValueError("names must have at least one name; got none.")
    for name in wanted:
        if name not in known:
            near = get_close_matches(str(name), known, 3) or sorted(known)
            raise ValueError(
                f"names must be of what is patched, as {', '.join(near)}; got {name!r}."
            )
    return wanted


def _replacements(wanted: tuple[str, ...], missing: list[str]) -> list[Method | Function]:
    """What is to be put in place; what the release has not in the way it had is `missing`."""
    config, found = _config(), []
    for name in filter(is_alike, wanted):
        for label, make in _makers(name, config):
            try:
                found.append(make())
            except AttributeError:
                missing.append(label)
    return found


def _makers(name: str, config: Config) -> list[tuple[str, Callable[[], Method | Function]]]:
    """How to replace what has a name, part by part, and where each part stands."""
    if name not in METHODS:
        module = function_names()[name]
        return [(f"sklearn.{module}.{name}", lambda: Function(module, name, config))]
    module, methods = METHODS[name]
    theirs = getattr(import_module(f"sklearn.{module}"), name)
    ours = of_release(getattr(_OURS[module], name))
    return [
        (f"sklearn.{module}.{name}.{each}", partial(Method, theirs, ours, each, config))
        for each in methods
    ]


def _config() -> Config:
    """scikit-learn's configuration of this thread, without a copy where that can be."""
    public = import_module("sklearn").get_config
    module = internal("sklearn._config")
    found: Config = getattr(module, "_get_threadlocal_config", public)
    return found


def _warn_of(missing: list[str]) -> None:
    if missing:
        warn(
            f"polyfuse is tested with scikit-learn {_dotted(OLDEST)} to {_dotted(NEWEST)}; this is "
            f"{_dotted(installed())}, which does not have {', '.join(missing)} in the way those "
            "have: that runs unpatched."
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
