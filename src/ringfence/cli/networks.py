"""ringfence networks"""

from ringfence.cli import say
from ringfence.discovery import last_results

MOST = 5  # objects to print


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """List the networks that the last discovery found. The read is audited.

    Example: ringfence networks --workspace platform --json
    """
    rows = last_results.read_networks(say.workspace(workspace)).to_pylist()
    if as_json:
        say.as_json({"networks": rows})
        return
    shown = [
        (row["network_id"], row["size"], f"{row['audience']:,}", f"{row['reach']:,}", _share(row["growth"]),
         " ".join((row.get("key_objects") or row["terms"])[:MOST]), _day(row))
        for row in rows
    ]  # fmt: skip
    say.table("", ("network", "size", "audience", "reach", "growth", "most its own", "first seen"), shown)


def _share(growth: float | None) -> str:
    return "" if growth is None else f"{growth:.0%}"


def _day(row: dict[str, object]) -> str:
    return str(row["first_seen"])[:10] if row["first_seen"] else ""
