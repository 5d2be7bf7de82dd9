import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.faults import Fault
from ringfence.terms import trend_query
from ringfence.terms.formats import Format, Layout
from ringfence.terms.intake import Intake, take, warnings
from ringfence.terms.lexicon import Lexicon, from_rows

LICENSED = Layout.of([], {"licence": "agreement 12", "source": "exchange"})
BIRDS = ["firecrest", "kittiwake", "bittern", "snow goose", "whimbrel"]
LISTS = st.lists(st.sampled_from(BIRDS), min_size=1, max_size=3)
QUERIES = st.fixed_dictionaries(
    {"and": st.lists(st.fixed_dictionaries({"or": LISTS}), min_size=1, max_size=4)},
    optional={"not": st.lists(st.sampled_from(BIRDS), max_size=2)},
)


def bring(folder: Path, content: str, layout: Layout = LICENSED) -> Intake:
    path = folder / "queries.json"
    path.write_text(content)
    return take(path, Format.TREND_QUERY, layout)


def query(*ors: list[str], without: list[str] | None = None) -> dict[str, Any]:
    return {"and": [{"or": words} for words in ors], "not": without or []}


def by_definition(asked: dict[str, Any], birds: list[str]) -> bool:
    """The twin: what the exchange says that a query finds, over a text that is a list of birds."""
    return all(set(one["or"]) & set(birds) for one in asked["and"]) and not set(asked.get("not", [])) & set(birds)


@given(st.lists(QUERIES, min_size=1, max_size=3), st.lists(st.lists(st.sampled_from(BIRDS), max_size=4), max_size=8))
def test_the_terms_find_what_the_queries_find(queries: list[dict[str, Any]], texts: list[list[str]]) -> None:
    found = trend_query.read("\n".join(map(json.dumps, queries)).encode(), "x")
    never = [asked for asked in queries if any(set(one["or"]) <= set(asked.get("not", [])) for one in asked["and"])]
    assert (found.queries, len(found.refused)) == (len(queries), len(never))
    if not found.rows:
        return
    lexicon = from_rows(enumerate(found.rows, 1), "x")
    for birds in texts:
        expected = any(by_definition(asked, birds) for asked in queries)
        assert bool(lexicon.find("I saw a " + " with a ".join(birds))) == expected, (queries, birds)


def test_words_alone_become_terms_and_the_others_context(tmp_path: Path) -> None:
    lines = [
        query(["firecrest", "snow goose"]),
        query(["kittiwake"], ["nest", "egg"], ["photo"], without=["book"]),
        query(["egg"]),
    ]
    lexicon = bring(tmp_path, "\n".join(map(json.dumps, lines))).lexicon
    assert {term.term for term in lexicon if not term.context and not term.combines} == {
        "firecrest",
        "snow goose",
        "egg",
    }
    (anchor,) = (term for term in lexicon if term.combines)
    named = {term.id: term.term for term in lexicon}
    parts = [[named[part] for part in parts] for parts in (anchor.all_of, anchor.any_of, anchor.none_of)]
    assert (anchor.term, *parts) == ("kittiwake", ["photo"], ["nest", "egg"], ["book"])
    assert {(term.licence, term.source) for term in lexicon} == {("agreement 12", "exchange")}


@pytest.mark.parametrize("shape", ["list", "data", "records", "texts"])
def test_every_shape_that_queries_are_handed_round_in(tmp_path: Path, shape: str) -> None:
    text = json.dumps(query(["firecrest"]))
    record = {"id": 7, "type": "TREND_QUERY", "status": "MALICIOUS", "indicator": text}
    content = {
        "list": json.dumps([query(["firecrest"])], indent=2),
        "data": json.dumps({"data": [record], "paging": {}}),
        "records": json.dumps(record) + "\n\n",
        "texts": json.dumps(text),
    }[shape]
    (term,) = bring(tmp_path, content).lexicon
    assert (term.term, term.context) == ("firecrest", False)


def test_expressions_that_are_plain_phrases_are_terms_and_no_other_is_run(tmp_path: Path) -> None:
    words = ["regex-(firecrest)", r"regex-(\bkittiwake\b)", "regex-((a+)+$)", "regex-(sn.w)", "regex-", "regex-("]
    taken = bring(tmp_path, json.dumps(query(words)))
    assert {(term.term, str(term.mode)) for term in taken.lexicon} == {
        ("firecrest", "substring"),
        ("kittiwake", "word"),
    }
    assert taken.expressions == 4
    assert "4 regular expressions" in warnings(taken)[0]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (query(["firecrest"], without=["regex-(a.c)"]), "its `not` has 1 regular expression that"),
        (query(["firecrest"], ["regex-(a.c)", "regex-(b*)"]), "all of one `or` has 2 regular expressions"),
        (query(["firecrest"], ["egg"], without=["egg"]), "finds nothing"),
        (query(*[[f"bird{n}x{m}" for n in range(40)] for m in range(3)]), "1600 combinations"),
        (query([]), "no trend query"),
        ({"and": []}, "no trend query"),
        ({"and": [{"or": [3]}]}, "no trend query"),
        ({"and": "firecrest"}, "no trend query"),
        ({"or": ["firecrest"]}, "no trend query"),
        (3, "no trend query"),
        ("{", "not JSON"),
        ({"type": "HASH_MD5", "indicator": "x"}, "it is a HASH_MD5"),
        ({"status": "NON_MALICIOUS", "indicator": json.dumps(query(["egg"]))}, "marked NON_MALICIOUS"),
        ({"should_delete": True, "indicator": json.dumps(query(["egg"]))}, "withdrawn"),
    ],
)
def test_a_query_that_terms_cannot_say_is_refused_by_name(tmp_path: Path, entry: object, why: str) -> None:
    named = {"id": "q7", **entry} if isinstance(entry, dict) else entry
    taken = bring(tmp_path, json.dumps([query(["kittiwake"]), named]))
    (refused,) = taken.refused
    assert refused.query == ("q7" if isinstance(entry, dict) else "entry 2")
    assert why in refused.why
    assert [term.term for term in taken.lexicon] == ["kittiwake"]
    assert any(refused.query in line for line in warnings(taken))
    with pytest.raises(Fault, match="no query in it could be kept"):
        bring(tmp_path, json.dumps([named]))


def test_the_licence_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="--licence"):
        bring(tmp_path, json.dumps(query(["firecrest"])), Layout())


def test_a_line_that_is_no_json_is_a_fault_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="row 2: it is not JSON"):
        bring(tmp_path, json.dumps(query(["firecrest"])) + "\n{\n")


def test_the_same_queries_twice_are_the_same_lexicon(tmp_path: Path) -> None:
    lines = [json.dumps(query(["firecrest"], ["egg", "nest"])), json.dumps(query(["kittiwake"], without=["book"]))]
    once, twice = bring(tmp_path, "\n".join(lines)), bring(tmp_path, "\n".join(reversed(lines * 2)))
    assert isinstance(once.lexicon, Lexicon)
    assert once.lexicon == twice.lexicon
