from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ringfence.discovery.opinions import Act, Entry, standings
from ringfence.model.words import Opinion, SeedKind

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)


def entry(seed: str, act: Act, opinion: Opinion, by: str, lasts: int | None) -> Entry:
    expires = None if lasts is None else START + timedelta(days=lasts)
    return Entry(SeedKind.ACCOUNT, seed, act, None if act is Act.RETRACT else opinion, "", by, START, "", expires)


ENTRIES = st.lists(
    st.builds(
        entry,
        st.sampled_from("ab"),
        st.sampled_from(Act),
        st.sampled_from(Opinion),
        st.sampled_from(["wren", "robin", "knot"]),
        st.sampled_from([None, 50, 150]),
    ),
    max_size=12,
)


def brute(history: list[Entry], seed: str) -> str | None:
    """Everybody's last word since the last retraction or settlement, without those that expired."""
    own = [one for one in history if one.seed == seed]
    while any(one.act is Act.RETRACT for one in own):
        own = own[1:]
    if not own:
        return None
    while any(one.act is Act.RESOLVE for one in own[1:]):
        own = own[1:]
    last = {one.by: one for one in own}
    words = [one for one in own if last[one.by] is one and (one.expires is None or one.expires > NOW)]
    if not words:
        return "expired"
    heard = [str(one.opinion) for one in words]
    return "disputed" if "disputed" in heard or {"positive", "negative"} <= set(heard) else heard[-1]


@given(ENTRIES)
def test_what_comes_of_a_history_is_everybodys_last_word(history: list[Entry]) -> None:
    found = {one.seed: "expired" if one.expired else str(one.opinion) for one in standings(history, NOW)}
    assert found == {seed: said for seed in "ab" if (said := brute(history, seed)) is not None}


@given(ENTRIES, st.sampled_from(Opinion))
def test_one_who_contradicts_can_never_make_a_seed_usable(history: list[Entry], opinion: Opinion) -> None:
    """A newcomer's word alone never turns a negative or disputed seed positive."""
    was = {one.seed: one.opinion for one in standings(history, NOW) if not one.expired}
    now = standings([*history, entry("a", Act.ADD, opinion, "newcomer", None)], NOW)
    if was.get("a") in (Opinion.NEGATIVE, Opinion.DISPUTED):
        assert next(one.opinion for one in now if one.seed == "a") is not Opinion.POSITIVE
