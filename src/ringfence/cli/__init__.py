"""The `ringfence` command: one module a command, and this one that runs them."""

import sys

from ringfence.cli import (
    audit,
    decide,
    demo,
    discover,
    explain,
    exposure,
    ingest,
    init,
    keys,
    lexicon,
    networks,
    policy,
    publish,
    recidivism,
    report,
    review,
    scan,
    seeds,
    serve,
    status,
)
from ringfence.cli.say import ROOT, fault_line
from ringfence.model.faults import Exit, Fault

for module in (
    demo,
    init,
    ingest,
    scan,
    discover,
    networks,
    explain,
    recidivism,
    publish,
    decide,
    serve,
    exposure,
    audit,
    report,
    status,
):
    ROOT.command(module.__name__.rpartition(".")[2])(module.command)
for group in (lexicon, seeds, review, policy, keys):
    ROOT.add_typer(group.GROUP)


def run() -> None:
    """Run the command line. A Fault is one line on standard error and exit code 1, never a traceback."""
    try:
        ROOT()
    except Fault as fault:
        fault_line(fault)
        sys.exit(Exit.REFUSED)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(Exit.REFUSED)
