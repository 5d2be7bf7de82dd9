"""The commands that look at a lexicon before and after it acts."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringfence.cli import NAMES, add
from ringfence.cli.say import ROOT
from ringfence.model.faults import Exit, Fault

RUN = CliRunner()
add(NAMES)


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    file = tmp_path / "birds.csv"
    file.write_text("term,spares\nkittiwake,\nsnow goose,a snow plough\n")
    return file


def sample(folder: Path, *lines: object) -> Path:
    file = folder / "posts.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_check_counts_hits_by_term_and_language(terms: Path, tmp_path: Path) -> None:
    posts = sample(
        tmp_path, {"text": "a kittiwake", "lang": "en"}, {"text": "nichts", "lang": "de"}, {"text": "k*ttiwake"}
    )
    told = RUN.invoke(ROOT, ["lexicon", "check", str(terms), "--sample", str(posts), "--json"])
    assert told.exit_code == 0
    found = json.loads(told.output)
    assert found["posts"] == 3
    assert found["overall"]["acting"] == found["overall"]["weak"] == 1
    assert {row["name"]: row["acting"] for row in found["by_language"]} == {"en": 1, "de": 0, "unknown": 0}
    shown = RUN.invoke(ROOT, ["lexicon", "check", str(terms), "--sample", str(posts)]).output
    assert "kittiwake" in shown
    assert "333,333.3" in shown


def test_a_failing_example_is_said_and_ends_with_its_own_code(tmp_path: Path) -> None:
    file = tmp_path / "birds.csv"
    file.write_text("term,spares,finds\nkittiwake,a kittiwake,gull\n")
    told = RUN.invoke(ROOT, ["lexicon", "check", str(file), "--sample", str(sample(tmp_path))])
    assert told.exit_code == Exit.QUARANTINED
    assert told.output.count("Failed:") == 2


@pytest.mark.parametrize(
    ("line", "words"), [("[1]", "JSON object"), ('{"txt": 1}', "no text"), ("\xff", "JSON object")]
)
def test_a_bad_sample_names_the_line(terms: Path, tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b'{"text": "fine"}\n' + line.encode("latin-1") + b"\n")
    told = RUN.invoke(ROOT, ["lexicon", "check", str(terms), "--sample", str(file)])
    assert isinstance(told.exception, Fault)
    assert "line 2" in str(told.exception)
    assert words in str(told.exception)


def test_explain_shows_each_layer_and_the_sentence(terms: Path) -> None:
    told = RUN.invoke(ROOT, ["lexicon", "explain", "k1ttiw@ke", "--lexicon", str(terms)]).output
    for words in ("original", "unwrapped", "letters", "classes", "joined", "Hit, leet:", "digits for letters"):
        assert words in told
    near = RUN.invoke(ROOT, ["lexicon", "explain", "kitti wake", "--term", "kittiwake", "--lexicon", str(terms)]).output
    assert "No hit:" in near
    as_json = RUN.invoke(ROOT, ["lexicon", "explain", "snow goose", "--lexicon", str(terms), "--json"]).output
    assert json.loads(as_json)["hits"][0]["term"] == "snow goose"
    unknown = RUN.invoke(ROOT, ["lexicon", "explain", "x", "--term", "owl", "--lexicon", str(terms)])
    assert "no such term" in str(unknown.exception)


@pytest.mark.parametrize(("field", "hits"), [("hashtag", 1), ("handle", 1), ("query", 1), ("post", 0), ("bio", 0)])
def test_scan_reads_a_text_as_what_it_is(terms: Path, field: str, hits: int) -> None:
    line = json.dumps({"text": "LoveKittiwake"})
    told = RUN.invoke(ROOT, ["scan", "--lexicon", str(terms), "--field", field], input=line)
    assert len(json.loads(told.output)["hits"]) == hits


def test_an_unknown_field_is_one_line_with_the_choices(terms: Path) -> None:
    told = RUN.invoke(ROOT, ["scan", "--lexicon", str(terms), "--field", "tweet"], input="")
    assert "post, bio, handle, hashtag, query" in str(told.exception)
