"""Models of the command line: made from settings, and as files."""

from __future__ import annotations

from typing import Any

from . import persistence
from ._cli_errors import BadInputError
from ._cli_options import nearest
from .exceptions import OutputError, SourceError
from .linear_model import GDClassifier, GDRegressor, Perceptron, SGDClassifier, SGDRegressor
from .multimodal import FusionClassifier, FusionRegressor

_KINDS: dict[str, dict[str, Any]] = {
    "sgd": {"classification": SGDClassifier, "regression": SGDRegressor},
    "perceptron": {"classification": Perceptron},
    "gd": {"classification": GDClassifier, "regression": GDRegressor},
    "fusion": {"classification": FusionClassifier, "regression": FusionRegressor},
}
_OPTIONS = ("loss", "alpha", "shuffle", "level", "fusion")
_LOSS = {"classification": "log_loss", "regression": "squared_error"}


def new_model(settings: dict[str, Any]) -> Any:
    """The model that settings tell of; `task` is among them.

    Raises
    ------
    BadInputError
        If there is no such model, or it has no such parameter.
    """
    kind, task = settings["model"], settings["task"]
    found = _KINDS[kind].get(task)
    if found is None:
        raise BadInputError(f"--model {kind} is for classification; the task is {task}")
    model = found()
    known = model.get_params(deep=False)
    own: dict[str, Any] = {"arithmetic": "fast", "loss": _LOSS[task]} if kind == "sgd" else {}
    own |= {"random_state": settings["seed"], "scaler": plain(settings["scaler"])}
    if "epochs" in settings:
        own["max_iter"] = settings["epochs"]
        if kind != "fusion":  # whose tol is a number always
            own["tol"] = None
    for name in _OPTIONS:
        if name in settings:
            _require_parameter(name, f"--{name}", model, known)
            own[name] = settings[name]
    for name, value in settings.get("set", {}).items():
        _require_parameter(name, f"--set {name}", model, known)
        own[name] = plain(value)
    model.set_params(**own)
    return model


def _require_parameter(name: str, called: str, model: Any, known: dict[str, Any]) -> None:
    if name not in known:
        fusion = called in ("--level", "--fusion")
        more = "it is of --model fusion" if fusion else nearest(name, known)
        raise BadInputError(f"{called}: {name!r} is no parameter of {type(model).__name__}; {more}")


def plain(value: Any) -> Any:
    """None for the text that stands for it, in tables too."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return None if value == "none" else value


def load_model(path: str) -> Any:
    """A model from a file.

    Raises
    ------
    SourceError, ModelFileError
        If it cannot be read.
    """
    try:
        return persistence.load(path)
    except OSError as error:
        raise SourceError(f"--model {path} cannot be read: {error.strerror or error}.") from error


def save_model(model: Any, path: str) -> None:
    """Write a model to a file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        persistence.save(model, path)
    except OSError as error:
        raise OutputError(f"output {path} cannot be written: {error.strerror or error}.") from error
