import os
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cases.conftest import Room
from tests.cases.planning import SUSPEND, Bench
from tests.processes import PROCESSES

from ringfence.cases import appeals, execution, outbox, undo
from ringfence.cases.appeals import Decision
from ringfence.cases.database import Database
from ringfence.cases.plan import Plan
from ringfence.discovery import reviewed, vetted
from ringfence.discovery.reviewed import Label
from ringfence.enforcement import feedback
from ringfence.enforcement.feedback import Delivered, deliver
from ringfence.guard.limits import journal
from ringfence.guard.limits import state as limit_state
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

KILLED = 9


@pytest.fixture
def bench(room: Room, tmp_path: Path) -> Bench:
    """Members that the platform's events tell of, but for one."""
    names = ["ant", "bee", "cat", "robin", "owl"]
    ages = pa.array([14 if name == "robin" else None for name in names], pa.int32())
    pq.write_table(pa.table({"account_id": names, "declared_age": ages}), tmp_path / "accounts.parquet")
    load(room.workspace, [tmp_path / "accounts.parquet"])
    vetted.add(room.workspace, ["owl"], Opinion.POSITIVE, "test")
    return Bench(room, ("ant", "bee", "cat", "dog"))


def done(bench: Bench) -> Plan:
    made = bench.approved(SUSPEND)
    bench.whole(bench.begin(made))
    return made


def labels(bench: Bench) -> dict[str, Label]:
    return {name: one.label for name, one in _standing(bench).items()}


def _standing(bench: Bench) -> dict[str, reviewed.Answer]:
    return reviewed.standing(reviewed.history(bench.room.workspace).to_pylist())


def limited(bench: Bench) -> list[str]:
    state = limit_state.fold(journal.read(bench.room.workspace).batches)
    return sorted(limit_state.confirmed(state)["account_id"].to_pylist())


def told(bench: Bench) -> Delivered:
    return deliver(bench.room.workspace, bench.room.database)


def test_what_was_done_becomes_labels_and_limits_and_what_was_undone_takes_them_back(bench: Bench) -> None:
    made = done(bench)
    assert told(bench) == Delivered(labels=3, limits=3, unusable=2)
    assert labels(bench) == {"ant": Label.YES, "bee": Label.YES, "cat": Label.YES}
    assert limited(bench) == ["ant", "bee", "cat"]
    assert {row["by"].split(",")[0] for row in reviewed.history(bench.room.workspace).to_pylist()} == {"finch"}
    with bench.act() as within:
        assert outbox.troubles(within, made.plan_id).keys() == {"dog"}
    assert told(bench) == Delivered()
    with bench.act() as within:
        undo.order(within, made.plan_id, "it was wrong")
        run = execution.begin_undo(within, made.plan_id)
    bench.whole(run)
    told(bench)
    assert set(labels(bench).values()) == {Label.UNSURE}
    assert limited(bench) == []


def test_an_overturned_appeal_says_no_lifts_and_doubts_a_seed(bench: Bench) -> None:
    made = done(bench)
    values = {"plan": made.plan_id}
    for account in ("ant", "bee"):
        bench.room.run(f"INSERT INTO plan_rests VALUES ('own', :plan, '{account}', 'owl')", **values)
    told(bench)
    for account in ("ant", "bee"):
        with bench.act() as within:
            appeal = appeals.receive(within, account, "I watch birds")
        with bench.act(bench.gull) as within:
            appeals.decide(within, appeal, Decision.OVERTURN, "sorry")
    with bench.act() as within:
        run = execution.begin_undo(within, made.plan_id)
    bench.whole(run)
    told(bench)
    assert labels(bench) == {"ant": Label.NO, "bee": Label.NO, "cat": Label.YES}
    assert limited(bench) == ["cat"]
    (owl,) = vetted.read(bench.room.workspace)
    assert owl.opinion is Opinion.DISPUTED
    assert owl.last.by == "gull"


def test_a_likely_minor_is_not_limited_whoever_says_so(bench: Bench) -> None:
    made = done(bench)
    with bench.act(bench.finch) as within:
        outbox.put(within, outbox.Kind.LIMIT, made.plan_id, "finch", made.plan_id, ["robin"])
    told(bench)
    assert limited(bench) == ["ant", "bee", "cat"]
    with bench.act() as within:
        assert "child" in outbox.troubles(within, made.plan_id)["robin"]


def test_it_waits_while_somebody_else_writes_and_nothing_is_lost(bench: Bench) -> None:
    done(bench)
    with bench.room.workspace.lock(), pytest.raises(Fault, match="is writing here"):
        told(bench)
    with feedback._alone(bench.room.workspace), pytest.raises(Fault, match="already"):
        told(bench)
    assert told(bench) == Delivered(labels=3, limits=3, unusable=2)


def _die(path: Path, at: object, last: int) -> None:
    """Deliver, and die at some step: before or after a parcel is taken, handed over or written down."""
    workspace, past = Workspace.open(path), [0]
    database = Database.open(workspace, lambda _: at)  # type: ignore[arg-type, return-value]

    def here() -> None:
        past[0] += 1
        if past[0] == last:
            os._exit(KILLED)

    place, delivered, take = feedback._place, outbox.delivered, outbox.take

    def placed(kind: outbox.Kind) -> feedback.Place:
        def over(*given: object) -> str:
            here()
            receipt = place(kind)(*given)  # type: ignore[arg-type]
            here()
            return receipt

        return over

    feedback._place = placed
    outbox.delivered = lambda *given: (here(), delivered(*given), here())[1]  # type: ignore[func-returns-value]
    outbox.take = lambda *given: (here(), take(*given))[1]  # type: ignore[func-returns-value]
    deliver(workspace, database)


def test_killed_at_every_step_each_thing_is_told_once(bench: Bench) -> None:
    done(bench)
    room = bench.room
    for last in range(1, 60):
        given = (room.workspace.path, room.clock.now + timedelta(minutes=last), last)
        process = PROCESSES.Process(target=_die, args=given)
        process.start()
        process.join()
        assert process.exitcode in {0, KILLED}
        if process.exitcode == 0:
            break
    batches = journal.read(room.workspace).batches
    assert Counter(account for one in batches for account in one.accounts) == {"ant": 1, "bee": 1, "cat": 1}
    rows = reviewed.history(room.workspace).to_pylist()
    assert Counter(row["account_id"] for row in rows) == {"ant": 1, "bee": 1, "cat": 1}
    assert room.run("SELECT count(*) FROM outbox WHERE delivered_at IS NULL")[0][0] == 0
    acts = [row[0] for row in room.run("SELECT act FROM audit")]
    assert acts.count("outbox_delivered") == room.run("SELECT count(DISTINCT parcel) FROM outbox")[0][0]
