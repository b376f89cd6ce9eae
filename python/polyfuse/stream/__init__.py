"""Files larger than memory: read in chunks, scaled, fused, learned from, predicted and scored.

Every function gives what the same call gives in memory, to the last bit where the mathematics is
the same, and takes memory for a few chunks.
"""

from __future__ import annotations

from ._ahead import Chunk
from ._dataset import Dataset
from ._evaluate import Evaluation, evaluate, modality_scores
from ._fit import fit, fit_scalers
from ._iterables import Stream
from ._keys import open_aligned
from ._readers import Reader, SourceError
from ._sources import Source, open_source
from ._write import fuse, predict, transform

__all__ = [
    "Chunk", "Dataset", "Evaluation", "Reader", "Source", "SourceError", "Stream", "evaluate",
    "fit", "fit_scalers", "fuse", "modality_scores", "open_aligned", "open_source", "predict",
    "transform",
]  # fmt: skip
