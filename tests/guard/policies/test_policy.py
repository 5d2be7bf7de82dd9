import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.policies.faults import FIELDS, TABLES
from ringfence.guard.policies.policy import (
    ACCOUNT_SIGNALS,
    ILLEGAL_SIGNALS,
    MINOR_SIGNALS,
    PAIR_RULES,
    RISK_SIGNALS,
    SIGNALS,
    STRENGTH_SIGNALS,
    STRICTNESS,
    VIEWERS,
    Automatic,
    Cause,
    Damping,
    Policy,
    Rule,
    default_policy,
    strictness,
)
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict

PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text("utf-8")
EXAMPLE = PAGE.split("```toml\n")[1].split("```")[0]

DAYS = [date(2026, 11, day) for day in (1, 2, 3)]
NAMES = ["lexicon:illegal", "lexicon:birds", "media:known", "network:member"]
STEPS = st.integers(0, 20).map(lambda step: step / 20)
RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(Surface),
        st.sampled_from(NAMES),
        st.sampled_from(Verdict),
        illegal=st.booleans(),
        viewer=st.sampled_from(["", *VIEWERS]),
        strength=STEPS,
        until=st.sampled_from([None, *DAYS]),
    ),
    max_size=12,
)
STRENGTHS = st.dictionaries(st.sampled_from(NAMES), STEPS)
SOMEBODY = st.sets(st.sampled_from(VIEWERS))


def policy_of(rules: list[Rule]) -> Policy:
    return Policy("v1", tuple(rules), {(cause, surface): Verdict.BLOCK for cause in Cause for surface in Surface})


def met_by_hand(rule: Rule, strengths: dict[str, float], viewer: set[str], today: date) -> bool:
    return (
        rule.signal in strengths
        and round(strengths[rule.signal] * 20) >= round(rule.strength * 20)
        and (not rule.viewer or rule.viewer in viewer)
        and (not rule.until or today <= rule.until)
    )


@given(RULES, st.sampled_from(Surface), STRENGTHS, SOMEBODY, st.sampled_from(DAYS))
def test_the_strictest_rule_met_counts(
    rules: list[Rule], surface: Surface, strengths: dict[str, float], viewer: set[str], today: date
) -> None:
    met = [rule for rule in rules if rule.surface is surface and met_by_hand(rule, strengths, viewer, today)]
    found = policy_of(rules).rule(surface, strengths, viewer, today)
    if not met:
        assert found is None
        return
    assert found in met
    assert strictness(found) == max(map(strictness, met))
    assert found.signal == min(rule.signal for rule in met if strictness(rule) == strictness(found))


@given(RULES, st.sampled_from(Surface), STRENGTHS, SOMEBODY, st.sampled_from(DAYS), st.data())
def test_knowing_more_never_softens_a_verdict(
    rules: list[Rule], surface: Surface, strengths: dict[str, float], viewer: set[str], today: date, data: st.DataObject
) -> None:
    policy = policy_of(rules)
    more = strengths | {name: max(value, strengths.get(name, 0)) for name, value in data.draw(STRENGTHS).items()}
    after = policy.verdict(surface, more, viewer | data.draw(SOMEBODY), today)
    assert STRICTNESS.index(after) >= STRICTNESS.index(policy.verdict(surface, strengths, viewer, today))
    assert policy.rule(surface, dict(reversed(more.items())), viewer, today) == policy.rule(
        surface, more, viewer, today
    )


def test_nothing_named_is_allowed() -> None:
    assert policy_of([]).verdict(Surface.SEARCH, {"lexicon:birds": 1.0}) is Verdict.ALLOW


@pytest.mark.parametrize("stored", [0.8, float.fromhex("0x1.99999ap-1"), 0.8 - 5e-8, float("nan")])
def test_a_strength_stored_with_less_precision_still_meets_its_rule(stored: float) -> None:
    policy = policy_of([Rule(Surface.SUGGESTION, "network:member", Verdict.DROP, strength=0.8)])
    assert policy.verdict(Surface.SUGGESTION, {"network:member": stored}) is Verdict.DROP
    assert policy.verdict(Surface.SUGGESTION, {"network:member": 0.75}) is Verdict.ALLOW


ILLEGAL_AGAIN = '[[rule]]\nsurface = "search"\nsignal = "lexicon:illegal"\nverdict = "block"\n'
ALLOWED = '[[rule]]\nsurface = "suggestion"\nsignal = "account:minor"\nverdict = "allow"\n'


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (('verdict = "block"', 'verdict = "demote"'), "rule 1: an illegal signal earns demote; use one of drop, block"),
        (("illegal = true", "ilegal = true"), f"rule 1: unknown field ilegal; use {', '.join(FIELDS)}"),
        (("illegal = true", "illegal = true\nbypass = true"), "rule 1: bypass is set on an illegal signal"),
        (("illegal = true", "bypass = true"), "rule 1: bypass is set on an illegal signal"),
        (("illegal = true", "illegal = false"), "rule 1: lexicon:illegal is always illegal"),
        (("illegal = true", "illegal = 1"), "rule 1: illegal is 1; use true or false"),
        (('"network:member"', '"network:member"\nbypass = true'), "rule 5: unknown field bypass"),
        (('surface = "search"', 'surface = "serch"'), f"rule 1: surface is 'serch'; use one of {', '.join(Surface)}"),
        (('surface = "search"', 'surface = ["search"]'), "rule 1: surface is ['search']; use one of"),
        (('surface = "search"', ""), "rule 1: surface is missing; use one of"),
        (('verdict = "block"', 'verdict = "blok"'), f"rule 1: verdict is 'blok'; use one of {', '.join(Verdict)}"),
        (('verdict = "block"', ""), "rule 1: verdict is missing"),
        (('"lexicon:illegal"', '"lexcon:illegal"'), "rule 1: signal is 'lexcon:illegal'; use lexicon:CATEGORY or one"),
        (('signal = "lexicon:illegal"', ""), "rule 1: signal is missing"),
        (('"network:member"', '"network:membr"'), f"or one of {', '.join(SIGNALS)}"),
        (('"network:member"', '["network:member"]'), "rule 5: signal is ['network:member']"),
        (('message = "help"', 'message = "hlp"'), "rule 1: message is 'hlp'; use a name in [message] (help)"),
        (('message = "help"', "message = []"), "rule 1: message is []"),
        # conditions
        (('viewer = "minor"', 'viewer = "minors"'), "rule 8: viewer is 'minors'; use one of minor, risk"),
        (('viewer = "minor"', "viewer = []"), "rule 8: viewer is []"),
        (('viewer = "minor"', 'viewer = ""'), "rule 8: viewer is ''"),
        (("strength = 0.5", "strength = 0.51"), "rule 4: strength is 0.51; use a multiple of 0.05 from 0 to 1"),
        (("strength = 0.5", "strength = 1.05"), "rule 4: strength is 1.05"),
        (("strength = 0.5", "strength = -0.5"), "rule 4: strength is -0.5"),
        (("strength = 0.5", "strength = nan"), "rule 4: strength is nan"),
        (("strength = 0.5", "strength = true"), "rule 4: strength is True"),
        (("strength = 0.5", 'strength = "0.5"'), "rule 4: strength is '0.5'"),
        (('viewer = "minor"', "strength = 0.5"), "rule 8: account:hits has no strength; remove strength"),
        (("illegal = true", "strength = 0.0"), "rule 1: lexicon:illegal has no strength"),
        (("2027-01-31", '"2027-01-31"'), "rule 8: until is '2027-01-31'; use a date without quotes"),
        (("2027-01-31", "2027-01-31T00:00:00Z"), "rule 8: until is '2027-01-31 00:00:00+00:00'; use a date"),
        (("2027-01-31", "true"), "rule 8: until is 'True'"),
        # what is illegal, sometimes
        (("illegal = true", 'viewer = "minor"'), "rule 1: an illegal signal is held back with viewer only"),
        (("illegal = true", "until = 2099-01-01"), "rule 1: an illegal signal is held back with until only"),
        (("strength = 0.5", "strength = 0.5\nillegal = true"), "rule 4: an illegal signal earns demote"),
        (("strength = 0.8", "strength = 0.8\nillegal = true"), "rule 6: an illegal signal earns demote"),
        (
            ("strength = 0.8", "strength = 0.8\nillegal = true"),
            "rule 7: an illegal signal is held back with strength only; remove that, or add a rule that drops or",
        ),
        (('viewer = "minor"', 'illegal = true\nviewer = "minor"'), "illegal signal is held back with viewer and"),
        # what is never reached
        (('"hashtag"', '"search"'), "rule 3: the same surface and signal as rule 1"),
        (('"suggestion"', '"recommendation"'), "rule 7: it is never reached, since rule 5 is as strict"),
        (('signal = "tag:network"', 'signal = "network:member"\nviewer = "risk"'), None),
        (('"network:member"', '"lexicon:birds"'), "lexicon:birds cannot occur on suggestion; use one of search"),
        (('"account:hits"', '"tag:network"'), "rule 8: it is never reached, since tag:network cannot"),
        (
            ('"search"\nsignal = "account:hits"', '"suggestion"\nsignal = "account:hits"'),
            "rule 8: it is never reached, since every policy drops account:hits for a minor viewer on suggestion",
        ),
        (('"drop"\nviewer = "minor"', '"allow"'), "rule 8: allow with until changes nothing"),
        (('"drop"\nviewer', '"allow"\nviewer'), "allow with viewer and until changes nothing, since no"),
        (('"demote"\nstrength', '"allow"\nstrength'), "rule 4: allow with strength changes nothing"),
        (("[degraded]", ILLEGAL_AGAIN + "until = 2027-01-31\n[degraded]"), "rule 9: it is never reached, since rule 1"),
        (("[degraded]", ILLEGAL_AGAIN + "[degraded]"), "rule 9: the same surface and signal as rule 1, with the same"),
        (("[degraded]", ALLOWED + ALLOWED.replace("allow", "demote") + "[degraded]"), "rule 10: the same surface"),
        (("[degraded]", ALLOWED.replace("account:minor", "network:member") + "[degraded]"), "rule 9: the same surface"),
        # the version and the tables
        (("version", "vrsion"), "version is missing"),
        (('"2026-11-26"', "2026-11-26"), "version is missing or no text"),
        (('"2026-11-26"', '" "'), "version is missing or no text"),
        (('"2026-11-26"', '"1\\n2"'), "version is not fit to be stamped on decisions"),
        (('"2026-11-26"', f'"{"1" * 65}"'), "version is not fit to be stamped on decisions"),
        (("[degraded]", "[degrade]"), f"unknown table or field degrade; use {', '.join(TABLES)}"),
        (("[degraded]", "[degrade]"), "[degraded] leaves out search"),
        (('\nautocomplete = "drop"', ""), "[degraded] leaves out autocomplete; choose one of allow"),
        (('\nautocomplete = "drop"', "\nautocomplete = true"), "[degraded] autocomplete is True"),
        (('\nautocomplete = "drop"', '\nautocomplete = "answer"'), "[degraded] autocomplete is 'answer'"),
        (('\nautocomplete = "drop"', '\nautocomplet = "drop"'), "[degraded] names the unknown surface or cause 'autoc"),
        (("[degraded.stale_snapshot]", "[degraded.stale]"), "[degraded] names the unknown surface or cause 'stale'"),
        (("[degraded.stale_snapshot]", "[degraded.no_snapshot]"), "[degraded.no_snapshot] search is 'answer'; use one"),
        (("[degraded.stale_snapshot]", "[degraded.deadline]"), "[degraded.deadline] search is 'answer'"),
        (('"answer"', '"answers"'), "search is 'answers'; use one of allow, review, demote, drop, block, answer"),
        (('search = "answer"', 'serch = "answer"'), "[degraded.stale_snapshot] names the unknown surface 'serch'"),
        (("[degraded.stale_snapshot]\n", "[degraded.malformed]\n[[degraded.deadline]]\n"), "[degraded.deadline] is [{"),
        # bounds
        (("max_age_hours = 48", "max_age_hours = 0"), "[snapshot] max_age_hours is 0; use a number from 1 to 720"),
        (("max_age_hours = 48", "max_age_hours = 721"), "[snapshot] max_age_hours is 721"),
        (("max_age_hours = 48", "max_age_hours = inf"), "[snapshot] max_age_hours is inf"),
        (("max_age_hours = 48", "max_age = 48"), "[snapshot] has the unknown field max_age; use max_age_hours"),
        (("at_least = 0.95", "at_least = 0.49"), "[automatic] at_least is 0.49; use a number from 0.5 to 1"),
        (("at_least = 0.95", "at_least = 1.01"), "[automatic] at_least is 1.01"),
        (("at_least = 0.95", "at_least = nan"), "[automatic] at_least is nan"),
        (("at_least = 0.95", "at_lest = 0.95"), "[automatic] has the unknown field at_lest"),
        (('"none"', '"all"'), "[automatic] uncalibrated is 'all'; use one of members, none"),
        (("per_day = 500", "per_day = 1_000_001"), "per_day is 1000001; use a whole number from 0 to 1,000,000"),
        (("per_day = 500", "per_day = -1"), "[automatic] per_day is -1"),
        (("per_day = 500", "per_day = 0.5"), "[automatic] per_day is 0.5"),
        (("per_share = 0.002", "per_share = 0.051"), "[automatic] per_share is 0.051; use a number from 0 to 0.05"),
        (("days = 30", "days = 366"), "[automatic] days is 366; use a whole number from 1 to 365"),
        (("days = 30", "days = true"), "[automatic] days is True"),
        (('mode = "soft"', 'mode = "off"'), "[damping] mode is 'off'; use one of soft, hard"),
        (('mode = "soft"', 'mod = "soft"'), "[damping] has the unknown field mod; use mode, signals"),
        (('"network:nearby" = 0.5', '"network:nearby" = 1.5'), "network:nearby is 1.5; use a number from 0 to 1"),
        (('"network:nearby" = 0.5', '"network:nearby" = -0.5'), "[damping.signals] network:nearby is -0.5"),
        (('"network:nearby" = 0.5', '"tag:network" = 0.5'), "[damping.signals] names 'tag:network'; use one of"),
        (("[damping.signals]", "[[damping.signals]]"), "[damping] signals is [{"),
        (("[automatic]", "[[automatic]]"), "automatic is [{"),
        # texts
        (('en = "This', 'en = ""\nx = "This'), "[message] must hold names with texts"),
        (('en = "This', 'english = "This'), "[message.help] names the language 'english'; use a tag such as en"),
        (("[message.help]", "[message.other]\n[message.help]"), "other is none"),
        (("[message.help]", "[[message]]"), "[message] must hold names with texts"),
        (('version = "2026-11-26"', 'version = "1'), "not readable as TOML ("),
        # examples
        (('query = "weather tomorrow"', 'tag = "weather"'), "example 1: on search give query, or signals"),
        (('query = "weather tomorrow"', ""), "example 1: on search give query, or signals"),
        (('query = "weather tomorrow"', 'query = "a"\nsignals = ["media:known"]'), "example 1: on search give"),
        (('query = "weather tomorrow"', "query = 3"), "example 1: query is 3; use a text"),
        (('query = "weather tomorrow"', 'querry = "a"'), "example 1: unknown field querry; use surface"),
        (('query = "weather tomorrow"\nverdict = "allow"', 'query = "a"'), "example 1: verdict is 'missing'"),
        (('surface = "suggestion"\nsignals', 'surface = "sugestion"\nsignals'), "example 2: surface is 'sugestion'"),
        (('["network:nearby"]', "[]"), "example 2: signals is []; use a list"),
        (('["network:nearby"]', '["network:near"]'), "example 2: signals names 'network:near'; use lexicon:CATEGORY"),
        (('["network:nearby"]', '["tag:network"]'), "example 2: tag:network cannot occur on suggestion"),
        (('["network:nearby"]', '{ "network:nearby" = 2 }'), "example 2: signals has a strength that is no number"),
        (('viewer = "minor"\nverdict', 'viewer = "minors"\nverdict'), "example 2: viewer is 'minors'"),
        (("[[example]]", "[example.x]"), "example is no list of tables; write each as [[example]]"),
    ],
)  # fmt: skip
def test_each_way_of_weakening_the_documented_policy_is_refused(edit: tuple[str, str], told: str | None) -> None:
    assert edit[0] in EXAMPLE
    text = EXAMPLE.replace(*edit, 1)
    if edit[1] == "[example.x]":
        text = text.replace("[[example]]", "[example.y]")
    if told is None:
        Policy.parse(text, "policy.toml")
        return
    with pytest.raises(Fault) as caught:
        Policy.parse(text, "policy.toml")
    assert told in caught.value.what
    assert caught.value.where == "policy.toml"
    assert "\n" not in str(caught.value)


def test_a_policy_without_rules_is_refused() -> None:
    with pytest.raises(Fault, match=r"there is no \[\[rule\]\]"):
        Policy.parse('version = "1"', "x")
    with pytest.raises(Fault, match=r"there is no \[\[rule\]\]"):
        Policy.parse('version = "1"\nrule = 3', "x")


def test_a_policy_without_a_degraded_mode_is_refused() -> None:
    start, end = EXAMPLE.index("[degraded]"), EXAMPLE.index("[snapshot]")
    for instead in ("", 'degraded = "block"\n'):
        with pytest.raises(Fault, match=r"\[degraded\] is missing; give each of search, autocomplete"):
            Policy.parse(instead + EXAMPLE[:start] + EXAMPLE[end:], "x")


def test_all_faults_are_told_at_once_and_toml_names_the_line() -> None:
    with pytest.raises(Fault) as caught:
        Policy.parse(EXAMPLE.replace('"drop"', '"drp"').replace('"search"', '"serch"').replace("0.95", "0.1"), "x")
    assert caught.value.what.count("rule ") == 6
    assert caught.value.what.count("example ") == 2
    assert "at_least" in caught.value.what
    with pytest.raises(Fault, match="line 2"):
        Policy.parse('version = "1"\nrule = = 3', "x")


def test_a_rule_for_a_time_or_a_viewer_may_stand_beside_the_one_for_all() -> None:
    stricter = EXAMPLE.replace(
        "[degraded]",
        '[[rule]]\nsurface = "autocomplete"\nsignal = "lexicon:illegal"\nverdict = "block"\nuntil = 2026-11-30\n'
        '[[rule]]\nsurface = "hashtag"\nsignal = "tag:network"\nverdict = "drop"\nviewer = "minor"\n[degraded]',
    )
    policy = Policy.parse(stricter, "x")
    for day, verdict in ((date(2026, 11, 30), Verdict.BLOCK), (date(2026, 12, 1), Verdict.DROP)):
        assert policy.verdict(Surface.AUTOCOMPLETE, {"lexicon:illegal": 1}, today=day) is verdict
    assert policy.verdict(Surface.HASHTAG, {"tag:network": 0.1}, {"minor"}) is Verdict.DROP
    assert policy.verdict(Surface.HASHTAG, {"tag:network": 0.1}) is Verdict.ALLOW


def test_what_one_rule_calls_illegal_is_illegal_in_all_of_them() -> None:
    more = "".join(
        f'[[rule]]\nsurface = "{surface}"\nsignal = "lexicon:birds"\nverdict = "{verdict}"\n{flag}'
        for surface, verdict, flag in (("search", "block", "illegal = true\n"), ("hashtag", "demote", ""))
    )
    with pytest.raises(Fault, match="rule 10: an illegal signal earns demote"):
        Policy.parse(EXAMPLE.replace("[degraded]", f"{more}[degraded]"), "x")
    policy = Policy.parse(EXAMPLE.replace("[degraded]", f"{more.replace('demote', 'drop')}[degraded]"), "x")
    rule = policy.rule(Surface.HASHTAG, {"lexicon:birds": 1})
    assert rule is not None
    assert rule.illegal


def test_a_past_until_loads() -> None:
    policy = Policy.parse(EXAMPLE.replace("2027-01-31", "2020-01-31"), "x")
    strengths = {"account:hits": 1.0}
    assert policy.verdict(Surface.SEARCH, strengths, ["minor"], date(2020, 1, 31)) is Verdict.DROP
    assert policy.verdict(Surface.SEARCH, strengths, ["minor"], date(2020, 2, 1)) is Verdict.ALLOW


def test_the_documented_policy_decides_as_it_says() -> None:
    policy = Policy.parse(EXAMPLE, "docs/policy.md")
    rule = policy.rule(Surface.SEARCH, {"lexicon:illegal": 1.0, "lexicon:unknown": 1.0})
    assert rule is not None
    assert (rule.verdict, rule.illegal, policy.message(rule.message)[:11]) == (Verdict.BLOCK, True, "This search")
    assert policy.verdict(Surface.RECOMMENDATION, {"network:member": 0.75}) is Verdict.DEMOTE
    assert policy.verdict(Surface.RECOMMENDATION, {"network:member": 0.8}) is Verdict.DROP
    assert policy.automatic == Automatic(0.95, "none", 500, 0.002, 30)
    assert policy.damping == Damping("soft", {"network:member": 1.0, "network:nearby": 0.5})
    assert policy.max_age_hours == 48
    assert [example.signals for example in policy.examples] == [None, {"network:nearby": 1.0}]
    assert policy.text == EXAMPLE


def test_each_cause_and_surface_has_an_answer() -> None:
    policy = Policy.parse(EXAMPLE, "x")
    assert policy.degraded_verdict(Cause.NO_SNAPSHOT, Surface.AUTOCOMPLETE) is Verdict.DROP
    assert policy.degraded_verdict(Cause.STALE_SNAPSHOT, Surface.SEARCH) is None
    assert policy.degraded_verdict(Cause.STALE_SNAPSHOT, Surface.SUGGESTION) is Verdict.DEMOTE
    assert policy.degraded_verdict(Cause.STALE_SNAPSHOT, Surface.HASHTAG) is Verdict.BLOCK
    assert set(policy.degraded) == {(cause, surface) for cause in Cause for surface in Surface}


def test_without_its_tables_a_policy_has_the_documented_settings() -> None:
    policy = Policy.parse(EXAMPLE[: EXAMPLE.index("[degraded.stale_snapshot]")].replace('message = "help"', ""), "x")
    assert (policy.automatic, policy.damping, policy.max_age_hours) == (Automatic(), Damping(), 72)
    assert policy.degraded_verdict(Cause.STALE_SNAPSHOT, Surface.SEARCH) is Verdict.BLOCK
    assert policy.message("help") == ""
    for setting in ("at_least", "uncalibrated", "per_day", "per_share", "days"):
        default = getattr(Automatic(), setting)
        shown = f"`{default}`" if isinstance(default, str) else f"{default:,}"
        assert f"| `{setting}` | {shown} |" in PAGE


@pytest.mark.parametrize(
    ("language", "start"),
    [("de", "Diese"), ("de-AT", "Diese"), ("DE_at", "Diese"), ("en", "This"), ("fr", "This"), ("d", "This")],
)
def test_a_message_falls_back_from_a_region_to_its_language_to_the_first(language: str, start: str) -> None:
    assert Policy.parse(EXAMPLE, "x").message("help", language).startswith(start)


def test_a_message_given_once_is_for_everybody() -> None:
    text = EXAMPLE.replace("[message.help]\nen = ", "[message]\nhelp = ").replace('\nde = "', '\nother = "')
    assert Policy.parse(text, "x").message("help", "de-AT").startswith("This search")
    assert Policy.parse(text, "x").message("unknown", "de") == ""


def test_what_is_illegal_by_its_name_needs_no_flag() -> None:
    policy = Policy.parse(EXAMPLE.replace("illegal = true\n", ""), "x")
    assert all(rule.illegal == (rule.signal in ILLEGAL_SIGNALS) for rule in policy.rules)


def test_of_equal_verdicts_the_illegal_one_is_the_reason() -> None:
    rules = [
        Rule(Surface.SEARCH, f"lexicon:{name}", Verdict.DROP, illegal=name == "trees") for name in ("birds", "trees")
    ]
    assert policy_of(rules).rule(Surface.SEARCH, {"lexicon:birds": 1, "lexicon:trees": 1}) == rules[1]


@pytest.mark.parametrize("surface", [Surface.SUGGESTION, Surface.RECOMMENDATION])
def test_no_policy_introduces_risk_to_minors_or_minors_to_risk(surface: Surface) -> None:
    policy = Policy.parse(EXAMPLE, "x")
    for signals, viewer, reason in (
        (RISK_SIGNALS, "minor", "pair:risk_to_minor"),
        (MINOR_SIGNALS, "risk", "pair:minor_to_risk"),
    ):
        for signal in signals:
            rule = policy.rule(surface, {signal: 0.0}, [viewer])
            assert rule is not None
            assert STRICTNESS.index(rule.verdict) >= STRICTNESS.index(Verdict.DROP)
            assert rule.reason in {reason, signal}
            assert rule.reason == reason or policy.verdict(surface, {signal: 0.0}) is Verdict.DROP
    assert set(ACCOUNT_SIGNALS) == RISK_SIGNALS | MINOR_SIGNALS
    assert not RISK_SIGNALS & MINOR_SIGNALS


def test_a_signal_is_named_for_everybody_and_for_good_or_not_at_all() -> None:
    policy = Policy.parse(EXAMPLE, "x")
    assert policy.names(Surface.HASHTAG, "tag:network")
    assert not policy.names(Surface.SUGGESTION, "network:nearby")  # the pair rules hold for minors only
    assert not policy.names(Surface.SEARCH, "account:hits")
    for viewer, until, named in (("", None, True), ("minor", None, False), ("", DAYS[0], False)):
        rule = Rule(Surface.SEARCH, "lexicon:birds", Verdict.ALLOW, viewer=viewer, until=until)
        assert policy_of([rule]).names(Surface.SEARCH, "lexicon:birds") is named


def test_the_default_policy_blocks_drops_and_is_kind() -> None:
    policy = default_policy()
    rule = policy.rule(Surface.SEARCH, {"lexicon:illegal": 1.0})
    assert rule is not None
    assert rule.verdict is Verdict.BLOCK
    told = {policy.message(rule.message, language) for language in ("en", "de", "fr", "es")}
    assert len(told) == 4
    assert "people who help" in policy.message(rule.message)
    assert policy.verdict(Surface.SUGGESTION, {"network:member": 1.0}) is Verdict.DROP
    assert Verdict.ALLOW not in policy.degraded.values()
    assert {cause for (cause, _), verdict in policy.degraded.items() if verdict is None} == {Cause.STALE_SNAPSHOT}


def test_the_default_policy_names_every_signal_of_accounts_and_of_tags() -> None:
    policy = default_policy()
    for surface in (Surface.SUGGESTION, Surface.RECOMMENDATION):
        assert [signal for signal in ACCOUNT_SIGNALS if not policy.names(surface, signal)] == []
    assert policy.names(Surface.HASHTAG, "tag:network")
    assert {example.surface for example in policy.examples} == set(Surface)


def test_every_word_a_policy_may_use_is_documented() -> None:
    tables = [f"[{table}]" for table in TABLES if table not in {"version", "rule", "example"}]
    words = [*Surface, *Verdict, *FIELDS, *SIGNALS, *Cause, *VIEWERS, *tables, "version", "[[rule]]", "[[example]]"]
    words += ["lexicon:CATEGORY", "answer", "soft", "hard", "members", "none", "max_age_hours"]
    assert {word for word in words if f"`{word}`" not in PAGE} == set()


def test_every_reason_and_no_other_is_documented() -> None:
    reasons = {rule.reason for rule in PAIR_RULES} | {f"degraded:{cause}" for cause in Cause}
    assert set(re.findall(r"`((?:degraded|pair):\w+)`", PAGE)) == reasons
    assert "`weak:lexicon:CATEGORY`" in PAGE


def test_the_page_says_which_signals_have_a_strength() -> None:
    for line in PAGE.split("### Signals")[1].split("###")[0].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        for signal in re.findall(r"`([a-z]+:\w+)`", cells[0] if cells else ""):
            has = signal in STRENGTH_SIGNALS
            assert (cells[2] != "none") is has, signal
