from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.guard.limits.parts import ALL, DAYS, DECLARED, READS, THEN, names, policy, scored

from ringfence.discovery import reviewed, vetted
from ringfence.discovery.reviewed import Answer, Label
from ringfence.guard.limits import journal, lists
from ringfence.guard.limits.automatic import apply, in_force
from ringfence.guard.limits.reviews import confirm, lift, undo
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Opinion, Table
from ringfence.store import audit
from ringfence.store.load import load
from ringfence.store.workspace import Workspace


def test_a_sure_account_is_limited_for_so_many_days(place: Workspace) -> None:
    done = apply(place, scored({"a01": 0.97, "a02": 0.79, "a03": 0.8}), policy(), THEN)
    assert (done.batch, done.limited, done.held, done.care, done.tripped) == (1, 2, 0, 0, "")
    rows = in_force(place, THEN).sort_by("account_id").to_pylist()
    assert [(row["account_id"], row["signal"], round(row["strength"], 6)) for row in rows] == [
        ("a01", "limit:automatic", 0.95),
        ("a03", "limit:automatic", 0.8),
    ]
    assert {row["until"] for row in rows} == {THEN + timedelta(days=DAYS)}
    assert names(in_force(place, THEN + timedelta(days=DAYS, microseconds=-1))) == ["a01", "a03"]
    assert names(in_force(place, THEN + timedelta(days=DAYS))) == []


def test_a_limit_ends_with_a_day_and_never_early(place: Workspace) -> None:
    apply(place, scored({"a01": 0.97}), policy(), THEN + timedelta(microseconds=1))
    apply(place, scored({"a02": 0.97}), policy(), THEN + timedelta(hours=23))
    assert set(in_force(place, THEN)["until"].to_pylist()) == {THEN + timedelta(days=DAYS + 1)}


def test_while_nothing_is_calibrated_members_are_limited_or_nobody(place: Workspace) -> None:
    found = scored({"a01": None, "a02": None})
    assert apply(place, found, policy(uncalibrated="none"), THEN).limited == 0
    assert apply(place, scored({"a04": None}, network=None), policy(), THEN).limited == 0
    assert apply(place, found, policy(), THEN).limited == 2
    assert in_force(place, THEN)["strength"].to_pylist() == [1.0, 1.0]


def test_one_probability_makes_the_cut_by_discovery_count_no_longer(place: Workspace) -> None:
    assert apply(place, scored({"a01": None, "a02": 0.9, "a03": float("nan")}), policy(), THEN).limited == 1
    assert names(in_force(place, THEN)) == ["a02"]


def test_likely_minors_go_to_care_however_sure(place: Workspace) -> None:
    minors = scored({"a01": 1.0}, role="likely_minor")
    rest = scored({DECLARED: 0.99, READS: 0.99, "a02": 0.9})
    done = apply(place, pa.concat_tables([minors, rest]), policy(), THEN)
    assert (done.limited, done.care) == (1, 3)
    assert names(in_force(place, THEN)) == ["a02"]
    assert names(lists.care(place)) == ["a01", DECLARED, READS]
    for one in (DECLARED, READS):
        with pytest.raises(Fault, match="goes to care"):
            confirm(place, [one], "wren")


def test_whom_somebody_speaks_for_is_left_alone(place: Workspace) -> None:
    vetted.add(place, ["a01", "a02"], Opinion.NEGATIVE, "test", "wren")
    vetted.add(place, ["a02"], Opinion.POSITIVE, "test", "robin")
    reviewed.record(place, [Answer("a03", Label.NO), Answer("a04", Label.UNSURE), Answer("a05", Label.YES)], "wren")
    found = scored(dict.fromkeys(["a01", "a02", "a03", "a04", "a05"], 0.99))
    done = apply(place, found, policy(), THEN)
    assert names(in_force(place, THEN)) == ["a04", "a05"]
    assert (done.held, done.tripped) == (1, "")
    assert lists.held(place, THEN).select(["account_id", "why"]).to_pylist() == [
        {"account_id": "a02", "why": "disputed"}
    ]


def test_a_label_of_the_platform_speaks_too(place: Workspace, tmp_path: Path) -> None:
    rows = [
        {"account_id": "a01", "label": "member", "opinion": "negative", "at": THEN, "source": "x"},
        {"account_id": "a02", "label": "member", "opinion": "negative", "at": THEN, "source": "x"},
        {"account_id": "a02", "label": "member", "opinion": "positive", "at": THEN + timedelta(1), "source": "x"},
        {"account_id": "a03", "label": "spam", "opinion": "negative", "at": THEN, "source": "x"},
    ]
    pq.write_table(pa.Table.from_pylist(rows, EVENTS[Table.LABELS]), tmp_path / "labels.parquet")
    load(place, [tmp_path / "labels.parquet"])
    apply(place, scored(dict.fromkeys(["a01", "a02", "a03"], 0.99)), policy(), THEN)
    assert names(in_force(place, THEN)) == ["a02", "a03"]


def test_what_is_said_later_ends_an_automatic_limit_and_no_confirmed_one(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99, "a02": 0.99}), policy(), THEN)
    confirm(place, ["a02"], "wren", now=THEN)
    vetted.add(place, ["a01", "a02"], Opinion.NEGATIVE, "test", "robin")
    assert names(in_force(place, THEN)) == ["a02"]


def test_lists_have_whom_a_limit_takes_effect_on(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99, "a02": 0.99, "a03": 0.99}), policy(), THEN)
    confirm(place, ["a02"], "wren", now=THEN)
    vetted.add(place, ["a01", "a02"], Opinion.NEGATIVE, "test", "robin")
    assert names(lists.limited(place, THEN)) == names(in_force(place, THEN)) == ["a02", "a03"]
    told = lists.summary(place, THEN)
    assert (told.automatic, told.confirmed) == (1, 1)


def test_a_limit_that_has_ended_is_set_again_only_as_a_new_one(place: Workspace) -> None:
    found = scored({"a01": 0.99})
    apply(place, found, policy(), THEN)
    for day in range(DAYS):
        assert apply(place, found, policy(), THEN + timedelta(days=day)).batch == 0
    assert in_force(place, THEN)["until"].to_pylist() == [THEN + timedelta(days=DAYS)]
    later = THEN + timedelta(days=DAYS)
    assert names(lists.expired(place, later)) == ["a01"]
    assert apply(place, found, policy(per_day=0), later).held == 1
    assert apply(place, found, policy(), later).batch == 2
    assert in_force(place, later)["until"].to_pylist() == [later + timedelta(days=DAYS)]
    assert lists.expired(place, later).num_rows == 0


def test_a_confirmed_limit_does_not_end_and_a_lifted_one_does_not_come_back(place: Workspace) -> None:
    found = scored({"a01": 0.99, "a02": 0.99})
    apply(place, found, policy(), THEN)
    confirm(place, ["a01"], "wren", now=THEN)
    lift(place, ["a02"], "wren", "a bird watcher", now=THEN)
    for day in (0, DAYS, 400):
        apply(place, found, policy(), THEN + timedelta(days=day))
        rows = in_force(place, THEN + timedelta(days=day)).to_pylist()
        assert [(row["account_id"], row["signal"], row["until"]) for row in rows] == [("a01", "limit:confirmed", None)]
    assert names(lists.limited(place, THEN)) == ["a01"]
    assert lists.limited(place, THEN, "net-1").num_rows == 1
    assert lists.limited(place, THEN, "net-2").num_rows == 0


def test_undo_takes_a_run_back_and_it_is_not_repeated(place: Workspace) -> None:
    found = scored({"a01": 0.99, "a02": 0.99})
    apply(place, scored({"a03": 0.99}), policy(), THEN)
    before = in_force(place, THEN)
    done = apply(place, found, policy(), THEN)
    undone = undo(place, done.batch, "wren", now=THEN)
    assert undone.accounts == ("a01", "a02")
    assert in_force(place, THEN).equals(before)
    assert apply(place, found, policy(per_day=100), THEN + timedelta(days=2)).limited == 0
    undo(place, 3, "robin", now=THEN)  # the undo
    assert names(in_force(place, THEN)) == ["a01", "a02", "a03"]


def test_undo_leaves_what_people_did_since(place: Workspace) -> None:
    done = apply(place, scored({"a01": 0.99, "a02": 0.99}), policy(), THEN)
    confirm(place, ["a01"], "wren", now=THEN)
    undo(place, done.batch, "robin", now=THEN)
    assert names(in_force(place, THEN)) == ["a01"]


@pytest.mark.parametrize("number", [0, 2, -1, 99])
def test_only_a_batch_that_counts_is_undone(place: Workspace, number: int) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    with pytest.raises(Fault, match="there is none"):
        undo(place, number, "wren")
    undo(place, 1, "wren")
    with pytest.raises(Fault, match="undone already"):
        undo(place, 1, "wren")


def test_a_decision_has_a_name_a_reason_and_an_account(place: Workspace) -> None:
    with pytest.raises(Fault, match="names no person"):
        confirm(place, ["a01"], " ")
    with pytest.raises(Fault, match="names no person"):
        confirm(place, ["a01"], "ringfence")
    with pytest.raises(Fault, match="says why"):
        lift(place, ["a01"], "wren", " ")
    for strange in ("kittiwake", "\udcff", ""):
        with pytest.raises(Fault, match="no account of this platform"):
            confirm(place, ["a01", strange], "wren")
    with pytest.raises(Fault, match="no account is named"):
        confirm(place, [], "wren")
    assert journal.read(place).batches == ()


def test_every_change_is_audited_before_it_is_made(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(place, scored(dict.fromkeys(ALL[:5], 0.99)), policy(), THEN)
    confirm(place, ["a01"], "wren", now=THEN)
    changes = [one for one in audit.read(place) if one.action is audit.Action.LIMITS_CHANGED]
    assert [(one.who, one.subject) for one in changes] == [
        ("ringfence", "batch 1: set a00, a01, a02"),
        ("ringfence", "the circuit breaker (per_day) holds 2 accounts"),
        ("wren", "batch 2: confirm a01"),
    ]

    def refused(*_: object, **__: object) -> None:
        raise Fault("full", where="audit", mend="free some space")

    monkeypatch.setattr(audit, "record", refused)
    with pytest.raises(Fault, match="full"):
        lift(place, ["a01"], "wren", "why")
    assert len(journal.read(place).batches) == 2
