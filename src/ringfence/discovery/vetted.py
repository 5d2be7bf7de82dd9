"""Which seeds have people vetted? A table in the workspace that only grows: who said what of which seed, and when."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from ringfence.discovery import opinions
from ringfence.discovery.opinions import Act, Entry, Standing
from ringfence.model.faults import Fault
from ringfence.model.schemas import TIME
from ringfence.model.words import Opinion, SeedKind
from ringfence.store import audit
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms.term import bare

HISTORY = pa.schema(
    [
        ("kind", pa.string()),
        ("seed", pa.string()),
        ("act", pa.string()),
        ("opinion", pa.string()),
        ("source", pa.string()),
        ("by", pa.string()),
        ("at", TIME),
        ("note", pa.string()),
        ("expires", TIME),
    ]
)
# How the file looked before it had a history: accounts only, each with its last opinion.
FIRST_COLUMNS = ("account_id", "opinion", "source", "at")
NAMED = 20  # seeds that an audit entry names
# In hexadecimal digits: a SHA-256 or PDQ hash, or an MD5.
HASH_LENGTHS, HEX = (64, 32), frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of one seed. `by` is the user of this process where nobody is named."""

    seed: str
    opinion: Opinion = Opinion.POSITIVE
    kind: SeedKind = SeedKind.ACCOUNT
    source: str = ""
    by: str | None = None
    note: str = ""
    expires: datetime | None = None


def history(workspace: Workspace) -> tuple[Entry, ...]:
    """Every entry there ever was, oldest first. Raises Fault for a file that cannot be read."""
    file = workspace.seeds_file
    if not file.exists():
        return ()
    try:
        table = pq.read_table(file)
        if tuple(table.column_names) == FIRST_COLUMNS:
            table = _from_first(table)
        return tuple(map(opinions.entry, table.select(HISTORY.names).cast(HISTORY).to_pylist()))
    except (pa.ArrowInvalid, pa.ArrowKeyError, KeyError, ValueError, OSError) as error:
        mend = "restore it from a copy, or remove it"
        raise Fault("it cannot be read as seeds", where=str(file), mend=mend) from error


def read(workspace: Workspace, now: datetime | None = None) -> tuple[Standing, ...]:
    """The seeds on the list, in the order in which they were put there, expired ones too."""
    return opinions.standings(history(workspace), now or datetime.now(UTC))


def positive(workspace: Workspace) -> list[str]:
    """The account ids that discovery may start from."""
    return _accounts(workspace, Opinion.POSITIVE)


def negative(workspace: Workspace) -> list[str]:
    """The account ids that people have vetted and found to be no members."""
    return _accounts(workspace, Opinion.NEGATIVE)


def add(workspace: Workspace, account_ids: Sequence[str], opinion: Opinion, source: str, by: str | None = None) -> int:
    """Say one opinion of some accounts. Returns how many seeds are on the list now."""
    return say(workspace, [Said(one, opinion, source=source, by=by) for one in account_ids])


def say(workspace: Workspace, said: Sequence[Said]) -> int:
    """Add what is said to what others have said. Returns how many seeds are on the list now.

    Raises Fault for an empty seed, a media seed that is no hash, and an expiry that has passed.
    """
    return _append(workspace, [_entry(one, Act.ADD) for one in said])


def resolve(workspace: Workspace, said: Sequence[Said]) -> int:
    """Settle what others have said of these seeds. Raises Fault for one that is not on the list."""
    return _append(workspace, [_entry(one, Act.RESOLVE) for one in said], on_list=True)


def retract(
    workspace: Workspace,
    seeds: Sequence[str],
    kind: SeedKind = SeedKind.ACCOUNT,
    by: str | None = None,
    note: str = "",
) -> int:
    """Take seeds off the list; their history stays. Returns how many are left. Raises Fault for one not on the list."""
    entries = [_entry(Said(one, kind=kind, by=by, note=note), Act.RETRACT) for one in seeds]
    return _append(workspace, entries, on_list=True)


def _accounts(workspace: Workspace, opinion: Opinion) -> list[str]:
    """Only these: a disputed or an expired seed is neither positive nor negative."""
    return [
        one.seed
        for one in read(workspace)
        if one.kind is SeedKind.ACCOUNT and one.opinion is opinion and not one.expired
    ]


def _entry(said: Said, act: Act) -> Entry:
    now = datetime.now(UTC)
    seed = _spelled(said.kind, said.seed)
    if said.expires is not None and said.expires <= now:
        mend = "give a day to come, or none"
        raise Fault(f"it would have expired on {said.expires:%Y-%m-%d}", where=f"seed {seed!r}", mend=mend)
    opinion = None if act is Act.RETRACT else said.opinion
    return Entry(said.kind, seed, act, opinion, said.source, said.by or getpass.getuser(), now, said.note, said.expires)


def _spelled(kind: SeedKind, seed: str) -> str:
    """A seed as it is kept: a term without its sigil and in small letters, a hash in small letters."""
    spelled = seed.strip()
    if kind is SeedKind.TERM:
        spelled = bare(spelled).lower()
    if kind is SeedKind.MEDIA:
        spelled = spelled.lower()
        if len(spelled) not in HASH_LENGTHS or not set(spelled) <= HEX:
            mend = "give its SHA-256, MD5 or PDQ hash in hexadecimal digits"
            raise Fault(f"{seed!r} is no media hash", where="seeds", mend=mend)
    if not spelled:
        raise Fault(f"a seed of kind {kind} without a name", where="seeds", mend="leave it out, or give its id")
    if kind is SeedKind.TERM:
        from ringfence.terms.lexicon import Lexicon  # noqa: PLC0415, a second that whoever only reads the list need not wait

        Lexicon.from_terms([spelled])  # a Fault for what could be no term
    return spelled


def _append(workspace: Workspace, entries: Sequence[Entry], *, on_list: bool = False) -> int:
    """Write the history with `entries` at its end, whole or not at all, after the audit entry that says so."""
    with workspace.lock():
        before = history(workspace)
        if on_list:
            _refuse_strangers(workspace, before, entries)
        for act, by in dict.fromkeys((entry.act, entry.by) for entry in entries):
            named = [f"{one.kind} {one.seed}" for one in entries if (one.act, one.by) == (act, by)]
            more = f" and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
            subject = f"{act} {', '.join(named[:NAMED])}{more}"
            audit.record(workspace, audit.Action.SEEDS_CHANGED, subject, actor=by)
        after = (*before, *entries)
        whole = BytesIO()
        pq.write_table(pa.Table.from_pylist(opinions.rows(after), HISTORY), whole)
        write_whole(workspace.seeds_file, whole.getvalue())
    return len(opinions.standings(after, datetime.now(UTC)))


def _refuse_strangers(workspace: Workspace, before: Sequence[Entry], entries: Sequence[Entry]) -> None:
    known = {(one.kind, one.seed) for one in opinions.standings(before, datetime.now(UTC))}
    for entry in entries:
        if (entry.kind, entry.seed) not in known:
            what = (
                f"{entry.seed!r} is no seed"
                if entry.kind is SeedKind.ACCOUNT
                else f"{entry.seed!r} is no {entry.kind} seed"
            )
            raise Fault(what, where=str(workspace.seeds_file), mend="see `ringfence seeds list`")


def _from_first(table: pa.Table) -> pa.Table:
    rows = [
        {"kind": "account", "seed": row.pop("account_id"), "act": "add", "by": "", "note": "", "expires": None, **row}
        for row in table.to_pylist()
    ]
    return pa.Table.from_pylist(rows, HISTORY)
