"""From pictures in an archive and words in a table to a model that tells the group of an emoji.

    python docs/examples/emoji_from_raw.py FOLDER --report emoji.html

FOLDER holds rows.csv (columns file, name, keywords, group) and raw/emoji_png.zip with the pictures,
png/FILE. Needs polyfuse[image,text] and pandas; for the
report, which has the pictures, also polyfuse[plot].
"""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.model_selection import train_test_split

import polyfuse as pf
from polyfuse.encoders import BlockEncoder, ImageEncoder, TextEncoder


def read(folder: Path) -> pd.DataFrame:
    """A row per emoji: its group, the bytes of its picture, and its words."""
    rows = pd.read_csv(folder / "rows.csv", keep_default_na=False)
    with ZipFile(folder / "raw" / "emoji_png.zip") as archive:
        pictures = [archive.read(f"png/{name}") for name in rows["file"]]
    words = rows["name"] + " " + rows["keywords"]
    return pd.DataFrame({"group": rows["group"], "image": pictures, "text": words})


def on_white(picture: Image.Image) -> Image.Image:
    """A small picture without transparency."""
    page = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(page, picture).convert("RGB").resize((32, 32))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=Path, help="write what the model is worth to this file")
    options = parser.parse_args()
    table = read(options.folder)
    train, test = train_test_split(table, test_size=0.3, stratify=table["group"], random_state=0)
    encoder = BlockEncoder(
        {
            "image": ImageEncoder(features="histograms"),
            "text": TextEncoder("tfidf", options={"min_df": 2}),
        }
    )
    seen, new = encoder.fit_transform(train), encoder.transform(test)
    print(f"{len(train)} emoji to learn from, {len(test)} held out")
    print("columns:", ", ".join(f"{name} {width}" for name, width in seen.widths.items()))
    for name in seen.names:
        alone = pf.FusionClassifier(C=0.01).fit(seen.select(name), train["group"])
        print(f"accuracy of {name} alone: {alone.score(new.select(name), test['group']):.3f}")
    model = pf.FusionClassifier(C=0.01).fit(seen, train["group"])
    scores = model.modality_scores(new)
    print(f"accuracy of both: {model.score(new, test['group']):.3f}")
    contributions = pf.inspection.modality_contributions(scores)
    without = pf.inspection.drop_modality(scores, y=test["group"]).without
    for name, share in zip(contributions.modalities, contributions.share, strict=True):
        print(f"{name}: {share:.0%} of the decision; accuracy without it {without[name]:.3f}")
    if options.report is not None:
        shown = [Image.open(BytesIO(data)).convert("RGBA") for data in test["image"]]
        pictures = np.stack([np.asarray(on_white(picture)) for picture in shown])
        pf.report(
            model, new, test["group"], options.report, title="Emoji: picture, words, or both?",
            pictures=pictures, captions=test["text"].tolist(),
        )  # fmt: skip
        print(f"wrote {options.report}")


if __name__ == "__main__":
    main()
