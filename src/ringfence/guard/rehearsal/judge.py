"""Which guard judges a policy's examples, before there is a snapshot of it?"""

from datetime import UTC, datetime

from ringfence.guard.decide import Guard
from ringfence.guard.policies.help import built_in
from ringfence.guard.policies.policy import MINOR, RISK, Policy
from ringfence.guard.rehearsal.examples import STAND_INS
from ringfence.guard.snapshots.flags import flagged, table
from ringfence.guard.snapshots.snapshot import Snapshot, account_sections, loaded
from ringfence.terms import stored
from ringfence.terms.lexicon import Lexicon

STAND_IN_FLAGS = [(STAND_INS[MINOR], "account:minor", 1.0, None), (STAND_INS[RISK], "network:member", 1.0, None)]
KEY = bytes(16)  # of the fingerprints of the two stand-ins, which are no secret


def judge_of(policy: Policy, lexicon: Lexicon) -> Guard:
    """A guard that knows the lexicon, the policy, and the stand-ins for viewers; nothing of it is ever written."""
    now = datetime.now(UTC)
    accounts, profiles = loaded(account_sections(flagged(table(STAND_IN_FLAGS), KEY)), KEY)
    snapshot = Snapshot(
        version="",
        created_at=now,
        model_version="",
        lexicon_version=lexicon.version,
        policy=policy,
        trial=None,
        key=KEY,
        accounts=accounts,
        profiles=profiles,
        tags={},
        packs=built_in(),
        terms=stored.stored(lexicon, now.date()),
        size=0,
    )
    return Guard(snapshot)
