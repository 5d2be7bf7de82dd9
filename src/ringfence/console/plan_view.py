"""What does the page of a plan say of it? How far it is, what may be done with it now, and why something may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from ringfence.cases.actions import Action, State
from ringfence.cases.orders import LIVE, Progress
from ringfence.cases.people import Permission, Person, may
from ringfence.cases.plan import Phase, Plan
from ringfence.cases.preview import LEFT_OUT, Aside, Preview, Step
from ringfence.console.asking import Asking
from ringfence.console.target import Target

PAGE = 100
One = TypeVar("One")
_MARKS = {"stopped": "wrong", "refused": "wrong", "dropped": "wrong", "done": "done", "undone": "done"}
_BEFORE = (Phase.DRAFT, Phase.FROZEN, Phase.APPROVED)


@dataclass(frozen=True, slots=True)
class Mark:
    """One step of the way a plan goes: `state` is done, here, wrong or ahead."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides what may be done with a plan.

    `going` is that somebody carries it out now, here or elsewhere. `doubt` is why it may not go on: its network
    changed, or its approval does not hold any more. `waits` are orders to give back that nobody has carried out yet.
    """

    plan: Plan
    hands: frozenset[str]
    going: bool
    doubt: str
    waits: int
    target: Target


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of those in a plan, or of those set aside, and how many there are in all."""

    part: str
    steps: Sequence[Step]
    aside: Sequence[Aside]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are; one where there is nobody."""
        return max(1, ceil(self.total / PAGE))


def way(plan: Plan, done: Progress) -> tuple[Mark, ...]:
    """The steps from a draft to what was done, or taken back, and which of them it is at."""
    before, still = [str(one) for one in _BEFORE], "paused" if paused(plan, done) else str(plan.status)
    match plan.status:
        case Phase.DROPPED:
            names = [*before[:1], "dropped"]
        case Phase.REFUSED:
            names = [*before[:2], "refused"]
        case Phase.UNDOING | Phase.UNDONE:
            names = [*before, "carried out", still]
        case Phase.STOPPED:
            names = [*before, still, "done"]
        case _:
            names = [*before, "running", "done"]
    here = names.index(still)
    now = _MARKS.get(still, "here")
    return tuple(
        Mark(name, "done" if place < here else now if place == here else "ahead") for place, name in enumerate(names)
    )


def paused(plan: Plan, done: Progress) -> bool:
    """Whether a plan stands still because the stages that it was to do are done, and others wait: no trouble."""
    waits = [stage for stage, states in done.stages.items() if any(states.get(one, 0) for one in LIVE)]
    return plan.status is Phase.STOPPED and bool(waits) and min(waits) > plan.through


def acts(person: Person, now: Standing) -> dict[str, str]:
    """What may be thought of with a plan in this state: each act with why this person cannot do it, empty where they
    can. What is done is checked once more in `cases`.
    """
    status, own = now.plan.status, person.id in now.hands | {now.plan.by}
    runs = "" if may(person, Permission.RUN_PLANS) else "Reviewers carry plans out."
    proposes = "" if may(person, Permission.PROPOSE_PLANS) else "Reviewers propose plans."
    found: dict[str, str] = {}
    if status is Phase.DRAFT:
        found["propose"] = proposes
        found["drop"] = proposes
    if status is Phase.FROZEN:
        found["approve"] = _approving(person, own=own, doubt=now.doubt)
        needed = Permission.PROPOSE_PLANS if own else Permission.APPROVE_PLANS
        found["refuse"] = "" if may(person, needed) else "A senior reviewer decides on it."
    if status in {Phase.APPROVED, Phase.STOPPED, Phase.RUNNING} and not now.going:
        found["start"] = runs or now.doubt or now.target.fault
    if now.going:
        found["stop"] = runs
    if status in {Phase.APPROVED, Phase.RUNNING, Phase.STOPPED, Phase.DONE}:
        found["undo"] = runs or now.target.fault
    if now.waits and not now.going:
        found["give back"] = runs or now.target.fault
    stale = now.doubt and status in {Phase.FROZEN, Phase.APPROVED, Phase.STOPPED}
    if stale or status in {Phase.REFUSED, Phase.DROPPED}:
        found["again"] = proposes
    return found


def rows(preview: Preview, part: str, find: str, number: int) -> Rows:
    """The page of those whose id begins with `find`: of those acted on, or of those set aside."""
    if part == "aside":
        left = [one for one in preview.aside if one.account_id.startswith(find)]
        return Rows(part, (), _page(left, number), len(left), _within(left, number))
    acted = [one for one in preview.steps if one.account_id.startswith(find)]
    if part == "contested":
        acted = [one for one in acted if one.evidence.against]
    return Rows(part, _page(acted, number), (), len(acted), _within(acted, number))


def left_out(preview: Preview) -> tuple[str, ...]:
    """Who would be acted on but for whoever proposes it."""
    return tuple(one.account_id for one in preview.aside if one.why == LEFT_OUT)


def lasting(preview: Preview, target: Target) -> dict[Action, int]:
    """How many orders of each kind nobody can take back: by their nature, or because this platform cannot."""
    orders = {Action(name): many for name, many in preview.blast.orders.items() if name != Action.CARE}
    return {action: many for action, many in orders.items() if action not in target.reversible}


def stages(preview: Preview) -> list[int]:
    """How many accounts each stage has."""
    told: dict[int, int] = {}
    for step in preview.steps:
        told[step.stage] = told.get(step.stage, 0) + 1
    return [told[stage] for stage in sorted(told)]


def unsettled(undone: Progress) -> int:
    """How many orders to give back have no clear answer yet; one that was refused is tried again."""
    return sum(undone.total[state] for state in (*LIVE, State.FAILED))


def going(asking: Asking, plan: Plan) -> bool:
    """Whether somebody carries it out now: this console, or whoever else was heard of lately."""
    if asking.console.runs.of(asking.tenant, plan.plan_id) is not None:
        return True
    return plan.token is not None and plan.token_until is not None and plan.token_until > asking.at


def percent(progress: Progress) -> float:
    """How much of a direction is settled, from 0 to 1."""
    total = sum(progress.total.values())
    return (total - sum(progress.total[state] for state in LIVE)) / total if total else 0.0


def _approving(person: Person, *, own: bool, doubt: str) -> str:
    if own:
        return "You had a part in proposing it: a senior reviewer who had none approves it."
    if not may(person, Permission.APPROVE_PLANS):
        return "A senior reviewer who had no part in proposing it approves it."
    return doubt


def _page(some: Sequence[One], number: int) -> Sequence[One]:
    first = (_within(some, number) - 1) * PAGE
    return some[first : first + PAGE]


def _within(some: Sequence[object], number: int) -> int:
    return min(number, max(1, ceil(len(some) / PAGE)))
