"""``python -m polyfuse.sklearn script.py [arguments]``: a program, unchanged, on polyfuse."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from typing import Any

from . import patch_sklearn, report


class _Program(SourceFileLoader):
    """Runs a file as ``__main__``, which it stays; bytecode of scripts is not kept."""

    def set_data(self, *args: Any, **kwargs: Any) -> None:
        pass


def _run(path: str, spec: ModuleSpec | None = None) -> None:
    """Run a file as the main program; `spec` is that of a module, as for ``python -m``."""
    loader = _Program("__main__", path)
    own = spec_from_loader("__main__", loader, origin=path)
    assert own is not None
    main = module_from_spec(own)
    main.__file__, main.__spec__ = path, spec
    main.__package__ = None if spec is None else spec.parent
    sys.modules["__main__"] = main
    loader.exec_module(main)


def _run_script(path: str, parser: argparse.ArgumentParser) -> None:
    if not os.path.exists(path):
        parser.error(f"there is no file {path}")
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        runpy.run_path(path, run_name="__main__")
    else:
        _run(os.path.abspath(path))


def _run_module(name: str, parser: argparse.ArgumentParser) -> None:
    sys.path[0] = os.getcwd()
    try:
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = find_spec(f"{name}.__main__")
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        parser.error(f"there is no module {name} that could be run")
    sys.argv[0] = spec.origin
    _run(spec.origin, spec)


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
    parser.add_argument("program", nargs="?", help="a script, or with -m a module")
    given = list(sys.argv[1:] if arguments is None else arguments)
    # All after the program is its own, "--" too, of which argparse would take one away.
    own = next((i for i, each in enumerate(given) if not each.startswith("-")), len(given)) + 1
    options = parser.parse_args(given[:own])
    if options.program is None:
        parser.error("which script, or which module after -m, is to be run?")
    try:
        patch_sklearn(strict=options.strict)
    except ImportError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    sys.argv = [options.program, *given[own:]]
    try:
        (_run_module if options.module else _run_script)(options.program, parser)
    finally:
        if options.report:
            print(report(), file=sys.stderr)


if __name__ == "__main__":
    main()
