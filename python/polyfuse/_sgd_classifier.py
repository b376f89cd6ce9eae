"""SGDClassifier: linear classifiers trained by stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _constraints as c
from . import _sgd_docs as d
from ._available import available_if
from ._linear import probabilities
from ._sgd_base import BLOCKWISE, PENALISED
from ._sgd_classes import CLASSIFICATION, DEFAULT_EPSILON, BaseSGDClassifier


def _require_probabilities(estimator: Any) -> None:
    if estimator.loss not in ("log_loss", "modified_huber", "multinomial"):
        raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")


class SGDClassifier(BaseSGDClassifier):
    __doc__ = f"""Linear classifier, trained one row at a time: scikit-learn's, to the last bit.

    Minimises the mean loss of the scores X w + b, and alpha times a penalty of w, by stochastic
    gradient descent: w <- w - η (∂loss/∂w + alpha · ∂penalty/∂w) for each row. Several classes
    are so many models of one against the rest, trained together.

    Parameters
    ----------
    loss : str, default="hinge"
        "hinge", max(0, 1 - y p), a linear support vector machine; "log_loss", logistic
        regression; "modified_huber", "squared_hinge", "perceptron"; "squared_error", "huber",
        "epsilon_insensitive", "squared_epsilon_insensitive" of targets -1 and 1; "multinomial",
        not in scikit-learn: one model with the softmax over all classes, in fast arithmetic
        always ("log_loss" where there are two classes).
    {d.penalty('"l2"')}
    {d.loop()}
    epsilon : float, default=0.1
        Where "huber" becomes linear; up to where the epsilon-insensitive losses are 0.
    n_jobs : int or None, default=None
        Not looked at: see ``polyfuse.show_config`` for the threads of the kernels.
    {d.random_state()}
    {d.schedule('"optimal"', "0.5", '"hinge"')}
    {d.STOPPING}
    {d.CLASS_WEIGHT}
    {d.WARM_START}
    {d.AVERAGE}
    {d.OURS}
    {d.BLOCKWISE}

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
    >>> from polyfuse.linear_model import SGDClassifier
    >>> X = [[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]]
    >>> y = ["left", "left", "right", "right"]
    >>> model = SGDClassifier(max_iter=100, random_state=0).fit(X, y)
    >>> model.predict([[-0.8, -1.0]])
    array(['left'], dtype='<U5')

    Blocks, of which only one is scaled, and one learns at a tenth of the pace:

    >>> blocks = {{"image": X, "text": [[3.0], [4.0], [0.0], [1.0]]}}
    >>> model = SGDClassifier(
    ...     "log_loss", max_iter=50, tol=None, random_state=0,
    ...     scaler={{"image": "standard", "text": None}},
    ...     block_eta={{"image": 1.0, "text": 0.1}},
    ... ).fit(blocks, y)
    >>> model.predict({{"text": [[3.5]], "image": [[-0.8, -1.0]]}})
    array(['left'], dtype='<U5')
    >>> model.coef_.shape, model.modalities_, model.scalers_
    ((1, 3), ['image', 'text'], {{'image': StandardScaler(), 'text': None}})
    """

    _constraints = {  # noqa: RUF012
        **BaseSGDClassifier._constraints,
        **PENALISED,
        **BLOCKWISE,
        "loss": (c.among(*CLASSIFICATION, "multinomial"),),
    }

    def __init__(
        self,
        loss: str = "hinge",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = DEFAULT_EPSILON,
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        average: bool | int = False,
        scaler: Any = None,
        arithmetic: str = "exact",
        block_eta: Any = None,
        block_alpha: Any = None,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.scaler = scaler
        self.arithmetic = arithmetic
        self.block_eta = block_eta
        self.block_alpha = block_alpha

    @available_if(_require_probabilities)
    def predict_proba(self, X: Any) -> NDArray:
        """Return class probabilities.

        For "multinomial" the softmax of the scores; for "log_loss" their logistic functions,
        brought to a sum of 1; for "modified_huber" (clip(score, -1, 1) + 1) / 2, likewise (Zadrozny
        and Elkan, "Transforming classifier scores into multiclass probability estimates", 2002).

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.

        Raises
        ------
        AttributeError
            For other losses, which have none.
        """
        scores = self._linear_scores(X)
        if self.loss == "multinomial":
            return probabilities(scores)
        if self.loss == "log_loss":
            each = _logistic(scores)
        else:
            # scikit-learn takes two classes to double precision, and leaves more as they are.
            scores = scores.astype(np.float64) if scores.shape[1] == 1 else scores
            each = (np.clip(scores, -1.0, 1.0) + 1.0) / 2.0
        if each.shape[1] == 1:
            return np.column_stack([1.0 - each[:, 0], each[:, 0]])
        total = each.sum(axis=1, keepdims=True)
        each[total[:, 0] == 0.0] = 1.0
        total[total == 0.0] = each.shape[1]
        result: NDArray = each / total
        return result

    @available_if(_require_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like, sparse matrix or blocks, as in `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; -inf where a probability is 0.

        Raises
        ------
        AttributeError
            For losses without probabilities.
        """
        with np.errstate(divide="ignore"):
            logarithms: NDArray = np.log(self.predict_proba(X))
        return logarithms


def _logistic(x: NDArray) -> NDArray:
    odds = np.exp(-np.abs(x))
    result: NDArray = np.where(x >= 0, 1.0, odds).astype(x.dtype, copy=False) / (1.0 + odds)
    return result
