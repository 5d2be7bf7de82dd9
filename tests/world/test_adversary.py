"""Does each effort hide what it says, more of it the higher it is, and nothing at all at zero?"""

import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.faults import Fault
from ringfence.model.schemas import TIME
from ringfence.terms.lexicon import Lexicon
from ringfence.world import write as writing
from ringfence.world.adversary import NONE, Adversary
from ringfence.world.follows import Ties, ties
from ringfence.world.plan import DAYS, MEMBERS, REMOVAL_DAY, Kind, Plan, plan
from ringfence.world.posts import WORDS_PER_NETWORK, Posts, pools, posts, seed_terms
from ringfence.world.vocabulary import BIRDS, code_words, later_words
from ringfence.world.write import write

ACCOUNTS, SEED = 4_000, 1
# Of every table of the world of 1,000 accounts and seed 1, as it was before there were adversaries.
GOLDEN = {
    "accounts": "975d32d6ce0b18d0",
    "impressions": "ba2638a38ba1c9f7",
    "posts": "2f796b406d098781",
    "reports": "742e3c56e3a9499e",
    "searches": "a7e6abcb5ca51045",
    "ties": "31f34f12b6a329d0",
    "truth/accounts": "176f1337c09ddf79",
}
ALL = Adversary(camouflage=0.5, bought=0.5, hopping=1, slow=0.5, isolated=0.5, regrowth=0.5, researchers=200)


def made(adversary: Adversary, seed: int = SEED) -> tuple[Plan, Ties, Posts]:
    who = plan(ACCOUNTS, seed, adversary)
    places = np.arange(ACCOUNTS)
    return who, ties(who, places, 0), posts(who, pools(who), places, 0)


def member(who: Plan, places: np.ndarray) -> np.ndarray:
    return np.isin(who.kind[places], MEMBERS)


def contents(folder: Path) -> dict[str, str]:
    """A hash of the rows of each table, whatever the Parquet they are in and however times are shown."""
    hashes = {}
    for file in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(file)
        columns = [column.cast("int64") if column.type == TIME else column for column in table.columns]
        rows = repr([column.to_pylist() for column in columns])
        hashes[str(file.relative_to(folder).with_suffix(""))] = hashlib.sha256(rows.encode()).hexdigest()[:16]
    return hashes


def test_without_an_adversary_the_world_is_what_it_always_was(tmp_path: Path) -> None:
    world = write(tmp_path / "world", 1_000, 1, adversary=Adversary())
    assert contents(world.folder) == GOLDEN


def test_the_same_adversary_gives_the_same_bytes_and_nothing_dangles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PART", 700)
    worlds = [write(tmp_path / name, 2_000, 5, adversary=ALL) for name in ("a", "b")]
    first, second = (sorted(world.folder.rglob("*.parquet")) for world in worlds)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    accounts = pq.read_table(worlds[0].folder / "accounts.parquet")["account_id"].combine_chunks()
    assert len(pc.unique(accounts)) == len(accounts) == 2_000
    for table, columns in (
        ("ties", ("src", "dst")),
        ("posts", ("account_id",)),
        ("truth/replaced", ("stands_in_for",)),
    ):
        rows = pq.read_table(worlds[0].folder / f"{table}.parquet")
        assert all(pc.all(pc.is_in(rows[column], value_set=accounts)).as_py() for column in columns)


def cover(adversary: Adversary) -> tuple[int, int]:
    who, drawn, said = made(adversary)
    outward = member(who, drawn.src) & ~member(who, drawn.dst) & ~drawn.replies
    return int(outward.sum()), int(member(who, said.author).sum())


def test_more_camouflage_is_more_ordinary_follows_and_posts_of_members_and_of_nobody_else() -> None:
    levels = [cover(Adversary(camouflage=effort)) for effort in (0, 0.25, 0.5, 1, 2)]
    assert all(a < b for one, other in pairwise(levels) for a, b in zip(one, other, strict=True))
    assert levels[3][1] == pytest.approx(2 * levels[0][1], rel=0.1)
    (who, before, said), (_, after, added) = made(NONE), made(Adversary(camouflage=2))
    assert (~member(who, before.src)).sum() == (~member(who, after.src)).sum()
    assert (~member(who, said.author)).sum() == (~member(who, added.author)).sum()


def test_cover_posts_never_use_a_networks_words_or_media() -> None:
    who, _, said = made(Adversary(camouflage=2))
    own = len(made(NONE)[2].author)
    pool = pools(who)
    networked = (said.tags[own:] >= pool.networks) & (said.tags[own:] < pool.support)
    assert len(said.author) > own
    assert not networked.any()


def test_camouflage_adds_to_a_world_and_takes_nothing_from_it() -> None:
    (_, before, _), (_, after, _) = made(NONE), made(Adversary(camouflage=1, bought=1))
    keys = [one.src[~one.replies] * ACCOUNTS + one.dst[~one.replies] for one in (before, after)]
    assert np.isin(keys[0], keys[1]).all()


def test_more_money_buys_members_more_followers_from_ordinary_accounts_and_spam() -> None:
    followers = []
    for effort in (0, 0.25, 0.5, 1, 2):
        who, drawn, _ = made(Adversary(bought=effort))
        to_members = member(who, drawn.dst) & ~drawn.replies
        followers.append(
            [int((to_members & (who.kind[drawn.src] == kind)).sum()) for kind in (Kind.ORDINARY, Kind.SPAM)]
        )
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(followers))


@pytest.mark.parametrize("hopping", [0.25, 1, 2])
def test_networks_that_hop_use_the_seeds_words_in_their_first_period_only(hopping: float) -> None:
    who, _, said = made(Adversary(hopping=hopping))
    pool = pools(who)
    first = said.day * hopping < 30
    networked = (said.tags >= pool.networks) & (said.tags < pool.support)
    assert networked[first].any()
    assert not networked[~first].any()
    assert (said.tags[~first] >= pool.later).any()
    assert said.tags.max() < len(pool.words)
    plain = made(NONE)[2]
    assert ((said.tags >= 0) == (plain.tags >= 0)).all()


def test_a_word_and_its_spellings_change_together() -> None:
    who, _, said = made(Adversary(hopping=2))
    pool, before = pools(who), made(NONE)[2].tags
    words = pool.words.to_pylist()
    count = (len(words) - pool.later) // 5  # each word, then its four spellings
    assert words[pool.later : pool.later + WORDS_PER_NETWORK] == list(later_words(0, WORDS_PER_NETWORK))
    for row, slot in np.argwhere(said.tags >= pool.later)[:200]:
        now, was = said.tags[row, slot] - pool.later, before[row]
        if spelled := now >= count:
            now, was = (now - count) // 4, (was[(was >= pool.disguises) & (was < pool.support)] - pool.disguises) // 4
        period, word = divmod(now, who.networks * WORDS_PER_NETWORK)
        assert period + 1 == int(said.day[row] * 2 // 30)
        assert word in (was if spelled else was - pool.networks)


def test_no_lexicon_of_the_seeds_finds_a_later_word() -> None:
    matcher = Lexicon.from_terms(seed_terms(plan(200_000, 1))).matcher
    later = [word for network in range(9) for word in later_words(network, 66)]
    assert [word for word in later if matcher.find(f"new recipe, old photos #{word}", "post")] == []


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 80))
def test_later_words_are_nobody_elses(one: int, other: int, count: int) -> None:
    words = [*later_words(one, count), *code_words(one, 6), *BIRDS]
    words += [] if one == other else [*later_words(other, count), *code_words(other, 6)]
    assert len(set(words)) == len(words)


def test_slow_members_open_later_and_do_less_and_late() -> None:
    for lower, higher in ((0.0, 0.25), (0.25, 1.0), (1.0, 2.0)):
        (who, few, said), (slower, fewer, less) = made(Adversary(slow=lower)), made(Adversary(slow=higher))
        members = np.isin(who.kind, MEMBERS)
        assert (slower.created[members] >= who.created[members]).all()
        assert (slower.created[~members] == who.created[~members]).all()
        assert member(who, fewer.src).sum() < member(who, few.src).sum()
        assert member(who, less.author).sum() < member(who, said.author).sum()
        assert (~member(who, less.author)).sum() == (~member(who, said.author)).sum()
    assert slower.created.max() < DAYS
    assert slower.created[slower.removed].max() < REMOVAL_DAY
    assert (less.day >= np.maximum(slower.created[less.author], 0) - 1e-3).all()


def test_isolated_networks_use_none_of_the_seeds_words() -> None:
    who, _, said = made(Adversary(isolated=0.5), seed=3)
    words = pools(who).words.to_pylist()
    terms = set(seed_terms(who))
    alone = [n for n in range(who.networks) if who.isolated[n]]
    assert alone
    assert len(alone) < who.networks
    own = np.isin(who.network[said.author], alone) & (who.second[said.author] < 0)
    used = {words[tag] for tag in np.unique(said.tags[own]) if tag >= 0}
    assert used
    assert not used & terms


def test_the_audience_of_a_removed_account_returns_to_its_back_up() -> None:
    returned = []
    for share in (0, 0.5, 1):
        who, drawn, _ = made(replace(NONE, regrowth=share))
        backups = np.flatnonzero(who.replaced >= 0)
        old, new = (
            [set(drawn.src[(drawn.dst == place) & ~drawn.replies].tolist()) for place in places]
            for places in (who.replaced[backups], backups)
        )
        returned.append(sum(len(a & b) for a, b in zip(old, new, strict=True)) / sum(map(len, old)))
    assert returned[0] < 0.2
    assert returned[0] < returned[1] < returned[2] == 1
    assert who.removed[who.replaced[backups]].all()
    assert len(set(who.replaced[backups])) == len(backups) == who.removed.sum()


def test_researchers_are_innocents_who_follow_members() -> None:
    who, drawn, said = made(Adversary(researchers=300))
    researchers = who.of(Kind.RESEARCHER)
    assert len(researchers) == round(300 * np.sqrt(ACCOUNTS / 200_000))
    assert (plan(ACCOUNTS, SEED).kind[researchers] == Kind.ORDINARY).all()
    follows = np.isin(drawn.src, researchers) & member(who, drawn.dst)
    assert follows.sum() > 5 * len(researchers)
    pool = pools(who)
    tags = said.tags[np.isin(said.author, researchers)]
    assert ((tags >= pool.networks) & (tags < pool.support)).any()


@pytest.mark.parametrize(
    "wrong", [{"camouflage": -1}, {"isolated": 1.5}, {"bought": float("nan")}, {"slow": 1e9}, {"researchers": 1_001}]
)
def test_an_effort_out_of_range_is_refused_in_one_line(wrong: dict[str, float]) -> None:
    with pytest.raises(Fault, match="choose from 0 to") as refused:
        Adversary(**wrong)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_the_hardest_world_there_is_can_be_made(tmp_path: Path) -> None:
    hardest = Adversary(camouflage=10, bought=10, hopping=10, slow=10, isolated=1, regrowth=1, researchers=1_000)
    world = write(tmp_path / "world", 1_000, 7, adversary=hardest)
    words = pools(plan(1_000, 7, hardest)).words.to_pylist()
    assert world.posts > 0
    assert len(set(words)) == len(words)
    assert len(world.seed_terms) >= 8
