"""What the docstrings of the SGD estimators have in common."""

from __future__ import annotations

PENALTY = """penalty : {"l2", "l1", "elasticnet"} or None
        |w|² / 2, |w|₁, or l1_ratio · |w|₁ + (1 - l1_ratio) · |w|² / 2. An l1 penalty is applied by
        truncated gradients [2]_, which leaves coefficients at exactly 0.
    alpha : float, default=1e-4
        Strength of the penalty.
    l1_ratio : float in [0, 1] or None, default=0.15
        For "elasticnet".
    fit_intercept : bool, default=True
        Whether to learn an intercept; it is not penalised. On sparse data its steps are multiplied
        by 0.01."""

LOOP = """max_iter : int, default=1000
        Most epochs of ``fit``.
    tol : float or None, default=1e-3
        Stop when the mean objective of an epoch (with `early_stopping` the score) has not got
        better by this much for `n_iter_no_change` epochs. None: make all epochs, which saves the
        work of finding the objective.
    shuffle : bool, default=True
        Visit the rows of each epoch in a new order.
    verbose : int, default=0
        Print a line after each epoch."""

RANDOM_STATE = """random_state : int, RandomState instance or None
        The orders of rows, and the rows held out, are those that scikit-learn draws from it."""

SCHEDULE = """learning_rate : {"optimal", "constant", "invscaling", "adaptive", "pa1", "pa2"}
        The step η of row t: 1 / (alpha · (t₀ + t)) with Bottou's t₀ [1]_; eta0;
        eta0 / t^power_t; eta0, divided by 5 when training would stop; passive-aggressive [3]_:
        min(eta0, loss / |x|²), or loss / (|x|² + 1 / (2 · eta0)).
    eta0 : float, default=0.01
        See `learning_rate`.
    power_t : float
        See `learning_rate`."""

STOPPING = """early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows, and stop by the score on them.
    validation_fraction : float in (0, 1), default=0.1
    n_iter_no_change : int, default=5
        See `tol`."""

CLASS_WEIGHT = """class_weight : dict, "balanced" or None, default=None
        A factor of the steps of each class; "balanced": n / (n_classes · its number of rows)."""

AVERAGE = """average : bool or int, default=False
        Show the average of the coefficients after each step, from the first step on or from
        the step of that number [1]_."""

WARM_START = """warm_start : bool, default=False
        Let ``fit`` start where the last one has ended."""

OURS = """scaler : str, fitted scaler, dict or list of them, or None, default=None
        How X, or each of its blocks, is scaled, on the way: "standard", "minmax", "maxabs",
        "robust", fitted in ``fit``; or scalers of ``polyfuse.preprocessing``, fitted before.
    arithmetic : {"exact", "fast"}, default="exact"
        "exact": the operations of scikit-learn in its order, and its coefficients to the last bit.
        "fast": sums over 16 lanes, so to rounding (which the first steps of "optimal" may
        magnify), and one order of rows for all classes; ``partial_fit`` goes on as if it had not
        stopped: without shuffling, chunks in a row give the bits of one fit of one epoch."""

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
    feature_names_in_ : ndarray of str, where X was a data frame
    modalities_ : list of str, where X was several blocks
        Their names; they are looked up by name afterwards.
    scalers_ : dict of str to fitted scaler or None, where there is a scaler"""

NOTES = """Notes
    -----
    X may be a list or dict of blocks of rows: dense, of any real dtype and any strides, or sparse.
    They are read where they lie and never stacked; coefficients are those of the blocks side by
    side, of their scaled values. The model is float32 if the blocks side by side were, else
    float64.

    References
    ----------
    .. [1] L. Bottou, "Stochastic gradient descent tricks", Neural Networks: Tricks of the Trade,
       2012.
    .. [2] Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic gradient descent training for
       L1-regularized log-linear models with cumulative penalty", ACL 2009.
    .. [3] K. Crammer, O. Dekel, J. Keshet, S. Shalev-Shwartz and Y. Singer, "Online
       passive-aggressive algorithms", JMLR 7 (2006), 551-585."""
