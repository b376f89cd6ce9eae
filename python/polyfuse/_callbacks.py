"""Callbacks of fit, which scikit-learn has from 1.9 on; without it until somebody sets one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Self


def _support() -> Any:
    try:
        return import_module("sklearn.callback._callback_support")
    except ImportError as error:
        raise ImportError(f"callbacks need scikit-learn 1.9 or newer: {error}") from error


class CallbackSupport:
    """An estimator whose fit is one task, as scikit-learn's callbacks see it."""

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set the callbacks of scikit-learn that are told when a fit begins and ends.

        Parameters
        ----------
        *callbacks : callbacks as in :mod:`sklearn.callback`
            In the place of those set before; none to have none.

        Returns
        -------
        self

        Raises
        ------
        ImportError
            If scikit-learn 1.9 or newer is not installed.
        TypeError
            If one is no callback.
        """
        _support().CallbackSupportMixin.set_callbacks(self, *callbacks)
        return self


@contextmanager
def fit_task(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Iterator[None]:
    """Tell the callbacks of an estimator, if there are some, that what is enclosed is its fit.

    Once: where a fit is enclosed in another of the same estimator, the outer one tells.
    """
    state = vars(estimator)
    if "_skl_callbacks" not in state or "_callback_fit_ctx" in state:
        yield
        return
    support = _support()
    told = {"estimator": estimator, "X": X, "y": y, "metadata": {"sample_weight": sample_weight}}
    with support.callback_management_context(estimator):
        context = support.CallbackSupportMixin._init_callback_context(estimator)
        context.call_on_fit_task_begin(**told)
        yield
        context.call_on_fit_task_end(**told, reconstruction_attributes={})
