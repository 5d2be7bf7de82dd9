import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.guard.policies import versions
from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace


def version(name: str) -> Policy:
    return Policy.parse(DEFAULT_POLICY.replace('version = "1"', f'version = "{name}"'), f"{name}.toml")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "platform")
    workspace.policy_file.write_text(DEFAULT_POLICY)
    return workspace


def active(place: Workspace) -> str:
    return Policy.parse(place.policy_file.read_text(), "x").version


def test_each_rollback_goes_one_further_back(place: Workspace) -> None:
    for name in ("2", "3", "4"):
        versions.activate(place, version(name))
    seen = []
    for _ in range(3):
        versions.rollback(place)
        seen.append(active(place))
    assert seen == ["3", "2", "1"]
    with pytest.raises(Fault, match="replaced no other"):
        versions.rollback(place)
    assert active(place) == "1"


def test_what_was_rolled_back_is_not_gone_back_to(place: Workspace) -> None:
    versions.activate(place, version("2"))
    versions.rollback(place)
    versions.activate(place, version("3"))
    versions.rollback(place)
    assert active(place) == "1"


def test_a_policy_edited_in_place_is_kept_and_gone_back_from(place: Workspace) -> None:
    versions.activate(place, version("2"))
    place.policy_file.write_text(version("by hand").text)
    versions.activate(place, version("3"))
    versions.rollback(place)
    assert active(place) == "by hand"
    versions.rollback(place)
    assert active(place) == "2"


def test_from_a_policy_edited_in_place_the_way_back_is_the_last_one_activated(place: Workspace) -> None:
    versions.activate(place, version("2"))
    place.policy_file.write_text(version("by hand").text)
    versions.rollback(place)
    assert active(place) == "2"
    versions.rollback(place)
    assert active(place) == "1"


def test_every_change_is_written_down_with_who_made_it(place: Workspace) -> None:
    versions.activate(place, version("2"))
    versions.rollback(place)
    events = versions.history(place)
    assert [(event.act, event.version) for event in events] == [("activated", "2"), ("rolled_back", "1")]
    assert events[0].before == events[1].file
    entries = audit.read(place)
    assert [(entry.action, entry.who) for entry in entries] == [
        (audit.Action.POLICY_CHANGED, event.by) for event in events
    ]
    assert versions.read(place, events[0].file) == version("2")


def test_one_version_names_one_policy(place: Workspace) -> None:
    versions.activate(place, version("2"))
    other = Policy.parse(version("2").text.replace("per_day = 10_000", "per_day = 1"), "x")
    with pytest.raises(Fault, match="version '2' was used for another policy"):
        versions.activate(place, other)
    versions.rollback(place)
    with pytest.raises(Fault, match="version '2' was used for another policy"):
        versions.activate(place, other)
    versions.activate(place, version("2"))
    with pytest.raises(Fault, match="it is the active policy already"):
        versions.activate(place, version("2"))
    by_hand = Policy.parse(DEFAULT_POLICY.replace("per_day = 10_000", "per_day = 1"), "x")
    versions.rollback(place)
    with pytest.raises(Fault, match="version '1' was used for another policy"):
        versions.activate(place, by_hand)


def test_a_policy_out_of_order_can_be_replaced(place: Workspace) -> None:
    place.policy_file.write_text("version = ")
    versions.activate(place, version("2"))
    assert active(place) == "2"
    with pytest.raises(Fault, match="not readable as TOML"):
        versions.rollback(place)
    assert active(place) == "2"


def test_a_kept_policy_that_was_changed_is_not_gone_back_to(place: Workspace) -> None:
    before = versions.activate(place, version("2")).before
    file = place.path / "policies" / f"{before}.toml"
    file.write_text(file.read_text().replace('"block"', '"drop"'))
    with pytest.raises(Fault, match="it is not as it was kept"):
        versions.rollback(place)
    file.unlink()
    with pytest.raises(Fault, match="cannot be read"):
        versions.rollback(place)
    (place.path / "policies" / "history.jsonl").write_text("{}\n")
    with pytest.raises(Fault, match="no event"):
        versions.rollback(place)
    assert active(place) == "2"


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


@pytest.mark.parametrize("call", range(1, 5))
def test_a_write_that_fails_leaves_the_active_policy(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Of both policies kept, the history and the active one, in that order; and the next try works."""
    with full_disk(monkeypatch, call), pytest.raises(Fault, match="No space left"):
        versions.activate(place, version("2"))
    assert active(place) == "1"
    versions.activate(place, version("2"))
    assert active(place) == "2"
    versions.rollback(place)
    assert active(place) == "1"
    with pytest.raises(Fault, match="replaced no other"):
        versions.rollback(place)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["back", *"abcd"]), max_size=10))
def test_it_is_a_stack_whatever_the_order(tmp_path: Path, steps: list[str]) -> None:
    shutil.rmtree(tmp_path / "p", ignore_errors=True)
    place = Workspace.create(tmp_path / "p")
    place.policy_file.write_text(DEFAULT_POLICY)
    stack = ["1"]
    for step in steps:
        if step == "back" and len(stack) > 1:
            versions.rollback(place)
            stack.pop()
        elif step not in {"back", stack[-1]}:
            versions.activate(place, version(step))
            stack.append(step)
        assert active(place) == stack[-1]
