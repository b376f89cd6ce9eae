"""Estimators, fitted to what is read in chunks."""

from __future__ import annotations

from copy import copy
from typing import Any, TypeVar

from .._arrays import kind_of
from .._chain_runs import Callback
from .._estimator import take_fitted
from .._fusion_scalers import Scalers, is_fitted
from ._dataset import Dataset, matrix_or_blocks, require_dataset
from ._jobs import Job, Path, Progress, mark_of
from ._scalers import fit_block_scalers, learned

Model = TypeVar("Model")


def fit(
    model: Model, data: Dataset, *, checkpoint: Path | None = None, resume: bool = False,
    callback: Callback | None = None, progress: Progress | None = None,
) -> Model:  # fmt: skip
    """Fit an estimator to all rows of a data set.

    Parameters
    ----------
    model : scaler, Fusion, FusionClassifier, FusionRegressor, or linear model of polyfuse
        Parameters are its own: `max_iter` and `tol` say how many passes there are, `shuffle` and
        `random_state` in which order. Scalers that are not fitted are, in a pass of their own.
        Models of a fusion are of level "early", "late" or "hybrid", without `block_eta` and
        `balance`. Rows are not held out: there is no early stopping.
    data : Dataset
        With a target, where the model wants one.
    checkpoint : path-like, optional
        Where to note, every second or so, what was learned.
    resume : bool, default=False
        Go on from the checkpoint, if there is one. The model is the same, to the last bit, as if
        nothing had happened.
    callback : callable(epoch, objective), optional
        Called after each pass, as by `fit` of the model.
    progress : callable(what, rows, n_rows), optional
        Called after every chunk.

    Returns
    -------
    model : the estimator itself, fitted

    Raises
    ------
    TypeError
        If there is no way to fit such a model to a stream.
    SourceError, ValueError
        If a source cannot be read, values, targets or parameters are not as `fit` would have them,
        or the checkpoint is of another job. The model is then left as it was.

    Notes
    -----
    These are the models of `fit` in memory, to the last bit: scalers; fusion models; GDClassifier
    and GDRegressor on all rows; on batches, and SGD, in the order of the rows (``shuffle=False``).
    RobustScaler is that of `partial_fit`: its quantiles are those of a summary of each column.
    With ``shuffle=True`` chunks are visited in random order, and the rows of each: an order of its
    own, which the seed and the widths of the blocks fix. LinearRegression agrees up to rounding:
    its rows are decomposed chunk by chunk, in double. With the backends "numba" and "numpy",
    gradients of all rows agree up to rounding, too.

    A gradient of all rows is one pass over the data. ``eta0="auto"`` of gradient descent takes 13
    passes before the first step, as many again before all rows take over from batches, and one for
    single rows. A batch has to fit in memory, twice. Models of single modalities (late fusion) read
    that modality alone; where temperatures or weights are learned from rows held out, each is
    learned `cv` times more, and scored in a pass for each.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> X, y = np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1])
    >>> data = pf.stream.Dataset({"a": X, "b": X**2}, target=y)
    >>> model = pf.linear_model.SGDClassifier("log_loss", scaler="standard", random_state=0)
    >>> pf.stream.fit(model, data).predict({"a": X, "b": X**2})
    array([0, 0, 1, 1])
    """
    job = job_of(model, data, checkpoint, resume=resume, progress=progress)
    learn(model, data, job, callback)
    job.done()
    return model


def job_of(
    model: Any, data: Dataset, checkpoint: Path | None, *, resume: bool = False,
    progress: Progress | None = None,
) -> Job:  # fmt: skip
    """The job that fits a model."""
    require_dataset(data)
    about = {
        "job": "fit", "model": repr(model), "mark": _mark(model), "data": data.fingerprint()
    }  # fmt: skip
    return Job(checkpoint, about, resume=resume, progress=progress)


def _mark(model: Any) -> int:
    """Of what a fit begins with; without a generator, which may have drawn since."""
    if not hasattr(model, "get_params"):  # nothing that can be fitted, as is said later
        return 0
    warm = getattr(model, "warm_start", False)
    held = dict(vars(model) if warm else model.get_params(deep=False))
    held.pop("random_state", None)
    return mark_of(held)


def learn(model: Any, data: Dataset, job: Job, callback: Callback | None = None) -> None:
    """Fit a model, and leave the checkpoint until what was learned is safe."""
    take_fitted(model, _fitted(model, data, job, callback))


def fit_scalers(
    data: Dataset, scaler: Scalers = "standard", *, checkpoint: Path | None = None,
    resume: bool = False, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Fit a scaler to each block, in one pass over all of them.

    Parameters
    ----------
    data : Dataset
    scaler : str, scaler, or dict or list of them, default="standard"
        By name or unfitted, it is copied; a fitted one stands as it is.
    checkpoint, resume, progress
        As for :func:`fit`.

    Returns
    -------
    dict of str to scaler or None
        By block; equal, to the last bit, to scalers fitted in memory; RobustScaler to one fitted
        by `partial_fit`.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> data = pf.stream.Dataset({"a": np.eye(2), "b": np.ones((2, 1))})
    >>> pf.stream.fit_scalers(data)["a"].mean_
    array([0.5, 0.5])
    """
    require_dataset(data)
    about = {
        "job": "fit_scalers", "model": repr(scaler), "mark": mark_of({"scaler": scaler}),
        "data": data.fingerprint(),
    }  # fmt: skip
    job = Job(checkpoint, about, resume=resume, progress=progress)
    fitted = fit_block_scalers(data, scaler, job)
    job.done()
    return fitted


def fit_fusion(fusion: Any, data: Dataset, job: Job) -> Any:
    """A copy of a Fusion, fitted to all rows.

    Raises
    ------
    ValueError
        If it has a projection that learns from values.
    """
    if fusion.projection not in (None, "random"):
        raise ValueError(
            "projection must be None or 'random' for a stream, others learn from all rows; got "
            f"{fusion.projection!r}."
        )
    own = copy(fusion)
    # The values do not matter: what is learned of them is the scalers', which come after, so that
    # a wrong parameter is told of before any row is read.
    own.scaler = None
    own.fit(matrix_or_blocks(data, data.blank(1)))
    own.scaler, own.scalers_ = fusion.scaler, fit_block_scalers(data, fusion.scaler, job)
    return own


def _fitted(model: Any, data: Dataset, job: Job, callback: Callback | None) -> Any:
    """A fitted copy of a model."""
    from .._fusion_model import FusionModel
    from .._gradient_base import GradientDescent
    from .._least_squares import LinearRegression
    from .._scaler import Scaler
    from .._sgd_base import SGD
    from ..fusion import Fusion

    if isinstance(model, SGD):
        from ._chains import fit_chains

        return fit_chains(model, data, job, callback)
    if isinstance(model, GradientDescent):
        from ._fit_descent import fit_descent

        return fit_descent(model, data, job, callback)
    if isinstance(model, FusionModel):
        from ._fit_models import fit_models

        return fit_models(model, data, job, callback)
    if isinstance(model, LinearRegression):
        from ._fit_least_squares import fit_least_squares

        return fit_least_squares(model, data, job)
    if isinstance(model, Fusion):
        return fit_fusion(model, data, job)
    if isinstance(model, Scaler) or (hasattr(model, "as_affine") and not is_fitted(model)):
        return learned(model, data, job)
    raise TypeError(
        "model must be a scaler, a Fusion or a linear model of polyfuse to be fitted to a stream; "
        f"got {kind_of(model)}."
    )
