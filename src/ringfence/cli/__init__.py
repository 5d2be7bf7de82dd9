"""The `ringfence` command: one module a command, and this one that runs them."""

import sys
from collections.abc import Iterable
from importlib import import_module

from ringfence.cli.extras import ANYTHING, refusing
from ringfence.cli.say import ROOT, fault_line
from ringfence.model.faults import Exit, Fault

# In the order of `ringfence --help`. Each is a module of this package, with a `command` or with a GROUP of them.
NAMES = (
    "demo", "init", "ingest", "scan", "discover", "networks", "explain", "recidivism", "publish", "decide", "serve",
    "live", "media", "audit", "report", "status", "exposure",
    "cases", "people", "console", "plan", "appeal", "hold",
    "lexicon", "seeds", "review", "policy", "limits", "snapshot", "damping", "keys",
)  # fmt: skip
_added: set[str] = set()


@ROOT.callback()
def root() -> None:
    """Child-safety guardrails for the discovery features of social platforms."""


def add(names: Iterable[str]) -> None:
    """Make commands known. A module is read only then: all of them together take seconds, most of one a fraction."""
    for name in names:
        if name not in _added:
            _added.add(name)
            try:
                module = import_module(f"{__name__}.{name}")
            except ModuleNotFoundError as missing:
                ROOT.command(name, context_settings=ANYTHING, hidden=True)(refusing(missing))
                continue
            if hasattr(module, "GROUP"):
                ROOT.add_typer(module.GROUP)
            else:
                ROOT.command(name)(module.command)


def run() -> None:
    """Run the command line. A Fault is one line on standard error and exit code 1, never a traceback."""
    try:
        add([asked] if (asked := next(iter(sys.argv[1:]), "")) in NAMES else NAMES)
        ROOT()
    except Fault as fault:
        fault_line(fault)
        sys.exit(Exit.REFUSED)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(Exit.REFUSED)
