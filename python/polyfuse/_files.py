"""Feature blocks and labels from .npy and .npz files, and errors that name the argument."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_matrix, require_finite

_NPY, _ZIP = b"\x93NUMPY", b"PK"
_LARGEST = {np.dtype(np.float32): 1e38, np.dtype(np.float64): 1e140}


def load_modality(argument: str, source: str) -> NDArray:
    """A finite matrix of numbers from a file, memory-mapped if it is a .npy file.

    Parameters
    ----------
    argument : str
        What to call it in errors, for example "--modality image=a.npy".
    source : str
        A .npy file, a .npz file that holds one array, or "file.npz:key".

    Raises
    ------
    ValueError
        If it cannot be read, or is not a matrix of finite numbers.
    """
    array = as_matrix(_load(argument, source), argument, min_rows=1)
    require_finite({argument: array})
    _require_moderate(argument, array)
    return array


def _require_moderate(argument: str, array: NDArray) -> None:
    """Raise ValueError if a value is too large to be scaled by its column's mean and variance."""
    largest = _LARGEST.get(array.dtype)
    if largest is None:
        return
    for start in range(0, len(array), 4096):
        large = np.abs(array[start : start + 4096]) > largest
        if large.any():
            row, column = np.argwhere(large)[0]
            raise ValueError(
                f"{argument} holds {array[start + row, column]:g} in row {start + row}, column "
                f"{column}: too large to be scaled."
            )


def load_target(argument: str, source: str) -> NDArray:
    """Labels from a file: integers, whole numbers, booleans or text, one per row.

    Raises
    ------
    ValueError
        If it cannot be read, or does not hold labels.
    """
    labels = np.asarray(_load(argument, source))
    if labels.ndim != 1:
        raise ValueError(f"{argument} must hold one label per row; got shape {labels.shape}.")
    if labels.dtype.kind == "S":
        try:
            return np.char.decode(labels, "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{argument} holds bytes that are not UTF-8 text.") from error
    if labels.dtype.kind not in "biufU":
        raise ValueError(f"{argument} must hold integers or text; got dtype {labels.dtype}.")
    if labels.dtype.kind == "f":
        require_finite({argument: labels.reshape(-1, 1)})
        if (labels != np.floor(labels)).any():
            bad = labels[labels != np.floor(labels)][0]
            raise ValueError(f"{argument} must hold class labels; got the number {bad}.")
        if np.abs(labels).max(initial=0.0) < 2**53:
            labels = labels.astype(np.int64)  # 3, not 3.0, is what a table should say
    return labels


def _load(argument: str, source: str) -> NDArray:
    name, key = _split(source)
    path = Path(name)
    try:
        with open(path, "rb") as file:
            magic = file.read(len(_NPY))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"{argument} cannot be opened: {reason}.") from error
    if magic != _NPY and not magic.startswith(_ZIP):
        raise ValueError(f"{argument} is not a .npy or .npz file.")
    try:
        if magic == _NPY:
            return _mapped(path)
        return _member(argument, path, key)
    except _NamedError as error:
        raise ValueError(str(error)) from error
    except Exception as error:  # a damaged file may raise anything
        raise ValueError(f"{argument} cannot be read: {_reason(error)}") from error


class _NamedError(ValueError):
    """An error that names the argument already."""


def _split(source: str) -> tuple[str, str | None]:
    name, colon, key = source.rpartition(":")
    return (name, key) if colon and name.endswith(".npz") else (source, None)


def _mapped(path: Path) -> NDArray:
    try:
        array: NDArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        # Arrays without elements cannot be mapped; whatever else is wrong is said by this.
        array = np.load(path, allow_pickle=False)
    return array


def _member(argument: str, path: Path, key: str | None) -> NDArray:
    # Opened here: np.load leaves a file open that turns out to be damaged.
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
        names = list(arrays)
        if key is None and len(names) != 1:
            raise _NamedError(
                f"{argument} must name one of its arrays, as in {path.name}:KEY; "
                f"it holds {', '.join(names) or 'none'}."
            )
        if key is not None and key not in names:
            raise _NamedError(f"{argument} has no array {key!r}; it holds {', '.join(names)}.")
        array: NDArray = arrays[names[0] if key is None else key]
        return array


def _reason(error: Exception) -> str:
    if "allow_pickle" in str(error) or "pickle" in str(error):
        return "it holds Python objects, not numbers or text."
    if isinstance(error, zipfile.BadZipFile):
        return "it is not a whole .npz file."
    return f"{str(error) or type(error).__name__}."
