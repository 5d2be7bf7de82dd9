from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.guard.damping import ACCOUNTS, EXTRA, EXTRA_TIES, TIES, Damped, export, feed, hard
from ringfence.guard.decide import Guard
from ringfence.guard.judge import weight_of
from ringfence.guard.policies.policy import Damping, default_policy
from ringfence.guard.snapshots import snapshot
from ringfence.guard.snapshots.flags import FLAGS
from ringfence.guard.snapshots.signing import Trusted, new
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

NOW = datetime(2026, 11, 2, tzinfo=UTC)
NAMES = ["a", "b", "c", "d", "e", "f"]
FOLLOWS = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "b"), ("f", "f")]
USES = [("a", "lake"), ("c", "lake"), ("d", "o'hara")]
SIGNALS = ["network:member", "network:nearby", "media:known", "account:minor"]
STEPS = st.integers(0, 20).map(lambda step: round(step * 0.05, 2))
BIRDS = Lexicon.from_terms(["firecrest"])
SOFT = Damping("soft", {"network:member": 1.0, "network:nearby": 0.5, "media:known": 1.0})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("damping")
    rows = [{"account_id": name} for name in NAMES]
    pq.write_table(pa.Table.from_pylist(rows, EVENTS[Table.ACCOUNTS]), folder / "accounts.parquet")
    ties = [{"src": src, "dst": dst, "relation": "follows"} for src, dst in FOLLOWS]
    ties += [{"src": src, "dst": dst, "relation": "uses_hashtag"} for src, dst in USES]
    pq.write_table(pa.Table.from_pylist(ties, EVENTS[Table.TIES]), folder / "ties.parquet")
    made = Workspace.create(folder / "workspace")
    config = made.path / "ringfence.toml"
    config.write_text(config.read_text().replace("threads = 0", "threads = 1"))
    workspace = Workspace.open(made.path)
    load(workspace, [folder / "accounts.parquet", folder / "ties.parquet"])
    return workspace


def flags(*rows: tuple[str, str, float] | tuple[str, str, float, datetime]) -> pa.Table:
    columns = ("account_id", "signal", "strength", "until")
    return pa.Table.from_pylist([dict(zip(columns, (*row, None), strict=False)) for row in rows], FLAGS)


def guard(folder: Path, table: pa.Table, damping: Damping) -> Guard:
    signer, file = new(), folder / "x.snapshot"
    snapshot.write(file, snapshot.build(BIRDS, default_policy(), table, signer=signer), signer)
    made = Guard(snapshot.read(file, Trusted(frozenset({signer.public}))), clock=NOW.timestamp)
    return made.under(replace(made.policy, damping=damping))


def written(place: Workspace, table: pa.Table, damping: Damping, folder: Path) -> Damped:
    return export(place, guard(folder.parent, table, damping), folder, NOW)


def weights(folder: Path) -> dict[str, float]:
    table = pq.read_table(folder / ACCOUNTS)
    return dict(zip(table["account_id"].to_pylist(), table["weight"].to_pylist(), strict=True))


def ties(folder: Path) -> dict[tuple[str, str, str], float]:
    rows = pq.read_table(folder / TIES).to_pylist()
    told = {(row["src"], row["dst"], row["relation"]): row["weight"] for row in rows}
    assert len(told) == len(rows)
    return told


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(SIGNALS), STEPS, st.sampled_from([None, -1, 0, 1])),
        max_size=9,
    ),
    st.dictionaries(st.sampled_from(SIGNALS), st.floats(0, 1), max_size=4),
    st.sampled_from(["soft", "hard"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_exported_is_what_the_lookup_says(
    place: Workspace,
    tmp_path: Path,
    rows: list[tuple[str, str, float, int | None]],
    factors: dict[str, float],
    mode: str,
) -> None:
    damping = Damping(mode, factors)
    table = flags(*((name, signal, s, *([] if u is None else [NOW + timedelta(u)])) for name, signal, s, u in rows))  # type: ignore[arg-type]
    done = written(place, table, damping, tmp_path)
    strengths: dict[str, dict[str, float]] = {name: {} for name in NAMES}
    for name, signal, strength, until in rows:
        if until is None or until > 0:
            strengths[name][signal] = max(strength, strengths[name].get(signal, 0.0))
    expected = {name: float(np.float32(weight_of(strengths[name], damping))) for name in NAMES}
    assert weights(tmp_path) == {name: weight for name, weight in expected.items() if weight < 1}
    both = {(src, dst, "follows"): min(expected[src], expected[dst]) for src, dst in FOLLOWS}
    both |= {(src, dst, "uses_hashtag"): expected[src] for src, dst in USES}
    assert ties(tmp_path) == {tie: weight for tie, weight in both.items() if weight < 1}
    assert (done.accounts, done.ties) == (len(weights(tmp_path)), len(ties(tmp_path)))


def test_both_files_name_what_they_rest_on(place: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    made = guard(tmp_path, flags(("b", "network:member", 0.05)), SOFT)
    export(place, made, folder)
    for name in (ACCOUNTS, TIES):
        about = pq.read_schema(folder / name).metadata
        assert about[b"ringfence_policy"].decode() == made.policy.version
        assert about[b"ringfence_snapshot"].decode() == made.snapshot.version
        assert about[b"ringfence_mode"] == b"soft"
    assert pq.read_schema(folder / ACCOUNTS).types == [pa.string(), pa.float32()]
    assert pq.read_schema(folder / TIES).types == [pa.string()] * 3 + [pa.float32()]
    assert weights(folder) == {"b": pytest.approx(0.95)}
    export(place, hard(made), folder)
    assert weights(folder) == {"b": 0.0}
    assert pq.read_schema(folder / TIES).metadata[b"ringfence_mode"] == b"hard"


@pytest.fixture
def extra(place: Workspace) -> Callable[[pa.Table], Path]:
    file = place.path / EXTRA
    file.parent.mkdir(exist_ok=True)

    def write(table: pa.Table) -> Path:
        pq.write_table(table, file)
        return file

    return write


def test_extra_ties_only_take_weight_away(place: Workspace, tmp_path: Path, extra: Callable[[pa.Table], Path]) -> None:
    rows = [
        ("a", "b", 0.9),
        ("b", "c", 0.1),
        ("d", "e", 0.4),
        ("c", "d", 1.0),
        ("e", "f", -3.0),
        ("e", "a", float("nan")),
    ]
    file = extra(pa.Table.from_pylist([{"src": s, "dst": d, "relation": "follows", "weight": w} for s, d, w in rows]))
    try:
        written(place, flags(("b", "network:member", 0.5)), SOFT, tmp_path)
    finally:
        file.unlink()
    assert ties(tmp_path) == {
        ("a", "b", "follows"): 0.5,
        ("b", "a", "follows"): 0.5,
        ("b", "c", "follows"): pytest.approx(0.1),
        ("d", "e", "follows"): pytest.approx(0.4),
        ("e", "f", "follows"): 0.0,
    }


def test_what_is_fed_replaces_what_was_and_is_exported(place: Workspace, tmp_path: Path) -> None:
    def fed(*rows: tuple[str, str, float]) -> dict[tuple[str, str, str], float]:
        columns = [{"src": src, "dst": dst, "relation": "follows", "weight": weight} for src, dst, weight in rows]
        feed(place, pa.Table.from_pylist(columns, EXTRA_TIES))
        written(place, flags(), SOFT, tmp_path)
        return ties(tmp_path)

    try:
        assert fed(("d", "e", 0.25), ("a", "b", 0.0)) == {("a", "b", "follows"): 0.0, ("d", "e", "follows"): 0.25}
        assert fed(("b", "c", 0.0)) == {("b", "c", "follows"): 0.0}
        assert fed() == {}
    finally:
        (place.path / EXTRA).unlink()


def test_a_file_damaged_inside_is_a_fault_before_anything_is_written(place: Workspace, tmp_path: Path) -> None:
    feed(place, pa.Table.from_pylist([{"src": "a", "dst": "b", "relation": "follows", "weight": 0.0}], EXTRA_TIES))
    file = place.path / EXTRA
    whole = file.read_bytes()
    file.write_bytes(whole[:6] + bytes(30) + whole[36:])
    try:
        with pytest.raises(Fault, match="cannot be read as ties"):
            written(place, flags(), SOFT, tmp_path)
        pq.write_table(pa.table({"src": ["a"], "dst": ["b"], "relation": ["follows"], "weight": ["light"]}), file)
        with pytest.raises(Fault, match="cannot be read as ties"):
            written(place, flags(), SOFT, tmp_path)
    finally:
        file.unlink()
    assert not (tmp_path / ACCOUNTS).exists()


def test_extra_ties_that_cannot_be_read_are_a_fault(
    place: Workspace, tmp_path: Path, extra: Callable[[pa.Table], Path]
) -> None:
    file = extra(pa.table({"src": ["a"], "dst": ["b"]}))
    try:
        with pytest.raises(Fault, match="no column relation, weight"):
            written(place, flags(), SOFT, tmp_path)
        file.write_bytes(b"no")
        with pytest.raises(Fault, match="cannot be read as ties"):
            written(place, flags(), SOFT, tmp_path)
    finally:
        file.unlink()


def test_a_write_that_fails_leaves_what_was_there(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(place, flags(("b", "network:member", 0.5)), SOFT, tmp_path)
    other = guard(tmp_path.parent, flags(("c", "network:member", 0.5)), SOFT)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(Fault, match="No space left"):
            export(place, other, tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    with pytest.raises(Fault, match="cannot be written"):
        export(place, other, tmp_path / ACCOUNTS / "below a file")
