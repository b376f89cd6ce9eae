"""Peers of the metrics that race where they are installed; `contest.OPTIONAL` lists them.

They are imported when their turn comes: their threads are started by then, not before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from polyfuse import _kernels

from .contest import OPTIONAL, Contestant

# Of a peer, what it runs on and the function that tells its threads.
RUNTIMES = {"torch": ("torch", "get_num_threads"), "oneDAL": ("daal4py", "num_threads")}


def intelex(name: str, arguments: Callable[[Any], tuple[Any, ...]]) -> Contestant:
    """A function of ``sklearnex.metrics``, called with `arguments` of the data."""

    def make(data: Any) -> Callable[[], Any]:
        import daal4py
        import sklearnex.metrics

        daal4py.daalinit(_kernels.num_threads())  # it does not follow OMP_NUM_THREADS
        function, given = getattr(sklearnex.metrics, name), arguments(data)
        return lambda: function(*given)

    return make


def torchmetrics(
    name: str, arguments: Callable[[Any], tuple[Any, ...]], **options: Any
) -> Contestant:
    """A function of ``torchmetrics.functional.classification``, on tensors in the data's memory.

    It does not validate what it gets, as polyfuse and scikit-learn always do. An option may be a
    function of the data.
    """

    def make(data: Any) -> Callable[[], Any]:
        import torch
        from torchmetrics.functional import classification

        function, (true, pred) = (
            getattr(classification, name),
            map(torch.from_numpy, arguments(data)),
        )
        chosen = {key: o(data) if callable(o) else o for key, o in options.items()}
        return lambda: function(pred, true, validate_args=False, **chosen).numpy()

    return make


def versions() -> dict[str, str]:
    """Of the optional peers that are installed."""
    installed = [peer for peer, module in OPTIONAL.items() if find_spec(module)]
    names = [*installed, *(["torch"] if "torchmetrics" in installed else [])]
    return {name: version(name) for name in names}


def threads() -> dict[str, int]:
    """Of the optional peers that have raced."""
    return {
        name: getattr(sys.modules[module], count)()
        for name, (module, count) in RUNTIMES.items()
        if module in sys.modules
    }
