import multiprocessing
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ringfence.discovery import reviewed, vetted
from ringfence.discovery.reviewed import Answer, Label
from ringfence.guard.limits import journal, lists, waiting
from ringfence.guard.limits.automatic import apply, in_force
from ringfence.guard.limits.reviews import confirm, lift, undo
from ringfence.guard.limits.rows import Act, Batch
from ringfence.guard.policies.policy import Automatic, Policy, default_policy
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS, SCORES
from ringfence.model.words import Opinion, Table
from ringfence.store import audit
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

THEN = datetime(2026, 11, 2, tzinfo=UTC)
PER_DAY, SHARE, DAYS = 3, 0.2, 5
ALL = [f"a{n:02d}" for n in range(40)]
# A fresh process that has read the modules, from which each worker is forked.
PROCESSES = multiprocessing.get_context("forkserver")
PRELOADED = ["hypothesis.stateful", "ringfence.guard.limits.reviews", "ringfence.guard.limits.automatic"]
PROCESSES.set_forkserver_preload(PRELOADED)
DECLARED, READS = "a38", "a39"  # a child by the age it declares, and by its profile


def policy(per_day: int = PER_DAY, per_share: float = SHARE, uncalibrated: str = "members") -> Policy:
    """The default policy with caps that a small platform reaches."""
    return replace(default_policy(), automatic=Automatic(0.8, uncalibrated, per_day, per_share, DAYS))


def scored(
    probabilities: Mapping[str, float | None], network: str | None = "net-1", role: str = "promoter"
) -> pa.Table:
    """Scores of these accounts, the first with the best rank; all of them in one network."""
    rows = [
        {
            "account_id": name,
            "rank": rank,
            "score": 100.0 - rank,
            "probability": probability,
            "role": role if network else None,
            "network_id": network,
            "reasons": ["a reason"],
        }
        for rank, (name, probability) in enumerate(probabilities.items(), 1)
    ]
    return pa.Table.from_pylist(rows, SCORES)


def accounts() -> pa.Table:
    rows = [
        {
            "account_id": name,
            "declared_age": 13 if name == DECLARED else 30 if name == READS else None,
            "bio": "13 and loves drawing" if name == READS else "likes long walks",
        }
        for name in ALL
    ]
    return pa.Table.from_pylist(rows, EVENTS[Table.ACCOUNTS])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("limits")
    pq.write_table(accounts(), folder / "accounts.parquet")
    workspace = Workspace.create(folder / "workspace")
    config = workspace.path / "ringfence.toml"
    config.write_text(config.read_text().replace("threads = 0", "threads = 1"))  # starting threads takes the longest
    workspace = Workspace.open(workspace.path)
    load(workspace, [folder / "accounts.parquet"])
    return workspace


@pytest.fixture
def place(model: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(model.path, tmp_path / "workspace")
    return Workspace.open(tmp_path / "workspace")


def names(flags: pa.Table) -> list[str]:
    return sorted(flags["account_id"].to_pylist())


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


# ---- the circuit breaker ----


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
    assert apply(place, found, policy(per_day=1), THEN).limited == 1
    assert names(in_force(place, THEN)) == ["a00"]


def test_an_undone_run_still_counts_against_the_day(place: Workspace) -> None:
    done = apply(place, scored(dict.fromkeys(ALL[:PER_DAY], 0.99)), policy(), THEN)
    undo(place, done.batch, "wren", now=THEN)
    assert apply(place, scored(dict.fromkeys(ALL[:30], 0.99)), policy(), THEN).limited == 0


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes import this module, however pytest was started."""
    monkeypatch.syspath_prepend(Path(__file__).parents[3])


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


# ---- the journal on disk ----


def test_a_killed_writer_loses_nothing_and_applies_no_half_batch(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    file = journal.file(place)
    first = file.read_bytes()
    apply(place, scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)
    whole = file.read_bytes()
    for cut in range(len(first), len(whole)):
        file.write_bytes(whole[:cut])
        assert journal.read(place).end == len(first)
    for cut in (len(first) + 1, len(whole) - 1):
        file.write_bytes(whole[:cut])
        assert names(in_force(place, THEN)) == ["a01"]
        apply(place, scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)
        assert file.read_bytes() == whole  # mended, and the same again


def _killed_while_writing(path: Path, bytes_written: int) -> None:
    written = os.write

    def write(handle: int, data: bytes | memoryview) -> int:
        part = memoryview(data)[:bytes_written]
        written(handle, part)
        os.kill(os.getpid(), 9)
        return len(part)

    os.write = write  # type: ignore[assignment]
    apply(Workspace.open(path), scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize("bytes_written", [0, 40, 10**6])
def test_kill_9_while_a_batch_is_written(place: Workspace, bytes_written: int) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    worker = PROCESSES.Process(target=_killed_while_writing, args=(place.path, bytes_written))
    worker.start()
    worker.join(60)
    assert worker.exitcode == -9
    expected = ["a01", "a02", "a03"] if bytes_written == 10**6 else ["a01"]
    assert names(in_force(place, THEN)) == expected
    apply(place, scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)
    assert names(in_force(place, THEN)) == ["a01", "a02", "a03"]


@pytest.mark.parametrize("step", ["os.write", "os.fsync", "os.ftruncate"])
def test_a_full_disk_leaves_the_journal_as_it_was(place: Workspace, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    file = journal.file(place)
    before, done = file.read_bytes(), getattr(os, step.removeprefix("os."))
    calls: list[int] = []

    def full(handle: int, *rest: bytes | int) -> int:
        if os.path.samestat(os.fstat(handle), file.stat()):
            calls.append(handle)
            if step == "os.write" and len(calls) == 1:
                return int(done(handle, memoryview(rest[0])[:10]))  # type: ignore[arg-type]  # a part fits
            if step != "os.ftruncate" or len(calls) == 1:
                raise OSError(28, "No space left on device")
        return done(handle, *rest)  # type: ignore[no-any-return]

    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        with pytest.raises(Fault, match="No space left"):
            apply(place, scored({"a02": 0.99}), policy(), THEN)
    assert calls
    assert file.read_bytes() == before
    assert names(in_force(place, THEN)) == ["a01"]


def test_no_changed_byte_of_the_journal_passes(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    lift(place, ["a01"], "wren", "why", now=THEN)
    file = journal.file(place)
    whole = file.read_bytes()
    last = whole.rindex(b"\n", 0, -1)
    for at in range(0, len(whole) - 1, 3):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        file.write_bytes(damaged)
        with pytest.raises(Fault, match=r"journal\.jsonl:[12]"):
            journal.read(place)
    for gone in (whole[last + 1 :], whole[: last + 1] * 2, whole[last + 1 :] + whole[: last + 1]):
        file.write_bytes(gone)
        with pytest.raises(Fault, match=r"journal\.jsonl:[12]"):
            journal.read(place)


def test_waiting_lists_that_cannot_be_read_are_a_fault(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    (place.path / "limits" / "waiting.parquet").write_bytes(b"no")
    with pytest.raises(Fault, match="list of accounts"):
        waiting.read(place)


# ---- against a plain twin ----


class Journals(RuleBasedStateMachine):
    """The journal beside a list of what was done, from which the twin works everything out anew, account by account."""

    model: Workspace
    count = 0

    @initialize()
    def begin(self) -> None:
        Journals.count += 1
        self.place = Workspace.open(self.model.path)
        shutil.rmtree(self.place.path / "limits", ignore_errors=True)
        self.place.audit_file.unlink(missing_ok=True)
        self.now = THEN
        self.done: list[Batch] = []

    @rule(hours=st.sampled_from([-30, -1, 1, 5, 23, 24, 25, 24 * DAYS]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(data=st.data())
    def run(self, data: st.DataObject) -> None:
        sure = data.draw(st.dictionaries(st.sampled_from(ALL[:12]), st.sampled_from([0.5, 0.8, 0.9, 0.95]), min_size=1))
        able = [name for name in sure if sure[name] >= 0.8 and self.may_be_limited(name)]
        able.sort(key=lambda name: (-sure[name], list(sure).index(name)))
        room = max(0, min(PER_DAY - self.within_a_day(), int(SHARE * len(ALL)) - len(self.automatic())))
        at = self.clock()
        done = apply(self.place, scored(dict(sure)), policy(), self.now)
        assert done.limited == min(room, len(able))
        assert done.held == len(able) - done.limited
        if done.limited:
            chosen, until = tuple(able[:room]), (at + timedelta(days=DAYS, hours=23)).replace(hour=0)
            self.done.append(Batch(done.batch, Act.SET, at, "ringfence", accounts=chosen, until=until))
        held = lists.held(self.place, self.now)["account_id"].to_pylist()
        assert held == able[room:]

    @rule(name=st.sampled_from(ALL[:12]))
    def confirm_one(self, name: str) -> None:
        number = confirm(self.place, [name], "wren", now=self.now)
        self.done.append(Batch(number, Act.CONFIRM, self.now, "wren", accounts=(name,)))

    @rule(name=st.sampled_from(ALL[:12]))
    def lift_one(self, name: str) -> None:
        number = lift(self.place, [name], "wren", "why", now=self.now)
        self.done.append(Batch(number, Act.LIFT, self.now, "wren", accounts=(name,)))

    @precondition(lambda self: any(self.counts(one.number) for one in self.done))
    @rule(data=st.data())
    def undo_one(self, data: st.DataObject) -> None:
        target = data.draw(st.sampled_from([one for one in self.done if self.counts(one.number)]))
        last = target is self.done[-1]
        self.done.append(Batch(len(self.done) + 1, Act.UNDO, self.now, "wren", undoes=target.number))
        undo(self.place, target.number, "wren", now=self.now)
        if last and target.act is not Act.UNDO:
            without = [one for one in self.done[:-2] if self.counts(one.number)]
            assert self.in_force() == {
                name: self.end(name) for one in without for name in one.accounts if self.end(name)
            }

    @invariant()
    def the_twin_agrees(self) -> None:
        if not hasattr(self, "done"):
            return
        rows = in_force(self.place, self.now).to_pylist()
        assert {row["account_id"]: row["until"] or "for good" for row in rows} == self.in_force()
        assert len(rows) == len(self.in_force())

    @invariant()
    def no_day_and_no_moment_passes_the_caps(self) -> None:
        if not hasattr(self, "done"):
            return
        acts = journal.read(self.place).batches
        runs = [one for one in acts if one.act is Act.SET and not self.dated_ahead(one)]
        for last in runs:
            day = [one for one in runs if last.at - timedelta(hours=24) <= one.at <= last.at]
            assert sum(len(one.accounts) for one in day) <= PER_DAY
        assert len(self.automatic()) <= SHARE * len(ALL)

    def dated_ahead(self, batch: Batch) -> bool:
        """Whether somebody undid it before the time it bears: it frees its room, as docs/limits.md says."""
        return any(one.undoes == batch.number and self.counts(one.number) and one.at < batch.at for one in self.done)

    def counts(self, number: int) -> bool:
        return not any(one.undoes == number and self.counts(one.number) for one in self.done)

    def clock(self) -> datetime:
        undone = {one.undoes: one.at for one in self.done if one.act is Act.UNDO and self.counts(one.number)}
        runs = [one for one in self.done if one.act is Act.SET]
        return max([self.now, *(one.at for one in runs if undone.get(one.number, one.at) >= one.at)])

    def end(self, name: str) -> object:
        """When the limit of an account ends, "for good" where it does not, None where there is none."""
        acts = [one for one in self.done if name in one.accounts and self.counts(one.number)]
        if not acts or acts[-1].act is Act.LIFT:
            return None
        if acts[-1].act is Act.CONFIRM:
            return "for good"
        return acts[-1].until if acts[-1].until and acts[-1].until > self.clock() else None

    def in_force(self) -> dict[str, object]:
        return {name: self.end(name) for name in ALL if self.end(name)}

    def automatic(self) -> list[str]:
        return [name for name, end in self.in_force().items() if end != "for good"]

    def within_a_day(self) -> int:
        at = self.clock()
        runs = [one for one in self.done if one.act is Act.SET and at - timedelta(hours=24) <= one.at <= at]
        return sum(len(one.accounts) for one in runs)

    def may_be_limited(self, name: str) -> bool:
        if self.end(name):
            return False
        acts = [one for one in self.done if name in one.accounts and self.counts(one.number)]
        given_back = any(
            one.act is Act.SET and name in one.accounts and not self.counts(one.number) for one in self.done
        )
        return not given_back and not (acts and acts[-1].act is Act.LIFT)


def agree(model: Workspace, examples: int, steps: int) -> None:
    Journals.model = model
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Every step writes to disk: shrinking a failure would take longer than reading it.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    bounds = settings(
        phases=phases, max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks
    )
    run_state_machine_as_test(Journals, settings=bounds)


def test_the_journal_agrees_with_a_plain_twin(model: Workspace) -> None:
    agree(model, 10, 12)


@pytest.mark.soak
def test_the_journal_agrees_with_a_plain_twin_for_long(model: Workspace) -> None:
    agree(model, 300, 40)
