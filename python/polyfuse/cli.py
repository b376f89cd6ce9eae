"""The command line: ``polyfuse demo``, ``polyfuse run`` and ``polyfuse info``."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from ._comparison import Comparison

_REPORT = "polyfuse-report.html"

_DESCRIPTION = """\
Learn from several feature blocks that describe the same rows: compare each modality alone with
every way of fusing them, and see which did the work.
"""

_EXAMPLES = """\
examples:
  polyfuse demo
      train on 1,392 emoji, pictures and words, and write polyfuse-report.html
  polyfuse run --modality image=image.npy --modality text=text.npy --target labels.npy
      the same on your own files

Reports need matplotlib. Without it there is no default report; to ask for one is an error.
Exit codes: 0 done, 2 something in the input is wrong, 130 interrupted.
"""

_DEMO = """\
Tell the group of an emoji (food, animals, ...) from its picture, from its name and keywords, and
from both: train on 70 % of 1,392 emoji, test on the others, print a table, write a report.
"""

_RUN = """\
Compare each modality alone with every fusion rule on rows held out, print a table, write a report.

Files are .npy (mapped, not loaded whole), or .npz: with a single array, or as FILE.npz:KEY.
A modality is a matrix of numbers, one row per sample, without missing values; the target holds one
label per row, integers or text, each at least twice.
"""

_RUN_EXAMPLE = """\
example:
  polyfuse run --modality image=image.npy --modality text=words.npz:counts \\
      --target labels.npy --output fused.html
"""

_NO_PLOTS = "matplotlib is not installed: pip install matplotlib"


class _BadInputError(Exception):
    """What the user is told in one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _BadInputError(message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit code: 0 done, 2 if something in the input is wrong (one line on stderr says what),
        130 if interrupted.
    """
    try:
        args = _parser().parse_args(argv)
        args.command(args)
        sys.stdout.flush()
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except _BadInputError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:
        # The reader of the table has left; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _say(message: str) -> None:
    line = " ".join(f"polyfuse: {message}".split())
    print("".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)


# -- arguments -----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    shape: dict[str, Any] = {
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }
    parser = _Parser(prog="polyfuse", description=_DESCRIPTION, epilog=_EXAMPLES, **shape)
    parser.add_argument("--version", action="version", version=f"polyfuse {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo", help="train on emoji: see it work", description=_DEMO, **shape
    )
    demo.set_defaults(command=_demo)
    run = commands.add_parser(
        "run", help="compare fusions on your own files", description=_RUN, epilog=_RUN_EXAMPLE,
        usage="polyfuse run [-h] --modality NAME=FILE --modality NAME=FILE [--modality ...]\n"
        "                    --target FILE [--test-size FRACTION] [--seed N]\n"
        "                    [--output FILE.html] [--no-report]",
        **shape,
    )  # fmt: skip
    run.set_defaults(command=_run)
    _add_input(run)
    for command in (demo, run):
        command.add_argument(
            "--output", metavar="FILE.html", help=f"where to write the report (default: {_REPORT})"
        )
        command.add_argument("--no-report", action="store_true", help="print the table only")
    info = commands.add_parser(
        "info", help="print version, kernels, instruction set and threads", **shape
    )
    info.set_defaults(command=_info)
    return parser


def _add_input(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--modality", action="append", default=[], metavar="NAME=FILE", required=True,
        help="a feature block and what to call it; give at least two",
    )  # fmt: skip
    run.add_argument("--target", metavar="FILE", required=True, help="the labels")
    run.add_argument(
        "--test-size", type=_fraction, default=0.3, metavar="FRACTION",
        help="fraction of the rows of each class held out to test on (default: 0.3)",
    )  # fmt: skip
    run.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="which rows are held out (default: 0)"
    )


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"must be a number between 0 and 1; got {text!r}")
    return value


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more; got {text!r}")
    return int(text)


# -- commands ------------------------------------------------------------------------------------


def _info(args: argparse.Namespace) -> None:
    from . import show_config

    show_config()


def _demo(args: argparse.Namespace) -> None:
    output = _output(args)
    from ._comparison import compare
    from ._progress import Progress
    from .datasets import load_emoji

    emoji = load_emoji()
    with Progress() as progress:
        comparison = compare(emoji.blocks, emoji.y, names=emoji.target_names, progress=progress)
    title = f"{len(emoji.y):,} emoji, {len(emoji.target_names)} groups: picture, words, or both?"
    gallery = {"pictures": emoji.pictures, "captions": emoji.names}
    _tell(comparison, args, output, title, **gallery)


def _run(args: argparse.Namespace) -> None:
    output = _output(args)
    from ._comparison import compare
    from ._progress import Progress

    try:
        blocks, labels = _load(args)
        with Progress() as progress:
            comparison = compare(
                blocks, labels, test_size=args.test_size, random_state=args.seed, progress=progress
            )
    except (ValueError, MemoryError) as error:
        raise _BadInputError(str(error) or "not enough memory") from error
    _tell(comparison, args, output, f"{' + '.join(blocks)} → {args.target}")


def _load(args: argparse.Namespace) -> tuple[dict[str, Any], Any]:
    """The blocks by name, and the labels; errors name the argument as it was given."""
    from ._files import load_modality, load_target

    sources: dict[str, str] = {}
    for given in args.modality:
        name, equals, source = given.partition("=")
        if not (equals and name and source and name.isprintable()):
            raise ValueError(f"--modality must be NAME=FILE; got {given!r}")
        if name in sources:
            raise ValueError(f"--modality {given}: {name!r} is given twice")
        sources[name] = source
    if len(sources) < 2:
        raise ValueError(f"--modality must be given at least twice; got {args.modality[0]} only")
    blocks = {}
    for name, source in sources.items():
        blocks[name] = load_modality(f"--modality {name}={source}", source)
        first, n_rows = next(iter(blocks)), len(next(iter(blocks.values())))
        if len(blocks[name]) != n_rows:
            raise ValueError(
                f"--modality {name}={source} has {len(blocks[name])} rows, but "
                f"{first}={sources[first]} has {n_rows}"
            )
    labels = load_target(f"--target {args.target}", args.target)
    if len(labels) != n_rows:
        raise ValueError(
            f"--target {args.target} has {len(labels)} labels, but the modalities have "
            f"{n_rows} rows"
        )
    _require_classes(args.target, labels)
    return blocks, labels


def _require_classes(target: str, labels: Any) -> None:
    import numpy as np

    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"--target {target} holds a single class, {str(classes[0])!r}")
    if counts.min() < 2:
        lonely = str(classes[counts.argmin()])
        raise ValueError(
            f"--target {target}: class {lonely!r} has one row only; "
            "to learn it and to test it takes two"
        )


def _output(args: argparse.Namespace) -> str | None:
    """Where to write the report, or None; known to be possible before any work is done.

    Without matplotlib a report that was asked for by name is an error; the default one is left
    out, and in the end a line on stderr says so: the table is worth having.
    """
    if args.no_report:
        if args.output is not None:
            raise _BadInputError("--output and --no-report exclude each other")
        return None
    from . import plotting, reporting

    try:
        plotting.require_matplotlib()
    except ImportError:
        if args.output is not None:
            raise _BadInputError(f"--output {args.output}: {_NO_PLOTS}") from None
        return None
    output: str = _REPORT if args.output is None else args.output
    try:
        reporting.replaceable(output)
    except (OSError, ValueError) as error:
        raise _BadInputError(f"--output {output}: {error}") from error
    return output


# -- results -------------------------------------------------------------------------------------


def _tell(
    comparison: Comparison, args: argparse.Namespace, output: str | None, title: str, **gallery: Any
) -> None:
    """Print the table and the verdict, write the report, print its path."""
    verdict = "\n".join(textwrap.fill(text, 80) for text in comparison.headline())
    _print(f"{_table(comparison)}\n\n{verdict}")
    if output is None:
        if not args.no_report:
            _say(f"no report, {_NO_PLOTS}")
        return
    from .reporting import write_report

    try:
        write_report(output, comparison, title=title, **gallery)
    except OSError as error:
        raise _BadInputError(f"--output {output}: {error}") from error
    _print(f"\nreport: {os.path.abspath(output)}")


def _print(text: str) -> None:
    """Print what stdout can show, and question marks for the rest."""
    code = sys.stdout.encoding or "utf-8"
    print(text.encode(code, "replace").decode(code))


def _table(comparison: Comparison) -> str:
    models = (*comparison.alone, *comparison.fused)
    width = max(len(model.label) for model in models)
    lines = [f"{'model':<{width}}  accuracy  precision  recall     F1  fit time"]
    for model in models:
        accuracy, precision, recall, f1 = (f"{score:.3f}" for score in model.scores)
        best = "  best fusion" if model is comparison.best_fused else ""
        lines.append(
            f"{model.label:<{width}}  {accuracy:>8}  {precision:>9}  {recall:>6}  {f1:>5}  "
            f"{model.seconds:>6.2f} s{best}"
        )
    return "\n".join(lines)
