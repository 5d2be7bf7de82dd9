"""ringfence media"""

import typer

from ringfence.cli import media_bank, media_exchange, media_hash, media_match, media_triage

GROUP = typer.Typer(
    name="media",
    help="Hash media, match them with banks of known hashes, and put new ones in order for review.",
    no_args_is_help=True,
)
GROUP.command("hash")(media_hash.hash_)
GROUP.command("match")(media_match.match)
for group in (media_match.INDEX_GROUP, media_bank.GROUP, media_exchange.GROUP, media_triage.GROUP):
    GROUP.add_typer(group)
