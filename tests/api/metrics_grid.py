"""Random calls of every metric beside scikit-learn's: values, errors and warnings.

    python tests/api/metrics_grid.py [--count N] [--seed S]

``test_metrics_grid.py`` runs a sample of it; `make metrics-grid` draws 20,000.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from metrics_oracle import LABELS, compare, draw_labels, draw_targets, draw_weights
from numpy.typing import NDArray

from polyfuse import metrics

Draw = Callable[[np.random.Generator, str], tuple[tuple[Any, ...], dict[str, Any]]]

ZERO_DIVISION = ("warn", 0, 1, 0.0, 1.0, math.nan)
AVERAGES = (None, "binary", "micro", "macro", "weighted", "samples")

# Keywords of the metrics of labels, with what they are drawn from.
OF_LABELS: dict[str, dict[str, tuple[Any, ...]]] = {
    "accuracy_score": {"normalize": (True, False)},
    "balanced_accuracy_score": {"adjusted": (False, True)},
    "class_likelihood_ratios": {"replace_undefined_by": (np.nan, 1.0)},
    "classification_report": {
        "digits": (2, 0, 5), "output_dict": (False, True), "zero_division": ZERO_DIVISION,
    },
    "cohen_kappa_score": {
        "weights": (None, "linear", "quadratic"), "replace_undefined_by": (math.nan, 0.0, -1.0),
    },
    "confusion_matrix": {"normalize": (None, "true", "pred", "all")},
    "f1_score": {"average": AVERAGES, "zero_division": ZERO_DIVISION},
    "fbeta_score": {
        "average": AVERAGES, "zero_division": ZERO_DIVISION, "beta": (0, 0.5, 1, 2.0, math.inf),
    },
    "hamming_loss": {},
    "jaccard_score": {"average": AVERAGES, "zero_division": ("warn", 0, 1, 0.0, 1.0)},
    "matthews_corrcoef": {},
    "multilabel_confusion_matrix": {"samplewise": (False, False, True)},
    "precision_recall_fscore_support": {
        "average": AVERAGES, "zero_division": ZERO_DIVISION, "beta": (0, 0.5, 1, 2.0, math.inf),
        "warn_for": (("precision",), ["f-score"], {"recall"}, ()),
    },
    "precision_score": {"average": AVERAGES, "zero_division": ZERO_DIVISION},
    "recall_score": {"average": AVERAGES, "zero_division": ZERO_DIVISION},
    "zero_one_loss": {"normalize": (True, False)},
}  # fmt: skip
TAKE_LABELS = {
    "class_likelihood_ratios", "classification_report", "cohen_kappa_score", "confusion_matrix",
    "f1_score", "fbeta_score", "jaccard_score", "multilabel_confusion_matrix",
    "precision_recall_fscore_support", "precision_score", "recall_score",
}  # fmt: skip
TAKE_INDICATORS = {
    "accuracy_score", "classification_report", "f1_score", "fbeta_score", "hamming_loss",
    "jaccard_score", "multilabel_confusion_matrix", "precision_recall_fscore_support",
    "precision_score", "recall_score", "zero_one_loss",
}  # fmt: skip
# Keywords of the metrics of numbers; those of `POSITIVE` get positive numbers, mostly.
OF_NUMBERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "d2_absolute_error_score": {},
    "d2_pinball_score": {"alpha": (0.5, 0.1, 0.9)},
    "d2_tweedie_score": {"power": (0, 1, 1.5, 2, 3, -1)},
    "explained_variance_score": {"force_finite": (True, False)},
    "max_error": {},
    "mean_absolute_error": {},
    "mean_absolute_percentage_error": {},
    "mean_gamma_deviance": {},
    "mean_pinball_loss": {"alpha": (0.5, 0.1, 0.9)},
    "mean_poisson_deviance": {},
    "mean_squared_error": {},
    "mean_squared_log_error": {},
    "mean_tweedie_deviance": {"power": (0, 1, 1.5, 2, 3, -1)},
    "median_absolute_error": {},
    "r2_score": {"force_finite": (True, False)},
    "root_mean_squared_error": {},
    "root_mean_squared_log_error": {},
}
POSITIVE = {
    "d2_tweedie_score", "mean_gamma_deviance", "mean_poisson_deviance", "mean_squared_log_error",
    "mean_tweedie_deviance", "root_mean_squared_log_error",
}  # fmt: skip
SINGLE_OUTPUT = {
    "d2_tweedie_score", "max_error", "mean_gamma_deviance", "mean_poisson_deviance",
    "mean_tweedie_deviance",
}  # fmt: skip
# Of scores: one per row, whose labels are 0 and 1, others with pos_label.
OF_SCORES: dict[str, dict[str, tuple[Any, ...]]] = {
    "average_precision_score": {},
    "confusion_matrix_at_thresholds": {},
    "det_curve": {"drop_intermediate": (False, True)},
    "precision_recall_curve": {"drop_intermediate": (False, True)},
    "roc_auc_score": {"max_fpr": (None, None, 0.3, 1.0)},
    "roc_curve": {"drop_intermediate": (True, False)},
}
OF_MATRICES: dict[str, dict[str, tuple[Any, ...]]] = {
    "average_precision_score": {"average": ("macro", "micro", "weighted", None)},
    "brier_score_loss": {"scale_by_half": ("auto", True, False)},
    "d2_brier_score": {},
    "d2_log_loss_score": {},
    "hinge_loss": {},
    "log_loss": {"normalize": (True, False)},
    "roc_auc_score": {
        "average": ("macro", "weighted", "micro", None), "multi_class": ("ovr", "ovo", "raise"),
    },
    "top_k_accuracy_score": {"k": (1, 2, 3), "normalize": (True, False)},
}  # fmt: skip


def pick(rng: np.random.Generator, options: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Some of the keywords; those without a default always."""
    return {
        name: values[rng.integers(len(values))]
        for name, values in options.items()
        if name == "beta" or rng.random() < 0.6
    }


def draw_of_labels(rng: np.random.Generator, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    kwargs = pick(rng, OF_LABELS[name])
    n_rows = int(rng.integers(1, 60))
    if name in TAKE_INDICATORS and rng.random() < 0.2:
        n_labels = int(rng.integers(2, 5))
        pair = (rng.random((2, n_rows, n_labels)) < rng.random()).astype(int)
        return tuple(pair), kwargs
    labels, kinds = LABELS[sorted(LABELS)[rng.integers(len(LABELS))]]
    if name == "class_likelihood_ratios" and rng.random() < 0.7:
        labels, kinds = LABELS["zero_one"]
    if name in TAKE_LABELS:
        kwargs["labels"] = draw_labels(rng, list(labels))
    if "average" in OF_LABELS[name] and rng.random() < 0.5:
        kwargs["pos_label"] = list(labels)[rng.integers(len(list(labels)))]
    kwargs["sample_weight"] = draw_weights(rng, n_rows)
    return tuple(draw_targets(rng, labels, kinds, n_rows)), kwargs


def draw_of_numbers(rng: np.random.Generator, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    n_rows, kwargs = int(rng.integers(1, 80)), pick(rng, OF_NUMBERS[name])
    shape: tuple[int, ...] = (n_rows,)
    if rng.random() < 0.3 and name not in SINGLE_OUTPUT:
        shape = (n_rows, int(rng.integers(1, 4)))
        if rng.random() < 0.6:
            kwargs["multioutput"] = ["raw_values", "uniform_average", np.arange(shape[1]) + 1.0][
                rng.integers(3)
            ]
    numbers = rng.standard_normal((2, *shape)) * 10 ** rng.uniform(-3, 3)
    if name in POSITIVE and rng.random() < 0.9:
        numbers = np.abs(numbers) + 1e-3
    kinds = ["float64", "float64", "float64", "float32", "int64", "int16"]
    pair = [y.astype(kinds[rng.integers(len(kinds))]) for y in numbers]
    if rng.random() < 0.1 and pair[0].dtype != np.float32:
        pair[0][:] = pair[0][0]
    if rng.random() < 0.1:
        pair[1] = pair[0].copy()
    if name != "max_error":
        kwargs["sample_weight"] = draw_weights(rng, n_rows)
    return tuple(pair), kwargs


def _scores(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray:
    """Scores: all apart, tied, or of few values; of any floating type."""
    scores = rng.standard_normal(shape)
    kind = rng.integers(4)
    if kind == 0:
        scores = scores.round(1)
    if kind == 1:
        scores = rng.integers(0, 3, shape).astype(float)
    return scores.astype(["float64", "float64", "float32"][rng.integers(3)])


def draw_of_scores(rng: np.random.Generator, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    n_rows, kwargs = int(rng.integers(1, 60)), pick(rng, OF_SCORES[name])
    labels = [(0, 1), (-1, 1), (1, 2), ("a", "b")][rng.choice(4, p=[0.6, 0.1, 0.1, 0.2])]
    y = np.array(labels)[(rng.random(n_rows) < rng.random()).astype(int)]
    if labels != (0, 1) and name != "roc_auc_score":
        kwargs["pos_label"] = labels[rng.integers(2)]
    kwargs["sample_weight"] = draw_weights(rng, n_rows)
    return (y, _scores(rng, (n_rows,))), kwargs


def draw_of_matrices(rng: np.random.Generator, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    n_rows, k = int(rng.integers(2, 60)), int(rng.integers(2, 5))
    kwargs = pick(rng, OF_MATRICES[name])
    kwargs["sample_weight"] = draw_weights(rng, n_rows)
    y = rng.integers(0, k, n_rows)
    if rng.random() < 0.3:
        kwargs["labels"] = np.arange(k)
    if name == "average_precision_score":
        kwargs.pop("labels", None)
    scores = _scores(rng, (n_rows, k))
    if name not in ("top_k_accuracy_score", "hinge_loss"):
        odds = np.exp(scores.astype(np.float64))
        scores = (odds / odds.sum(axis=1, keepdims=True)).astype(scores.dtype)
    if name in ("average_precision_score", "roc_auc_score") and rng.random() < 0.3:
        kwargs.pop("labels", None)
        return ((rng.random((n_rows, k)) < 0.5).astype(int), scores), kwargs
    if k == 2 and name not in ("average_precision_score", "top_k_accuracy_score"):
        scores = scores[:, 1]
    names = np.array(["ant", "bee", "cat", "dog"]) if rng.random() < 0.3 else np.arange(4)
    if "labels" in kwargs:
        kwargs["labels"] = names[kwargs["labels"]]
    return (names[y], scores), kwargs


def draw(rng: np.random.Generator) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A metric, and what to call it with."""
    families: list[tuple[dict[str, Any], Draw]] = [
        (OF_LABELS, draw_of_labels), (OF_NUMBERS, draw_of_numbers), (OF_SCORES, draw_of_scores),
        (OF_MATRICES, draw_of_matrices),
    ]  # fmt: skip
    pairs = [(n, make) for names, make in families for n in names if hasattr(metrics, n)]
    name, make = pairs[rng.integers(len(pairs))]
    return name, *make(rng, name)


def tolerance(name: str, arrays: list[Any]) -> dict[str, float]:
    """Counts are exact; scikit-learn adds up float32 as such."""
    if any(getattr(array, "dtype", None) == np.float32 for array in arrays):
        return {"rtol": 1e-3, "atol": 1e-4}
    return {"rtol": 1e-11, "atol": 1e-12}


def check(seed: int) -> str:
    """Compare one call, and return the name of its metric."""
    name, args, kwargs = draw(np.random.default_rng(seed))
    labels = 0 if name in OF_NUMBERS else 2 if name in OF_LABELS else 1
    arrays = [*args[labels:], kwargs.get("sample_weight"), kwargs.get("multioutput")]
    compare(name, *args, **tolerance(name, arrays), **kwargs)
    return name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    seen, failed = Counter[str](), Counter[str]()
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        try:
            seen[check(seed)] += 1
        except AssertionError as error:
            name = draw(np.random.default_rng(seed))[0]
            if not failed[name]:
                print(f"seed {seed}: {str(error)[:1000]}")
            failed[name] += 1
    for name in sorted(set(metrics.__all__) & (seen.keys() | failed.keys())):
        print(f"{name:34} {seen[name]:5} alike, {failed[name]} differ")
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
