"""Stochastic gradient descent on rows that are read in chunks, a row at a time.

A pass in the order of the rows (``shuffle=False``) makes the very steps that a fit in memory
makes: chains go on from chunk to chunk as the kernels left them. Shuffled, the chunks come in an
order that is new in each epoch, and so do the rows of each: both follow from the seed, the epoch
and the number of the chunk, so that a pass can be resumed at any of them.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._chain_runs import Callback, Group
from .._chains import Chain, Index, Samples
from .._inputs import as_weights
from .._kernels.contract import Rows
from .._sgd_inputs import remember, see, see_again
from .._sgd_targets import as_numbers, as_targets, encode, labels_of
from ._ahead import Chunk
from ._checks import require_all_rows, require_finite
from ._dataset import Dataset, matrix_or_blocks
from ._jobs import Job
from ._scalers import as_given, fit_block_scalers, without_nan

# Of a chain, what a run changes.
_ENDS = (
    "coef", "intercept", "average_coef", "average_intercept", "t", "raw", "n_iter", "best",
    "stalled",
)  # fmt: skip


def fit_chains(model: Any, data: Dataset, job: Job, callback: Callback | None = None) -> Any:
    """A copy of an SGD estimator, fitted to all rows.

    Raises
    ------
    SourceError, ValueError
        If a source, its values, the targets or a parameter are not as `fit` would have them.
    """
    own = copy(model)
    own._check_parameters()
    require_all_rows(own)
    own.scaler = as_given(data, fit_block_scalers(data, model.scaler, job))
    learner = _Learner(own, data)
    plan = learner.plan()
    group = StreamGroup(learner, plan.chains, job, callback)
    group.run()
    plan.finish()
    remember(own, learner.seen)
    own._warn_of_fit()
    own.scaler = model.scaler
    return own


class _Learner:
    """An SGD estimator and its data: what it sees of a chunk."""

    def __init__(self, own: Any, data: Dataset) -> None:
        self.own, self.data = own, data
        warm = bool(own.warm_start and hasattr(own, "coef_"))
        self.seen = see(own, matrix_or_blocks(data, data.blank(1)), own.scaler, warm=warm)
        self.dtype = self.seen.rows.dtype
        # What `see_again` goes by, of an estimator that is not fitted yet.
        self.shadow = copy(own)
        remember(self.shadow, self.seen)
        self.classes: NDArray | None = None
        scalers = dict(zip(data.names, self.seen.scalers, strict=True))
        self.doubtful = [name for name in data.names if not without_nan(scalers[name], len(data))]

    def plan(self) -> Any:
        """Chains, and what makes their ends attributes: planned on rows that take no memory."""
        own, data = self.own, self.data
        blocks = tuple(
            block._replace(values=np.broadcast_to(block.values[:1], (len(data), width)))
            for block, width in zip(self.seen.rows.blocks, self.seen.widths, strict=True)
        )
        rows = self.seen.rows._replace(blocks=blocks)
        samples = Samples(rows, np.zeros(len(data)), None, modalities=self.seen.modalities)
        if not hasattr(own, "class_weight"):
            return own._plan(samples)
        self.classes, counts = self._classes()
        samples = samples._replace(targets=np.arange(float(len(self.classes))))
        given = own.class_weight
        if given == "balanced":
            each = counts.sum() / (len(counts) * counts.astype(np.float64))
            own.class_weight = dict(zip(self.classes.tolist(), each.tolist(), strict=True))
        try:
            return own._plan(samples, self.classes)
        finally:
            own.class_weight = given

    def _classes(self) -> tuple[NDArray, NDArray[np.int64]]:
        """All labels, sorted, and how often each occurs."""
        counts: Counter[Any] = Counter()
        for part in self.data.targets():
            labels = as_targets(part, type(self.own).__name__)
            values, own = np.unique(labels, return_counts=True)
            counts.update(dict(zip(values.tolist(), own.tolist(), strict=True)))
        classes = labels_of(np.array(sorted(counts)).astype(labels.dtype, copy=False))
        return classes, np.array([counts[label] for label in classes.tolist()], np.int64)

    def samples(self, chunk: Chunk) -> Samples:
        """What is learned from a chunk."""
        name = type(self.own).__name__
        require_finite(chunk, self.doubtful)
        x = matrix_or_blocks(self.data, chunk)
        rows: Rows = see_again(self.shadow, x, self.dtype, scoring=True)
        if self.classes is not None:
            targets = encode(as_targets(chunk.y, name), self.classes).astype(np.float64)
        elif self.own._estimator_type == "regressor":
            targets = as_numbers(chunk.y, name)
        else:
            targets = np.ones(len(chunk))
        weight = as_weights(chunk.weight, len(chunk), name, allow_zeros=True)
        return Samples(rows, targets, weight, modalities=self.seen.modalities)


class _All:
    """The order of a chain that visits all rows, wherever they are."""

    plain = False

    def __init__(self, length: int) -> None:
        self.length = length


class StreamGroup(Group):
    """Chains that learn from chunks: one order of rows for all of them."""

    def __init__(
        self, learner: _Learner, chains: list[Chain], job: Job, callback: Callback | None
    ) -> None:
        self.learner, self.job, self.every = learner, job, list(chains)
        self.n_rows = len(learner.data)
        self.height = learner.data.chunk_rows()
        self.position = 0  # chunks of this epoch that have been learned from
        self.seed = chains[0].seed
        self.shuffled = bool(chains[0].settings.shuffle)
        rows = learner.seen.rows
        super().__init__(Samples(rows, np.zeros(1), None), list(chains), callback)
        self.scalers = job.state.get("scalers")
        if "learning" in job.state:
            self._resume(job.state["learning"])

    def _new_order(self, chain: Chain) -> Any:
        return _All(self.n_rows)

    # -- epochs ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self.position:  # of an epoch that is not resumed
            super()._begin()

    def _visit(self) -> None:
        n_chunks = -(-self.n_rows // self.height)
        numbers = np.arange(n_chunks)
        if self.shuffled:
            numbers = np.random.default_rng([self.seed, self.epoch]).permutation(n_chunks)
        left = numbers[self.position :].tolist()
        done = int(sum(self._length(c) for c in numbers[: self.position].tolist()))

        def prepare(chunk: Chunk, buffer: int) -> tuple[Chunk, Samples, Index]:
            return chunk, self.learner.samples(chunk), self._rows_of(chunk)

        prepared = self.learner.data.mapped(prepare, rows=self.height, order=left, n_workers=2)
        for chunk, self.samples, order in prepared:
            self._sweep([order] * len(self.chains), order[None])
            self._require_sound(chunk)
            self.position += 1
            done += len(chunk)
            self.job.tell(f"epoch {self.epoch}", done, self.n_rows)
            if self.position < n_chunks:
                self.job.offer(self._state)
        self.position = 0

    def _judge(self, epoch: int) -> None:
        super()._judge(epoch)
        self.job.offer(self._state)

    def _length(self, c: int) -> int:
        return min(self.height, self.n_rows - c * self.height)

    def _rows_of(self, chunk: Chunk) -> Index:
        if not self.shuffled:
            return np.arange(len(chunk))
        rng = np.random.default_rng([self.seed, self.epoch, chunk.start])
        order: Index = rng.permutation(len(chunk)).astype(np.int64)
        return order

    def _require_sound(self, chunk: Chunk) -> None:
        """Raise SourceError if it is the values that have made the weights overflow."""
        if not np.isfinite(self.coef).all():
            require_finite(chunk, chunk.blocks)

    # -- checkpoints -----------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        learning = {
            "epoch": self.epoch,
            "position": self.position,
            "seed": self.seed,
            "active": [self.every.index(chain) for chain in self.chains],
            "ends": [{name: getattr(chain, name) for name in _ENDS} for chain in self.every],
            "records": self.records,
            "coef": self.coef,
            "average": self.average,
            "met": self.met,
            "parts": self.parts,
        }
        return {"scalers": self.scalers, "learning": learning}

    def _resume(self, kept: dict[str, Any]) -> None:
        """Go on where a state was noted."""
        self.epoch, self.position, self.seed = kept["epoch"], kept["position"], kept["seed"]
        for chain, ends in zip(self.every, kept["ends"], strict=True):
            for name in _ENDS:
                setattr(chain, name, ends[name])
        self.chains = [self.every[c] for c in kept["active"]]
        for name in ("records", "coef", "average", "met", "parts"):
            setattr(self, name, kept[name])
