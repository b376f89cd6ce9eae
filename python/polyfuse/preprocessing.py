"""Normalise columns, rows, and arrays of any shape: scikit-learn's scalers, and more.

Every map is one pass over the data and one operation of the stage, so a fitted scaler can also be
handed to :func:`polyfuse.fusion.fuse` or to an estimator, which then scale while they read.

Scalers are also the statistics of columns that streams and clusters need: ``partial_fit`` takes in
more rows, and ``a.merge(b)`` what another scaler has seen elsewhere, so that parts of the data can
be summarised apart. :class:`StandardScaler` has mean and variance, :class:`MinMaxScaler` and
:class:`MaxAbsScaler` the extrema, :class:`RobustScaler` quantiles within a stated error.
"""

from __future__ import annotations

from ._affine import AffineScaler, affine
from ._arrays import one_of
from ._batches import l2, minmax, rank, softmax, standardize
from ._extrema import MaxAbsScaler, MinMaxScaler
from ._normalizer import Normalizer, normalize
from ._robust import RobustScaler
from ._scaler import AffineMap
from ._scaling import maxabs_scale, minmax_scale, robust_scale, scale
from ._standard import StandardScaler

__all__ = [
    "AffineScaler",
    "MaxAbsScaler",
    "MinMaxScaler",
    "Normalizer",
    "RobustScaler",
    "StandardScaler",
    "affine",
    "l2",
    "maxabs_scale",
    "minmax",
    "minmax_scale",
    "normalize",
    "rank",
    "robust_scale",
    "scale",
    "softmax",
    "standardize",
]

SCALERS: dict[str, type[AffineMap]] = {
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
    "maxabs": MaxAbsScaler,
    "robust": RobustScaler,
}


def make_scaler(name: str | None) -> AffineMap | None:
    """A new scaler by name: "standard", "minmax", "maxabs" or "robust"; None for None."""
    if name is None:
        return None
    one_of(name, "scaler", SCALERS)
    return SCALERS[name]()
