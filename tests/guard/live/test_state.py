import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.live.accounts import DAY, HITS, KNOWN, LASTS, MINOR, Flag
from ringfence.guard.live.state import Changes, Cleared, Declared, Fact, LiveState, Posted, Seen, Unread
from ringfence.guard.live.tags import HOUR, PERIOD, PERIODS, SAMPLE, TagWindow, draw, known_users
from ringfence.guard.live.view import LEAST_USERS, View

START = 1_750_000_000_000_000
ACCOUNTS = [f"acct-{number}" for number in range(6)]
TAGS = ["firecrest", "kittiwake", "dunnock"]
ENCODER = msgspec.msgpack.Encoder(order="sorted")

TIMES = st.one_of(
    st.integers(0, 20 * 24).map(lambda hours: START + hours * HOUR),
    st.integers(0, 30 * DAY).map(lambda micros: START + micros),
)
POSTS = st.builds(
    Posted,
    st.integers(0, 40).map(lambda number: f"post-{number}"),
    st.sampled_from(ACCOUNTS),
    TIMES,
    st.lists(st.sampled_from(TAGS), max_size=3, unique=True).map(tuple),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)
AGES = st.builds(Declared, st.sampled_from(ACCOUNTS), TIMES, st.integers(13, 22))
CLEARED = st.builds(Cleared, st.sampled_from(ACCOUNTS), TIMES)
FACTS: st.SearchStrategy[Fact] = st.one_of(POSTS, POSTS, POSTS, AGES, CLEARED, st.just(Unread()), st.none())
# Uses within the last two days, so that tags have enough users to say something of them.
CROWD = st.builds(
    Posted,
    st.integers(0, 40).map(lambda number: f"post-{number}"),
    st.sampled_from(ACCOUNTS),
    st.integers(28 * 24, 30 * 24).map(lambda hours: START + hours * HOUR),
    st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True).map(tuple),
)
CROWDED = st.tuples(st.lists(FACTS, max_size=60), st.lists(CROWD, max_size=40)).map(lambda both: [*both[0], *both[1]])


class Members:
    """A base in which some accounts are at risk, and some are known minors."""

    version = "base"

    def __init__(
        self, risk: Sequence[str] = (), minors: Sequence[str] = (), tags: Mapping[str, int] | None = None
    ) -> None:
        self._tags = tags or {}
        self._risk = frozenset(risk)
        self._minors = frozenset(minors)

    def at_risk(self, accounts: Sequence[str]) -> frozenset[str]:
        return self._risk.intersection(accounts)

    def having(self, signal: str, accounts: Sequence[str]) -> frozenset[str]:
        return self._minors.intersection(accounts) if signal == MINOR else frozenset()

    def steps(self, tag: str) -> int:
        return self._tags.get(tag, 0)


def log(facts: Sequence[Fact]) -> list[Seen]:
    return [Seen(0, offset, fact) for offset, fact in enumerate(facts)]


def folded(seen: Sequence[Seen], most_uses: int = 10**6, most_accounts: int = 10**6) -> LiveState:
    state = LiveState.empty(most_uses, most_accounts)
    state.apply(seen, Changes())
    return state


def bits(state: LiveState) -> bytes:
    return ENCODER.encode(state)


@given(st.lists(FACTS, max_size=60), st.data())
def test_however_the_log_is_cut_and_redelivered_the_state_is_the_same(facts: list[Fact], data: st.DataObject) -> None:
    seen = log(facts)
    state, view = LiveState.empty(20, 3), View(LiveState.empty(), Members(ACCOUNTS[:2]))
    at = 0
    while at < len(seen):
        again = data.draw(st.integers(0, at))
        at += data.draw(st.integers(1, len(seen)))
        changes = Changes()
        state.apply(seen[again:at], changes)  # all before `at` have been delivered before
        view.update(state, changes)
    whole = folded(seen, 20, 3)
    assert bits(state) == bits(whole)
    fresh = View(whole, Members(ACCOUNTS[:2]))
    assert (view.rows(), view.shares()) == (fresh.rows(), fresh.shares())


@given(st.lists(FACTS.filter(lambda fact: not isinstance(fact, Declared)), max_size=60), st.randoms())
def test_partitions_may_arrive_in_any_order(facts: list[Fact], chance: random.Random) -> None:
    seen = [Seen(number % 4, number // 4, fact) for number, fact in enumerate(facts)]
    partitions = [[one for one in seen if one.partition == number] for number in range(4)]
    mixed = []
    while any(partitions):
        queue = chance.choice([one for one in partitions if one])
        mixed.append(queue.pop(0))
    assert bits(folded(mixed)) == bits(folded(seen))


@given(st.lists(POSTS | CLEARED, max_size=60), st.randoms())
def test_events_may_come_out_of_the_order_of_their_times(facts: list[Fact], chance: random.Random) -> None:
    seen = log(facts)
    shuffled = list(seen)
    chance.shuffle(shuffled)
    one, other = LiveState.empty(), LiveState.empty()
    one.apply(seen, Changes())
    for message in shuffled:
        other.positions = []  # here only the order of the events is looked at, not their positions
        other.apply([message], Changes())
    assert bits(msgspec.structs.replace(one, positions=[])) == bits(msgspec.structs.replace(other, positions=[]))


@given(CROWDED, st.sets(st.sampled_from(ACCOUNTS)), st.sets(st.sampled_from(ACCOUNTS)))
@settings(max_examples=200)
def test_signals_and_shares_are_those_of_their_definitions(facts: list[Fact], risk: set[str], minors: set[str]) -> None:
    state = folded(log(facts))
    view = View(state, Members(sorted(risk), sorted(minors)))
    now = max((fact.at for fact in facts if isinstance(fact, Posted)), default=0)
    expected = [flag for account in ACCOUNTS for flag in defined(facts, account, now)]
    assert view.rows() == [flag for flag in expected if flag.signal != MINOR or flag.account_id not in minors]
    at_risk = risk | {flag.account_id for flag in expected if flag.signal != MINOR}
    users = defaultdict(set)
    for fact in facts:
        if isinstance(fact, Posted) and fact.at // PERIOD > now // PERIOD - PERIODS:
            for tag in fact.tags:
                users[tag].add(fact.account)
    shares = {tag: len(by & at_risk) * 20 // len(by) / 20 for tag, by in users.items() if len(by) >= LEAST_USERS}
    assert view.shares() == {tag: share for tag, share in sorted(shares.items()) if share}


def defined(facts: Sequence[Fact], account: str, now: int) -> list[Flag]:
    """An account's signals by their definitions, from all events at once."""
    cleared = max((fact.at for fact in facts if isinstance(fact, Cleared) and fact.account == account), default=-1)
    posts = [fact for fact in facts if isinstance(fact, Posted) and fact.account == account and fact.at > cleared]
    hits: dict[str, int] = {}
    for post in posts:
        if post.hit:
            hits[post.post] = max(post.at, hits.get(post.post, 0))
    ages = [fact.age for fact in facts if isinstance(fact, Declared) and fact.account == account]
    flags = []
    last = max(hits.values(), default=0)
    count = sum(at > last - LASTS for at in hits.values())
    until = (last + LASTS + HOUR - 1) // HOUR * HOUR
    if count >= 2 and until > now:
        flags.append(Flag(account, HITS, 4 * min(count, 5), until))
    if ages and ages[-1] < 18:
        flags.append(Flag(account, MINOR, 20, None))
    if any(post.known for post in posts):
        flags.append(Flag(account, KNOWN, 20, None))
    return flags


@given(st.lists(FACTS, min_size=1, max_size=60), st.data())
def test_a_view_that_follows_equals_one_made_anew(facts: list[Fact], data: st.DataObject) -> None:
    base = Members(ACCOUNTS[:1])
    state = LiveState.empty(12, 2)
    view = View(state, base)
    for one in log(facts):
        changes = Changes()
        before = (view.rows(), view.shares())
        state.apply([one], changes)
        told = view.update(state, changes)
        fresh = View(state, base)
        assert (view.rows(), view.shares()) == (fresh.rows(), fresh.shares())
        assert told or before == (fresh.rows(), fresh.shares())
    kept = msgspec.msgpack.decode(bits(state), type=LiveState)
    assert bits(kept) == bits(state)
    assert View(kept, base).rows() == view.rows()
    assert data is not None


def test_a_new_base_judges_uses_that_were_counted_before() -> None:
    state = folded(log([Posted(f"p{n}", f"acct-{n}", START, ("kittiwake",)) for n in range(10)]))
    assert View(state, Members()).shares() == {}
    members = ["acct-1", "acct-2", "acct-3"]
    assert View(state, Members(members)).shares() == {"kittiwake": 0.3}
    assert View(state, Members(members, tags={"kittiwake": 5})).shares() == {"kittiwake": 0.3}
    assert View(state, Members(members, tags={"kittiwake": 6})).shares() == {}  # nothing to add, and nothing softened


def test_a_busy_tag_is_judged_by_a_sample_that_is_the_same_in_any_order() -> None:
    chance = random.Random(5)
    names = [f"a{n}" for n in range(5_000)]
    members = [name for name in names if chance.random() < 0.5]
    uses: list[Fact] = [
        Posted(f"p{n}-{day}", name, START + day * DAY, ("kittiwake",), drawn=draw(name, b"key"))
        for n, name in enumerate(names)
        for day in range(chance.randint(1, 5))
    ]
    state = folded(log(uses))
    periods = state.tags.tags["kittiwake"].periods
    assert [len(period.users) for period in periods] == [SAMPLE] * 5
    assert 0.3 <= View(state, Members(members)).shares()["kittiwake"] <= 0.7
    chance.shuffle(uses)
    assert bits(folded(log(uses))) == bits(state)


def test_an_account_that_floods_a_tag_counts_once() -> None:
    flood: list[Fact] = [Posted(f"p{n}", "acct-1", START + n * PERIOD, ("kittiwake",)) for n in range(20)]
    others: list[Fact] = [Posted(f"q{n}", f"other-{n}", START, ("kittiwake",)) for n in range(3)]
    assert View(folded(log(flood + others)), Members(["acct-1"])).shares() == {}
    others += [Posted(f"r{n}", f"more-{n}", START, ("kittiwake",)) for n in range(6)]
    assert View(folded(log(flood + others)), Members(["acct-1"])).shares() == {"kittiwake": 0.1}


@given(st.integers(0, 3), st.integers(1, 400), st.randoms())
@settings(max_examples=20)
def test_the_sample_is_of_all_users_alike(periods: int, count: int, chance: random.Random) -> None:
    """Whoever is known is there whichever of the periods it was in, and nobody with a lesser draw is left out."""
    window = TagWindow(10**6)
    drawn = {f"a{n}": draw(f"a{n}", b"k") for n in range(count)}
    used = [(name, period) for name in drawn for period in range(periods + 1) if chance.random() < 0.6]
    for name, period in used:
        window.use("wren", (drawn[name], name), period * PERIOD, set())
    everybody = sorted({(drawn[name], name) for name, _ in used})
    found = sorted(known_users(window.tags["wren"].periods)) if used else []
    assert found == everybody[: len(found)]
    assert len(found) >= min(len(everybody), SAMPLE)


def test_memory_is_bounded_and_what_was_used_last_stays() -> None:
    facts: list[Fact] = [
        Posted(f"p{n}", f"acct-{n}", START + n * 60_000_000, (f"tag-{n}",), hit=True) for n in range(5_000)
    ]
    state = folded(log(facts), 1_000, 100)
    held = [period for used in state.tags.tags.values() for period in used.periods]
    assert state.tags.kept == sum(len(period.users) for period in held)
    assert state.tags.kept <= 1_000
    assert len(state.tags.tags) <= 1_000
    assert len(state.accounts.hits) <= 100
    assert "tag-4999" in state.tags.tags
    assert "acct-4999" in state.accounts.hits


def test_known_media_is_never_forgotten_for_want_of_room() -> None:
    facts: list[Fact] = [Posted(f"p{n}", f"acct-{n}", START + n, hit=True, known=True) for n in range(50)]
    assert len(View(folded(log(facts), 10, 3), Members()).rows()) == 50


def test_old_periods_fall_out_and_old_uses_are_not_let_in() -> None:
    use = [Posted(f"p{n}", "acct-0", START, ("kittiwake",)) for n in range(6)]
    later = Posted("p", "acct-1", START + PERIODS * PERIOD)
    state = folded(log([*use, later]))
    assert state.tags.tags == {}
    assert state.tags.kept == 0
    assert bits(folded(log([later, *use]))) == bits(state)


@pytest.mark.parametrize(("count", "strength"), [(1, None), (2, 8), (3, 12), (4, 16), (5, 20), (9, 20)])
def test_hits_are_as_strong_as_they_are_many(count: int, strength: int | None) -> None:
    facts = [Posted(f"p{n}", "acct-0", START + n, hit=True) for n in range(count)]
    flags = View(folded(log(facts)), Members()).rows()
    assert [flag.steps for flag in flags] == ([] if strength is None else [strength])
    repeated = [Posted("p0", "acct-0", START + n, hit=True) for n in range(count)]
    assert View(folded(log(repeated)), Members()).rows() == []


def test_hits_end_seven_days_after_the_last() -> None:
    hits: list[Fact] = [Posted(f"p{n}", "acct-0", START + n * DAY, hit=True) for n in (0, 5)]
    end = -(-(START + 5 * DAY + LASTS) // HOUR) * HOUR
    state = folded(log(hits))
    view = View(state, Members())
    assert [flag.until for flag in view.rows()] == [end]
    for at, left in ((end - 1, 1), (end, 0)):
        changes = Changes()
        state.apply([Seen(0, state.positions[0], Posted("x", "acct-1", at))], changes)
        view.update(state, changes)
        assert len(view.rows()) == left


def test_a_person_who_clears_an_account_does_not_unmake_a_minor() -> None:
    facts: list[Fact] = [
        Declared("acct-0", START, 15),
        *(Posted(f"p{n}", "acct-0", START, hit=True, known=True) for n in range(3)),
        Cleared("acct-0", START),
    ]
    assert [flag.signal for flag in View(folded(log(facts)), Members()).rows()] == [MINOR]
    facts.append(Posted("later", "acct-0", START + 1, known=True))
    assert [flag.signal for flag in View(folded(log(facts)), Members()).rows()] == [MINOR, KNOWN]
