"""Least squares in closed form, of rows that are read in chunks."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_sample_weight, result_dtype
from .._arrays import require_finite as require_finite_arrays
from .._descent import State
from .._feature_names import keep_names
from .._inputs import as_samples
from .._sgd_targets import as_targets
from ._ahead import Chunk
from ._checks import require_finite
from ._dataset import Dataset
from ._jobs import Job
from ._passes import all_targets

Matrix = NDArray[np.float64]


def fit_least_squares(model: Any, data: Dataset, job: Job) -> Any:
    """A copy of a LinearRegression, fitted to all rows in two passes; one without an intercept.

    The first is for the means, the second keeps the triangular factor of the centred rows so far,
    in double: (n_features + 1)² numbers. It solves the same problem as that of all rows, and is as
    stable (sequential TSQR). The model is that of memory up to rounding, not in bits: there the
    rows are decomposed at once, in their own precision.

    Raises
    ------
    SourceError, ValueError
        If a source, its values or the targets are not as `fit` would have them, or there are
        several blocks.

    References
    ----------
    J. Demmel, L. Grigori, M. Hoemmen and J. Langou, "Communication-optimal parallel and sequential
    QR and LU factorizations", SIAM Journal on Scientific Computing 34 (2012).
    """
    if not data.whole:
        raise ValueError(
            f"data must be one matrix for a LinearRegression, not blocks; got {data.names}. "
            "FusionRegressor and GDRegressor take blocks."
        )
    own, name = copy(model), type(model).__name__
    first = as_samples(data.blank(1).blocks["X"], name)
    dtype, width = result_dtype((first,)), first.shape[1]
    y = np.asarray(as_targets(all_targets(data), name), np.float64)
    require_finite_arrays({"Input y": y.reshape(-1, 1)})
    weight = as_sample_weight(data.weights(), len(data))
    squares = _Squares(data.only(data.names), job, y, weight)
    mean = np.zeros(width + 1)
    if own.fit_intercept:
        mean = squares.mean(width)
    factor = squares.factor(mean)
    least = np.finfo(dtype).eps * max(len(data), width)
    coef, _, rank, singular = np.linalg.lstsq(factor[:, :width], factor[:, width], rcond=least)
    own.coef_, own.rank_, own.singular_ = coef.astype(dtype), int(rank), singular.astype(dtype)
    own.intercept_ = mean[-1] - mean[:-1] @ coef if own.fit_intercept else 0.0
    own.n_features_in_ = width
    keep_names(own, None)
    return own


class _Squares:
    """The rows beside their targets, weighed, and what is known of them so far."""

    def __init__(self, data: Dataset, job: Job, y: Matrix, weight: Matrix | None) -> None:
        self.data, self.job, self.y, self.weight = data, job, y, weight
        self.known: State = job.state.get("learning", {})

    def mean(self, width: int) -> Matrix:
        """The weighted means of the columns, and of the targets."""
        if "mean" not in self.known:
            total = self.known.get("total", np.zeros(width + 1))
            for chunk in self._chunks("means"):
                x, weight = self._rows(chunk)
                total = total + (x.sum(axis=0) if weight is None else weight @ x)
                self._note(chunk, "total", total)
            weighs = len(self.y) if self.weight is None else self.weight.sum()
            self.known = {"mean": total / weighs}
        mean: Matrix = self.known["mean"]
        return mean

    def factor(self, mean: Matrix) -> Matrix:
        """R of the centred rows, the targets their last column."""
        factor: Matrix = self.known.get("factor", np.zeros((0, len(mean))))
        for chunk in self._chunks("rows"):
            x, weight = self._rows(chunk)
            x -= mean
            if weight is not None:
                x *= np.sqrt(weight)[:, None]
            factor = np.asarray(np.linalg.qr(np.concatenate([factor, x]), mode="r"))
            self._note(chunk, "factor", factor)
        return factor

    def _rows(self, chunk: Chunk) -> tuple[Matrix, Matrix | None]:
        part = slice(chunk.start, chunk.stop)
        x = np.column_stack([chunk.blocks["X"].astype(np.float64), self.y[part]])
        return x, None if self.weight is None else self.weight[part]

    def _chunks(self, what: str) -> Any:
        """The chunks that are left of a pass; as many rows as columns, so that each is a gain."""
        width = self.data.widths["X"] + 1
        rows, start = self.data.chunk_rows(width), self.known.get("rows", 0)
        for chunk in self.data.chunks(rows=rows, start=start):
            require_finite(chunk, chunk.blocks)
            yield chunk
            self.job.tell(what, chunk.stop, len(self.y))

    def _note(self, chunk: Chunk, name: str, value: Matrix) -> None:
        self.known = {**self.known, "rows": chunk.stop, name: value}
        self.job.offer(lambda: {"learning": self.known})
