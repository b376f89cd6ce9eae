"""Collections of Dask: rows that lie on many machines, or are too many for one.

Estimators take Dask Arrays, DataFrames and lists of Delayed as they take arrays: ``fit`` of a
scaler, a fusion or a linear model computes, ``transform`` and ``predict`` give Dask Arrays that are
computed when they are asked for. The same as functions is here, and metrics of collections.

Statistics of scalers and metrics are states of partitions that merge. They have the bits that one
process gives, however the rows are cut and whichever worker is first.
"""

from ._fit import call as call
from ._fit import fit
from ._fuse import fuse
from ._metrics import confusion_counts, regression_sums, score_histogram
from ._score import score

__all__ = ["confusion_counts", "fit", "fuse", "regression_sums", "score", "score_histogram"]
