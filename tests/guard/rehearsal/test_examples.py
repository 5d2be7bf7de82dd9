from datetime import date
from pathlib import Path

import pytest

from ringfence.guard.policies.check import check
from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy, default_policy
from ringfence.guard.rehearsal.examples import Outcome, outcomes, told
from ringfence.guard.rehearsal.judge import judge_of
from ringfence.model.words import Surface, Verdict
from ringfence.terms.lexicon import Lexicon

TODAY = date(2026, 11, 26)
BIRDS = Lexicon.from_terms(["firecrest", "#kittiwake"])
PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text("utf-8")
DOCUMENTED = PAGE.split("```toml\n")[1].split("```")[0]


def run(examples: str) -> list[Outcome]:
    policy = Policy.parse(DEFAULT_POLICY[: DEFAULT_POLICY.index("[[example]]")] + examples, "x")
    return list(outcomes(policy, judge_of(policy, BIRDS), TODAY))


@pytest.mark.parametrize("text", [DEFAULT_POLICY, DOCUMENTED])
def test_the_policies_that_ship_decide_as_they_say(text: str) -> None:
    policy = Policy.parse(text, "x")
    found = list(outcomes(policy, judge_of(policy, BIRDS), TODAY))
    assert len(found) == len(policy.examples) > 1
    assert all(outcome.passed for outcome in found)


@pytest.mark.parametrize(
    ("surface", "given", "verdict"),
    [
        ("search", 'query = "a FireCrest nest"', "block"),
        ("search", 'query = "kitt*wake"', "review"),
        ("search", 'query = "robin"', "allow"),
        ("hashtag", 'tag = "#kittiwake"', "block"),
        ("autocomplete", 'prefix = "fire"\ncandidate = "crest"', "drop"),
        ("autocomplete", 'prefix = "fire"\ncandidate = "wood"', "allow"),
        ("hashtag", 'signals = { "tag:network" = 0.45 }', "allow"),
        ("hashtag", 'signals = { "tag:network" = 0.5 }', "demote"),
        ("suggestion", 'signals = ["network:nearby", "network:member"]', "drop"),
        ("suggestion", 'signals = ["account:hits"]\nviewer = "minor"', "drop"),
        ("suggestion", 'signals = ["account:hits"]', "demote"),
        ("search", 'query = "firecrest"\nviewer = "minor"', "block"),
    ],
)
def test_an_example_passes_when_the_guard_decides_so(surface: str, given: str, verdict: str) -> None:
    example = f'[[example]]\nsurface = "{surface}"\n{given}\nverdict = '
    (outcome,) = run(f'{example}"{verdict}"\n')
    assert outcome.passed
    other = next(one for one in Verdict if one != verdict)
    (outcome,) = run(f'{example}"{other}"\n')
    assert not outcome.passed
    assert (outcome.number, outcome.got) == (1, verdict)


@pytest.mark.parametrize("viewer", ["minor", "risk"])
def test_a_text_is_judged_for_the_class_of_viewers_that_the_example_names(viewer: str) -> None:
    rule = '[[rule]]\nsurface = "autocomplete"\nsignal = "lexicon:illegal"\nverdict = "block"\n'
    given = '[[example]]\nsurface = "autocomplete"\nprefix = "fire"\ncandidate = "firecrest"\n'
    examples = (f'{given}verdict = "block"\nviewer = "{one}"\n' for one in ("minor", "risk"))
    text = DEFAULT_POLICY[: DEFAULT_POLICY.index("[[example]]")] + "".join(examples)
    policy = Policy.parse(text.replace("[degraded]", f'{rule}viewer = "{viewer}"\n[degraded]', 1), "x")
    found = list(outcomes(policy, judge_of(policy, BIRDS), TODAY))
    assert [outcome.example.viewer for outcome in found if outcome.passed] == [viewer]


def test_the_reason_of_a_pair_rule_is_named() -> None:
    (outcome,) = run(
        '[[example]]\nsurface = "suggestion"\nsignals = ["account:minor"]\nviewer = "risk"\nverdict = "drop"\n'
    )
    assert outcome.reason == "pair:minor_to_risk"
    assert told(outcome.example) == "suggestion: account:minor 1, for a risk viewer"


def test_a_check_names_what_holds_sometimes_and_what_holds_no_more() -> None:
    rules = "".join(
        f'[[rule]]\nsurface = "search"\nsignal = "lexicon:birds"\nverdict = "{verdict}"\n{condition}\n'
        for verdict, condition in (
            ("block", "until = 2026-11-25"),
            ("drop", "until = 2026-11-26"),
            ("demote", 'viewer = "minor"'),
            ("review", ""),
        )
    )
    found = check(Policy.parse(DEFAULT_POLICY.replace("[degraded]", f"{rules}[degraded]", 1), "x"), TODAY)
    own = len(found.conditional)
    assert [noted.number for noted in found.expired] == [28]
    assert found.expired[0].rule == "search: lexicon:birds earns block until 2026-11-25"
    assert [noted.number for noted in found.conditional] == [4, 5, 29, 30]
    assert found.conditional[-1].rule == "search: lexicon:birds earns demote for a minor viewer"
    assert found.conditional[0].rule == "hashtag: tag:network earns demote from strength 0.5"
    assert (own, found.rules, found.examples) == (4, 31, 12)
    assert found.open_when_degraded == ()


def test_a_check_names_the_signals_that_no_rule_names() -> None:
    assert check(default_policy(), TODAY).unnamed == ()
    hits = '[[rule]]\nsurface = "suggestion"\nsignal = "account:hits"\nverdict = "demote"\n'
    for instead in ("", hits.replace("demote", "block") + 'viewer = "minor"\n', f"{hits}until = 2027-01-01\n"):
        found = check(Policy.parse(DEFAULT_POLICY.replace(hits, instead), "x"), TODAY)
        assert found.unnamed == ("suggestion: account:hits",)
    tags = check(
        Policy.parse(DEFAULT_POLICY.replace('signal = "tag:network"', 'signal = "network:member"'), "x"), TODAY
    )
    assert tags.unnamed == ("hashtag: tag:network",)


def test_a_check_names_the_surfaces_that_are_open_when_degraded() -> None:
    assert check(default_policy(), TODAY).open_when_degraded == ()
    text = DEFAULT_POLICY.replace('hashtag = "block"', 'hashtag = "allow"').replace(
        'search = "answer"', 'search = "demote"'
    )
    assert check(Policy.parse(text, "x"), TODAY).open_when_degraded == (Surface.SEARCH, Surface.HASHTAG)
