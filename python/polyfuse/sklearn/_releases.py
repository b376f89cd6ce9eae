"""What releases of scikit-learn have in common with ours, and what older ones do otherwise."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .. import _constraints as c
from .._sgd_classes import CLASSIFICATION

OLDEST, NEWEST = (1, 6), (1, 9)
"""The releases whose own tests pass on the patch."""

SINCE = {
    "brier_score_loss": (1, 7),  # the name of an argument
    "precision_recall_curve": (1, 7),
    "log_loss": (1, 7),  # and in a warning
    "det_curve": (1, 7),  # with the point at infinity
    "mean_absolute_error": (1, 7),  # a float, not a number of NumPy
    "mean_pinball_loss": (1, 7),
    "class_likelihood_ratios": (1, 9),  # without raise_warning
    "SGDOneClassSVM": (1, 9),  # steps of alpha = nu, not nu / 2
}
"""The release since which the answers of a class or function are ours; before, it is left."""


def installed() -> tuple[int, ...]:
    """The installed release, as in (1, 9)."""
    version: str = import_module("sklearn").__version__
    return tuple(map(int, version.split(".")[:2]))


def internal(name: str) -> Any:
    """A module of scikit-learn that a release may be without, or None."""
    try:
        return import_module(name)
    except ImportError:
        return None


def is_alike(name: str) -> bool:
    """Whether the installed release answers as ours."""
    return installed() >= SINCE.get(name, OLDEST)


def of_release(ours: type) -> type:
    """Our class with the parameters that scikit-learn's has, in the installed release."""
    constraints = getattr(ours, "_constraints", {})
    older = installed() < (1, 8) and "eta0" in constraints
    changed = {"eta0": (c.NOT_NEGATIVE,)} if older else {}
    if ours.__name__ == "SGDClassifier":
        changed["loss"] = (c.among(*CLASSIFICATION),)  # without "multinomial"
    if not changed:
        return ours

    class Theirs(ours):  # type: ignore[misc]
        _constraints = {**constraints, **changed}  # noqa: RUF012

        def _check_parameters(self, **how: Any) -> None:
            super()._check_parameters(**how)
            # Before 1.8, eta0 was 0 by default, where the schedule does not look at it.
            if self.learning_rate != "optimal" and self.eta0 <= 0:
                raise ValueError("eta0 must be > 0")

    Theirs.__name__ = Theirs.__qualname__ = ours.__name__
    return Theirs
