"""What would a plan do, to whom and why? A pure function of a case, its members and what was asked for.

Everybody whom a person can see in the case is in a preview: either among those it acts on, each with the evidence, or
set aside with the reason. Nobody below the threshold, no likely minor and no protected account is ever acted on,
whatever is asked for; a likely minor is set aside as well, and handed to those who care.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType

import msgspec

from ringfence.cases.actions import REVERSIBLE, Action
from ringfence.cases.members import Member, Standing
from ringfence.cases.written import demand_reason
from ringfence.model.faults import Fault

ASIDE: Mapping[Standing, str] = MappingProxyType(
    {
        Standing.BELOW: "is below the threshold",
        Standing.LIKELY_MINOR: "may be a child: care comes first",
        Standing.PROTECTED: "is on the list of protected accounts",
    }
)
OPPOSED = "was reviewed, and does not belong"
ALREADY = "is acted on by another plan already"
ONLY_CARE = "is no likely minor, and nothing else is asked for than care"
STRANGER = "is no member of this case, or not any more"
LEFT_OUT = "was left out by whoever proposes the plan"
Busy = Mapping[str, Collection[Action]]  # by account, what other plans have done or will do


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for: these actions, on all members or on those named, for a reason in words. Some may be left out.

    The likely minors among them get care and nothing else, whatever the actions are; CARE is for nobody else. To be
    left out of that is not offered.
    """

    actions: tuple[Action, ...]
    why: str
    accounts: tuple[str, ...] | None = None
    left_out: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the decision on one account rests on, and what speaks against it. `seeds` are those that lead to it."""

    rank: int
    score: float
    probability: float | None
    role: str | None
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    seeds: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done to one account, and why. `stage` counts from 1."""

    account_id: str
    actions: tuple[Action, ...]
    stage: int
    evidence: Evidence


class Aside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is left alone, and why. `asked` says that they were asked for by name."""

    account_id: str
    standing: str
    why: str
    asked: bool = False


class Blast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a plan reaches. `orders` are counted by action, `aside` by reason.

    Benign reach: `audience` are accounts outside that follow somebody acted on, `viewers` those who were shown one in
    the last 30 days (None where that is not kept), and `minors_reached` the likely minors among both. `posts` are of
    those acted on, and `hashtags` the groups they post in. None of them is known where the platform's events are not.
    `expected_wrong` is how many of those acted on do not belong, going by the probabilities; None where somebody has
    none.
    """

    accounts: int  # acted on; those who get care are not among them
    share: float  # of the members of the case
    orders: dict[str, int]
    irreversible: int
    aside: dict[str, int]
    audience: int | None
    viewers: int | None
    minors_reached: int | None
    posts: int | None
    hashtags: int | None
    expected_wrong: float | None
    contested: int  # acted on while something speaks against it


class Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is acted on, the surest first; who is left alone, by id; and how far it reaches.

    A likely minor who gets care is among both: in `steps` with CARE and nothing else.
    """

    steps: tuple[Step, ...]
    aside: tuple[Aside, ...]
    blast: Blast


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the accounts that are acted on reach, as in Blast; None for what is not known."""

    audience: int | None = None
    viewers: int | None = None
    minors_reached: int | None = None
    posts: int | None = None
    hashtags: int | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What else is known of the members, from the platform's events and from reviewers (grounds.py).

    `minors` may be children by now, `opposed` were said to be no members, `seeds` lead to an account. `reach` tells how
    far some accounts reach.
    """

    minors: frozenset[str] = frozenset()
    opposed: frozenset[str] = frozenset()
    seeds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reach: Callable[[Sequence[str]], Reach] = lambda _: Reach()


def preview(members: Sequence[Member], wish: Wish, grounds: Grounds, busy: Busy, stages: Sequence[float]) -> Preview:
    """What a plan that does what is asked for would do. `busy` is done already; `stages` are shares, the last one 1.

    Raises Fault where nothing is asked for, or nobody would be acted on.
    """
    demand(wish)
    now = {one.account_id: one for one in members if one.left_at is None}
    asked = None if wish.accounts is None else frozenset(wish.accounts)
    named = (asked or frozenset()) | frozenset(wish.left_out)
    aside = [Aside(name, "", STRANGER, asked=True) for name in sorted(named - now.keys())]
    chosen: list[tuple[Member, tuple[Action, ...]]] = []
    for one in now.values():
        if asked is not None and one.account_id not in asked:
            continue
        actions, why = _verdict(one, wish, grounds, busy)
        if actions:
            chosen.append((one, actions))
        if why:
            aside.append(Aside(one.account_id, str(one.standing), why, asked is not None))
    if not chosen:
        what = "nobody is left to act on" if aside else "nobody is in it"
        raise Fault(what, where="plan", mend="see who is set aside and why, or ask for others")
    chosen.sort(key=lambda pair: (-(pair[0].probability or 0.0), pair[0].rank, pair[0].account_id))
    steps = tuple(
        Step(one.account_id, actions, stage, _evidence(one, grounds))
        for (one, actions), stage in zip(chosen, staged(len(chosen), stages), strict=True)
    )
    left = tuple(sorted(aside, key=lambda one: one.account_id))
    return Preview(steps, left, blast(steps, left, len(now), grounds))


def blast(steps: Sequence[Step], aside: Sequence[Aside], size: int, grounds: Grounds) -> Blast:
    """How far these steps reach, in a case of so many members."""
    orders = [action for step in steps for action in step.actions]
    acted = [step for step in steps if step.actions != (Action.CARE,)]
    probabilities = [step.evidence.probability for step in acted]
    reach = grounds.reach([step.account_id for step in acted])
    known = [one for one in probabilities if one is not None]
    return Blast(
        accounts=len(acted),
        share=len(acted) / size,
        orders={str(action): orders.count(action) for action in Action if action in orders},
        irreversible=sum(action not in REVERSIBLE and action is not Action.CARE for action in orders),
        aside=_counted(one.why for one in aside),
        audience=reach.audience,
        viewers=reach.viewers,
        minors_reached=reach.minors_reached,
        posts=reach.posts,
        hashtags=reach.hashtags,
        expected_wrong=sum(1 - one for one in known) if len(known) == len(acted) else None,
        contested=sum(bool(step.evidence.against) for step in acted),
    )


def _verdict(member: Member, wish: Wish, grounds: Grounds, busy: Busy) -> tuple[tuple[Action, ...], str]:
    """What is done to a member, and why they are set aside, empty where they are not. A child comes before all else."""
    before = busy.get(member.account_id, ())
    if member.standing is Standing.LIKELY_MINOR or member.account_id in grounds.minors:
        return () if Action.CARE in before else (Action.CARE,), ASIDE[Standing.LIKELY_MINOR]
    if member.standing is not Standing.ABOVE:
        return (), ASIDE[member.standing]
    if member.account_id in grounds.opposed:
        return (), OPPOSED
    if member.account_id in wish.left_out:
        return (), LEFT_OUT
    asked = tuple(one for one in Action if one in wish.actions and one is not Action.CARE)
    wanted = tuple(one for one in asked if one not in before)
    return wanted, "" if wanted else ALREADY if asked else ONLY_CARE


def _evidence(member: Member, grounds: Grounds) -> Evidence:
    seeds = tuple(grounds.seeds.get(member.account_id, ()))
    said = tuple(member.reasons), tuple(member.against)
    return Evidence(member.rank, member.score, member.probability, member.role, *said, seeds)


def staged(count: int, shares: Sequence[float]) -> Iterator[int]:
    """The stage of each of `count` in turn, from 1. `shares` grow to 1: each stage ends where so much of all is done.

    A stage that would have nobody is none.
    """
    ends = sorted({min(count, max(1, ceil(share * count))) for share in (*shares, 1.0)})
    before = 0
    for stage, end in enumerate(ends, 1):
        yield from (stage for _ in range(end - before))
        before = end


def _counted(words: Iterator[str]) -> dict[str, int]:
    count: dict[str, int] = {}
    for word in words:
        count[word] = count.get(word, 0) + 1
    return dict(sorted(count.items()))


def demand(wish: Wish) -> None:
    """Raise Fault where nothing is asked for, or no reason is given."""
    if not wish.actions:
        raise Fault("no action is asked for", where="plan", mend=f"choose among {', '.join(Action)}")
    demand_reason(wish.why, "plan")
