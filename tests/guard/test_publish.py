from pathlib import Path

import pyarrow as pa
import pytest

from ringfence.guard.policy import DEFAULT_POLICY
from ringfence.guard.publish import publish
from ringfence.guard.shelf import active, versions
from ringfence.guard.signing import trusted_in
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.world.write import write


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


SCORED = pa.Table.from_pylist(
    [
        row("a00000001", 1, "promoter", "net-1", ["a reason"]),
        row("a00000002", 2, "likely_minor", "net-1", ["a reason"]),
        row("a00000003", 3, "bridge", "net-1", ["a reason"]),
        row("a00000004", 4, "audience", None, ["a reason"]),
        row("a00000005", 5, None, None, None),
    ],
    SCORES,
)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("platform")
    world = write(folder / "world", 1_000, 7)
    workspace = Workspace.create(folder / "workspace")
    load(workspace, [world.folder])
    Lexicon.from_terms(["firecrest"]).write(workspace.lexicon_file)
    return workspace


def test_members_minors_and_nearby_are_apart(platform: Workspace) -> None:
    platform.policy_file.write_text(DEFAULT_POLICY)
    built = publish(platform, SCORED, "expand-1")
    served = active(platform.snapshots, trusted_in(platform.snapshots))
    assert (served.version, served.model_version) == (built.version, "expand-1")
    assert served.counts() == {"network:likely_minor": 1, "network:member": 2, "network:nearby": 1}
    assert all(0 < share <= 1 for share in served.tags.values())
    assert served.tags


@pytest.mark.parametrize("signal", ["network:member", "network:likely_minor", "network:nearby"])
def test_a_policy_without_a_rule_for_a_signal_is_refused(platform: Workspace, signal: str) -> None:
    platform.policy_file.write_text(DEFAULT_POLICY)
    before = publish(platform, SCORED, "expand-1").version
    head, *rules = DEFAULT_POLICY.split("[[rule]]")
    tail = rules[-1][rules[-1].index("# What each surface") :]
    kept = [rule for rule in rules[:-1] if f'"{signal}"' not in rule]
    platform.policy_file.write_text("[[rule]]".join([head, *kept]) + tail)
    with pytest.raises(Fault, match=signal):
        publish(platform, SCORED, "expand-2")
    assert active(platform.snapshots, trusted_in(platform.snapshots)).version == before
    assert len(versions(platform.snapshots)) == 1


def test_a_missing_policy_is_named(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "here")
    with pytest.raises(Fault, match=r"policy\.toml"):
        publish(workspace, SCORED, "expand-1")
