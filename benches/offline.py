"""Files larger than memory: each job beside a plain loop over the same bytes, and its memory.

    python benches/offline.py --gigabytes 12 --folder /data

makes two modalities of float32 (768 and 512 columns) with labels of two and of ten classes, and
runs each job in a process of its own: seconds, bytes per second of what it reads (and, to fuse,
writes), that of a plain loop of large reads and writes of the same bytes just before, their ratio,
and the most memory that the process had resident.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

WIDTHS = {"image": 768, "text": 512}
ROW = 4 * sum(WIDTHS.values())
PIECE = 8 << 20

SCRIPT = """
import re, sys, polyfuse as pf
from polyfuse import stream, linear_model as lm
folder, job, k = sys.argv[1:]
def data(target=True):
    sources = {name: f"{folder}/{name}.npy" for name in ("image", "text")}
    return stream.Dataset(sources, target=f"{folder}/y{k}.npy" if target else None)
model = f"{folder}/m{k}.safetensors"
if job == "scale":
    stream.fit_scalers(data(False))
elif job == "fuse":
    stream.fuse(data(False), "concatenate", f"{folder}/fused.npy", scaler="standard")
elif job == "train":
    own = lm.SGDClassifier("log_loss", scaler="standard", arithmetic="fast", max_iter=1, tol=None)
    stream.fit(own, data(), checkpoint=f"{folder}/train.checkpoint").save(model)
elif job == "predict":
    stream.predict(pf.load(model), data(False), f"{folder}/predicted.npy")
elif job == "evaluate":
    stream.evaluate(pf.load(model), data())
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


def make(folder: Path, n: int) -> None:
    """Random rows; labels by a random direction, so that there is something to learn."""
    rng = np.random.default_rng(0)
    height, directions = 1 << 14, {}
    files = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float32, (n, width))
        for name, width in WIDTHS.items()
    }
    pool = {name: rng.standard_normal((4 * height, w), np.float32) for name, w in WIDTHS.items()}
    directions = {name: rng.standard_normal((w, 10), np.float32) for name, w in WIDTHS.items()}
    labels = np.empty(n, np.int64)
    for start in range(0, n, height):
        count = min(height, n - start)
        scores = np.zeros((count, 10), np.float32)
        for name, file in files.items():
            first = int(rng.integers(3 * height))
            rows = pool[name][first : first + count]
            file[start : start + count] = 3.0 * rows + 1.0
            scores += rows @ directions[name]
        labels[start : start + count] = scores.argmax(axis=1)
    np.save(folder / "y10.npy", labels)
    np.save(folder / "y2.npy", (labels < 5).astype(np.int64))


def plain(folder: Path, write: bool) -> float:
    """Seconds of a loop that reads all rows in large pieces, and writes as many bytes."""
    buffer = memoryview(bytearray(PIECE))
    began = perf_counter()
    with open(folder / "plain.bin", "wb", buffering=0) as out:
        for name in WIDTHS:
            with open(folder / f"{name}.npy", "rb", buffering=0) as file:
                while got := file.readinto(buffer):
                    if write:
                        out.write(buffer[:got])
    spent = perf_counter() - began
    (folder / "plain.bin").unlink(missing_ok=True)
    return spent


def run(folder: Path, job: str, k: str) -> tuple[float, float]:
    """Seconds and megabytes of a job."""
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), job, k], check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return perf_counter() - began, int(done.stdout) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=12.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--keep", action="store_true", help="leave the files for another run")
    args = parser.parse_args()
    folder = args.folder / "polyfuse-offline"
    n = int(args.gigabytes * 1e9 / ROW)
    size = n * ROW / 1e9
    if not folder.exists():
        folder.mkdir(parents=True)
        make(folder, n)
    print(f"{n:,} rows, {size:.1f} GB\n")
    print("| job | passes | seconds | GB/s | plain loop, GB/s | ratio | peak RSS, MB |")
    print("|---|---|---|---|---|---|---|")
    jobs = [("scale", "2", 1, False), ("fuse", "2", 2, True)]
    jobs += [(job, k, p, False) for k in ("2", "10")
             for job, p in (("train", 2), ("predict", 1), ("evaluate", 1))]  # fmt: skip
    for job, k, passes, writes in jobs:
        moved = size * (passes + writes)
        loop = plain(folder, False) * (passes - writes) + (plain(folder, True) if writes else 0.0)
        seconds, memory = run(folder, job, k)
        name = f"{job}, {k} classes" if job not in ("scale", "fuse") else job
        print(
            f"| {name} | {passes} | {seconds:.1f} | {moved / seconds:.2f} | {moved / loop:.2f} | "
            f"{loop / seconds:.2f} | {memory:.0f} |", flush=True,
        )  # fmt: skip
        (folder / "fused.npy").unlink(missing_ok=True)
    if not args.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    main()
