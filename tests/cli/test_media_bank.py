import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ringfence.cli import media_bank, media_match
from ringfence.model.faults import Exit, Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace

APP = typer.Typer()
APP.add_typer(media_bank.GROUP)
APP.add_typer(media_match.INDEX_GROUP)
APP.command("match")(media_match.match)
PDQ, NEAR, FAR = "0f" * 32, "0f" * 31 + "0e", "f0" * 32


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return Workspace.create(tmp_path / "platform").path


def run(place: Path, *words: object, stdin: str = "", code: int = 0) -> str:
    done = CliRunner().invoke(APP, [*map(str, words), "--workspace", str(place)], input=stdin)
    if isinstance(done.exception, Fault):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout


def told(place: Path, *words: object) -> Any:
    return json.loads(run(place, *words, "--json"))


def test_from_an_empty_bank_to_a_match_and_back(place: Path) -> None:
    run(place, "bank", "add", "kittiwake", "--source", "aviary", "--action", "suppress")
    content = told(place, "bank", "put", "kittiwake", "--pdq", PDQ, "--quality", 90, "--by", "wren")["content"]
    found = told(place, "match", NEAR)
    assert (found["remedy"], found["matches"][0]["distance"], found["matches"][0]["source"]) == (
        "suppress",
        1,
        "aviary",
    )
    assert told(place, "match", FAR)["matches"] == []
    assert "1 matches, remedy: suppress" in run(place, "match", NEAR)
    assert "Not known" in run(place, "match", FAR)

    assert (
        told(place, "bank", "list")["banks"][0] | {"contents": 1, "entries": 1}
        == told(place, "bank", "list")["banks"][0]
    )
    run(place, "bank", "quarantine", content, "--by", "wren", "--why", "too many")
    assert [one["held"] for one in told(place, "bank", "quarantine")["contents"]] == ["too many"]
    assert told(place, "match", NEAR)["remedy"] == "review"
    run(place, "bank", "release", content, "--by", "wren", "--why", "it is that widespread")
    run(place, "bank", "set", "kittiwake", "--action", "report_queue")
    assert told(place, "match", NEAR)["remedy"] == "report_queue"
    run(place, "bank", "deconfirm", content, "--by", "wren", "--why", "a nest")
    assert told(place, "match", NEAR)["remedy"] is None
    run(place, "bank", "confirm", content, "--by", "robin", "--why", "not that nest")
    shown = told(place, "bank", "show", "kittiwake", "--content", content)
    assert [one["act"] for one in shown["history"]] == ["quarantine", "release", "deconfirm", "confirm"]
    assert shown["hashes"] == [{"kind": "pdq", "value": PDQ, "quality": 90}]
    assert "not that nest" in run(place, "bank", "show", "kittiwake", "--content", content)

    run(place, "bank", "remove", "kittiwake", "--content", content, "--by", "wren")
    assert told(place, "match", NEAR)["matches"] == []
    run(place, "bank", "remove", "kittiwake", "--whole", "--by", "wren")
    assert told(place, "bank", "list")["banks"] == []


def test_lines_are_answered_in_their_turn_and_bad_ones_are_told(place: Path) -> None:
    run(place, "bank", "add", "kittiwake", "--action", "suppress")
    run(place, "bank", "put", "kittiwake", "--pdq", PDQ, "--md5", "ab" * 16, "--by", "wren")
    lines = [
        json.dumps({"media_id": "one", "pdq": NEAR, "quality": 90, "chain": "pdqhash 0.2", "looks": []}),
        json.dumps({"media_id": "two", "md5": "AB" * 16}),
        "",
        json.dumps({"media_id": "three", "pdq": "0f" * 31}),
        json.dumps({"media_id": "film", "frames": [{"at": 0.5, "number": 15, "pdq": PDQ, "quality": 90}]}),
        json.dumps({"media_id": "four", "refused": {"reason": "truncated", "what": "x", "mend": "y"}}),
    ]
    output = run(place, "match", "--file", "-", stdin="\n".join(lines), code=Exit.QUARANTINED)
    one, two, three, film, four = map(json.loads, output.splitlines())
    assert [answer["media_id"] for answer in (one, two, film)] == ["one", "two", "film"]
    assert [answer["matches"][0]["distance"] for answer in (one, two, film)] == [1, 0, 0]
    assert film["matches"][0]["transform"] == "frame 15"
    assert "line 4, pdq: is no PDQ hash" in three["refused"]
    assert "has no hash" in four["refused"]
    assert "0f0f" not in three["refused"]


def test_the_index_is_built_verified_and_told_of(place: Path) -> None:
    run(place, "bank", "add", "kittiwake")
    for _ in range(2):
        run(place, "bank", "put", "kittiwake", "--pdq", PDQ, "--sha1", "cd" * 20, "--by", "wren")
    assert told(place, "index", "status") == {"entries": 4, "change": 2, "built": 0, "waiting": 4}
    assert told(place, "index", "rebuild")["change"] == 2
    assert told(place, "index", "status")["waiting"] == 0
    assert told(place, "index", "verify") == {"entries": 4, "change": 2}
    assert len(told(place, "match", PDQ)["matches"]) == 2
    assert len(told(place, "match", "cd" * 20)["matches"]) == 2

    segment = next((place / "media" / "index").glob("segment-*"))
    for array in segment.glob("*.npy"):
        array.write_bytes(array.read_bytes()[:-1])
    for command in (("match", PDQ), ("index", "verify"), ("index", "status")):
        with pytest.raises(Fault, match="is damaged"):
            run(place, *command)
    run(place, "index", "rebuild")
    assert len(told(place, "match", PDQ)["matches"]) == 2


def test_what_is_found_late_is_told(place: Path) -> None:
    run(place, "bank", "add", "kittiwake")
    assert told(place, "match", PDQ)["matches"] == []
    run(place, "bank", "put", "kittiwake", "--pdq", NEAR, "--by", "wren")
    done = told(place, "bank", "rematch")
    assert (done["media"], done["matched"], done["found"][0]["distance"]) == (1, 1, 1)
    assert "1 of them known" in run(place, "bank", "rematch", "--whole")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("bank", "add", "kittiwake"), "is the name of a bank already"),
        (("bank", "add", "a b"), "name is 'a b'"),
        (("bank", "add", "wren", "--radius", 53), "radius is 53"),
        (("bank", "set", "kittiwake"), "nothing to set"),
        (("bank", "set", "wren", "--rollout", 0.5), "is no bank"),
        (("bank", "show", "wren"), "is no bank"),
        (("bank", "put", "kittiwake", "--by", "wren"), "no hash"),
        (("bank", "put", "kittiwake", "--by", "wren", "--pdq", "xyz"), "--pdq: is no PDQ hash"),
        (("bank", "put", "kittiwake", "--by", "wren", "--md5", "z" * 32), "--md5: is no MD5 hash"),
        (("bank", "remove", "kittiwake", "--by", "wren"), "say what goes"),
        (("bank", "remove", "kittiwake", "--by", "wren", "--content", 9), "content 9: is in no bank"),
        (("bank", "confirm", 9, "--by", "wren", "--why", "looked"), "content 9: is in no bank"),
        (("bank", "confirm", 9, "--by", "", "--why", "looked"), "has no name"),
        (("bank", "quarantine", 9), "has no name"),
        (("match",), "nothing to match"),
        (("match", PDQ, "--file", "-"), "or two things"),
        (("match", "0f" * 31), "hash 1: is no PDQ hash"),
        (("match", "--file", "nowhere.jsonl"), "nowhere.jsonl: cannot be read"),
    ],
)
def test_a_wrong_word_is_one_clear_line(place: Path, words: tuple[object, ...], fault: str) -> None:
    run(place, "bank", "add", "kittiwake")
    with pytest.raises(Fault, match=fault) as raised:
        run(place, *words)
    assert "zzzz" not in str(raised.value)
    assert "0f0f" not in str(raised.value)


def test_reads_and_changes_are_audited_by_who_made_them(place: Path) -> None:
    run(place, "bank", "add", "kittiwake")
    run(place, "bank", "put", "kittiwake", "--pdq", PDQ, "--by", "Ada Heron")
    run(place, "bank", "show", "kittiwake")
    run(place, "match", PDQ)
    entries = [(one.action.value, one.subject) for one in audit.read(Workspace.open(place))]
    assert entries == [
        ("media_bank_changed", "bank kittiwake added"),
        ("media_bank_changed", "bank kittiwake: one item put"),
        ("media_bank_read", "bank kittiwake"),
        ("media_matched", "matching begins"),
        ("media_matched", "1 asked, 1 matched"),
    ]
    assert audit.read(Workspace.open(place))[1].who == "Ada Heron"
