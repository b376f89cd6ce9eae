"""Subclasses of scikit-learn's classes, as users write them; and what the report says."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import (
    MinMaxScaler,
    StandardScaler,
)

from polyfuse.sklearn import report


def outcomes() -> set[tuple[str, str]]:
    return {(call.name, call.outcome) for call in report().calls}


class Overridden(SGDClassifier):
    def decision_function(self, X: Any) -> Any:
        return -super().decision_function(X)


class PrivateSGD(SGDClassifier):
    def _get_l1_ratio(self) -> Any:
        return super()._get_l1_ratio()


class Private(MinMaxScaler):
    def _reset(self) -> None:
        super()._reset()


class Renamed(StandardScaler):
    def __init__(self, width: int = 1) -> None:
        super().__init__(with_std=False)
        self.width = width

    def fit(self, X: Any, y: Any = None) -> Any:
        return super().fit(X * self.width)


class Losses(SGDClassifier):
    loss_functions = {**SGDClassifier.loss_functions}  # noqa: RUF012


class Alpha(SGDClassifier):
    @property
    def alpha(self) -> float:
        return 0.5

    @alpha.setter
    def alpha(self, value: float) -> None:
        pass


class Setting(StandardScaler):
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)


class Unready(StandardScaler):
    def __sklearn_is_fitted__(self) -> bool:
        return False


class OwnNames(StandardScaler):
    def get_feature_names_out(self, input_features: Any = None) -> Any:
        return np.array([f"z{i}" for i in range(5)], dtype=object)


class OwnScaler(SGDClassifier):
    def __init__(self, scaler: str = "standard", random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.scaler = scaler
        self._features = "kept"
