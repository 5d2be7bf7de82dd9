import re

import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.expand import expansion
from ringfence.discovery.explain import MOST_REASONS, NOTHING, SENTENCES, _sentence, reasons
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph

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
