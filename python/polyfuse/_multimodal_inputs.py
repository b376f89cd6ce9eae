"""What FusionClassifier takes: blocks, or one matrix, which is a block named "X"."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ._arrays import require_width
from ._blocks import absent_blocks, as_matrices, in_order_of_fit, is_matrix, named_blocks
from ._feature_names import check_block_names, check_names, keep_names, names_of
from ._inputs import as_samples


class Given(NamedTuple):
    """Blocks, and what their columns are called."""

    names: list[str]
    arrays: list[NDArray]
    features: dict[str, NDArray | None]
    whole: bool  # one matrix


def read(X: Any, caller: str) -> Given:
    """Blocks, checked.

    Raises
    ------
    TypeError, ValueError
        If they are no numeric matrices of the same number of rows.
    """
    if is_matrix(X):
        return Given(["X"], [as_samples(X, caller)], {"X": names_of(X)}, True)
    names, values = named_blocks(X)
    arrays = as_matrices(names, values)[1]
    features = [names_of(x) for x in values]
    return Given(names, arrays, dict(zip(map(str, names), features, strict=True)), False)


def remember(estimator: Any, given: Given) -> None:
    """Set what `read_again` goes by."""
    estimator._names, estimator._whole = given.names, given.whole
    estimator._widths = [array.shape[1] for array in given.arrays]
    estimator._feature_names = given.features
    estimator.modalities_ = list(map(str, given.names))
    estimator.n_features_in_ = sum(estimator._widths)
    keep_names(estimator, given.features["X"] if given.whole else None)


def read_again(estimator: Any, X: Any) -> list[NDArray]:
    """The matrices of blocks in the order of fit.

    Raises
    ------
    TypeError, ValueError
        If they are not those of fit, or nothing that `read` would take.
    """
    caller = type(estimator).__name__
    if is_matrix(X) != estimator._whole:
        was, got = ("not ", "blocks") if estimator._whole else ("", "one matrix")
        raise ValueError(f"X is {got}, but {caller} was {was}fitted on a list or dict of blocks.")
    if estimator._whole:
        check_names(estimator, X)
        matrix = as_samples(X, caller, numeric=True)
        require_width(estimator, matrix.shape[1])
        return [matrix]
    names, values = named_blocks(X)
    absent = absent_blocks(names, values, estimator._names)
    if absent:
        raise ValueError(
            f"blocks[{absent[0]!r}] is not given, and {caller} needs every modality; "
            "Fusion(missing=...) before a linear model can do without."
        )
    features = dict(zip(names, map(names_of, values), strict=True))
    arrays = in_order_of_fit(
        caller, *as_matrices(names, values), estimator._names, estimator._widths
    )[1]
    check_block_names(estimator, estimator._feature_names, features)
    return arrays
