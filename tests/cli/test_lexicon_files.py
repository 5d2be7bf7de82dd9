import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ringfence.cli import lexicon_files
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace
from ringfence.terms import seal
from ringfence.terms.lexicon import Lexicon

APP = typer.Typer()
for command in (
    lexicon_files.import_,
    lexicon_files.export,
    lexicon_files.diff,
    lexicon_files.activate,
    lexicon_files.key,
):
    APP.command(command.__name__.strip("_"))(command)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv(seal.KEY, raising=False)
    workspace = Workspace.create(tmp_path / "platform")
    Lexicon.from_terms(["firecrest"]).write(workspace.lexicon_file)
    return workspace


def run(*args: object) -> str:
    done = CliRunner().invoke(APP, list(map(str, args)), catch_exceptions=True)
    if isinstance(done.exception, Fault):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def answer(*args: object) -> dict[str, Any]:
    return dict(json.loads(run(*args, "--json")))


def test_import_tells_what_it_did(place: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "birds.csv"
    file.write_text("keyword,note\nkittiwake,x\nsnow goose,y\n")
    where = ("--workspace", place.path)
    said = answer("import", file, "--column", "term=keyword", "--licence", "agreement 12", "--by", "Ada", *where)
    assert (said["terms"], said["active"], said["people"]) == (2, True, "one person")
    assert said["version"] == Lexicon.load(place.path).version
    assert said["warnings"] == ["Nothing was made of 1 column: note."]
    text = run("import", file, "--column", "term=keyword", "--by", "Ada", *where)
    assert "2 terms, version" in text
    assert "Active now, by Ada (one person)." in text


def test_two_people(place: Workspace, tmp_path: Path) -> None:
    (place.path / "ringfence.toml").write_text("[lexicon]\nsecond_person = true\n")
    file = tmp_path / "birds.jsonl"
    file.write_text('{"term": "kittiwake"}\n')
    where = ("--workspace", place.path)
    assert "waits for somebody other than Ada" in run("import", file, "--by", "Ada", *where)
    said = answer("import", file, "--by", "Ada", *where)
    assert (said["active"], said["approved_by"]) == (False, None)
    with pytest.raises(Fault, match="second person"):
        run("activate", said["version"], "--by", "ada", *where)
    assert answer("diff", said["version"], *where)["added"][0]["term"] == "kittiwake"
    assert "after Ada had proposed it (two people)" in run("activate", said["version"], "--by", "Bo", *where)
    assert "No difference." in run("diff", said["version"], *where)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_what_is_exported_can_be_imported_and_the_read_is_audited(
    place: Workspace, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(seal.KEY, run("key").strip())
    out = tmp_path / f"out.{suffix}"
    run("export", out, "--workspace", place.path)
    before = Lexicon.load(place.path)
    assert audit.read(place)[-1].action is audit.Action.LEXICON_READ
    assert answer("import", out, "--by", "Ada", "--workspace", place.path)["version"] == before.version
    assert seal.is_sealed(place.lexicon_file.read_bytes())
    assert "firecrest" in run("export", "-", "--workspace", place.path)


def test_export_does_not_unseal_the_active_file(place: Workspace) -> None:
    before = place.lexicon_file.read_bytes()
    with pytest.raises(Fault, match="active lexicon itself"):
        run("export", place.lexicon_file, "--workspace", place.path)
    assert place.lexicon_file.read_bytes() == before


def test_diff_shows_each_kind_of_change(place: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("term,severity\nFirecrest,high\nkittiwake,\n")
    text = run("diff", other, "--workspace", place.path)
    assert "severity: nothing -> high" in text
    assert "1 added, 0 removed, 1 changed" in text
    assert audit.read(place)[-1].action is audit.Action.LEXICON_READ


def test_trend_queries_need_a_licence_and_name_what_is_refused(place: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "queries.json"
    file.write_text('[{"and": [{"or": ["kittiwake"]}]}, {"and": [{"or": ["regex-(a.*)"]}]}]')
    where = ("--format", "trend-query", "--by", "Ada", "--workspace", place.path)
    with pytest.raises(Fault, match="--licence"):
        run("import", file, *where)
    said = answer("import", file, "--licence", "agreement 12", *where)
    assert said["terms"] == 1
    assert "Query entry 2 was refused" in said["warnings"][0]
