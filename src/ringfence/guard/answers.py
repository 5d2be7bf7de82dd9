"""What does the guard say? A verdict on one subject or on a whole slate, with the reason and what it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ringfence.guard.policies.help import Help
from ringfence.guard.policies.policy import Cause, Policy
from ringfence.guard.snapshots.accounts import Candidate
from ringfence.model.words import Surface, Verdict

NO_REASON = "none"
DEGRADED = "degraded:"  # a reason that starts so names the cause after it
HIDDEN = (Verdict.DROP, Verdict.BLOCK)


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom something would be shown. All of it is optional; what the snapshot knows of the account counts too.

    `minor` says that the platform holds the viewer to be under age; `country` (ISO 3166-1) and `language` (BCP 47)
    choose the words and the help of a message.
    """

    account_id: Candidate = ""
    minor: bool = False
    country: str = ""
    language: str = ""


NOBODY = Viewer()


@dataclass(frozen=True, slots=True)
class Versions:
    """What an answer rests on. Empty where there was nothing to rest on."""

    policy: str
    snapshot: str = ""
    lexicon: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule earns. `reason` is the signal, a code, "none", or "degraded:" and the cause."""

    verdict: Verdict
    reason: str
    message: str = ""
    help: tuple[Help, ...] = ()


ALLOWED = Outcome(Verdict.ALLOW, NO_REASON)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one subject. `degraded` names the cause when the guard could not decide as it should, else ""."""

    surface: Surface
    subject: Candidate
    verdict: Verdict
    reason: str
    message: str
    help: tuple[Help, ...]
    degraded: str
    policy_version: str
    snapshot_version: str
    lexicon_version: str


@dataclass(frozen=True, slots=True)
class Slate:
    """The verdicts on candidates. `kept` is what to show: demoted ones last, the order otherwise as it was.

    `judged` has each candidate that met a rule; every other one is allowed.
    """

    surface: Surface
    candidates: Sequence[Candidate]
    kept: Sequence[Candidate]
    judged: Mapping[Candidate, Outcome]
    degraded: str
    versions: Versions

    @property
    def backfill(self) -> int:
        """How many more candidates would fill the slate again."""
        return len(self.candidates) - len(self.kept)

    @property
    def decisions(self) -> Iterator[Decision]:
        """One decision for each candidate, in their order."""
        for name in self.candidates:
            yield decision(self.surface, name, self.judged.get(name, ALLOWED), self.versions, self.degraded)


def decision(
    surface: Surface, subject: Candidate, outcome: Outcome, versions: Versions, degraded: str = ""
) -> Decision:
    """A decision on one subject."""
    return Decision(
        surface, subject, outcome.verdict, outcome.reason, outcome.message, outcome.help, degraded,
        versions.policy, versions.snapshot, versions.lexicon,
    )  # fmt: skip


def slate(
    surface: Surface,
    candidates: Sequence[Candidate],
    met: Mapping[int, Outcome],
    versions: Versions,
    degraded: str = "",
) -> Slate:
    """A slate from the outcomes of some candidates, by their places, ascending."""
    if not met:
        return Slate(surface, candidates, candidates, {}, degraded, versions)
    kept = list(candidates)
    last = []
    for place in sorted(met, reverse=True):
        verdict = met[place].verdict
        if verdict in HIDDEN:
            del kept[place]
        elif verdict is Verdict.DEMOTE:
            last.append(kept.pop(place))
    kept += reversed(last)
    return Slate(surface, candidates, kept, _by_name(candidates, met), degraded, versions)


def degraded_answer(
    policy: Policy, surface: Surface, subject: Candidate, cause: Cause, versions: Versions | None = None
) -> Decision:
    """What the policy chose for a surface that cannot be decided on, and why it had to."""
    return decision(surface, subject, _degraded(policy, surface, cause), versions or Versions(policy.version), cause)


def degraded_slate(
    policy: Policy, surface: Surface, candidates: Sequence[Candidate], cause: Cause, versions: Versions | None = None
) -> Slate:
    """The same for every candidate of a slate."""
    outcome = _degraded(policy, surface, cause)
    met = dict.fromkeys(range(len(candidates)), outcome)
    return slate(surface, candidates, met, versions or Versions(policy.version), cause)


def _degraded(policy: Policy, surface: Surface, cause: Cause) -> Outcome:
    # Where a policy goes on answering from an old snapshot there may be none at all; then its plain choice holds.
    verdict = policy.degraded_verdict(cause, surface) or policy.degraded_verdict(Cause.NO_SNAPSHOT, surface)
    return Outcome(verdict or Verdict.BLOCK, f"{DEGRADED}{cause}")


def _by_name(candidates: Sequence[Candidate], met: Mapping[int, Outcome]) -> dict[Candidate, Outcome]:
    return {candidates[place]: outcome for place, outcome in met.items()}


def viewer_of(viewer: "Viewer | Candidate | None") -> Viewer:
    """A viewer, however it was given."""
    if isinstance(viewer, Viewer):
        return viewer
    return NOBODY if viewer is None or viewer == "" else Viewer(viewer)
