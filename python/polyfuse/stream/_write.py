"""Rows that are computed chunk by chunk and written to a file: fused, scaled, or predicted."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from .._arrays import one_of
from .._fusion_scalers import Scalers
from ._ahead import Chunk
from ._checks import told_where
from ._dataset import Dataset, matrix_or_blocks, require_dataset
from ._jobs import Job, Path, Progress, mark_of
from ._writers import CHECKPOINT, holds, require_apart, require_output, writer_of

METHODS = ("predict", "predict_proba", "decision_function")


def transform(
    model: Any, data: Dataset, output: Path, *, resume: bool = False,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Write what a fitted scaler, or a Fusion, makes of all rows to a file.

    Parameters
    ----------
    model : fitted transformer
    data : Dataset
    output : path-like ending in .npy or .csv
        Written beside its name, with ``.partial`` behind it, and renamed when it is complete.
    resume : bool, default=False
        Go on where a process has ended before it was done, by ``output.checkpoint``. The file has
        the same bytes as if nothing had happened.
    progress : callable(what, rows, n_rows), optional
        Called after every chunk.

    Raises
    ------
    SourceError
        If a source cannot be read, its values cannot be worked on, the output cannot be written,
        or the checkpoint is of another job.
    TypeError
        If the model has no `transform`.
    ValueError
        If there can be no output of that name, or it is a file that is read.
    """
    require_dataset(data)
    require_output(output)
    if not hasattr(model, "transform"):
        raise TypeError(f"model must be a transformer; a {type(model).__name__} is none.")
    job = _job("transform", model, data, output, resume, progress)
    _write(_transformer(model, data), data, output, job)


def fuse(
    data: Dataset, op: str = "concatenate", output: Path = "", *, scaler: Scalers = None,
    weights: Any = None, p: float | None = None, missing: float | str | None = None,
    all_missing: str = "raise", resume: bool = False, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Scale and fuse all rows to a file, in one pass, or two where scalers are to be fitted.

    Parameters
    ----------
    data : Dataset
    op : str, default="concatenate"
        As for :func:`polyfuse.fusion.fuse`.
    output : path-like ending in .npy or .csv
    scaler : str, scaler, or dict or list of them, default=None
        By name, or unfitted, it is fitted to all rows first; a fitted one is used as it is.
    weights, p, missing, all_missing
        As for :class:`polyfuse.fusion.Fusion`.
    resume, progress
        As for :func:`transform`.

    Raises
    ------
    SourceError, TypeError, ValueError
        As :func:`transform`, and if a parameter is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> a, b = np.ones((3, 2)), np.full((3, 2), 3.0)
    >>> data = pf.stream.Dataset({"a": a, "b": b})
    >>> import tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "mean.npy")
    ...     pf.stream.fuse(data, "mean", path)
    ...     np.load(path)
    array([[2., 2.],
           [2., 2.],
           [2., 2.]])
    """
    from ..fusion import Fusion
    from ._fit import fit_fusion

    require_dataset(data)
    require_output(output)
    fusion = Fusion(
        op, weights=weights, scaler=scaler, p=p, missing=missing, all_missing=all_missing
    )
    job = _job("fuse", fusion, data, output, resume, progress)
    _write(_transformer(fit_fusion(fusion, data, job), data), data, output, job)


def predict(
    model: Any, data: Dataset, output: Path, *, method: str = "predict", resume: bool = False,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Write what a fitted model predicts of all rows to a file.

    Parameters
    ----------
    model : fitted estimator
    data : Dataset
    output : path-like ending in .npy or .csv
    method : {"predict", "predict_proba", "decision_function"}, default="predict"
    resume, progress
        As for :func:`transform`.

    Raises
    ------
    SourceError, ValueError
        As :func:`transform`, and if the model has no such method.
    """
    require_dataset(data)
    require_output(output)
    compute = method_of(model, method)
    job = _job(method, model, data, output, resume, progress)

    def rows(chunk: Chunk, out: NDArray | None) -> NDArray:
        result: NDArray = compute(matrix_or_blocks(data, chunk))
        return result

    classes = None if method == "predict" else getattr(model, "classes_", None)
    _write(rows, data, output, job, classes)


def method_of(model: Any, method: str) -> Callable[[Any], Any]:
    """A method of a model.

    Raises
    ------
    ValueError
        If it has none of that name.
    """
    one_of(method, "method", METHODS)
    found = getattr(model, method, None)
    if found is None:
        own = [name for name in METHODS if hasattr(model, name)]
        raise ValueError(
            f"{type(model).__name__} has no {method}; method must be one of {own}."
            if own
            else f"{type(model).__name__} has no {method}: it does not predict."
        )
    bound: Callable[[Any], Any] = found
    return bound


def _job(
    what: str, model: Any, data: Dataset, output: Path, resume: bool, progress: Progress | None
) -> Job:
    sources = data.fingerprint()
    require_apart(output, sources)
    about = {"job": what, "model": repr(model), "mark": mark_of(vars(model)), "data": sources}
    return Job(os.fspath(output) + CHECKPOINT, about, resume=resume, progress=progress)


def _transformer(model: Any, data: Dataset) -> Callable[[Chunk, NDArray | None], NDArray]:
    def rows(chunk: Chunk, out: NDArray | None) -> NDArray:
        result: NDArray = model.transform(matrix_or_blocks(data, chunk), out=out)
        return result

    return rows


def _where_to_begin(output: Path, job: Job) -> tuple[int, int | None]:
    """The first row that is to be written, and where; the file is begun anew if it is not there.

    It is not if a process ended after it had renamed the file, and before it removed the
    checkpoint.
    """
    kept = job.state
    if "written" in kept and job.same_boot and holds(output, kept["position"]):
        return kept["written"], kept["position"]
    job.begin_output()
    return 0, None


def _write(
    compute: Callable[[Chunk, NDArray | None], NDArray], data: Dataset, output: Path, job: Job,
    classes: NDArray | None = None,
) -> None:  # fmt: skip
    """Write what is computed of each chunk: threads do that, this one writes."""
    start, position = _where_to_begin(output, job)
    known = {key: job.state[key] for key in ("scalers",) if key in job.state}
    outs: dict[int, NDArray] = {}

    def work(chunk: Chunk, buffer: int) -> tuple[int, NDArray]:
        own = outs.get(buffer)
        fits = own is not None and len(own) == len(chunk)
        with told_where(chunk):
            result = compute(chunk, own if fits else None)
        if result.flags.c_contiguous:
            outs[buffer] = result
        return chunk.stop, result

    columns = None if classes is None else [str(label) for label in classes]
    writer = writer_of(output, data.n_rows, position, columns)
    try:
        for stop, rows in data.only(data.names).mapped(work, start=start):
            writer.write(rows)
            job.tell("rows", stop, data.n_rows)
            place = writer.position
            job.offer(lambda: {**known, "written": stop, "position": place})  # noqa: B023
        writer.finish()
    finally:
        writer.close()
        if not job.noted:  # nothing can be gone on with
            writer.discard()
    job.done()
