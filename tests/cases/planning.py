"""A case with somebody in each of the four groups, and people who propose, approve, run and decide on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tests.cases.conftest import Room
from tests.cases.networks import found, network

from ringfence.cases import execution, opening, plans, protected, queue
from ringfence.cases.actions import Action, Done, Order, Outcome
from ringfence.cases.execution import Run
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.plan import Plan
from ringfence.cases.preview import Preview, Wish
from ringfence.cases.protected import Why
from ringfence.cases.tables import CASES
from ringfence.cases.transaction import Transaction

CHILD, SHIELDED, UNSURE = "robin", "swift", "tern"
DONE = Done()
WHY = "they sell what the firecrest list is about"
SUSPEND = Wish((Action.LIMIT, Action.SUSPEND), WHY)


class Bench:
    """A room with a case that wren holds. finch is the second person, gull decides on appeals, and all may run."""

    def __init__(
        self, room: Room, members: Sequence[str] = ("ant", "bee", "cat", "dog"), *, day: int = 1, tenant: str = "own"
    ) -> None:
        self.room, self.members, self.tenant = room, tuple(members), tenant
        room.database.welcome(tenant)
        self.wren = room.person("wren", Role.REVIEWER, tenant=tenant)
        self.finch = room.person("finch", Role.SENIOR_REVIEWER, tenant=tenant)
        self.gull = room.person("gull", Role.SENIOR_REVIEWER, tenant=tenant)
        self.case_id = ""
        with room.database.transaction(self.finch) as within:
            protected.add(within, SHIELDED, Why.SURVIVORS, "a group of survivors")
        self.find(day)
        self.hold()

    def find(self, day: int, members: Sequence[str] | None = None) -> None:
        """Open what a discovery found on a day: the members, and somebody of each group that no plan acts on."""
        inside = [*(self.members if members is None else members), CHILD, SHIELDED, UNSURE]
        told = network("net-1", inside, robin="likely_minor")
        scores = [{**one, "probability": 0.1 if one["account_id"] == UNSURE else 0.9} for one in told.scores]
        with self.room.database.transaction(at_shell(self.tenant)) as within:
            opening.open_cases(within, found(day, [replace(told, scores=scores)]), 0.5)
            self.case_id = str(
                within.connection.execute(CASES.select().where(CASES.c.tenant == self.tenant))
                .mappings()
                .one()["case_id"]
            )

    def hold(self, who: Person | None = None) -> None:
        with self.room.database.transaction(who or self.wren) as within:
            queue.take(within, self.case_id, 30)

    def preview(self, wish: Wish = SUSPEND) -> Preview:
        return plans.preview(self.room.database, self.room.workspace, self.wren, self.case_id, wish)

    def propose(self, wish: Wish = SUSPEND, who: Person | None = None) -> Plan:
        return plans.propose(self.room.database, self.room.workspace, who or self.wren, self.case_id, wish)

    def approve(self, made: Plan, who: Person | None = None) -> None:
        assert made.digest is not None
        plans.approve(
            self.room.database, self.room.workspace, who or self.finch, made.plan_id, made.digest, "seen, and agreed"
        )

    def approved(self, wish: Wish = SUSPEND) -> Plan:
        made = self.propose(wish)
        self.approve(made)
        return made

    def begin(self, made: Plan, who: Person | None = None, through: int | None = 99) -> Run:
        return plans.begin(self.room.database, self.room.workspace, who or self.wren, made.plan_id, through)

    def step(self, run: Run, outcome: Outcome = DONE, most: int = 1, who: Person | None = None) -> tuple[Order, ...]:
        """Claim some orders and settle them all with one outcome."""
        with self.room.database.transaction(who or self.wren) as within:
            orders = execution.claim(within, run, most).orders
        if orders:
            with self.room.database.transaction(who or self.wren) as within:
                execution.settle(within, run, {one.key: outcome for one in orders})
        return orders

    def whole(self, run: Run, outcome: Outcome = DONE) -> list[Order]:
        """Carry a run out to its end."""
        told: list[Order] = []
        while some := self.step(run, outcome, 3):
            told += some
        return told

    def acts(self) -> list[str]:
        told = "SELECT act FROM audit WHERE tenant = :tenant ORDER BY number"
        return [row[0] for row in self.room.run(told, tenant=self.tenant)]

    @contextmanager
    def act(self, who: Person | None = None) -> Iterator[Transaction]:
        """One act, of wren's where nobody else is named."""
        with self.room.database.transaction(who or self.wren) as within:
            yield within
