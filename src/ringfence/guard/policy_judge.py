"""Which guard judges a policy's examples, before there is a snapshot of it?"""

from datetime import UTC, datetime

from ringfence.guard.decide import Guard
from ringfence.guard.policy import MINOR, RISK, Policy
from ringfence.guard.policy_examples import STAND_INS
from ringfence.guard.snapshot import Snapshot
from ringfence.terms.lexicon import Lexicon

STAND_IN_SIGNALS = {"account:minor": (STAND_INS[MINOR],), "network:member": (STAND_INS[RISK],)}


def judge_of(policy: Policy, lexicon: Lexicon) -> Guard:
    """A guard that knows the lexicon, the policy, and the stand-ins for viewers; nothing of it is ever written."""
    return Guard(Snapshot("", datetime.now(UTC), "", lexicon, policy, STAND_IN_SIGNALS, {}))
