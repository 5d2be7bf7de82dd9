"""Decisions, each against the promise that it keeps; slates against judging each candidate alone by the policy."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.answers import ALLOWED, Decision, Slate, Viewer
from ringfence.guard.decide import Guard
from ringfence.guard.degraded import DegradedGuard
from ringfence.guard.policies.policy import (
    ACCOUNT_SIGNALS,
    DEFAULT_POLICY,
    MINOR_SIGNALS,
    RISK_SIGNALS,
    STRICTNESS,
    Cause,
    Policy,
    default_policy,
)
from ringfence.guard.snapshots import shelf, snapshot
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.guard.texts import LONGEST
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict
from ringfence.terms.lexicon import Lexicon

Make = Callable[..., Built]
Read = Callable[[Built], Snapshot]
POLICY = default_policy()
BIRDS = Lexicon.from_terms(["firecrest", "#kittiwake", "snow goose"])
ACCOUNTS = {
    "network:member": ["bo", "al", "mo", "7"],
    "network:likely_minor": ["mo"],
    "media:known": ["al"],
    "network:nearby": ["ny"],
    "account:minor": ["kid", "8"],
}


@pytest.fixture(scope="module")
def base(make: Make, read_back: Read) -> Snapshot:
    return read_back(make(BIRDS, ACCOUNTS, {"Lake": 0.5, "#pond": 0.49, "mere": 0.8}))


@pytest.fixture(scope="module")
def guard(base: Snapshot) -> Guard:
    return Guard(base)


def test_a_search_for_a_term_is_blocked_with_its_message_and_versions(guard: Guard) -> None:
    decision = guard.search("where do #FireCrest nest", viewer="al")
    assert (decision.surface, decision.verdict) == (Surface.SEARCH, Verdict.BLOCK)
    assert decision.reason == "lexicon:illegal"
    assert "people who help" in decision.message
    assert (decision.policy_version, decision.snapshot_version) == (POLICY.version, guard.snapshot.version)
    assert decision.lexicon_version == BIRDS.version


def test_a_blocked_search_brings_the_help_of_the_viewers_country(guard: Guard) -> None:
    german = guard.search("firecrest", Viewer(country="DE", language="de"))
    assert german.message != guard.search("firecrest", Viewer(country="GB", language="en")).message
    assert german.help != guard.search("firecrest", Viewer(country="GB", language="en")).help
    assert all(one.url or one.phone for one in german.help)


@pytest.mark.parametrize("query", ["lovefirecrests", "robins", "", "\ud800", "snow", "goose"])
def test_any_other_search_is_allowed(guard: Guard, query: str) -> None:
    decision = guard.search(query)
    assert (decision.verdict, decision.reason, decision.message, decision.help) == (Verdict.ALLOW, "none", "", ())


@pytest.mark.parametrize("query", ["my_firecrest", "LoveFirecrest", "firecrest2024", "snow\u3000goose"])
def test_a_search_with_words_run_together_is_blocked(guard: Guard, query: str) -> None:
    assert guard.search(query).verdict is Verdict.BLOCK


@pytest.mark.parametrize("query", ["kitt*wake", "kittíwake", "kkittiwake"])
def test_a_weak_hit_is_queued_and_hides_nothing(guard: Guard, query: str) -> None:
    decision = guard.search(query)
    assert (decision.verdict, decision.reason, decision.message) == (Verdict.REVIEW, "weak:lexicon:illegal", "")
    assert guard.hashtag(query).verdict is Verdict.REVIEW
    assert guard.autocomplete("k", [query]).kept == [query]


@pytest.mark.parametrize("query", ["k1ttiwak3", "k i t t i w a k e", "kittiwаke", "kiiiittiwake", "kitti.wake"])  # noqa: RUF001
def test_a_disguised_search_is_blocked(guard: Guard, query: str) -> None:
    assert guard.search(query).verdict is Verdict.BLOCK


def test_a_sure_hit_beside_a_weak_one_decides(guard: Guard) -> None:
    assert guard.search("kitt*wake or firecrest").verdict is Verdict.BLOCK


@pytest.mark.parametrize(
    ("prefix", "candidates", "kept"),
    [
        ("fire", ["firecrest", "firewood", "Firecrest photos"], ["firewood"]),
        ("fire", ["crest", "wood"], ["wood"]),
        ("best snow g", ["goose", "snow gear", "grit"], ["snow gear", "grit"]),
        ("the snow ", ["goose", "plough"], ["plough"]),
        ("a firecrest ", ["nest", "a firecrest nest", "robin"], []),
        ("", ["kittiwake", "robin"], ["robin"]),
        ("KITTI", ["kittiwake", "kitting"], ["kitting"]),
        ("firecrest", ["firecrests", "s in spring"], []),
        ("x", [], []),
        ("fire", ["firewood", "firecrest", "firewood"], ["firewood", "firewood"]),
    ],
)
def test_completions_into_a_term_are_dropped(guard: Guard, prefix: str, candidates: list[str], kept: list[str]) -> None:
    slate = guard.autocomplete(prefix, candidates)
    assert list(slate.kept) == kept
    assert slate.backfill == len(candidates) - len(kept)
    assert [(d.subject, d.verdict is Verdict.ALLOW) for d in slate.decisions] == [(c, c in kept) for c in candidates]


def test_nothing_leads_on_from_a_search_with_a_term(guard: Guard) -> None:
    assert guard.related("a firecrest", ["nest boxes", "robin"]).kept == []
    assert guard.related("birds", ["firecrest", "robin"]).kept == ["robin"]


@pytest.mark.parametrize(
    ("tag", "verdict", "reason"),
    [
        ("#firecrest", Verdict.BLOCK, "lexicon:illegal"),
        ("＃Kittiwake", Verdict.BLOCK, "lexicon:illegal"),  # noqa: RUF001 - people type this sigil
        ("LoveKittiwake", Verdict.BLOCK, "lexicon:illegal"),
        ("#LAKE", Verdict.DEMOTE, "tag:network"),
        ("mere", Verdict.DROP, "tag:network"),
        ("pond", Verdict.ALLOW, "none"),
        ("#", Verdict.ALLOW, "none"),
    ],
)
def test_a_tag_is_judged_by_its_words_and_by_whom_it_leads_to(
    guard: Guard, tag: str, verdict: Verdict, reason: str
) -> None:
    decision = guard.hashtag(tag)
    assert (decision.verdict, decision.reason, decision.subject) == (verdict, reason, tag)
    assert guard.tags([tag]).judged.get(tag, ALLOWED).verdict is verdict


def test_trending_tags_lose_those_that_lead_there(guard: Guard) -> None:
    assert guard.tags(["#lake", "mere", "#coffee", "firecrest"]).kept == ["#coffee", "#lake"]


def test_members_are_not_suggested_and_the_reason_is_the_strictest(guard: Guard) -> None:
    slate = guard.suggest("di", ["cy", "al", "bo", "mo", "di", "al", "ny", "ed"])
    assert slate.kept == ["cy", "di", "ed", "ny"]
    assert [decision.reason for decision in slate.decisions] == [
        "none", "media:known", "network:member", "network:likely_minor",
        "none", "media:known", "network:nearby", "none",
    ]  # fmt: skip


def test_a_number_is_the_account_of_its_digits(guard: Guard) -> None:
    assert guard.suggest(None, [7, 6, 8]).kept == [6, 8]
    assert guard.suggest(None, ["7", "6", "8"]).kept == ["6", "8"]
    assert guard.verdicts(Surface.SUGGESTION, None, np.array([7, 6, 8], np.uint32)).tolist() == [3, 0, 0]


@pytest.mark.parametrize("surface", ["suggestion", "recommendation"])
@pytest.mark.parametrize("viewer", ["kid", 8, "mo", Viewer("di", minor=True), Viewer(minor=True)])
def test_nobody_with_a_risk_is_introduced_to_a_minor(guard: Guard, surface: str, viewer: Any) -> None:
    slate = guard.recommend(viewer, surface, ["cy", "ny", "bo", "kid"])
    assert set(slate.kept) <= {"cy", "kid"}
    assert slate.judged["ny"].reason == "pair:risk_to_minor"


@pytest.mark.parametrize("surface", ["suggestion", "recommendation"])
@pytest.mark.parametrize("viewer", ["bo", "ny", "al", 7])
def test_no_minor_is_introduced_to_somebody_with_a_risk(guard: Guard, surface: str, viewer: Any) -> None:
    slate = guard.recommend(viewer, surface, ["cy", "kid", "8"])
    assert slate.kept == ["cy"]
    assert slate.judged["kid"].reason == "pair:minor_to_risk"
    assert guard.recommend("di", surface, ["cy", "kid", "8"]).kept == ["cy", "kid", "8"]


signals = st.sampled_from(ACCOUNT_SIGNALS)
strength = st.integers(0, 20).map(lambda step: step / 20)
IDS = ("al", "bo", "mo", "7", "cy", "12345")


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(st.sampled_from(IDS), signals, strength, st.sampled_from([None, 5, 50])), max_size=12),
    candidates=st.lists(st.sampled_from((*IDS, "ed", "8")), max_size=12),
    viewer=st.sampled_from((*IDS, "", "ed")),
    viewer_is=st.sampled_from(["minor", "any"]),
    surface=st.sampled_from(["suggestion", "recommendation"]),
    hours=st.sampled_from([0, 10, 60]),
)
def test_a_slate_is_what_the_policy_says_of_each_candidate_alone(
    read_back: Read, signer: Signer, rows: list[tuple[str, str, float, int | None]], candidates: list[str], viewer: str,
    viewer_is: str, surface: str, hours: int,
) -> None:  # fmt: skip
    minor = viewer_is == "minor"
    start = datetime(2026, 11, 20, 12, tzinfo=UTC)
    flags = [(one, name, force, start + timedelta(hours=end) if end else None) for one, name, force, end in rows]
    built = snapshot.build(BIRDS, POLICY, table(flags), signer=signer, created_at=start)
    now = start + timedelta(hours=hours)
    guard = Guard(read_back(built), clock=now.timestamp)

    def known(account: str) -> dict[str, float]:
        live = [(name, force) for one, name, force, end in flags if one == account and (end is None or now < end)]
        return {name: max(force for other, force in live if other == name) for name, _ in live}

    of_viewer = known(viewer)
    classes = {"risk"} if RISK_SIGNALS & of_viewer.keys() else set()
    classes |= {"minor"} if minor or MINOR_SIGNALS & of_viewer.keys() else set()
    rules = [POLICY.rule(Surface(surface), known(one), classes, now.date()) for one in candidates]
    expected = [(rule.verdict, rule.reason) if rule and rule.verdict is not Verdict.ALLOW else (Verdict.ALLOW, "none")
                for rule in rules]  # fmt: skip
    slate = guard.recommend(Viewer(viewer, minor=minor), surface, candidates)
    assert [(decision.verdict, decision.reason) for decision in slate.decisions] == expected
    pairs = list(zip(candidates, (verdict for verdict, _ in expected), strict=True))
    shown = [name for name, verdict in pairs if verdict in (Verdict.ALLOW, Verdict.REVIEW)]
    assert list(slate.kept) == shown + [name for name, verdict in pairs if verdict is Verdict.DEMOTE]
    numbers = [one for one in candidates if one.isdigit()]
    codes = guard.verdicts(Surface(surface), Viewer(viewer, minor=minor), np.array(numbers, np.uint32))
    assert codes.tolist() == [STRICTNESS.index(verdict) for name, verdict in pairs if name.isdigit()]


def test_a_post_is_judged_by_the_account_behind_it(guard: Guard) -> None:
    slate = guard.recommend("di", "recommendation", ["p1", "p2", "p3"], ["cy", "bo", "cy"])
    assert slate.kept == ["p1", "p3"]
    with pytest.raises(Fault, match="2 accounts for 1 candidates"):
        guard.recommend("di", "recommendation", ["p1"], ["cy", "bo"])


def test_a_recommendation_follows_the_rules_of_its_surface(guard: Guard) -> None:
    assert guard.recommend("di", "recommendation", ["al", "cy"]).kept == ["cy"]
    assert guard.recommend("di", Surface.SEARCH, ["al", "cy"]).kept == ["al", "cy"]
    for one in (guard, DegradedGuard(POLICY)):
        with pytest.raises(Fault, match="use one of search, autocomplete"):
            one.recommend("di", "serch", ["al"])


def test_a_limit_ends_at_its_moment_without_a_new_snapshot(read_back: Read, signer: Signer) -> None:
    start = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    flags = table([("bo", "limit:automatic", 1.0, start + timedelta(seconds=90))])
    now = [start.timestamp()]
    guard = Guard(
        read_back(snapshot.build(BIRDS, POLICY, flags, signer=signer, created_at=start)), clock=lambda: now[0]
    )
    assert guard.suggest(None, ["bo"]).kept == []
    now[0] += 89.9
    assert guard.suggest(None, ["bo"]).kept == []
    now[0] += 0.2
    assert guard.suggest(None, ["bo"]).kept == ["bo"]
    assert guard.damping(["bo"]).tolist() == [1.0]


def test_damping_is_what_the_policy_says_of_the_strength(read_back: Read, signer: Signer) -> None:
    flags = table([("bo", "network:member", 0.9, None), ("ny", "network:nearby", 1.0, None)])
    guard = Guard(read_back(snapshot.build(BIRDS, POLICY, flags, signer=signer)))
    assert guard.damping(["bo", "ny", "cy"]).tolist() == pytest.approx([0.1, 1.0, 1.0])


def test_it_loads_a_file_or_the_active_version_of_a_folder(make: Make, shelved: Path, signer: Signer) -> None:
    built = make(BIRDS)
    path = shelf.publish(shelved, built, signer)
    assert Guard.load(path).snapshot.version == Guard.load(shelved).snapshot.version == built.version
    assert Guard.load(shelved, [signer.name]).search("firecrest").verdict is Verdict.BLOCK
    with pytest.raises(Fault, match="not trusted"):
        Guard.load(shelved, [])
    with pytest.raises(Fault, match="no snapshot is active"):
        Guard.load(shelved.parent)


def every_answer(guard: Guard | DegradedGuard, text: str) -> list[Decision | Slate]:
    return [
        guard.search(text),
        guard.autocomplete(text, ["cy", "al"]),
        guard.related(text, ["cy", "al"]),
        guard.hashtag(text),
        guard.tags([text, "al"]),
        guard.suggest("di", ["cy", "al"]),
        guard.recommend("di", "recommendation", ["cy", "al"]),
    ]


def verdicts(answer: Decision | Slate) -> set[tuple[Verdict, str]]:
    return {(one.verdict, one.reason) for one in (answer.decisions if isinstance(answer, Slate) else [answer])}


@pytest.mark.parametrize("verdict", Verdict)
def test_without_a_snapshot_each_surface_answers_as_chosen_and_says_so(verdict: Verdict) -> None:
    chosen = {(cause, surface): Verdict.BLOCK for cause in Cause for surface in Surface}
    chosen |= {(Cause.NO_SNAPSHOT, surface): verdict for surface in (Surface.SUGGESTION, Surface.SEARCH)}
    policy = Policy("7", (), chosen)
    for answer in every_answer(DegradedGuard(policy), "robin"):
        wanted = chosen[Cause.NO_SNAPSHOT, answer.surface]
        assert verdicts(answer) == {(wanted, "degraded:no_snapshot")}
        assert answer.degraded == "no_snapshot"
        if isinstance(answer, Slate):
            hidden = wanted in (Verdict.DROP, Verdict.BLOCK)
            assert (len(answer.kept), answer.backfill) == ((0, 2) if hidden else (2, 0))
            assert (answer.versions.policy, answer.versions.snapshot) == ("7", "")


def stale(read_back: Read, make: Make, policy: str) -> Guard:
    old = datetime.now(UTC) - timedelta(hours=73)
    return Guard(read_back(make(BIRDS, ACCOUNTS, policy=Policy.parse(policy, "x"), created_at=old)))


def test_a_stale_snapshot_goes_on_answering_where_the_policy_says_so(make: Make, read_back: Read) -> None:
    guard = stale(read_back, make, DEFAULT_POLICY)
    for answer in every_answer(guard, "robin"):
        assert answer.degraded == "stale_snapshot"
    assert guard.search("firecrest").reason == "lexicon:illegal"
    assert guard.suggest(None, ["bo", "cy"]).kept == ["cy"]


def test_a_stale_snapshot_is_not_answered_from_where_the_policy_says_so(make: Make, read_back: Read) -> None:
    start = DEFAULT_POLICY.index("[degraded.stale_snapshot]")
    head, rest = DEFAULT_POLICY[:start], DEFAULT_POLICY[start:].replace('"answer"', '"drop"')
    guard = stale(read_back, make, head + rest)
    for answer in every_answer(guard, "robin"):
        assert verdicts(answer) == {(Verdict.DROP, "degraded:stale_snapshot")}
    assert guard.verdicts(Surface.SUGGESTION, None, np.array([6], np.uint32)).tolist() == [3]


def test_a_text_too_long_to_judge_gets_the_degraded_answer(guard: Guard) -> None:
    for answer in every_answer(guard, "a" * (LONGEST + 1))[:5]:
        assert verdicts(answer) == {(POLICY.degraded[Cause.TOO_LONG, answer.surface], "degraded:too_long")}
    assert guard.autocomplete("a", ["robin", "a" * (LONGEST + 1)]).kept == []


def test_what_is_not_judged_in_time_gets_the_degraded_answer_and_the_rest_its_own(guard: Guard) -> None:
    late = guard.tags(["robin"] * 100, deadline=time.perf_counter() - 1)
    assert (late.kept, late.degraded) == ([], "deadline")
    assert guard.tags(["robin"] * 100, deadline=time.perf_counter() + 60).degraded == ""


def test_a_deadline_in_the_middle_keeps_what_was_judged(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 2.0])
    monkeypatch.setattr("ringfence.guard.decide.time.perf_counter", lambda: next(moments))
    names = [f"robin{number}" for number in range(50)]
    slate = guard.tags(["firecrest", *names], deadline=1.0)
    assert slate.kept == names[:31]
    assert slate.judged["firecrest"].reason == "lexicon:illegal"
    assert {slate.judged[one].reason for one in names[31:]} == {"degraded:deadline"}


def test_a_lexicon_of_a_milder_category_demotes(make: Make, read_back: Read, tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,category\nfirecrest,illegal\nrobin,trees\n")
    more = "".join(
        f'[[rule]]\nsurface = "{surface}"\nsignal = "lexicon:trees"\nverdict = "demote"\n'
        for surface in ("search", "autocomplete", "hashtag")
    )
    policy = Policy.parse(DEFAULT_POLICY.replace("[degraded]", f"{more}[degraded]", 1), "x")
    guard = Guard(read_back(make(Lexicon.load(path), policy=policy)))
    assert guard.search("robin").verdict is Verdict.DEMOTE
    assert guard.search("robin firecrest").reason == "lexicon:illegal"
    assert guard.autocomplete("r", ["robin", "rook", "raven"]).kept == ["rook", "raven", "robin"]


def test_the_same_knowledge_under_another_policy(guard: Guard) -> None:
    milder = Policy.parse(
        DEFAULT_POLICY.replace('version = "1"', 'version = "2"').replace(
            'surface = "suggestion"\nsignal = "network:member"\nverdict = "drop"',
            'surface = "suggestion"\nsignal = "network:member"\nverdict = "demote"',
        ), "x",
    )  # fmt: skip
    other = guard.under(milder)
    assert other.suggest(None, ["bo", "cy"]).kept == ["cy", "bo"]
    assert other.suggest(None, ["bo"]).versions.policy == "2"
    assert guard.suggest(None, ["bo", "cy"]).kept == ["cy"]
