"""Perceptron: Rosenblatt's rule, as a case of stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from . import _constraints as c
from . import _sgd_docs as d
from ._sgd_base import PENALISED
from ._sgd_classes import DEFAULT_EPSILON, BaseSGDClassifier


class Perceptron(BaseSGDClassifier):
    __doc__ = f"""The perceptron (Rosenblatt, 1958): scikit-learn's, to the last bit.

    SGDClassifier with loss="perceptron", max(0, -y p), and steps of eta0: w moves by eta0 · y x
    for each row that is on the wrong side.

    Parameters
    ----------
    {d.penalty("None", "float in [0, 1]")}
    {d.loop()}
    eta0 : float, default=1.0
        The step.
    n_jobs : int or None, default=None
        Not looked at: see ``polyfuse.show_config`` for the threads of the kernels.
    {d.random_state("0")}
    {d.STOPPING}
    {d.CLASS_WEIGHT}
    {d.WARM_START}
    {d.OURS}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) for two classes, else (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    {d.FITTED}

    {d.NOTES}

    {d.NULLABLE}

    {d.REFERENCES}

    Examples
    --------
    >>> from polyfuse.linear_model import Perceptron
    >>> X = [[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]]
    >>> Perceptron().fit(X, [0, 0, 1, 1]).predict([[-0.8, -1.0], [3.0, 0.5]])
    array([0, 1])
    """

    loss = "perceptron"
    epsilon = DEFAULT_EPSILON
    learning_rate = "constant"
    power_t = 0.5
    average = False

    _constraints = {  # noqa: RUF012
        **BaseSGDClassifier._constraints,
        "penalty": PENALISED["penalty"],
        "alpha": (c.NOT_NEGATIVE,),
        "l1_ratio": (c.SHARE,),
    }

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        scaler: Any = None,
        arithmetic: str = "exact",
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.scaler = scaler
        self.arithmetic = arithmetic
