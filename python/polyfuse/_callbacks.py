"""scikit-learn 1.9's callbacks, for estimators whose namesakes there take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

_GIVEN = {"_skl_callbacks", "_parent_callback_ctx"}  # by set_callbacks, or by a Pipeline


class TakesCallbacks:
    """An estimator with ``set_callbacks``."""

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Have `fit` and `partial_fit` call scikit-learn's callbacks.

        Parameters
        ----------
        *callbacks
            Of the protocol ``sklearn.callback.FitCallback``; none takes away those there are.

        Returns
        -------
        self

        Raises
        ------
        ImportError
            If scikit-learn is not installed, or older than 1.9, which has no callbacks.
        TypeError
            If one is no callback.
        """
        try:
            from sklearn.callback import (  # type: ignore[import-untyped,unused-ignore]
                CallbackSupportMixin,
            )
        except ImportError as error:
            raise ImportError(
                "set_callbacks needs scikit-learn 1.9 or newer: pip install 'scikit-learn>=1.9'."
            ) from error
        CallbackSupportMixin.set_callbacks(self, *callbacks)
        return self


def told(estimator: Any, learn: Callable[[], Any], X: Any, y: Any, metadata: Any) -> None:
    """Learn, and tell callbacks before and after; without any, scikit-learn is not imported.

    Once: a fit within a fit of the same estimator tells nothing.
    """
    state = vars(estimator).keys()
    if not _GIVEN & state or "_callback_fit_ctx" in state:
        learn()
        return
    from sklearn.callback import (  # type: ignore[import-untyped,unused-ignore]
        CallbackSupportMixin,
        with_callbacks,
    )

    def run(estimator: Any) -> None:
        context = CallbackSupportMixin._init_callback_context(estimator)
        task = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        context.call_on_fit_task_begin(**task)
        learn()
        context.call_on_fit_task_end(**task, reconstruction_attributes={})

    with_callbacks(run)(estimator)
