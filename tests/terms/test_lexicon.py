from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace
from ringfence.terms.combinations import broken
from ringfence.terms.examples import Failed, failed_examples
from ringfence.terms.lexicon import Lexicon, from_file, from_rows
from ringfence.terms.rows import Row, from_row

BIRDS = ["firecrest", "#Kittiwake", "snow goose", "ßeeadler", "動物", "🐦"]


def read(folder: Path, content: str | bytes) -> Lexicon:
    path = folder / "birds.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Lexicon.load(path)


def test_a_term_column_is_enough_and_a_mark_at_the_front_is_no_part_of_it(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "\ufeffterm\r\nfirecrest\r\n\r\n#kittiwake\r\n")
    assert [term.word for term in lexicon] == ["firecrest", "kittiwake"]
    assert {term.category for term in lexicon} == {"illegal"}


def test_columns_come_in_any_order_and_unknown_ones_are_left_aside(tmp_path: Path) -> None:
    lexicon = read(tmp_path, 'note,category, term ,severity\nx,birds,"goose, snow",high\n')
    (term,) = lexicon.terms
    assert (term.term, term.category, term.severity) == ("goose, snow", "birds", "high")


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    lexicon = Lexicon.from_terms(BIRDS)
    lexicon.write(tmp_path / "out.csv")
    assert Lexicon.load(tmp_path / "out.csv") == lexicon


@given(st.permutations(BIRDS))
def test_the_version_is_of_the_content_and_not_of_its_order(terms: list[str]) -> None:
    assert Lexicon.from_terms(terms).version == Lexicon.from_terms(BIRDS).version
    assert Lexicon.from_terms(terms[1:]).version != Lexicon.from_terms(BIRDS).version


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("word,kind\nfirecrest,x\n", "birds.csv", "no `term` column (found: word, kind)"),
        ("", "birds.csv", "no `term` column (found: none)"),
        ("term\n", "birds.csv", "no term in it"),
        ("term,category\nfirecrest,a\n,b\n", "birds.csv, row 3", "blank"),
        ("term\nfirecrest\nkittiwake\n#FIRECREST\n", "birds.csv, row 4", "there already, at "),
        ("term,id\nfirecrest,1\nkittiwake,1\n", "birds.csv, row 3", "the id is there already"),
        ("term\nfire\x00crest\n", "birds.csv, row 2", "control character"),
        ("term\nfire\x07crest\n", "birds.csv, row 2", "control character"),
        ("term,category\nfirecrest,so bad\n", "birds.csv, row 2", "category 'so bad'"),
        ("term\nfirecrest,kittiwake\n", "birds.csv, row 2", "more cells"),
        ('term\n"firecrest" x\n', "birds.csv, row 2", "CSV"),
        ("term\nkittiwake\nfirecrest\xe9\n".encode("latin-1"), "birds.csv, row 3", "UTF-8"),
        (b"PK\x03\x04\xff\xfe", "birds.csv", "UTF-8"),
        ("term\nfirecrest\n!!\n", "birds.csv, row 3", "no letter, digit or emoji"),
        ("term,id,all_of\nfirecrest,1,2\nkittiwake,3,\n", "birds.csv, row 2", "names '2', and no term has that id"),
        ("term,id,none_of\nfirecrest,1,1\n", "birds.csv, row 2", "names itself"),
        ("term,id,any_of\na1,1,2\nb2,2,3\nc3,3,4 | 2\nd4,4,\n", "birds.csv, row 3", "circle: 2 > 3 > 2"),
        ("term,expires\nfirecrest,2020-01-01\nkittiwake,2020-02-01\n", "birds.csv", "expired, the last on 2020-02-01"),
        ("term\n" + "a" * 200_000, "birds.csv, row 2", "CSV"),
    ],
)
def test_a_bad_file_is_one_line_with_file_and_row(tmp_path: Path, content: str | bytes, where: str, what: str) -> None:
    with pytest.raises(Fault) as caught:
        read(tmp_path, content)
    assert caught.value.where == str(tmp_path / where)
    assert what in caught.value.what
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="could not be read"):
        Lexicon.load(tmp_path / "none.csv")
    with pytest.raises(Fault, match="not a workspace"):
        Lexicon.load(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(Fault, match="could not be read"):
        from_file(tmp_path / "folder.csv")
    (tmp_path / "pipe.csv").symlink_to("/dev/null")
    with pytest.raises(Fault, match="could not be read"):
        Lexicon.load(tmp_path / "pipe.csv")


def test_bare_terms_are_checked_too() -> None:
    with pytest.raises(Fault, match="terms, term 2: the term is blank"):
        Lexicon.from_terms(["firecrest", " "])
    with pytest.raises(Fault, match="no term in it"):
        Lexicon.from_terms([])


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "birds.csv"
    Lexicon.from_terms(["firecrest"]).write(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Fault, match="No space left"):
        Lexicon.from_terms(BIRDS).write(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["birds.csv"]


def test_only_positive_terms_are_matched(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "term,opinion\nfirecrest,positive\nkittiwake,disputed\n")
    assert [hit.term for hit in lexicon.find("a kittiwake and a firecrest")] == ["firecrest"]


def test_a_workspace_s_folder_stands_for_its_active_lexicon(tmp_path: Path) -> None:
    place = Workspace.create(tmp_path / "platform")
    lexicon = Lexicon.from_terms(BIRDS)
    lexicon.write(place.lexicon_file)
    assert Lexicon.load(place.path) == lexicon
    assert Lexicon.load(str(place.lexicon_file)) == lexicon


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_every_format_holds_the_same_lexicon(tmp_path: Path, suffix: str) -> None:
    lexicon = Lexicon.from_terms(BIRDS)
    lexicon.write(tmp_path / f"birds.{suffix}")
    assert Lexicon.load(tmp_path / f"birds.{suffix}").version == lexicon.version


def test_the_same_word_may_be_looked_for_in_several_ways_but_not_twice_in_one() -> None:
    rows: list[Row] = [
        {"term": "goose", "id": "1"},
        {"term": "goose", "id": "2", "mode": "token"},
        {"term": "goose", "id": "3", "all_of": ["1"]},
        {"term": "goose", "id": "4", "all_of": ["2"]},
    ]
    assert len(from_rows(enumerate(rows, 1), "x")) == 4
    for row in rows:
        with pytest.raises(Fault, match="row 9: the term is there already, at x, row"):
            from_rows([*enumerate(rows, 1), (9, {**row, "id": "9", "term": "#GOOSE"})], "x")


@given(st.lists(st.lists(st.integers(0, 6), max_size=3), min_size=7, max_size=7))
def test_a_circle_is_found_exactly_when_there_is_one(named: list[list[int]]) -> None:
    terms = [from_row({"term": f"t{at}x", "id": str(at), "any_of": list(map(str, on))}) for at, on in enumerate(named)]
    # The twin: drop whatever rests on nothing that is left, until nothing is dropped.
    left = {at: set(on) - {at} for at, on in enumerate(named)}
    while loose := [at for at, on in left.items() if not on & left.keys()]:
        for at in loose:
            del left[at]
    circles = [wrong.what for _, wrong in broken(terms) if "circle" in wrong.what]
    assert bool(circles) == bool(left)
    for circle in circles:
        ids = circle.split(": ")[1].split(" > ")
        assert ids[0] == ids[-1]
        assert all(int(part) in named[int(anchor)] for anchor, part in pairwise(ids))


def test_a_chain_as_long_as_a_list_is_no_trouble() -> None:
    rows: list[Row] = [{"term": f"t{at}x", "id": str(at), "all_of": [str(at + 1)]} for at in range(5_000)]
    assert len(from_rows(enumerate([*rows, {"term": "end", "id": "5000"}]), "x")) == 5_001


def test_an_expired_list_can_still_be_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,expires\nfirecrest,2020-01-01\n")
    assert len(from_file(path)) == 1
    path.write_text("term,expires\nfirecrest,2020-01-01\nkittiwake,9999-12-31\n")
    assert [hit.term for hit in Lexicon.load(path).find("a firecrest and a kittiwake")] == ["kittiwake"]


def test_examples_that_do_not_hold_are_named() -> None:
    rows: list[Row] = [
        {"term": "goose", "id": "1", "never_inside": ["goose step"], "finds": ["a goose"], "spares": ["a goose step"]},
        {"term": "kittiwake", "id": "2", "finds": ["a firecrest"], "spares": ["the Kittiwake"]},
        {"term": "bittern", "id": "3", "opinion": "disputed", "finds": ["nothing"]},
        {"term": "heron", "id": "4", "mode": "handle", "finds": ["heron"]},
        {"term": "egret", "id": "5", "mode": "hashtag", "finds": ["see #egret"], "spares": ["an egret"]},
    ]
    failed = failed_examples(from_rows(enumerate(rows, 1), "x"))
    kinds = [one for one in failed if one.term_id == "2"]
    assert kinds == [Failed("2", "a firecrest", found=False), Failed("2", "the Kittiwake", found=True)]
    assert [one.term_id for one in failed if one.term_id != "5"] == ["2", "2"]
    assert "'2'" in kinds[0].sentence


def test_find_and_find_many_agree() -> None:
    lexicon = Lexicon.from_terms(BIRDS)
    texts = ["a firecrest", None, "", "no bird", "Firecrest and snow goose"]
    found = lexicon.find_many(texts)
    assert found.select(["row", "term_id"]).to_pylist() == [
        {"row": row, "term_id": hit.term_id} for row, text in enumerate(texts) if text for hit in lexicon.find(text)
    ]
