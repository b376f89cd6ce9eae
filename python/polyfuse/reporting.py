"""Write a comparison as one HTML file: no network, no scripts, light and dark, readable aloud."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import __version__, plotting
from . import _html as html
from ._comparison import Comparison
from .inspection import Contributions

__all__ = ["write_report"]

_MOST_CLASSES, _MOST_CURVES, _MOST_BARS = 25, 6, 20
_MOST_GAINED, _MOST_LOST = 24, 8


def write_report(
    path: str | os.PathLike[str],
    comparison: Comparison,
    *,
    title: str = "polyfuse",
    pictures: NDArray[np.uint8] | None = None,
    captions: Sequence[str] | None = None,
) -> None:
    """Write a comparison as one self-contained HTML file.

    The file is written under another name in the same folder and renamed when it is complete:
    `path` holds the whole report or what it held before.

    Parameters
    ----------
    path : path-like
        Where to write; a file there is replaced.
    comparison : Comparison
        Of :func:`polyfuse._comparison.compare`.
    title : str, default="polyfuse"
        What the comparison is of; stands above the headline.
    pictures : ndarray of shape (n_samples, height, width, 3), uint8, optional
        RGB pictures of all rows compared, for a gallery of what fusion changes.
    captions : sequence of str of shape (n_samples,), optional
        What each picture shows; needed with `pictures`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    ValueError
        If there are pictures without captions, or of another shape or dtype.

    Examples
    --------
    >>> from polyfuse import reporting
    >>> reporting.write_report("report.html", comparison)  # doctest: +SKIP
    """
    plotting.require_matplotlib()
    target = replaceable(path)
    content = html.page(
        f"{title}: does fusion help?",
        (
            _headline(comparison, title),
            html.columns(_scores(comparison), _rules(comparison)),
            html.columns(_confusion(comparison), _shares(comparison)),
            _gallery(comparison, pictures, captions),
            html.columns(_losses(comparison), _method(comparison)),
        ),
    )
    _write_whole(target, content.encode("utf-8", "replace"))


def replaceable(path: str | os.PathLike[str]) -> Path:
    """The path, if a file can be made there.

    Raises
    ------
    OSError
        If its folder is missing or not writable, or it is something else than a regular file.
    ValueError
        If it holds a null byte.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r}")
    # Replacing /dev/null or a pipe by a file would be a nasty surprise.
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise OSError(f"{str(target)!r} is not a regular file")
    try:
        _write_whole(target, None)
    except OSError as error:
        raise OSError(f"cannot write to {str(target)!r}: {error.strerror or error}") from error
    return target


def _write_whole(target: Path, content: bytes | None) -> None:
    """Write a sibling of the target and rename it; only try to, if there is no content."""
    temporary = target.with_name(f".polyfuse-{os.urandom(6).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content or b"")
        if content is not None:
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


# -- sections ------------------------------------------------------------------------------------


def _headline(comparison: Comparison, title: str) -> str:
    first, evidence = comparison.headline()
    return (
        f'<header>\n<p class="kicker">{escape(title)}</p>\n<h1>{escape(first)}</h1>\n'
        f'<p class="lead">{escape(evidence)}</p>\n</header>\n'
    )


def _scores(comparison: Comparison) -> str:
    models = (*comparison.fused, *comparison.alone)
    rows = [
        (model.label, *(f"{score:.3f}" for score in model.scores), f"{model.seconds:.2f} s")
        for model in models
    ]
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in comparison.weights.items())
    return html.section(
        "Scores",
        html.table(
            f"On the {len(comparison.y_test)} rows held out; precision, recall and F1 are means "
            "over the classes. The best fusion is in bold.",
            ("model", "accuracy", "precision", "recall", "F1", "fit time"),
            rows, models.index(comparison.best_fused),
        ),
        html.note(
            "Fit time is that of the model were it the only one: a late fusion counts the fits of "
            "all modalities, and those of the folds that find temperatures and weights "
            f"({weights})."
        ),
    )  # fmt: skip


def _rules(comparison: Comparison) -> str:
    fused = {model.label: model.accuracy for model in comparison.fused}
    alone = {model.label: model.accuracy for model in comparison.alone}
    listed = ", ".join(f"{name} {100 * value:.1f} %" for name, value in {**fused, **alone}.items())
    n_rows = len(comparison.y_test)
    return html.section(
        "Is it worth it, and which rule?",
        html.figure(
            "rules", (5.2, 1.5 + 0.34 * (len(fused) + len(alone))),
            lambda ax: plotting.compare_fusions(fused, alone, ax, n_rows=n_rows),
            f"Accuracy of each model: {listed}.",
            "Dots are accuracies, bars their 95 % Wilson intervals, the dashed line the best "
            "modality alone. Bars may overlap although one model is truly better: the test in "
            "the headline compares them row by row.",
        ),
    )  # fmt: skip


def _confusion(comparison: Comparison) -> str:
    best = comparison.best_fused
    matrix, names, which = comparison.confusion(best), comparison.class_names, ""
    if len(names) > _MOST_CLASSES:
        wrong = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
        shown = np.sort(np.argsort(-wrong, kind="stable")[:_MOST_CLASSES])
        which = f" Shown are the {_MOST_CLASSES} of {len(names)} classes with the most errors."
        matrix, names = matrix[np.ix_(shown, shown)], tuple(names[i] for i in shown)
    n = len(names)
    rows = [(name, *map(str, row)) for name, row in zip(names, matrix.tolist(), strict=True)]
    table = html.table(
        "Number of rows, by true class (down) and predicted class (across).", ("", *names), rows
    )
    return html.section(
        "What is confused with what?",
        html.figure(
            "confusion", (max(4.0, 2.2 + 0.5 * n), 1.8 + 0.45 * n),
            lambda ax: plotting.confusion_matrix(matrix, names, ax),
            f"Confusion matrix of {best.label}; its numbers are in the table below.",
            f"Rows held out, by true and predicted class, for {best.label}; a stronger colour is a "
            f"larger share of the true class.{which}",
        ),
        f"<details>\n<summary>The same as a table</summary>\n{table}</details>\n",
        wide=n > 12,
    )  # fmt: skip


def _shares(comparison: Comparison) -> str:
    result, dropped = comparison.contributions, comparison.dropped
    top = np.argsort(-result.share, kind="stable")[:_MOST_BARS]
    modalities = tuple(result.modalities[i] for i in top)
    shown = Contributions(modalities, result.per_row[:, top], result.share[top])
    listed = ", ".join(
        f"{name} {100 * share:.0f} %" for name, share in zip(modalities, shown.share, strict=True)
    )
    changes = [
        (f"without {name}", f"{value:.3f}", f"{100 * (value - dropped.accuracy):+.1f} points")
        for name, value in dropped.without.items()
    ]
    return html.section(
        "What does each modality contribute?",
        html.figure(
            "shares", (5.2, 1.1 + 0.5 * len(top)), lambda ax: plotting.contributions(shown, ax),
            f"Share of each modality in the decision of the concatenation: {listed}.",
            "How strongly the concatenation listens to each modality: mean size of its exact "
            "Shapley value over the rows held out. What is listened to is not always right: the "
            "table shows what is lost without it.",
        ),
        html.table(
            "The concatenation when one modality says the same of every row (nothing is trained "
            "again).",
            ("", "accuracy", "change"),
            [("all modalities", f"{dropped.accuracy:.3f}", ""), *changes],
        ),
    )  # fmt: skip


def _losses(comparison: Comparison) -> str:
    best = sorted(comparison.alone, key=lambda model: -model.accuracy)[: _MOST_CURVES - 1]
    labels = [model.label for model in comparison.alone if model in best]
    curves = {
        label: comparison.loss_curves[label]
        for label in (*labels, comparison.fused[0].label)
        if comparison.loss_curves[label]
    }
    if not curves:  # every model was at its minimum before the first iteration
        return ""
    listed = "; ".join(
        f"{label}: {curve[0]:.3g} to {curve[-1]:.3g} in {len(curve)} iterations"
        for label, curve in curves.items()
    )
    return html.section(
        "How did training go?",
        html.figure(
            "losses", (5.2, 3.5), lambda ax: plotting.loss_curve(curves, ax),
            f"Training loss by iteration. {listed}.",
            "Mean objective over the training rows after each iteration of L-BFGS. A lower end is "
            "a closer fit to the training rows, not a better model.",
        ),
    )  # fmt: skip


# -- gallery and method --------------------------------------------------------------------------


def _gallery(
    comparison: Comparison, pictures: NDArray[np.uint8] | None, captions: Sequence[str] | None
) -> str:
    if pictures is None:
        return ""
    if captions is None or len(captions) != len(pictures):
        raise ValueError("captions must be given with pictures, one for each.")
    if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
        raise ValueError(f"pictures must be RGB, uint8; got {pictures.shape} {pictures.dtype}.")
    right = comparison.best_fused.predicted == comparison.y_test
    each = [model.predicted == comparison.y_test for model in comparison.alone]
    best = comparison.best_alone
    lost = ~right & (best.predicted == comparison.y_test)
    n = len(right)
    return "".join(
        _cards(comparison, np.flatnonzero(chosen), most, heading, text, pictures, captions)
        for chosen, most, heading, text in (
            (right & ~np.any(each, axis=0), _MOST_GAINED, "Only fusion gets these right",
             f"of the {n} rows held out are right by fusion and by no modality alone"),
            (lost, _MOST_LOST, "And these it breaks",
             f"of the {n} rows held out are right by {best.label} and wrong by fusion"),
        )
    )  # fmt: skip


def _cards(
    comparison: Comparison, rows: NDArray[np.intp], most: int, heading: str, text: str,
    pictures: NDArray[np.uint8], captions: Sequence[str],
) -> str:  # fmt: skip
    shown = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    cards = "".join(_card(comparison, int(row), pictures, captions) for row in shown)
    some = "." if len(shown) == len(rows) else f"; here are {len(shown)} of them."
    cards = f'<ul class="cards">\n{cards}</ul>\n' if len(shown) else ""
    return html.section(heading, html.note(f"{len(rows)} {text}{some}"), cards)


def _card(
    comparison: Comparison, row: int, pictures: NDArray[np.uint8], captions: Sequence[str]
) -> str:
    position, truth = comparison.test_rows[row], comparison.y_test[row]
    said = []
    for model in (comparison.best_fused, *comparison.alone):
        code = model.predicted[row]
        who = "fused" if model is comparison.best_fused else model.name
        kind, mark = ("right", "✓") if code == truth else ("wrong", "✗")
        what = escape(comparison.class_names[code])
        said.append(f'<dt>{escape(who)}</dt><dd class="{kind}">{mark} {what}</dd>')
    return (
        f"<li><p>{html.picture(pictures[position], captions[position])}"
        f"{escape(captions[position])}</p><dl>{''.join(said)}</dl></li>\n"
    )


def _method(comparison: Comparison) -> str:
    notes = (
        f"{comparison.n_train} rows to learn from, {len(comparison.y_test)} held out to test, the "
        f"same fraction of each class (seed {comparison.random_state}). It is one split: another "
        "seed moves every number.",
        "Each block is scaled by the means and deviations of its training rows. Models are "
        "logistic regressions with an L2 penalty, at their defaults: nothing was tuned.",
        "Early fusion learns one model from all features; late fusion combines the class "
        "probabilities of one model per modality.",
        "Test of the difference: exact McNemar test (Psychometrika 12, 1947; Dietterich, Neural "
        "Computation 10, 1998), its p-value multiplied by the number of rules (Bonferroni). Its "
        "interval: Agresti and Min (Statistics in Medicine 24, 2005), widened likewise. Intervals "
        "of accuracies: Wilson (JASA 22, 1927).",
        "Contribution: a modality's part of the score minus its mean, the exact interventional "
        "Shapley value of an additive model (Strumbelj and Kononenko, KAIS 41, 2014).",
        f"Written by polyfuse {__version__}.",
    )
    items = "".join(f"<li>{escape(text)}</li>\n" for text in notes)
    return html.section("How was this measured?", f'<ul class="notes">\n{items}</ul>\n')
