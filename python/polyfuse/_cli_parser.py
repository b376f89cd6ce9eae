"""The grammar of the command line, made from the table of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from ._cli_errors import CODES, BadInputError
from ._cli_options import JOBS, Option, WrongValueError, from_texts, options_of

SHAPE: dict[str, Any] = {
    "formatter_class": argparse.RawDescriptionHelpFormatter,
    "allow_abbrev": False,
}
SHELLS = ("bash", "zsh", "fish")

_SOURCES = """\
A source is a file (.npy, .npz, Parquet, Arrow, CSV, HDF5, Zarr), FILE:PART of one, a folder, or a
pattern in quotes. JOB.toml holds options by their names; what is given here comes first.
"""
_EXAMPLES = {
    "train": """\
  polyfuse train --modality image=image.npy --modality text=text.parquet --target label.npy \\
      --epochs 5 --output model.safetensors""",
    "predict": """\
  polyfuse predict --model model.safetensors --modality image=image.npy \\
      --modality text=text.parquet --output predicted.csv""",
    "fuse": """\
  polyfuse fuse --op mean --scaler standard --modality image=a.npy --modality text=b.parquet \\
      --output fused.npy --resume""",
    "evaluate": """\
  polyfuse evaluate --model model.safetensors --modality image=image.npy \\
      --modality text=text.parquet --target label.npy --json""",
    "explain": """\
  polyfuse explain --model model.safetensors --modality image=image.npy \\
      --modality text=text.parquet --target label.npy""",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised."""

    def error(self, message: str) -> NoReturn:
        command = self.prog
        if message.startswith("unrecognized") and command == "polyfuse":  # argparse's top level
            command += " COMMAND"
        raise BadInputError(f"{message}; see {command} --help")


def add_jobs(commands: Any, run: Callable[[argparse.Namespace], None]) -> None:
    """Add the commands that work on sources."""
    for command, summary in JOBS.items():
        about = f"{summary[0].upper()}{summary[1:]}.\n\n{_SOURCES}"
        parser = commands.add_parser(
            command, help=summary, description=about,
            epilog=f"example:\n{_EXAMPLES[command]}\n\n{CODES}",
            usage=f"polyfuse {command} [-h] [JOB.toml] [OPTION ...]", **SHAPE,
        )  # fmt: skip
        parser.add_argument("job", nargs="?", metavar="JOB.toml", help="settings; options override")
        for option in options_of(command).values():
            _add(parser, option)
        parser.set_defaults(command=run, job_name=command)


def given_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, by name, checked.

    Raises
    ------
    BadInputError
        If one is not as it must be.
    """
    found = {}
    for name, option in options_of(args.job_name).items():
        value = getattr(args, name.replace("-", "_"))
        if value is None:
            continue
        try:
            found[name] = from_texts(option, value) if isinstance(value, list) else value
        except WrongValueError as error:
            raise BadInputError(f"--{name} {error}") from error
    return found


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    name, about = f"--{option.name}", {"help": option.help, "default": None}
    if option.kind == "flag":
        parser.add_argument(name, action="store_true", **about)  # type: ignore[arg-type]
    elif option.kind == "switch":
        parser.add_argument(name, action=argparse.BooleanOptionalAction, **about)  # type: ignore[arg-type]
    else:
        # Choices are checked later, with what stands in files; here they are for completion.
        action = parser.add_argument(name, action="append", metavar=option.metavar, **about)  # type: ignore[arg-type]
        action.completions = option.choices  # type: ignore[attr-defined]
