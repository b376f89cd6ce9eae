"""Run the benches and write docs/benchmarks.md: the only source of its numbers.

    python benches/report.py                              # all of it, some minutes
    python benches/report.py --quick --output /dev/stdout # does everything run?
    python benches/report.py --json FILE                  # from a run of pytest-benchmark

Needs the dependency groups of the benches; reading a file needs the standard library alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS = "polyfuse"
PEERS = (  # columns, from left to right
    "NumPy", "NumPy, one call", "scikit-learn", "Numba", "torchmetrics", "scikit-learn-intelex",
)  # fmt: skip
BANDWIDTH = "bandwidth"
# Less than this stays in a cache, so the speed of memory says nothing about it.
SMALLEST_STREAM = 1 << 20

HEADER = """\
# Benchmarks

Written by `{command}`: every number below is from one run of it. Do not edit; run it again.
"""
QUICK = """
**A quick run, on a twentieth of the rows: it shows that everything runs, not how fast.** The data
stays in a cache, so the fractions of bandwidth mean nothing.
"""
HOW_TO_READ = """
Times are medians. **GB/s** counts the bytes the work has to read and to write, each once.
**Of bandwidth** is that speed as a fraction of the best measured here: of reading for work that
writes next to nothing, of copying for the rest; work that reads more than it writes can exceed 1.
The columns "vs" give the peer's time divided by polyfuse's: 2.0 says that polyfuse takes half as
long, **below 1 the peer is faster**. "Out given" writes to memory whose pages are warm; "fresh
output" allocates its result in each call, and pays for its pages. Peers do the same work and are
checked for the same answer: NumPy in place where it can, "NumPy, one call" as it is usually
written, and in Numba a parallel loop written by hand (`benches/loops.py`). scikit-learn-intelex
and torchmetrics have a column where they were installed; torchmetrics gets tensors, and is told the
number of classes and not to validate.
"""


@dataclass(frozen=True)
class Result:
    """One contestant's median, in seconds."""

    family: str
    work: str
    data: str
    peer: str
    seconds: float
    moved: int
    bound: str

    @property
    def speed(self) -> float:
        """Gigabytes per second."""
        return self.moved / self.seconds / 1e9


def results_of(run: dict[str, Any]) -> list[Result]:
    """The results in the JSON of pytest-benchmark, in the order of the run."""
    results = []
    for bench in run["benchmarks"]:
        info = bench["extra_info"]
        results.append(
            Result(
                info["family"], info["work"], info["data"], info["peer"],
                bench["stats"]["median"], info["bytes"], info["bound"],
            )
        )  # fmt: skip
    return results


def unique(items: Iterable[Any]) -> list[Any]:
    """Each item once, in order of first appearance."""
    return list(dict.fromkeys(items))


# -- numbers -------------------------------------------------------------------------------------
def show_time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{show(seconds / size)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def show(value: float) -> str:
    """About three digits."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int) -> str:
    """Markdown: `left` columns of text, then columns of numbers."""
    rule = ["---" if i < left else "---:" for i in range(len(head))]
    lines = (f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
    return "\n".join(lines) + "\n"


# -- sections ------------------------------------------------------------------------------------
def machine(run: dict[str, Any]) -> str:
    """Processor, threads and versions; no names of hosts, users or folders."""
    info = run["machine_info"]
    benches = info["benches"]
    threads = ", ".join(f"{name} {n}" for name, n in benches["threads"].items())
    versions = {"Python": info["python_version"], **benches["versions"]}
    lines = [
        f"Processor: {info['cpu'].get('brand_raw', 'unknown')}, {benches['cores']} cores in use",
        f"Kernels: {benches['backend']}, level {benches['level']}",
        f"Threads: {threads}",
        f"Huge pages: {benches['huge_pages']}",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in versions.items()),
    ]
    return "## Machine\n\n" + "".join(f"- {line}\n" for line in lines)


def best_bandwidths(results: Sequence[Result]) -> dict[str, float]:
    """Gigabytes per second of reading and of copying, by the fastest means measured."""
    best: dict[str, float] = {}
    for result in results:
        if result.family == BANDWIDTH:
            best[result.work] = max(best.get(result.work, 0.0), result.speed)
    return best


def bandwidth(results: Sequence[Result]) -> str:
    """The line all other numbers are read against, and what it is the best of."""
    measured = [r for r in results if r.family == BANDWIDTH]
    if not measured:
        return "## Memory bandwidth\n\nNot measured in this run.\n"
    best = best_bandwidths(results)
    line = ", ".join(f"{work} **{show(speed)} GB/s**" for work, speed in best.items())
    peers = unique(r.peer for r in measured)
    speeds = {(r.work, r.peer): show(r.speed) for r in measured}
    rows = [[work, *(speeds.get((work, peer), "-") for peer in peers)] for work in best]
    return (
        "## Memory bandwidth\n\n"
        f"Best in this run, on {measured[0].data}: {line}. GB/s by means:\n\n"
        + table(["", *peers], rows, left=1)
    )


def family_table(results: Sequence[Result], best: dict[str, float]) -> str:
    """One kernel family: a row for each work on each data, a column for each peer."""
    by_row: dict[tuple[str, str], dict[str, Result]] = {}
    for work in unique(r.work for r in results):
        for result in results:
            if result.work == work:
                by_row.setdefault((work, result.data), {})[result.peer] = result
    others = unique(r.peer for r in results if r.peer != OURS)
    peers = sorted(others, key=lambda peer: PEERS.index(peer) if peer in PEERS else len(PEERS))
    head = ["work", "data", OURS, "GB/s", "of bandwidth", *(f"vs {peer}" for peer in peers)]
    rows = [[*key, *_cells(row, peers, best)] for key, row in by_row.items()]
    return table(head, rows, left=2)


def _cells(row: dict[str, Result], peers: Sequence[str], best: dict[str, float]) -> list[str]:
    ours = row.get(OURS)
    if ours is None:
        return ["-"] * (3 + len(peers))
    speed = fraction = "-"
    if ours.moved >= SMALLEST_STREAM:
        speed = show(ours.speed)
        if ours.bound in best:
            fraction = f"{ours.speed / best[ours.bound]:.2f}"
    ratios = (show(row[p].seconds / ours.seconds) if p in row else "-" for p in peers)
    return [show_time(ours.seconds), speed, fraction, *ratios]


def document(run: dict[str, Any], command: str) -> str:
    """The whole page."""
    results = results_of(run)
    best = best_bandwidths(results)
    parts = [HEADER.format(command=command)]
    if run["machine_info"]["benches"]["quick"]:
        parts.append(QUICK)
    parts += [HOW_TO_READ, "\n", machine(run), "\n", bandwidth(results)]
    for family in unique(r.family for r in results):
        if family != BANDWIDTH:
            members = [r for r in results if r.family == family]
            parts += [f"\n## {family}\n\n", family_table(members, best)]
    return "".join(parts)


# -- the run -------------------------------------------------------------------------------------
def measure(*, quick: bool, threads: int | None, only: Sequence[str]) -> dict[str, Any]:
    """Run all benches in a process of their own, and return pytest-benchmark's JSON."""
    environment = dict(os.environ)
    if threads is not None:
        for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = str(threads)
    files = [f"benches/bench_{family}.py" for family in (BANDWIDTH, *only)] if only else ["benches"]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "run.json")
        command = [
            sys.executable, "-m", "pytest", *files, "--benchmark-only", "--benchmark-quiet",
            "-o", "python_files=bench_*.py", "-p", "no:cacheprovider",
            f"--benchmark-json={output}", *(["--quick"] if quick else []),
        ]  # fmt: skip
        # What pytest prints must not mix with a report written to the standard output.
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
        run: dict[str, Any] = json.loads(output.read_text())
        return run


def measured_programs(page: Path) -> str:
    """The section at the end of a page that benches/programs/measure.py has written."""
    text = page.read_text() if page.is_file() else ""
    return "".join(text.partition("\n## Programs of others")[1:])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Run the benches and write docs/benchmarks.md.")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the rows")
    parser.add_argument("--threads", type=int, help="threads of every contestant")
    parser.add_argument("--only", nargs="+", default=[], help="families to run, as fusion")
    parser.add_argument("--json", type=Path, help="read a run of pytest-benchmark instead")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    args = parser.parse_args(argv)
    options = [*(["--quick"] if args.quick else [])]
    options += [f"--threads {args.threads}"] if args.threads else []
    options += ["--only", *args.only] if args.only else []
    if args.json:
        run = json.loads(args.json.read_text())
        options = ["--json FILE"]
    else:
        run = measure(quick=args.quick, threads=args.threads, only=args.only)
    page = document(run, " ".join(["python benches/report.py", *options]))
    args.output.write_text(page + measured_programs(args.output))


if __name__ == "__main__":
    main()
