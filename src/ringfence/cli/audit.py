"""ringfence audit"""

import typer

from ringfence.cli import say
from ringfence.cli.extras import ANYTHING, refusing
from ringfence.store import audit

GROUP = typer.Typer(name="audit", invoke_without_command=True)


@GROUP.callback()
def command(context: typer.Context, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show who read or changed what on the command line, and when, oldest first. Of the cases, see the commands below.

    Example: ringfence audit --workspace platform --json
    """
    if context.invoked_subcommand is not None:
        return
    entries = audit.read(say.workspace(workspace))
    if as_json:
        say.as_json({"entries": entries})
    else:
        rows = [(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.who, entry.action, entry.subject) for entry in entries]
        say.table("", ("at (UTC)", "who", "action", "subject"), rows)


try:
    from ringfence.cli import audit_cases
except ModuleNotFoundError as missing:
    for name in ("verify", "export", "anchor"):
        GROUP.command(name, context_settings=ANYTHING, hidden=True)(refusing(missing))
else:
    GROUP.command("verify")(audit_cases.verified)
    GROUP.command("export")(audit_cases.export)
    GROUP.command("anchor")(audit_cases.anchor)
