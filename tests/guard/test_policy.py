import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.policy import FIELDS, FIXED_SIGNALS, STRICTNESS, Policy, Rule, default_policy
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict

SIGNALS = st.sampled_from(["lexicon:illegal", "lexicon:birds", "media:known", "network:member"])
RULES = st.dictionaries(st.tuples(st.sampled_from(Surface), SIGNALS), st.sampled_from(Verdict))
PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")
EXAMPLE = PAGE.split("```toml\n")[1].split("```")[0]


def policy_of(verdicts: dict[tuple[Surface, str], Verdict]) -> Policy:
    rules = {key: Rule(*key, verdict) for key, verdict in verdicts.items()}
    return Policy("v1", rules, dict.fromkeys(Surface, Verdict.BLOCK))


@given(RULES, st.sampled_from(Surface), st.sets(SIGNALS), SIGNALS)
def test_one_more_signal_never_softens_a_verdict(
    rules: dict[tuple[Surface, str], Verdict], surface: Surface, signals: set[str], extra: str
) -> None:
    policy = policy_of(rules)
    before, after = policy.verdict(surface, signals), policy.verdict(surface, signals | {extra})
    assert STRICTNESS.index(after) >= STRICTNESS.index(before)


@given(RULES, st.sampled_from(Surface), st.lists(SIGNALS))
def test_the_rule_that_counts_does_not_depend_on_the_order_of_signals(
    rules: dict[tuple[Surface, str], Verdict], surface: Surface, signals: list[str]
) -> None:
    policy = policy_of(rules)
    assert policy.rule(surface, signals) == policy.rule(surface, reversed(signals))


def test_nothing_named_is_allowed() -> None:
    assert policy_of({}).verdict(Surface.SEARCH, ["lexicon:birds"]) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (('verdict = "block"', 'verdict = "demote"'), "rule 1: an illegal signal earns demote; use one of drop, block"),
        (("illegal = true", "ilegal = true"), f"rule 1: unknown field ilegal; use {', '.join(FIELDS)}"),
        (("illegal = true", "illegal = true\nbypass = true"), "rule 1: bypass is set on an illegal signal"),
        (("illegal = true", "bypass = true"), "rule 1: bypass is set on an illegal signal"),
        (("illegal = true", "illegal = false"), "rule 1: lexicon:illegal is always illegal"),
        (("illegal = true", "illegal = 1"), "rule 1: illegal is 1; use true or false"),
        (('"network:member"', '"network:member"\nbypass = true'), "rule 4: unknown field bypass"),
        (('surface = "search"', 'surface = "serch"'), f"rule 1: surface is 'serch'; use one of {', '.join(Surface)}"),
        (('surface = "search"', 'surface = ["search"]'), "rule 1: surface is ['search']; use one of"),
        (('surface = "search"', ""), "rule 1: surface is missing; use one of"),
        (('verdict = "block"', 'verdict = "blok"'), f"rule 1: verdict is 'blok'; use one of {', '.join(Verdict)}"),
        (('verdict = "block"', ""), "rule 1: verdict is missing"),
        (('"lexicon:illegal"', '"lexcon:illegal"'), "rule 1: signal is 'lexcon:illegal'; use lexicon:CATEGORY or one"),
        (('signal = "lexicon:illegal"', ""), "rule 1: signal is missing"),
        (('"network:member"', '"network:membr"'), "rule 4: signal is 'network:membr'"),
        (('"hashtag"', '"search"'), "rule 3: the same surface and signal as rule 1"),
        (('message = "help"', 'message = "hlp"'), "rule 1: message is 'hlp'; use a name in [message] (help)"),
        (('message = "help"', "message = []"), "rule 1: message is []"),
        (("version", "vrsion"), "version is missing"),
        (('"2026-11-02"', "2026-11-02"), "version is missing or no text"),
        (('"2026-11-02"', '""'), "version is missing or no text"),
        (("[degraded]", "[degrade]"), "unknown table or field degrade; use version, rule, degraded, message"),
        (("[degraded]", "[degrade]"), "[degraded] is missing"),
        (('\nautocomplete = "drop"', ""), "[degraded] leaves out autocomplete; choose one of allow"),
        (('\nautocomplete = "drop"', "\nautocomplete = true"), "[degraded] autocomplete is True"),
        (('\nautocomplete = "drop"', '\nautocomplet = "drop"'), "[degraded] names the unknown surface 'autocomplet'"),
        (('help = "This', 'help = ""\nx = "This'), "[message] must hold names with texts"),
        (('version = "2026-11-02"', 'version = "1'), "not readable as TOML ("),
    ],
)
def test_each_way_of_weakening_the_documented_policy_is_refused(edit: tuple[str, str], told: str) -> None:
    assert edit[0] in EXAMPLE
    with pytest.raises(Fault) as caught:
        Policy.parse(EXAMPLE.replace(*edit, 1), "policy.toml")
    assert told in caught.value.what
    assert caught.value.where == "policy.toml"
    assert "\n" not in str(caught.value)


def test_a_policy_without_rules_is_refused() -> None:
    with pytest.raises(Fault, match=r"there is no \[\[rule\]\]"):
        Policy.parse('version = "1"', "x")
    with pytest.raises(Fault, match=r"there is no \[\[rule\]\]"):
        Policy.parse('version = "1"\nrule = 3', "x")


def test_all_faults_are_told_at_once_and_toml_names_the_line() -> None:
    with pytest.raises(Fault) as caught:
        Policy.parse(EXAMPLE.replace('"drop"', '"drp"').replace('"search"', '"serch"'), "x")
    assert caught.value.what.count("rule ") == 4
    with pytest.raises(Fault, match="line 2"):
        Policy.parse('version = "1"\nrule = = 3', "x")


def test_the_documented_policy_decides_as_it_says() -> None:
    policy = Policy.parse(EXAMPLE, "docs/policy.md")
    rule = policy.rule(Surface.SEARCH, ["lexicon:illegal", "lexicon:unknown"])
    assert rule is not None
    assert (rule.verdict, rule.illegal, rule.message[:11]) == (Verdict.BLOCK, True, "This search")
    assert policy.degraded[Surface.AUTOCOMPLETE] is Verdict.DROP
    assert policy.text == EXAMPLE


def test_what_is_illegal_by_its_name_needs_no_flag() -> None:
    policy = Policy.parse(EXAMPLE.replace("illegal = true\n", ""), "x")
    assert all(rule.illegal == (rule.signal == "lexicon:illegal") for rule in policy.rules.values())


def test_of_equal_verdicts_the_illegal_one_is_the_reason() -> None:
    keys = [(Surface.SEARCH, "lexicon:birds"), (Surface.SEARCH, "lexicon:trees")]
    rules = {key: Rule(*key, Verdict.DROP, illegal=key[1] == "lexicon:trees") for key in keys}
    policy = Policy("1", rules, {})
    assert policy.rule(Surface.SEARCH, ["lexicon:birds", "lexicon:trees"]) == rules[keys[1]]


def test_the_default_policy_blocks_drops_and_is_kind() -> None:
    policy = default_policy()
    rule = policy.rule(Surface.SEARCH, ["lexicon:illegal"])
    assert rule is not None
    assert rule.verdict is Verdict.BLOCK
    assert "people who help" in rule.message
    assert policy.verdict(Surface.SUGGESTION, ["network:member"]) is Verdict.DROP
    assert Verdict.ALLOW not in policy.degraded.values()


def test_every_word_a_policy_may_use_is_documented() -> None:
    words = {*Surface, *Verdict, *FIELDS, *FIXED_SIGNALS, "version", "[degraded]", "[message]", "lexicon:CATEGORY"}
    assert {word for word in words if f"`{word}`" not in PAGE} == set()
    assert set(re.findall(r"degraded:\w+", PAGE)) == {
        "degraded:no_snapshot",
        "degraded:unreadable_snapshot",
        "degraded:too_long",
    }
