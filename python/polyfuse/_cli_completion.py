"""Completion in shells: a script made from the grammar."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple


class Words(NamedTuple):
    """The words of a command."""

    summary: str
    first: list[str]  # options, and what may stand by itself
    behind: dict[str, tuple[str, ...]]  # by option: its values; none where a file may stand


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """What a shell is to run, so that it completes the words of ``polyfuse``."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](words_of(parser))


def words_of(parser: argparse.ArgumentParser) -> dict[str, Words]:
    """The words of each command of a grammar."""
    commands: Any = next(
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    summaries = {action.dest: action.help or "" for action in commands._choices_actions}
    found = {}
    for name, command in commands.choices.items():
        words = Words(summaries[name], [], {})
        for action in command._actions:
            options = [word for word in action.option_strings if word.startswith("--")]
            known = getattr(action, "completions", tuple(action.choices or ()))
            words.first.extend(options or known)
            if action.nargs != 0:
                words.behind.update(dict.fromkeys(options, known))
        found[name] = words
    return found


def _bash(commands: dict[str, Words]) -> str:
    cases = ""
    for command, words in commands.items():
        for option, known in words.behind.items():
            cases += f'            {command}:{option}) words="{" ".join(known)}" ;;\n'
        cases += f'            {command}:*) words="{" ".join(words.first)}" ;;\n'
    return f"""\
# Bash: source <(polyfuse completion bash)
_polyfuse() {{
    local words="{" ".join(commands)} --help --version"
    if [ "$COMP_CWORD" -gt 1 ]; then
        words=""
        case "${{COMP_WORDS[1]}}:${{COMP_WORDS[COMP_CWORD-1]}}" in
{cases}        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _polyfuse polyfuse
"""


def _zsh(commands: dict[str, Words]) -> str:
    start = "#compdef polyfuse\n# Zsh, behind compinit: source <(polyfuse completion zsh)\n"
    return f"{start}autoload -U +X bashcompinit && bashcompinit\n{_bash(commands)}"


def _fish(commands: dict[str, Words]) -> str:
    lines = ["# Fish: polyfuse completion fish | source"]
    for command, words in commands.items():
        start = f"complete -c polyfuse -n __fish_use_subcommand -a {command}"
        lines.append(f"{start} -d {_quoted(words.summary)}")
        within = f"complete -c polyfuse -n '__fish_seen_subcommand_from {command}'"
        for word in words.first:
            if not word.startswith("--"):
                lines.append(f"{within} -f -a {word}")
                continue
            known = words.behind.get(word)
            behind = f" -x -a {_quoted(' '.join(known))}" if known else " -r"
            lines.append(f"{within} -l {word[2:]}{'' if known is None else behind}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
