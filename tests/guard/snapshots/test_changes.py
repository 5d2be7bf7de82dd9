"""What is said to differ between two snapshots, against sets."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy, default_policy
from ringfence.guard.snapshots import accounts, signing, snapshot
from ringfence.guard.snapshots.changes import Count, changes
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.terms.lexicon import Lexicon

SIGNALS = ("network:member", "network:nearby", "media:known")
rows = st.sets(st.tuples(st.sampled_from(["a", "b", "7", "8", "99", "\u00fc"]), st.sampled_from(SIGNALS)), max_size=8)
Rows = set[tuple[str, str]]


@settings(max_examples=60, deadline=None)
@given(rows, rows, st.sampled_from(["as bits", "as names"]))
def test_accounts_are_compared_as_sets_are(
    make: Callable[..., Built], read_back: Callable[[Built], Snapshot], old: Rows, fresh: Rows, numbers: str
) -> None:
    def read(known: Rows) -> Snapshot:
        return read_back(make(["firecrest"], {name: [a for a, s in known if s == name] for name in SIGNALS}))

    before = read(old)
    with pytest.MonkeyPatch.context() as patch:
        if numbers == "as names":  # the same accounts, laid out in another way
            patch.setattr(accounts, "_ALWAYS", 0)
            patch.setattr(accounts, "_BITS_AN_ACCOUNT", 0)
        after = read(fresh)
    of = {name: ({a for a, s in old if s == name}, {a for a, s in fresh if s == name}) for name in SIGNALS}
    assert changes(before, after).accounts == {
        name: Count(len(now), len(now - was), len(was - now)) for name, (was, now) in sorted(of.items()) if was or now
    }


def test_terms_tags_and_policies(make: Callable[..., Built], read_back: Callable[[Built], Snapshot]) -> None:
    policy = Policy.parse(DEFAULT_POLICY.replace('version = "1"', 'version = "2"'), "x")
    before = read_back(make(["firecrest", "dunlin"], tags={"lake": 0.6, "mere": 0.7}))
    after = read_back(make(["firecrest", "kittiwake", "knot"], tags={"lake": 0.9, "pond": 0.7}, policy=policy))
    told = changes(before, after)
    assert told.terms == Count(3, 2, 1)
    assert (told.tags, told.changed_tags) == (Count(2, 1, 1), 1)
    assert (told.policies, told.policy_changed, told.trial_changed) == (("1", "2"), True, False)
    same = changes(before, before)
    assert (same.terms, same.tags, same.changed_tags, same.policy_changed) == (Count(2, 0, 0), Count(2, 0, 0), 0, False)


def test_with_another_key_all_are_gone_and_new(read_back: Callable[[Built], Snapshot]) -> None:
    flags = table([("a", "network:member", 1.0, None)])
    policy, terms = default_policy(), Lexicon.from_terms(["firecrest"])
    one, other = (read_back(snapshot.build(terms, policy, flags, signer=signing.new())) for _ in range(2))
    assert changes(one, other).accounts == {"network:member": Count(1, 1, 1)}
