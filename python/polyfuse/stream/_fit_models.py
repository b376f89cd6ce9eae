"""FusionClassifier and FusionRegressor, fitted to rows that are read in chunks."""

from __future__ import annotations

from copy import copy
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._descent import Callback
from .._fusion_learning import Lesson
from .._fusion_model import Plan
from .._fusion_parameters import require_rows_there
from .._fusion_scalers import new_scaler, scaler_entries
from .._gradient_data import row_weights
from .._kept import Kept
from .._multimodal_inputs import Given, read
from ._dataset import Dataset, matrix_or_blocks
from ._jobs import Job
from ._lessons import StreamLesson
from ._passes import all_targets
from ._scalers import Masks, fit_block_scalers

_LEVELS = ("early", "late", "hybrid")


def fit_models(model: Any, data: Dataset, job: Job, callback: Callback | None = None) -> Any:
    """A copy of a fusion model, fitted to all rows.

    Blocks are read once per gradient, those of models of one modality alone. What is held are the
    targets, which rows are missing, and where something is learned from rows held out, their
    scores. The model is that of memory, to the last bit.

    Raises
    ------
    SourceError, ValueError
        If a source, its values, the targets or a parameter are not as `fit` would have them; or
        the scores of all modalities at all rows would be needed at once, as for
        level="cooperative".
    """
    own = copy(model)
    fusion = own._check_parameters()
    _require_streamable(own)
    n_rows, given_weight = len(data), data.weights()
    task, known = own._task(all_targets(data), n_rows, given_weight)
    weight = row_weights(given_weight, task, n_rows)
    there: Masks = {
        name: np.zeros(n_rows, bool) for name, dtype in data.dtypes.items() if dtype.kind == "f"
    }
    entries = scaler_entries(data.names, own.scaler, "scaler")
    unfitted = [None if each is None else new_scaler(each) for each in entries]
    fitted = fit_block_scalers(data, unfitted, job, there)
    given = _without_values(own, data, there)
    require_rows_there(given)
    scalers = [fitted[name] for name in data.names]
    lesson = own._lesson(given, scalers, task, fusion, callback)
    kept = Kept(
        job.state.get("learning"),
        lambda state: job.offer(lambda: {"scalers": fitted, "there": there, "learning": state()}),
    )
    streamed = StreamLesson(
        **{each.name: getattr(lesson, each.name) for each in fields(Lesson)},
        data=data, job=job, kept=kept,
    )  # fmt: skip
    learned = own._learn(streamed, fusion, weight, None)
    own._settle(Plan(given, scalers, streamed, weight, known), fusion, learned)
    return own


def _require_streamable(model: Any) -> None:
    if model.level not in _LEVELS:
        raise ValueError(
            f"level={model.level!r} is not for streams, for it needs the scores of all modalities "
            f"at once; take one of {', '.join(map(repr, _LEVELS))}."
        )
    if model._paced:
        raise ValueError(
            "block_eta and balance must be None and 0 for streams, for steps of their own need "
            f"the scores of each modality; got {model.block_eta!r} and {model.balance!r}."
        )


def _without_values(model: Any, data: Dataset, there: Masks) -> Given:
    """The blocks as `read` gives them, with zeros that take no memory for their values."""
    given = read(model, matrix_or_blocks(data, data.blank(1)), None)
    values = [np.broadcast_to(x[:1], (len(data), x.shape[1])) for x in given.values]
    masks: list[NDArray[np.bool_] | None] = []
    for name in data.names:
        mask = there.get(name)
        masks.append(None if mask is None or mask.all() else mask)
    return given._replace(values=values, masks=masks)
