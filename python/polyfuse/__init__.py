"""polyfuse: learn from several feature blocks that describe the same rows.

Normalise each block, fuse them, train a linear model, score it, and see which modality did the
work: in one pass over the data, without stacking it.

Names are imported when they are first used, so that ``import polyfuse`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import (
        dask,
        datasets,
        encoders,
        exceptions,
        fusion,
        inspection,
        linear_model,
        metrics,
        multimodal,
        persistence,
        plotting,
        preprocessing,
        reporting,
        sklearn,
        stream,
    )
    from ._config import show_config
    from ._kernels import isa_levels, use
    from .blocks import Blocks
    from .multimodal import FusionClassifier, FusionRegressor, search_fusion
    from .persistence import load
    from .reporting import report as report

_MODULES = (
    "dask", "datasets", "encoders", "exceptions", "fusion", "inspection", "linear_model", "metrics",
    "multimodal", "persistence", "plotting", "preprocessing", "reporting", "sklearn",
    "stream",
)  # fmt: skip
_NAMES = {
    "Blocks": "blocks",
    "FusionClassifier": "multimodal",
    "FusionRegressor": "multimodal",
    "isa_levels": "_kernels",
    "load": "persistence",
    "report": "reporting",
    "search_fusion": "multimodal",
    "show_config": "_config",
    "use": "_kernels",
}

__all__ = [
    "Blocks", "FusionClassifier", "FusionRegressor", "__version__", "dask", "datasets", "encoders",
    "exceptions", "fusion", "inspection", "isa_levels", "linear_model", "load", "metrics",
    "multimodal", "persistence", "plotting", "preprocessing", "reporting", "search_fusion",
    "show_config", "sklearn", "stream", "use",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
