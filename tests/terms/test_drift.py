from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from ringfence.terms import drift
from ringfence.terms.drift import CANDIDATES, Sides, candidates

ACCOUNTS, FLAGGED = 2_000, 60
EVERYDAY = [f"topic{n}" for n in range(300)]
FOUND = "kittiwakeroost"

Uses = set[tuple[int, str]]


def nothing(_: str) -> bool:
    return False


def sides(**others: NDArray[np.int64] | NDArray[np.uint32]) -> Sides:
    """The first FLAGGED accounts are flagged, in clusters of ten."""
    flagged = np.arange(FLAGGED, dtype=np.uint32)
    return Sides(**{"flagged": flagged, "cluster_of": np.arange(FLAGGED) // 10, **others})  # type: ignore[arg-type]


def everyday(seed: int) -> Uses:
    """Every account uses ten of the everyday words, whatever side it is on; some words are more common than others."""
    chance = np.random.default_rng(seed)
    popularity = 1 / np.arange(3, len(EVERYDAY) + 3)
    drawn = chance.choice(len(EVERYDAY), (ACCOUNTS, 10), p=popularity / popularity.sum())
    return {(account, EVERYDAY[word]) for account, words in enumerate(drawn) for word in words}


def used(word: str, accounts: Iterable[int]) -> Uses:
    return {(account, word) for account in accounts}


def table(uses: Uses) -> pa.Table:
    rows = sorted(uses)
    return pa.table(
        {"account": pa.array([account for account, _ in rows], pa.uint32()), "word": [word for _, word in rows]}
    )


def words(uses: Uses, who: Sides | None = None) -> list[str]:
    return list(candidates(table(uses), who or sides(), nothing)["word"].to_pylist())


def test_a_word_that_flagged_accounts_of_several_clusters_share_is_found_and_counted() -> None:
    planted = used(FOUND, [0, 1, 11, 12, 25, 900])
    found = candidates(table(everyday(1) | planted), sides(), nothing)
    assert found.schema == CANDIDATES
    (row,) = found.to_pylist()
    assert (row["word"], row["flagged_accounts"], row["clusters"], row["accounts"]) == (FOUND, 5, 3, 6)
    cells = [[5, FLAGGED - 5], [1, ACCOUNTS - FLAGGED - 1]]
    expected = stats.chi2_contingency(cells, correction=False, lambda_="log-likelihood")
    assert row["g2"] == pytest.approx(expected.statistic)
    assert 0 < row["lower"] < row["log_odds"]
    assert expected.pvalue <= row["q"] <= 0.05


def test_words_that_fail_one_rule_are_not_listed() -> None:
    """Each differs by one thing from the word that is found beside it."""
    world = everyday(2) | used(FOUND, [0, 1, 11, 12])
    world |= used("one account, however loud", [0])
    world |= used("three accounts", [0, 11, 12])
    world |= used("one cluster", [0, 1, 2, 3, 4, 5])
    world |= used("others too", [0, 1, 11, 12, *range(100, 700)])
    world |= used("only others", range(100, 700))
    assert words(world) == [FOUND]


def test_two_clusters_that_are_tied_count_as_one() -> None:
    world = everyday(3) | used(FOUND, [0, 1, 11, 12])
    assert words(world, sides(linked=np.array([[1, 0]]))) == []
    assert words(world, sides(linked=np.array([[0, 2], [2, 1], [77, 78]]))) == [FOUND], (
        "tied to a third, not each other"
    )
    three = world | used(FOUND, [25])
    assert words(three, sides(linked=np.array([[0, 1], [1, 2]]))) == [FOUND], "the ends of the chain are apart"
    assert words(three, sides(linked=np.array([[0, 1], [1, 2], [2, 0]]))) == []


@pytest.mark.parametrize(("supporters", "listed"), [(1, [FOUND]), (2, []), (40, [])])
def test_a_word_that_support_accounts_use_is_hidden(supporters: int, listed: list[str]) -> None:
    support = np.arange(1_000, 1_040, dtype=np.uint32)
    world = everyday(4) | used(FOUND, [*range(20), *support[:supporters]])
    assert [word for word in words(world, sides(support=support)) if word == FOUND] == listed


def test_support_accounts_are_never_flagged_nor_background() -> None:
    support = np.arange(4, dtype=np.uint32)
    assert words(everyday(5) | used(FOUND, [0, 1, 2, 3, 11]), sides(support=support)) == []


def test_accounts_set_aside_are_not_held_against_a_word() -> None:
    followers = np.arange(500, 700, dtype=np.uint32)
    world = everyday(6) | used(FOUND, [0, 1, 11, 12, *followers])
    assert words(world) == []
    (row,) = candidates(table(world), sides(aside=followers), nothing).to_pylist()
    assert (row["word"], row["accounts"]) == (FOUND, 204)


def test_a_known_word_is_left_out_and_only_likely_words_are_asked_about() -> None:
    asked = []

    def known(word: str) -> bool:
        asked.append(word)
        return word == FOUND

    world = everyday(7) | used(FOUND, [0, 1, 11, 12]) | used("bitternloft", [0, 1, 11, 12])
    assert candidates(table(world), sides(), known)["word"].to_pylist() == ["bitternloft"]
    assert set(asked) < {FOUND, "bitternloft", *EVERYDAY}
    assert len(asked) < 20


def test_the_language_of_the_flagged_accounts_is_no_finding() -> None:
    """Half of the flagged accounts and a tenth of the others speak a second language, each with its own words."""
    second = np.arange(ACCOUNTS) % 10 == 0
    second[:30] = True
    world = everyday(8) | used("segunda", np.flatnonzero(second)) | used(FOUND, [0, 1, 11, 12])
    assert set(words(world)) == {"segunda", FOUND}
    assert words(world, sides(strata=second.astype(np.int64))) == [FOUND]


def test_flagged_accounts_with_nobody_like_them_are_compared_with_nobody() -> None:
    strata = np.zeros(ACCOUNTS, np.int64)
    strata[:30] = 1
    world = everyday(9) | used("lonely", range(30)) | used(FOUND, [30, 31, 41, 42])
    assert words(world, sides(strata=strata)) == [FOUND]
    everyone_alone = np.where(np.arange(ACCOUNTS) < FLAGGED, 1, 0)
    assert words(world, sides(strata=everyone_alone)) == []


def test_the_numbers_of_clusters_and_strata_mean_nothing() -> None:
    world = table(everyday(10) | used(FOUND, [0, 1, 11, 12, 25, 900]) | used("smewcovey", [0, 11, 21, 31, 41]))
    strata = np.arange(ACCOUNTS) % 3
    first = candidates(world, sides(strata=strata), nothing)
    assert first.num_rows == 2
    shuffled = np.random.default_rng(0).permutation(FLAGGED).astype(np.uint32)
    again = candidates(
        world, Sides(shuffled, 5 - (shuffled.astype(np.int64) // 10) ** 2, strata=7 - 2 * strata), nothing
    )
    assert again.equals(first)


@pytest.mark.parametrize("flagged", [[], [1_999_999], list(range(ACCOUNTS))])
def test_without_two_sides_there_is_nothing(flagged: list[int]) -> None:
    who = Sides(np.array(flagged, np.uint32), np.arange(len(flagged)))
    assert candidates(table(everyday(11)), who, nothing).equals(CANDIDATES.empty_table())


def test_without_any_words_there_is_nothing() -> None:
    empty = pa.table({"account": pa.array([], pa.uint32()), "word": pa.array([], pa.string())})
    assert candidates(empty, sides(strata=np.zeros(ACCOUNTS, np.int64)), nothing).equals(CANDIDATES.empty_table())


def test_worlds_of_pure_noise_hold_almost_no_candidate() -> None:
    """With nothing to find, every list that is not empty is a false discovery: at most 5 % of the worlds."""
    chance = np.random.default_rng(2024)
    accounts, kinds, flagged = 3_000, 2_000, 150
    rate = 0.3 / np.arange(1, kinds + 1) ** 0.7
    wrong = 0
    for _ in range(60):
        who, what = np.nonzero(chance.random((accounts, kinds)) < rate)
        noise = pa.table({"account": who.astype(np.uint32), "word": pa.array(what).cast(pa.string())})
        drawn = np.sort(chance.choice(accounts, flagged, replace=False)).astype(np.uint32)
        strata = chance.integers(0, 4, accounts)
        found = candidates(noise, Sides(drawn, np.arange(flagged), strata=strata), nothing)
        wrong += found.num_rows > 0
    assert wrong <= 6, "a binomial with 5 % passes 6 of 60 three times in a hundred"


def test_among_planted_words_the_share_of_false_ones_is_held() -> None:
    chance = np.random.default_rng(77)
    false = shown = 0
    for _ in range(15):
        world = everyday(int(chance.integers(1 << 30)))
        for number in range(20):
            world |= used(f"planted{number}", chance.choice(FLAGGED, 8, replace=False).tolist())
        listed = words(world)
        shown += len(listed)
        false += sum(not word.startswith("planted") for word in listed)
    assert shown > 15 * 18
    assert false <= 0.05 * shown


COUNT = st.integers(0, 400)


@given(COUNT, COUNT, COUNT, COUNT)
def test_g2_is_the_g_test_of_the_table(users: int, silent: int, others: int, rest: int) -> None:
    flagged, background = users + silent, others + rest
    if not flagged or not background:
        return
    ours = drift.g2(np.array([float(users)]), flagged, np.array([float(others)]), background)[0]
    cells = np.array([[users, silent], [others, rest]])
    if (cells.sum(axis=0) == 0).any():
        assert ours == pytest.approx(0, abs=1e-9)
    else:
        twin = stats.chi2_contingency(cells, correction=False, lambda_="log-likelihood")
        assert ours == pytest.approx(twin.statistic, rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 500)), min_size=2, max_size=30))
def test_log_odds_change_sign_with_the_sides_and_every_bound_is_finite(counts: list[tuple[int, int]]) -> None:
    counts = [pair for pair in counts if sum(pair)]
    first, second = np.array([*counts, (1, 1)], float).T
    delta, lower = drift.log_odds(first, first.sum(), second, second.sum())
    back, _ = drift.log_odds(second, second.sum(), first, first.sum())
    assert delta == pytest.approx(-back, abs=1e-9)
    assert np.isfinite(lower).all()
    assert (lower < delta).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 50))
def test_adjustment_is_benjamini_and_hochberg_over_all_tests(p: list[float], more: int) -> None:
    ours = drift.adjusted(np.array(p), len(p) + more)
    twin = stats.false_discovery_control([*p, *[1.0] * more])[: len(p)]
    assert ours == pytest.approx(twin)


def plainly(uses: Uses, who: Sides) -> dict[str, tuple[float, ...]]:
    """The same list by loops over sets, as the documentation has it."""
    strata = np.zeros(ACCOUNTS, np.int64) if who.strata is None else who.strata
    cluster = dict(zip(who.flagged.tolist(), who.cluster_of.tolist(), strict=True))
    support, aside = set(who.support.tolist()), set(who.aside.tolist())
    users: dict[str, set[int]] = {}
    for account, word in uses:
        users.setdefault(word, set()).add(account)
    present = {account for account, _ in uses}
    behind = present - set(cluster) - support - aside
    shares = {s: sum(strata[one] == s for one in behind) for s in set(strata.tolist())}
    ahead = {one for one in (present & set(cluster)) - support if shares[strata[one]]}
    pull = {s: sum(strata[one] == s for one in ahead) / n for s, n in shares.items() if n}
    effective = len(ahead) ** 2 / sum(pull[strata[one]] ** 2 for one in behind)
    weight = {one: pull[strata[one]] * effective / len(ahead) for one in behind}
    a = {word: len(who_ & ahead) for word, who_ in users.items()}
    b = {word: sum(weight[one] for one in who_ & behind) for word, who_ in users.items()}
    na, nb, c = sum(a.values()), sum(b.values()), drift.PRIOR
    rows = {}
    for word, all_ in users.items():
        x, y = a[word] + c * (a[word] + b[word]), b[word] + c * (a[word] + b[word])
        clusters = {cluster[one] for one in all_ & ahead}
        tied = {frozenset(pair) for pair in who.linked.tolist()}
        apart = any(frozenset((one, other)) not in tied for one in clusters for other in clusters - {one})
        hidden = support & present and len(all_ & support) >= drift.SUPPORT_SHARE * len(support & present)
        if a[word] < 4 or not apart or hidden or a[word] / len(ahead) <= b[word] / effective:
            continue
        delta = np.log(x / (na + c * (na + nb) - x)) - np.log(y / (nb + c * (na + nb) - y))
        lower = delta - 1.959964 * np.sqrt(1 / x + 1 / y)
        cells = [(a[word], len(ahead)), (b[word], effective)]
        share = (a[word] + b[word]) / (len(ahead) + effective)
        both = [(o, n * s) for k, n in cells for o, s in ((k, share), (n - k, 1 - share))]
        g2 = 2 * sum(o * np.log(o / e) for o, e in both if o > 0)
        if lower > 0:
            rows[word] = (a[word], len(clusters), len(all_), g2, delta, lower, stats.chi2.sf(g2, 1))
    tests = sum(len(all_) >= 4 for all_ in users.values())
    p = [row[-1] for row in rows.values()]
    q = stats.false_discovery_control(p + [1.0] * (tests - len(p)))[: len(p)]
    return {word: (*row[:-1], at) for (word, row), at in zip(rows.items(), q, strict=True) if at <= 0.05}


@pytest.mark.parametrize("seed", range(8))
def test_the_list_is_that_of_plain_loops(seed: int) -> None:
    chance = np.random.default_rng(seed)
    world = everyday(seed)
    for number in range(25):
        members = chance.choice(FLAGGED, chance.integers(2, 20), replace=False).tolist()
        world |= used(f"planted{number}", members + chance.choice(ACCOUNTS, chance.integers(0, 200)).tolist())
    who = sides(
        linked=np.array([[0, 1], [4, 5], [2, 3]]),
        support=chance.choice(ACCOUNTS, 40, replace=False).astype(np.uint32),
        aside=chance.choice(ACCOUNTS, 200, replace=False).astype(np.uint32),
        strata=chance.choice(5, ACCOUNTS, p=[0.5, 0.3, 0.15, 0.04, 0.01]),
    )
    expected = plainly(world, who)
    assert len(expected) > 2
    found = candidates(table(world), who, nothing)
    assert found["g2"].to_pylist() == sorted(found["g2"].to_pylist(), reverse=True)
    assert {row["word"] for row in found.to_pylist()} == set(expected)
    for row in found.to_pylist():
        assert list(row.values())[1:] == pytest.approx(expected[row["word"]], rel=1e-3), "weights are whole grains"
