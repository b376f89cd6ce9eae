"""What a job is told: options, over a file of settings, over what holds by default."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from ._cli_errors import BadInputError, one_line
from ._cli_options import Option, WrongValueError, as_value, nearest, options_of
from .exceptions import OutputError, SourceError

Settings = dict[str, Any]

_DEFAULTS: dict[str, Settings] = {
    "train": {"model": "sgd", "scaler": "standard", "seed": 0},
    "predict": {"method": "predict"},
    "fuse": {"op": "concatenate", "scaler": "none"},
}
_NOT_SAVED = ("resume", "json", "quiet")


def resolve(command: str, file: str | None, given: Settings) -> Settings:
    """All settings of a job, by the names of the options.

    Parameters
    ----------
    command : str
    file : str or None
        A file of settings in TOML; paths in it are relative to it.
    given : dict
        Of the command line, checked. Names in dicts are added to those of the file.

    Raises
    ------
    BadInputError
        If the file holds what no option takes, or what is required is not there.
    SourceError
        If the file cannot be read.
    """
    settings: Settings = {"memory-limit": "256MB", **_DEFAULTS.get(command, {})}
    if file is not None:
        settings |= _from_file(command, file)
    for name, value in given.items():
        before = settings.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        settings[name] = {**before, **value} if both else value  # type: ignore[dict-item]
    options = options_of(command)
    missing = [
        f"--{name}" for name, option in options.items()
        if command in option.required and name not in settings
    ]  # fmt: skip
    if missing:
        raise BadInputError(f"the following arguments are required: {', '.join(missing)}")
    return settings


def _from_file(command: str, file: str) -> Settings:
    try:
        with open(file, "rb") as opened:
            table = tomllib.load(opened)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{file} is no TOML: {error}") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{file} cannot be read: {_reason(error)}.") from error
    known = {option.key: option for option in options_of(command).values()}
    table = _without_model_table(command, table)
    settings: Settings = {}
    for key, value in table.items():
        option = known.get(key.replace("_", "-"))
        if option is None:
            raise BadInputError(
                f"{file}: {key!r} is no setting of {command}; {nearest(key, known)}"
            )
        try:
            settings[option.name] = as_value(option, value)
        except WrongValueError as error:
            raise BadInputError(f"{file}: {key} {error}") from error
    return _from_folder(os.path.dirname(file), settings, known)


def _without_model_table(command: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The kind of a model and its parameters, which a file may hold in one table."""
    own = table.get("model")
    if command != "train" or not isinstance(own, dict):
        return dict(table)
    rest = {key: value for key, value in table.items() if key != "model"}
    parameters = {key: value for key, value in own.items() if key != "kind"}
    kind = {"model": own["kind"]} if "kind" in own else {}
    more = {"set": {**rest.get("set", {}), **parameters}} if parameters else {}
    return {**rest, **kind, **more}


def _from_folder(folder: str, settings: Settings, known: Mapping[str, Option]) -> Settings:
    """Settings whose paths, relative to a folder, can be used from here."""
    kinds = {option.name: option.kind for option in known.values()}
    return {name: _moved(value, kinds[name], folder) for name, value in settings.items()}


def _moved(value: Any, kind: str, folder: str) -> Any:
    if isinstance(value, dict) and kind in ("named sources", "one or named"):
        return {name: _moved(each, kind, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, kind, folder) for each in value]
    joined = os.path.join(folder, value) if isinstance(value, str) else value
    if kind in ("named sources", "source", "path"):
        return joined
    # Keys name columns, or files.
    return joined if kind == "one or named" and os.path.isfile(joined) else value


# -- saved ---------------------------------------------------------------------------------------


def save_settings(command: str, settings: Settings, path: str) -> None:
    """Write settings to a file from which the same command does the same again.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    kinds = {name: option.kind for name, option in options_of(command).items()}
    here = os.getcwd()
    plain = {
        name: _moved(value, kinds[name], here)
        for name, value in settings.items() if name not in _NOT_SAVED
    }  # fmt: skip
    text = f"# polyfuse {command} {one_line(os.path.basename(path))}\n" + as_toml(command, plain)
    write_whole(path, text)


def write_whole(path: str, text: str) -> None:
    """Write a text to a file, beside its final name until it is complete.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    beside = path + ".partial"
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except OSError as error:
        if os.path.isfile(beside):
            os.remove(beside)
        raise OutputError(f"output {path} cannot be written: {_reason(error)}.") from error


def as_toml(command: str, settings: Settings) -> str:
    """Settings in TOML: what is plain first, then tables."""
    options = options_of(command)
    tables = {options[n].key: v for n, v in settings.items() if isinstance(v, dict)}
    plain = {options[n].key: v for n, v in settings.items() if not isinstance(v, dict)}
    lines = [f"{key} = {_written(value)}" for key, value in plain.items()]
    for key, table in tables.items():
        lines += ["", f"[{key}]", *(f"{_name(k)} = {_written(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_name(k)} = {_written(v)}' for k, v in value.items())} }}"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _name(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
