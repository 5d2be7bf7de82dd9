"""How are the orders of a plan carried out? Some at a time: written down as sent, asked at once, written down again.

Whenever this process dies, what it had sent is in the database as sent, and is asked again with the same key.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock

from ringfence.cases import execution, plans
from ringfence.cases.actions import Done, Order, Outcome, Unclear, Unsent
from ringfence.cases.database import Database
from ringfence.cases.execution import Claimed, Run
from ringfence.cases.faults import Forbidden
from ringfence.cases.people import Person
from ringfence.enforcement.enforcer import Enforcer
from ringfence.enforcement.pace import Pace
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

MOST = 200  # orders that are written down at a time
# Seconds after which no more of them are sent. With the longest that a webhook may take with all its retries, some 70,
# they are settled before anybody takes the run for dead (execution.HELD).
LONGEST = 30.0
AHEAD = 2.0  # seconds' worth of orders that are written down at a time

Advanced = Callable[[int], None]


def start(
    database: Database, workspace: Workspace, person: Person, plan_id: str, enforcer: Enforcer,
    through: int | None = None, advanced: Advanced = lambda _: None,
) -> str:  # fmt: skip
    """Start or resume an approved plan, and carry it out up to the end of a stage. Returns how it ended, in words."""
    run = plans.begin(database, workspace, person, plan_id, through)
    return carry_out(database, person, run, enforcer, advanced)


def undo(
    database: Database, person: Person, plan_id: str, enforcer: Enforcer,
    through: int | None = None, advanced: Advanced = lambda _: None,
) -> str:  # fmt: skip
    """Carry out what was ordered to be taken back, or go on with it, up to the end of a stage."""
    with database.transaction(person) as within:
        run = execution.begin_undo(within, plan_id, through)
    return carry_out(database, person, run, enforcer, advanced)


def carry_out(
    database: Database, person: Person, run: Run, enforcer: Enforcer, advanced: Advanced = lambda _: None
) -> str:
    """Carry a run out to its end. Returns how it ended; `advanced` is told how many orders were answered so far."""
    pace, many, answered = Pace(run.per_second), max(1, min(MOST, int(run.per_second * AHEAD))), 0
    with ThreadPoolExecutor(enforcer.at_once, thread_name_prefix="orders") as pool:
        while True:
            claimed = _claim(database, person, run, many)
            if not claimed.orders:
                return claimed.ended
            batch = _Batch(enforcer, pace, run.most_in_a_row, time.monotonic() + LONGEST)
            outcomes = batch.ask(pool, claimed.orders)
            with database.transaction(person) as within:
                ended = execution.settle(within, run, outcomes)
            answered += sum(not isinstance(one, Unsent) for one in outcomes.values())
            advanced(answered)
            if not ended and batch.halted:
                ended = batch.halted
                with database.transaction(person) as within:
                    execution.let_go(within, run, ended)
            if batch.broken:
                raise batch.broken
            if ended:
                return ended


def _claim(database: Database, person: Person, run: Run, many: int) -> Claimed:
    """The next orders. Whoever may not run plans any more lets go of this one, so that others need not wait."""
    try:
        with database.transaction(person) as within:
            return execution.claim(within, run, many)
    except Forbidden as fault:
        with suppress(Fault), database.transaction(person) as within:
            execution.let_go(within, run, f"{fault.where} {fault.what}")
        raise


class _Batch:
    """Orders that are asked at the same time. Once too many in a row go wrong, the rest of them is not sent."""

    def __init__(self, enforcer: Enforcer, pace: Pace, most_in_a_row: int, ends: float) -> None:
        self._enforcer, self._pace, self._most, self._ends = enforcer, pace, most_in_a_row, ends
        self._in_a_row, self._turn, self._stop = 0, Lock(), Event()
        self.halted = ""
        self.broken: BaseException | None = None

    def ask(self, pool: ThreadPoolExecutor, orders: Iterable[Order]) -> dict[str, Outcome]:
        """What became of each order, by key. Somebody who breaks off (Ctrl-C) has what was sent written down first."""
        futures = [(one.key, pool.submit(self._one, one)) for one in orders]
        outcomes: dict[str, Outcome] = {}
        for key, future in futures:
            while key not in outcomes:
                try:
                    outcomes[key] = future.result()
                except KeyboardInterrupt as stopped:
                    self._halt("stopped at the keyboard")
                    self.broken = stopped
        return outcomes

    def _one(self, order: Order) -> Outcome:
        if self._stop.is_set() or time.monotonic() > self._ends:
            return Unsent()
        self._pace.wait()
        if self._stop.is_set():
            return Unsent()
        try:
            outcome = self._enforcer.carry_out(order)
        except Exception as error:  # noqa: BLE001, whatever happened, what became of the order is not known
            outcome = Unclear(f"the enforcer broke ({type(error).__name__})")
        if isinstance(outcome, Unsent):
            self._halt(outcome.reason or "nothing could be sent")
        else:
            self._count(outcome)
        return outcome

    def _count(self, outcome: Outcome) -> None:
        """Not to send to a target that fails what the next look at the database would have stopped anyway."""
        with self._turn:
            self._in_a_row = 0 if isinstance(outcome, Done) else self._in_a_row + 1
            if self._in_a_row >= self._most:
                self._halt(f"{self._in_a_row} orders one after the other went wrong")

    def _halt(self, why: str) -> None:
        self._stop.set()
        self.halted = self.halted or why
