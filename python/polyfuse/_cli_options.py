"""What the commands that do a job can be told: one table for options and for settings files."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

JOBS = {
    "train": "learn a linear model from sources",
    "predict": "write what a model predicts of sources",
    "fuse": "scale and fuse sources to a file",
    "evaluate": "score a model on sources",
    "explain": "tell which modality does the work",
}
_EVERY = frozenset(JOBS)
_WRITING = frozenset({"train", "predict", "fuse"})
_WITH_MODEL = frozenset({"predict", "evaluate", "explain"})
_WITH_TARGET = frozenset({"train", "evaluate", "explain"})
_TRAIN, _FUSE, _PREDICT = frozenset({"train"}), frozenset({"fuse"}), frozenset({"predict"})


class Option(NamedTuple):
    """An option: what it may be, which commands have it, and where it stands in a file."""

    name: str
    kind: str
    commands: frozenset[str]
    metavar: str
    help: str
    required: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    table: str = ""  # its name in a file, if that is another

    @property
    def key(self) -> str:
        """Its name in a file of settings."""
        return self.table or self.name


OPTIONS = (
    Option(
        "modality", "named sources", _EVERY, "NAME=SOURCE",
        "a feature block and what to call it; repeat it for each", _EVERY, table="modalities",
    ),
    Option("target", "source", _WITH_TARGET, "SOURCE", "labels, or numbers to predict",
           frozenset({"train", "evaluate"})),
    Option("sample-weight", "source", frozenset({"train", "evaluate"}), "SOURCE",
           "a weight for each row"),
    Option("key", "one or named", _EVERY, "COLUMN",
           "the column that tells which rows belong together; NAME=COLUMN for one source"),
    Option("model", "choice", _TRAIN, "KIND",
           "sgd, perceptron, gd or fusion (default: sgd)",
           choices=("sgd", "perceptron", "gd", "fusion")),
    Option("model", "path", _WITH_MODEL, "FILE", "what `polyfuse train` or model.save has written",
           _WITH_MODEL),
    Option("task", "choice", _TRAIN, "TASK",
           "classification or regression (default: regression if the target has fractions)",
           choices=("classification", "regression")),
    Option("loss", "text", _TRAIN, "NAME", "loss of sgd (default: log_loss or squared_error)"),
    Option("alpha", "number", _TRAIN, "NUMBER", "strength of the penalty"),
    Option("epochs", "count", _TRAIN, "N",
           "passes to make; without it the model stops when it no longer gains"),
    Option("shuffle", "switch", _TRAIN, "", "visit rows in random order, or as they come"),
    Option("level", "text", _TRAIN, "NAME", "of fusion models: early, late or hybrid"),
    Option("fusion", "text", _TRAIN, "RULE", "of fusion models: concatenate, mean, product, ..."),
    Option("set", "values", _TRAIN, "NAME=VALUE",
           "any other parameter of the model, as TOML writes values; repeat it for each"),
    Option("op", "text", _FUSE, "RULE",
           "concatenate, sum, mean, maximum, ... (default: concatenate)"),
    Option("scaler", "one or named", _TRAIN | _FUSE, "NAME",
           "standard, minmax, maxabs, robust or none; NAME=SCALER for one modality "
           "(default: standard to train, none to fuse)"),
    Option("weights", "numbers", _FUSE, "NAME=NUMBER",
           "the weight of a modality; repeat it for each"),
    Option("p", "number", _FUSE, "NUMBER", "of power_mean"),
    Option("missing", "number or text", _FUSE, "POLICY",
           "raise, skip, zero or a number, for blocks that are all NaN in a row (default: NaN is a "
           "value like any other)"),
    Option("all-missing", "choice", _FUSE, "POLICY", "raise or nan, for rows without any block",
           choices=("raise", "nan")),
    Option("method", "choice", _PREDICT, "NAME",
           "predict, predict_proba or decision_function (default: predict)",
           choices=("predict", "predict_proba", "decision_function")),
    Option("output", "path", _EVERY, "FILE", "where to write the result", _WRITING),
    Option("memory-limit", "text", _EVERY, "SIZE",
           "bytes of what is read ahead, such as 500MB (default: 256MB)"),
    Option("threads", "count", _EVERY, "N", "threads of the kernels (default: OMP_NUM_THREADS)"),
    Option("seed", "seed", _TRAIN, "N", "what random orders follow from (default: 0)"),
    Option("resume", "flag", _WRITING, "", "go on from OUTPUT.checkpoint, if there is one"),
    Option("json", "flag", _EVERY, "", "print one JSON object, of errors too"),
    Option("quiet", "flag", _EVERY, "", "show no progress"),
)  # fmt: skip


def options_of(command: str) -> dict[str, Option]:
    """The options of a command, by name."""
    return {option.name: option for option in OPTIONS if command in option.commands}


class WrongValueError(Exception):
    """What a value must be; whoever knows where it stands says so."""


def as_value(option: Option, given: Any) -> Any:
    """A value as a settings file may hold it, checked.

    Raises
    ------
    WrongValueError
        If it is of another kind than the option takes.
    """
    value = _CHECKS[option.kind](given)
    if value is None:
        raise WrongValueError(f"must be {_WORDS[option.kind]}; got {given!r}")
    if option.choices and value not in option.choices:
        raise WrongValueError(f"must be {' or '.join(option.choices)}; got {given!r}")
    return value


def from_texts(option: Option, texts: list[str]) -> Any:
    """A value from the texts of a command line, one for each time the option is given.

    Raises
    ------
    WrongValueError
        If they are of another kind than the option takes.
    """
    if option.kind in ("named sources", "numbers", "values"):
        return as_value(option, _pairs(texts, option))
    if option.kind == "one or named" and "=" in texts[0]:
        return as_value(option, _pairs(texts, option))
    if len(texts) > 1:
        raise WrongValueError(f"is given {len(texts)} times")
    return as_value(option, _parsed(texts[0]) if option.kind in _NUMERIC else texts[0])


def nearest(name: str, known: Iterable[str]) -> str:
    """In words, what may have been meant by a name that is none."""
    known = list(known)
    found = difflib.get_close_matches(name, known, 1)
    return f"did you mean {found[0]!r}?" if found else f"there are {', '.join(known)}"


def parsed_value(text: str) -> Any:
    """A value in the syntax of TOML; a bare word stands for itself, and none for None."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        if not text.isidentifier():
            raise WrongValueError(f"must be a value as TOML has them; got {text!r}") from None
        value = text
    return value


def _pairs(texts: list[str], option: Option) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name and value and name.isprintable()):
            raise WrongValueError(f"must be {option.metavar.split('=')[0]}=...; got {text!r}")
        if name in found:
            raise WrongValueError(f"has {name!r} twice")
        if option.kind == "values":
            found[name] = parsed_value(value)
        else:
            found[name] = _parsed(value) if option.kind in _NUMERIC else value
    return found


def _parsed(text: str) -> Any:
    """The number that a text is, or else the text."""
    for kind in (int, float):
        try:
            return kind(text) if text.isascii() and "_" not in text else text
        except ValueError:
            continue
    return text


def _is_text(given: Any) -> Any:
    plain = isinstance(given, str) and given != "" and given.isprintable()
    return given if plain else None


def _is_number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return given if math.isfinite(given) else None


def _is_whole(least: int) -> Callable[[Any], int | None]:
    def check(given: Any) -> int | None:
        whole = isinstance(given, int) and not isinstance(given, bool)
        return given if whole and given >= least else None

    return check


def _is_source(given: Any) -> Any:
    if isinstance(given, list) and given and all(_is_text(each) is not None for each in given):
        return given
    return given if isinstance(given, str) and given else None


def _is_named(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(given: Any) -> Any:
        if not isinstance(given, Mapping) or not given:
            return None
        sound = all(name and name.isprintable() for name in given)
        return dict(given) if sound and all(check(v) is not None for v in given.values()) else None

    return checked


def _is_flag(given: Any) -> bool | None:
    return given if isinstance(given, bool) else None


_NUMERIC = ("number", "numbers", "count", "seed", "number or text")
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "named sources": _is_named(_is_source),
    "source": _is_source,
    "path": _is_text,
    "text": _is_text,
    "choice": _is_text,
    "one or named": lambda v: _is_named(_is_text)(v) if isinstance(v, Mapping) else _is_text(v),
    "number": _is_number,
    "number or text": lambda v: _is_text(v) if isinstance(v, str) else _is_number(v),
    "numbers": _is_named(_is_number),
    "count": _is_whole(1),
    "seed": _is_whole(0),
    "switch": _is_flag,
    "flag": _is_flag,
    "values": lambda v: dict(v) if isinstance(v, Mapping) else None,
}
_WORDS = {
    "named sources": "sources by name",
    "source": "a source",
    "path": "the name of a file",
    "text": "a text",
    "choice": "a text",
    "one or named": "a name, or names by source",
    "number": "a number",
    "number or text": "a number or a name",
    "numbers": "numbers by name",
    "count": "a whole number, 1 or more",
    "seed": "a whole number, 0 or more",
    "switch": "true or false",
    "flag": "true or false",
    "values": "values by name",
}
