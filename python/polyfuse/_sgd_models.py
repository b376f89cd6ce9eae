"""The arrays of an SGD model, between calls: where they come from, and what becomes of them.

scikit-learn keeps the last iterate (``_standard_coef``) and the average of iterates
(``_average_coef``), and shows one of them as ``coef_``. Which arrays are one and the same there
decides what a second ``partial_fit`` starts from; it is copied here, surprises and all
(sklearn/linear_model/_stochastic_gradient.py, version 1.9).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ._chains import Chain, Raw

_ATTRIBUTES = {
    "coef": "coef_",
    "intercept": "intercept_",
    "offset": "offset_",
    "standard_coef": "_standard_coef",
    "standard_intercept": "_standard_intercept",
    "average_coef": "_average_coef",
    "average_intercept": "_average_intercept",
}


@dataclass
class Model:
    """The arrays, by role; a one-class model has an offset for its intercept, 1 - intercept."""

    coef: Any = None
    intercept: Any = None
    offset: Any = None
    standard_coef: Any = None
    standard_intercept: Any = None
    average_coef: Any = None
    average_intercept: Any = None
    t: float = 1.0
    shown: Any = None  # the very array an estimator shows as coef_, if this goes on from there

    @classmethod
    def load(cls, estimator: Any) -> Model:
        """Those of an estimator, copied: arrays that are one there are one here."""
        held: dict[str, Any] = {
            role: getattr(estimator, name, None) for role, name in _ATTRIBUTES.items()
        }
        if hasattr(held["coef"], "toarray"):
            held["coef"] = held["coef"].toarray()
        copies = {id(x): None if x is None else copy(x) for x in held.values()}
        return cls(
            **{role: copies[id(x)] for role, x in held.items()}, t=estimator.t_, shown=held["coef"]
        )

    def save(self, estimator: Any) -> None:
        """Set the attributes; what goes on writes to the array that is shown, as scikit-learn."""
        shown = self.shown
        alike = isinstance(shown, np.ndarray) and shown.shape == self.coef.shape
        if alike and shown.flags.writeable and self.average_coef is None:
            shown[...] = self.coef
            self.coef = shown
        for role, name in _ATTRIBUTES.items():
            value = getattr(self, role)
            if value is not None:
                setattr(estimator, name, value)
        estimator.t_ = self.t

    # -- starts ----------------------------------------------------------------------------------

    def allocate(
        self, shape: tuple[int, ...], dtype: np.dtype, average: int, coef_init: Any,
        intercept_init: Any, *, one_class: bool = False,
    ) -> None:  # fmt: skip
        """New arrays, from what is given or zeros; shape is (d,), or (K, d) for K classes."""
        several = len(shape) == 2
        coef = np.zeros(shape, dtype)
        if coef_init is not None:
            coef = np.array(coef_init, dtype, order="C")
            coef = coef if several else coef.ravel()
            if coef.shape != shape:
                name = "``coef_``" if several else "coef_init"
                raise ValueError(f"Provided {name} does not match dataset.{' ' if several else ''}")
        n = shape[0] if several else 1
        intercept = np.zeros(n, dtype)
        if intercept_init is not None:
            intercept = np.array(intercept_init, dtype, order="C")
            if intercept.shape not in ((n,), (n,) if several else ()):
                raise ValueError("Provided intercept_init does not match dataset.")
            intercept = intercept.reshape(n)
        self.coef = coef
        if one_class:
            self.offset = intercept
        else:
            self.intercept = intercept
        if average:
            self.start_average()

    def start_average(self) -> None:
        """Average from here on, with the model as the last iterate."""
        self.standard_coef = self.coef
        self.standard_intercept = self._own_intercept()
        self.average_coef = np.zeros_like(self.coef)
        self.average_intercept = np.zeros(len(self.standard_intercept), self.coef.dtype)

    def _own_intercept(self) -> Any:
        return self.intercept if self.offset is None else 1.0 - self.offset

    def start(self, chain: Chain, i: int, n: int) -> Chain:
        """Set where a chain starts: at model i of n."""
        average = chain.settings.average > 0
        if average and self.average_coef is None:
            self.start_average()
        coef = self.standard_coef if average else self.coef
        intercept = self.standard_intercept if average else self._own_intercept()
        chain.coef = np.asarray(coef).reshape(n, -1)[i]
        chain.intercept, chain.t = float(intercept[i]), float(self.t)
        if average:
            chain.average_coef = self.average_coef.reshape(n, -1)[i]
            chain.average_intercept = float(self.average_intercept[i])
        return chain

    # -- ends ------------------------------------------------------------------------------------

    def end_binary(self, chain: Chain, n_rows: int) -> None:
        """Take the end of the chain of a classifier of two classes."""
        self.t += chain.n_iter * n_rows
        average = chain.settings.average
        if not average:
            self.coef, self.intercept = chain.coef.reshape(1, -1), np.atleast_1d(chain.intercept)
            return
        self.standard_coef, self.average_coef = chain.coef, chain.average_coef
        self.average_intercept[0] = chain.average_intercept
        if average <= self.t - 1:
            # The last intercept is not kept: the next call starts from an older one.
            self.coef, self.intercept = self.average_coef.reshape(1, -1), self.average_intercept
        else:
            self.standard_intercept = self.intercept = np.atleast_1d(chain.intercept)
            self.coef = self.standard_coef.reshape(1, -1)

    def end_classes(self, chains: Sequence[Chain], n_rows: int) -> None:
        """Take the ends of the chains of a classifier of several classes."""
        self.t += max(chain.n_iter for chain in chains) * n_rows
        average = chains[0].settings.average
        coef = np.stack([chain.coef for chain in chains])
        if not average:
            self.coef = coef
        else:
            self.standard_coef = coef
            self.average_coef = _averages(chains)
            self.average_intercept[:] = [chain.average_intercept for chain in chains]
        # Once the average is shown this is the average's own array: it is overwritten.
        self.intercept[:] = [chain.intercept for chain in chains]
        if average and average <= self.t - 1:
            self.coef, self.intercept = self.average_coef, self.average_intercept
        elif average:
            self.coef, self.standard_intercept = self.standard_coef, self.intercept

    def end_single(self, chain: Chain, n_rows: int) -> None:
        """Take the end of the chain of a regressor or a one-class model."""
        self.t += chain.n_iter * n_rows
        shown, intercept = chain.coef, np.atleast_1d(chain.intercept)
        average = chain.settings.average
        if average:
            self.standard_coef, self.standard_intercept = chain.coef, intercept
            self.average_coef = chain.average_coef
            self.average_intercept = np.atleast_1d(chain.average_intercept)
            if average <= self.t - 1:
                shown, intercept = self.average_coef, np.array(self.average_intercept)
        self.coef = shown
        if chain.settings.one_class:
            self.offset = 1.0 - intercept
        else:
            self.intercept = intercept

    def end_fast(self, chains: Sequence[Chain], shape: tuple[int, ...], n_rows: int) -> None:
        """Take the ends of chains of the fast arithmetic, which go on where they have stopped."""
        self.t += max(chain.n_iter for chain in chains) * n_rows
        average, dtype = chains[0].settings.average, chains[0].coef.dtype
        # scikit-learn's type of the intercept: that of X for several classes, else float64.
        kind = dtype if len(chains) > 1 else np.dtype(np.float64)
        coef = np.stack([chain.coef for chain in chains]).reshape(shape)
        intercept = np.array([chain.intercept for chain in chains], kind)
        if average:
            self.standard_coef, self.standard_intercept = coef, intercept
            self.average_coef = _averages(chains).reshape(shape)
            self.average_intercept = np.array([chain.average_intercept for chain in chains], kind)
            if average <= self.t - 1:
                coef, intercept = self.average_coef, self.average_intercept
        self.coef = coef
        if chains[0].settings.one_class:
            self.offset = 1.0 - intercept
        else:
            self.intercept = intercept


def _averages(chains: Sequence[Chain]) -> NDArray:
    return np.stack([np.asarray(chain.average_coef) for chain in chains])


def keep_raw(estimator: Any, chains: Sequence[Chain]) -> None:
    """Keep chains as the kernels left them, with a mark of the coefficients they stand for."""
    raws = [chain.raw for chain in chains if chain.raw is not None]
    estimator._raw = (raws, _mark(estimator)) if raws else None


def raw_of(estimator: Any, n: int) -> list[Raw] | None:
    """The n chains of an estimator as they were left, unless its coefficients have been changed."""
    kept: tuple[list[Raw], int] | None = getattr(estimator, "_raw", None)
    if kept is None or len(kept[0]) != n or kept[1] != _mark(estimator):
        return None
    return kept[0]


def _mark(estimator: Any) -> int:
    intercept = getattr(estimator, "intercept_", None)
    mark = 0
    for array in (estimator.coef_, estimator.offset_ if intercept is None else intercept):
        dense = array.toarray() if hasattr(array, "toarray") else np.ascontiguousarray(array)
        mark = crc32(dense.tobytes(), mark)
    return mark
