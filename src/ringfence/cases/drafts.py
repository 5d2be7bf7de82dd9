"""How does a plan come to be? Somebody who holds the case drafts it, others may change it, and then it is frozen."""

import secrets
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from ringfence.cases import binding, cases, ground, members, plan, timeline
from ringfence.cases.actions import Action, Direction, State
from ringfence.cases.audit import Act, Fact
from ringfence.cases.cases import Case
from ringfence.cases.faults import Stale
from ringfence.cases.members import Member
from ringfence.cases.people import Permission
from ringfence.cases.plan import Content, Part, Phase, Plan, Terms
from ringfence.cases.plan_tables import HANDS, ORDERS, PLANS, RESTS
from ringfence.cases.preview import Grounds, Preview, Wish, demand, preview
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason
from ringfence.model.faults import Fault

# An order in one of these states was not done and will not be.
_OVER = (State.FAILED, State.WITHHELD)


def draft(within: Transaction, case_id: str, wish: Wish) -> str:
    """Begin a plan for a case that one holds, and return its id."""
    within.demand(Permission.PROPOSE_PLANS)
    case = cases.held(within, case_id)
    _demand_standing(case)
    demand(wish)
    plan_id = f"plan-{secrets.token_hex(8)}"
    row = {"tenant": within.tenant, "plan_id": plan_id, "case_id": case_id, "status": Phase.DRAFT, "accounts": 0}
    counts = {"run": 0, "through": 0, "settled": 0, "failed": 0, "in_a_row": 0, "direction": Direction.DO}
    said = {"by": within.person.id, "at": within.at, "wish": _kept(wish), "stopped": ""}
    within.connection.execute(sa.insert(PLANS).values(**row, **counts, **said))
    plan.lend_hand(within, plan_id, Part.PROPOSED)
    timeline.add(within, case_id, Event.PLAN_DRAFTED, {"plan": plan_id})
    within.record(Act.PLAN_DRAFTED, plan_id, {"case": case_id, "actions": wish.actions})
    return plan_id


def edit(within: Transaction, plan_id: str, wish: Wish) -> None:
    """Ask for something else in a draft. Whoever does so has a part in it, and cannot approve it."""
    within.demand(Permission.PROPOSE_PLANS)
    _, found = plan.lock(within, plan_id)
    _demand(found, Phase.DRAFT)
    demand(wish)
    plan.change(within, plan_id, wish=_kept(wish))
    plan.lend_hand(within, plan_id, Part.PROPOSED)
    within.record(Act.PLAN_EDITED, plan_id, {"actions": wish.actions})


def leave_out(within: Transaction, plan_id: str, account_id: str) -> None:
    """Ask for the same without one account. Whoever does so has a part in the draft, as with every change of it."""
    found = plan.wish(plan.lock(within, plan_id)[1])
    edit(within, plan_id, msgspec.structs.replace(found, left_out=(*found.left_out, account_id)))


def take_in(within: Transaction, plan_id: str, account_id: str) -> None:
    """The same with one that was left out. Whoever is set aside for another reason stays aside."""
    found = plan.wish(plan.lock(within, plan_id)[1])
    rest = tuple(one for one in found.left_out if one != account_id)
    edit(within, plan_id, msgspec.structs.replace(found, left_out=rest))


def drop(within: Transaction, plan_id: str, why: str) -> None:
    """Throw a draft away, for a reason. It stays to be read, and is worked on no more."""
    within.demand(Permission.PROPOSE_PLANS)
    case, found = plan.lock(within, plan_id)
    _demand(found, Phase.DRAFT)
    demand_reason(why, plan_id)
    plan.change(within, plan_id, status=Phase.DROPPED, stopped=f"dropped by {within.person.id}: {why}")
    timeline.add(within, case.case_id, Event.PLAN_DROPPED, {"plan": plan_id, "why": why})
    within.record(Act.PLAN_DROPPED, plan_id, {"why": why})


def again(within: Transaction, plan_id: str) -> str:
    """A new draft that asks for the same as a plan that went stale; whoever had a part in that has one in this."""
    old = plan.seen(within, plan_id)
    made = draft(within, old.case_id, plan.wish(old))
    for person_id in sorted(plan.hands(within, plan_id, Part.PROPOSED) - {within.person.id}):
        row = {"tenant": within.tenant, "plan_id": made, "person_id": person_id, "part": str(Part.PROPOSED)}
        within.connection.execute(sa.insert(HANDS).values(**row))
    return made


def shown(within: Transaction, case_id: str, wish: Wish, grounds: Grounds, terms: Terms) -> Preview:
    """What a plan for a case would do as things stand, whoever holds it. The read is recorded."""
    within.demand(Permission.READ_EVIDENCE)
    case = cases.seen(within, case_id)
    within.record(Act.PLAN_READ, case_id)
    return _previewed(within, ground.of(within, case), wish, grounds, terms)


def freeze(within: Transaction, plan_id: str, grounds: Grounds, terms: Terms) -> Content:
    """Make a draft final: from now on it is approved, refused or left, and never changed. Returns what is in it."""
    within.demand(Permission.PROPOSE_PLANS)
    case, found = plan.lock(within, plan_id)
    _demand(found, Phase.DRAFT)
    _demand_standing(case)
    plan.lend_hand(within, plan_id, Part.PROPOSED)
    inside, wish = ground.of(within, case), plan.wish(found)
    made = _previewed(within, inside, wish, grounds, terms)
    if len(made.steps) > terms.most_accounts:
        what = f"would act on {len(made.steps):,} accounts, and {terms.most_accounts:,} is the most"
        raise Fault(what, where=plan_id, mend="ask for fewer, in several plans")
    hands = tuple(sorted(plan.hands(within, plan_id, Part.PROPOSED)))
    about = (within.tenant, plan_id, case.case_id, case.network_id, case.run_id, members.digest(inside))
    content = Content(*about, found.by, hands, within.at, wish.why, terms, made)
    text, digest = plan.frozen(content)
    kept = {"content": text, "facts": content.facts, "terms": msgspec.json.encode(terms, order="sorted").decode()}
    plan.change(within, plan_id, status=Phase.FROZEN, digest=digest, accounts=len(made.steps), **kept)
    _keep_seeds(within, content)
    timeline.add(within, case.case_id, Event.PLAN_FROZEN, {"plan": plan_id, "accounts": len(made.steps)})
    told: dict[str, Fact] = {"digest": digest, "facts": content.facts, "accounts": len(made.steps)}
    within.record(Act.PLAN_FROZEN, plan_id, told | {"orders": _orders(made)})
    return content


def busy(within: Transaction, accounts: Sequence[str]) -> Mapping[str, frozenset[Action]]:
    """By account, what approved plans will do or have done, and nobody has taken back."""
    back = ORDERS.alias()
    undone = sa.exists().where(
        *(back.c[name] == ORDERS.c[name] for name in ("tenant", "plan_id", "account_id", "action")),
        back.c.direction == Direction.UNDO,
        back.c.state == State.DONE,
    )
    found: dict[str, set[Action]] = {}
    for some in binding.parts(accounts):
        asked = sa.select(ORDERS.c.account_id, ORDERS.c.action).where(
            ORDERS.c.tenant == within.tenant,
            ORDERS.c.account_id.in_(some),
            ORDERS.c.direction == Direction.DO,
            ORDERS.c.state.not_in(_OVER),
            ~undone,
        )
        for account_id, action in within.connection.execute(asked):
            found.setdefault(account_id, set()).add(Action(action))
    return {account_id: frozenset(actions) for account_id, actions in found.items()}


def _previewed(within: Transaction, inside: Sequence[Member], wish: Wish, grounds: Grounds, terms: Terms) -> Preview:
    return preview(inside, wish, grounds, busy(within, [one.account_id for one in inside]), terms.stages)


def _keep_seeds(within: Transaction, content: Content) -> None:
    of = {"tenant": within.tenant, "plan_id": content.plan_id}
    rows = [
        {**of, "account_id": step.account_id, "seed": seed}
        for step in content.preview.steps
        for seed in dict.fromkeys(step.evidence.seeds)
    ]
    if rows:
        within.connection.execute(sa.insert(RESTS), rows)


def _orders(made: Preview) -> tuple[str, ...]:
    return tuple(f"{action} {many}" for action, many in made.blast.orders.items())


def _kept(wish: Wish) -> str:
    named = None if wish.accounts is None else tuple(sorted(set(wish.accounts)))
    left_out = tuple(sorted(set(wish.left_out)))
    told = msgspec.structs.replace(wish, actions=_once(wish.actions), accounts=named, left_out=left_out)
    return msgspec.json.encode(told, order="sorted").decode()


def _once(actions: Iterable[Action]) -> tuple[Action, ...]:
    return tuple(one for one in Action if one in set(actions))


def _demand(found: Plan, phase: Phase) -> None:
    if found.status is not phase:
        raise Stale(f"is {found.status}", where=found.plan_id, mend=f"only a {phase} plan can; begin a new one")


def _demand_standing(case: Case) -> None:
    if why := plan.standing(case):
        raise Stale(why, where=case.case_id, mend="plan for a case that is open and found")
