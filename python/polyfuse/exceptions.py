"""Errors and warnings of the library, with scikit-learn's names and bases."""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

__all__ = [
    "ConvergenceWarning",
    "DataConversionWarning",
    "FallbackWarning",
    "InvalidParameterError",
    "ModelFileError",
    "NotAcceleratedError",
    "NotFittedError",
    "OutputError",
    "SourceError",
    "UndefinedMetricWarning",
]

_E = TypeVar("_E", bound=Exception)
_LIBRARY = os.path.dirname(__file__) + os.sep


class NotFittedError(ValueError, AttributeError):
    """An estimator is used before it is fitted.

    Raised by methods that need fitted attributes (``transform``, ``predict``, ...). It is both a
    ValueError and an AttributeError, as scikit-learn's is.

    Examples
    --------
    >>> from polyfuse.exceptions import NotFittedError
    >>> try:
    ...     raise NotFittedError("This StandardScaler instance is not fitted yet.")
    ... except ValueError as error:
    ...     print(error)
    This StandardScaler instance is not fitted yet.
    """


class UndefinedMetricWarning(UserWarning):
    """A metric is not defined for these targets, and takes a conventional value.

    For example precision, TP / (TP + FP), for a label that is never predicted. Where
    scikit-learn is loaded, filters for its class of this name catch this warning too.

    Examples
    --------
    >>> import warnings
    >>> from polyfuse.exceptions import UndefinedMetricWarning
    >>> from polyfuse.metrics import precision_score
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     precision_score([0, 1], [0, 0])
    0.0
    >>> issubclass(caught[0].category, UndefinedMetricWarning)
    True
    """


class ConvergenceWarning(UserWarning):
    """A solver made as many passes as it was allowed, and has not converged by its own rule."""


class DataConversionWarning(UserWarning):
    """Data are not of the shape they should have, and are brought to it."""


class FallbackWarning(UserWarning):
    """The C++ kernels are not there, and slower ones take their place.

    Said once per process, at the first use; not said where POLYFUSE_BACKEND names the backend.
    """


class NotAcceleratedError(RuntimeError):
    """Under ``patch_sklearn(strict=True)``, a call ran on scikit-learn; the message tells why."""


class InvalidParameterError(ValueError, TypeError):
    """A parameter has a type or a value that the function does not take.

    Both a ValueError and a TypeError, as scikit-learn's is.

    Examples
    --------
    >>> from polyfuse.metrics import confusion_matrix
    >>> confusion_matrix([0, 1], [0, 1], normalize="rows")
    Traceback (most recent call last):
    ...
    polyfuse.exceptions.InvalidParameterError: The 'normalize' parameter of confusion_matrix \
must be a str among {'all', 'pred', 'true'} or None. Got 'rows' instead.
    """


class SourceError(ValueError):
    """What is read in parts cannot be read, is not what it says it is, or has changed meanwhile.

    The message, one line, names the source and what is wrong with it.
    """


class OutputError(SourceError):
    """What a job makes cannot be written, such as to a full disk; the message, one line, names it.

    It is a SourceError, so that who catches the errors of streams catches this one too.
    """


class ModelFileError(ValueError):
    """A file is not a saved model, or is damaged; the message, one line, tells what is wrong."""


def shared(kind: type[_E]) -> type[_E]:
    """`kind` itself or, where scikit-learn is loaded, a subclass of both its class and ours.

    What is raised through this function is caught by users of either library. Nothing is
    imported: a program that filters scikit-learn's class has loaded scikit-learn.
    """
    peer = getattr(sys.modules.get("sklearn.exceptions"), kind.__name__, None)
    if peer is None:
        return kind
    ours: Any = kind
    joined: type[_E] = _joined(ours, peer)
    return joined


SPEAKS_AS: ContextVar[Callable[..., Any] | None] = ContextVar("polyfuse_speaks_as", default=None)
"""The function in whose place the library works, and whose warnings these are."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line that called the library, however deep in it this is."""
    instead = SPEAKS_AS.get()
    if instead is not None:
        _warn_as(instead, message, category)
        return
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARY):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _warn_as(function: Callable[..., Any], message: str, category: type[Warning]) -> None:
    """Warn from the module of a function, so that filters for that module find the warning."""
    code, names = inspect.unwrap(function).__code__, function.__globals__
    warnings.warn_explicit(
        message, category, code.co_filename, code.co_firstlineno, function.__module__,
        names.setdefault("__warningregistry__", {}),
    )  # fmt: skip


@cache
def _joined(kind: Any, peer: Any) -> Any:
    # An instance pickles as `kind`: the class that reads it may not be able to see the peer.
    body = {
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "__reduce__": lambda self: (kind, self.args),
    }
    return type(kind.__name__, (kind, peer), body)
