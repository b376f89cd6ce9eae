"""Sections of the report of a model: what modalities do in it, and how they relate."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import _report_parts as parts
from . import inspection, plotting
from ._parameters import is_sparse
from ._plot_style import evenly, plain
from ._report_cards import Rows, Said
from ._report_evaluation import Evaluation
from ._report_findings import Findings

_MOST_POINTS, _ALL_POINTS, _MOST_PLANES = 400, 3_000, 8
_MOST_FIXED, _MOST_BROKEN = 24, 24
_OF = "the model"


def answers(found: Findings, measure: str) -> list[tuple[str, str]]:
    """Which modality did the work, what if one is missing, and do they interact."""
    pairs, points = [], measure == "accuracy"
    if found.shapley is not None:
        order = np.argsort(-found.shapley.values, kind="stable")[:4]
        scale, digits = (100, 1) if points else (1, 3)
        each = ", ".join(
            f"{found.shapley.modalities[m]} {scale * found.shapley.values[m]:+.{digits}f}"
            for m in order
        )
        of = "points of accuracy" if points else measure
        pairs.append(("Which modality did the work?", f"In {of}: {each}"))
    if found.dropped is not None:
        name, least = min(found.dropped.without.items(), key=lambda pair: pair[1])
        whole = found.dropped.accuracy
        lost = f"{measure} falls from {whole:.3f} to {least:.3f}"
        if least >= whole:
            lost = f"nothing is lost: {measure} is {least:.3f}, not {whole:.3f}"
        pairs.append(("What if one is missing?", f"Worst is to lose {name}: {lost}"))
    if found.emap is not None:
        pairs.append(("Do modalities interact?", _interaction(found, measure)))
    return pairs


def _interaction(found: Findings, measure: str) -> str:
    """What EMAP says, in a sentence without its full stop."""
    assert found.emap is not None
    if found.emap.additive:
        return "No: the model is additive by construction, a sum of one part per modality"
    own = found.emap.comparison
    assert own is not None
    points = measure == "accuracy"
    change = f"{-100 * own.difference:+.1f} points" if points else f"{-own.difference:+.3f}"
    worth = f"an additive model in its place changes {measure} by {change} (p = {own.p_value:.2g})"
    matters = own.p_value < 0.05 and own.difference > 0
    return f"{'Yes' if matters else 'Not that it helps'}: {worth}"


def work(found: Findings, measure: str) -> str:
    """Shares of the decision, Shapley values and perceptual scores."""
    sections = []
    if found.contributions is not None:
        sections += [
            html.section(
                "What does the model listen to?",
                parts.shares(found.contributions, _OF, "the Shapley values tell what it is worth."),
            ),
            html.section("Is that so for every row?", _swarm(found.contributions)),
        ]
    if found.shapley is not None:
        sections.append(
            html.section("Which modality did the work?", _shapley(found.shapley, measure))
        )
    beside = ""
    if found.perceptual is not None:
        beside += html.section("Does it look at each?", _perceptual(found.perceptual))
    if found.emap is not None:
        beside += html.section(
            "Do modalities interact?", f"<p>{escape(_interaction(found, measure))}.</p>\n"
        )
    if beside:
        sections.append(html.stack(beside))
    return html.columns(*sections) if sections else ""


def _swarm(result: inspection.Contributions) -> str:
    result, listed = parts.most_heard(result)
    rows = evenly(len(result.per_row), min(_MOST_POINTS, _ALL_POINTS // len(result.modalities)))
    shown = replace(result, per_row=result.per_row[rows])
    some = "" if len(rows) == len(result.per_row) else f" {len(rows)} rows, evenly chosen."
    return html.figure(
        "swarm", (5.2, 1.3 + 0.8 * len(shown.modalities)),
        lambda ax: plotting.contributions(shown, ax, kind="beeswarm"),
        f"Shares of each modality in the decision on single rows, about these means: {listed}.",
        f"A point is a row: what part of its decision the modality has.{some}",
    )  # fmt: skip


def _shapley(result: inspection.ModalityShapley, measure: str) -> str:
    known = bool(np.isfinite(result.low).all())  # of accuracy alone
    drawn = result if known else SimpleNamespace(**{**vars(result), "low": None, "high": None})
    heads = ["modality", "value", *["95 % interval"] * known]
    rows = [
        (name, f"{value:+.3f}", *[_range(result, m, "+")] * known)
        for m, (name, value) in enumerate(zip(result.modalities, result.values, strict=True))
    ]
    listed = ", ".join(f"{name} {value}" for name, value, *_ in rows)
    return html.figure(
        "shapley", (5.2, 1.2 + 0.45 * (len(rows) + 2)), lambda ax: plotting.shapley(drawn, ax),
        f"From {measure} {result.empty:.3f} without any modality to {result.total:.3f} with all: "
        f"{listed}.",
        f"What each modality adds to {measure}: its Shapley value, the mean over all orders in "
        "which modalities may come to the model; they are silent before, saying the same of every "
        "row.",
    ) + html.table(f"Shapley values of {measure}.", heads, rows)  # fmt: skip


def _perceptual(result: inspection.PerceptualScore) -> str:
    rows = [
        (name, f"{value:.3f}", _range(result, m, ""))
        for m, (name, value) in enumerate(zip(result.modalities, result.scores, strict=True))
    ]
    return html.table(
        "Perceptual score: the part of its accuracy that the model loses if a modality is that of "
        "another row, drawn at random. About 0, it does not look at it. Intervals are over draws.",
        ("modality", "score", "95 % interval"), rows,
    )  # fmt: skip


def _range(result: Any, m: int, sign: str) -> str:
    return f"{result.low[m]:{sign}.3f} to {result.high[m]:{sign}.3f}"


# -- without a modality --------------------------------------------------------------------------


def missing(found: Findings, measure: str) -> str:
    if found.dropped is None or found.curve is None:
        return ""
    own, what, some = found.curve, measure.capitalize(), ""
    if len(own.names) <= len(found.dropped.without):
        some = f" The {len(own.names) - 1} modalities that are missed most."
    curve = SimpleNamespace(
        levels=own.levels, names=own.names, scores=own.scores, low=own.low, high=own.high,
        x_label="share of the rows in which the modality is missing",
    )  # fmt: skip
    last = ", ".join(
        f"{name} {score:.3f}" for name, score in zip(own.names, own.scores[-1], strict=True)
    )
    return html.columns(
        html.section(
            "What is lost without a modality?", parts.dropped(found.dropped, _OF, measure)
        ),
        html.section(
            "And if it is missing in some rows?",
            html.figure(
                "robustness", (5.2, 3.6), lambda ax: plotting.robustness_curve(curve, ax),
                f"{what}, {own.scores[0, 0]:.3f} at first, as modalities go missing. With "
                f"{100 * own.levels[-1]:g} % of the rows hit: {last}.",
                f"{what} as a modality goes missing; bands hold {100 * own.confidence_level:g} % "
                f"of {len(own.repeats)} draws. “all” are hit at once, but never all of a row."
                f"{some}",
            ),
        ),
    )  # fmt: skip


# -- how modalities relate -----------------------------------------------------------------------


def relations(evaluation: Evaluation, found: Findings) -> str:
    sections = []
    if found.cka is not None:
        sections.append(html.section("How alike are modalities?", _cka(*found.cka)))
    if found.pid is not None:
        sections.append(html.section("Do they say the same?", _information(found.pid)))
    columns = html.columns(*sections) if sections else ""
    return columns + _planes(evaluation, found)


def _cka(matrix: NDArray[np.float64], names: tuple[str, ...]) -> str:
    n = len(names)
    pairs = ", ".join(
        f"{names[i]} and {names[j]} {matrix[i, j]:.2f}" for i in range(n) for j in range(i + 1, n)
    )
    return html.figure(
        "cka", (max(3.4, 1.9 + 0.62 * n), max(2.6, 1.5 + 0.62 * n)),
        lambda ax: plotting.cross_correlation(matrix, ax, names=names),
        f"Linear CKA: {pairs}.",
        "Linear CKA of the features, debiased: 1 for representations that are alike but for a "
        "rotation and a scale, about 0 for those that have nothing to do with each other.",
    )  # fmt: skip


def _information(result: inspection.PID) -> str:
    first, second = result.modalities
    values = (result.redundancy, *result.unique, result.synergy)
    names = (
        "either alone tells", f"{first} alone tells", f"{second} alone tells",
        "only both together tell",
    )  # fmt: skip
    heads, rows = ["", "bits", "part"], []
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        share = f"{100 * value / result.total:.0f} %" if result.total > 0 else ""
        row = [name, f"{value:.3f}", share]
        if result.low is not None and result.high is not None:
            row.append(f"{result.low[i]:.3f} to {result.high[i]:.3f}")
        rows.append(row)
    if result.low is not None:
        heads.append("95 % interval")
    return html.table(
        f"Partial information decomposition of what the classes that {first} and {second} name "
        f"tell of the true class, {result.total:.3f} bits in all: redundant, unique to one, and "
        "synergy. Few rows to many classes make it seem more than it is, synergy most.",
        heads, rows,
    )  # fmt: skip


def _planes(evaluation: Evaluation, found: Findings) -> str:
    dense = {name: x for name, x in evaluation.blocks.items() if not is_sparse(x)}
    rows = found.complete[evenly(len(found.complete), _MOST_POINTS)]
    if len(rows) == 0:
        return ""
    y = None
    if evaluation.class_names:
        y = np.array(evaluation.class_names, object)[evaluation.y[rows]].astype(str)
    figures = []
    for i, (name, x) in enumerate(list(dense.items())[:_MOST_PLANES]):
        points = np.asarray(x)[rows]
        figures.append(_plane(f"plane-{i}", name, points, y))
    return html.section(
        "Where do the rows lie?",
        html.note(
            f"{len(rows)} rows, evenly chosen, in the plane of the two first principal components "
            "of each modality."
            + " Classes that lie apart here are easy; that they overlap here does not mean that "
            "they do in all dimensions." * (y is not None)
        ),
        html.columns(*figures),
        wide=True,
    )


def _plane(key: str, name: str, points: NDArray, y: NDArray | None) -> str:
    def draw(ax: Any) -> None:
        plotting.projection(points, y, ax)
        ax.set_title(plain(name), color=plotting.INK)

    return html.figure(
        key, (5.2, 4.2), draw,
        f"Rows as points of the plane of the two first principal components of {name}"
        f"{', coloured and marked by class' if y is not None else ''}.",
        f"Features of {name}.",
    )  # fmt: skip


# -- rows ----------------------------------------------------------------------------------------


def fixed_and_broken(
    evaluation: Evaluation, pictures: NDArray[np.uint8] | None, captions: Any, names: Any
) -> str:
    if not evaluation.alone:
        return ""
    y, best = evaluation.y, evaluation.alone[evaluation.best_alone]
    called = evaluation.called(evaluation.best_alone)
    masks = dict(zip(evaluation.modalities, evaluation.masks, strict=True))
    said = [Said("fused", evaluation.fused.predicted, _probability(evaluation.fused))]
    for name, held in evaluation.alone.items():
        mask = masks[name]
        said.append(Said(name, held.predicted, _probability(held), None if mask is None else ~mask))
    rows = Rows(
        y, evaluation.class_names, tuple(said), np.arange(len(y)), pictures, captions, names
    )
    fused, alone = evaluation.fused.predicted == y, best.predicted == y
    none = ~np.any([held.predicted == y for held in evaluation.alone.values()], axis=0)
    n_none = int((fused & none).sum())
    return rows.section(
        "Which rows does fusion fix?", np.flatnonzero(fused & ~alone),
        f"of {len(y)} rows are right by fusion and wrong by {called}, {n_none} of them wrong by "
        "every modality alone", _MOST_FIXED,
    ) + rows.section(
        "And which does it break?", np.flatnonzero(~fused & alone),
        f"of {len(y)} rows are right by {called} and wrong by fusion", _MOST_BROKEN,
    )  # fmt: skip


def _probability(held: Any) -> NDArray[np.float64]:
    """Of the class that is named."""
    return np.asarray(held.proba[np.arange(len(held.predicted)), held.predicted])
