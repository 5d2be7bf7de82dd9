"""Does a network's unseen media stand first among new media, and above what is only popular?

    python benchmarks/media/triage.py

Five worlds of 50,000 accounts, seeds 130 to 134, that nothing was tuned on. In each, 30 traps are planted among the
uploads: media that is popular, pushed or shared by everybody. Fixed before: average precision of 0.9 or more in every
world, and no trap among the first N, where N is how much media the networks have. Once more with half of the members
not found. Writes benchmarks/results/media-triage.md.
"""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from ringfence.demo import tables
from ringfence.demo.evaluate import wilson
from ringfence.demo.new_media import MediaFigures, figures, networks_own
from ringfence.demo.trial import Trial, trial
from ringfence.discovery.expand import scores
from ringfence.discovery.new_media import NewMedia
from ringfence.media.triage import beliefs
from ringfence.media.triage.rank import DAY
from ringfence.media.triage.run import grouped, triage
from ringfence.media.triage.seen import Seen, seen
from ringfence.store import events
from ringfence.world.write import World

RESULT = Path(__file__).parents[1] / "results" / "media-triage.md"
ACCOUNTS, WORLDS = 50_000, range(130, 135)
LEAST = 0.9
EACH = 10  # traps of each kind
KINDS = ("meme that members share too", "viral within two days", "pushed by 60 spammers")
MONTH = 30 * DAY


def main() -> None:
    tried = [tried_on(seed) for seed in WORLDS]
    lines = ["# New media: does what networks share stand first?", ""]
    lines += [f"{len(tried)} worlds of {ACCOUNTS:,} accounts, {EACH * len(KINDS)} traps in each. The share is of the"]
    lines += [
        "networks' own media among the first N clusters, N as many as there are, all worlds together, with Wilson's"
    ]
    lines += ["95% interval.", ""]
    for part, found in (("All members found", 0), ("Half of the members not found", 1)):
        lines += [f"## {part}", "", *_table([one[found] for one in tried])]
    lines += ["## Traps", "", *_traps(tried)]
    lines += ["## How media ties the networks", "", *_ties([one[0][0] for one in tried])]
    lines += ["## What was promised", "", *_promises(tried), ""]
    tables.write(RESULT, lines, "python benchmarks/media/triage.py")


Tried = tuple[MediaFigures, list[int]]  # the figures, and the best place of a trap of each kind


def tried_on(seed: int) -> tuple[Tried, Tried]:
    """A world with traps, triaged with all that discovery found, and with half of it taken away."""
    with tempfile.TemporaryDirectory() as folder:
        world, made = trial(Path(folder) / "trial", ACCOUNTS, seed)
        rows = scores(made.discover(made.start(world.seed_accounts, terms=True)))
        with events.connect(made.workspace) as connection:
            uploaded = trapped(seen(connection), made, rows, np.random.default_rng([7, seed]))
        return judged(world, made, uploaded, rows), judged(world, made, uploaded, halved(rows, seed))


def halved(rows: pa.Table, seed: int) -> pa.Table:
    """The scores as if half of the accounts in networks had not been found."""
    named = rows["network_id"].to_pylist()
    lost = np.random.default_rng([8, seed]).random(len(named)) < 1 / 2
    kept = pa.array([None if gone else one for one, gone in zip(named, lost, strict=True)], pa.string())
    return rows.set_column(rows.schema.get_field_index("network_id"), "network_id", kept)


def judged(world: World, made: Trial, uploaded: Seen, rows: pa.Table) -> Tried:
    accounts = beliefs.accounts(made.graph.accounts, rows, made.minors)
    nothing = np.zeros(uploaded.media.num_rows, bool)
    triaged = triage(uploaded, grouped(uploaded, {}), accounts, nothing, nothing)
    found = NewMedia(uploaded, triaged, accounts, made.graph.accounts)
    place = np.empty(len(triaged.groups), np.int64)
    place[triaged.ranking.order()] = np.arange(1, len(place) + 1)
    last = uploaded.media.num_rows - EACH * len(KINDS)
    kinds = [triaged.groups.of[last + kind * EACH : last + (kind + 1) * EACH] for kind in range(len(KINDS))]
    assert not networks_own(world, found)[triaged.groups.of[last:]].any()
    return figures(world, found, rows), [int(place[kind].min()) for kind in kinds]


def trapped(real: Seen, made: Trial, rows: pa.Table, rng: np.random.Generator) -> Seen:
    """The uploads with traps among them, whose media come last."""
    size = made.graph.size
    named = rows.filter(rows["network_id"].is_valid())["account_id"].to_pylist()
    members = np.array(made.graph.find(named), np.int64)
    strangers = np.setdiff1d(np.arange(size), members)
    start = int(real.at.min())
    of, account, at = [real.of], [real.account], [real.at]
    for trap in range(EACH * len(KINDS)):
        kind = trap // EACH
        crowd = rng.choice(strangers, (size // 50, size // 20, 60)[kind], replace=False)
        who = (np.concatenate((crowd, rng.choice(members, 30, replace=False))), crowd, np.repeat(crowd, 40))[kind]
        first = start + int(rng.integers(0, 4 * MONTH))
        of.append(np.full(len(who), real.media.num_rows + trap))
        account.append(who)
        at.append(first + rng.integers(0, (MONTH, 2 * DAY, MONTH)[kind], len(who)))
    names = [f"trap-{trap:02}" for trap in range(EACH * len(KINDS))]
    codes = [rng.bytes(32).hex() for _ in names]
    columns = {"key": names, "media_id": names, "pdq": codes}
    added = pa.table(
        {field.name: pa.array(columns.get(field.name, [None] * len(names)), field.type) for field in real.media.schema}
    )
    return Seen(pa.concat_tables([real.media, added]), *(np.concatenate(one) for one in (of, account, at)))


def _table(tried: list[Tried]) -> list[str]:
    header = ("order", "average precision, mean", "worst world", "best world", "share of the first N", "95%")
    rows = []
    for place, order in enumerate(tried[0][0].orders):
        judged_by = [one.orders[place] for one, _ in tried]
        precision = [one.average_precision for one in judged_by]
        hits = sum(round(one.first.value * one.first.accounts) for one in judged_by)
        share = wilson(hits, sum(one.first.accounts for one in judged_by))
        cells = (f"{np.mean(precision):.3f}", f"{min(precision):.3f}", f"{max(precision):.3f}", f"{share.value:.1%}")
        rows.append((order.name, *cells, f"{share.low:.1%} to {share.high:.1%}"))
    return tables.table(header, rows)


def _traps(tried: list[tuple[Tried, Tried]]) -> list[str]:
    header = ("trap", "best place, all found", "best place, half found", "N, least")
    least = str(min(one[0].theirs for one, _ in tried))
    rows = [
        (name, *(str(min(world[part][1][kind] for world in tried)) for part in (0, 1)), least)
        for kind, name in enumerate(KINDS)
    ]
    return tables.table(header, rows)


def _ties(judged_worlds: list[MediaFigures]) -> list[str]:
    header = ("world", "networks found", "members", "share media with another member", "exact copies alone")
    rows = []
    for seed, one in zip(WORLDS, judged_worlds, strict=True):
        members, tied, exactly = (
            sum(getattr(network, name) for network in one.networks) for name in ("members", "tied", "exactly")
        )
        rows.append(
            (str(seed), str(len(one.networks)), str(members), f"{tied / members:.1%}", f"{exactly / members:.1%}")
        )
    return tables.table(header, rows)


def _promises(tried: list[tuple[Tried, Tried]]) -> list[str]:
    told = []
    for part, name in ((0, "All found"), (1, "Half found")):
        worst = min(world[part][0].orders[0].average_precision for world in tried)
        above = sum(place <= world[part][0].theirs for world in tried for place in world[part][1])
        kept = "kept" if worst >= LEAST else "missed"
        traps = "kept" if not above else "missed"
        told += [f"- {name}: average precision at least {LEAST} in every world: {kept}, the worst is {worst:.3f}."]
        told += [f"- {name}: no trap among the first N: {traps}, {above} of {len(tried) * len(KINDS)} kinds are."]
    return told


if __name__ == "__main__":
    main()
