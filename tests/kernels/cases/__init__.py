"""The cases of the contract, a file per kernel family."""

from __future__ import annotations

from collections.abc import Sequence

from ..case import Case
from .confusion import confusion_cases, large_confusion_cases
from .fusion import fusion_cases, large_fusion_cases
from .normalization import large_normalization_cases, normalization_cases
from .sgd import large_sgd_cases, sgd_cases


def _unique(cases: Sequence[Case]) -> tuple[Case, ...]:
    assert len({case.id for case in cases}) == len(cases)
    return tuple(cases)


# Large enough for several threads.
LARGE = _unique(
    [
        *large_fusion_cases(), *large_normalization_cases(), *large_sgd_cases(),
        *large_confusion_cases(),
    ]
)  # fmt: skip
CASES = _unique([*fusion_cases(), *normalization_cases(), *sgd_cases(), *confusion_cases(), *LARGE])
