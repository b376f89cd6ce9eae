"""Make python/polyfuse/datasets/data/emoji.npz, the data file of ``polyfuse.datasets.load_emoji``.

Usage: python tools/make_emoji_bundle.py FOLDER [--output FILE]

FOLDER holds emoji.npz (arrays image_feat, text, image32, y), rows.csv and meta.json. Two runs with
the same Pillow and zlib give the same bytes. Needs NumPy and Pillow (matplotlib brings Pillow).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

OUTPUT = Path(__file__).parents[1] / "python" / "polyfuse" / "datasets" / "data" / "emoji.npz"
COLOURS = 32


def reduce_colours(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the palette ``(COLOURS, 3)`` and the codes ``(height, width)`` of an RGB picture.

    Each picture has its own palette: one for all turns the rare colours (violet, turquoise) dull.
    """
    reduced = Image.fromarray(picture).quantize(
        COLOURS,
        method=Image.Quantize.MEDIANCUT,
        kmeans=3,
        dither=Image.Dither.NONE,
    )
    used = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)[:COLOURS]
    palette = np.zeros((COLOURS, 3), np.uint8)
    palette[: len(used)] = used
    return palette, np.asarray(reduced, np.uint8)


def as_fixed_point(block: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Store [0, 1] in steps of 1/65535: as wide as float16, with 1/32 of its largest error."""
    if not (block.min() >= 0 and block.max() <= 1):
        raise ValueError("an image feature lies outside [0, 1]")
    return np.rint(block.astype(np.float64) * 65535).astype(np.uint16)


def as_utf8(lines: list[str]) -> NDArray[np.uint8]:
    """Join with newlines: far smaller than NumPy's 4 bytes a character, padded to the longest."""
    if any("\n" in line for line in lines):
        raise ValueError("a text field holds a newline")
    return np.frombuffer("\n".join(lines).encode("utf-8"), np.uint8)


def collect(folder: Path) -> dict[str, NDArray[Any]]:
    """Read the source folder and return the arrays of the bundle."""
    with open(folder / "rows.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    classes = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["classes"]
    with np.load(folder / "emoji.npz", allow_pickle=False) as source:
        image, text, y = source["image_feat"], source["text"], source["y"]
        reduced = [reduce_colours(picture) for picture in source["image32"]]
    if [int(row["label"]) for row in rows] != y.tolist():
        raise ValueError("rows.csv and emoji.npz do not hold the same rows")
    return {
        "image": as_fixed_point(image),
        "text": text.astype(np.uint8),
        "y": y.astype(np.uint8),
        "palettes": np.stack([palette for palette, _ in reduced]),
        "pixels": np.stack([codes for _, codes in reduced]),
        "target_names": as_utf8(classes),
        "names": as_utf8([row["name"] for row in rows]),
        "characters": as_utf8([row["emoji"] for row in rows]),
        "keywords": as_utf8([row["keywords"] for row in rows]),
    }


def write(arrays: dict[str, NDArray[Any]], output: Path) -> None:
    """Write what ``np.savez_compressed`` would, but without the time of day in the file."""
    with zipfile.ZipFile(output, "w") as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="holds emoji.npz, rows.csv and meta.json")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: in the package")
    options = parser.parse_args(arguments)
    write(collect(options.folder), options.output)
    print(f"{options.output.name}: {options.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
