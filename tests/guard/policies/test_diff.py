from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.policies.diff import Kind, diff
from ringfence.guard.policies.policy import DEFAULT_POLICY, VIEWERS, Cause, Policy, Rule
from ringfence.model.words import Surface, Verdict

TODAY = date(2026, 11, 26)
HELD_BACK = Policy.parse(DEFAULT_POLICY, "x")
NAMES = ["network:member", "network:nearby"]
SURFACES = [Surface.SUGGESTION, Surface.SEARCH]
RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(SURFACES),
        st.sampled_from(NAMES),
        st.sampled_from(Verdict),
        viewer=st.sampled_from(["", *VIEWERS]),
        strength=st.sampled_from([0.0, 0.5, 0.8]),
        until=st.sampled_from([None, TODAY - timedelta(1), TODAY, TODAY + timedelta(2)]),
    ),
    max_size=6,
)


def policy_of(rules: list[Rule]) -> Policy:
    return Policy("1", tuple(rules), {(cause, surface): Verdict.BLOCK for cause in Cause for surface in Surface})


def edited(*edits: tuple[str, str]) -> Policy:
    text = DEFAULT_POLICY
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return Policy.parse(text, "x")


def rows(old: Policy, new: Policy) -> list[tuple[str, ...]]:
    return [(one.surface, one.signal, one.viewer, one.was, one.now, one.kind) for one in diff(old, new, TODAY).verdicts]


@given(RULES)
def test_a_policy_does_not_differ_from_itself(rules: list[Rule]) -> None:
    assert not diff(policy_of(rules), policy_of(rules[::-1]), TODAY)


@given(RULES, RULES, st.sampled_from([TODAY, TODAY + timedelta(1), TODAY + timedelta(3)]))
def test_a_difference_is_told_exactly_where_somebody_would_see_one(
    old_rules: list[Rule], new_rules: list[Rule], day: date
) -> None:
    old, new = policy_of(old_rules), policy_of(new_rules)
    told = diff(old, new, TODAY).verdicts
    for surface in SURFACES:
        for signal in NAMES:
            for viewer in ("", *VIEWERS):
                for strength in (0.0, 0.25, 0.5, 0.75, 0.8, 1.0):
                    given_ = (surface, {signal: strength}, [viewer] if viewer else [], day)
                    was, now = old.rule(*given_), new.rule(*given_)
                    seen = (was.verdict if was else None) is not (now.verdict if now else None)
                    here = {
                        one
                        for one in told
                        if (one.surface, one.signal) == (surface, signal)
                        and one.strength <= strength
                        and one.since <= day
                        and one.viewer in {"anybody", viewer}
                    }
                    if seen:
                        assert here, (surface, signal, viewer, strength, was, now)


@given(RULES, RULES)
def test_the_way_back_is_the_mirror(old_rules: list[Rule], new_rules: list[Rule]) -> None:
    old, new = policy_of(old_rules), policy_of(new_rules)
    mirrored = {Kind.STRICTER: Kind.MILDER, Kind.NEW: Kind.GONE}
    mirrored |= {back: there for there, back in mirrored.items()}
    there, back = diff(old, new, TODAY).verdicts, diff(new, old, TODAY).verdicts
    assert {(a.surface, a.signal, a.viewer, a.strength, a.since, a.was, a.now, a.kind) for a in there} == {
        (b.surface, b.signal, b.viewer, b.strength, b.since, b.now, b.was, mirrored.get(b.kind, b.kind)) for b in back
    }


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ('signal = "network:nearby"\nverdict = "demote"', 'signal = "network:nearby"\nverdict = "drop"'),
            ("suggestion", "network:nearby", "anybody", "demote", "drop", "stricter"),
        ),
        (
            ('signal = "network:member"\nverdict = "drop"', 'signal = "network:member"\nverdict = "review"'),
            ("suggestion", "network:member", "anybody", "drop", "review", "milder"),
        ),
        (
            ('surface = "hashtag"\nsignal = "lexicon:illegal"\nverdict = "block"\nillegal = true\nmessage = "blocked"',
             'surface = "hashtag"\nsignal = "lexicon:illegal"\nverdict = "block"'),
            ("hashtag", "lexicon:illegal", "anybody", "block, illegal, message blocked", "block, illegal", "message"),
        ),
        (
            ('"limit:confirmed"\nverdict = "drop"', '"limit:confirmed"\nverdict = "drop"\nillegal = true'),
            ("suggestion", "limit:confirmed", "anybody", "drop", "drop, illegal", "legality"),
        ),
    ],
)  # fmt: skip
def test_each_kind_of_difference_is_named(edit: tuple[str, str], expected: tuple[str, ...]) -> None:
    assert expected in rows(HELD_BACK, edited(edit))


def test_a_rule_that_comes_or_goes_is_new_or_gone() -> None:
    rule = '[[rule]]\nsurface = "suggestion"\nsignal = "account:hits"\nverdict = "demote"\n'
    without = edited((rule, ""))
    assert rows(without, HELD_BACK)[0] == ("suggestion", "account:hits", "anybody", "no rule", "demote", "new")
    gone = rows(HELD_BACK, without)
    assert gone == [("suggestion", "account:hits", "anybody", "demote", "no rule", "gone")]


def test_a_rule_for_some_viewers_differs_for_them_only() -> None:
    rule = '[[rule]]\nsurface = "search"\nsignal = "account:hits"\nverdict = "drop"\nviewer = "minor"\n'
    assert rows(HELD_BACK, edited(("[[rule]]", f"{rule}[[rule]]"))) == [
        ("search", "account:hits", "minor", "no rule", "drop", "new")
    ]


def test_a_rule_that_ends_differs_until_its_day_and_is_not_told_twice() -> None:
    rule = '[[rule]]\nsurface = "search"\nsignal = "network:member"\nverdict = "drop"\n'
    lasting, ending = (edited(("[[rule]]", f"{rule}{until}[[rule]]")) for until in ("", "until = 2026-11-30\n"))
    (row,) = diff(HELD_BACK, ending, TODAY).verdicts
    assert (row.since, row.kind) == (TODAY, Kind.NEW)
    (row,) = diff(lasting, ending, TODAY).verdicts
    assert (row.since, row.was, row.now) == (date(2026, 12, 1), "drop", "no rule")
    assert not diff(HELD_BACK, ending, date(2026, 12, 1))


def test_a_band_of_strength_is_told_by_where_it_starts() -> None:
    (row,) = diff(HELD_BACK, edited(("strength = 0.8", "strength = 0.65")), TODAY).verdicts
    assert (row.strength, row.was, row.now) == (0.65, "demote", "drop")


@pytest.mark.parametrize(
    ("edit", "name", "was", "now"),
    [
        (('search = "answer"', 'search = "drop"'), "degraded.stale_snapshot.search", "answer", "drop"),
        (("max_age_hours = 72", "max_age_hours = 24"), "snapshot.max_age_hours", "72", "24"),
        (("per_day = 10_000", "per_day = 5"), "automatic.per_day", "10000", "5"),
        (('mode = "soft"', 'mode = "hard"'), "damping.mode", "soft", "hard"),
        (('"media:known" = 1.0', ""), "damping.signals.media:known", "1", ""),
    ],
)
def test_each_setting_that_differs_is_named(edit: tuple[str, str], name: str, was: str, now: str) -> None:
    found = diff(HELD_BACK, edited(edit), TODAY)
    assert [(one.name, one.was, one.now) for one in found.settings] == [(name, was, now)]
    assert not found.verdicts


def test_a_text_that_differs_is_named_by_its_language() -> None:
    found = diff(HELD_BACK, edited(("people who help", "those who help")), TODAY)
    assert [one.name for one in found.settings] == ["message.blocked.en"]
    assert "those who help" in found.settings[0].now
