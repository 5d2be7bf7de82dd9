"""What is answered when there is no snapshot at all?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.answers import Decision, Slate, Viewer, degraded_answer, degraded_slate
from ringfence.guard.decide import surface_of
from ringfence.guard.policies.policy import STRICTNESS, Cause, Policy
from ringfence.guard.snapshots.accounts import Candidate
from ringfence.model.words import Surface

Asked = Viewer | Candidate | None


class DegradedGuard:
    """Answers what the policy's `[degraded]` tables say, on each surface, and why it had to. Asked like a Guard."""

    __slots__ = ("cause", "policy")

    def __init__(self, policy: Policy, cause: Cause = Cause.NO_SNAPSHOT) -> None:
        self.policy = policy
        self.cause = cause

    def search(self, query: str, viewer: Asked = None) -> Decision:  # noqa: ARG002 - the guard's interface
        return degraded_answer(self.policy, Surface.SEARCH, query, self.cause)

    def hashtag(self, tag: str, viewer: Asked = None) -> Decision:  # noqa: ARG002 - the guard's interface
        return degraded_answer(self.policy, Surface.HASHTAG, tag, self.cause)

    def autocomplete(
        self, prefix: str, candidates: Sequence[str], viewer: Asked = None, deadline: float | None = None
    ) -> Slate:  # fmt: skip
        del prefix, viewer, deadline
        return degraded_slate(self.policy, Surface.AUTOCOMPLETE, candidates, self.cause)

    def related(
        self, query: str, candidates: Sequence[str], viewer: Asked = None, deadline: float | None = None
    ) -> Slate:  # fmt: skip
        del query, viewer, deadline
        return degraded_slate(self.policy, Surface.AUTOCOMPLETE, candidates, self.cause)

    def tags(self, tags: Sequence[str], viewer: Asked = None, deadline: float | None = None) -> Slate:
        del viewer, deadline
        return degraded_slate(self.policy, Surface.HASHTAG, tags, self.cause)

    def suggest(self, viewer: Asked, candidates: Sequence[Candidate]) -> Slate:  # noqa: ARG002 - the guard's interface
        return degraded_slate(self.policy, Surface.SUGGESTION, candidates, self.cause)

    def recommend(
        self,
        viewer: Asked,
        surface: str,
        candidates: Sequence[Candidate],
        accounts: Sequence[Candidate] | None = None,
    ) -> Slate:
        del viewer, accounts
        return degraded_slate(self.policy, surface_of(surface), candidates, self.cause)

    def verdicts(self, surface: Surface, viewer: Asked, ids: NDArray[np.uint32]) -> NDArray[np.uint8]:
        del viewer
        verdict = degraded_answer(self.policy, surface, "", self.cause).verdict
        return np.full(len(ids), STRICTNESS.index(verdict), np.uint8)
