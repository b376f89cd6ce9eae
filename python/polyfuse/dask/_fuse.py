"""Blocks that are collections, fused partition by partition."""

from __future__ import annotations

from typing import Any

from .._fusion_estimator import Fusion
from ._fit import fit
from ._map import lazily


def fuse(
    blocks: Any, op: str = "concatenate", weights: Any = None, scaler: Any = None, *,
    p: float | None = None, missing: float | str | None = None, all_missing: str = "raise",
) -> Any:  # fmt: skip
    """Fuse blocks that describe the same rows.

    Parameters
    ----------
    blocks : dict or list of Dask Arrays or DataFrames, or of lists of Delayed
        Others are rechunked to the rows of the first.
    op, weights, p, missing, all_missing
        See :func:`polyfuse.fusion.fuse`; weights are numbers, or one per column.
    scaler : str, scaler, or dict or list of them, optional
        Those that are not fitted are, on all rows, here and now.

    Returns
    -------
    Dask Array of shape (n_samples, n_features)
        Computed when it is asked for.

    Raises
    ------
    TypeError, ValueError
        As :class:`polyfuse.fusion.Fusion`; about values, when they are read.

    Examples
    --------
    >>> import dask.array as da
    >>> import polyfuse as pf
    >>> a, b = da.from_array([[0.0], [2.0]], chunks=(1, 1)), da.from_array([[4.0], [8.0]])
    >>> pf.dask.fuse({"a": a, "b": b}, "mean").compute()
    array([[2.],
           [5.]])
    """
    model = Fusion(
        op, weights=weights, scaler=scaler, p=p, missing=missing, all_missing=all_missing
    )
    return lazily(fit(model, blocks), "transform", blocks)
