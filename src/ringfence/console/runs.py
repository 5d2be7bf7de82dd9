"""Which plans does this console carry out now? One thread a plan; what else is asked of it waits its turn there.

The console is one process, so this is kept in memory. After a restart nobody carries out what stands as running: the
database has how far it came, and somebody has to say that it goes on.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ringfence.cases import plans
from ringfence.cases.actions import Action, Order, Outcome, Unsent
from ringfence.cases.database import Database
from ringfence.cases.people import Person
from ringfence.enforcement import configured, feedback, running
from ringfence.enforcement.enforcer import Enforcer
from ringfence.enforcement.feedback import Delivered
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

LOG = logging.getLogger("ringfence.console")
ENDED = "the console was ended"
LAST_SECONDS = 15.0  # for what was sent to be answered once the console is to end
MOST_KEPT = 1_000  # of how runs ended; what counts is in the database

Job = Callable[[], str]  # returns how it ended, in words
Key = tuple[str, str]


@dataclass(slots=True)
class Working:
    """What is done with one plan in this process. `said` is how it ended; `wrong` says that it ended otherwise."""

    by: str
    jobs: deque[Job] = field(default_factory=deque)
    answered: int = 0
    said: str = ""
    wrong: bool = False
    told: Delivered | None = None
    thread: threading.Thread | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where plans are carried out, and by whom."""

    database: Database
    workspace: Workspace
    person: Person


class Runs:
    """The plans of one console."""

    def __init__(self) -> None:
        self._working: dict[Key, Working] = {}
        self._over: OrderedDict[Key, Working] = OrderedDict()
        self._turn = threading.Lock()
        self._ending = threading.Event()

    def of(self, tenant: str, plan_id: str) -> Working | None:
        """What is done with a plan here now; None where nothing is."""
        return self._working.get((tenant, plan_id))

    def last(self, tenant: str, plan_id: str) -> Working | None:
        """How it ended here last."""
        return self._over.get((tenant, plan_id))

    def start(self, place: Place, plan_id: str, through: int | None) -> None:
        """Start a plan, or go on with it. Asked for while it is carried out here, nothing more is begun.

        Whatever speaks against it is raised here; the orders themselves go out in a thread.
        """
        key, made = (place.person.tenant, plan_id), Working(place.person.name)
        with self._turn:
            if key in self._working:
                return
            self._working[key] = made
        try:
            enforcer = self._enforcer(place)
            run = plans.begin(place.database, place.workspace, place.person, plan_id, through)
        except BaseException:
            self._give_up(key, made, place)
            raise

        def job() -> str:
            return running.carry_out(place.database, place.person, run, enforcer, advanced)

        def advanced(answered: int) -> None:
            made.answered = answered

        made.jobs.appendleft(job)
        self._begin(key, made, place)

    def give_back(self, place: Place, plan_id: str) -> None:
        """Carry out what was ordered to be taken back, or go on with it, once a run that goes on here has ended."""
        enforcer = self._enforcer(place)

        def job() -> str:
            return running.undo(place.database, place.person, plan_id, enforcer)

        key = place.person.tenant, plan_id
        with self._turn:
            if before := self._working.get(key):
                before.jobs.append(job)
                return
            made = self._working[key] = Working(place.person.name, deque([job]))
        self._begin(key, made, place)

    def end(self) -> None:
        """Send nothing more, and wait a while for the answers to what was sent, so that others can go on at once."""
        self._ending.set()
        until = time.monotonic() + LAST_SECONDS
        for one in list(self._working.values()):
            if one.thread is not None:
                one.thread.join(max(0.0, until - time.monotonic()))

    def _enforcer(self, place: Place) -> Enforcer:
        return _UntilTheEnd(configured.enforcer(place.workspace), self._ending)

    def _give_up(self, key: Key, made: Working, place: Place) -> None:
        """Nothing was begun; but something else may have come meanwhile, and waits for its turn."""
        with self._turn:
            if not made.jobs:
                del self._working[key]
                return
        self._begin(key, made, place)

    def _begin(self, key: Key, made: Working, place: Place) -> None:
        made.thread = threading.Thread(target=self._work, args=(key, made, place), name=f"runs {key[1]}", daemon=True)
        made.thread.start()

    def _work(self, key: Key, made: Working, place: Place) -> None:
        while True:
            with self._turn:
                if not made.jobs:
                    del self._working[key]
                    self._over[key] = made
                    if len(self._over) > MOST_KEPT:
                        self._over.popitem(last=False)
                    return
                job = made.jobs.popleft()
            made.said, made.wrong = _done(job)
            made.told = _delivered(place) or made.told


class _UntilTheEnd:
    """An enforcer that is not asked any more once the console is to end."""

    def __init__(self, inner: Enforcer, ending: threading.Event) -> None:
        self._inner, self._ending = inner, ending

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def at_once(self) -> int:
        return self._inner.at_once

    @property
    def reversible(self) -> Collection[Action]:
        return self._inner.reversible

    def carry_out(self, order: Order) -> Outcome:
        return Unsent(ENDED) if self._ending.is_set() else self._inner.carry_out(order)


def _done(job: Job) -> tuple[str, bool]:
    try:
        return job(), False
    except Fault as fault:
        return f"{fault.where}: {fault.what}; {fault.mend}", True
    except Exception:
        LOG.exception("a run of a plan ended")
        return "It ended unexpectedly; the log of the console says why.", True


def _delivered(place: Place) -> Delivered | None:
    """Tell discovery and the guard what was done. What could not be told waits, and is told with the next."""
    try:
        return feedback.deliver(place.workspace, place.database)
    except Fault as fault:
        LOG.warning("what was decided waits to be told: %s", fault.what)
    except Exception:
        LOG.exception("what was decided waits to be told")
    return None
