"""What `ringfence` says of its commands, before it has read one."""

import subprocess
import sys
from pathlib import Path

import typer.main
from tests.cli.conftest import Run

from ringfence.cli import NAMES, add
from ringfence.cli.say import ROOT
from ringfence.model.faults import Exit

LOOK = """
import sys
from pathlib import Path
from ringfence.cli import run
try:
    run()
except SystemExit:
    print({"numba", "sklearn", "sqlalchemy"} & set(sys.modules), file=sys.stderr)
"""


def test_every_command_begins_its_own_help_as_the_list_says() -> None:
    add(NAMES)
    commands = typer.main.get_command(ROOT).commands  # type: ignore[attr-defined]
    said = {name: " ".join(command.help.split()) for name, command in commands.items()}
    assert {name: text[: len(NAMES[name])] for name, text in said.items()} == NAMES


def test_the_list_names_every_command_and_reads_none() -> None:
    told = subprocess.run([sys.executable, "-c", LOOK, "--help"], capture_output=True, text=True, check=True)
    assert told.stderr == "set()\n"
    listed = [line.split()[0] for line in told.stdout.splitlines() if line.startswith("  ") and line[2] != " "]
    assert [name for name in listed if name in NAMES] == list(NAMES)


def test_a_command_that_is_none_is_told_so(ringfence: Run) -> None:
    told = ringfence("plna")
    assert told.returncode == Exit.USAGE
    assert "Did you mean 'plan'?" in told.stderr


def test_in_a_process_of_its_own_it_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ringfence", "status", "--workspace", str(tmp_path / "wren")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (Exit.REFUSED, "", 1), done.stderr
