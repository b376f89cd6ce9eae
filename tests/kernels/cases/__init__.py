"""The cases of the contract, a file per kernel family."""

from __future__ import annotations

from collections.abc import Sequence

from ..case import Case
from .batches import batches_cases, large_batches_cases
from .chain_parts import parts_cases
from .chains import chains_cases, large_chains_cases
from .confusion import confusion_cases, large_confusion_cases
from .fusion import fusion_cases, large_fusion_cases
from .inspection import inspection_cases, large_inspection_cases
from .normalization import large_normalization_cases, normalization_cases
from .probabilities import large_probabilities_cases, probabilities_cases
from .ranking import large_ranking_cases, ranking_cases
from .regression import large_regression_cases, regression_cases
from .sgd import large_sgd_cases, sgd_cases


def _unique(cases: Sequence[Case]) -> tuple[Case, ...]:
    assert len({case.id for case in cases}) == len(cases)
    return tuple(cases)


# Large enough for several threads.
LARGE = _unique(
    [
        *large_fusion_cases(), *large_normalization_cases(), *large_sgd_cases(),
        *large_confusion_cases(), *large_batches_cases(), *large_ranking_cases(),
        *large_chains_cases(), *large_probabilities_cases(), *large_regression_cases(),
        *large_inspection_cases(),
    ]
)  # fmt: skip
CASES = _unique(
    [
        *fusion_cases(), *normalization_cases(), *sgd_cases(), *confusion_cases(),
        *batches_cases(), *ranking_cases(), *chains_cases(), *parts_cases(),
        *probabilities_cases(), *regression_cases(), *inspection_cases(),
        *LARGE,
    ]
)  # fmt: skip
