from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.policies import trial_files, versions
from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy, default_policy
from ringfence.guard.policies.trial import Mode, Trial
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace

POLICY = default_policy()
NEXT = Policy.parse(DEFAULT_POLICY.replace('version = "1"', 'version = "2"'), "next.toml")
KEY = bytes(range(16))
SHARES = st.floats(0, 1)


def percent(share: float, key: bytes = KEY) -> Trial:
    return Trial(POLICY, Mode.PERCENT, share, key)


@given(st.text(), SHARES, SHARES)
def test_a_larger_share_keeps_everybody_who_was_in_it(viewer: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert percent(large).takes(viewer) or not percent(small).takes(viewer)


@given(st.text(min_size=1), SHARES)
def test_the_same_viewer_always_gets_the_same_policy(viewer: str, share: float) -> None:
    again = Trial.unpacked(percent(share).packed(), "x")
    assert again.takes(viewer) == percent(share).takes(viewer)
    assert not percent(0.0).takes(viewer)
    assert percent(1.0).takes(viewer)


@given(st.text(), SHARES)
def test_nobody_is_in_shadow_and_nobody_unknown_is_on_trial(viewer: str, share: float) -> None:
    assert not Trial(POLICY, Mode.SHADOW, share, KEY).takes(viewer)
    assert not percent(1.0).takes("")
    assert not percent(1.0).takes(None)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_draw_is_even(share: float) -> None:
    """Within five standard deviations of the share, over ids that differ in their last digits only."""
    count = 40_000
    taken = np.array([percent(share).takes(f"account-{number}") for number in range(count)])
    spread = (share * (1 - share) / count) ** 0.5
    assert abs(taken.mean() - share) < 5 * spread
    halves = taken.reshape(2, -1).mean(axis=1)
    assert abs(halves[0] - halves[1]) < 5 * spread * 2


def test_another_key_draws_other_viewers() -> None:
    ids = [str(number) for number in range(2_000)]
    one, other = ({name for name in ids if percent(0.5, key).takes(name)} for key in (KEY, KEY[::-1]))
    assert abs(len(one & other) / len(ids) - 0.25) < 0.05


def test_a_packed_trial_is_the_same_again_and_a_damaged_one_is_a_fault() -> None:
    trial = percent(0.25)
    packed = trial.packed()
    assert Trial.unpacked(packed, "x") == trial
    for damaged in (packed[:-1], packed.replace(b"percent", b"parcent"), b"", packed.replace(b'"block"', b'"allow"')):
        with pytest.raises(Fault, match=r"^x"):
            Trial.unpacked(damaged, "x")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "platform")
    workspace.policy_file.write_text(DEFAULT_POLICY)
    return workspace


def test_a_trial_is_kept_and_audited_until_it_ends(place: Workspace) -> None:
    assert trial_files.read(place) is None
    started = trial_files.start(place, NEXT, Mode.PERCENT, 0.05)
    assert trial_files.read(place) == started
    trial_files.end(place)
    assert trial_files.read(place) is None
    with pytest.raises(Fault, match="no policy is on trial"):
        trial_files.end(place)
    acts = [(entry.action, entry.subject) for entry in audit.read(place)]
    assert acts == [
        (audit.Action.POLICY_CHANGED, "trial of 2, percent, 5.0%"),
        (audit.Action.POLICY_CHANGED, "end of the trial"),
    ]


def test_the_key_stays_while_there_is_a_trial_and_not_longer(place: Workspace) -> None:
    first = trial_files.start(place, NEXT, Mode.PERCENT, 0.05)
    grown = trial_files.start(place, NEXT, Mode.PERCENT, 0.5)
    assert grown.key == first.key
    viewers = [str(number) for number in range(500)]
    assert all(grown.takes(viewer) for viewer in viewers if first.takes(viewer))
    trial_files.end(place)
    assert trial_files.start(place, NEXT, Mode.SHADOW, 0.0).key != first.key


def test_a_policy_edited_while_on_trial_is_refused(place: Workspace) -> None:
    trial_files.start(place, NEXT, Mode.SHADOW, 0.0)
    file = place.path / "policy.trial.toml"
    file.write_text(file.read_text().replace('"drop"', '"demote"', 1))
    with pytest.raises(Fault, match="changed while on trial"):
        trial_files.read(place)
    file.unlink()
    with pytest.raises(Fault, match="cannot be read"):
        trial_files.read(place)
    (place.path / "policy.trial.json").write_text("{}")
    with pytest.raises(Fault, match="it says no trial"):
        trial_files.read(place)


def test_promoting_makes_it_active_and_ends_the_trial(place: Workspace) -> None:
    trial_files.start(place, NEXT, Mode.PERCENT, 0.5)
    versions.promote(place, NEXT)
    assert place.policy_file.read_text() == NEXT.text
    assert trial_files.read(place) is None
    versions.rollback(place)
    assert place.policy_file.read_text() == DEFAULT_POLICY


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, at: int) -> Iterator[None]:
    """The disk is full when a file is put in its place for the `at`-th time."""
    done = count(1)
    real = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if next(done) == at:
            raise OSError(28, "No space left on device")
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        yield


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_write_that_fails_leaves_no_half_trial(place: Workspace, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Whichever of three files fails, the audit's end among them: no trial, or a clear fault, and never another's."""
    with full_disk(monkeypatch, call), pytest.raises(Fault, match="No space left"):
        trial_files.start(place, NEXT, Mode.PERCENT, 0.5)
    assert trial_files.read(place) is None
    trial_files.start(place, NEXT, Mode.PERCENT, 0.5)
    other = Policy.parse(NEXT.text.replace('version = "2"', 'version = "3"'), "x")
    with full_disk(monkeypatch, call), pytest.raises(Fault, match="No space left"):
        trial_files.start(place, other, Mode.PERCENT, 0.9)
    if call < 3:
        kept = trial_files.read(place)
        assert kept is not None
        assert (kept.policy, kept.share) == (NEXT, 0.5)
    else:
        with pytest.raises(Fault, match="changed while on trial"):
            trial_files.read(place)
