"""Linear models trained by gradient descent, and least squares in closed form."""

from __future__ import annotations

from ._gradient_descent import GDClassifier, GDRegressor
from ._least_squares import LinearRegression
from ._one_class import SGDOneClassSVM
from ._perceptron import Perceptron
from ._sgd_classifier import SGDClassifier
from ._sgd_regressor import SGDRegressor
from ._sgd_sweep import SGDSweep

__all__ = [
    "GDClassifier",
    "GDRegressor",
    "LinearRegression",
    "Perceptron",
    "SGDClassifier",
    "SGDOneClassSVM",
    "SGDRegressor",
    "SGDSweep",
]
