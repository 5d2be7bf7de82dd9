from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy, default_policy
from ringfence.guard.snapshots import shelf, snapshot
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.model.faults import Fault
from ringfence.terms import seal
from ringfence.terms.lexicon import Lexicon, from_file

Make = Callable[..., Built]
BIRDS = ("firecrest", "kittiwake")
THEN = datetime(2026, 11, 2, tzinfo=UTC)
ACCOUNTS = {"network:member": ["b", "a", "b", "17"]}


def test_read_again_it_says_what_was_put_in(make: Make, read_back: Callable[[Built], Snapshot]) -> None:
    read = read_back(make(BIRDS, ACCOUNTS, {"#Lake": 0.7, "lake": 0.2}, created_at=THEN, model_version="9"))
    assert (read.created_at, read.model_version, read.tags) == (THEN, "9", {"lake": 0.7})
    assert read.policy == default_policy()
    assert read.lexicon_version == Lexicon.from_terms(BIRDS).version
    assert read.counts() == {"network:member": 3}
    assert [bool(one) for one in read.accounts.profiles(["a", "b", "17", "c", "18"])] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert [hit.term for hit in read.matcher(date(2026, 11, 3)).find("a kittiwake", "query")] == ["kittiwake"]


def test_it_holds_no_account_by_its_name(make: Make, shelved: Path, signer: Signer) -> None:
    path = shelf.put(shelved, make(BIRDS, {"network:member": ["account-of-somebody"]}), signer)
    assert b"account-of-somebody" not in path.read_bytes()


@settings(deadline=None, max_examples=25)
@given(order=st.permutations(["a", "b", "ü", "7", "\U0001f426"]), hour=st.integers(0, 23))
def test_the_same_input_is_the_same_file_whatever_its_order(make: Make, order: list[str], hour: int) -> None:
    at = datetime(2026, 11, 2, hour, tzinfo=UTC)
    one = make(BIRDS, {"network:member": sorted(order), "media:known": ["x"]}, created_at=at)
    again = make(reversed(BIRDS), {"media:known": ["x"], "network:member": order}, created_at=THEN)
    assert again.version == one.version
    assert again.sections == one.sections


def test_any_other_content_is_another_version(make: Make) -> None:
    policy = Policy.parse(DEFAULT_POLICY.replace('version = "1"', 'version = "2"'), "x")
    others = [
        make(BIRDS, ACCOUNTS, {"lake": 0.7}),
        make(("firecrest",), ACCOUNTS, {"lake": 0.7}),
        make(BIRDS, ACCOUNTS, {"lake": 0.7}, policy),
        make(BIRDS, {"network:member": ["a"]}, {"lake": 0.7}),
        make(BIRDS, {"network:nearby": ["b", "a", "17"]}, {"lake": 0.7}),
        make(BIRDS, ACCOUNTS),
        make(BIRDS, ACCOUNTS, {"lake": 0.8}),
        make(BIRDS, ACCOUNTS, {"lake": 0.7}, model_version="2"),
    ]
    assert len({other.version for other in others}) == len(others)


def test_a_term_ends_on_its_day_without_a_new_snapshot(
    make: Make, read_back: Callable[[Built], Snapshot], tmp_path: Path
) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,expires\nfirecrest,2026-11-05\nkittiwake,\n")
    read = read_back(make(from_file(path), created_at=THEN))
    assert read.matcher(date(2026, 11, 5)).find("firecrest", "query")
    assert not read.matcher(date(2026, 11, 6)).find("firecrest", "query")
    assert read.matcher(date(2026, 11, 6)).find("kittiwake", "query")


@pytest.mark.parametrize("name", ["tags", "profiles", "help", "accounts.prints", "terms.offsets"])
def test_signed_content_that_does_not_fit_is_refused_in_one_line(
    make: Make, shelved: Path, signer: Signer, name: str
) -> None:
    built = make(BIRDS, ACCOUNTS, {"lake": 0.7})
    for content in (b"\xc1", b"\x01\x02\x03"):
        spoilt = Built(built.version, built.meta, {**built.sections, name: content})
        path = shelf.put(shelved, spoilt, signer)
        with pytest.raises(Fault, match="does not fit its format"):
            snapshot.read(path, Trusted(frozenset({signer.public})))


@pytest.mark.parametrize("surface", ["search", "autocomplete", "hashtag"])
def test_a_category_that_no_rule_names_is_not_published(make: Make, tmp_path: Path, surface: str) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,category\nfirecrest,trees\n")
    others = [one for one in ("search", "autocomplete", "hashtag") if one != surface]
    rules = "".join(f'[[rule]]\nsurface = "{one}"\nsignal = "lexicon:trees"\nverdict = "demote"\n' for one in others)
    policy = Policy.parse(DEFAULT_POLICY.replace("[degraded]", f"{rules}[degraded]", 1), "x")
    with pytest.raises(Fault, match=f'no {surface} rule names lexicon:trees.*surface = "{surface}"'):
        make(Lexicon.load(path), policy=policy)


def test_a_term_that_is_not_matched_needs_no_rule(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,category,opinion\nfirecrest,illegal,positive\nkittiwake,trees,negative\n")
    assert make(Lexicon.load(path)).version


def test_a_signal_that_no_rule_names_is_not_published(signer: Signer) -> None:
    flags = table([("a", "network:cuckoo", 1.0, None)])
    with pytest.raises(Fault, match="no suggestion rule names network:cuckoo"):
        snapshot.build(Lexicon.from_terms(BIRDS), default_policy(), flags, signer=signer)


def test_terms_are_sealed_when_there_is_a_key(
    make: Make, shelved: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make(BIRDS)
    monkeypatch.setenv(seal.KEY, seal.new_key())
    sealed = make(BIRDS)
    assert sealed.version == plain.version
    path = shelf.put(shelved, sealed, signer)
    assert b"firecrest" not in path.read_bytes()
    trusted = Trusted(frozenset({signer.public}))
    assert snapshot.read(path, trusted).matcher(THEN.date()).find("firecrest", "query")
    monkeypatch.delenv(seal.KEY)
    with pytest.raises(Fault, match="sealed"):
        snapshot.read(path, trusted)
