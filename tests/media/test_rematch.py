import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ringfence.media import rematch as rematching
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.items import Item, Signal
from ringfence.media.matcher import Matcher
from ringfence.media.queries import Look, Query
from ringfence.media.rematch import found, rematch
from ringfence.model.words import HashKind
from ringfence.store import audit
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

KITTIWAKE = Bank("kittiwake", action=Remedy.SUPPRESS)


def code(of: int, *flipped: int) -> bytes:
    value = int.from_bytes(np.random.default_rng(of).bytes(32))
    for bit in flipped:
        value ^= 1 << bit
    return value.to_bytes(32)


def posted(number: int) -> dict[str, object]:
    media = {"media_id": f"m{number}", "sha256": None, "md5": None, "pdq": code(number).hex(), "quality": 90}
    if number == 0:
        media |= {"pdq": None, "md5": bytes(16).hex()}
    return {
        "post_id": f"p{number}",
        "account_id": f"a{number}",
        "at": "2026-11-03T08:00:00Z",
        "text": "",
        "media": [media],
    }


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A platform with ten posts, whose pictures nobody knew."""
    workspace = Workspace.create(tmp_path / "platform")
    accounts = [{"account_id": f"a{number}", "created_at": "2026-11-01T08:00:00Z"} for number in range(10)]
    for name, rows in (("accounts", accounts), ("posts", [posted(number) for number in range(10)])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    load(workspace, [tmp_path / "accounts.jsonl", tmp_path / "posts.jsonl"])
    return workspace


@pytest.fixture
def banks(place: Workspace) -> Iterator[Banks]:
    made = Banks.of(place)
    made.add(KITTIWAKE)
    yield made
    made.close()


def put(banks: Banks, *hashes: bytes, kind: HashKind = HashKind.PDQ) -> None:
    for value in hashes:
        banks.put("kittiwake", Item("", (Signal(kind, value, 90 if kind is HashKind.PDQ else None),)))


def test_a_hash_that_comes_late_finds_who_posted_and_who_asked(place: Workspace, banks: Banks) -> None:
    matcher = Matcher.open(place)
    assert matcher.match(Query("q1", (), (Look(code(3, 9)),), "a77")).matches == ()
    matcher.close()
    put(banks, code(3, 1, 2))
    done = rematch(place)
    assert (done.media, done.matched, done.without_hash) == (11, 2, 0)
    late = [(one.origin, one.origin_id, one.media_id, one.account, one.distance, one.remedy) for one in found(place)]
    assert late == [("asked", "1", "q1", "a77", 3, "suppress"), ("posts", "p3", "m3", "a3", 2, "suppress")]
    assert audit.Action.MEDIA_REMATCHED in [one.action for one in audit.read(place)]


def test_the_next_run_looks_for_what_changed_only_and_a_whole_one_for_all(place: Workspace, banks: Banks) -> None:
    put(banks, code(3))
    assert rematch(place).matched == 1
    put(banks, bytes(16), kind=HashKind.MD5)
    done = rematch(place)
    assert (done.run.since, done.matched) == (1, 1)
    assert {(one.run, one.origin_id) for one in found(place)} == {(1, "p3"), (2, "p0")}
    assert rematch(place).matched == 0
    assert rematch(place, whole=True).matched == 2
    assert len(found(place)) == 2


def test_a_run_that_stops_goes_on_and_counts_nothing_twice(
    place: Workspace, banks: Banks, monkeypatch: pytest.MonkeyPatch
) -> None:
    matcher = Matcher.open(place)
    matcher.match_all([Query(f"q{number}", (), (Look(code(number)),)) for number in range(6)])
    matcher.close()
    put(banks, *(code(number) for number in range(6)))
    monkeypatch.setattr(rematching, "CHUNK", 2)
    units: list[float] = []

    def killed(share: float) -> None:
        units.append(share)
        if len(units) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rematch(place, told=killed)
    before = len(found(place))
    assert 0 < before < 11
    put(banks, code(9))
    done = rematch(place)
    assert (done.run.run, done.run.upto) == (1, 6)
    assert done.media == 4, "the two units that were done are not done again"
    assert len(found(place)) == 11
    assert rematch(place).matched == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from ringfence.media.rematch import rematch
from ringfence.store.workspace import Workspace
def told(share):
    if share:
        os.kill(os.getpid(), signal.SIGKILL)
rematch(Workspace.open(Path(sys.argv[1])), told=told)
"""


def test_a_killed_run_goes_on(place: Workspace, banks: Banks) -> None:
    matcher = Matcher.open(place)
    matcher.match(Query("q1", (), (Look(code(3)),)))
    matcher.close()
    put(banks, code(3))
    dead = subprocess.run([sys.executable, "-c", KILLED, str(place.path)], check=False)
    assert dead.returncode == -signal.SIGKILL
    assert [one.origin for one in found(place)] == ["posts"]
    assert rematch(place).media == 1
    assert [one.origin for one in found(place)] == ["asked", "posts"]
    assert (place.media / "asked.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_post_whose_hash_is_none_is_counted(place: Workspace, tmp_path: Path, banks: Banks) -> None:
    bad = posted(10) | {"account_id": "a1"}
    bad["media"] = [{"media_id": "m10", "pdq": None, "sha256": None, "md5": None, "quality": None}]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "posts.jsonl").write_text(json.dumps(bad) + "\n")
    load(place, [tmp_path / "more" / "posts.jsonl"])
    put(banks, code(3))
    assert rematch(place).without_hash == 1
