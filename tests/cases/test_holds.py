import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases.conftest import Room
from tests.cases.planning import Bench

from ringfence.cases import appeals, execution, holds, plan, undo
from ringfence.cases.faults import Forbidden, Stale
from ringfence.cases.holds import Hold
from ringfence.cases.plan import Phase
from ringfence.model.faults import Fault


@pytest.fixture
def bench(room: Room) -> Bench:
    return Bench(room)


def only(bench: Bench) -> Hold:
    with bench.act(bench.finch) as within:
        (found,) = holds.listed(within)
    return found


def purge(bench: Bench) -> list[str]:
    with bench.act(bench.finch) as within:
        return [one.hold_id for one in holds.purge(within)]


def test_an_approved_plan_holds_its_evidence_for_a_year(room: Room, bench: Bench) -> None:
    made = bench.approved()
    found = only(bench)
    assert found.until - found.at == timedelta(days=365)
    with bench.act(bench.finch) as within:
        _, text = holds.find(within, found.hold_id)
    told = json.loads(text)
    assert hashlib.sha256(text.encode()).hexdigest() == found.digest
    assert told["plan_digest"] == made.digest
    assert {one["account_id"] for one in told["members"]} == {"ant", "bee", "cat", "dog", "robin", "swift", "tern"}
    assert told["plan"]["preview"]["steps"][0]["evidence"]["reasons"]
    assert not {"image", "picture", "media", "bytes", "thumbnail"} & set(text.replace('"', " ").split())
    assert bench.acts()[-1] == "hold_read"
    room.run("UPDATE holds SET content = replace(content, 'ant', 'bat')")
    with bench.act(bench.finch) as within, pytest.raises(Fault, match="not what was held"):
        holds.find(within, found.hold_id)


def test_what_is_purged_is_gone_and_the_audit_says_what_it_was(room: Room, bench: Bench) -> None:
    made = bench.approved()
    bench.whole(bench.begin(made))
    with bench.act() as within:
        appeal = appeals.receive(within, "ant", "I watch birds")
    found = only(bench)
    room.clock.later(days=364, hours=23)
    assert purge(bench) == []
    room.clock.later(hours=1)
    assert purge(bench) == [found.hold_id]
    assert purge(bench) == []
    assert room.run("SELECT content FROM holds")[0][0] is None
    assert room.run("SELECT content FROM plans")[0][0] is None
    detail = json.loads(room.run("SELECT detail FROM audit WHERE act = 'hold_purged'")[0][0])
    assert detail["digest"] == found.digest
    assert detail["as_held"] is True
    with bench.act(bench.finch) as within, pytest.raises(Stale, match="was purged"):
        holds.find(within, found.hold_id)
    with bench.act(bench.gull) as within:
        appeals.decide(within, appeal, appeals.Decision.OVERTURN, "yes")
    with bench.act() as within:
        assert undo.order(within, made.plan_id, "still possible without its evidence").ordered == 6
        assert execution.begin_undo(within, made.plan_id)


# What is in the files of a PostgreSQL server is its VACUUM's to say.
@pytest.mark.parametrize("room", ["sqlite"], indirect=True)
def test_what_is_purged_is_in_no_byte_of_the_file(room: Room, bench: Bench) -> None:
    mark = b"kittiwake" * 40
    made = bench.approved()
    bench.whole(bench.begin(made))
    room.run("UPDATE holds SET content = :mark || content || :mark", mark=mark.decode())
    room.clock.later(days=366)
    room.database.close()
    assert mark in room.workspace.cases_file.read_bytes()
    assert purge(bench)
    room.database.close()
    assert mark not in b"".join(one.read_bytes() for one in room.workspace.path.glob("cases.sqlite*"))


def test_evidence_that_was_changed_is_purged_and_told_of(room: Room, bench: Bench) -> None:
    made = bench.approved()
    bench.whole(bench.begin(made))
    room.run("UPDATE holds SET content = 'forged'")
    room.clock.later(days=366)
    assert purge(bench)
    detail = json.loads(room.run("SELECT detail FROM audit WHERE act = 'hold_purged'")[0][0])
    assert detail["as_held"] is False
    assert detail["digest"] == hashlib.sha256(b"forged").hexdigest()


@pytest.mark.parametrize("reached", ["approved", "stopped", "undoing"])
def test_what_an_unfinished_plan_rests_on_stays(room: Room, bench: Bench, reached: str) -> None:
    made = bench.approved()
    if reached != "approved":
        bench.step(bench.begin(made))
        room.clock.later(minutes=4)
        with bench.act() as within:
            (execution.stop if reached == "stopped" else undo.order)(within, made.plan_id, "why")
    with bench.act() as within:
        assert plan.seen(within, made.plan_id).status == Phase(reached)
    room.clock.later(days=400)
    assert purge(bench) == []


def test_a_clock_is_set_forward_and_never_back(bench: Bench) -> None:
    bench.approved()
    found = only(bench)
    for until, why in ((found.until, "why"), (found.until - timedelta(days=1), "why"), (found.until, " ")):
        with bench.act(bench.finch) as within, pytest.raises(Fault):
            holds.extend(within, found.hold_id, until, why)
    later = found.until + timedelta(days=90)
    with bench.act(bench.finch) as within:
        holds.extend(within, found.hold_id, later, "asked for by a court")
    assert only(bench).until == later


def test_a_legal_hold_outlasts_every_clock_until_it_is_lifted(room: Room, bench: Bench) -> None:
    bench.whole(bench.begin(bench.approved()))
    hold_id = only(bench).hold_id
    with bench.act(bench.finch) as within:
        holds.set_legal(within, hold_id, "court order 12")
    with bench.act(bench.finch) as within, pytest.raises(Stale, match="legal hold of finch"):
        holds.set_legal(within, hold_id, "again")
    room.clock.later(days=9_999)
    assert purge(bench) == []
    with bench.act(bench.gull) as within:
        holds.lift_legal(within, hold_id, "the court is done")
    assert purge(bench) == [hold_id]
    for act in (holds.set_legal, holds.lift_legal):
        with bench.act(bench.finch) as within, pytest.raises(Stale, match="was purged"):
            act(within, hold_id, "too late")


def test_a_case_is_held_without_a_plan(room: Room, bench: Bench) -> None:
    with bench.act(bench.finch) as within:
        hold_id = holds.place(within, bench.case_id, "a request of the police", 90)
    for days in (0, -1, 40_000):
        with bench.act(bench.finch) as within, pytest.raises(Fault):
            holds.place(within, bench.case_id, "why", days)
    for act in (
        lambda within: holds.place(within, bench.case_id, "why", 9),
        lambda within: holds.set_legal(within, hold_id, "why"),
        holds.purge,
    ):
        with bench.act(bench.wren) as within, pytest.raises(Forbidden):
            act(within)
    room.clock.later(days=91)
    assert purge(bench) == [hold_id]


def test_a_plan_keeps_its_content_while_another_hold_of_it_stays(room: Room, bench: Bench) -> None:
    made = bench.approved()
    bench.whole(bench.begin(made))
    with bench.act(bench.finch) as within:
        found = plan.seen(within, made.plan_id)
        case, _ = plan.lock(within, made.plan_id)
        second = holds.of_plan(within, case, plan.content(within, found), str(made.digest), 900)
    room.clock.later(days=366)
    assert len(purge(bench)) == 1
    with bench.act(bench.finch) as within:
        assert plan.has_content(within, made.plan_id)
    room.clock.later(days=900)
    assert purge(bench) == [second]
    with bench.act(bench.finch) as within:
        assert not plan.has_content(within, made.plan_id)


ACTS = st.lists(
    st.tuples(st.sampled_from(["legal", "lift", "extend", "wait", "purge"]), st.integers(1, 300)), max_size=12
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_nothing_is_purged_under_a_legal_hold_or_before_its_time(room: Room, acts: list[tuple[str, int]]) -> None:
    bench = _bench(room)
    with bench.act(bench.finch) as within:
        hold_id = holds.place(within, bench.case_id, "why", 100)
    until, legal, purged = room.clock.now + timedelta(days=100), False, False
    for name, days in acts:
        if name == "wait":
            room.clock.later(days=days)
        elif name == "purge":
            due = not legal and not purged and until <= room.clock.now
            assert (hold_id in purge(bench)) == due
            purged = purged or due
        else:
            changed = _try(bench, name, hold_id, until + timedelta(days=days))
            assert changed == (not purged and (name == "extend" or (name == "legal") != legal))
            until = until + timedelta(days=days) if changed and name == "extend" else until
            legal = (name == "legal") if changed and name != "extend" else legal


def _bench(room: Room) -> Bench:
    if not room.people:
        bench = Bench(room)
        room.people = {"finch": bench.finch}
        room.bench = bench  # type: ignore[attr-defined]
    return room.bench  # type: ignore[attr-defined, no-any-return]


def _try(bench: Bench, name: str, hold_id: str, until: object) -> bool:
    acts: dict[str, Callable[..., None]] = {
        "legal": lambda within: holds.set_legal(within, hold_id, "why"),
        "lift": lambda within: holds.lift_legal(within, hold_id, "why"),
        "extend": lambda within: holds.extend(within, hold_id, until, "why"),  # type: ignore[arg-type]
    }
    try:
        with bench.act(bench.finch) as within:
            acts[name](within)
    except Stale:
        return False
    return True
