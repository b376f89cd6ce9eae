"""The commands that work on sources: data sets are opened, worked on and reported of."""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from ._cli_errors import BadInputError, put, resumable, say
from ._cli_parser import given_options
from ._cli_settings import Settings, resolve, save_settings, write_whole

Result = dict[str, Any]


def run_job(args: argparse.Namespace) -> None:
    """Do what a command says, and print what came of it."""
    command = args.job_name
    settings = resolve(command, args.job, given_options(args))
    if "threads" in settings:  # before the kernels are loaded
        os.environ["OMP_NUM_THREADS"] = str(settings["threads"])
    began = perf_counter()
    with _warned(quiet=bool(settings.get("quiet"))):
        text, result = _JOBS[command](settings)
    seconds = perf_counter() - began
    output = settings.get("output")
    if output is not None and command in ("evaluate", "explain"):
        write_whole(output, json.dumps(result, indent=1) + "\n")
    if output is not None:
        save_settings(command, settings, output + ".toml")
    if settings.get("json"):
        put(json.dumps({"command": command, "output": output, "seconds": seconds, **result}))
    elif output is None or command in ("evaluate", "explain"):
        put(text)
    elif not settings.get("quiet"):
        put(f"{output}: {text}, {seconds:.1f} s")


def _train(settings: Settings) -> tuple[str, Result]:
    from ._cli_models import find_task, new_model, save_model
    from .stream._fit import job_of, learn

    output = settings["output"]
    with _opened(settings) as data:
        _require_place(output, data)
        settings.setdefault("task", find_task(data))
        model = new_model(settings)
        checkpoint, resume = output + ".checkpoint", bool(settings.get("resume"))
        with _progress(settings, data) as progress, resumable(checkpoint):
            job = job_of(model, data, checkpoint, resume=resume, progress=progress)
            learn(model, data, job)
            save_model(model, output)
            job.done()  # not before the model is safe
    epochs: Any = getattr(model, "n_iter_", None)
    passes = int(max(epochs)) if hasattr(epochs, "__len__") else epochs
    about = f"{type(model).__name__} of {data.n_rows:,} rows"
    result = {
        "model": type(model).__name__, "n_rows": data.n_rows, "n_iter": passes,
        "task": settings["task"], "modalities": data.widths,
    }  # fmt: skip
    return (about if passes is None else f"{about}, {passes} epochs"), result


def _predict(settings: Settings) -> tuple[str, Result]:
    from . import stream

    output = settings["output"]
    with (
        _model_and_data(settings) as (model, data),
        _progress(settings, data) as progress,
        resumable(output + ".checkpoint"),
    ):
        stream.predict(
            model, data, output, method=settings["method"],
            resume=bool(settings.get("resume")), progress=progress,
        )  # fmt: skip
    what = f"{settings['method']} of {type(model).__name__}"
    return f"{what}, {data.n_rows:,} rows", {"model": type(model).__name__, "n_rows": data.n_rows}


def _fuse(settings: Settings) -> tuple[str, Result]:
    from . import stream
    from ._cli_models import plain

    output = settings["output"]
    names = ("weights", "p", "missing")
    more: dict[str, Any] = {name: settings[name] for name in names if name in settings}
    if "all-missing" in settings:
        more["all_missing"] = settings["all-missing"]
    with (
        _opened(settings) as data,
        _progress(settings, data) as progress,
        resumable(output + ".checkpoint"),
    ):
        stream.fuse(
            data, settings["op"], output, scaler=plain(settings["scaler"]),
            resume=bool(settings.get("resume")), progress=progress, **more,
        )  # fmt: skip
    return f"{settings['op']}, {data.n_rows:,} rows", {"op": settings["op"], "n_rows": data.n_rows}


def _evaluate(settings: Settings) -> tuple[str, Result]:
    from . import stream

    with _model_and_data(settings) as (model, data), _progress(settings, data) as progress:
        _require_place(settings.get("output"), data, settings["model"])
        found = stream.evaluate(model, data, progress=progress)
    return str(found), {"n_rows": found.n_rows, "scores": found.scores}


def _explain(settings: Settings) -> tuple[str, Result]:
    import numpy as np

    from . import inspection, stream

    with _model_and_data(settings) as (model, data), _progress(settings, data) as progress:
        _require_place(settings.get("output"), data, settings["model"])
        scores = stream.modality_scores(model, data, progress=progress)
        y = np.concatenate(list(data.targets())) if data.has_target else None
    shares = inspection.modality_contributions(scores)
    result: Result = {
        "n_rows": data.n_rows,
        "contributions": dict(zip(shares.modalities, shares.share.tolist(), strict=True)),
    }
    text = repr(shares)
    if y is not None:
        metric = "r2_score" if scores.classes is None else "accuracy"
        values = inspection.modality_shapley(scores, y=y, metric=metric)
        result["shapley"] = {
            "metric": metric, "total": values.total, "empty": values.empty,
            "values": dict(zip(values.modalities, values.values.tolist(), strict=True)),
        }  # fmt: skip
        text += f"\n\n{metric}: {values!r}"
    return text, result


_JOBS: dict[str, Callable[[Settings], tuple[str, Result]]] = {
    "train": _train,
    "predict": _predict,
    "fuse": _fuse,
    "evaluate": _evaluate,
    "explain": _explain,
}


# -- what they share -----------------------------------------------------------------------------


@contextmanager
def _opened(settings: Settings, *, whole: bool = False) -> Iterator[Any]:
    from .stream import Dataset

    blocks = settings["modality"]
    given = {name.replace("-", "_"): settings.get(name) for name in ("sample-weight", "key")}
    with Dataset(
        next(iter(blocks.values())) if whole else blocks, settings.get("target"),
        memory_limit=settings["memory-limit"], **given,
    ) as data:  # fmt: skip
        yield data


@contextmanager
def _model_and_data(settings: Settings) -> Iterator[tuple[Any, Any]]:
    from ._cli_models import load_model

    model = load_model(settings["model"])
    known, given = getattr(model, "modalities_", None), list(settings["modality"])
    whole = known is None and len(given) == 1
    if not whole and (known is None or sorted(map(str, known)) != sorted(given)):
        wanted = "one matrix" if known is None else ", ".join(map(str, known))
        raise BadInputError(
            f"--modality: {settings['model']} was trained on {wanted}; got {', '.join(given)}"
        )
    with _opened(settings, whole=whole) as data:
        yield model, data


def _progress(settings: Settings, data: Any) -> Any:
    from ._cli_progress import JobProgress

    return JobProgress(data.row_bytes, settings.get("epochs"), quiet=bool(settings.get("quiet")))


def _require_place(output: str | None, data: Any, model: str | None = None) -> None:
    """Raise BadInputError unless there can be a file of that name; before any work is done."""
    if output is None:
        return
    if data.reads(output):
        raise BadInputError(f"--output {output} is one of the sources, which would be lost")
    if model is not None and os.path.exists(output) and os.path.samefile(output, model):
        raise BadInputError(f"--output {output} is the model, which would be lost")
    folder = os.path.dirname(os.path.abspath(output))
    if not os.path.isdir(folder):
        raise BadInputError(f"--output {output}: there is no folder {folder}")
    if os.path.exists(output) and not os.path.isfile(output):
        raise BadInputError(f"--output {output} is not a regular file")


@contextmanager
def _warned(*, quiet: bool) -> Iterator[None]:
    """Warnings are a line each; so are those of other threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if quiet else "default")

        def show(message: Warning | str, *_: Any, **__: Any) -> None:
            say(f"warning: {message}")

        warnings.showwarning = show
        yield
