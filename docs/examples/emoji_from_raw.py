"""From pictures in an archive and words in a table to a model that tells the group of an emoji.

    python docs/examples/emoji_from_raw.py FOLDER

FOLDER holds rows.csv (columns file, name, keywords, group) and raw/emoji_png.zip with the pictures,
png/FILE. Needs polyfuse[image,text] and pandas.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    table = read(parser.parse_args().folder)
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


if __name__ == "__main__":
    main()
