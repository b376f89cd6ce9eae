"""The command line: ``polyfuse train``, ``predict``, ``fuse`` and so on; see docs/cli.md."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._cli_errors import (
    CODES,
    BadInputError,
    explained,
    one_line,
    put,
    say,
    terminated_like_interrupted,
)
from ._cli_parser import SHAPE, SHELLS, Parser, add_jobs

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
  polyfuse train --modality image=image.npy --modality text=text.npy --target labels.npy \\
      --output model.safetensors
      learn from files that may be larger than memory

Reports need matplotlib. Without it there is no default report; to ask for one is an error.

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit code: 0 done, 1 for a defect, 2 for wrong input, 3 for a source that cannot be read, 4
        for an output that cannot be written (one line on stderr says what), 130 if interrupted.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        args = _parser().parse_args(argv)
        with terminated_like_interrupted():
            args.command(args)
        sys.stdout.flush()
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except BrokenPipeError:
        # The reader of the table has left; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Exception, KeyboardInterrupt) as error:
        return _failed(error, machine="--json" in argv)
    return 0


def _failed(error: BaseException, *, machine: bool) -> int:
    code, message = explained(error)
    if os.environ.get("POLYFUSE_TRACEBACK"):
        raise error
    say(message if isinstance(error, KeyboardInterrupt) else f"error: {message}")
    if machine:
        import json

        put(json.dumps({"error": one_line(message), "code": code}))
    return code


# -- arguments -----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = Parser(prog="polyfuse", description=_DESCRIPTION, epilog=_EXAMPLES + CODES, **SHAPE)
    parser.add_argument("--version", action="version", version=f"polyfuse {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo", help="train on emoji: see it work", description=_DEMO, **SHAPE
    )
    demo.set_defaults(command=_demo)
    run = commands.add_parser(
        "run", help="compare fusions on your own files", description=_RUN, epilog=_RUN_EXAMPLE,
        usage="polyfuse run [-h] --modality NAME=FILE --modality NAME=FILE [--modality ...]\n"
        "                    --target FILE [--test-size FRACTION] [--seed N]\n"
        "                    [--output FILE.html] [--no-report]",
        **SHAPE,
    )  # fmt: skip
    run.set_defaults(command=_run)
    _add_input(run)
    for command in (demo, run):
        command.add_argument(
            "--output", metavar="FILE.html", help=f"where to write the report (default: {_REPORT})"
        )
        command.add_argument("--no-report", action="store_true", help="print the table only")
    add_jobs(commands, _job)
    _add_rest(commands)
    return parser


def _add_rest(commands: Any) -> None:
    info = commands.add_parser(
        "info", help="print version, kernels, instruction set and threads; or what a file is",
        **SHAPE,
    )  # fmt: skip
    info.add_argument("file", nargs="?", metavar="FILE", help="a model or a checkpoint")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    info.set_defaults(command=_info)
    completion = commands.add_parser(
        "completion", help="print a script that completes words in a shell", **SHAPE
    )
    completion.add_argument("shell", choices=SHELLS, help="for which shell")
    completion.set_defaults(command=_completion)


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


def _job(args: argparse.Namespace) -> None:
    from ._cli_jobs import run_job

    run_job(args)


def _info(args: argparse.Namespace) -> None:
    if args.file is not None:
        from ._cli_info import describe

        describe(args.file, machine=args.json)
    elif args.json:
        import json

        from ._config import config

        put(json.dumps({"command": "info", **config()}))
    else:
        from . import show_config

        show_config()


def _completion(args: argparse.Namespace) -> None:
    from ._cli_completion import script

    put(script(args.shell, _parser()))


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
    _require_apart(args.output, [*args.modality, f"target={args.target}"])
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
        raise BadInputError(str(error) or "not enough memory") from error
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


def _require_apart(output: str | None, sources: Sequence[str]) -> None:
    """Raise BadInputError if a report would replace a file that is read."""
    for source in sources if output is not None and os.path.exists(output) else ():
        path = source.partition("=")[2]
        for own in (path, path.rpartition(":")[0]):
            if os.path.exists(own) and os.path.samefile(own, str(output)):
                raise BadInputError(f"--output {output} would replace {source}, which is read")


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
            raise BadInputError("--output and --no-report exclude each other")
        return None
    from . import plotting, reporting

    try:
        plotting.require_matplotlib()
    except ImportError:
        if args.output is not None:
            raise BadInputError(f"--output {args.output}: {_NO_PLOTS}") from None
        return None
    output: str = _REPORT if args.output is None else args.output
    try:
        reporting.replaceable(output)
    except (OSError, ValueError) as error:
        raise BadInputError(f"--output {output}: {error}") from error
    return output


# -- results -------------------------------------------------------------------------------------


def _tell(
    comparison: Comparison, args: argparse.Namespace, output: str | None, title: str, **gallery: Any
) -> None:
    """Print the table and the verdict, write the report, print its path."""
    verdict = "\n".join(textwrap.fill(text, 80) for text in comparison.headline())
    put(f"{_table(comparison)}\n\n{verdict}")
    if output is None:
        if not args.no_report:
            say(f"no report, {_NO_PLOTS}")
        return
    from .reporting import write_report

    try:
        write_report(output, comparison, title=title, **gallery)
    except OSError as error:
        raise BadInputError(f"--output {output}: {error}") from error
    put(f"\nreport: {os.path.abspath(output)}")


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
