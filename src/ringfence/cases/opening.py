"""How do the networks that discovery found become cases? Each once, however often and by how many it is tried."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases import cases, joining, protected, timeline
from ringfence.cases.audit import Act, Fact
from ringfence.cases.cases import Case, Kind, Status
from ringfence.cases.faults import Stale
from ringfence.cases.found import Change, Found, Network
from ringfence.cases.joining import Rules
from ringfence.cases.members import Member
from ringfence.cases.merging import alone, merge, rank
from ringfence.cases.people import Permission
from ringfence.cases.priority import priority
from ringfence.cases.tables import CASES, RUNS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.model.words import NetworkEvent

# A new network is one regrown when at least so much of it was in the case of a network that is gone or was closed. The
# same share makes a network the same from one run to the next (discovery/identity.py).
REGROWN = 0.5


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a run did, in cases. `already` says that it had been opened before: then nothing was done now."""

    run_id: str
    opened: int = 0
    updated: int = 0
    same: int = 0
    merged: int = 0
    gone: int = 0
    reopened: int = 0
    already: bool = False


def open_cases(within: Transaction, found: Found, threshold: float) -> Opened:
    """Open a case for every network that is new, and bring the cases of the others up to date.

    Raises Stale where a later discovery was opened before: cases do not go back in time.
    """
    within.demand(Permission.OPEN_CASES)
    cases.one_opener(within)
    mine = RUNS.c.tenant == within.tenant
    if told := within.connection.execute(sa.select(RUNS.c.told).where(mine, RUNS.c.run_id == found.run_id)).scalar():
        return Opened(**{**told, "already": True})
    last = within.connection.execute(sa.select(sa.func.max(RUNS.c.at)).where(mine)).scalar()
    if last and last > found.run.at:
        what = "is older than the discovery that was opened last"
        raise Stale(what, where=found.run_id, mend="run `ringfence discover`, then this again")
    made = _Opening(within, found, Rules(protected.ids(within), found.minors, threshold)).all_of_them(last)
    row = {"tenant": within.tenant, "run_id": found.run_id, "at": found.run.at, "opened_at": within.at}
    more = {"by": within.person.id, "model": found.run.model, "lexicon": found.run.lexicon, "told": asdict(made)}
    within.connection.execute(sa.insert(RUNS).values(**row, **more))
    within.record(Act.RUN_OPENED, found.run_id, {"opened": made.opened, "updated": made.updated, "gone": made.gone})
    return made


class _Opening:
    """One run being opened: the cases there were, by network, and what has been done to them so far."""

    def __init__(self, within: Transaction, found: Found, rules: Rules) -> None:
        self.within, self.found, self.rules = within, found, rules
        asked = sa.select(*CASES.c).where(CASES.c.tenant == within.tenant, CASES.c.network_id.is_not(None))
        rows = within.connection.execute(asked.order_by(CASES.c.case_id).with_for_update()).all()
        self.before: Mapping[str, Case] = {row.network_id: cases.case(row._mapping) for row in rows}  # noqa: SLF001
        self.by_id = {one.case_id: one for one in self.before.values()}
        self.merged = {one.case_id for one in self.before.values() if one.status is Status.MERGED}
        self.ids = {network: one.case_id for network, one in self.before.items()}
        self.alone = alone(within)
        self.count = Counter[str]()

    def all_of_them(self, last: datetime | None) -> Opened:
        changes = [one for one in self.found.changes if last is None or one.at > last]
        for network in self.found.networks:
            if network.network_id in self.before:
                self.update(network, self.before[network.network_id])
            else:
                self.open(network)
        for change in changes:
            self.become(change)
        here = {one.network_id for one in self.found.networks}
        for network_id, case in self.before.items():
            if network_id not in here and case.case_id not in self.merged and case.gone_at is None:
                self.fade(network_id, case)
        return Opened(
            self.found.run_id,
            opened=self.count["opened"],
            updated=self.count["updated"],
            same=self.count["same"],
            merged=self.count["merged"],
            gone=self.count["gone"],
            reopened=self.count["reopened"],
        )

    def open(self, network: Network) -> None:
        case_id = cases.new_id()
        row = {"tenant": self.within.tenant, "case_id": case_id, "kind": Kind.NETWORK, "network_id": network.network_id}
        state = {"status": Status.OPEN, "opened_at": self.within.at, "urgent": False, "facts": ""}
        values = {**row, **state, **self._told(network)}
        self.within.connection.execute(sa.insert(CASES).values(**values))
        self.ids[network.network_id] = case_id
        members = joining.current(network, self.rules, self.within.at)
        known = joining.cases_of(self.within, [one.account_id for one in members])
        done = joining.join(self.within, case_id, members)
        cases.change(self.within, case_id, facts=done.facts)
        timeline.add(self.within, case_id, Event.OPENED, {"run": self.found.run_id, "size": len(members)})
        for other, many in sorted(known.items()):
            case = self.by_id.get(other)
            if case and many >= REGROWN * len(members) and (case.gone_at or case.status is Status.CLOSED):
                timeline.add(self.within, case_id, Event.REGROWN_FROM, {"case": other, "shared": many})
        self._adopt(case_id, members)
        self.count["opened"] += 1

    def update(self, network: Network, case: Case) -> None:
        """Bring a case up to date. One that was closed is open again where its network brings anybody new."""
        members = joining.current(network, self.rules, self.within.at)
        done = joining.join(self.within, case.case_id, members)
        cases.change(self.within, case.case_id, **self._told(network), facts=done.facts, gone_at=None)
        if done.facts == case.facts:
            self.count["same"] += 1
        else:
            detail: dict[str, Fact] = {
                "run": self.found.run_id,
                "joined": len(done.joined),
                "left": len(done.left),
                "size": len(members),
            }
            timeline.add(self.within, case.case_id, Event.UPDATED, detail)
            self.count["updated"] += 1
        if case.status is Status.CLOSED and done.grown:
            cases.change(self.within, case.case_id, status=Status.OPEN, closed_at=None, closed_by=None, outcome=None)
            timeline.add(self.within, case.case_id, Event.REOPENED, {"new": done.grown, "was": case.outcome})
            self.within.record(Act.CASE_REOPENED, case.case_id, {"new": done.grown})
            self.count["reopened"] += 1
        self._adopt(case.case_id, members)

    def become(self, change: Change) -> None:
        """Follow a split or a merger, where both networks have cases."""
        case_id, other = self.ids.get(change.network_id), self.ids.get(change.other or "")
        if case_id is None or other is None or case_id == other:
            return
        if change.event is NetworkEvent.SPLIT_FROM:
            timeline.add(self.within, case_id, Event.SPLIT_FROM, {"case": other})
            timeline.add(self.within, other, Event.SPLIT_INTO, {"case": case_id})
        elif other not in self.merged:
            merge(self.within, other, case_id)
            self.merged.add(other)
            self.count["merged"] += 1

    def fade(self, network_id: str, case: Case) -> None:
        """A network is no longer found. What was begun stays open: only a person closes it."""
        joining.leave(self.within, case.case_id)
        cases.change(self.within, case.case_id, gone_at=self.within.at, updated_at=self.within.at)
        timeline.add(self.within, case.case_id, Event.GONE, {"run": self.found.run_id, "network": network_id})
        self.count["gone"] += 1

    def _adopt(self, case_id: str, members: Sequence[Member]) -> None:
        """Take in the cases of single accounts that are members, with what was reported of them."""
        accounts = {one.account_id for one in members}
        for other in accounts & self.alone.keys():
            merge(self.within, self.alone.pop(other), case_id)
        rank(self.within, case_id)

    def _told(self, network: Network) -> dict[str, object]:
        harm = priority(network.harm)
        return {
            "run_id": self.found.run_id,
            "updated_at": self.within.at,
            "priority": harm.total,
            "urgency": harm.urgency,
            "parts": dict(harm.parts),
            "about": network.about(),
            "size": network.row["size"],
        }
