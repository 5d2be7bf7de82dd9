"""ringfence media bank rematch"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.media.rematch import Late, found, rematch


def command(
    whole: Annotated[bool, typer.Option("--whole", help="All that the banks hold, not only what changed.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Match posts and earlier queries again with what changed in the banks. One that was stopped goes on.

    Example: ringfence media bank rematch --workspace platform
    """
    place = say.workspace(workspace)
    with say.bars() as bars:
        bars.start("matching")
        done = rematch(place, whole=whole, told=bars.advance)
        bars.advance(1.0)
    late = found(place, done.run.run)
    if as_json:
        say.as_json(asdict(done) | {"found": [asdict(one) for one in late]})
        return
    _late(late)
    typer.echo(
        f"{done.media:,} media matched again, {done.matched:,} of them known; {done.without_hash:,} have no hash"
    )


def _late(late: Sequence[Late]) -> None:
    columns = ("seen in", "id", "media", "account", "bank", "content", "distance", "remedy", "reasons")
    rows = [
        (one.origin, one.origin_id, one.media_id, one.account, one.bank, one.content, one.distance, one.remedy,
         ", ".join(one.reasons))
        for one in late
    ]  # fmt: skip
    say.table("", columns, rows)
