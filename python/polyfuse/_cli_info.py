"""``polyfuse info FILE``: what a model, or a checkpoint, is."""

from __future__ import annotations

import json
import os
import textwrap
from typing import Any

import numpy as np

from . import _safetensors, persistence
from ._cli_errors import put
from .exceptions import SourceError
from .stream._jobs import is_checkpoint, read_checkpoint


def describe(path: str, *, machine: bool = False) -> None:
    """Print what is in a file.

    Raises
    ------
    SourceError, ModelFileError
        If it cannot be read, or is neither.
    """
    try:
        _, metadata = _safetensors.read(path)
        about = _checkpoint(path) if is_checkpoint(metadata) else _model(path, metadata)
        about["bytes"] = os.path.getsize(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error
    if machine:
        put(json.dumps({"command": "info", "file": path, **about}))
        return
    width = max(map(len, about))
    put("\n".join([path, *(_lines(name, _shown(v), width) for name, v in about.items())]))


def _lines(name: str, text: str, width: int) -> str:
    """A name, and a text beside it on as many lines as it takes."""
    first, rest = f"  {name:<{width}}  ", " " * (width + 4)
    return textwrap.fill(
        text, 80, initial_indent=first, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _model(path: str, metadata: dict[str, str]) -> dict[str, Any]:
    model = persistence.load(path)
    about: dict[str, Any] = {
        "class": type(model).__name__,
        "polyfuse": metadata.get("polyfuse", "unknown"),
        "parameters": {k: _plain(v) for k, v in model.get_params(deep=False).items()},
        "fitted": any(name.endswith("_") for name in vars(model)),
    }
    if hasattr(model, "n_features_in_"):
        about["features"] = int(model.n_features_in_)
    if getattr(model, "modalities_", None) is not None:
        about["modalities"] = _widths(model)
    if hasattr(model, "classes_"):
        about["classes"] = model.classes_.tolist()
    return about


def _widths(model: Any) -> dict[str, int | None]:
    names = list(map(str, model.modalities_))
    widths = getattr(model, "_widths", None)
    if widths is None:
        widths = [_columns(model, name) for name in names]
    return dict(zip(names, widths, strict=True))


def _columns(model: Any, name: str) -> int | None:
    coef = model.coef_.get(name) if isinstance(getattr(model, "coef_", None), dict) else None
    return None if coef is None else int(np.shape(coef)[-1])


def _checkpoint(path: str) -> dict[str, Any]:
    job, state = read_checkpoint(path)
    about = {"checkpoint of": job["job"], "polyfuse": job["version"], "model": job["model"]}
    learning = state.get("learning", {})
    if "epoch" in learning:
        about["done"] = f"epoch {learning['epoch']}, {learning['position']} chunks of it"
    elif "written" in state:
        about["done"] = f"{state['written']} rows written"
    elif "rows" in state:
        about["done"] = f"{state['rows']} rows, to fit scalers"
    return {**about, "data": list(job["data"])}


def _plain(value: Any) -> Any:
    """What JSON can hold of a parameter."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | bool | int | float) else repr(value)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
