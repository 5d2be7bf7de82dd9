from pathlib import Path

from ringfence.guard.current import Current
from ringfence.guard.policy import default_policy
from ringfence.guard.snapshot import activate, build, write
from ringfence.model.words import Verdict
from ringfence.terms.lexicon import Lexicon

POLICY = default_policy()
FIRST = build(Lexicon.from_terms(["firecrest"]), POLICY, {})
SECOND = build(Lexicon.from_terms(["kittiwake"]), POLICY, {})


def publish(folder: Path, version: str) -> None:
    write(folder, FIRST)
    write(folder, SECOND)
    activate(folder, version)


def test_without_a_folder_it_is_degraded_and_says_so(tmp_path: Path) -> None:
    current = Current(tmp_path / "none", POLICY)
    assert current.guard().search("robin").reason == "degraded:no_snapshot"
    assert current.trouble == "no_snapshot"


def test_it_follows_what_is_activated(tmp_path: Path) -> None:
    current = Current(tmp_path, POLICY)
    assert current.guard().search("robin").verdict is Verdict.BLOCK
    publish(tmp_path, FIRST.version)
    assert current.guard().search("robin").verdict is Verdict.ALLOW
    same = current.guard()
    assert current.guard() is same
    publish(tmp_path, SECOND.version)
    assert current.guard().search("kittiwake").snapshot_version == SECOND.version
    assert current.trouble == ""


def test_a_corrupt_one_leaves_the_last_good_one_until_it_is_mended(tmp_path: Path) -> None:
    publish(tmp_path, FIRST.version)
    current = Current(tmp_path, POLICY)
    good = current.guard()
    publish(tmp_path, SECOND.version)
    (tmp_path / f"{SECOND.version}.snapshot").write_bytes(b"half")
    assert current.guard() is good
    assert current.trouble == "unreadable_snapshot"
    publish(tmp_path, SECOND.version)
    assert current.guard().search("kittiwake").snapshot_version == SECOND.version
    assert current.trouble == ""
    (tmp_path / "current").unlink()
    assert current.guard().search("kittiwake").snapshot_version == SECOND.version
    assert current.trouble == "no_snapshot"


def test_a_first_one_that_is_corrupt_is_degraded(tmp_path: Path) -> None:
    publish(tmp_path, FIRST.version)
    (tmp_path / f"{FIRST.version}.snapshot").write_bytes(b"half")
    assert Current(tmp_path, POLICY).guard().search("robin").reason == "degraded:unreadable_snapshot"
