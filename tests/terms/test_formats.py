import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.faults import Fault
from ringfence.terms import formats, intake
from ringfence.terms.examples import failed_examples
from ringfence.terms.formats import LINE_BYTES, Format, Layout, written
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.rows import from_row
from ringfence.terms.term import COLUMNS

PLAIN = Layout()


def read(folder: Path, name: str, content: str | bytes, layout: Layout = PLAIN) -> Lexicon:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return intake.take(path, None, layout).lexicon


ROWS = [
    from_row({"term": 'goose, "snow"', "source": "a\tb".replace("\t", " ")}),
    from_row({"term": "#Kittiwake", "finds": ["a | b \\ kittiwake", "kittiwake\\"]}),
    from_row({"term": "firecrest", "all_of": ["x"], "id": "x2", "window": 0, "context": True}),
    from_row({"term": "é\u2028動", "id": "x", "layers": "leet=off"}),
]


@pytest.mark.parametrize("form", [Format.CSV, Format.TSV, Format.JSONL])
def test_what_is_written_reads_back(tmp_path: Path, form: Format) -> None:
    assert set(read(tmp_path, f"birds.{form}", written(ROWS, form)).terms) == set(ROWS)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8), max_size=6))
def test_any_text_survives_every_format(words: list[str]) -> None:
    rows = [from_row({"term": "kittiwake", "spares": words, "source": "-".join(words) or None})]
    for form in (Format.CSV, Format.TSV, Format.JSONL):
        found = list(formats.rows(io.BytesIO(written(rows, form)), PLAIN, form, "x").found)
        assert [from_row(row) for _, row in found] == rows


def test_columns_are_mapped_and_empty_cells_take_the_defaults(tmp_path: Path) -> None:
    layout = Layout.of(["term=keyword", "language = lang"], {"licence": "agreement 12", "source": None})
    content = "keyword,lang,licence,term\nfirecrest,en,,7\nkittiwake,,other,8\n"
    first, second = read(tmp_path, "birds.csv", content, layout)
    assert (first.term, first.language, first.licence, first.source) == ("firecrest", "en", "agreement 12", None)
    assert (second.language, second.licence) == (None, "other")
    same = '{"keyword":"firecrest","lang":"en","term":7}\n\n{"keyword":"kittiwake","licence":"other"}\n'
    assert read(tmp_path, "birds.jsonl", same, layout) == Lexicon.of([first, second])
    assert read(tmp_path, "birds.tsv", content.replace(",", "\t"), layout) == Lexicon.of([first, second])


def test_a_column_that_is_none_of_ours_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,note,never_insde\nfirecrest,1,2\n")
    taken = intake.take(path, None, PLAIN)
    assert taken.aside == ("note", "never_insde")
    assert "2 columns: note, never_insde" in intake.warnings(taken)[0]


@pytest.mark.parametrize(
    ("pair", "what"),
    [
        ("tern=x", "did you mean 'term'?"),
        ("term", "names no column"),
        ("term=", "names no column"),
        ("=x", "'' is no column"),
    ],
)
def test_a_mapping_that_names_nothing_is_refused(pair: str, what: str) -> None:
    with pytest.raises(Fault, match="--column") as caught:
        Layout.of([pair], {})
    assert what in str(caught.value)


def test_a_column_is_mapped_once() -> None:
    with pytest.raises(Fault, match="term is mapped twice"):
        Layout.of(["term=a", "term=b"], {})


@pytest.mark.parametrize(
    ("name", "content", "where", "what"),
    [
        ("birds.csv", gzip.compress(b"term\nfirecrest\n", mtime=0), "birds.csv", "it is a gzip file"),
        ("birds.csv", b"PK\x03\x04rest", "birds.csv", "it is a zip file or a spreadsheet"),
        ("birds.csv", "term\nfirecrest\n".encode("utf-16"), "birds.csv", "it is UTF-16"),
        ("birds.csv", b"t\0e\0r\0m\0", "birds.csv, row 1", "NUL"),
        ("birds.csv", b"term\nkittiwake\nfire\0crest\n", "birds.csv, row 3", "NUL"),
        ("birds.jsonl", b'{"term":"kittiwake"}\n{"term":"\xff"}', "birds.jsonl, row 2", "UTF-8"),
        ("birds.csv", b"term\n" + b"a" * LINE_BYTES + b"a", "birds.csv, row 2", "longer than 1 MB"),
        ("birds.csv", b"term\r\nfirecrest\rkittiwake\r\n", "birds.csv, row 2", "not readable as CSV"),
        ("birds.tsv", b'term\n"firecrest" x\n', "birds.tsv, row 2", "not readable as TSV"),
        ("birds.csv", b'term\n"firecrest\nkittiwake\n', "birds.csv, row 3", "not readable as CSV"),
        ("birds.csv", b"term,term\na,b\n", "birds.csv", "`term` is there twice"),
        ("birds.txt", b"term\na\n", "birds.txt", "no known format"),
        ("birds.jsonl", b'["term"]\n', "birds.jsonl, row 1", "not one JSON object"),
        ("birds.jsonl", b'{"term":"a"}{"term":"b"}\n', "birds.jsonl, row 1", "not one JSON object"),
        ("birds.jsonl", b'{"tern":"a"}\n', "birds.jsonl, row 1", "blank"),
        ("birds.jsonl", b"[" * 500_000, "birds.jsonl, row 1", "not one JSON object"),
        ("birds.jsonl", b"", "birds.jsonl", "no term in it"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, where: str, what: str
) -> None:
    with pytest.raises(Fault) as caught:
        read(tmp_path, name, content)
    assert caught.value.where == str(tmp_path / where)
    assert what in caught.value.what
    assert "\n" not in str(caught.value)


def test_a_mapped_column_that_is_nowhere_is_named(tmp_path: Path) -> None:
    layout = Layout.of(["language=lang"], {})
    for name, content in (("a.csv", "term\nfirecrest\n"), ("a.jsonl", '{"term":"firecrest"}\n')):
        with pytest.raises(Fault, match="lang"):
            read(tmp_path, name, content, layout)


def test_a_file_past_the_bound_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(formats.FILE_BYTES + 1)  # a hole: no disk is used
    with pytest.raises(Fault, match="larger than 256 MB"):
        Lexicon.load(path)


def test_a_wrong_default_names_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="row 2: category 'Bad Name'"):
        read(tmp_path, "birds.csv", "term\nfirecrest\n", Layout.of([], {"category": "Bad Name"}))


def test_terms_are_not_written_as_trend_queries() -> None:
    with pytest.raises(Fault, match="csv, tsv, jsonl"):
        written([], Format.TREND_QUERY)


def test_the_two_examples_in_the_documentation_are_one_lexicon_and_hold(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "lexicon.md").read_text()
    blocks = {form: page.split(f"```{form}\n")[1].split("```")[0] for form in ("csv", "jsonl")}
    sheet, lines = (read(tmp_path, f"birds.{form}", block) for form, block in blocks.items())
    assert sheet == lines
    assert failed_examples(sheet) == ()


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lexicon.md").read_text()
    assert [name for name in COLUMNS if f"\n| `{name}` |" not in page] == []
