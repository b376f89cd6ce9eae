"""Is fusion worth it? The test of two models on the same rows, and its answer in words."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray

from . import metrics
from ._statistics import CONFIDENCE


@dataclass(frozen=True)
class Verdict:
    """Does a fusion differ from the best single modality by more than chance?

    Attributes
    ----------
    difference : float
        Accuracy of the fusion minus that of the modality.
    low, high : float
        Interval of the difference, at 95 % confidence that allows for the choice of the fusion.
    p_value : float
        Of the exact McNemar test, times the number of fusions to choose from.
    gained, lost : int
        Rows that only the fusion gets right, and rows that only the modality gets right.
    """

    difference: float
    low: float
    high: float
    p_value: float
    gained: int
    lost: int

    @property
    def beyond_noise(self) -> bool:
        return self.p_value < 1.0 - CONFIDENCE

    def sentence(self, who: str, accuracy: float, alone: str) -> str:
        """What the rows show, in a sentence without its full stop."""
        right, points = f"{100 * accuracy:.1f} %", f"{100 * abs(self.difference):.1f} points"
        if self.gained == self.lost:
            return f"Fusion makes no difference: {who} gets {right} right, as {alone} does"
        if self.gained > self.lost:
            helps = "Fusion helps" if self.beyond_noise else "Fusion may help, but it may be luck"
            return f"{helps}: {who} gets {right} right, {points} more than {alone}"
        hurts = "Fusion hurts" if self.beyond_noise else "Fusion shows no gain"
        return f"{hurts}: {who} gets {right} right, {points} less than {alone}"

    def evidence(self, n_rows: int, alone: str, allowance: str = "") -> str:
        """What the sentence rests on; `allowance` says what the test and interval allow for."""
        noise = "more than chance explains" if self.beyond_noise else "within what chance explains"
        p_value = f"p = {self.p_value:.2g}" if self.p_value >= 0.001 else "p < 0.001"
        return (
            f"Of {n_rows} rows held out, {self.gained} are right only by fusion and {self.lost} "
            f"only by {alone}. The difference is {noise} (exact McNemar test, {p_value}; "
            f"95 % interval {100 * self.low:+.1f} to {100 * self.high:+.1f} points{allowance})."
        )


def judge(y_true: NDArray, fused: NDArray, alone: NDArray, n_choices: int = 1) -> Verdict:
    """The labels of a fusion, the best of so many, against those of a modality, row by row."""
    found = metrics.compare(
        y_true, fused, alone, "accuracy", method="mcnemar",
        confidence_level=1.0 - (1.0 - CONFIDENCE) / n_choices,
    )  # fmt: skip
    assert found.only_a is not None
    assert found.only_b is not None
    p_value = min(1.0, n_choices * found.p_value)
    return Verdict(found.difference, found.low, found.high, p_value, found.only_a, found.only_b)


def all_of_them(modalities: tuple[str, ...]) -> str:
    """Modalities by name, or their number where there are many."""
    few = len(modalities) <= 4
    return " + ".join(modalities) if few else f"{len(modalities)} modalities"
