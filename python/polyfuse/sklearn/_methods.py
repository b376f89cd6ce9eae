"""Methods of scikit-learn's classes that run ours, on the instances of scikit-learn.

A method of ours is given an object of our class that shares the ``__dict__`` of the instance:
it reads the parameters there and leaves the fitted attributes there. The instance, its class and
those that inherit from it stay scikit-learn's, so nothing that holds them has to be found.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

import numpy as np

from .._callbacks import told
from .._feature_names import output_kind
from .._random import global_state
from .._sgd_inputs import is_blocks
from ..exceptions import SPEAKS_AS
from ._attempts import Config, Mode, array_api, fall_back, reason_of
from ._calls import ACCELERATED, BOOK

_LEARNING = ("fit", "partial_fit")
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
# What a subclass may have of its own, so that ours still does what scikit-learn's would: methods
# that scikit-learn does not call, or calls through ours. Other names that the class has, it means.
_FREE = frozenset({
    "fit", "partial_fit", "transform", "inverse_transform", "fit_transform", "predict",
    "decision_function", "predict_proba", "predict_log_proba", "score", "score_samples",
    "fit_predict", "get_feature_names_out", "get_params", "set_params", "set_output",
    "get_metadata_routing",
    "_abc_impl", "_estimator_type", "_parameter_constraints", "_repr_html_", "_repr_html_inner",
    "_repr_mimebundle_", "_sklearn_auto_wrap_output_keys",
})  # fmt: skip
# Of names between double underscores, only these change what a method of ours sees.
_MEANT = frozenset({
    "__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__sklearn_is_fitted__",
})  # fmt: skip

# What ours keeps for itself in an instance; pickles of scikit-learn's are to load without us.
_PRIVATE = frozenset({
    "_moments", "_moments_mark", "rank_error_", "_features", "_raw", "_scalers", "_widths",
    "modalities_", "scalers_",
})  # fmt: skip

_NAMES_OUT = "get_feature_names_out"  # which ours asks for where a data frame is wanted
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
        self._unknown = _parameters_of(theirs, beside=ours)
        own = _parameters_of(ours, beside=theirs).keys()
        self._reserved = _PRIVATE | own if own or name in _LEARNING else frozenset()
        self._takes = frozenset(inspect.signature(self._original).parameters)
        self._overridden: dict[type, str | None] = {theirs: None}

    def put(self) -> None:
        """Put ours into their class."""
        self._after = self._replacement()
        setattr(self.theirs, self.name, self._after)

    def take_back(self) -> None:
        """Make their class what it was, unless somebody has put something else there since."""
        if vars(self.theirs).get(self.name) is not self._after:
            return
        if self._before is _MISSING:
            delattr(self.theirs, self.name)
        else:
            setattr(self.theirs, self.name, self._before)

    def _replacement(self) -> Callable[..., Any]:
        original, theirs, ours = self._original, self.theirs, self.ours
        label = f"{theirs.__name__}.{self.name}"
        inner = _SHELLS.get((theirs.__name__, self.name))
        run, learn = self._run, self._learn if self.name in _LEARNING else None
        obstacle, new, write = self._obstacle, object.__new__, BOOK.write
        speak, silence = SPEAKS_AS.set, SPEAKS_AS.reset
        plain = not (self._reserved or self._unknown)  # an array of NumPy is never an obstacle

        @wraps(original)
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not Mode.active or (inner is not None and _is_overridden(self, theirs, inner)):
                return original(self, *args, **kwargs)
            first = args[0] if args else kwargs.get("X")
            usual = plain and type(self) is theirs and type(first) is np.ndarray and not kwargs
            reason = None if usual else obstacle(self, first, kwargs)
            if reason is None:
                began, said = perf_counter(), speak(original)
                twin: Any = new(ours)
                twin.__dict__ = self.__dict__
                try:
                    result = (
                        run(twin, *args, **kwargs) if learn is None
                        else learn(self, twin, args, kwargs)
                    )  # fmt: skip
                except _FromCallback as error:
                    raise error.args[0] from None
                except Exception as error:
                    reason = reason_of(error)
                else:
                    write(label, ACCELERATED, "", perf_counter() - began, first)
                    return self if result is twin else result
                finally:
                    silence(said)
            return fall_back(label, original, reason, (self, *args), kwargs, first)

        return method

    def _learn(self, instance: Any, twin: Any, args: Any, kwargs: Any) -> Any:
        failed = []

        def learn() -> None:
            try:
                self._run(twin, *args, **kwargs)
            except Exception as error:
                failed.append(error)
                raise
            for private in _PRIVATE:
                instance.__dict__.pop(private, None)

        given = {**dict(zip(("X", "y", "sample_weight"), args, strict=False)), **kwargs}
        metadata = {"sample_weight": given.get("sample_weight")}
        drawn_from = [(each, each.get_state()) for each in _generators(instance, self.theirs)]
        try:
            told(instance, learn, given.get("X"), given.get("y"), metadata)
        except Exception as error:
            if not failed:
                raise _FromCallback(error) from error
            for generator, state in drawn_from:
                generator.set_state(state)
            raise
        return twin

    def _obstacle(self, instance: Any, first: Any, kwargs: dict[str, Any]) -> str | None:
        owner = type(instance)
        if owner not in self._overridden:
            self._overridden[owner] = _overridden(owner, self.theirs)
        if self._config().get("array_api_dispatch"):
            return self._overridden[owner] or array_api((first, *kwargs.values()))
        if self._reserved and not self._reserved.isdisjoint(instance.__dict__):
            return "it has attributes whose names polyfuse uses"
        if type(first) is not np.ndarray and is_blocks(first):
            return "X is blocks, which scikit-learn does not take"
        names_out = owner is not self.theirs and _is_overridden(instance, self.theirs, _NAMES_OUT)
        if names_out and output_kind(instance) != "default":
            return f"{owner.__name__} overrides {_NAMES_OUT}"
        if kwargs and not self._takes.issuperset(kwargs):
            return f"{self.name} does not take all of {', '.join(kwargs)}"
        if self._unknown:
            for parameter, default in self._unknown.items():
                if getattr(instance, parameter, default) is not default:
                    return f"the parameter {parameter} is not known to polyfuse"
        return self._overridden[owner]


class _FromCallback(Exception):
    """What a callback of the user has raised: nothing to be tried again."""


def _generators(instance: Any, theirs: type) -> list[np.random.RandomState]:
    """What a fit draws from and has not made itself: theirs, after ours, is to start there too.

    A state is 2.5 kB, which takes longer to copy than a row to learn, so few are looked at.
    """
    seed = getattr(instance, "random_state", 0)
    if isinstance(seed, np.random.RandomState):
        return [seed, global_state()]
    drawn = seed is None or seed is np.random or theirs.__name__ == "SGDOneClassSVM"
    return [global_state()] if drawn else []


def _parameters_of(cls: type, *, beside: type) -> dict[str, Any]:
    """Parameters of a class that another of its name has not, and their defaults."""
    given, other = (inspect.signature(each.__init__).parameters for each in (cls, beside))  # type: ignore[misc]
    return {name: p.default for name, p in given.items() if name not in other}


def _is_overridden(instance: Any, theirs: type, name: str) -> bool:
    in_class = getattr(type(instance), name, None) is getattr(theirs, name, None)
    return not in_class or name in instance.__dict__


def _overridden(owner: type, theirs: type) -> str | None:
    """The obstacle of a subclass that changes what ours would not look at."""
    for cls in owner.__mro__[: owner.__mro__.index(theirs)]:
        for name in vars(cls):
            special = name.startswith("__") and name.endswith("__")
            routing = name.startswith("set_") and name.endswith("_request")
            parameter = name in inspect.signature(theirs.__init__).parameters  # type: ignore[misc]
            known = hasattr(theirs, name) and name not in _FREE and not special and not routing
            if known or parameter or name in _MEANT:
                return f"{cls.__name__} overrides {name}"
    return None
