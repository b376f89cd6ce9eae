"""Accuracy on real sets, with scikit-learn's pipeline beside it: writes docs/accuracy.md.

    python benches/accuracy.py DATA            # a folder with mfeat/, emoji/ and avdigits/
    python benches/accuracy.py DATA --quick    # fewer splits, printed only

Sets are NumPy archives with one array per modality and `y`; avdigits has `group`, the speaker,
and `official_test`. Baselines are StandardScaler + LogisticRegression at their defaults; missing
rows are filled by SimpleImputer first.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import polyfuse as pf

ROOT = Path(__file__).resolve().parent.parent
Blocks = dict[str, np.ndarray]
Split = tuple[np.ndarray, np.ndarray]
RULES = ("geometric_mean", "mean", "weighted_mean", "maximum", "minimum", "median", "vote")


class Data(NamedTuple):
    blocks: Blocks
    y: np.ndarray
    groups: np.ndarray | None
    official: np.ndarray | None


def load(folder: Path, name: str, modalities: tuple[str, ...]) -> Data:
    with np.load(folder / name / f"{name}.npz") as stored:
        return Data(
            {key: stored[key] for key in modalities}, stored["y"],
            stored.get("group"),
            stored["official_test"] == 1 if "official_test" in stored else None,
        )  # fmt: skip


def rows(blocks: Blocks, index: np.ndarray) -> Blocks:
    return {name: x[index] for name, x in blocks.items()}


# -- models --------------------------------------------------------------------------------------


def logistic() -> Any:
    return make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=1000)
    )


def sklearn_early(blocks: Blocks, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    x = np.hstack([part.astype(np.float64) for part in blocks.values()])
    return float(logistic().fit(x[train], y[train]).score(x[test], y[test]))


def sklearn_late(blocks: Blocks, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    """The mean of the probabilities of one pipeline per modality."""
    probabilities = sum(
        logistic().fit(x[train], y[train]).predict_proba(x[test])
        for x in (part.astype(np.float64) for part in blocks.values())
    )
    return float((np.unique(y)[probabilities.argmax(axis=1)] == y[test]).mean())


def ours(**params: Any) -> Callable[..., float]:
    def score(
        blocks: Blocks, y: np.ndarray, train: np.ndarray, test: np.ndarray,
        groups: np.ndarray | None = None,
    ) -> float:  # fmt: skip
        model = pf.FusionClassifier(**params)
        own = None if groups is None else groups[train]
        model.fit(rows(blocks, train), y[train], groups=own)
        return float(model.score(rows(blocks, test), y[test]))

    return score


# -- splits --------------------------------------------------------------------------------------


def five_folds(y: np.ndarray) -> Iterator[Split]:
    """Rows of each class shuffled by RandomState(0), the fold being the rank modulo 5."""
    rng, fold = np.random.RandomState(0), np.empty(len(y), int)
    for label in np.unique(y):
        own = rng.permutation(np.flatnonzero(y == label))
        fold[own] = np.arange(len(own)) % 5
    for k in range(5):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def repeated(y: np.ndarray, n: int) -> Iterator[Split]:
    for seed in range(n):
        train, test = train_test_split(
            np.arange(len(y)), test_size=0.3, stratify=y, random_state=seed
        )
        yield train, test


def by_speaker(data: Data, n: int) -> Iterator[Split]:
    for seed in range(n):
        splitter = GroupShuffleSplit(1, test_size=0.3, random_state=seed)
        yield next(splitter.split(data.y, data.y, data.groups))


def with_gaps(blocks: Blocks, rate: float, seed: int) -> Blocks:
    """Each modality missing in a row at a rate, but never all of them."""
    rng = np.random.default_rng(seed)
    n, k = len(next(iter(blocks.values()))), len(blocks)
    there = rng.random((n, k)) >= rate
    none = np.flatnonzero(~there.any(axis=1))
    there[none, rng.integers(0, k, len(none))] = True
    return {
        name: np.where(there[:, m : m + 1], x, np.nan).astype(np.float64)
        for m, (name, x) in enumerate(blocks.items())
    }


# -- tables --------------------------------------------------------------------------------------


def table(head: tuple[str, ...], body: list[tuple[Any, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in body]
    return "\n".join(lines) + "\n"


def spread(scores: list[float]) -> str:
    return f"{np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f}"


def mfeat(folder: Path, quick: bool) -> str:
    data = load(folder, "mfeat", ("fou", "fac", "kar", "pix", "zer", "mor"))
    folds = list(five_folds(data.y))
    body: list[tuple[Any, ...]] = []
    for name, x in data.blocks.items():
        alone = {name: x}
        body.append((f"{name} alone", spread([ours()(alone, data.y, *s) for s in folds]),
                     spread([sklearn_early(alone, data.y, *s) for s in folds])))  # fmt: skip
    early = [sklearn_early(data.blocks, data.y, *s) for s in folds]
    body.append(("early, concatenate", spread([ours()(data.blocks, data.y, *s) for s in folds]),
                 spread(early)))  # fmt: skip
    late = [sklearn_late(data.blocks, data.y, *s) for s in folds]
    for rule in RULES:
        how = {"level": "late", "fusion": rule}
        how |= {"weights": "validation"} if rule.startswith("weighted") else {}
        own = spread([ours(**how)(data.blocks, data.y, *s) for s in folds])
        body.append((f"late, {rule}", own, spread(late) if rule == "mean" else ""))
    for level in () if quick else ("hybrid", "cooperative"):
        own = spread([ours(level=level)(data.blocks, data.y, *s) for s in folds])
        body.append((level, own, ""))
    head = ("model", "polyfuse", "scikit-learn")
    return "## mfeat: six feature sets of 2,000 written digits, 5 folds\n\n" + table(head, body)


def emoji(folder: Path, quick: bool) -> str:
    data = load(folder, "emoji", ("image_feat", "text"))
    scores: dict[str, list[float]] = {}
    intervals = []
    for train, test in repeated(data.y, 3 if quick else 10):
        search = pf.search_fusion(pf.FusionClassifier(), rows(data.blocks, train), data.y[train])
        best = search.best_estimator.score(rows(data.blocks, test), data.y[test])
        scores.setdefault("the best of search_fusion", []).append(best)
        scores.setdefault("its nested score", []).append(search.nested_score)
        intervals.append((search.nested_low, search.nested_high))
        for level in ("early", "late", "hybrid"):
            found = ours(level=level)(data.blocks, data.y, train, test)
            scores.setdefault(level, []).append(found)
        found = sklearn_early(data.blocks, data.y, train, test)
        scores.setdefault("scikit-learn, early", []).append(found)
        found = sklearn_late(data.blocks, data.y, train, test)
        scores.setdefault("scikit-learn, late", []).append(found)
    gain = np.subtract(scores["the best of search_fusion"], scores["early"])
    body = [(name, spread(own)) for name, own in sorted(scores.items())]
    low, high = np.mean(intervals, axis=0)
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    return (
        f"## emoji: pictures and words, {len(gain)} splits 70/30\n\n"
        + table(("model", "accuracy, mean ± deviation over splits"), body)
        + f"\nThe best of search_fusion is {gain.mean():+.4f} ± {error:.4f} from early, paired by "
        f"split. The 95 % intervals of the nested score are {low:.3f} to {high:.3f} on average.\n"
    )


def avdigits(folder: Path, quick: bool) -> str:
    body = []
    for pair in (("image7x7", "audio_mfcc"), ("image", "audio")):
        data = load(folder, "avdigits", pair)
        assert data.official is not None
        official = (np.flatnonzero(~data.official), np.flatnonzero(data.official))
        speakers = list(by_speaker(data, 3 if quick else 6))
        for name, splits in (("official", [official]), ("by speaker", speakers)):
            groups = data.groups if name == "by speaker" else None
            line: list[Any] = [" + ".join(pair), name]
            for level in ("early", "late"):
                found = [ours(level=level)(data.blocks, data.y, *s, groups) for s in splits]
                line.append(f"{np.mean(found):.4f}")
            for peer in (sklearn_early, sklearn_late):
                line.append(f"{np.mean([peer(data.blocks, data.y, *s) for s in splits]):.4f}")
            body.append(tuple(line))
    head = ("blocks", "split", "early", "late", "scikit-learn, early", "scikit-learn, late")
    return "## avdigits: written and spoken digits\n\n" + table(head, body)


def missing(folder: Path, quick: bool) -> str:
    body, n = [], 3 if quick else 6
    for name, modalities in (
        ("mfeat", ("fou", "fac", "kar", "pix", "zer", "mor")), ("emoji", ("image_feat", "text")),
        ("avdigits", ("image7x7", "audio_mfcc")),
    ):  # fmt: skip
        data = load(folder, name, modalities)
        by_group = data.groups is not None
        splits = list(by_speaker(data, n) if by_group else repeated(data.y, n))
        line: list[Any] = [name + (", by speaker" if by_group else "")]
        gaps = [with_gaps(data.blocks, 0.3, seed) for seed in range(n)]
        for level in ("early", "late", "hybrid"):
            found = [
                ours(level=level)(blocks, data.y, *split, data.groups)
                for blocks, split in zip(gaps, splits, strict=True)
            ]
            line.append(f"{np.mean(found):.4f}")
        found = [
            sklearn_early(blocks, data.y, *split)
            for blocks, split in zip(gaps, splits, strict=True)
        ]
        body.append((*line, f"{np.mean(found):.4f}"))
    head = ("set", "early", "late", "hybrid", "mean imputation + scikit-learn")
    return (
        "## 30 % of the rows of each modality missing, in training and test\n\n"
        f"Mean accuracy over {n} splits 70/30; a row has at least one modality.\n\n"
        + table(head, body)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    parts = []
    for make in (mfeat, emoji, avdigits, missing):
        parts.append(make(options.data, options.quick))
        print(parts[-1], flush=True)
    if options.quick:
        return
    head = (
        "# Accuracy on real sets\n\nWritten by `python benches/accuracy.py DATA`. All models are "
        "at their defaults: nothing was tuned. Baselines are scikit-learn's StandardScaler + "
        "LogisticRegression on stacked blocks (early), or the mean of the probabilities of one per "
        "modality (late).\n"
    )
    (ROOT / "docs" / "accuracy.md").write_text("\n".join([head, *parts]))


if __name__ == "__main__":
    sys.exit(main())
