"""Linear models trained by gradient descent, and least squares in closed form."""

from __future__ import annotations

from ._gradient_descent import GDClassifier, GDRegressor
from ._least_squares import LinearRegression

__all__ = ["GDClassifier", "GDRegressor", "LinearRegression"]
