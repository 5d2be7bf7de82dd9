import json
from pathlib import Path

import pytest

from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace
from ringfence.terms import seal, versions
from ringfence.terms.lexicon import Lexicon, from_rows

OLD, NEW = Lexicon.from_terms(["firecrest"]), Lexicon.from_terms(["firecrest", "kittiwake"])


@pytest.fixture(autouse=True)
def without_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(seal.KEY, raising=False)


def place(folder: Path, settings: str = "") -> Workspace:
    Workspace.create(folder / "platform")
    (folder / "platform" / "ringfence.toml").write_text(f"[lexicon]\n{settings}\n")
    workspace = Workspace.open(folder / "platform")
    OLD.write(workspace.lexicon_file)
    return workspace


def active(workspace: Workspace) -> Lexicon:
    return Lexicon.load(workspace.path)


def test_one_person_suffices_unless_two_are_asked_for_and_the_history_says_so(tmp_path: Path) -> None:
    workspace = place(tmp_path)
    event = versions.propose(workspace, NEW, " Ada  Heron ")
    assert (event.act, event.by, event.approved_by, event.people) == (
        "activated",
        "Ada Heron",
        "Ada Heron",
        "one person",
    )
    assert active(workspace) == NEW
    assert [one.act for one in versions.history(workspace)] == ["proposed", "activated"]
    acts = [(entry.who, entry.action, entry.subject) for entry in audit.read(workspace)]
    assert acts == [
        ("Ada Heron", audit.Action.LEXICON_PROPOSED, NEW.version),
        ("Ada Heron", audit.Action.LEXICON_CHANGED, NEW.version),
    ]
    assert "kittiwake" not in (workspace.path / "lexicons" / "history.jsonl").read_text()


@pytest.mark.parametrize("same", ["Ada Heron", " ada   HERON ", "\uff21\uff24\uff21 Heron"])
def test_with_two_people_the_second_is_another(tmp_path: Path, same: str) -> None:
    workspace = place(tmp_path, "second_person = true")
    assert versions.propose(workspace, NEW, "Ada Heron").act == "proposed"
    assert active(workspace) == OLD
    with pytest.raises(Fault, match="takes a second person"):
        versions.activate(workspace, NEW.version, same)
    assert active(workspace) == OLD
    assert [one.version for one in versions.waiting(workspace)] == [NEW.version]
    event = versions.activate(workspace, NEW.version, "Bo Egret")
    assert (event.by, event.approved_by, event.people) == ("Ada Heron", "Bo Egret", "two people")
    assert active(workspace) == NEW
    assert versions.waiting(workspace) == ()


def test_an_earlier_version_can_be_active_again(tmp_path: Path) -> None:
    workspace = place(tmp_path)
    versions.propose(workspace, OLD, "ada")
    versions.propose(workspace, NEW, "ada")
    versions.activate(workspace, OLD.version, "bo")
    assert active(workspace) == OLD
    assert versions.read(workspace, NEW.version) == NEW


@pytest.mark.parametrize("version", ["", "0" * 16, "../lexicon", "x", NEW.version.upper()])
def test_a_version_that_was_never_proposed_is_a_fault(tmp_path: Path, version: str) -> None:
    workspace = place(tmp_path)
    versions.propose(workspace, NEW, "ada")
    for ask in (lambda: versions.activate(workspace, version, "bo"), lambda: versions.read(workspace, version)):
        with pytest.raises(Fault, match="there is no version"):
            ask()


def test_a_draft_that_was_changed_is_not_let_in(tmp_path: Path) -> None:
    workspace = place(tmp_path, "second_person = true")
    versions.propose(workspace, NEW, "ada")
    draft = workspace.path / "lexicons" / f"{NEW.version}.csv"
    draft.write_text(draft.read_text().replace("kittiwake", "bittern"))
    with pytest.raises(Fault, match="not those that were proposed"):
        versions.activate(workspace, NEW.version, "bo")
    assert active(workspace) == OLD


def test_a_licence_is_asked_for_when_the_platform_says_so(tmp_path: Path) -> None:
    workspace = place(tmp_path, "licence_required = true")
    with pytest.raises(Fault, match="2 terms have no licence"):
        versions.propose(workspace, NEW, "ada")
    licensed = from_rows([(1, {"term": "kittiwake", "licence": "agreement 12"})], "x")
    assert versions.propose(workspace, licensed, "ada").act == "activated"


def test_a_list_whose_examples_fail_changes_nothing(tmp_path: Path) -> None:
    workspace = place(tmp_path)
    failing = from_rows([(1, {"term": "kittiwake", "spares": "a kittiwake"})], "x")
    with pytest.raises(Fault, match=r"1 examples fail: .*'a kittiwake'"):
        versions.propose(workspace, failing, "ada")
    assert (active(workspace), versions.history(workspace), audit.read(workspace)) == (OLD, (), ())


@pytest.mark.parametrize("name", ["", "  ", "a\x07b", "a" * 201])
def test_nobody_is_no_proposer(tmp_path: Path, name: str) -> None:
    with pytest.raises(Fault, match="nobody's name"):
        versions.propose(place(tmp_path), NEW, name)


def test_with_a_key_every_file_of_terms_is_sealed_at_its_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = place(tmp_path)
    monkeypatch.setenv(seal.KEY, seal.new_key())
    assert active(workspace) == OLD
    versions.propose(workspace, NEW, "ada")
    for file in (workspace.lexicon_file, workspace.path / "lexicons" / f"{NEW.version}.csv"):
        assert seal.is_sealed(file.read_bytes())
        assert b"kittiwake" not in file.read_bytes()
    assert active(workspace) == versions.read(workspace, NEW.version) == NEW
    monkeypatch.delenv(seal.KEY)
    with pytest.raises(Fault, match="there is no key"):
        Lexicon.load(workspace.path)


def test_while_another_command_writes_nothing_is_proposed(tmp_path: Path) -> None:
    workspace = place(tmp_path)
    with workspace.lock(), pytest.raises(Fault, match="another ringfence command"):
        versions.propose(workspace, NEW, "ada")
    assert versions.history(workspace) == ()


def test_whatever_write_fails_the_active_list_is_whole_and_never_without_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at each sync in turn."""
    for failing in range(20):
        workspace = place(tmp_path / str(failing))
        count = 0

        def full(_: int, failing: int = failing) -> None:
            nonlocal count
            count += 1
            if count > failing:
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            try:
                versions.propose(workspace, NEW, "ada")
            except Fault:
                done = False
            else:
                done = True
        lexicon = active(workspace)
        assert lexicon in (OLD, NEW)
        if lexicon == NEW:
            assert versions.history(workspace)[-1].act == "activated"
            assert audit.read(workspace)[-1].action is audit.Action.LEXICON_CHANGED
        if done:
            assert lexicon == NEW
            return
    pytest.fail("it never succeeded")


def test_a_history_that_was_tampered_with_is_a_fault(tmp_path: Path) -> None:
    workspace = place(tmp_path)
    versions.propose(workspace, NEW, "ada")
    file = workspace.path / "lexicons" / "history.jsonl"
    for line in (
        "{",
        json.dumps({"at": "2026-01-01T00:00:00Z", "act": "erased", "version": "x", "terms": 1, "by": "a"}),
    ):
        file.write_text(line + "\n")
        with pytest.raises(Fault, match="no event"):
            versions.history(workspace)
