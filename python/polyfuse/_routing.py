"""What scikit-learn's metadata routing asks of an estimator, without scikit-learn until it asks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_DATA = ("X", "y", "Xt", "yt", "blocks")
_METHODS = (
    "fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "decision_function",
    "score", "transform", "inverse_transform",
)  # fmt: skip


def metadata_of(owner: type, method: str) -> list[str]:
    """What a method takes beside data, by name; nothing if there is no such method."""
    function = getattr(owner, method, None)
    if not inspect.isfunction(function):
        return []
    parameters = list(inspect.signature(function).parameters.values())[1:]
    passable = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.name not in _DATA and p.kind in passable]


class RequestSetter:
    """``set_fit_request`` and its like; there only where the method takes metadata."""

    def __init__(self, method: str) -> None:
        self._method = method

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        names, name = metadata_of(owner, self._method), f"set_{self._method}_request"
        if not names:
            raise AttributeError(f"{owner.__name__!r} object has no attribute {name!r}")

        def set_request(estimator: Any, **requests: bool | str | None) -> Any:
            _require_routing()
            unknown = set(requests) - set(names)
            if unknown:
                raise TypeError(
                    f"Unexpected args: {unknown} in {self._method}. "
                    f"Accepted arguments are: {set(names)}"
                )
            estimator._metadata_request = _with(routing_of(estimator), self._method, requests)
            return estimator

        set_request.__name__ = set_request.__qualname__ = name
        set_request.__doc__ = (
            f"Say which of {', '.join(names)} scikit-learn is to route to ``{self._method}``: "
            "True, False, None (raise if it is given), or the name that it has for those who call."
        )
        return set_request if instance is None else set_request.__get__(instance, owner)


def _require_routing() -> None:
    from sklearn import get_config  # type: ignore[import-untyped,unused-ignore]

    if not get_config().get("enable_metadata_routing", False):
        raise RuntimeError(
            "This method is only available when metadata routing is enabled. You can enable it "
            "using sklearn.set_config(enable_metadata_routing=True)."
        )


def _with(request: Any, method: str, aliases: dict[str, Any]) -> Any:
    from sklearn.utils.metadata_routing import (  # type: ignore[import-untyped,unused-ignore]
        UNCHANGED,
    )

    for name, alias in aliases.items():
        if alias != UNCHANGED:
            getattr(request, method).add_request(param=name, alias=alias)
    return request


def routing_of(estimator: Any) -> Any:
    """The requests of an estimator's methods, as scikit-learn's MetadataRequest, a copy."""
    from sklearn.utils.metadata_routing import (  # type: ignore[import-untyped,unused-ignore]
        MetadataRequest,
        get_routing_for_object,
    )

    owner, kept = type(estimator), estimator.__dict__.get("_metadata_request")
    if kept is not None:
        return get_routing_for_object(kept)
    request = MetadataRequest(owner=owner.__name__)
    for method in _METHODS:
        _with(request, method, dict.fromkeys(metadata_of(owner, method)))
    return request


def move_requests(estimator: Any, other: Any) -> None:
    """Have an estimator of scikit-learn's request what one of ours does, if that was set."""
    kept = estimator.__dict__.get("_metadata_request")
    if kept is None:
        return
    from sklearn.utils.metadata_routing import (  # type: ignore[import-untyped,unused-ignore]
        get_routing_for_object,
    )

    request = get_routing_for_object(other)
    for method in _METHODS:
        wanted = getattr(kept, method).requests
        known = getattr(request, method).requests
        _with(request, method, {name: wanted[name] for name in known if name in wanted})
    other._metadata_request = request
