"""Jobs of the command line that are killed, starved and lied to; run by hand, prints two tables.

    python tests/offline/kill_jobs.py [--kills 20] [--rows 1000000] [--seed 0]

First, train, predict and fuse are killed (SIGKILL) at random moments and resumed, until each was
killed so often; what they leave is compared, byte by byte, with that of jobs that nobody disturbed.
Then, with a checkpoint at hand, everything that can go wrong does: there has to be one line that
says so, no output, and the same checkpoint as before. The full disk is a small tmpfs, which takes
root.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

MODALITIES = ("--modality", "image=a.npy", "--modality", "text=b.npy")
JOBS = {
    "train": ("train", *MODALITIES, "--target", "y.npy", "--epochs", "25", "--output", "m.out"),
    "predict": (
        "predict", *MODALITIES, "--model", "model", "--method", "predict_proba",
        "--output", "p.csv",
    ),
    "fuse": (
        "fuse", "--modality", "image=c.npy", "--modality", "text=d.npy", "--op", "mean",
        "--scaler", "standard", "--output", "f.csv",
    ),
}  # fmt: skip
SOURCE = {"train": "a.npy", "predict": "a.npy", "fuse": "c.npy"}  # what becomes another


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A job in a process of its own."""
    command = [sys.executable, "-m", "polyfuse", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code of a job, and what it says."""
    process = start(folder, *arguments)
    _, said = process.communicate(timeout=600)
    return process.returncode, said.strip()


def make(folder: Path, rows: int) -> None:
    """Two modalities, a target, and a model."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 24), np.float32)
    np.save(folder / "a.npy", x)
    np.save(folder / "b.npy", x[::-1] + rng.standard_normal((rows, 24), np.float32))
    # More than is read ahead: a source must be able to shrink before it has been read.
    np.save(folder / "c.npy", x[:, :12])
    np.save(folder / "d.npy", x[:, 12:])
    np.save(folder / "y.npy", (x[:, 0] + x[:, 1] > 0).astype(np.int8))
    code, said = run(folder, *(JOBS["train"][:-1]), "model")
    assert code == 0, said


def digest(path: Path) -> str:
    """What tells files apart."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def clean(folder: Path, name: str) -> None:
    """Remove what a job has made of an output."""
    for path in folder.glob(f"{name}*"):
        path.unlink()


def kill(folder: Path, job: str, kills: int, rng: random.Random) -> str:
    """A line of the table: how often a job was killed, and whether its bytes are the same."""
    arguments = JOBS[job]
    output = arguments[-1]
    clean(folder, output)
    began = time.monotonic()
    assert run(folder, *arguments)[0] == 0
    length, whole = time.monotonic() - began, digest(folder / output)
    clean(folder, output)
    killed = done = resumed = same = early = 0
    while killed < kills:
        resumed += (folder / f"{output}.checkpoint").exists()
        process = start(folder, *arguments, "--resume")
        try:
            process.communicate(timeout=rng.uniform(0.2, length))
        except subprocess.TimeoutExpired:
            early += (folder / output).exists() and digest(folder / output) != whole
            process.kill()
            process.communicate()
            killed += 1
            continue
        assert process.returncode == 0
        done, same = done + 1, same + (digest(folder / output) == whole)
        clean(folder, output)
    code, said = run(folder, *arguments, "--resume")
    assert code == 0, said
    done, same = done + 1, same + (digest(folder / output) == whole)
    assert not early
    return f"{job:8} {length:7.1f} s {killed:6} {resumed:8} {done:9} {same:10}"


# -- what can go wrong ---------------------------------------------------------------------------


def interrupted(folder: Path, job: str) -> Path:
    """The checkpoint of a job that was killed as soon as there was one."""
    output = JOBS[job][-1]
    clean(folder, output)
    checkpoint = folder / f"{output}.checkpoint"
    process = start(folder, *JOBS[job])
    while not checkpoint.exists():
        assert process.poll() is None, "the job has ended without a checkpoint: take more rows"
        time.sleep(0.01)
    process.kill()
    process.communicate()
    return checkpoint


@contextmanager
def changed(path: Path, change: Callable[[Path], None]) -> Iterator[None]:
    """A file that is another for a while."""
    kept = path.with_suffix(".kept")
    os.rename(path, kept)
    shutil.copy(kept, path)
    change(path)
    try:
        yield
    finally:
        os.replace(kept, path)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def poison(path: Path) -> None:
    x = np.load(path, mmap_mode="r+")
    x[len(x) - 7, 3] = np.nan
    x.flush()


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def wrong(folder: Path, what: str, job: str, change: Callable[[Path], None]) -> str:
    """A line of the table: a job that is resumed when a source has become another."""
    checkpoint = interrupted(folder, job)
    before = digest(checkpoint)
    with changed(folder / SOURCE[job], change):
        code, said = run(folder, *JOBS[job], "--resume", "--quiet")
    return row(folder, what, job, code, said, digest(checkpoint) == before)


def poisoned(folder: Path, job: str) -> str:
    """A line of the table: a chunk with NaN, in a job that is begun."""
    output = JOBS[job][-1]
    clean(folder, output)
    with changed(folder / SOURCE[job], poison):
        code, said = run(folder, *JOBS[job], "--quiet")
    return row(folder, "NaN in a chunk", job, code, said, None)


def shrinking(folder: Path, job: str) -> str:
    """A line of the table: a source that is cut while it is read."""
    checkpoint = interrupted(folder, job)
    with changed(folder / SOURCE[job], lambda path: None):
        clean(folder, JOBS[job][-1])
        process = start(folder, *JOBS[job], "--quiet")
        while not checkpoint.exists():
            time.sleep(0.01)
        truncate(folder / SOURCE[job])
        _, said = process.communicate(timeout=600)
    readable = run(folder, "info", str(checkpoint))[0] == 0
    return row(folder, "source shrinks", job, process.returncode, said.strip(), readable)


def truncated_parquet(folder: Path) -> str:
    """A line of the table: a table that has lost its end."""
    import pyarrow
    from pyarrow import parquet

    rows = np.load(folder / "c.npy", mmap_mode="r")[:1000]
    parquet.write_table(
        pyarrow.table({f"x{j}": rows[:, j] for j in range(12)}), folder / "q.parquet"
    )
    truncate(folder / "q.parquet")
    clean(folder, "f.csv")
    code, said = run(folder, "fuse", "--modality", "image=q.parquet", "--output", "f.csv")
    return row(folder, "cut Parquet", "fuse", code, said, None)


def full_disk(folder: Path, job: str) -> str:
    """A line of the table: an output on a small tmpfs."""
    output, small = JOBS[job][-1], folder / "small"
    small.mkdir(exist_ok=True)
    size = "40k" if job == "train" else "6m"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)])
    if mounted.returncode:
        return f"full disk        {job:8} not tried: mounting a tmpfs takes root"
    try:
        code, said = run(folder, *JOBS[job][:-1], f"small/{output}", "--quiet")
        left = sorted(path.name for path in small.iterdir())
        checkpoint = small / f"{output}.checkpoint"
        kept = run(folder, "info", str(checkpoint))[0] == 0 if checkpoint.exists() else None
        assert set(left) <= {f"{output}.partial", f"{output}.checkpoint"}, left
    finally:
        subprocess.run(["umount", str(small)], check=True)
    return row(folder, f"full disk, {size}", job, code, said, kept)


def row(folder: Path, what: str, job: str, code: int, said: str, intact: bool | None) -> str:
    """A line of the table, if all is as it must be."""
    assert code in (3, 4), (what, job, code, said)
    assert said.count("\n") == 0, said
    assert said.startswith("polyfuse: error: "), said
    assert intact in (True, None), (what, job, said)
    assert not (folder / JOBS[job][-1]).exists()
    shown = {True: "intact", False: "lost", None: "none yet"}[intact]
    return f"{what:16} {job:8} {code:4} {shown:10} {said.removeprefix('polyfuse: error: ')}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, args.rows)
        print(
            f"{'job':8} {'alone':>9} {'kills':>6} {'resumed':>8} {'finished':>9} {'same bytes':>10}"
        )
        for job in JOBS:
            print(kill(folder, job, args.kills, rng), flush=True)
        print(f"\n{'what':16} {'job':8} {'exit':4} {'checkpoint':10} said")
        for job in JOBS:
            print(wrong(folder, "truncated", job, truncate), flush=True)
            print(wrong(folder, "changed", job, touch), flush=True)
            print(shrinking(folder, job), flush=True)
            if job != "fuse":  # which takes NaN for a value, unless told otherwise
                print(poisoned(folder, job), flush=True)
            print(full_disk(folder, job), flush=True)
        print(truncated_parquet(folder))


if __name__ == "__main__":
    main()
