"""What answers while snapshots and deltas come, break and are put back: always something that is believed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from ringfence.guard.current import Current
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.snapshots import delta, shelf, signing
from ringfence.guard.snapshots.delta import Delta
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.words import Verdict

Make = Callable[..., Built]
POLICY = default_policy()
NEVER = 3600.0  # the thread does not look; the test does


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime

    def read(self) -> float:
        return self.at.timestamp()


@contextmanager
def following(folder: Path, every: float = NEVER, clock: Callable[[], float] = time.time) -> Iterator[Current]:
    current = Current(folder, POLICY, every=every, clock=clock)
    try:
        yield current
    finally:
        current.close()


def served(current: Current) -> str:
    current.look()
    return current.guard().search("robin").snapshot_version


def test_without_a_folder_it_is_degraded_and_says_so(tmp_path: Path) -> None:
    with following(tmp_path / "none") as current:
        assert current.guard().search("robin").reason == "degraded:no_snapshot"
        assert current.trouble == "no_snapshot"


def test_it_follows_what_is_activated(make: Make, shelved: Path, signer: Signer) -> None:
    first, second = make(["firecrest"]), make(["kittiwake"])
    with following(shelved) as current:
        assert current.guard().search("robin").verdict is Verdict.BLOCK
        shelf.publish(shelved, first, signer)
        assert served(current) == first.version
        same = current.guard()
        current.look()
        assert current.guard() is same
        shelf.publish(shelved, second, signer)
        assert served(current) == second.version
        assert (current.trouble, current.swaps) == ("", 2)
        shelf.rollback(shelved, signer)
        assert served(current) == first.version


def test_a_thread_looks_by_itself(make: Make, shelved: Path, signer: Signer) -> None:
    built = make()
    with following(shelved, every=0.01) as current:
        shelf.publish(shelved, built, signer)
        until = time.monotonic() + 30
        while current.guard().search("robin").snapshot_version != built.version and time.monotonic() < until:
            time.sleep(0.01)
        assert current.guard().search("robin").snapshot_version == built.version


@pytest.mark.parametrize("broken", ["corrupt", "half", "foreign", "gone"])
def test_one_that_cannot_be_believed_leaves_the_last_good_one(
    make: Make, shelved: Path, signer: Signer, broken: str
) -> None:
    first, second = make(["firecrest"]), make(["kittiwake"])
    shelf.publish(shelved, first, signer)
    with following(shelved) as current:
        good = current.guard()
        path = shelf.publish(shelved, second, signer)
        whole = path.read_bytes()
        if broken == "gone":
            path.unlink()
        elif broken == "foreign":
            shelf.put(shelved, second, signing.new())
        else:
            path.unlink()
            path.write_bytes(whole[: len(whole) // 2] if broken == "half" else whole[:-1] + bytes([whole[-1] ^ 1]))
        current.look()
        assert current.guard() is good
        assert current.trouble == "unreadable_snapshot"
        shelf.publish(shelved, second, signer)
        assert served(current) == second.version
        assert current.trouble == ""
        (shelved / "current").unlink()
        assert served(current) == second.version
        assert current.trouble == "no_snapshot"


def test_a_first_one_that_is_corrupt_is_degraded(make: Make, shelved: Path, signer: Signer) -> None:
    path = shelf.publish(shelved, make(), signer)
    path.write_bytes(b"half")
    with following(shelved) as current:
        assert current.guard().search("robin").reason == "degraded:unreadable_snapshot"


def test_an_activation_that_was_seen_before_is_refused_when_it_is_put_back(
    make: Make, shelved: Path, signer: Signer
) -> None:
    """Whoever can write to the folder, and has no key, cannot make a guard go back."""
    first, second = make(["firecrest"]), make(["kittiwake"])
    shelf.publish(shelved, first, signer)
    old = (shelved / "current").read_bytes()
    shelf.publish(shelved, second, signer)
    with following(shelved) as current:
        (shelved / "current").write_bytes(old)
        assert served(current) == second.version
        assert current.trouble == "replayed_activation"


def test_an_activation_from_the_future_is_refused(make: Make, shelved: Path, signer: Signer) -> None:
    first, second = make(["firecrest"]), make(["kittiwake"])
    shelf.publish(shelved, first, signer)
    with following(shelved) as current:
        shelf.publish(shelved, second, signer, datetime.now(UTC) + timedelta(minutes=6))
        assert served(current) == first.version
        assert current.trouble == "activation_from_the_future"


def test_one_that_is_too_old_is_refused_while_there_is_a_fresh_one(make: Make, shelved: Path, signer: Signer) -> None:
    fresh = make(["firecrest"])
    old = make(["kittiwake"], created_at=datetime.now(UTC) - timedelta(hours=POLICY.max_age_hours + 1))
    shelf.publish(shelved, fresh, signer)
    with following(shelved) as current:
        shelf.publish(shelved, old, signer)
        assert served(current) == fresh.version
        assert current.trouble == "old_snapshot"
    with following(shelved) as current:  # there is no other one now: it answers as the policy says, and says so
        assert current.guard().search("robin").degraded == "stale_snapshot"


def test_the_same_content_published_again_is_younger(make: Make, shelved: Path, signer: Signer) -> None:
    """A platform on which nothing happens, and which publishes every day, is never stale."""
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    day, next_day = make(created_at=now), make(created_at=now + 30 * hour)
    assert day.version == next_day.version
    clock = Clock(now)
    shelf.publish(shelved, day, signer, now)
    with following(shelved, clock=clock.read) as current:
        delta.write(shelved, change(day, 2, "cy"), signer)
        current.look()
        clock.at = now + 30 * hour
        shelf.publish(shelved, next_day, signer, clock.at)
        delta.write(shelved, change(day, 1, "ed"), signer)
        current.look()
        assert current.trouble == "replayed_delta"
        assert current.guard().suggest(None, ["cy", "ed"]).kept == ["ed", "cy"]
        clock.at = now + (POLICY.max_age_hours + 1) * hour
        assert current.guard().search("robin").degraded == ""
        clock.at += 30 * hour
        assert current.guard().search("robin").degraded == "stale_snapshot"


def change(base: Built, sequence: int, account: str) -> Delta:
    flags = table([(account, "account:hits", 0.5, None)])
    return Delta(base.version, sequence, datetime.now(UTC), flags, {"#mere": 0.9})


def test_a_delta_is_laid_over_its_snapshot_and_swapped_for_the_next(make: Make, shelved: Path, signer: Signer) -> None:
    base = make(["firecrest"], {"network:nearby": ["ny"], "account:minor": ["kid"]})
    shelf.publish(shelved, base, signer)
    with following(shelved) as current:
        delta.write(shelved, change(base, 1, "ny"), signer)
        current.look()
        slate = current.guard().suggest("kid", ["ny", "cy"])
        assert slate.kept == ["cy"]
        assert current.guard().hashtag("mere").reason == "tag:network"
        delta.write(shelved, change(base, 2, "cy"), signer)
        current.look()
        assert current.guard().suggest(None, ["cy", "ed"]).kept == ["ed", "cy"]
        assert current.guard().suggest("kid", ["ny", "ed"]).kept == ["ed"]  # what the snapshot knows still holds
        delta.file_of(shelved, base.version).unlink()
        current.look()
        assert current.guard().suggest(None, ["cy", "ed"]).kept == ["cy", "ed"]


def test_a_delta_weakens_nothing(make: Make, shelved: Path, signer: Signer) -> None:
    base = make(accounts={"account:hits": ["cy"]}, tags={"mere": 0.9, "wood": 0.9})
    shelf.publish(shelved, base, signer)
    with following(shelved) as current:
        less = table([("cy", "account:hits", 0.05, datetime(2026, 1, 1, tzinfo=UTC))])
        delta.write(shelved, Delta(base.version, 1, datetime.now(UTC), less, {"mere": 0.1}), signer)
        current.look()
        assert current.last_swap is not None
        assert current.last_swap.sequence == 1
        assert current.guard().hashtag("mere").reason == "tag:network"
        assert current.guard().hashtag("wood").reason == "tag:network"
        assert current.guard().suggest(None, ["cy", "ed"]).kept == ["ed", "cy"]


def test_a_delta_that_cannot_be_believed_leaves_the_one_before(make: Make, shelved: Path, signer: Signer) -> None:
    base = make()
    shelf.publish(shelved, base, signer)
    with following(shelved) as current:
        path = delta.write(shelved, change(base, 2, "cy"), signer)
        second = path.read_bytes()
        current.look()
        for content, trouble in ((second[:-1], "unreadable_delta"), (b"", "unreadable_delta")):
            path.chmod(0o644)
            path.write_bytes(content)
            current.look()
            assert current.trouble == trouble
            assert current.guard().suggest(None, ["cy", "ed"]).kept == ["ed", "cy"]
        delta.write(shelved, change(base, 1, "ed"), signer)
        current.look()
        assert current.trouble == "replayed_delta"
        assert current.guard().suggest(None, ["cy", "ed"]).kept == ["ed", "cy"]
        delta.write(shelved, change(make(["kittiwake"]), 3, "ed"), signer).rename(path)
        current.look()
        assert current.trouble == "unreadable_delta"
        assert current.guard().suggest(None, ["cy", "ed"]).kept == ["ed", "cy"]


def test_no_question_goes_unanswered_while_snapshots_are_swapped(make: Make, shelved: Path, signer: Signer) -> None:
    """Every answer comes from one of the two, whole: the term that it blocks is its own snapshot's."""
    birds = {"firecrest": make(["firecrest"]), "kittiwake": make(["kittiwake"])}
    blocked = {built.version: bird for bird, built in birds.items()}
    for built in birds.values():
        shelf.publish(shelved, built, signer)
    wrong: list[object] = []
    done = Event()

    def ask(current: Current) -> None:
        while not done.is_set():
            try:
                guard = current.guard()
                said = {bird: guard.search(bird) for bird in birds}
                version = said["firecrest"].snapshot_version
                if any((one.verdict is Verdict.BLOCK) != (bird == blocked[version]) for bird, one in said.items()):
                    wrong.append(said)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                wrong.append(error)

    with following(shelved, every=0.001) as current:
        asker = Thread(target=ask, args=(current,))
        asker.start()
        for _ in range(40):
            shelf.rollback(shelved, signer)
            time.sleep(0.005)
        done.set()
        asker.join()
        assert not wrong
        assert current.swaps > 10
