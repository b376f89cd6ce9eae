"""Rows that fusion gets right or wrong: what each model says of them, as cards or as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _html as html

_MOST_IN_TABLE = 20


class Said(NamedTuple):
    """What a model says of each row: a class, its probability, and where it has nothing to go by.

    `proba` and `missing` may be None.
    """

    who: str
    predicted: NDArray[np.int64]
    proba: NDArray[np.float64] | None = None
    missing: NDArray[np.bool_] | None = None

    def words(self, row: int, truth: int, class_names: Sequence[str]) -> tuple[str, str]:
        """What it says of a row, after a mark, and whether that is "right" or "wrong"."""
        code = int(self.predicted[row])
        kind, mark = ("right", "✓") if code == truth else ("wrong", "✗")
        sure = "" if self.proba is None else f" {self.proba[row]:.2f}"
        gone = self.missing is not None and self.missing[row]
        return f"{mark} {class_names[code]}{sure}{', missing' if gone else ''}", kind


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows held out, what is said of them, and how to show them.

    Attributes
    ----------
    y : ndarray of shape (n,), int64
        Their class codes.
    class_names : tuple of str
    said : tuple of Said
    place : ndarray of shape (n,)
        Their positions among the pictures, captions and names.
    pictures : ndarray of shape (n_all, height, width, 3), uint8, or None
    captions, names : sequence of str of shape (n_all,), or None
    """

    y: NDArray[np.int64]
    class_names: Sequence[str]
    said: tuple[Said, ...]
    place: NDArray[np.integer]
    pictures: NDArray[np.uint8] | None = None
    captions: Sequence[str] | None = None
    names: Sequence[str] | None = None

    def section(self, heading: str, rows: NDArray[np.intp], text: str, most: int) -> str:
        """Some of the rows, evenly chosen, as cards if there are pictures, else in a table."""
        if self.pictures is None:
            most = min(most, _MOST_IN_TABLE)
        shown = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
        some = "." if len(shown) == len(rows) else f"; here are {len(shown)} of them."
        parts = [html.note(f"{len(rows)} {text}{some}")]
        if len(shown):
            draw: Callable[[list[int]], str] = self._table if self.pictures is None else self._cards
            parts.append(draw(list(map(int, shown))))
        return html.section(heading, *parts, wide=True)

    def _cards(self, rows: list[int]) -> str:
        return f'<ul class="cards">\n{"".join(map(self._card, rows))}</ul>\n'

    def _card(self, row: int) -> str:
        assert self.pictures is not None
        assert self.captions is not None
        place, truth = self.place[row], int(self.y[row])
        said = []
        for each in self.said:
            words, kind = each.words(row, truth, self.class_names)
            said.append(f'<dt>{escape(each.who)}</dt><dd class="{kind}">{escape(words)}</dd>')
        return (
            f"<li><p>{html.picture(self.pictures[place], self.captions[place])}"
            f"{escape(self.captions[place])}</p><dl>{''.join(said)}</dl></li>\n"
        )

    def _table(self, rows: list[int]) -> str:
        lines = []
        for row in rows:
            place, truth = int(self.place[row]), int(self.y[row])
            said = (each.words(row, truth, self.class_names)[0] for each in self.said)
            name = f"row {place}" if self.names is None else str(self.names[place])
            lines.append((name, self.class_names[truth], *said))
        sure = " and its probability" if self.said[0].proba is not None else ""
        return html.table(
            f"What each model says of these rows{sure}: ✓ is right, ✗ wrong.",
            ("", "true class", *(each.who for each in self.said)), lines, wide=True,
        )  # fmt: skip


def require_pictures(
    pictures: NDArray[np.uint8] | None, captions: Sequence[str] | None, n_rows: int
) -> None:
    """Raise ValueError unless there are none, or RGB pictures and a caption for each row."""
    if pictures is None:
        return
    if captions is None or len(captions) != len(pictures):
        raise ValueError("captions must be given with pictures, one for each.")
    if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
        raise ValueError(f"pictures must be RGB, uint8; got {pictures.shape} {pictures.dtype}.")
    if len(pictures) != n_rows:
        raise ValueError(f"pictures must have one entry per row, {n_rows}; got {len(pictures)}.")
