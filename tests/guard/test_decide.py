from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.decide import LONGEST, Decision, DegradedGuard, Guard, Slate
from ringfence.guard.policy import DEFAULT_POLICY, Cause, Policy, Rule, default_policy
from ringfence.guard.snapshot import Snapshot, activate, build, write
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict
from ringfence.terms.lexicon import Lexicon

POLICY = default_policy()
BIRDS = Lexicon.from_terms(["firecrest", "#kittiwake", "snow goose"])
SNAPSHOT = build(
    BIRDS,
    POLICY,
    {"network:member": ["bo", "al", "mo"], "network:likely_minor": ["mo"], "media:known": ["al"]},
    tags={"Lake": 0.5, "#pond": 0.49},
)
GUARD = Guard(SNAPSHOT)
IDS = st.sampled_from(["al", "bo", "mo", "cy", "di", "ed"])


def test_a_search_for_a_term_is_blocked_with_its_message_and_versions() -> None:
    decision = GUARD.search("where do #FireCrest nest", viewer="al")
    assert (decision.surface, decision.verdict) == (Surface.SEARCH, Verdict.BLOCK)
    assert decision.reason == "lexicon:illegal"
    assert "people who help" in decision.message
    assert (decision.policy_version, decision.snapshot_version) == (POLICY.version, SNAPSHOT.version)
    assert decision.lexicon_version == BIRDS.version


@pytest.mark.parametrize("query", ["lovefirecrests", "robins", "", "\ud800", "snow", "goose"])
def test_any_other_search_is_allowed(query: str) -> None:
    decision = GUARD.search(query)
    assert (decision.verdict, decision.reason, decision.message) == (Verdict.ALLOW, "none", "")


@pytest.mark.parametrize("query", ["my_firecrest", "LoveFirecrest", "firecrest2024", "snow\u3000goose"])
def test_a_search_with_words_run_together_is_blocked(query: str) -> None:
    assert GUARD.search(query).verdict is Verdict.BLOCK


@pytest.mark.parametrize("query", ["kitt*wake", "kittíwake", "kkittiwake"])
def test_a_weak_hit_is_queued_and_hides_nothing(query: str) -> None:
    decision = GUARD.search(query)
    assert (decision.verdict, decision.reason, decision.message) == (Verdict.REVIEW, "weak:lexicon:illegal", "")
    assert GUARD.hashtag(query).verdict is Verdict.REVIEW
    assert GUARD.autocomplete("k", [query]).kept == (query,)


@pytest.mark.parametrize("query", ["k1ttiwak3", "k i t t i w a k e", "kittiwаke", "kiiiittiwake", "kitti.wake"])  # noqa: RUF001
def test_a_disguised_search_is_blocked(query: str) -> None:
    assert GUARD.search(query).verdict is Verdict.BLOCK


def test_a_sure_hit_beside_a_weak_one_decides() -> None:
    assert GUARD.search("kitt*wake or firecrest").verdict is Verdict.BLOCK


def test_a_viewer_changes_nothing() -> None:
    assert GUARD.search("firecrest", viewer="al") == GUARD.search("firecrest")
    assert GUARD.suggest("al", ["bo", "cy"]).kept == GUARD.suggest(None, ["bo", "cy"]).kept


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
    ],
)
def test_completions_into_a_term_are_dropped(prefix: str, candidates: list[str], kept: list[str]) -> None:
    slate = GUARD.autocomplete(prefix, candidates)
    assert list(slate.kept) == kept
    assert [(d.subject, d.verdict is Verdict.ALLOW) for d in slate.decisions] == [(c, c in kept) for c in candidates]


@pytest.mark.parametrize(
    ("tag", "verdict", "reason"),
    [
        ("#firecrest", Verdict.BLOCK, "lexicon:illegal"),
        ("＃Kittiwake", Verdict.BLOCK, "lexicon:illegal"),  # noqa: RUF001 - people type this sigil
        ("LoveKittiwake", Verdict.BLOCK, "lexicon:illegal"),
        ("#LAKE", Verdict.DEMOTE, "tag:network"),
        ("pond", Verdict.ALLOW, "none"),
        ("#", Verdict.ALLOW, "none"),
    ],
)
def test_a_tag_is_judged_by_its_words_and_by_whom_it_leads_to(tag: str, verdict: Verdict, reason: str) -> None:
    decision = GUARD.hashtag(tag)
    assert (decision.verdict, decision.reason, decision.subject) == (verdict, reason, tag)


def test_members_are_not_suggested_and_the_reason_is_the_strictest() -> None:
    slate = GUARD.suggest("di", ["cy", "al", "bo", "mo", "di", "al"])
    assert slate.kept == ("cy", "di")
    assert [decision.reason for decision in slate.decisions] == [
        "none",
        "media:known",
        "network:member",
        "network:likely_minor",
        "none",
        "media:known",
    ]


@given(
    st.lists(IDS),
    st.dictionaries(st.sampled_from(["network:member", "network:bridge", "media:known"]), st.sets(IDS)),
    st.data(),
)
def test_a_slate_is_what_judging_each_candidate_alone_gives(
    candidates: list[str], accounts: dict[str, set[str]], data: st.DataObject
) -> None:
    verdicts = {signal: data.draw(st.sampled_from(Verdict)) for signal in accounts}
    rules = tuple(Rule(Surface.SUGGESTION, signal, verdict) for signal, verdict in verdicts.items())
    policy = Policy("1", rules, POLICY.degraded)
    guard = Guard(Snapshot("0", SNAPSHOT.created_at, "", BIRDS, policy, {k: tuple(v) for k, v in accounts.items()}, {}))
    slate = guard.suggest(None, candidates)
    alone = [
        policy.rule(Surface.SUGGESTION, {s: 1.0 for s, ids in accounts.items() if name in ids}) for name in candidates
    ]
    expected = [(rule.verdict, rule.signal) if rule else (Verdict.ALLOW, "none") for rule in alone]
    assert [(decision.verdict, decision.reason) for decision in slate.decisions] == expected
    pairs = list(zip(candidates, (verdict for verdict, _ in expected), strict=True))
    shown = [name for name, verdict in pairs if verdict in (Verdict.ALLOW, Verdict.REVIEW)]
    assert list(slate.kept) == shown + [name for name, verdict in pairs if verdict is Verdict.DEMOTE]


def test_a_recommendation_follows_the_rules_of_its_surface() -> None:
    assert GUARD.recommend("di", "recommendation", ["al", "cy"]).kept == ("cy",)
    assert GUARD.recommend("di", Surface.SEARCH, ["al", "cy"]).kept == ("al", "cy")
    for guard in (GUARD, DegradedGuard(POLICY)):
        with pytest.raises(Fault, match="use one of search, autocomplete"):
            guard.recommend("di", "serch", ["al"])


def test_it_loads_a_file_or_the_active_version_of_a_folder(tmp_path: Path) -> None:
    path = write(tmp_path, SNAPSHOT)
    activate(tmp_path, SNAPSHOT.version)
    assert Guard.load(path).snapshot == Guard.load(tmp_path).snapshot == SNAPSHOT
    with pytest.raises(Fault, match="no snapshot is active"):
        Guard.load(tmp_path.parent)


def every_answer(guard: Guard | DegradedGuard, text: str) -> list[Decision | Slate]:
    return [
        guard.search(text),
        guard.autocomplete(text, ["cy", "al"]),
        guard.hashtag(text),
        guard.suggest("di", ["cy", "al"]),
        guard.recommend("di", "recommendation", ["cy", "al"]),
    ]


@pytest.mark.parametrize("verdict", Verdict)
def test_without_a_snapshot_each_surface_answers_as_chosen_and_says_so(verdict: Verdict) -> None:
    chosen_for = {**dict.fromkeys(Surface, Verdict.BLOCK), Surface.SUGGESTION: verdict, Surface.SEARCH: verdict}
    policy = Policy("7", (), {(cause, surface): chosen_for[surface] for cause in Cause for surface in Surface})
    for answer in every_answer(DegradedGuard(policy, Cause.NO_SNAPSHOT), "robin"):
        chosen = chosen_for[answer.surface]
        for decision in answer.decisions if isinstance(answer, Slate) else [answer]:
            assert (decision.verdict, decision.reason) == (chosen, "degraded:no_snapshot")
            assert (decision.policy_version, decision.snapshot_version) == ("7", "")
        if isinstance(answer, Slate):
            assert answer.kept == (() if chosen in (Verdict.DROP, Verdict.BLOCK) else ("cy", "al"))


def test_a_text_too_long_to_judge_gets_the_degraded_answer() -> None:
    for answer in every_answer(GUARD, "a" * (LONGEST + 1))[:3]:
        decisions = answer.decisions if isinstance(answer, Slate) else [answer]
        assert {decision.reason for decision in decisions} == {"degraded:too_long"}
        assert {decision.verdict for decision in decisions} == {POLICY.degraded_verdict(Cause.TOO_LONG, answer.surface)}
    assert GUARD.autocomplete("a", ["robin", "a" * (LONGEST + 1)]).kept == ()


def test_a_lexicon_of_a_milder_category_demotes(tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,category\nfirecrest,illegal\nrobin,trees\n")
    more = "".join(
        f'[[rule]]\nsurface = "{surface}"\nsignal = "lexicon:trees"\nverdict = "demote"\n'
        for surface in ("search", "autocomplete", "hashtag")
    )
    policy = Policy.parse(DEFAULT_POLICY.replace("[degraded]", f"{more}[degraded]"), "x")
    guard = Guard(build(Lexicon.load(path), policy, {}))
    assert guard.search("robin").verdict is Verdict.DEMOTE
    assert guard.search("robin firecrest").reason == "lexicon:illegal"
    assert guard.autocomplete("r", ["robin", "rook", "raven"]).kept == ("rook", "raven", "robin")
