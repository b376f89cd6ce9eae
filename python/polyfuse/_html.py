"""The parts of a self-contained HTML page: theme, tables, plots and pictures, all inline."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import plotting

# Name of a colour in the style sheet, what the plots use, and what stands for it on a dark page.
THEME = (
    ("ink", plotting.INK, "#e6edf3"),
    ("muted", plotting.MUTED, "#a3aebb"),
    ("grid", plotting.GRID, "#343d49"),
    ("blue", plotting.BLUE, "#6cb6ff"),
    ("vermillion", plotting.VERMILLION, "#ffa066"),
    ("green", plotting.GREEN, "#4fd1a5"),
    ("purple", plotting.PURPLE, "#e2a3da"),
    ("heat", plotting.HEAT, "#4d9be6"),
    ("on-heat", plotting.ON_HEAT, "#000000"),
    ("off-heat", plotting.OFF_HEAT, "#ffffff"),
    ("page", plotting.PAGE, "#10151b"),
    ("card", "#f5f7f9", "#19212a"),
)

_LARGEST = 80  # pixels of a picture's side; cards show some 50

_FONTS = "system-ui, -apple-system, 'Segoe UI', sans-serif"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_STYLE = """\
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
  background: var(--page); font: 1rem/1.55 FONTS; }
h1 { font-size: 1.9rem; line-height: 1.25; margin: .2rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h1, h2, p, li, td, th, figcaption { overflow-wrap: anywhere; }
p, .notes li, figcaption { max-width: 46rem; }
.kicker, figcaption, caption, .note, .notes { color: var(--muted); }
.kicker { margin: 0; }
.lead { font-size: 1.1rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr));
  gap: 0 2.5rem; }
.columns > * { min-width: 0; }
.wide { grid-column: 1 / -1; }
.scroll { overflow-x: auto; }
figure { margin: 0; }
figcaption, caption, .note, .notes { font-size: .9rem; }
figcaption { margin-top: .5rem; }
.notes { padding-left: 1.1rem; }
svg { display: block; width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt; }
svg text { fill: var(--ink); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .25rem 0;
  width: 100%; max-width: 36rem; font-size: .92rem; }
table.wide { max-width: none; font-size: .87rem; }
caption { text-align: left; padding-bottom: .5rem; }
caption span { display: block; max-width: calc(100vw - 2.5rem); }
th, td { padding: .35rem 0 .35rem .7rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--grid); font-weight: normal; overflow-wrap: normal; }
th:first-child { text-align: left; padding-left: 0; white-space: normal; }
thead th { color: var(--muted); }
tr.best > * { font-weight: 700; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem;
  list-style: none; margin: 0; padding: 0; }
.cards li { background: var(--card); border-radius: .5rem; padding: .75rem; }
.cards p { display: flex; align-items: center; gap: .75rem; margin: 0 0 .6rem; font-weight: 700;
  line-height: 1.3; }
.cards img { flex: none; width: 3.5rem; height: 3.5rem; padding: .2rem; border-radius: .5rem;
  background: #ffffff; object-fit: contain; }
.cards dl { display: grid; grid-template-columns: fit-content(45%) 1fr;
  gap: .1rem .6rem; margin: 0; font-size: .85rem; line-height: 1.35; }
.cards dt { color: var(--muted); }
.cards dd { margin: 0; }
.answers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr));
  gap: .75rem; margin: 0; }
.answers div { background: var(--card); border-radius: .5rem; padding: .8rem 1rem; }
.answers dt { color: var(--muted); font-size: .85rem; }
.answers dd { margin: .2rem 0 0; line-height: 1.4; }
.right { color: var(--green); }
.wrong { color: var(--vermillion); }
details { margin-top: .75rem; }
summary { cursor: pointer; color: var(--blue); }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
@media (max-width: 34rem) { h1 { font-size: 1.5rem; } body { padding: 1.25rem 1rem 3rem; }
  table { font-size: .8rem; } th, td { padding-left: .4rem; } }
@media print { body { max-width: none; padding: 0; } figure, li, tr { break-inside: avoid; } }
"""


def page(title: str, sections: Iterable[str]) -> str:
    """A whole page that may load nothing and run nothing."""
    light = " ".join(f"--{name}: {value};" for name, value, _ in THEME)
    dark = " ".join(f"--{name}: {value};" for name, _, value in THEME)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
:root {{ color-scheme: light dark; {light} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
{_STYLE.replace("FONTS", _FONTS)}</style>
</head>
<body>
<main>
{"".join(sections)}</main>
</body>
</html>
"""


def section(heading: str, *parts: str, wide: bool = False) -> str:
    """A section; a wide one takes all columns."""
    mark = ' class="wide"' if wide else ""
    return f"<section{mark}>\n<h2>{escape(heading)}</h2>\n{''.join(parts)}</section>\n"


def columns(*sections: str) -> str:
    return f'<div class="columns">\n{"".join(sections)}</div>\n'


def stack(*sections: str) -> str:
    """Sections one below the other, in one of several columns."""
    return f"<div>\n{''.join(sections)}</div>\n"


def answers(pairs: Iterable[tuple[str, str]]) -> str:
    """Questions, each with its answer."""
    items = "".join(
        f"<div><dt>{escape(question)}</dt><dd>{escape(answer)}</dd></div>\n"
        for question, answer in pairs
    )
    return f'<dl class="answers">\n{items}</dl>\n'


def note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>\n'


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], best: int | None = None,
    *, wide: bool = False,
) -> str:  # fmt: skip
    """A table whose first column heads the rows; the row `best` is set in bold.

    A wide one takes the width that there is.
    """
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = []
    for i, (first, *values) in enumerate(rows):
        cells = "".join(f"<td>{escape(value)}</td>" for value in values)
        mark = ' class="best"' if i == best else ""
        body.append(f'<tr{mark}><th scope="row">{escape(first)}</th>{cells}</tr>\n')
    kind = ' class="wide"' if wide else ""
    return _scroll(
        caption,
        f"<table{kind}>\n<caption><span>{escape(caption)}</span></caption>\n<thead><tr>{top}</tr></thead>\n"
        f"<tbody>\n{''.join(body)}</tbody>\n</table>\n",
    )


def _scroll(label: str, content: str) -> str:
    """Content that may be wider than the page, within reach of a keyboard."""
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(label)}">\n'
        f"{content}</div>\n"
    )


def figure(
    key: str, size: tuple[float, float], draw: Callable[[Any], Any], alt: str, caption: str
) -> str:
    """A plot; `size` in inches, `draw` takes the Axes, `key` is unique on the page."""
    width = 72 * size[0]
    # Wider and its letters shout, narrower and nobody can read them.
    style = f"min-width: {min(0.9 * width, 1000):.0f}px; max-width: {1.4 * width:.0f}px"
    opening = f'<div style="{style}" role="img" aria-label="{escape(alt)}">'
    plot = _scroll("plot", f"{opening}{_svg(key, size, draw)}</div>\n")
    return f"<figure>\n{plot}<figcaption>{escape(caption)}</figcaption>\n</figure>\n"


def _svg(key: str, size: tuple[float, float], draw: Callable[[Any], Any]) -> str:
    """A plot as an <svg> element in the page's own fonts and colours."""
    svg = plotting.render_svg(draw, size, key)
    svg = re.sub(r"<!--.*?-->|<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return re.sub(r"<[^>]*>", lambda tag: _restyle(tag[0], key), svg)


def _restyle(tag: str, key: str) -> str:
    """Ids of this plot's own, no namespaces, no fonts, and colours by name, in one tag."""
    tag = re.sub(r' xmlns(:xlink)?="[^"]*"', "", tag).replace("xlink:href", "href")
    tag = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{key}-", tag)
    tag = re.sub(r"'DejaVu Sans'[^;\"]*", _FONTS, tag)
    if tag.startswith("<svg"):
        tag = re.sub(r' (width|height|version)="[^"]*"', "", tag)
    for name, colour, _ in THEME:
        tag = tag.replace(f": {colour}", f": var(--{name})")
    return tag


def picture(rgb: NDArray[np.uint8], alt: str) -> str:
    """An RGB picture of shape (height, width, 3), inline, no larger than it is seen."""
    source = base64.b64encode(_png(_shrunk(rgb))).decode()
    return f'<img src="data:image/png;base64,{source}" alt="{escape(alt)}">'


def _shrunk(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of squares of pixels, so that no side has more than _LARGEST."""
    size = -(-max(rgb.shape[:2]) // _LARGEST)
    if size <= 1:
        return rgb
    for axis in (0, 1):
        starts = np.arange(0, rgb.shape[axis], size)
        counts = np.diff(np.append(starts, rgb.shape[axis])).reshape((-1, 1, 1))
        sums = np.add.reduceat(np.moveaxis(rgb, axis, 0), starts, axis=0, dtype=np.uint32)
        rgb = np.moveaxis(((sums + counts // 2) // counts).astype(np.uint8), 0, axis)
    return rgb


def _png(rgb: NDArray[np.uint8]) -> bytes:
    """The picture as a PNG file (W3C, Portable Network Graphics specification, 3rd edition)."""
    height, width, _ = rgb.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = rgb.reshape(height, -1)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
