"""What the docstrings of the SGD estimators have in common."""

from __future__ import annotations


def penalty(default: str, l1_ratio: str = "float in [0, 1] or None") -> str:
    """The penalty, its strength, and the intercept, which has none."""
    return f"""penalty : {{"l2", "l1", "elasticnet"}} or None, default={default}
        |w|² / 2, |w|₁, or l1_ratio · |w|₁ + (1 - l1_ratio) · |w|² / 2. An l1 penalty is applied by
        truncated gradients [2]_, which leaves coefficients at exactly 0.
    alpha : float, default=1e-4
        Strength of the penalty.
    l1_ratio : {l1_ratio}, default=0.15
        For "elasticnet".
    fit_intercept : bool, default=True
        Whether to learn an intercept; it is not penalised."""


def loop(
    score: str = "(with `early_stopping` the score) ", epochs: str = "`n_iter_no_change`"
) -> str:
    """How often the rows are visited, in which order, and what is told of it."""
    return f"""max_iter : int, default=1000
        Most epochs of ``fit``.
    tol : float or None, default=1e-3
        Stop when the mean objective of an epoch {score}has not got
        better by this much for {epochs} epochs. None: make all epochs, which saves
        the work of finding the objective.
    shuffle : bool, default=True
        Visit the rows of each epoch in a new order.
    verbose : int, default=0
        Print a line after each epoch."""


def random_state(default: str = "None") -> str:
    """The generator."""
    return f"""random_state : int, RandomState instance or None, default={default}
        The orders of rows, and the rows held out, are those that scikit-learn draws from it."""


_SCHEDULES = """The step η of row t: 1 / (alpha · (t₀ + t)) with Bottou's t₀ [1]_; eta0;
        eta0 / t^power_t; eta0, divided by 5 when training would stop"""

_PASSIVE = """passive-aggressive [3]_:
        min(eta0, loss / |x|²), or loss / (|x|² + 1 / (2 · eta0))"""


def schedule(default: str, power_t: str, passive_loss: str | None) -> str:
    """The steps; passive-aggressive ones are for one loss, if any."""
    names, steps = '"optimal", "constant", "invscaling", "adaptive"', _SCHEDULES
    if passive_loss is not None:
        names += ', "pa1", "pa2"'
        steps += f"; {_PASSIVE}, for\n        loss={passive_loss} only"
    return f"""learning_rate : {{{names}}}, default={default}
        {steps}.
    eta0 : float, default=0.01
        See `learning_rate`.
    power_t : float, default={power_t}
        See `learning_rate`."""


STOPPING = """early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows, and stop by the score on them.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows to hold out, for classifiers of each class alike. Scalers that are fitted
        here see them too.
    n_iter_no_change : int, default=5
        See `tol`."""

CLASS_WEIGHT = """class_weight : dict, "balanced" or None, default=None
        A factor of the steps of each class; "balanced": n / (n_classes · its number of rows)."""

AVERAGE = """average : bool or int, default=False
        Show the average of the coefficients after each step, from the first step on or from
        the step of that number [1]_."""

WARM_START = """warm_start : bool, default=False
        Let ``fit`` start where the last one has ended. Classifiers then fit scalers of a name anew;
        regressors keep those of the last fit."""

OURS = """scaler : str, scaler, dict or list of them, or None, default=None
        How X, or each of its blocks, is scaled, on the way: by a scaler of
        ``polyfuse.preprocessing``, or by its name, "standard", "minmax", "maxabs" or "robust". One
        that is fitted is used as it is. Those of a name, and copies of those that are not fitted,
        are fitted on all rows of ``fit``; or of the first ``partial_fit``, and kept from then on.
    arithmetic : {"exact", "fast"}, default="exact"
        "exact": the operations of scikit-learn in its order, and its coefficients to the last bit,
        given the same scaled values (our scalers agree with scikit-learn's to rounding).
        "fast": sums over 16 lanes, so to rounding: below 1e-13 of the largest coefficient (float32:
        1e-5) where steps are short, but long ones, as the first of "optimal", may magnify it to the
        whole where the slope of the loss varies. For more than two classes it takes one order of
        rows, where scikit-learn draws one for each: another model, but for ``shuffle=False``.
        ``partial_fit`` goes on as if it had not stopped: without shuffling, and with scalers fitted
        before, chunks in a row give the bits of one fit of one epoch."""

BLOCKWISE = """block_eta : dict or list of float, or None, default=None
        Where X is blocks: a factor, 0 or more, of the step η of each one's coefficients (per-layer
        or per-group learning rates elsewhere); 0 leaves a block where it is. The intercept moves
        by η. For "pa1" and "pa2" |x|² is the sum of factor · |x_block|².
    block_alpha : dict or list of float, or None, default=None
        Likewise of `alpha`, in the penalty of each block's coefficients; the schedule "optimal"
        goes by `alpha` itself."""

FITTED = """t_ : float
        Rows visited, and 1.
    n_iter_ : int
        Epochs made; the most of any class.
    n_features_in_ : int
        Number of columns of all blocks together.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where `X` is a data frame, and no blocks, whose columns are named by strings.
    modalities_ : list of str
        Where `X` is blocks: their names, by which they are looked up afterwards.
    scalers_ : dict of str to fitted scaler or None
        Where there is a scaler: by name of the block, "X" for a matrix. `coef_` is for scaled
        features."""

NOTES = """Notes
    -----
    X may be a list, dict or Blocks of rows: dense, of any real dtype and any strides, or sparse.
    They are read where they lie and never stacked; coefficients are those of the blocks side by
    side, of their scaled values. The model is float32 if the blocks side by side were, else
    float64.

    On sparse data scikit-learn multiplies the steps of the intercept by 0.01. So it is here where
    X is sparse, or one of its blocks, for the whole model: there is one intercept."""

NULLABLE = """Labels in a nullable column of pandas keep their type, as in a plain one: of "Int64",
    ``classes_`` and predictions are int64. scikit-learn makes them float64."""

REFERENCES = """References
    ----------
    .. [1] L. Bottou, "Stochastic gradient descent tricks", Neural Networks: Tricks of the Trade,
       2012.
    .. [2] Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic gradient descent training for
       L1-regularized log-linear models with cumulative penalty", ACL 2009.
    .. [3] K. Crammer, O. Dekel, J. Keshet, S. Shalev-Shwartz and Y. Singer, "Online
       passive-aggressive algorithms", JMLR 7 (2006), 551-585."""
