import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.discovery import vetted
from ringfence.guard import onward_tags
from ringfence.guard import publish as publishing
from ringfence.guard.collect import collect
from ringfence.guard.decide import Guard
from ringfence.guard.limits import automatic as limits
from ringfence.guard.limits import lists
from ringfence.guard.limits.reviews import confirm, lift, undo
from ringfence.guard.policies.policy import DEFAULT_POLICY, Automatic, Policy, default_policy
from ringfence.guard.publish import publish
from ringfence.guard.snapshots.flags import FLAGS, table
from ringfence.guard.snapshots.shelf import active, versions
from ringfence.guard.snapshots.signing import trusted_in
from ringfence.guard.together import flags_together, tags_together
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS, SCORES
from ringfence.model.words import Opinion, Table, Verdict
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

NOW = datetime(2026, 11, 2, tzinfo=UTC)
ALL = [f"a{n}" for n in range(12)]
AGES = {"a8": 17, "a9": 18, "a10": None, "a11": 3}
LIMIT, MEMBER, NEAR = "limit:automatic", "network:member", "network:nearby"


def row(account: str, rank: int, role: str | None, network: str | None, reasons: list[str] | None) -> dict[str, object]:
    return {
        "account_id": account,
        "rank": rank,
        "score": 9.0 - rank,
        "probability": None,
        "role": role,
        "network_id": network,
        "reasons": reasons,
    }


FOUND = [
    row("a1", 1, "promoter", "net-1", ["a reason"]),
    row("a2", 2, "likely_minor", "net-1", ["a reason"]),
    row("a3", 3, "bridge", "net-1", ["a reason"]),
    row("a4", 4, "audience", None, ["a reason"]),
    row("a5", 5, None, None, ["a reason"]),
    row("a6", 6, "audience", None, None),
    row("a7", 7, None, None, None),
]
SCORED = pa.Table.from_pylist(FOUND, SCORES)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("platform")
    accounts = [{"account_id": name, "declared_age": AGES.get(name)} for name in ALL]
    pq.write_table(pa.Table.from_pylist(accounts, EVENTS[Table.ACCOUNTS]), folder / "accounts.parquet")
    posts = [
        {"post_id": f"p{n}", "account_id": name, "at": NOW, "hashtags": ["Lake"]}
        for n, name in enumerate(["a1", "a3", "a1", "a7", "a4", "a5"])
    ]
    pq.write_table(pa.Table.from_pylist(posts, EVENTS[Table.POSTS]), folder / "posts.parquet")
    labels = [
        {"account_id": "a7", "label": "media:known", "opinion": "positive", "at": NOW},
        {"account_id": "a5", "label": "media:known", "opinion": "positive", "at": NOW},
        {"account_id": "a5", "label": "media:known", "opinion": "negative", "at": NOW + timedelta(1)},
    ]
    pq.write_table(pa.Table.from_pylist(labels, EVENTS[Table.LABELS]), folder / "labels.parquet")
    workspace = Workspace.create(folder / "workspace")
    load(workspace, [folder / f"{name}.parquet" for name in ("accounts", "posts", "labels")])
    Lexicon.from_terms(["firecrest"]).write(workspace.lexicon_file)
    workspace.policy_file.write_text(DEFAULT_POLICY)
    return workspace


@pytest.fixture
def place(model: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    shutil.copytree(model.path, tmp_path / "workspace")
    monkeypatch.setattr(publishing, "read_policy", lambda _: policy())
    return Workspace.open(tmp_path / "workspace")


def policy(per_day: int = 100, at_least: float = 0.95) -> Policy:
    """The default policy, with a share that a platform of a dozen accounts can fill."""
    return replace(default_policy(), automatic=Automatic(at_least, "members", per_day, 1.0, 30))


def carried(place: Workspace, scores: pa.Table = SCORED, now: datetime = NOW) -> dict[str, set[str]]:
    """The signals of every account that has any."""
    with events.connect(place) as connection:
        flags = collect(place, connection, scores, now)
    told: dict[str, set[str]] = {}
    for one in flags.to_pylist():
        assert one["signal"] not in told.setdefault(one["account_id"], set())
        told[one["account_id"]].add(one["signal"])
    return told


OTHERS = {
    "a2": {"network:likely_minor"},
    "a4": {NEAR, "network:audience"},
    "a5": {NEAR},
    "a6": {"network:audience"},
    "a7": {"media:known"},
    "a8": {"account:minor"},
    "a11": {"account:minor"},
}


def test_each_account_carries_what_is_known_of_it(place: Workspace) -> None:
    limits.apply(place, SCORED, policy(), NOW)
    assert carried(place) == {
        "a1": {LIMIT, MEMBER, NEAR, "network:promoter"},
        "a3": {LIMIT, MEMBER, NEAR, "network:bridge"},
        **OTHERS,
    }


def test_what_is_not_limited_is_shown_last_and_not_left_out(place: Workspace) -> None:
    assert carried(place) == {"a1": {NEAR}, "a3": {NEAR}, **OTHERS}
    limits.apply(place, SCORED, policy(per_day=1), NOW)
    assert carried(place)["a1"] == {LIMIT, MEMBER, NEAR, "network:promoter"}
    assert carried(place)["a3"] == {NEAR}
    assert carried(place, now=NOW + timedelta(days=30)) == {"a1": {NEAR}, "a3": {NEAR}, **OTHERS}


def test_a_run_undone_leaves_what_was_before_it(place: Workspace) -> None:
    before = carried(place)
    done = limits.apply(place, SCORED, policy(), NOW)
    undo(place, done.batch, "wren", now=NOW)
    assert carried(place) == before


def test_an_account_given_back_or_spoken_for_carries_nothing(place: Workspace) -> None:
    limits.apply(place, SCORED, policy(), NOW)
    lift(place, ["a1", "a4"], "wren", "a bird watcher", now=NOW)
    vetted.add(place, ["a3", "a6", "a2", "a11"], Opinion.NEGATIVE, "test", "wren")
    kept = {name: signals for name, signals in OTHERS.items() if name not in {"a4", "a6"}}
    assert carried(place) == kept  # a likely minor is protected whatever is said of it


def test_a_confirmed_limit_stays_whatever_discovery_says(place: Workspace) -> None:
    confirm(place, ["a1", "a10"], "wren", now=NOW)
    vetted.add(place, ["a1"], Opinion.NEGATIVE, "test", "wren")
    told = carried(place, now=NOW + timedelta(days=4000))
    assert told["a1"] == {"limit:confirmed", MEMBER, NEAR, "network:promoter"}
    assert told["a10"] == {"limit:confirmed"}


def test_whoever_turns_out_to_be_a_child_is_no_longer_limited(place: Workspace) -> None:
    limits.apply(place, SCORED, policy(), NOW)
    minor = pa.Table.from_pylist([{**FOUND[0], "role": "likely_minor"}, *FOUND[1:]], SCORES)
    place.results.mkdir(exist_ok=True)
    pq.write_table(minor, place.results / "scores.parquet")
    told = carried(place, minor)
    assert told["a1"] == {"network:likely_minor"}
    assert "a1" not in limits.in_force(place, NOW)["account_id"].to_pylist()


def test_a_confirmed_limit_of_whoever_turns_out_to_be_a_child_takes_no_effect(place: Workspace) -> None:
    confirm(place, ["a1"], "wren", now=NOW)
    minor = pa.Table.from_pylist([{**FOUND[0], "role": "likely_minor"}, *FOUND[1:]], SCORES)
    place.results.mkdir(exist_ok=True)
    pq.write_table(minor, place.results / "scores.parquet")
    assert carried(place, minor)["a1"] == {"network:likely_minor"}
    assert lists.limited(place, NOW).num_rows == 0


def test_strengths_are_probabilities_rounded_down(place: Workspace) -> None:
    chances = {"a1": 0.999, "a3": 0.7, "a5": 0.49, "a4": None}
    scores = pa.Table.from_pylist(
        [{**one, "probability": chances.get(str(one["account_id"]))} for one in FOUND], SCORES
    )
    limits.apply(place, scores, policy(), NOW)
    with events.connect(place) as connection:
        rows = collect(place, connection, scores, NOW).to_pylist()
    strength = {(one["account_id"], one["signal"]): round(one["strength"], 4) for one in rows}
    assert (strength["a1", LIMIT], strength["a1", MEMBER], strength["a3", NEAR]) == (0.95, 0.95, 0.7)
    assert (strength["a5", NEAR], strength["a4", NEAR]) == (0.45, 1.0)
    assert ("a3", MEMBER) not in strength
    ends = {one["signal"]: one["until"] for one in rows if one["account_id"] == "a1"}
    assert ends == {
        LIMIT: NOW + timedelta(30),
        MEMBER: NOW + timedelta(30),
        "network:promoter": NOW + timedelta(30),
        NEAR: None,
    }


def test_what_is_published_is_served_and_told_against_the_snapshot_before(place: Workspace) -> None:
    first = publish(place, SCORED, "expand-1")
    assert (first.changes, first.unnamed, first.served.tags) == (None, ("lake",), {"lake": 0.6})
    assert first.applied is not None
    assert first.applied.limited == 2
    served = active(place.snapshots, trusted_in(place.snapshots))
    assert (served.version, served.model_version) == (first.version, "expand-1")
    assert served.counts()[MEMBER] == 2
    slate = Guard.load(place.snapshots).suggest("nobody", ["a1", "a5", "a2", "a10", "a8"])
    assert list(slate.kept) == ["a10", "a8", "a5"]
    lift(place, ["a1"], "wren", "a bird watcher")
    second = publish(place, SCORED, "expand-1")
    assert second.changes is not None
    assert (second.changes.accounts[MEMBER].now, second.changes.accounts[MEMBER].gone) == (1, 1)
    assert Guard.load(place.snapshots).suggest("nobody", ["a1"]).judged == {}
    assert len(versions(place.snapshots)) == 2


def test_held_members_are_demoted_by_the_default_policy(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "read_policy", lambda _: policy(per_day=0))
    made = publish(place, SCORED, "expand-1")
    assert made.applied is not None
    assert (made.applied.held, made.applied.tripped) == (2, "per_day")
    slate = Guard.load(place.snapshots).suggest("nobody", ["a1", "a10", "a2"])
    assert list(slate.kept) == ["a10", "a1"]
    assert slate.judged["a1"].verdict is Verdict.DEMOTE
    assert slate.judged["a2"].verdict is Verdict.DROP  # a likely minor is protected all the same


def test_what_is_live_is_laid_over(place: Workspace) -> None:
    def live(leading: list[str]) -> tuple[pa.Table, dict[str, float]]:
        assert sorted(leading) == ["a1", "a3", "a7"]
        return table([("a10", "account:hits", 1.0, NOW + timedelta(days=4000))]), {"lake": 0.9, "wood": 0.5}

    made = publish(place, SCORED, "expand-1", live=live)
    assert made.served.tags == {"lake": 0.9, "wood": 0.5}
    assert made.served.counts()["account:hits"] == 1


def test_tags_that_lead_to_members_are_taken_in_until_their_end(place: Workspace) -> None:
    onward_tags.write(place, {"lake": 0.55, "wood": 0.7}, NOW + timedelta(30))
    assert publish(place, SCORED, "expand-1", NOW).served.tags == {"lake": 0.6, "wood": 0.7}  # the greater of both
    assert publish(place, SCORED, "expand-1", NOW + timedelta(30)).served.tags == {"lake": 0.6}


def test_a_damaged_file_of_tags_leaves_what_was_served(place: Workspace) -> None:
    before = publish(place, SCORED, "expand-1").version
    onward_tags.write(place, {"wood": 0.7}, NOW + timedelta(30))
    (place.path / onward_tags.FILE).write_bytes(b"no")
    with pytest.raises(Fault, match="cannot be read as tags"):
        publish(place, SCORED, "expand-2")
    assert active(place.snapshots, trusted_in(place.snapshots)).version == before


def test_what_is_lifted_while_a_snapshot_is_built_is_not_served(place: Workspace) -> None:
    built: list[int] = []

    def meanwhile(leading: list[str]) -> tuple[pa.Table, dict[str, float]]:
        built.append(len(leading))
        if len(built) == 1:
            lift(place, ["a1"], "wren", "a bird watcher")
        return FLAGS.empty_table(), {}

    publish(place, SCORED, "expand-1", live=meanwhile)
    assert built == [3, 2]  # a3 and a7 are left to lead by
    assert Guard.load(place.snapshots).suggest("nobody", ["a1", "a3"]).kept == ["a1"]


def test_limits_that_change_all_the_time_leave_what_was_served(place: Workspace) -> None:
    before = publish(place, SCORED, "expand-1").version

    def meanwhile(_: list[str]) -> tuple[pa.Table, dict[str, float]]:
        confirm(place, ["a1"], "wren")
        return FLAGS.empty_table(), {}

    with pytest.raises(Fault, match="limits were changed"):
        publish(place, SCORED, "expand-2", live=meanwhile)
    assert active(place.snapshots, trusted_in(place.snapshots)).version == before


def test_a_disk_that_is_full_leaves_what_was_served(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publish(place, SCORED, "expand-1").version
    lift(place, ["a1"], "wren", "a bird watcher")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("ringfence.guard.snapshots.container.disk.keep", full)
        with pytest.raises(Fault, match="No space left"):
            publish(place, SCORED, "expand-1")
    assert active(place.snapshots, trusted_in(place.snapshots)).version == before
    assert publish(place, SCORED, "expand-1").version != before


def test_known_media_of_a_likely_minor_is_still_held_back(place: Workspace) -> None:
    scores = pa.Table.from_pylist([*FOUND[:6], {**FOUND[6], "role": "likely_minor"}], SCORES)
    assert carried(place, scores)["a7"] == {"network:likely_minor", "media:known"}


def test_republish_sets_no_limit_and_needs_a_first_one(place: Workspace) -> None:
    assert publishing.republish(place) is None


@pytest.mark.parametrize("signal", [MEMBER, "network:likely_minor", NEAR])
def test_a_policy_without_a_rule_for_a_signal_is_refused(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    before = publish(place, SCORED, "expand-1").version
    rules = tuple(rule for rule in default_policy().rules if rule.signal != signal)
    monkeypatch.setattr(publishing, "read_policy", lambda _: replace(policy(), rules=rules))
    with pytest.raises(Fault, match=signal):
        publish(place, SCORED, "expand-2")
    assert active(place.snapshots, trusted_in(place.snapshots)).version == before
    assert len(versions(place.snapshots)) == 1


def test_a_missing_policy_is_named(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "here")
    with pytest.raises(Fault, match=r"policy\.toml"):
        publish(workspace, SCORED, "expand-1")


# ---- laid together ----

TIMES = st.sampled_from([None, NOW, NOW + timedelta(1)])
ROWS = st.dictionaries(
    st.tuples(st.sampled_from(ALL[:4]), st.sampled_from([MEMBER, NEAR])),
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), TIMES),
    max_size=6,
)
Known = dict[tuple[str, str], tuple[float, datetime | None]]


def as_table(known: Known) -> pa.Table:
    return table([(*key, *said) for key, said in known.items()])


@given(ROWS, ROWS)
def test_the_stronger_and_the_longer_is_kept(one: Known, other: Known) -> None:
    expected: Known = dict(one)
    for key, (strength, until) in other.items():
        if key in expected:
            lasting = (expected[key][1], until)
            longest = None if None in lasting else max(end for end in lasting if end)
            expected[key] = max(strength, expected[key][0]), longest
        else:
            expected[key] = strength, until
    rows = flags_together(as_table(one), as_table(other))
    assert rows.schema == FLAGS
    told = {(each["account_id"], each["signal"]): (each["strength"], each["until"]) for each in rows.to_pylist()}
    assert told == expected
    assert rows.num_rows == len(expected)


def test_the_larger_share_is_kept() -> None:
    assert tags_together({"lake": 0.5, "wood": 0.1}, {"lake": 0.2, "hill": 1.0}) == {
        "hill": 1.0,
        "lake": 0.5,
        "wood": 0.1,
    }
