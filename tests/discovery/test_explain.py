import re

import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery import plain_words
from ringfence.discovery.contributions import ELSE, MOST, NEGATIVE, SEED, contributions
from ringfence.discovery.expand import Expansion, expansion
from ringfence.discovery.explain import MOST_REASONS, NOTHING, SENTENCES, _sentence, reasons
from ringfence.discovery.explanations import NOTHING as NOTHING_AT_ALL
from ringfence.discovery.explanations import TO_SEED, TO_TERM, Explanation, explanations, table
from ringfence.discovery.pool import Pool
from ringfence.discovery.refine import Refined
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph
from ringfence.model.schemas import EXPLANATIONS

COUNTED = re.compile(r"^(?P<verb>.*) (?P<name>\w+)[;,] (?P<found>[\d,]+) of (?:its|the) (?P<others>[\d,]+) ")
USERS = {
    "follows": ("follows", "dst", "src"),
    "is followed by": ("follows", "src", "dst"),
    "uses hashtag": ("uses_hashtag", "dst", "src"),
    "shares link": ("shares_link", "dst", "src"),
}


def test_every_count_is_what_the_tables_say(tables: dict[str, pa.Table], graph: Graph, members: list[str]) -> None:
    found = expansion(graph, seeds(graph, members[:4]), np.zeros(graph.size, bool), seed=0)
    names = graph.accounts.to_pylist()
    among = {name for name, is_found in zip(names, found.members, strict=True) if is_found}
    told = reasons(graph, found.judged, found.members, np.arange(graph.size))
    checked = 0
    for account, sentences in told.items():
        assert 1 <= len(sentences) <= MOST_REASONS
        for sentence in sentences:
            if sentence == NOTHING:
                continue
            said = COUNTED.match(sentence)
            assert said, sentence
            relation, target, user = USERS[said["verb"]]
            rows = zip(tables[relation][target].to_pylist(), tables[relation][user].to_pylist(), strict=True)
            users = {one for name, one in rows if name == said["name"] != one}
            assert names[account] in users
            others = users - {names[account]}
            assert (int(said["found"]), int(said["others"])) == (len(others & among), len(others))
            checked += 1
    assert checked > 2 * len(members)


def test_every_kind_of_tie_has_a_sentence() -> None:
    ties = pa.table({"src": ["a", "b", "c"], "dst": ["b", "c", "a"]})
    relations = ("follows", "replies", "co_reported")
    every = Graph.from_tables(dict.fromkeys(relations, ties))
    found = expansion(every, seeds(every, ["a"]), np.zeros(3, bool), seed=0)
    assert {kind.name for kind in found.judged.kinds} == {name for name in SENTENCES if name.split()[0] in relations}
    for kind in found.judged.kinds:
        assert "1 of" in _sentence(every, kind, 0, np.full(3, 2), np.bool_(True))  # noqa: FBT003 - it is the value


def test_where_nothing_speaks_for_an_account_that_is_said(graph: Graph, members: list[str]) -> None:
    found = expansion(graph, seeds(graph, members[:4]), np.zeros(graph.size, bool), seed=0)
    judged = found.judged
    judged.strengths[:, 3] = 0
    assert reasons(graph, judged, found.members, np.array([3])) == {3: [NOTHING]}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences_name_and_count(name: str) -> None:
    assert SENTENCES[name].format(name="kittiwake", found="3", others="14").count("kittiwake") == 1


@pytest.fixture(scope="module")
def refined(graph: Graph, members: list[str], watchers: list[str]) -> Expansion:
    start = seeds(graph, members[:4], negatives=watchers[:3])
    return expansion(graph, start, np.zeros(graph.size, bool), seed=0)


@pytest.fixture(scope="module")
def pooled(tables: dict[str, pa.Table], members: list[str]) -> Expansion:
    """One family of ties, and features."""
    alone = {name: table for name, table in tables.items() if name != "follows"}
    known = Graph.from_tables(alone)
    features = np.random.default_rng(3).normal(size=(known.size, 2)).astype(np.float32)
    graph = Graph(known.accounts, known.relations, features)
    return expansion(graph, seeds(graph, members[:4]), np.zeros(graph.size, bool), seed=0)


@pytest.mark.parametrize(("route", "kind"), [("refined", Refined), ("pooled", Pool)])
def test_contributions_add_up_to_the_score(route: str, kind: type, request: pytest.FixtureRequest) -> None:
    found: Expansion = request.getfixturevalue(route)
    assert isinstance(found.ranking, kind)
    told = contributions(found, np.arange(found.graph.size))
    assert [sum(part.amount for part in parts) for parts in told] == pytest.approx(found.score, rel=1e-12, abs=1e-12)
    assert max(map(len, told)) == (MOST + 1 if kind is Refined else len(found.ranking.names))
    for parts in told:
        words = [part.words for part in parts]
        assert len(set(words)) == len(words)
        assert ELSE not in words[:-1]
    for accounts, named in ((found.seeds.accounts, SEED), (found.seeds.negatives, NEGATIVE)):
        assert all([part.words for part in told[one]] == [named] for one in accounts)


def test_accounts_not_looked_at_closely_are_told_their_place(
    graph: Graph, members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringfence.discovery.expand.CLOSE", 500)
    found = expansion(graph, seeds(graph, members[:4]), np.zeros(graph.size, bool), seed=0)
    told = contributions(found, np.arange(graph.size))
    assert [sum(part.amount for part in parts) for parts in told] == pytest.approx(found.score, rel=1e-12, abs=1e-12)
    last = found.order()[-1]
    assert [part.words for part in told[last]] == [f"place {graph.size:,} of the first look"]


def test_beneath_each_learned_vote_is_what_moved_it(pooled: Expansion) -> None:
    ranking = pooled.ranking
    assert isinstance(ranking, Pool)
    learned = {plain_words.VOTES[name] for name in ranking.forests}
    assert len(learned) == 3
    said = set()
    for parts in contributions(pooled, pooled.rows):
        assert {part.words for part in parts if part.beneath} <= learned
        said |= {one.words for part in parts for one in part.beneath}
    assert plain_words.TIES_TO in said
    assert {word for word in said if word.startswith("feature ")} <= {"feature 0", "feature 1"}


@pytest.fixture(scope="module")
def explained(refined: Expansion) -> list[Explanation]:
    return explanations(refined, np.arange(refined.graph.size))


def test_every_shared_thing_is_what_the_tables_say(
    tables: dict[str, pa.Table], refined: Expansion, explained: list[Explanation]
) -> None:
    names = refined.graph.accounts.to_pylist()
    among = {name for name, is_found in zip(names, refined.members, strict=True) if is_found}
    ends: dict[str, dict[str, set[str]]] = {}
    for name, ties in tables.items():
        for one, other in zip(ties["src"].to_pylist(), ties["dst"].to_pylist(), strict=True):
            if one != other:
                ends.setdefault(name, {}).setdefault(other, set()).add(one)
                ends.setdefault(f"{name} back", {}).setdefault(one, set()).add(other)
    checked = 0
    for one in explained:
        itself = {one.account_id}
        for shared in one.shared:
            users = ends[shared.relation][shared.name]
            assert itself <= users
            assert (shared.others, shared.found) == (len(users - itself), len((users - itself) & among))
            checked += 1
        kinds = [kind.name for kind in refined.judged.kinds]
        every = sum(
            bool((users - itself) & among) for kind in kinds for users in ends[kind].values() if itself <= users
        )
        assert len(one.shared) + one.more_shared == every
        telling = [shared.found / (shared.others + 3) for shared in one.shared]
        assert telling == sorted(telling, reverse=True)
    assert checked > 200


def test_every_path_is_walked_along_the_tables(
    tables: dict[str, pa.Table], explained: list[Explanation], members: list[str]
) -> None:
    tied = {
        name: set(zip(*(ties[end].to_pylist() for end in ("src", "dst")), strict=True)) for name, ties in tables.items()
    }
    for one in explained:
        here = one.account_id
        for step in one.path:
            relation = step.relation.removesuffix(" back")
            turned = step.back or step.relation != relation
            assert ((step.name, here) if turned else (here, step.name)) in tied[relation]
            here = step.name
        assert (one.path_to, here in members[:4]) == (TO_SEED, True)


def test_what_speaks_against_is_counted(
    tables: dict[str, pa.Table], refined: Expansion, explained: list[Explanation], watchers: list[str]
) -> None:
    follows = set(zip(tables["follows"]["src"].to_pylist(), tables["follows"]["dst"].to_pylist(), strict=True))
    for one in explained:
        tied = sum(
            (one.account_id, other) in follows or (other, one.account_id) in follows
            for other in watchers[:3]
            if other != one.account_id
        )
        said = [line for line in one.against if line.startswith("tied to")]
        assert said == ([f"tied to {tied} account{'s' * (tied > 1)} that a person said are none"] if tied else [])
        place = refined.graph.find([one.account_id])[0]
        assert ("in no network found" in one.against) == (not refined.members[place])
    assert any("lowers the score" in line for one in explained for line in one.against)


def test_one_family_of_ties_is_said_and_a_term_may_be_where_a_path_ends(pooled: Expansion) -> None:
    assert all(
        any(line.startswith("one family of ties only") for line in one.against)
        for one in explanations(pooled, np.arange(20))
    )
    graph = pooled.graph
    start = seeds(graph, [], shared=[np.array([1, 2])])
    found = expansion(graph, start, np.zeros(graph.size, bool), seed=0)
    ends = {one.path_to for one in explanations(found, np.arange(30))}
    assert ends <= {TO_TERM, ""}
    assert TO_TERM in ends


def test_the_table_holds_all_of_it_and_nothing_is_said_to_be_nothing(explained: list[Explanation]) -> None:
    kept = table(explained)
    assert kept.schema == EXPLANATIONS
    assert kept["account_id"].to_pylist() == [one.account_id for one in explained]
    assert kept["path"].to_pylist()[9] == [
        {"relation": step.relation, "name": step.name, "back": step.back} for step in explained[9].path
    ]
    assert Explanation("kittiwake", (), (), 0, (), "", ()).nothing == NOTHING_AT_ALL
    assert not next(one for one in explained if one.shared).nothing


def test_every_kind_of_tie_has_words() -> None:
    assert list(plain_words.THINGS) == list(plain_words.STEPS) == list(SENTENCES)


def test_a_learners_columns_are_named_in_their_order() -> None:
    names = plain_words.of_learner(["follows"], 1, 3 + 12 + 1 + 6, signals=True)
    assert names[:3] == [plain_words.TIES_TO] * 3
    assert all("accounts it follows" in name for name in names[3:15])
    assert names[15:] == ["feature 0", *plain_words.SIGNALS.values()]
