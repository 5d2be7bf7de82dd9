import struct
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.policy import DEFAULT_POLICY, Policy, default_policy
from ringfence.guard.snapshot import FORMAT, HEADER, MAGIC, activate, build, load_current, read, versions, write
from ringfence.model.faults import Fault
from ringfence.terms import seal
from ringfence.terms.lexicon import Lexicon

POLICY = default_policy()
BIRDS = Lexicon.from_terms(["firecrest", "kittiwake"])
THEN = datetime(2026, 11, 2, tzinfo=UTC)
WHOLE = build(BIRDS, POLICY, {"network:member": ["b", "a", "b"]}, tags={"lake": 0.7}, created_at=THEN)


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    assert read(write(tmp_path, WHOLE)) == WHOLE
    assert WHOLE.accounts == {"network:member": ("a", "b")}


@given(st.permutations(["a", "b", "ü", "\U0001f426"]), st.permutations(["network:member", "network:likely_minor"]))
def test_the_same_input_is_the_same_version_whatever_its_order_and_time(ids: list[str], signals: list[str]) -> None:
    one = build(
        BIRDS, POLICY, {"network:likely_minor": ["a", "b", "ü", "\U0001f426"], "network:member": ["x"]}, created_at=THEN
    )
    lists = {"network:likely_minor": ids, "network:member": ["x"]}
    assert build(BIRDS, POLICY, {signal: lists[signal] for signal in signals}).version == one.version


def test_any_other_content_is_another_version() -> None:
    policy = Policy.parse(DEFAULT_POLICY.replace('version = "1"', 'version = "2"'), "x")
    others = [
        build(Lexicon.from_terms(["firecrest"]), POLICY, WHOLE.accounts, tags=WHOLE.tags),
        build(BIRDS, policy, WHOLE.accounts, tags=WHOLE.tags),
        build(BIRDS, POLICY, {"network:member": ["a"]}, tags=WHOLE.tags),
        build(BIRDS, POLICY, {"network:likely_minor": ["a", "b"]}, tags=WHOLE.tags),
        build(BIRDS, POLICY, WHOLE.accounts),
        build(BIRDS, POLICY, WHOLE.accounts, tags=WHOLE.tags, model_version="2"),
    ]
    assert len({WHOLE.version, *(other.version for other in others)}) == 7


@settings(deadline=None)  # it syncs a file each time
@given(st.data())
def test_no_damaged_byte_and_no_cut_passes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = write(tmp_path_factory.mktemp("snapshots"), WHOLE)
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] ^= data.draw(st.integers(1, 255))
    else:
        del raw[at:]
    path.write_bytes(raw)
    with pytest.raises(Fault) as caught:
        read(path)
    assert caught.value.where == str(path)
    assert "\n" not in str(caught.value)


def packed(body: bytes, *, version: int = FORMAT, magic: bytes = MAGIC) -> bytes:
    return HEADER.pack(magic, version, len(body), blake2b(body, digest_size=32).digest()) + body


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "no snapshot"),
        (b"PK\x03\x04 not one of ours", "no snapshot"),
        (MAGIC, "cut off in its header"),
        (packed(b"x", magic=b"ringsnip"), "no snapshot"),
        (packed(b"x", version=FORMAT + 1), f"its format is {FORMAT + 1}"),
        (packed(b"x") + b"y", "2 bytes long where 1 were written"),
        (packed(b"\x80"), "does not fit its format"),
        (packed(b"\x80")[:-1] + b"\x81", "checksum"),
        (struct.pack("8s", MAGIC) + b"\x00" * 100, "its format is 0"),
    ],
)
def test_a_file_that_is_no_snapshot_is_one_clear_line(tmp_path: Path, raw: bytes, what: str) -> None:
    path = tmp_path / "x.snapshot"
    path.write_bytes(raw)
    with pytest.raises(Fault, match=what):
        read(path)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="could not be read"):
        read(tmp_path / "none.snapshot")


def test_versions_are_listed_as_written_and_one_is_active(tmp_path: Path) -> None:
    second = build(BIRDS, POLICY, {})
    with pytest.raises(Fault, match="no snapshot is active"):
        load_current(tmp_path)
    for snapshot in (WHOLE, second):
        write(tmp_path, snapshot)
        activate(tmp_path, snapshot.version)
    assert versions(tmp_path) == (WHOLE.version, second.version)
    assert load_current(tmp_path) == second
    activate(tmp_path, WHOLE.version)
    assert load_current(tmp_path) == WHOLE


def test_a_corrupt_current_is_refused_and_says_the_way_back(tmp_path: Path) -> None:
    second = build(BIRDS, POLICY, {})
    write(tmp_path, WHOLE)
    path = write(tmp_path, second)
    activate(tmp_path, second.version)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Fault, match=f"activate {WHOLE.version}"):
        load_current(tmp_path)
    third = build(Lexicon.from_terms(["robin"]), POLICY, {})
    write(tmp_path, third)
    with pytest.raises(Fault, match=f"activate {WHOLE.version}"):
        load_current(tmp_path)
    (tmp_path / f"{WHOLE.version}.snapshot").unlink()
    with pytest.raises(Fault, match=f"activate {third.version}"):
        load_current(tmp_path)
    (tmp_path / "current").write_bytes(b"\xff../../etc\n")
    with pytest.raises(Fault, match="names no version"):
        load_current(tmp_path)


def test_an_active_name_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(Fault, match="could not be read"):
        load_current(tmp_path)


def test_only_a_whole_snapshot_is_activated(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    activate(tmp_path, WHOLE.version)
    path.write_bytes(b"")
    for version in (WHOLE.version, "0" * 16, "../secret"):
        with pytest.raises(Fault):
            activate(tmp_path, version)
    assert (tmp_path / "current").read_text() == f"{WHOLE.version}\n"


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.write_bytes"])
def test_a_write_that_fails_leaves_what_was_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    write(tmp_path, WHOLE)
    activate(tmp_path, WHOLE.version)
    before = sorted(path.name for path in tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        with pytest.raises(Fault, match="No space left"):
            write(tmp_path, build(BIRDS, POLICY, {}))
        with pytest.raises(Fault, match="No space left"):
            activate(tmp_path, WHOLE.version)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert load_current(tmp_path) == WHOLE


@pytest.mark.parametrize("surface", ["search", "autocomplete", "hashtag"])
def test_a_category_that_no_rule_names_is_not_published(surface: str) -> None:
    rule = f'surface = "{surface}"\nsignal = "lexicon:illegal"'
    assert rule in DEFAULT_POLICY
    policy = Policy.parse(DEFAULT_POLICY.replace(rule, f'surface = "{surface}"\nsignal = "lexicon:trees"'), "x")
    with pytest.raises(Fault, match=f'no {surface} rule names lexicon:illegal.*surface = "{surface}"'):
        build(BIRDS, policy, {})


def test_a_list_of_accounts_that_no_rule_names_is_not_published() -> None:
    rules = tuple(rule for rule in POLICY.rules if rule.signal != "network:audience" or rule.viewer)
    with pytest.raises(Fault, match="no suggestion rule names network:audience"):
        build(BIRDS, replace(POLICY, rules=rules), {"network:audience": ["a"]})


def test_tags_that_no_rule_names_are_not_published() -> None:
    rules = tuple(rule for rule in POLICY.rules if rule.signal != "tag:network")
    with pytest.raises(Fault, match="no hashtag rule names tag:network"):
        build(BIRDS, replace(POLICY, rules=rules), {}, tags={"lake": 0.7})


def test_a_term_that_is_not_matched_needs_no_rule(tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_text("term,category,opinion\nfirecrest,illegal,positive\nkittiwake,trees,negative\n")
    assert build(Lexicon.load(path), POLICY, {}).version


def test_a_snapshot_is_sealed_when_there_is_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build(Lexicon.from_terms(["firecrest"]), default_policy(), {})
    monkeypatch.setenv(seal.KEY, seal.new_key())
    path = write(tmp_path, made)
    assert b"firecrest" not in path.read_bytes()
    assert read(path).lexicon == made.lexicon
    monkeypatch.delenv(seal.KEY)
    with pytest.raises(Fault, match="sealed"):
        read(path)
