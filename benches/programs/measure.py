"""Time programs of others, unchanged, with scikit-learn and with polyfuse in its place.

    python benches/programs/measure.py [--runs 3] [--python PYTHON]

PYTHON is the interpreter of an environment that has polyfuse and what requirements.txt lists. Runs
alternate. What a program prints is compared: to the byte, or as numbers that agree to a part in
10^9. The table replaces the one at the end of docs/benchmarks.md, which benches/report.py keeps.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "benchmarks.md"
TITLE = "## Programs of others"
INTRODUCTION = """
Programs from PyPI, unchanged, as `python program.py` and as
`python -m polyfuse.sklearn program.py`: medians of {runs} runs of whole processes, in alternation,
imports included. Written by `python benches/programs/measure.py`.

| program | what it does | scikit-learn | polyfuse | ratio | prints |
| --- | --- | ---: | ---: | ---: | --- |
"""
_NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def programs() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.py") if path.name != Path(__file__).name)


def run(command: Sequence[str]) -> tuple[float, str]:
    """Seconds of a process, and what it prints."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def agreement(a: str, b: str) -> str:
    """How far what two runs print is the same."""
    if a == b:
        return "the same bytes"
    numbers = [list(map(float, _NUMBER.findall(text))) for text in (a, b)]
    alike = _NUMBER.sub("", a).split() == _NUMBER.sub("", b).split()
    if not alike or len(numbers[0]) != len(numbers[1]):
        raise SystemExit(f"other text:\n{a}\n{b}")
    largest = max(abs(x - y) / max(abs(x), 1e-300) for x, y in zip(*numbers, strict=True) if x != y)
    if largest > 1e-9:
        raise SystemExit(f"other numbers, by {largest:.1e}:\n{a}\n{b}")
    return f"the same to {largest:.0e}"


def row(path: Path, python: str, runs: int) -> str:
    """A line of the table."""
    what = re.match(r'"""(\S+): (.*)\."""', path.read_text())
    if what is None:
        raise SystemExit(f"{path.name} must begin with what it does")
    plain, patched = [], []
    for _ in range(runs):
        plain.append(run([python, str(path)]))
        patched.append(run([python, "-m", "polyfuse.sklearn", str(path)]))
    before, after = (median(seconds for seconds, _ in each) for each in (plain, patched))
    same = agreement(plain[0][1], patched[0][1])
    name, about = what.groups()
    return f"| {name} | {about} | {before:.1f} s | {after:.1f} s | {before / after:.2f} | {same} |"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time programs of others on polyfuse.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    args = parser.parse_args(argv)
    lines = []
    for path in programs():
        lines.append(row(path, args.python, args.runs))
        print(lines[-1], flush=True)
    section = TITLE + "\n" + INTRODUCTION.format(runs=args.runs) + "\n".join(lines) + "\n"
    before = PAGE.read_text().partition(TITLE)[0].rstrip()
    PAGE.write_text(f"{before}\n\n{section}")


if __name__ == "__main__":
    main()
