"""Train chains together: orders, epochs, the rule that stops them, and what they print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import require_callable
from ._chain_scores import held_scores
from ._chains import SPARSE_INTERCEPT_DECAY, Chain, Index, Raw, Samples
from ._kernels.contract import CHAIN, PART, Csr, Rows

Callback = Callable[[int, float], None]

# A call of the kernels should take this long, in seconds: Ctrl-C is seen between calls.
_CALL = 0.05
# The first call is of about so many multiplications.
_FIRST = 4e6
_SHORTEST = 16


def run(samples: Samples, chains: Sequence[Chain], callback: Callback | None = None) -> None:
    """Train chains to their ends, those that can be trained in one call together.

    That is all that share an arithmetic and an order, and have as many paces; exact chains that
    share their order with no other are one group, too, and the classes of one softmax are a group
    of their own. A chain that overflows keeps the exception as its ``error``. Each chain ends as
    it would alone, to the last bit.

    Raises
    ------
    TypeError
        If the callback cannot be called.
    """
    require_callable(callback, "callback")
    sharing = Counter(_order_of(chain) for chain in chains)

    def key(chain: Chain) -> tuple[bool, bool, int, int, tuple]:
        joint = chain.settings.loss == "multinomial"
        order = _order_of(chain)
        shared = () if chain.settings.exact and sharing[order] == 1 else order
        paces = len(chain.settings.paces)
        return chain.settings.exact, joint, chain.model if joint else 0, paces, shared

    for _, group in groupby(sorted(chains, key=key), key):
        Group(samples, list(group), callback).run()


def _order_of(chain: Chain) -> tuple[int, bool, int, int]:
    """What the order of a chain depends on."""
    held = 0 if chain.held is None else id(chain.held)
    index = 0 if chain.subset is None else id(chain.subset)
    return chain.seed, bool(chain.settings.shuffle), index, held


class Order:
    """The order in which some chains visit rows, epoch after epoch.

    scikit-learn shuffles what the last epoch left, always with the same seed: that is one and the
    same permutation, applied again. Rows held out are shuffled too, and left out afterwards.
    """

    def __init__(self, chain: Chain, n_rows: int) -> None:
        self.subset = chain.subset
        n = n_rows if chain.subset is None else len(chain.subset)
        self.kept = None if chain.held is None else ~chain.held.mask
        self.length = n if self.kept is None else int(self.kept.sum())
        self.place = np.arange(n)
        self.spare = np.empty_like(self.place)
        self.permutation: Index | None = None
        if chain.settings.shuffle:
            self.permutation = np.arange(n)
            _kernels.select().shuffle(chain.seed, self.permutation)

    @property
    def plain(self) -> bool:
        """Whether an epoch visits every row, in an order of its own."""
        return self.kept is None and self.subset is None and self.permutation is not None

    def next(self) -> Index:
        """The rows of the next epoch; what the epoch before the last returned is overwritten."""
        if self.permutation is not None:
            np.take(self.place, self.permutation, out=self.spare, mode="clip")  # raise would copy
            self.place, self.spare = self.spare, self.place
        place = self.place if self.kept is None else self.place[self.kept[self.place]]
        return place if self.subset is None else self.subset[place]


class Group:
    """Chains that are trained in the same calls, and drop out one by one."""

    def __init__(self, samples: Samples, chains: list[Chain], callback: Callback | None) -> None:
        self.samples, self.callback = samples, callback
        self.exact = chains[0].settings.exact
        self.joint = chains[0].settings.loss == "multinomial"
        self.epoch = 0
        self.orders: dict[tuple, Any] = {}
        for chain in chains:
            if _order_of(chain) not in self.orders:
                self.orders[_order_of(chain)] = self._new_order(chain)
        # Where chains have other numbers of rows, those that go on longest stand first.
        self.chains = sorted(chains, key=lambda chain: -self._order(chain).length)
        self.aligned = self._align()
        self._allocate()
        self.step = max(_SHORTEST, int(_FIRST / (_touched(samples.rows) * len(chains))))
        self.started = perf_counter()

    def _new_order(self, chain: Chain) -> Any:
        return Order(chain, self.samples.rows.n_rows)

    def _order(self, chain: Chain) -> Any:
        return self.orders[_order_of(chain)]

    def _align(self) -> list[Index] | None:
        """Two matrices whose rows are the places of plain orders, this epoch's and the next's."""
        orders = [self._order(chain) for chain in self.chains]
        if not 1 < len(self.orders) == len(orders) or not all(order.plain for order in orders):
            return None
        places = np.stack([order.place for order in orders])
        spares = np.empty_like(places)
        for order, place, spare in zip(orders, places, spares, strict=True):
            order.place, order.spare = place, spare
        return [places, spares]

    def _allocate(self) -> None:
        chains, dtype = self.chains, self.samples.rows.dtype
        m, d = len(chains), self.samples.rows.width
        averaged = any(chain.settings.average for chain in chains)
        truncated = any(chain.settings.penalty in ("l1", "elasticnet") for chain in chains)
        self.records = np.zeros(m, CHAIN)
        self.coef = np.empty((m, d), dtype)
        self.average = np.zeros((m if averaged else 0, d), dtype)
        self.met = np.zeros((m if truncated else 0, d), dtype)
        k = len(chains[0].settings.paces)
        self.parts = np.zeros((m if k else 0, k), PART)
        decay = SPARSE_INTERCEPT_DECAY if self.samples.rows.sparse else 1.0
        for c, chain in enumerate(chains):
            raw = chain.raw
            record = chain.record(decay, self._wants_objective(chain))
            self.coef[c] = chain.coef if raw is None else raw.coef
            average = chain.average_coef if raw is None else raw.average
            if averaged and average is not None:
                self.average[c] = average
            if truncated and raw is not None and raw.met is not None:
                self.met[c] = raw.met
            if k:
                self.parts[c] = chain.parts()
            if record["objective"]:
                self._measure(record, self.coef[c], self.parts[c] if k else None)
            self.records[c] = record

    def _wants_objective(self, chain: Chain) -> bool:
        s = chain.settings
        told = s.verbose > 0 or self.callback is not None
        return told or (s.judged and not s.early_stopping)

    def _measure(
        self, record: NDArray[np.void], coef: NDArray, parts: NDArray[np.void] | None = None
    ) -> None:
        """The norms of a model that does not start at zero, or of its parts."""
        if parts is not None:
            pieces = np.split(coef, np.cumsum(parts["width"])[:-1])
            for part, piece in zip(parts, pieces, strict=True):
                self._measure(part, piece)
            return
        w = coef.astype(np.float64) * float(record["scale"])
        record["sq_norm"] = _kernels.select().dot(w, w)
        record["l1_norm"] = np.abs(w).sum()

    # -- epochs ----------------------------------------------------------------------------------

    def run(self) -> None:
        while self.chains:
            self._begin()
            self._visit()
            self._judge(self.epoch)

    def _begin(self) -> None:
        self.epoch += 1
        if any(chain.settings.verbose > 0 for chain in self.chains):
            print(f"-- Epoch {self.epoch}")
        self.records["loss_sum"] = self.records["objective_sum"] = 0.0

    def _visit(self) -> None:
        """Learn from every row once."""
        visits = {key: order.next() for key, order in self.orders.items()}
        own = [visits[_order_of(chain)] for chain in self.chains]
        whole = own[0][None] if len(visits) == 1 else None
        if self.aligned is not None:
            self.aligned.reverse()  # as place and spare of each order have changed roles
            whole = self.aligned[0]
        self._sweep(own, whole)

    def _sweep(self, own: list[Index], whole: NDArray[np.int64] | None) -> None:
        """Learn from rows in an order per chain, longest first; or in those of a matrix."""
        at, end = 0, len(own[0])
        while at < end:
            active = sum(len(order) > at for order in own)
            stop = min(at + self.step, len(own[active - 1]))
            parts = [order[at:stop] for order in own[:active]] if whole is None else []
            self._call(np.stack(parts) if whole is None else whole[:, at:stop], active)
            at = stop

    def _call(self, order: Index, active: int) -> None:
        began = perf_counter()
        _kernels.select().chains(
            self.samples.rows, order, self.samples.targets, self.samples.weight,
            self.records[:active], self.coef[:active], *self._rest(slice(active)), self.exact,
        )  # fmt: skip
        spent = max(perf_counter() - began, 1e-9)
        rate = order.shape[1] * min(8.0, max(0.125, _CALL / spent))
        self.step = max(_SHORTEST, int(rate))

    def _judge(self, epoch: int) -> None:
        """After an epoch: note overflows, tell how it went, and let go of chains that are done."""
        finite = np.isfinite(self.coef).all(axis=1) & np.isfinite(self.records["intercept"])
        if self.joint:
            finite[:] = finite.all()
        scores = held_scores(self.samples.rows, self.chains, self.records, self._scored(), finite)
        n = np.array([self._order(chain).length for chain in self.chains])
        objectives = self.records["objective_sum"] / n
        self._tell(epoch, n, scores)
        done = np.zeros(len(self.chains), bool)
        for c, chain in enumerate(self.chains):
            chain.n_iter = epoch
            if not finite[c]:
                chain.error = _overflow(epoch)
                done[c] = True
                continue
            first = 0 if self.joint else c
            stalled = self._stalls(chain, objectives[first], scores[first])
            done[c] = self._ends(c, stalled) or epoch == chain.settings.max_iter
        if self.callback is not None:
            self.callback(epoch, float(objectives[finite].mean()) if finite.any() else np.nan)
        if done.any():
            self._release(done)

    def _scored(self) -> NDArray:
        """The weights that rows held out are scored with: as they lie, but parts on one scale."""
        if not len(self.parts):
            return self.coef
        scaled: NDArray = self.coef * [np.repeat(own["scale"], own["width"]) for own in self.parts]
        return scaled

    @staticmethod
    def _stalls(chain: Chain, objective: float, score: float) -> bool:
        """Whether a chain has not got better for long enough."""
        s = chain.settings
        # `best` is of what is to become small: the objective, or minus the score.
        value = -score if s.early_stopping else objective
        tol = s.tol if s.judged and s.tol is not None else -np.inf
        worse = value > chain.best - tol
        chain.stalled = chain.stalled + 1 if s.judged and worse else 0
        chain.best = min(chain.best, value)
        return chain.stalled >= s.n_iter_no_change

    def _ends(self, c: int, stalled: bool) -> bool:
        chain = self.chains[c]
        if not stalled:
            return False
        if chain.settings.learning_rate == "adaptive" and self.records["eta"][c] > 1e-6:
            self.records["eta"][c] /= 5.0
            chain.stalled = 0
            return False
        if chain.settings.verbose > 0 and (c == 0 or not self.joint):
            spent = perf_counter() - self.started
            print(
                f"{_opening(chain)}Convergence after {chain.n_iter} epochs took {spent:.2f} seconds"
            )
        return True

    def _tell(self, epoch: int, n: NDArray, scores: NDArray) -> None:
        """What scikit-learn prints of an epoch; of several models, which one each line is of."""
        told = [c for c, chain in enumerate(self.chains) if chain.settings.verbose > 0]
        for c in told[:1] if self.joint else told:
            chain, record = self.chains[c], self.records[c]
            own = slice(None) if self.joint else slice(c, c + 1)
            norms = self.parts if len(self.parts) else self.records
            # The classes of a softmax are one model, which has no one intercept to show.
            bias = "" if self.joint else f"Bias: {record['intercept']:.6f}, "
            score = f", Validation score: {scores[c]:f}" if chain.settings.early_stopping else ""
            print(
                f"{_opening(chain)}Norm: {np.sqrt(norms['sq_norm'][own].sum()):.2f}, "
                f"NNZs: {np.count_nonzero(self.coef[own])}, {bias}T: {epoch * n[c]}, "
                f"Avg. loss: {record['loss_sum'] / n[c]:f}, "
                f"Objective: {record['objective_sum'] / n[c]:f}{score}"
            )
        if told:
            print(f"Total training time: {perf_counter() - self.started:.2f} seconds.")

    # -- ends ------------------------------------------------------------------------------------

    def _release(self, done: NDArray[np.bool_]) -> None:
        """Write the chains that are done to their ends, and go on with the others."""
        # A slice is no copy; which matters at the end of a fit of many weights.
        ending: Any = slice(None) if done.all() else done
        chains = [chain for chain, end in zip(self.chains, done, strict=True) if end]
        self._finish(chains, self.records[ending], self.coef[ending], *self._rest(ending))
        self.chains = [chain for chain, end in zip(self.chains, done, strict=True) if not end]
        self.average, self.met, self.parts = self._rest(~done)
        self.records, self.coef = self.records[~done], self.coef[~done]
        left = {_order_of(chain) for chain in self.chains}
        self.orders = {key: order for key, order in self.orders.items() if key in left}
        self.aligned = self._align()

    def _rest(self, which: Any) -> tuple[NDArray, NDArray, NDArray[np.void]]:
        """Of some chains, what only chains have that need it."""
        average, met, parts = (
            array[which] if len(array) else array for array in (self.average, self.met, self.parts)
        )
        return average, met, parts

    def _finish(
        self, chains: list[Chain], records: NDArray[np.void], coef: NDArray, average: NDArray,
        met: NDArray, parts: NDArray[np.void],
    ) -> None:  # fmt: skip
        if not self.exact:
            for c, chain in enumerate(chains):
                chain.raw = Raw(
                    records[c].copy(), coef[c].copy(),
                    average[c].copy() if len(average) else None,
                    met[c].copy() if len(met) else None,
                    parts[c].copy() if len(parts) else None,
                )  # fmt: skip
        with np.errstate(all="ignore"):
            _kernels.select().settle_chains(records, coef, average, parts)
        for c, chain in enumerate(chains):
            # Views would keep the weights of all chains for as long as one of the models lives.
            chain.coef = coef[c].copy() if len(chains) > 1 else coef[c]
            chain.intercept, chain.t = float(records["intercept"][c]), float(records["t"][c])
            if chain.settings.average:
                chain.average_coef = average[c].copy() if len(chains) > 1 else average[c]
                chain.average_intercept = float(records["average_intercept"][c])


def _touched(rows: Rows) -> float:
    """About how many values of a row a step multiplies."""
    touched = 1.0
    for block in rows.blocks:
        values: Any = block.values
        n, width = values.shape
        touched += len(values.data) / max(n, 1) if isinstance(values, Csr) else width
    return touched


def _opening(chain: Chain) -> str:
    """What lines of a chain begin with, where it is one of several."""
    return f"{chain.name[0].upper()}{chain.name[1:]}: " if chain.name else ""


def _overflow(epoch: int) -> ValueError:
    return ValueError(
        f"Floating-point under-/overflow occurred at epoch #{epoch}. Scaling input data with "
        "StandardScaler or MinMaxScaler might help."
    )
