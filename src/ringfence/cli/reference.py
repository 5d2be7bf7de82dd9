"""What do the pages docs/cli.md and docs/configuration.md say? What the commands and settings say of themselves.

`python -m ringfence.cli.reference docs` writes both pages; a test fails when they are stale.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from ringfence.cli import NAMES, add
from ringfence.cli.say import ROOT
from ringfence.model.faults import Exit
from ringfence.store.config import settings

EXITS = {
    Exit.DONE: "done",
    Exit.REFUSED: "refused: one line says where, what and how to mend it",
    Exit.USAGE: "wrong usage: an unknown option or argument",
    Exit.QUARANTINED: "good rows landed, bad rows are in quarantine",
    Exit.ROSE: "exposure rose since it was last measured",
}


def cli_page() -> str:
    """Every command with its options, in the order of `ringfence --help`."""
    lines = ["# Commands", "", "Results go to standard output, progress and faults to standard error. Exit codes:", ""]
    lines += [f"- {int(code)}: {meaning}" for code, meaning in EXITS.items()]
    add(NAMES)
    root = typer.main.get_command(ROOT)
    for name, command in _commands(root, ""):
        text = (command.help or "").strip().split("\n\n")
        lines += ["", f"## ringfence {name}", "", *_joined(text)]
        options = [_option(parameter) for parameter in command.params if parameter.name != "help"]
        if options:
            lines += ["", "| option | default | meaning |", "|---|---|---|", *options]
    return "\n".join(lines) + "\n"


def configuration_page() -> str:
    """Every setting with its default."""
    rows = [f"| `{key}` | `{default!r}` | {sentence} |" for key, default, sentence in settings()]
    head = ["# Settings", "", "`ringfence.toml` in the workspace. Every setting has a default.", ""]
    return "\n".join([*head, "| setting | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield f"{before}{name}", command
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _joined(paragraphs: list[str]) -> list[str]:
    told = []
    for paragraph in paragraphs:
        words = " ".join(paragraph.split())
        told += ["", f"    {words.removeprefix('Example: ')}"] if words.startswith("Example: ") else ["", words]
    return told[1:]


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    default = parameter.default
    shown = "" if default is None or default is False or callable(default) else f"`{default}`"
    required = " (required)" if parameter.required else ""
    return f"| {names} | {shown} | {parameter.help or ''}{required} |"


def main(folder: Path) -> None:
    (folder / "cli.md").write_text(cli_page(), encoding="utf-8")
    (folder / "configuration.md").write_text(configuration_page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
