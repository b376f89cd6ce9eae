"""Write the report of docs/report.md and its pictures, on a light and on a dark page.

Usage: python tools/make_report.py

Needs the extra ``plot``, Pillow and Chromium on the path.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import polyfuse as pf

SCREENSHOTS = Path(__file__).parents[1] / "docs" / "screenshots"
SIZE = 1200, 2560  # pixels of the window
COLOURS, LARGEST = 128, 400_000  # of a picture's palette; bytes
THEMES = {"light": "1", "dark": "0"}  # as Chromium numbers them


def main() -> None:
    data = pf.datasets.load_emoji()
    with tempfile.TemporaryDirectory() as folder:
        page = pf.report(
            pf.FusionClassifier(), data.blocks, data.y, Path(folder) / "report.html",
            title="1,392 emoji, 8 groups: picture, words, or both?", class_names=data.target_names,
            pictures=data.pictures, captions=data.names,
        )  # fmt: skip
        for theme, number in THEMES.items():
            shot = Path(folder) / f"{theme}.png"
            subprocess.run(
                [
                    "chromium", "--headless", "--no-sandbox", "--hide-scrollbars",
                    f"--user-data-dir={folder}/profile", f"--screenshot={shot}",
                    f"--window-size={SIZE[0]},{SIZE[1]}",
                    f"--blink-settings=preferredColorScheme={number}", page.as_uri(),
                ],
                check=True, capture_output=True,
            )  # fmt: skip
            write(Image.open(shot).convert("RGB"), SCREENSHOTS / f"report-{theme}.png")


def write(picture: Image.Image, path: Path) -> None:
    few = picture.quantize(COLOURS, kmeans=3, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")


if __name__ == "__main__":
    main()
