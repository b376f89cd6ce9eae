"""Models as files: data that any process can read again, and nothing that it would run.

A file is in the safetensors format: the arrays of the model, each under the name of the attribute
that holds it, and a header in JSON with all the rest, a version and a checksum. It is read by
checking it, number by number; no pickle, and no name in it is looked up anywhere but in a list of
the classes there are. A file that is damaged, cut short or made up gets a
:class:`polyfuse.exceptions.ModelFileError`.
"""

from __future__ import annotations

import json
import os
from typing import Any

from . import _safetensors
from ._arrays import kind_of
from ._estimator import Estimator
from ._state import pack, unpack
from ._state_classes import advice, names_of_classes
from .exceptions import ModelFileError

__all__ = ["load", "save"]

FORMAT = 1
"""The version of what is written; a newer one cannot be read."""

_DIGITS = 9


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write an estimator, fitted or not, to a file; ``model.save(path)`` is the same.

    The same model gives the same bytes. What scikit-learn has set on it for itself, callbacks and
    requests of metadata, is left out.

    Parameters
    ----------
    model : estimator of polyfuse
        With the estimators it holds: scalers, members of a sweep.
    path : str or path
        Written beside it and renamed once it is complete, so that there is a whole file or none.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before still is.
    TypeError
        If `model` is no estimator of this library, or holds what is no data, such as a function or
        an object of another library: the message says which attribute, and what to do.

    Examples
    --------
    >>> import tempfile
    >>> import polyfuse as pf
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["cat", "cat", "dog", "dog"]
    >>> model = pf.FusionClassifier(C=10.0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pf.persistence.save(model, f"{folder}/m.safetensors")
    ...     again = pf.load(f"{folder}/m.safetensors")
    >>> again, again.predict(X)
    (FusionClassifier(C=10.0), array(['cat', 'cat', 'dog', 'dog'], dtype='<U3'))
    """
    from . import __version__

    if type(model) not in names_of_classes() or not isinstance(model, Estimator):
        raise TypeError(
            f"model must be an estimator of polyfuse that is data; got {kind_of(model)}"
            f"{advice(model)}."
        )
    tree, arrays = pack(model, type(model).__name__)
    metadata = {
        "format": "polyfuse",
        "version": str(FORMAT),
        "polyfuse": __version__,
        "model": json.dumps(tree, separators=(",", ":"), allow_nan=False),
    }
    _safetensors.write(path, arrays, metadata)


def load(path: str | os.PathLike[str]) -> Any:
    """Read an estimator that :func:`save` has written.

    It predicts what the one that was saved predicts, and ``partial_fit`` goes on from there, to the
    last bit.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    estimator

    Raises
    ------
    OSError
        If there is no such file, or it cannot be opened.
    ModelFileError
        If it is not a saved model, is damaged, or was written by a newer version.
    """
    arrays, metadata = _safetensors.read(path)
    try:
        return _model(arrays, metadata)
    except ModelFileError as error:
        raise ModelFileError(f"{os.fspath(path)!r} cannot be read as a model: {error}.") from None
    except MemoryError:
        raise ModelFileError(f"{os.fspath(path)!r} does not fit into memory.") from None


def _model(arrays: Any, metadata: dict[str, str]) -> Any:
    if metadata.get("format") != "polyfuse" or "model" not in metadata:
        raise ModelFileError("it is a file of arrays, which polyfuse has not written")
    version = metadata.get("version", "")
    if not (version.isdecimal() and version.isascii() and len(version) <= _DIGITS):
        raise ModelFileError("it has no version")
    if int(version) > FORMAT:
        writer = metadata.get("polyfuse", "a newer one")[:20]
        raise ModelFileError(
            f"its format is version {version}, of polyfuse {writer!r}, and this polyfuse reads "
            f"up to version {FORMAT}: install a newer one"
        )
    try:
        tree = _safetensors.parse(metadata["model"])
    except ValueError as error:
        raise ModelFileError(f"its model is not JSON ({error})") from None
    model = unpack(tree, arrays)
    if not isinstance(model, Estimator):
        raise ModelFileError(f"it holds a {kind_of(model)}, which is no model")
    return model
