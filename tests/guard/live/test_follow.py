import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from tests.guard.live.parts import KNOWN, NOW, delta_of, events, post, publish, restart, sequence, signer_of

from ringfence.guard.current import Current
from ringfence.guard.live import base as live_base
from ringfence.guard.live import checkpoint, refusals
from ringfence.guard.live import follow as live
from ringfence.guard.live import sources as live_sources
from ringfence.guard.live.base import Bases
from ringfence.guard.live.checkpoint import Checkpoint
from ringfence.guard.live.delta import flags_and_tags
from ringfence.guard.live.follow import Folders, Settings
from ringfence.guard.live.kept import kept
from ringfence.guard.live.known_hashes import FILE
from ringfence.guard.live.sources import Sources
from ringfence.guard.live.state import LiveState
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.snapshots import delta, shelf, signing
from ringfence.ingest.streams.stream import Message, Stream
from ringfence.model.faults import Fault
from ringfence.model.words import Verdict
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

EAGER = Settings(delta_seconds=0.0, checkpoint_seconds=0.0, wait_seconds=0.01)


class Listed:
    """A log in memory."""

    name = "list:birds"
    missed = 0
    trouble = ""

    def __init__(self, messages: Sequence[Message], start: int, sizes: Iterator[int]) -> None:
        self._messages = messages
        self._at = start
        self._sizes = sizes
        self.acknowledged = 0

    def pull(self, most: int, wait: float) -> Sequence[Message]:  # noqa: ARG002 - nothing to wait for
        start = self._at
        self._at += min(most, next(self._sizes))
        return self._messages[max(start - 2, 0) : self._at]  # two of them again

    def caught_up(self) -> bool:
        return self._at >= len(self._messages)

    def acknowledge(self, positions: Mapping[int, int]) -> None:
        self.acknowledged = positions[0]

    def close(self) -> None:
        pass


def as_log(bodies: Sequence[bytes]) -> list[Message]:
    stored = int((NOW + timedelta(days=1)).timestamp()) * 1_000_000
    return [Message(0, offset, stored + offset, body) for offset, body in enumerate(bodies)]


def follow(
    place: Workspace,
    messages: Sequence[Message],
    *,
    sizes: Callable[[], int] = lambda: 100,
    told: list[str] | None = None,
) -> LiveState:
    """Read a log to its end, in pieces."""

    def opened(positions: Mapping[int, int]) -> Stream:
        return Listed(messages, positions.get(0, 0), iter(sizes, 0))

    return live.follow(
        Folders(place.path / "live", place.snapshots),
        signer_of(place),
        Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints),
        EAGER,
        opened,
        stopped=lambda: False,
        ends=lambda stream: stream.caught_up(),
        say=(told if told is not None else []).append,
    )


def test_what_events_come_to_is_what_the_guard_answers(place: Workspace) -> None:
    users = ["acct-0", "acct-1", "acct-2", "hitting", "matching"]
    bodies = [
        json.dumps(row).encode()
        for row in (
            *(post(number, "hitting", text="Firecrest!") for number in range(2)),
            *(post(2 + n, name, hashtags=["#Dunnock"]) for n, name in enumerate(users)),
            post(9, "matching", media=[{"media_id": "m", "sha256": KNOWN.upper()}]),
            {"table": "accounts", "account_id": "young", "declared_age": 15},
        )
    ]
    current = Current(place.snapshots, default_policy(), every=0.01)
    candidates = ["hitting", "matching", "acct-0", "acct-1", "young"]
    try:
        assert current.guard().hashtag("dunnock").verdict is Verdict.ALLOW
        assert [*current.guard().suggest(None, candidates).kept] == ["hitting", "matching", "acct-0", "young"]
        follow(place, as_log(bodies))
        current.look()
        guard = current.guard()
        reasons = {name: one.reason for name, one in guard.suggest(None, candidates).judged.items()}
        assert reasons["hitting"] == "account:hits"
        assert reasons["matching"] == "media:known"
        assert "acct-0" not in reasons
        assert guard.hashtag("dunnock").reason == "tag:network"
        assert guard.suggest("acct-1", ["young"]).judged["young"].reason == "pair:minor_to_risk"
        assert current.trouble == ""
    finally:
        current.close()


def test_however_the_log_is_cut_the_delta_is_the_same_to_the_bit(place: Workspace) -> None:
    messages = as_log(events(3_000))
    whole = follow(place, messages, sizes=lambda: 3_000)
    expected = delta_of(place), (place.path / "live" / refusals.FILE).read_bytes()
    assert whole.unread == len(expected[1].splitlines()) > 10
    chance = random.Random(1)
    for _ in range(3):
        restart(place)
        follow(place, messages, sizes=lambda: chance.randint(1, 400))
        assert (delta_of(place), (place.path / "live" / refusals.FILE).read_bytes()) == expected


class Crash(Exception):
    pass


@pytest.mark.parametrize("seed", range(4))
def test_a_death_at_any_moment_loses_nothing_and_counts_nothing_twice(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Death before or after any write of a checkpoint, a delta or a refusal; then again, and again."""
    messages = as_log(events(2_000, seed))
    follow(place, messages)
    expected = delta_of(place), (place.path / "live" / refusals.FILE).read_bytes()
    restart(place)
    chance = random.Random(seed)

    def mortal(act: Callable[..., object]) -> Callable[..., object]:
        def acted(*args: object, **named: object) -> object:
            if chance.random() < 0.05:
                raise Crash
            done = act(*args, **named)
            if chance.random() < 0.05:
                raise Crash
            return done

        return acted

    monkeypatch.setattr(live, "DELTA_SHARE", 0)
    monkeypatch.setattr(live, "CHECKPOINT_SHARE", 0)
    deaths, ended = 0, False
    sequences = [0]
    with monkeypatch.context() as mortality:
        mortality.setattr(checkpoint, "save", mortal(checkpoint.save))
        mortality.setattr(delta, "write", mortal(delta.write))
        mortality.setattr(refusals.Refusals, "add", mortal(refusals.Refusals.add))
        while not ended:
            try:
                follow(place, messages, sizes=lambda: chance.randint(1, 60))
                ended = True
            except Crash:
                deaths += 1
            sequences.append(sequence(place))
    assert deaths > 3
    assert sequences == sorted(sequences)  # the guard never goes back
    assert (delta_of(place), (place.path / "live" / refusals.FILE).read_bytes()) == expected


def test_nothing_is_acknowledged_before_it_is_kept(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Listed(as_log(events(500)), 0, iter(lambda: 50, 0))
    kept: list[int] = []

    def saving(path: Path, made: Checkpoint) -> None:
        assert stream.acknowledged <= (kept[-1] if kept else 0)
        saved(path, made)
        kept.append(made.state.positions[0])

    saved = checkpoint.save
    monkeypatch.setattr(checkpoint, "save", saving)
    live.follow(
        Folders(place.path / "live", place.snapshots),
        signer_of(place),
        Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints),
        EAGER,
        lambda _: stream,
        stopped=lambda: False,
        ends=lambda one: one.caught_up(),
        say=lambda _: None,
    )
    assert stream.acknowledged == kept[-1] == 500


def test_another_snapshot_is_taken_over_and_judges_what_was_counted(place: Workspace) -> None:
    use = [json.dumps(post(number, f"acct-{number}", hashtags=["wren"])).encode() for number in range(5, 15)]
    told: list[str] = []
    follow(place, as_log(use), told=told)
    first = delta_of(place)
    version = publish(place, [f"acct-{number}" for number in range(5, 12)])
    follow(place, as_log(use), told=told)
    current = Current(place.snapshots, default_policy())
    current.close()
    assert current.guard().hashtag("wren").reason == "tag:network"
    assert any(version in line for line in told)
    assert delta_of(place) != first


def test_before_the_first_publish_events_are_kept_for_it(place: Workspace) -> None:
    for file in place.snapshots.iterdir():
        file.unlink()
    state = follow(place, as_log(events(500)))
    assert state.applied == 500
    assert list(place.snapshots.glob("*.delta")) == []
    flags, tags = flags_and_tags(state, ["acct-1"])
    assert {"account:hits", "account:minor", "media:known"} == set(flags["signal"].to_pylist())
    assert tags["dunnock"] > 0
    publish(place, ["acct-1"])
    follow(place, as_log(events(500)))
    assert sequence(place) == 500


def test_a_message_that_is_no_event_stops_nothing_and_is_told_without_its_content(place: Workspace) -> None:
    bad = [b"{", b'{"table": "secretbird"}', b'{"table": "posts", "post_id": ["secretbird"]}', b'"secretbird"']
    good = [json.dumps(post(number, "a", text="firecrest")).encode() for number in range(2)]
    state = follow(place, as_log([good[0], *bad, good[1]]))
    assert (state.applied, state.unread) == (6, 4)
    assert len(state.accounts.hits["a"]) == 2
    lines = (place.path / "live" / refusals.FILE).read_text().splitlines()
    assert [json.loads(line)["offset"] for line in lines] == [1, 2, 3, 4]
    assert [json.loads(line)["reason"] for line in lines] == ["malformed", "table", "columns", "table"]
    assert "secretbird" not in "".join(lines)


def test_a_spoilt_checkpoint_is_not_taken_for_none(place: Workspace) -> None:
    follow(place, as_log(events(50)))
    file = place.path / "live" / checkpoint.FILE
    whole = file.read_bytes()
    for spoilt in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b"", whole[:20]):
        file.write_bytes(spoilt)
        with pytest.raises(Fault, match="is no whole checkpoint; restore it, or remove it to read the log anew"):
            follow(place, as_log(events(50)))


def test_a_checkpoint_of_another_log_is_refused(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(place, as_log(events(50)))
    monkeypatch.setattr(Listed, "name", "list:others")
    with pytest.raises(Fault, match="it is of list:birds, and this is list:others"):
        follow(place, as_log(events(50)))


def test_a_log_that_is_shorter_than_what_the_delta_knew_replaces_it(place: Workspace) -> None:
    follow(place, as_log(events(300)))
    for file in (place.path / "live").iterdir():
        file.unlink()  # the checkpoint is lost, the delta is not
    follow(place, as_log(events(100)))
    assert sequence(place) == 301


def test_only_one_reads_at_a_time(place: Workspace) -> None:
    with live._alone(place.path / "live"), pytest.raises(Fault, match="another `ringfence live` runs here"):
        follow(place, as_log(events(5)))


def test_a_lexicon_and_hashes_that_change_are_followed(place: Workspace) -> None:
    sources = Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints)
    before = sources.scanner
    assert sources.look() == ""
    Lexicon.from_terms(["kittiwake"]).write(place.lexicon_file)
    assert sources.scanner is before
    assert sources.look().startswith("posts are now held against lexicon")
    after = sources.scanner
    (place.path / FILE).write_text("no digest\n")
    assert "known_hashes.txt, line 1: is no SHA-256 or MD5 digest" in sources.look()
    assert sources.scanner is after


def test_a_list_of_hashes_that_is_gone_is_not_taken_for_an_empty_one(place: Workspace) -> None:
    sources = Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints)
    before = sources.scanner
    (place.path / FILE).unlink()
    assert "known_hashes.txt: is gone" in sources.look()
    assert sources.scanner is before
    (place.path / FILE).write_text("# none\n")
    sources.look()
    assert sources.scanner.hashes_version == ""


def test_what_could_not_be_read_is_tried_again_though_nobody_touches_it(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a disk or a descriptor was missing for a moment: live signals must not stay over an old snapshot."""
    for module in (live_base, live_sources):
        monkeypatch.setattr(module, "AGAIN", 0.0)
    trusted = signing.trusted_in(place.snapshots)
    bases, sources = Bases(place.snapshots, trusted), Sources(place.lexicon_file, place.path / FILE, b"key")
    assert bases.look()
    version = publish(place, ["acct-3"])
    file = shelf.file_of(place.snapshots, version)
    file.rename(file.with_suffix(".away"))
    Lexicon.from_terms(["kittiwake"]).write(place.lexicon_file)
    with monkeypatch.context() as broken:
        broken.setattr(Lexicon, "load", unreadable)
        assert "stay as they were" in sources.look()
    with pytest.raises(Fault):
        bases.look()
    file.with_suffix(".away").rename(file)
    assert bases.look()
    assert bases.base.version == version
    assert sources.look().startswith("posts are now held against lexicon")
    assert (bases.look(), sources.look()) == (False, "")


def unreadable(path: Path) -> Lexicon:
    raise Fault("cannot be read (Too many open files)", where=str(path), mend="try later")


def test_what_the_broker_drops_in_the_middle_is_told_of_once(place: Workspace) -> None:
    class Dropping(Listed):
        def pull(self, most: int, wait: float) -> Sequence[Message]:
            self.missed = 7 if self._at >= 200 else 0
            return super().pull(most, wait)

    told: list[str] = []
    live.follow(
        Folders(place.path / "live", place.snapshots),
        signer_of(place),
        Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints),
        EAGER,
        lambda _: Dropping(as_log(events(500)), 0, iter(lambda: 100, 0)),
        stopped=lambda: False,
        ends=lambda one: one.caught_up(),
        say=told.append,
    )
    assert [line for line in told if "gone" in line] == [
        "7 messages were gone from the broker before they could be read"
    ]


def test_the_next_snapshot_takes_in_what_was_kept(place: Workspace) -> None:
    """Else what live signals hold back would be shown again from a publish until the delta after it."""
    assert kept(place) is None
    state = follow(place, as_log(events(500)))
    found = kept(place)
    assert found
    flags, tags = found(["acct-1"])
    again, shares = flags_and_tags(state, ["acct-1"])
    assert flags.equals(again)
    assert tags == shares
    file = place.path / "live" / checkpoint.FILE
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Fault, match="is no whole checkpoint"):
        kept(place)
