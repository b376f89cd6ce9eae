"""From recordings and pictures to a model that tells a digit that is spoken and written.

    python docs/examples/digits_from_raw.py FOLDER --report digits.html

FOLDER holds rows.csv (columns wav, mnist_t10k_index, label), raw/fsdd_wavs.zip with the recordings,
recordings/DIGIT_SPEAKER_NUMBER.wav, and raw/t10k-images-idx3-ubyte.gz. Needs polyfuse[image,audio],
pandas and scikit-learn. Speakers are held out whole: a split by rows would test on known voices.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

import polyfuse as pf
from polyfuse.encoders import AudioEncoder, BlockEncoder, ImageEncoder


def read(folder: Path) -> pd.DataFrame:
    """A row per digit: its label, its speaker, a uint8 array, and the bytes of a recording."""
    rows = pd.read_csv(folder / "rows.csv")
    with gzip.open(folder / "raw" / "t10k-images-idx3-ubyte.gz") as file:
        pictures = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with ZipFile(folder / "raw" / "fsdd_wavs.zip") as archive:
        sounds = [archive.read(f"recordings/{name}") for name in rows["wav"]]
    return pd.DataFrame(
        {
            "digit": rows["label"],
            "speaker": rows["wav"].str.split("_").str[1],
            "written": list(pictures[rows["mnist_t10k_index"]]),
            "spoken": sounds,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=Path, help="write what the model is worth to this file")
    options = parser.parse_args()
    table = read(options.folder)
    y, speakers = table["digit"].to_numpy(), table["speaker"].to_numpy()
    # Neither encoder learns anything from rows, so all may be encoded before they are split.
    encoder = BlockEncoder({"written": ImageEncoder((7, 7), "L"), "spoken": AudioEncoder(8000)})
    blocks = encoder.fit_transform(table)
    print(f"{len(table)} digits of {len(np.unique(speakers))} speakers, each held out in turn")
    model = pf.FusionClassifier(C=0.01)
    for names in (["written"], ["spoken"], ["written", "spoken"]):
        accuracy = cross_val_score(
            model, blocks.select(names), y, groups=speakers, cv=LeaveOneGroupOut()
        )
        each = " ".join(f"{value:.3f}" for value in accuracy)
        print(f"accuracy of {' + '.join(names)}: {accuracy.mean():.3f} ({each})")
    held_out = speakers == speakers[-1]
    scores = model.fit(blocks[~held_out], y[~held_out]).modality_scores(blocks[held_out])
    contributions = pf.inspection.modality_contributions(scores)
    without = pf.inspection.drop_modality(scores, y=y[held_out]).without
    print(f"of the speaker {speakers[-1]}, learned from the others:")
    for name, share in zip(contributions.modalities, contributions.share, strict=True):
        print(f"{name}: {share:.0%} of the decision; accuracy without it {without[name]:.3f}")
    if options.report is not None:
        pf.report(
            pf.FusionClassifier(level="late"), blocks, y, options.report, groups=speakers,
            title="Digits of speakers never heard: written, spoken, or both?",
        )  # fmt: skip
        print(f"wrote {options.report}")


if __name__ == "__main__":
    main()
