"""Which way of fusing is best: all of them scored from cached scores of the modalities, nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import metrics
from ._arrays import kind_of, require_number
from ._blocks import BlocksLike
from ._estimator import unfitted
from ._fusion_classifier import FusionClassifier
from ._fusion_learning import Lesson
from ._fusion_model import FusionModel, Plan
from ._fusion_parameters import EARLY, WEIGHTED
from ._fusion_scalers import scaler_entries
from ._held_out import as_groups, fold_rows
from ._kernels.contract import CONCATENATE
from ._missing import Present
from ._modality_scores import ModalityScores
from ._multimodal_inputs import fit_block_scalers
from ._result_text import interval
from ._statistics import student_quantile

Scoring = Callable[[NDArray, NDArray], float]
Folds = list[NDArray[np.int64]]

# Rules that do not change with the temperature: each modality's classes keep their order.
_ORDINAL = ("vote", "weighted_vote", "borda", "reciprocal_rank_fusion")
_UNWEIGHTED = ("mean", "maximum", "minimum", "median", "vote", "borda", "reciprocal_rank_fusion")


class Candidate(NamedTuple):
    """One way of fusing: parameters of a model, and how it scored.

    `scores` are those of each outer fold, `mean` and `std` are over them.
    """

    params: dict[str, Any]
    mean: float
    std: float
    scores: NDArray[np.float64]

    @property
    def label(self) -> str:
        """The parameters in a few words."""
        params = self.params
        words = [params["level"]]
        if params["level"] == "late":
            words.append(params["fusion"])
        if params.get("weights"):
            words.append(f"{params['weights']} weights")
        if params["level"] != "early" and params.get("calibrate") is False:
            words.append("uncalibrated")
        return ", ".join(words)

    def __repr__(self) -> str:
        return f"Candidate({self.label!r}, {self.mean:.4f} ± {self.std:.4f})"


@dataclass(frozen=True, eq=False, repr=False)
class FusionSearch:
    """What :func:`search_fusion` has found.

    Attributes
    ----------
    table : tuple of Candidate
        Every way of fusing, best first: `params`, `mean`, `std` and `scores` by fold.
    best_params : dict
        Parameters of the best, for ``model.set_params``.
    best_score : float
        Its mean score; the best of many, and so a little too good to be true.
    nested_score : float
        Mean score on folds of what was best on the other folds: what to expect of new rows.
    nested_scores : ndarray of shape (n_folds,)
    nested_low, nested_high : float
        95 % interval of `nested_score`, from its spread over the folds (Student's t; the test of
        folds that share training rows is corrected as Nadeau and Bengio did, 2003).
    chosen : tuple of str
        What was best on the other folds, for each fold.
    best_estimator : fitted model
        With `best_params`, learned from all rows.
    """

    table: tuple[Candidate, ...]
    best_params: dict[str, Any]
    best_score: float
    nested_score: float
    nested_scores: NDArray[np.float64]
    nested_low: float
    nested_high: float
    chosen: tuple[str, ...]
    best_estimator: Any

    def __repr__(self) -> str:
        nested = interval(self.nested_score, self.nested_low, self.nested_high)
        best = f"{self.table[0].label} {self.best_score:.3f}"
        return f"FusionSearch({len(self.table)} ways; best: {best}; nested: {nested})"

    def __str__(self) -> str:
        last = "nested: best of the other folds"
        width = max(len(last), *(len(own.label) for own in self.table))
        rows = [f"{own.label:<{width}}  {own.mean:.4f} ± {own.std:.4f}" for own in self.table]
        nested = f"{self.nested_score:.4f} ({self.nested_low:.4f} to {self.nested_high:.4f})"
        return "\n".join([*rows, f"{last:<{width}}  {nested}"])

    def to_dict(self) -> dict[str, list[Any]]:
        """The table by columns, for ``pandas.DataFrame(search.to_dict())``."""
        keys = ("level", "fusion", "weights", "calibrate")
        columns: dict[str, list[Any]] = {"label": [own.label for own in self.table]}
        columns |= {key: [own.params.get(key) for own in self.table] for key in keys}
        columns["mean"] = [own.mean for own in self.table]
        columns["std"] = [own.std for own in self.table]
        return columns


def search_fusion(
    model: FusionModel,
    blocks: BlocksLike,
    y: ArrayLike,
    *,
    cv: int = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    present: Present = None,
    scoring: str | Scoring | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> FusionSearch:
    """Score every rule, with every kind of weights, with and without temperatures; fit the best.

    Models of each modality, and of all together, are learned once for each pair of folds left
    out, and once for each fold; all ways of fusing are then scored from their cached scores. What
    is learned late (temperatures, weights), and which way is the best, is learned without the fold
    that it is scored on, by models and scalers that did not see it: so `nested_score` is honest.

    Parameters
    ----------
    model : FusionClassifier or FusionRegressor
        Its other parameters (scaler, C, class_weight, ...) are kept; rules that `response` does not
        go with are left out.
    blocks, y, groups, sample_weight, present
        As for the model's `fit`; whole groups are left out.
    cv : int, default=5
        Number of folds, at least 3: (cv + 1) · cv / 2 fits of each model.
    scoring : str or callable(y_true, y_pred) -> float, optional
        Greater is better: the name of a metric of :mod:`polyfuse.metrics`, such as
        "balanced_accuracy_score", "balanced_accuracy" for short; "accuracy" or "r2" by default.
    progress : callable(step, n_steps), optional
        Called after each fit.

    Returns
    -------
    FusionSearch

    Raises
    ------
    TypeError
        If `model` is no fusion model.
    ValueError
        If there are too few rows for the folds, fewer than two blocks, or steps by modality.

    Examples
    --------
    >>> import numpy as np
    >>> import polyfuse as pf
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 40)
    >>> blocks = {name: rng.normal(size=(80, 3)) + y[:, None] for name in ("image", "text")}
    >>> search = pf.search_fusion(pf.FusionClassifier(), blocks, y, cv=3)
    >>> len(search.table), search.nested_score > 0.8
    (30, True)
    """
    if not isinstance(model, FusionModel):
        raise TypeError(
            f"model must be a FusionClassifier or FusionRegressor; got {kind_of(model)}."
        )
    require_number(cv, "cv", least=3, integer=True)
    if model._paced:
        raise ValueError(
            "model must have balance=0 and block_eta=None: late and hybrid fusions take no steps "
            "by modality."
        )
    base = unfitted(model).set_params(level="late", fusion="mean", weights=None)
    plan = base._plan(blocks, y, sample_weight, present, base._check_parameters())
    lesson, names = plan.lesson, [*map(str, plan.given.names), EARLY]
    if len(names) < 3:
        raise ValueError(f"blocks must hold at least two modalities; got {names[:1]}.")
    codes = as_groups(groups, lesson.n_rows)
    folds = fold_rows(lesson.n_rows, cv, lesson.task.codes, codes)
    if len(folds) < 3:
        raise ValueError(f"cv={cv} needs rows, or groups, for at least 3 folds; got {len(folds)}.")
    weight = lesson.weights(plan.weight)
    cached = _cache(base, plan, weight, folds, progress)
    classes = plan.known.get("classes_")
    outer = _Outer(plan.given.masks, lesson, names, folds, weight, classes)
    ways = list(_ways(model))
    inner_scores, outer_scores = _score_all(outer, model, ways, cached, _scoring(scoring, model))
    found = _found(ways, inner_scores, outer_scores)
    best = unfitted(model).set_params(**found.best_params)
    best.fit(blocks, y, sample_weight, groups=groups, present=present)
    return replace(found, best_estimator=best)


def _ways(model: FusionModel) -> Iterator[dict[str, Any]]:
    """Parameters of every way of fusing; of those that score alike, the first is taken."""
    yield {"level": "early", "fusion": CONCATENATE, "weights": None}
    if not isinstance(model, FusionClassifier):
        for how in ("learned", "validation"):
            yield {"level": "hybrid", "fusion": None, "weights": how}
            yield {"level": "late", "fusion": "weighted_mean", "weights": how}
        for fold in ("mean", "median", "maximum", "minimum"):
            yield {"level": "late", "fusion": fold, "weights": None}
        return
    ways: list[tuple[str, str | None, tuple[str | None, ...]]] = [
        ("late", "geometric_mean", (None, "learned", "validation")),
        ("hybrid", None, (None, "learned", "validation")),
        ("late", "weighted_mean", ("learned", "validation")),
        ("late", "weighted_vote", ("learned", "validation")),
        *(("late", rule, (None,)) for rule in _UNWEIGHTED),
    ]
    for level, rule, kinds in ways:
        if rule is not None and not model._takes(rule):
            continue
        for kind in kinds:
            for calibrate in (True,) if rule in _ORDINAL else (True, False):
                yield {"level": level, "fusion": rule, "weights": kind, "calibrate": calibrate}


def _scoring(scoring: str | Scoring | None, model: FusionModel) -> Scoring:
    if callable(scoring):
        return scoring
    default = "accuracy_score" if isinstance(model, FusionClassifier) else "r2_score"
    name = default if scoring is None else scoring
    for known in (name, f"{name}_score"):
        if known in metrics.__all__:
            found: Scoring = getattr(metrics, known)
            return found
    raise ValueError(
        f"scoring must be a metric of polyfuse.metrics, or callable such as functools.partial("
        f"metrics.f1_score, average='macro'); got {name!r}."
    )


def _cache(
    base: FusionModel, plan: Plan, weight: NDArray[np.float64], folds: Folds,
    progress: Callable[[int, int], object] | None,
) -> list[list[NDArray[np.float64]]]:  # fmt: skip
    """For each fold left out, scores of all rows by each member: models that saw neither that fold
    nor the fold of the row."""
    n_members = len(plan.lesson.blocks) + 1
    shape = (plan.lesson.n_rows, plan.lesson.task.n_outputs)
    cached = [[np.full(shape, np.nan) for _ in range(n_members)] for _ in folds]
    pairs = [(k, k) for k in range(len(folds))] + list(combinations(range(len(folds)), 2))
    for p, (k, j) in enumerate(pairs):
        learned = weight.copy()
        learned[folds[k]] = learned[folds[j]] = 0.0
        lesson = _rescaled(base, plan, learned)
        for m in range(n_members):
            model = base._member(lesson, m, learned)
            for out, rows in {(k, j): folds[j], (j, k): folds[k]}.items():
                cached[out[0]][m][rows] = base._member_scores(lesson, m, model, rows)
            if progress is not None:
                progress(p * n_members + m + 1, n_members * len(pairs))
    return cached


def _rescaled(base: FusionModel, plan: Plan, learned: NDArray[np.float64]) -> Lesson:
    """The lesson with scalers that saw no other rows than those learned from."""
    given, rows = plan.given, learned > 0.0
    masks = [rows if mask is None else rows & mask for mask in given.masks]
    scalers = [
        scaler if mask.any() else None  # what is nowhere is not learned from
        for scaler, mask in zip(
            scaler_entries(given.names, base.scaler, "scaler"), masks, strict=True
        )
    ]
    fitted = fit_block_scalers(given._replace(masks=[*masks]), scalers)
    return replace(plan.lesson, blocks=given.described(fitted))


class _Outer(NamedTuple):
    """What does not change from fold to fold."""

    masks: list[NDArray[np.bool_] | None]
    lesson: Lesson
    names: list[str]
    folds: Folds
    weight: NDArray[np.float64]
    classes: NDArray | None


def _score_all(
    outer: _Outer, model: FusionModel, ways: list[dict[str, Any]],
    cached: list[list[NDArray[np.float64]]], scoring: Scoring,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Scores (n_ways, n_folds) on the other folds, which late parts are learned from, and on it."""
    task = outer.lesson.task
    truth = task.targets[:, 0]
    if outer.classes is not None:
        truth = outer.classes[task.codes]
    inner_scores = np.empty((len(ways), len(outer.folds)))
    outer_scores = np.empty_like(inner_scores)
    for w, way in enumerate(ways):
        own = unfitted(model).set_params(**way)
        for k, rows in enumerate(outer.folds):
            predicted = _predicted(own, outer, cached[k], rows)
            others = np.delete(np.arange(len(truth)), rows)
            inner_scores[w, k] = scoring(truth[others], predicted[others])
            outer_scores[w, k] = scoring(truth[rows], predicted[rows])
    return inner_scores, outer_scores


def _predicted(
    own: Any, outer: _Outer, scores: list[NDArray[np.float64]], held_out: NDArray[np.int64]
) -> NDArray:
    """What a way of fusing says of all rows, learned from those that are not held out."""
    names, masks = outer.names, outer.masks
    fusion = own._check_parameters()
    learned_from = outer.weight.copy()
    learned_from[held_out] = 0.0
    prior = own._prior(outer.lesson.task, learned_from)
    decide = ModalityScores([scores[-1]], classes=outer.classes)
    if own.level == "early":
        return decide.predict()
    n_members = len(names) if own.level == "hybrid" else len(names) - 1
    learned = []
    for m in range(n_members):
        seen = scores[m].copy()
        seen[held_out] = np.nan
        if m < len(masks) and masks[m] is not None:
            seen[~masks[m]] = np.nan  # type: ignore[operator]
        learned.append(seen)
    pooled = own._pool(names[:n_members], learned, outer.lesson, fusion, learned_from)
    for name, value in pooled.items():
        setattr(own, name, value)
    if own.level == "hybrid":
        fused = sum(w * x for w, x in zip(own._shares(), scores, strict=True))
        return decide.decide(np.asarray(fused))
    parts = {name: own._part(name, x) for name, x in zip(names[:-1], scores, strict=False)}
    return ModalityScores(
        parts, rule=fusion, weights=own.weights_ if fusion in WEIGHTED else None,
        classes=outer.classes, present=dict(zip(names[:-1], masks, strict=True)),
        prior=prior,
    ).predict()  # fmt: skip


def _found(
    ways: list[dict[str, Any]], inner: NDArray[np.float64], outer: NDArray[np.float64]
) -> FusionSearch:
    """The table, the best, and what choosing it is worth."""
    n_folds = outer.shape[1]
    candidates = [
        Candidate(way, float(own.mean()), float(own.std(ddof=1)), own)
        for way, own in zip(ways, outer, strict=True)
    ]
    table = tuple(sorted(candidates, key=lambda own: -own.mean))  # of equals, the first
    chosen = inner.argmax(axis=0)
    nested = outer[chosen, np.arange(n_folds)]
    # 1 / n of independent folds, and what they have in common: test rows per training row.
    spread = np.sqrt((1.0 / n_folds + 1.0 / (n_folds - 1)) * nested.var(ddof=1))
    half = float(student_quantile(n_folds - 1) * spread)
    score = float(nested.mean())
    return FusionSearch(
        table, table[0].params, table[0].mean, score, nested, score - half, score + half,
        tuple(candidates[w].label for w in chosen), None,
    )  # fmt: skip
