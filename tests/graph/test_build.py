from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from ringfence.graph import build as building
from ringfence.graph import relations
from ringfence.graph.build import build
from ringfence.graph.memory import fits
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.words import ACCOUNT_RELATIONS, Relation, Table
from ringfence.store import events
from ringfence.store.workspace import Workspace

Rows = Mapping[Table, Sequence[Mapping[str, object]]]
Ingest = Callable[[Workspace, Rows], None]
Uses = dict[str, dict[str, list[str]]]


@pytest.fixture
def graph(new_workspace: Callable[[], Workspace], ingest: Ingest) -> Callable[..., Graph]:
    def of(rows: Rows, **asked: Any) -> Graph:
        workspace = new_workspace()
        ingest(workspace, rows)
        with events.connect(workspace) as connection:
            return build(connection, **asked)

    return of


def uses(graph: Graph) -> Uses:
    """Of every relation, who is tied to each target, by name."""
    return {
        str(ties.relation): {
            ties.name(target, graph.accounts): sorted(
                graph.accounts.take(pa.array(ties.backward.row(target))).to_pylist()
            )
            for target in range(ties.backward.rows)
            if len(ties.backward.row(target))
        }
        for ties in graph.relations
    }


def posts(*rows: Mapping[str, object]) -> Rows:
    return {Table.POSTS: [{"post_id": f"p{number}", **row} for number, row in enumerate(rows)]}


def tie(src: str, relation: str, dst: str, weight: float | None = None) -> Mapping[str, object]:
    return {"src": src, "relation": relation, "dst": dst, "weight": weight}


def test_an_answer_ties_to_the_author_of_what_is_answered(graph: Callable[..., Graph]) -> None:
    rows = posts(
        {"account_id": "wren", "reply_to": "p1"},
        {"account_id": "twite", "reply_to": "p1"},
        {"account_id": "knot", "reply_to": "gone"},
    )
    assert uses(graph(rows)) == {"replies": {"twite": ["wren"]}}


def test_a_mention_finds_the_id_before_the_handle_and_the_first_of_two_with_one_handle(
    graph: Callable[..., Graph],
) -> None:
    accounts = [
        {"account_id": "a1", "handle": "@Reed"},
        {"account_id": "a2", "handle": "REED"},
        {"account_id": "a3", "handle": "a1"},
    ]
    said: list[str] = []
    rows = {
        Table.ACCOUNTS: accounts,
        **posts(
            {"account_id": "a3", "mentions": ["@reed", "a1", "@", ""]},
            {"account_id": "a2", "mentions": ["A1", "nobody", "nobody", "a2"]},
            {"account_id": "a1", "mentions": ["a2"], "repost_of": "p1"},
        ),
    }
    assert uses(graph(rows, say=said.append)) == {"mentions": {"a1": ["a3"], "a3": ["a2"]}}
    assert said == ["3 mentions name no account and are left out"]


def test_media_are_one_object_by_hash_by_id_and_by_a_near_hash_of_quality(graph: Callable[..., Graph]) -> None:
    code = "0f" * 32
    near = "00" * 7 + "0f" * 25  # 28 bits apart
    far = "00" * 8 + "0f" * 24  # 32 bits
    media = [
        {"media_id": "m0", "sha256": "b", "pdq": code},
        {"media_id": "m1", "sha256": "a", "pdq": near.upper(), "quality": 50},
        {"media_id": "m2", "md5": "c", "pdq": near, "quality": 49},
        {"media_id": "m3", "sha256": "d", "pdq": "no hash"},
        {"media_id": "m4", "sha256": "d", "pdq": "00" * 32},
        {"media_id": "m5", "pdq": "00" * 32},
        {"media_id": "m6", "pdq": far},
    ]
    names = ["wren", "twite", "knot", "siskin", "dipper", "dunnock", "pipit"]
    found = graph(posts(*({"account_id": name, "media": [one]} for name, one in zip(names, media, strict=True))))
    assert uses(found) == {"shares_media": {"a": ["pipit", "twite", "wren"], "d": ["dipper", "siskin"]}}
    assert int(found.relations[0].alone.sum()) == 2


def test_links_meet_however_they_are_spelled_and_their_domains_too(graph: Callable[..., Graph]) -> None:
    rows = {
        Table.ACCOUNTS: [{"account_id": "wren", "links": ["https://www.marsh.example/a/#top", "mailto:x@y.example"]}],
        Table.TIES: [tie("knot", "shares_link", "MARSH.example/a"), tie("knot", "shares_domain", "Fen.example")],
        **posts(
            {"account_id": "twite", "links": ["http://marsh.example/a?utm_campaign=b", "http://", "http://fen.example"]}
        ),
    }
    users = ["knot", "twite", "wren"]
    assert uses(graph(rows)) == {
        "shares_link": {"marsh.example/a": users},
        "shares_domain": {"fen.example": ["knot", "twite"], "marsh.example": users},
    }


def test_reports_of_one_reporter_tie_and_the_reporter_is_not_named(graph: Callable[..., Graph]) -> None:
    rows = {
        Table.ACCOUNTS: [{"account_id": name} for name in ("wren", "twite")],
        Table.REPORTS: [
            {"report_id": f"r{number}", "target": target, "reason": "spam", "reporter": "informant"}
            for number, target in enumerate(["wren", "twite", "gone"])
        ],
    }
    found = uses(graph(rows))
    assert list(found["reported_by"].values()) == [["twite", "wren"]]
    assert "informant" not in str(found)


def test_reposts_contacts_tags_and_texts_tie_who_shares_them(graph: Callable[..., Graph]) -> None:
    text = "the first light of the morning came over the reeds and every bird was up"
    rows = {
        Table.ACCOUNTS: [
            {"account_id": "wren", "bio": "ig: reed.bed"},
            {"account_id": "twite", "links": ["https://instagram.com/reed.bed/"]},
        ],
        **posts(
            {"account_id": "wren", "repost_of": "x", "hashtags": ["#Firecrest", ""]},
            {"account_id": "twite", "repost_of": "x", "text": text},
            {"account_id": "wren", "text": text.upper() + "!", "hashtags": ["#"]},
            {"account_id": "knot", "text": text.replace("bird", "heron"), "hashtags": ["firecrest"]},
            {"account_id": "siskin", "text": "good morning to all of you"},
            {"account_id": "knot", "text": "good morning to all of you"},
        ),
    }
    found = uses(graph(rows))
    assert found["reposts"] == {"x": ["twite", "wren"]}
    assert found["shares_contact"] == {"instagram:reed.bed": ["twite", "wren"]}
    assert found["uses_hashtag"] == {"firecrest": ["knot", "wren"]}
    assert list(found["shares_text"].values()) == [["knot", "wren"]]


def test_self_loops_repeated_ties_and_weights_are_counted_once(graph: Callable[..., Graph]) -> None:
    ties = [tie("wren", "follows", "wren"), tie("wren", "follows", "twite"), tie("wren", "follows", "twite", 2.0)]
    twin = Graph.from_tables({"follows": pa.table({"src": ["wren"], "dst": ["twite"], "weight": [3.0]})})
    (follows,) = graph({Table.TIES: ties}).relations
    assert follows.forward.weights.tolist() == twin.relations[0].forward.weights.tolist()
    assert graph({Table.TIES: ties[:1]}).relations == ()


def test_what_everybody_shares_ties_nobody(graph: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "DEGREE_CAP", 3)
    rows = posts(*({"account_id": f"a{n}", "hashtags": ["all", f"pair{n // 2}"]} for n in range(6)))
    assert list(uses(graph(rows))["uses_hashtag"]) == ["pair0", "pair1", "pair2"]


def test_a_store_without_events_is_a_graph_without_accounts(new_workspace: Callable[[], Workspace]) -> None:
    with events.connect(new_workspace()) as connection:
        found = build(connection)
    assert (found.size, found.relations) == (0, ())


def test_posts_that_say_nothing_tie_nobody(graph: Callable[..., Graph]) -> None:
    empty = {"hashtags": [], "links": [None], "media": [], "mentions": [None], "text": ""}
    found = graph(posts({"account_id": "wren"}, {"account_id": "twite", **empty}))
    assert (found.size, found.relations) == (2, ())


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_may_come_as_ties_and_into_a_graph_of_tables(
    graph: Callable[..., Graph], relation: Relation
) -> None:
    target = "knot" if relation in ACCOUNT_RELATIONS else "marsh.example"
    ties = [tie("wren", relation, target), tie("twite", relation, target)]
    (found,) = uses(graph({Table.TIES: ties}, relations=[relation]))[relation].values()
    assert found == ["twite", "wren"]
    table = pa.table({"src": ["wren", "twite"], "dst": [target, target]})
    assert uses(Graph.from_tables({str(relation): table})) == {str(relation): {target: ["twite", "wren"]}}


def test_only_the_relations_asked_for_are_built(graph: Callable[..., Graph]) -> None:
    rows = {
        Table.TIES: [tie("wren", "follows", "twite")],
        **posts({"account_id": "wren", "hashtags": ["a"]}, {"account_id": "twite", "hashtags": ["a"]}),
    }
    assert list(uses(graph(rows))) == ["follows", "uses_hashtag"]
    assert list(uses(graph(rows, relations=[Relation.FOLLOWS]))) == ["follows"]


def test_a_store_larger_than_memory_is_refused_before_it_is_counted(
    graph: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "fits", lambda ties, accounts: fits(ties, accounts, limit=0))
    with pytest.raises(Fault, match=r"1 ties of 2 accounts .* spark"):
        graph({Table.TIES: [tie("wren", "follows", "twite")]})
