"""What has changed about a network since a plan was frozen? Whoever looks at a plan anew looks at these first."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence.cases.actions import Action
from ringfence.cases.members import Member, Standing
from ringfence.cases.preview import Evidence, Preview, Wish


@dataclass(frozen=True, slots=True)
class Changes:
    """By account id: who joined, who left, who is in another group (with the group now), of whom more or less is known.

    Where a plan named its accounts, who joined cannot be told: nobody else was in it.
    """

    joined: tuple[str, ...]
    left: tuple[str, ...]
    regrouped: tuple[tuple[str, Standing], ...]
    evidence: tuple[str, ...]


def since(frozen: Preview, wish: Wish, now: Sequence[Member]) -> Changes:
    """What is different of those in a plan that was made for a wish, and who is new."""
    here = {one.account_id: one for one in now if one.left_at is None}
    acted = {step.account_id: step.evidence for step in frozen.steps}
    groups = {step.account_id: _group(step.actions) for step in frozen.steps}
    # A group as it was set aside; one who was a stranger then was in none.
    groups |= {one.account_id: one.standing for one in frozen.aside}
    known = {account for account, group in groups.items() if group}
    stayed = sorted(known & here.keys())
    return Changes(
        joined=tuple(sorted(here.keys() - known)) if wish.accounts is None else (),
        left=tuple(sorted(known - here.keys())),
        regrouped=tuple((one, here[one].standing) for one in stayed if groups[one] != here[one].standing),
        evidence=tuple(one for one in stayed if one in acted and not _same(acted[one], here[one])),
    )


def _group(actions: Sequence[Action]) -> str:
    return Standing.LIKELY_MINOR if tuple(actions) == (Action.CARE,) else Standing.ABOVE


def _same(before: Evidence, now: Member) -> bool:
    """By what `members.digest` is made of."""
    was = (before.score, before.probability, before.role, before.reasons, before.against)
    return was == (now.score, now.probability, now.role, tuple(now.reasons), tuple(now.against))
