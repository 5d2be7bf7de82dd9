"""Which accounts of this platform do the vetted seeds stand for?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.discovery.opinions import Standing
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion, SeedKind
from ringfence.terms.lexicon import Lexicon

# Each query gives the accounts (dense ids) behind one seed, $seed.
SHARERS = {
    SeedKind.TERM: """
        SELECT DISTINCT account FROM (SELECT account, unnest(hashtags) AS tag FROM posts)
        WHERE ltrim(lower(tag), '#\N{FULLWIDTH NUMBER SIGN}') = $seed ORDER BY account
    """,
    SeedKind.MEDIA: """
        SELECT DISTINCT account FROM (SELECT account, unnest(media) AS one FROM posts)
        WHERE $seed IN (lower(one.sha256), lower(one.md5), lower(one.pdq)) ORDER BY account
    """,
}
REPORTED = "SELECT DISTINCT target FROM reports SEMI JOIN account_ids ON target = account_id WHERE report_id = $seed"
PEOPLE = 2  # two people stand behind whatever counts by itself
KNOWN = "SELECT account_id FROM account_ids WHERE account_id IN (SELECT unnest($seeds::VARCHAR[]))"


@dataclass(frozen=True, slots=True)
class Starts:
    """What vetted seeds come to on one platform.

    `accounts` and `negatives` are account ids; `shared` has for each positive term and media hash the accounts (dense
    ids) that share it. `turned_down` are the ids of terms that nobody may start from. `unknown` names, in words, the
    seeds that this platform has nothing of: they start nothing, and discovery says so. `vouched` are those of
    `accounts` that at least PEOPLE say are positive.
    """

    accounts: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    shared: tuple[NDArray[np.int64], ...] = ()
    turned_down: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    vouched: frozenset[str] = frozenset()

    def allowed(self, signals: pa.Table) -> pa.Table:
        """A scan's signals without those of terms that were turned down."""
        return signals.filter(pc.invert(pc.is_in(signals["term_id"], pa.array(sorted(self.turned_down), pa.string()))))

    def refuse_unknown(self, start_from: Sequence[str], signals: pa.Table) -> None:
        """Raise Fault when the list has seeds and nothing but unknown ones is there to start from."""
        if self.unknown and not start_from and not self.shared and not signals.num_rows:
            more = f" nor the {len(self.unknown) - 1:,} others" if len(self.unknown) > 1 else ""
            what = (
                f"neither {self.unknown[0]}{more} is anything of this platform"
                if more
                else (f"{self.unknown[0]} is nothing of this platform")
            )
            raise Fault(what, where="seeds", mend="check the ids, or ingest the events they appear in")


def starts(events: duckdb.DuckDBPyConnection, standing: Iterable[Standing]) -> Starts:
    """Look up every seed that has not expired; `events` has the store's views.

    A report stands for the account it is about. Negative terms, media hashes and reports say nothing of an account:
    they only start nothing.
    """
    lasting = [one for one in standing if not one.expired]
    by = {opinion: [one for one in lasting if one.opinion is opinion] for opinion in Opinion}
    positive, negative = by[Opinion.POSITIVE], by[Opinion.NEGATIVE]
    reports = [(one, _targets(events, one.seed)) for one in positive if one.kind is SeedKind.REPORT]
    wanted = _of(positive, SeedKind.ACCOUNT)
    known, innocent = _known(events, wanted), _known(events, _of(negative, SeedKind.ACCOUNT))
    behind = [(one, _sharers(events, one)) for one in positive if one.kind in SHARERS]
    unknown = [f"account {seed}" for seed in wanted if seed not in known]
    unknown += [f"report {one.seed}" for one, targets in reports if not targets]
    unknown += [f"{one.kind} {one.seed}" for one, users in behind if not len(users)]
    accounts = [seed for seed in wanted if seed in known] + [target for _, targets in reports for target in targets]
    vouched = {one.seed for one in positive if one.kind is SeedKind.ACCOUNT and one.people >= PEOPLE}
    vouched |= {target for one, targets in reports if one.people >= PEOPLE for target in targets}
    turned_down = [one.seed for one in lasting if one.kind is SeedKind.TERM and one.opinion is not Opinion.POSITIVE]
    return Starts(
        accounts=tuple(dict.fromkeys(accounts)),
        negatives=tuple(seed for seed in _of(negative, SeedKind.ACCOUNT) if seed in innocent),
        shared=tuple(users for _, users in behind if len(users)),
        turned_down=frozenset(turned_down) | frozenset(term.id for term in Lexicon.from_terms(turned_down))
        if turned_down
        else frozenset(),
        unknown=tuple(unknown),
        vouched=frozenset(vouched),
    )


def _of(standing: Sequence[Standing], kind: SeedKind) -> list[str]:
    return [one.seed for one in standing if one.kind is kind]


def _known(events: duckdb.DuckDBPyConnection, account_ids: list[str]) -> set[str]:
    return set(_column(events, KNOWN, {"seeds": account_ids}).to_pylist())


def _targets(events: duckdb.DuckDBPyConnection, report: str) -> list[str]:
    return [str(target) for target in _column(events, REPORTED, {"seed": report}).to_pylist()]


def _sharers(events: duckdb.DuckDBPyConnection, one: Standing) -> NDArray[np.int64]:
    return np.asarray(_column(events, SHARERS[one.kind], {"seed": one.seed}).to_numpy(), np.int64)


def _column(events: duckdb.DuckDBPyConnection, query: str, named: dict[str, object]) -> pa.ChunkedArray:
    table: pa.Table = events.sql(query, params=named).to_arrow_table()
    return table.column(0)
