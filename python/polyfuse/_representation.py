"""What notebooks show of an estimator: scikit-learn's diagram where it is installed, else text."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any


class Represented:
    """An estimator with the methods that IPython, and scikit-learn's diagrams, look for."""

    @property
    def _repr_html_(self) -> Any:
        # IPython takes a missing method for "no HTML", as scikit-learn's display="text" wants it.
        if not _draws_diagrams():
            raise AttributeError("_repr_html_ is there where scikit-learn draws diagrams")
        return self._diagram

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        if _draws_diagrams():
            bundle["text/html"] = self._diagram()
        return bundle

    def _diagram(self) -> str:
        from sklearn.utils import (  # type: ignore[import-untyped,unused-ignore]
            estimator_html_repr,
        )

        html: str = estimator_html_repr(self)
        return html

    # The tables in the diagram. Versions of scikit-learn without them do not ask.

    def _get_params_html(self, *args: Any, **kwargs: Any) -> Any:
        from sklearn.base import (  # type: ignore[import-untyped,unused-ignore]
            BaseEstimator,
        )

        return BaseEstimator._get_params_html(self, *args, **kwargs)

    def _get_fitted_attr_html(self, *args: Any, **kwargs: Any) -> Any:
        from sklearn.base import (  # type: ignore[import-untyped,unused-ignore]
            BaseEstimator,
        )

        return BaseEstimator._get_fitted_attr_html(self, *args, **kwargs)


def _draws_diagrams() -> bool:
    if find_spec("sklearn") is None:
        return False
    from sklearn import get_config  # type: ignore[import-untyped,unused-ignore]

    return bool(get_config()["display"] == "diagram")
