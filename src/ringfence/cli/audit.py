"""ringfence audit"""

from ringfence.cli import say
from ringfence.store import audit


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show who read or changed what, and when, oldest first.

    Example: ringfence audit --workspace platform --json
    """
    entries = audit.read(say.workspace(workspace))
    if as_json:
        say.as_json({"entries": entries})
    else:
        rows = [(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.who, entry.action, entry.subject) for entry in entries]
        say.table("", ("at (UTC)", "who", "action", "subject"), rows)
