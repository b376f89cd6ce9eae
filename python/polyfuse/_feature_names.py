"""Names of features: where X has some, how they are checked, and containers that carry them."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._interchange import column_names
from .exceptions import warn

_OUTPUTS = ("default", "pandas", "polars")
_SHOWN = 5


def names_of(x: Any) -> NDArray | None:
    """The names of the columns of a data frame, if they are strings; else None.

    Raises
    ------
    TypeError
        If some of them are strings and others not.
    """
    columns = None if type(x) is np.ndarray else column_names(x)
    if columns is None or len(columns) == 0:
        return None
    names = np.asarray(columns, dtype=object)
    types = sorted({type(name).__qualname__ for name in names})
    if types == ["str"]:
        return names
    if "str" in types:
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {types} as feature name / column name types. If you want feature names to "
            "be stored and validated, you must convert them all to strings, by using X.columns = "
            "X.columns.astype(str) for example. Otherwise you can remove feature / column names "
            "from your input data, or convert them all to a non-string data type."
        )
    return None


def keep_names(estimator: Any, names: NDArray | None) -> None:
    """Set ``feature_names_in_`` of an estimator that was fitted on columns of these names, or none.

    What an earlier fit has set does not stay.
    """
    if names is not None:
        estimator.feature_names_in_ = names
    else:
        estimator.__dict__.pop("feature_names_in_", None)


def check_names(estimator: Any, x: Any) -> None:
    """Compare the names of X with those of fit, in scikit-learn's words.

    Raises
    ------
    ValueError
        If both have names, and they are not the same.

    Warns
    -----
    UserWarning
        If one has names and the other has not.
    """
    fitted = getattr(estimator, "feature_names_in_", None)
    _compare(type(estimator).__name__, fitted, names_of(x), "X")


@contextmanager
def without_names() -> Iterator[None]:
    """No warnings that columns have lost their names: where rows are moved, that is our doing."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* does not have valid feature names, but")
        yield


def check_block_names(
    estimator: Any,
    fitted: Mapping[str, NDArray | None],
    given: Mapping[str, NDArray | None],
    argument: str = "blocks",
) -> None:
    """Compare the names of the columns of each block with those of fit; as `check_names`."""
    for key, names in given.items():
        _compare(type(estimator).__name__, fitted[key], names, f"{argument}[{key!r}]")


def _compare(caller: str, fitted: NDArray | None, names: NDArray | None, what: str) -> None:
    if fitted is None and names is None:
        return
    if names is None or fitted is None:
        warn(
            f"{what} does not have valid feature names, but {caller} was fitted with feature names"
            if names is None
            else f"{what} has feature names, but {caller} was fitted without feature names"
        )
    elif len(names) != len(fitted) or (names != fitted).any():
        text = _mismatch(set(fitted), set(names))
        raise ValueError(text if what == "X" else f"{what}: {text}")


def _mismatch(fitted: set[str], names: set[str]) -> str:
    text = "The feature names should match those that were passed during fit.\n"
    if names - fitted:
        text += "Feature names unseen at fit time:\n" + _listed(names - fitted)
    if fitted - names:
        text += "Feature names seen at fit time, yet now missing:\n" + _listed(fitted - names)
    if names == fitted:
        text += "Feature names must be in the same order as they were in fit.\n"
    return text


def _listed(names: set[str]) -> str:
    shown = sorted(names)
    lines = "".join(f"- {name}\n" for name in shown[:_SHOWN])
    return lines + "- ...\n" * (len(shown) > _SHOWN)


def names_out(estimator: Any, input_features: Any) -> NDArray:
    """Names of the columns of the result, which are those of X: given, fitted, or x0, x1, ...

    Raises
    ------
    ValueError
        If the names given are not those of fit, or not as many as X has columns.
    """
    fitted = getattr(estimator, "feature_names_in_", None)
    width = estimator.n_features_in_
    if input_features is not None:
        names = np.asarray(input_features, dtype=object)
        if fitted is not None and not np.array_equal(fitted, names):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(names) != width:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({width}), got {len(names)}"
            )
        return names
    if fitted is not None:
        return np.asarray(fitted)
    return np.asarray([f"x{i}" for i in range(width)], dtype=object)


def output_kind(estimator: Any) -> str:
    """What `transform` returns: set by `set_output`, else by scikit-learn's configuration."""
    chosen = estimator.__dict__.get("_sklearn_output_config")
    if chosen is not None and "transform" in chosen:
        return require_output(chosen["transform"])
    config = sys.modules.get("sklearn._config")
    return "default" if config is None else str(config.get_config()["transform_output"])


def require_output(kind: Any) -> str:
    """Raise ValueError unless this is a container that `transform` can return."""
    if kind not in _OUTPUTS:
        raise ValueError(f"output config must be in {sorted(_OUTPUTS)}, got {kind}")
    return str(kind)


def contained(estimator: Any, kind: str, x: Any, result: Any) -> Any:
    """Put a dense result into a data frame, with the index of `x` if that has one.

    Raises
    ------
    ImportError
        If the library of the data frame is not installed.
    ValueError
        If the result is sparse.
    """
    if not isinstance(result, np.ndarray):
        raise ValueError(
            "The transformer outputs a scipy sparse matrix. Try to set the transformer output to a "
            f"dense array or disable {kind.capitalize()} output with "
            "set_output(transform='default')."
        )
    try:
        library = importlib.import_module(kind)
    except ImportError as error:
        raise ImportError(
            f"Setting output container to '{kind}' requires {kind} to be installed"
        ) from error
    names = estimator.get_feature_names_out()
    if kind == "polars":
        return library.DataFrame(result, schema=names.tolist(), orient="row")
    index = x.index if isinstance(x, library.DataFrame) else None
    return library.DataFrame(result, index=index, columns=names, copy=False)
