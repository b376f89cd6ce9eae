"""Run the snippets of docs/plotting.md and write the pictures that it shows.

Usage: python tools/make_gallery.py

A picture is the figure of ``ax`` after the snippets above it. Needs the extra ``plot``.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot
from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"
COLOURS = 48  # of a picture's palette: a third of the bytes, and none is missed
WIDEST, LARGEST = 900, 60_000  # pixels, bytes


def write(figure: Any, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=min(100, WIDEST / figure.get_figwidth()))
    picture = Image.open(buffer).convert("RGB")
    few = picture.quantize(
        COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
    )
    few.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")


def main() -> None:
    matplotlib.use("Agg")
    names: dict[str, Any] = {}
    text = (DOCS / "plotting.md").read_text(encoding="utf-8")
    for code, picture in re.findall(r"```python\n(.*?)```|!\[.*?\]\((.*?)\)", text, re.DOTALL):
        if code:
            exec(compile(code, "plotting.md", "exec"), names)
        else:
            write(names["ax"].figure, DOCS / picture)
            pyplot.close("all")


if __name__ == "__main__":
    main()
