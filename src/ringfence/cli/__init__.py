"""The `ringfence` command: one module a command, and this one that runs them."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module

from ringfence.cli.extras import ANYTHING, refusing
from ringfence.cli.say import ROOT, fault_line
from ringfence.model.faults import Exit, Fault

# In the order of `ringfence --help`, with what that says of each. Each is a module of this package, with a `command` or
# with a GROUP of them, whose own help begins with the same words.
NAMES = {
    "demo": "Generate a platform, find its hidden networks, guard it, and measure the exposure.",
    "init": "Make a workspace: a folder with a commented config, a policy and a placeholder lexicon.",
    "ingest": "Read events into the workspace.",
    "scan": "Find vetted terms: JSON lines come out with `hits` added; with --store, count them in the workspace.",
    "discover": "From the vetted seeds, find the networks around them.",
    "networks": "List the networks that the last discovery found.",
    "explain": "Say what an account's score rests on, and what speaks against it.",
    "recidivism": "List new accounts that are like removed ones, the likeliest first, and why.",
    "publish": "Limit what the policy says, and hand terms, policy, accounts and tags to the guard as one snapshot.",
    "decide": "Ask the guard, as a platform would, and see the verdict with its reason.",
    "serve": "Serve the guard over HTTP, with a page to try it by hand.",
    "live": "Follow a stream of events, and tell the guard within seconds of the signals they hold.",
    "media": "Hash media, match them with banks of known hashes, and put new ones in order for review.",
    "audit": "Show who read or changed what on the command line, and when, oldest first.",
    "report": "Sum up the last discovery for a reader: networks, their size and audience, what they share.",
    "status": "Say what is in the workspace: events, the last discovery, the guard's snapshot, limits, any trouble.",
    "exposure": "Measure how far recommenders lead test accounts to members: without the guard, with it, with a cut.",
    "cases": "Networks before a reviewer: which comes first, and who holds it.",
    "people": "Who works on cases, in which roles, and how they sign in.",
    "plan": "What is done about a network: previewed, approved by a second person, run, undone.",
    "appeal": "What accounts say of decisions on them, and what became of it.",
    "hold": "Evidence that stays: how long, by whose order, and what was purged.",
    "console": "Serve the reviewers' console: the queue, cases, plans and their approval, in a browser.",
    "lexicon": "The vetted terms of a workspace.",
    "seeds": "What people have vetted, from which discovery starts or keeps away.",
    "review": "What reviewers answer, and what follows: probabilities and counts.",
    "policy": "What the guard does with a signal, surface by surface.",
    "limits": "Which accounts leave discovery, until when, and who said so.",
    "snapshot": "What the guard answers from, version by version.",
    "damping": "How much a recommender still learns from flagged accounts.",
    "keys": "Who may ask the guard's service what.",
}
COMPLETION = "_RINGFENCE_COMPLETE"  # set by a shell that asks what may follow
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
                ROOT.add_typer(module.GROUP, short_help=NAMES[name])
            else:
                ROOT.command(name, short_help=NAMES[name])(module.command)


def name_the_rest() -> None:
    """Have `ringfence --help` tell of the commands that were not read."""
    for name, purpose in NAMES.items():
        if name not in _added:
            ROOT.command(name, help=purpose, short_help=purpose)(lambda: None)


def run() -> None:
    """Run the command line. A Fault is one line on standard error and exit code 1, never a traceback."""
    try:
        asked = next((one for one in sys.argv[1:] if not one.startswith("-")), "")
        add(NAMES if COMPLETION in os.environ else NAMES.keys() & {asked})
        name_the_rest()
        ROOT()
    except Fault as fault:
        fault_line(fault)
        sys.exit(Exit.REFUSED)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(Exit.REFUSED)
