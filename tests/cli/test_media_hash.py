import io
import json
from pathlib import Path

import pytest
import typer
from benchmarks.media.drawn import drawing
from typer.testing import CliRunner, Result

from ringfence.cli.media_hash import hash_
from ringfence.model.faults import Exit, Fault

APP = typer.Typer()
APP.command()(hash_)


def run(*arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(APP, arguments, input=given)


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    (tmp_path / "albums").mkdir()
    drawing(1, 60, 40).save(tmp_path / "albums" / "b.jpg", "JPEG")
    drawing(2, 60, 40).save(tmp_path / "a.png", "PNG")
    (tmp_path / "c.svg").write_text("<svg/>")
    return tmp_path


def test_a_folder_becomes_lines_and_what_was_refused_is_told_apart(uploads: Path) -> None:
    done = run(str(uploads))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["media_id"]).name for line in lines] == ["a.png", "c.svg", "b.jpg"]
    assert [len(line.get("pdq", "")) for line in lines] == [64, 0, 64]
    assert all(len(line["sha256"]) == 64 for line in lines)
    assert done.exit_code == Exit.QUARANTINED
    assert done.stderr.count("c.svg: is an SVG drawing; hash a picture made of it") == 1
    assert done.stderr.endswith("2 hashed; refused: 1 kind\n")
    assert sorted(path.name for path in uploads.rglob("*")) == ["a.png", "albums", "b.jpg", "c.svg"]


def test_what_was_printed_goes_in_again_as_a_stream_and_is_the_same(uploads: Path) -> None:
    first = run(str(uploads / "albums"))
    again = run("-", given=first.stdout_bytes)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert again.stdout == first.stdout


def test_a_bad_line_of_a_stream_is_refused_by_its_number_without_its_hash() -> None:
    given = b'{"media_id": "m1", "md5": "' + b"ab" * 16 + b'"}\n{"media_id": "m2", "md5": "abab"}\n'
    done = run("-", given=given)
    assert done.exit_code == Exit.QUARANTINED
    assert "standard input, line 2: is no MD5 hash (4 characters)" in done.stderr
    assert "abab" not in done.stderr


def test_as_one_object_it_counts(uploads: Path) -> None:
    done = run(str(uploads), "--json", "--fast")
    answer = json.loads(done.stdout)
    assert (len(answer["media"]), answer["hashed"], answer["refused"]) == (3, 2, {"kind": 1})
    assert io.BytesIO(done.stdout_bytes).read().count(b"\n") == 1


@pytest.mark.parametrize("arguments", ["nowhere", ".", ". --video-seconds -1", ". --video-seconds nan"])
def test_what_is_asked_for_and_cannot_be_is_a_fault(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(run(*arguments.split()).exception, Fault)
