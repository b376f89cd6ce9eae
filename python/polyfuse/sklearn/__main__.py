"""``python -m polyfuse.sklearn script.py [arguments]``: a program, unchanged, on polyfuse."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from . import patch_sklearn, report


def main(arguments: Sequence[str] | None = None) -> None:
    """Patch scikit-learn, then run a script or a module as ``python`` would."""
    parser = argparse.ArgumentParser(
        prog="python -m polyfuse.sklearn",
        usage="%(prog)s [--strict] [--report] (script.py | -m module) [arguments]",
        description="Run a program with scikit-learn's scalers, SGD and metrics on polyfuse.",
    )
    parser.add_argument("--strict", action="store_true", help="raise where scikit-learn would run")
    parser.add_argument("--report", action="store_true", help="print at the end what ran where")
    parser.add_argument("-m", dest="module", action="store_true", help="run a module, not a script")
    parser.add_argument("program", help="a script, or with -m a module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for the program")
    options = parser.parse_args(arguments)
    try:
        patch_sklearn(strict=options.strict)
    except ImportError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    sys.argv = [options.program, *options.arguments]
    try:
        if options.module:
            sys.path[0] = ""
            runpy.run_module(options.program, run_name="__main__", alter_sys=True)
        else:
            if not Path(options.program).exists():
                parser.error(f"there is no file {options.program}")
            sys.path[0] = str(Path(options.program).resolve().parent)
            runpy.run_path(options.program, run_name="__main__")
    finally:
        if options.report:
            print(report(), file=sys.stderr)


if __name__ == "__main__":
    main()
