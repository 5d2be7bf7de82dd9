from datetime import timedelta
from pathlib import Path

import pytest
from tests.guard.limits.parts import ALL, DAYS, PER_DAY, SHARE, THEN, names, policy, scored
from tests.processes import PROCESSES

from ringfence.guard.limits import journal, lists
from ringfence.guard.limits.automatic import apply, in_force
from ringfence.guard.limits.reviews import confirm, undo
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def test_the_breaker_holds_what_is_beyond_twice_the_cap(place: Workspace) -> None:
    sure = {name: 0.8 + n / 100 for n, name in enumerate(ALL[: 2 * PER_DAY])}
    done = apply(place, scored(sure), policy(), THEN)
    assert (done.limited, done.held, done.tripped) == (PER_DAY, PER_DAY, "per_day")
    assert names(in_force(place, THEN)) == ALL[PER_DAY : 2 * PER_DAY]  # the surest
    held = lists.held(place, THEN)
    assert held["account_id"].to_pylist() == ALL[PER_DAY - 1 :: -1]  # the surest first
    assert set(held["why"].to_pylist()) == {"per_day"}


def test_equal_probabilities_go_by_rank_and_then_by_id(place: Workspace) -> None:
    tied = scored(dict.fromkeys(["a09", "a01", "a05", "a03"], 0.99))
    apply(place, tied, policy(per_day=2), THEN)
    assert names(in_force(place, THEN)) == ["a01", "a09"]


def test_the_cap_of_a_day_holds_over_many_runs_and_frees_after_it(place: Workspace) -> None:
    for hour, name in enumerate(ALL[: 2 * PER_DAY]):
        apply(place, scored({name: 0.99}), policy(), THEN + timedelta(hours=hour))
    assert len(lists.limited(place, THEN)) == PER_DAY
    everybody = scored(dict.fromkeys(ALL[:20], 0.99))
    day = timedelta(hours=24)
    assert apply(place, everybody, policy(), THEN + day).limited == 0  # the first was set 24 hours ago, and no more
    assert apply(place, everybody, policy(), THEN + day + timedelta(microseconds=1)).limited == 1


def test_the_share_of_all_accounts_holds_at_any_time(place: Workspace) -> None:
    found, most = scored(dict.fromkeys(ALL[:30], 0.99)), int(SHARE * len(ALL))
    done = apply(place, found, policy(per_day=100), THEN)
    assert (done.limited, done.held, done.tripped) == (most, 30 - most, "per_share")
    confirm(place, names(in_force(place, THEN))[:2], "wren", now=THEN)  # no longer automatic
    assert apply(place, found, policy(per_day=100), THEN).limited == 2


def test_a_clock_that_goes_back_frees_no_room(place: Workspace) -> None:
    found = scored(dict.fromkeys(ALL[:30], 0.99))
    apply(place, found, policy(), THEN)
    for back in (1, 47, 24 * 365):
        assert apply(place, found, policy(), THEN - timedelta(hours=back)).limited == 0
    later = THEN + timedelta(days=DAYS)
    apply(place, found, policy(), later)  # all new ones: those before have ended
    assert names(in_force(place, THEN)) == names(in_force(place, later))


def test_a_run_dated_ahead_by_a_wrong_clock_can_be_undone(place: Workspace) -> None:
    ahead = apply(place, scored({"a01": 0.99}), policy(per_day=1), THEN + timedelta(days=365))
    found = scored(dict.fromkeys(ALL[:30], 0.99))
    assert apply(place, found, policy(per_day=1), THEN).limited == 0
    undo(place, ahead.batch, "wren", now=THEN)
    assert apply(place, found, policy(per_day=1), THEN + timedelta(hours=24)).limited == 0  # it was set that day
    after = THEN + timedelta(hours=24, microseconds=1)
    assert apply(place, found, policy(per_day=1), after).limited == 1
    assert names(in_force(place, after)) == ["a00"]


def test_undoing_back_and_forth_frees_no_room(place: Workspace) -> None:
    found = scored(dict.fromkeys(ALL[:30], 0.99))
    ahead = apply(place, found, policy(), THEN + timedelta(hours=30))
    undo(place, ahead.batch, "wren", now=THEN)
    assert apply(place, found, policy(), THEN + timedelta(hours=1)).limited == 0
    undo(place, 2, "wren", now=THEN + timedelta(hours=2))  # the undo
    assert apply(place, found, policy(), THEN + timedelta(hours=3)).limited == 0
    undo(place, ahead.batch, "wren", now=THEN + timedelta(hours=4))
    assert apply(place, found, policy(), THEN + timedelta(hours=23)).limited == 0
    assert apply(place, found, policy(), THEN + timedelta(hours=25)).limited == PER_DAY


def test_an_undone_run_still_counts_against_the_day(place: Workspace) -> None:
    done = apply(place, scored(dict.fromkeys(ALL[:PER_DAY], 0.99)), policy(), THEN)
    undo(place, done.batch, "wren", now=THEN)
    assert apply(place, scored(dict.fromkeys(ALL[:30], 0.99)), policy(), THEN).limited == 0


def _apply_often(path: Path, first: int) -> None:
    workspace = Workspace.open(path)
    for name in ALL[first : first + 10]:
        try:
            apply(workspace, scored({name: 0.99}), policy(per_day=5), THEN)
        except Fault as fault:  # the other one is writing
            if "another ringfence command" not in str(fault):
                raise


@pytest.mark.usefixtures("importable")
def test_two_processes_at_once_do_not_pass_the_cap(place: Workspace) -> None:
    workers = [PROCESSES.Process(target=_apply_often, args=(place.path, first)) for first in (0, 10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    everybody = apply(place, scored(dict.fromkeys(ALL[:30], 0.99)), policy(per_day=5), THEN)
    assert everybody.held == 25
    assert len(in_force(place, THEN)) == 5
    numbers = [one.number for one in journal.read(place).batches]
    assert numbers == list(range(1, len(numbers) + 1))
