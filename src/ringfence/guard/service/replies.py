"""What does the service answer? Decisions and slates as they are sent, and how many of each verdict they hold."""

from collections.abc import Sequence

import msgspec

from ringfence.guard.answers import Decision, Outcome, Slate
from ringfence.guard.policies.help import Help
from ringfence.model.words import Surface, Verdict

Tally = dict[tuple[Verdict, str], int]  # by verdict and reason


class Decided(msgspec.Struct, frozen=True):
    """The verdict on one text. `degraded` is empty, or the cause for which the policy's own verdict is given."""

    surface: Surface
    subject: str | int
    verdict: Verdict
    reason: str
    message: str
    help: tuple[Help, ...]
    degraded: str
    policy_version: str
    snapshot_version: str
    lexicon_version: str


class Judged(msgspec.Struct, frozen=True, omit_defaults=True):
    """The verdict on a candidate that met a rule. `message` and `help` are there where the rule has some."""

    subject: str | int
    verdict: Verdict
    reason: str
    message: str = ""
    help: tuple[Help, ...] = ()


class SlateSent(msgspec.Struct, frozen=True):
    """What to show, in order, and why not the rest. A candidate that is not judged is allowed.

    `backfill` is how many of the candidates are not shown, and so how many more the platform may want to ask about.
    """

    surface: Surface
    kept: Sequence[str | int]
    judged: list[Judged]
    backfill: int
    degraded: str
    policy_version: str
    snapshot_version: str
    lexicon_version: str


def sent(slate: Slate) -> SlateSent:
    """A slate as it is sent."""
    versions = slate.versions
    judged = [
        Judged(name, outcome.verdict, outcome.reason, outcome.message, outcome.help)
        for name, outcome in slate.judged.items()
    ]
    return SlateSent(
        slate.surface,
        slate.kept,
        judged,
        slate.backfill,
        slate.degraded,
        versions.policy,
        versions.snapshot,
        versions.lexicon,
    )


def tally(slate: Slate) -> Tally:
    """How many candidates met a rule, by verdict and reason; one that stands in the slate twice counts once."""
    counts: Tally = {}
    outcome: Outcome
    for outcome in slate.judged.values():
        key = (outcome.verdict, outcome.reason)
        counts[key] = counts.get(key, 0) + 1
    return counts


def told(decision: Decision) -> Decided:
    """A decision as it is sent."""
    return Decided(
        decision.surface,
        decision.subject,
        decision.verdict,
        decision.reason,
        decision.message,
        decision.help,
        decision.degraded,
        decision.policy_version,
        decision.snapshot_version,
        decision.lexicon_version,
    )
