"""Methods of scikit-learn's classes that run ours, on the instances of scikit-learn.

A method of ours is given an object of our class that shares the ``__dict__`` of the instance:
it reads the parameters there and leaves the fitted attributes there. The instance, its class and
those that inherit from it stay scikit-learn's, so nothing that holds them has to be found.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from time import perf_counter
from typing import Any

import numpy as np

from .._callbacks import told
from .._random import global_state
from ._attempts import Mode, array_api, fall_back, reason_of
from ._calls import ACCELERATED, BOOK

Config = Callable[[], Mapping[str, Any]]

_AFFINE = ("fit", "partial_fit", "transform", "inverse_transform")
_CLASSIFIER = ("fit", "partial_fit", "decision_function", "predict")
METHODS = {  # by class: the module of scikit-learn, and what is replaced
    "StandardScaler": ("preprocessing", _AFFINE),
    "MinMaxScaler": ("preprocessing", _AFFINE),
    "MaxAbsScaler": ("preprocessing", _AFFINE),
    "RobustScaler": ("preprocessing", ("fit", "transform", "inverse_transform")),
    "Normalizer": ("preprocessing", ("fit", "transform")),
    "SGDClassifier": ("linear_model", _CLASSIFIER),
    "Perceptron": ("linear_model", _CLASSIFIER),
    "SGDRegressor": ("linear_model", ("fit", "partial_fit", "predict")),
    "SGDOneClassSVM": ("linear_model", ("fit", "partial_fit", "decision_function")),
}

# Methods of scikit-learn that only call another of self: where a subclass overrides that one, it
# is asked, and what it then calls of its parent's is accelerated.
_SHELLS = {
    ("StandardScaler", "fit"): "partial_fit",
    ("MinMaxScaler", "fit"): "partial_fit",
    ("MaxAbsScaler", "fit"): "partial_fit",
    ("SGDClassifier", "predict"): "decision_function",
    ("Perceptron", "predict"): "decision_function",
}
_HARMLESS = frozenset({
    "_abc_impl", "_estimator_type", "_parameter_constraints", "_repr_html_", "_repr_html_inner",
    "_repr_mimebundle_", "_sklearn_auto_wrap_output_keys",
})  # fmt: skip

# What ours keeps for itself in an instance; pickles of scikit-learn's are to load without us.
_PRIVATE = (
    "_moments", "_moments_mark", "rank_error_",
    "_features", "_raw", "_scalers", "_widths",
)  # fmt: skip

_MISSING = object()


class Method:
    """A method of one of their classes, and what is to stand in its place.

    Raises
    ------
    AttributeError
        If their class has no such method.
    """

    def __init__(self, theirs: type, ours: type, name: str, config: Config) -> None:
        self.theirs, self.ours, self.name = theirs, ours, name
        self._before = vars(theirs).get(name, _MISSING)
        self._original = getattr(theirs, name)
        self._run = getattr(ours, name)
        self._config = config
        self._unknown = _unknown_parameters(theirs, ours)
        self._overridden: dict[type, str | None] = {theirs: None}

    def put(self) -> None:
        """Put ours into their class."""
        setattr(self.theirs, self.name, self._replacement())

    def take_back(self) -> None:
        """Make their class what it was."""
        if self._before is _MISSING:
            delattr(self.theirs, self.name)
        else:
            setattr(self.theirs, self.name, self._before)

    def _replacement(self) -> Callable[..., Any]:
        original, theirs, ours = self._original, self.theirs, self.ours
        label = f"{theirs.__name__}.{self.name}"
        inner = _SHELLS.get((theirs.__name__, self.name))
        run, learn = self._run, self._learn if self.name in ("fit", "partial_fit") else None
        obstacle, new, write = self._obstacle, object.__new__, BOOK.write

        @wraps(original)
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not Mode.active or (inner is not None and _is_overridden(self, theirs, inner)):
                return original(self, *args, **kwargs)
            first = args[0] if args else kwargs.get("X")
            reason = obstacle(self, args, kwargs)
            if reason is None:
                began = perf_counter()
                twin: Any = new(ours)
                twin.__dict__ = self.__dict__
                try:
                    result = (
                        run(twin, *args, **kwargs) if learn is None
                        else learn(self, twin, args, kwargs)
                    )  # fmt: skip
                except Exception as error:
                    reason = reason_of(error)
                else:
                    write(label, ACCELERATED, "", perf_counter() - began, first)
                    return self if result is twin else result
            return fall_back(label, original, reason, (self, *args), kwargs, first)

        return method

    def _learn(self, instance: Any, twin: Any, args: Any, kwargs: Any) -> Any:
        def learn() -> None:
            self._run(twin, *args, **kwargs)
            for private in _PRIVATE:
                instance.__dict__.pop(private, None)

        given = {**dict(zip(("X", "y"), args, strict=False)), **kwargs}
        metadata = {"sample_weight": given.get("sample_weight")}
        drawn_from = [(each, each.get_state()) for each in _generators(instance, self.theirs)]
        try:
            told(instance, learn, given.get("X"), given.get("y"), metadata)
        except Exception:
            for generator, state in drawn_from:
                generator.set_state(state)
            raise
        return twin

    def _obstacle(self, instance: Any, args: Any, kwargs: Any) -> str | None:
        owner = type(instance)
        if owner not in self._overridden:
            self._overridden[owner] = _overridden(owner, self.theirs)
        if self._unknown:
            for parameter, default in self._unknown.items():
                if getattr(instance, parameter, default) is not default:
                    return f"the parameter {parameter} is not known to polyfuse"
        if self._config().get("array_api_dispatch"):
            return self._overridden[owner] or array_api((*args, *kwargs.values()))
        return self._overridden[owner]


def _generators(instance: Any, theirs: type) -> list[np.random.RandomState]:
    """What a fit draws from and has not made itself: theirs, after ours, is to start there too.

    A state is 2.5 kB, which takes longer to copy than a row to learn, so few are looked at.
    """
    seed = getattr(instance, "random_state", 0)
    if isinstance(seed, np.random.RandomState):
        return [seed, global_state()]
    drawn = seed is None or seed is np.random or theirs.__name__ == "SGDOneClassSVM"
    return [global_state()] if drawn else []


def _unknown_parameters(theirs: type, ours: type) -> dict[str, Any]:
    """Parameters that our class has not, of releases that we have not seen, and their defaults."""
    own = inspect.signature(ours.__init__).parameters  # type: ignore[misc]
    given = inspect.signature(theirs.__init__).parameters  # type: ignore[misc]
    return {name: p.default for name, p in given.items() if name not in own}


def _is_overridden(instance: Any, theirs: type, name: str) -> bool:
    in_class = getattr(type(instance), name) is getattr(theirs, name)
    return not in_class or name in instance.__dict__


def _overridden(owner: type, theirs: type) -> str | None:
    """The obstacle of a subclass that changes what is private to scikit-learn's class."""
    for cls in owner.__mro__[: owner.__mro__.index(theirs)]:
        for name in vars(cls):
            private = name.startswith("_") and not name.startswith("__")
            if private and name not in _HARMLESS and hasattr(theirs, name):
                return f"{cls.__name__} overrides {name}"
    return None
