from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.faults import Fault
from ringfence.terms.lexicon import Lexicon

BIRDS = ["firecrest", "#Kittiwake", "snow goose", "ßeeadler", "動物", "🐦"]


def read(folder: Path, content: str | bytes) -> Lexicon:
    path = folder / "birds.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Lexicon.read(path)


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
    assert Lexicon.read(tmp_path / "out.csv") == lexicon


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
        ("term,category\nfirecrest,so bad\n", "birds.csv, row 2", "category 'so bad'"),
        ("term\nfirecrest,kittiwake\n", "birds.csv, row 2", "more cells"),
        ('term\n"firecrest" x\n', "birds.csv, row 2", "CSV"),
        ("term\nkittiwake\nfirecrest\xe9\n".encode("latin-1"), "birds.csv, row 3", "UTF-8"),
        (b"PK\x03\x04\xff\xfe", "birds.csv, row 1", "UTF-8"),
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
        Lexicon.read(tmp_path / "none.csv")
    with pytest.raises(Fault, match="could not be read"):
        Lexicon.read(tmp_path)


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
    assert [hit.term for hit in lexicon.match("a kittiwake and a firecrest")] == ["firecrest"]
