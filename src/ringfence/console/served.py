"""What does the guard answer from, and is anything wrong with it? Read as the guard would read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from ringfence.guard.files import read_policy
from ringfence.guard.limits import lists
from ringfence.guard.limits.lists import Summary
from ringfence.guard.policies.policy import Policy
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.shelf import Activation
from ringfence.guard.snapshots.snapshot import Snapshot
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Shelved:
    """One version in the folder: what is in it, or why it cannot be read."""

    version: str
    read: Snapshot | None
    fault: str


@dataclass(frozen=True, slots=True)
class Served:
    """All there is to say of it. `policy` is the workspace's, which the next publish hands over."""

    activation: Activation | None
    shelf: tuple[Shelved, ...]
    policy: Policy | None
    limits: Summary | None
    troubles: tuple[str, ...]

    @property
    def active(self) -> Snapshot | None:
        """The snapshot that is served, if it can be read."""
        named = self.activation.version if self.activation else ""
        return next((one.read for one in self.shelf if one.version == named), None)


def served(workspace: Workspace, now: datetime) -> Served:
    """What is there now, with everything that is wrong in words."""
    troubles: list[str] = []
    activation = _told(troubles, lambda: _activation(workspace))
    policy = _told(troubles, lambda: read_policy(workspace))
    limits = _told(troubles, lambda: lists.summary(workspace, now))
    shelved = tuple(_shelved(workspace, version) for version in reversed(shelf.versions(workspace.snapshots)))
    made = Served(activation, shelved, policy, limits, ())
    more = (*troubles, *(f"snapshot {one.version}: {one.fault}" for one in shelved if one.fault), *_odd(made, now))
    return Served(activation, shelved, policy, limits, more)


def _odd(made: Served, now: datetime) -> list[str]:
    """What is in order by itself, and still not as it should be."""
    told = []
    active, policy, limits = made.active, made.policy, made.limits
    if not made.shelf:
        told.append("nothing was published yet: the guard answers by what its policy says of no snapshot")
    if active and now - active.created_at > timedelta(hours=active.policy.max_age_hours):
        hours = (now - active.created_at) // timedelta(hours=1)
        told.append(f"the snapshot is {hours:,} hours old, more than the {active.policy.max_age_hours:g} of its policy")
    if active and policy and active.policy.text != policy.text:
        told.append(f"policy {policy.version} is not published yet: the guard answers by {active.policy.version}")
    if limits and limits.tripped:
        caps = " and ".join(f"{cap} of the policy is reached" for cap in limits.tripped)
        told.append(f"the circuit breaker holds {limits.held:,} accounts ({caps}): a person has to look")
    return told


def _activation(workspace: Workspace) -> Activation | None:
    if not shelf.versions(workspace.snapshots):
        return None
    return shelf.activation(workspace.snapshots, signing.trusted_in(workspace.snapshots))


def _shelved(workspace: Workspace, version: str) -> Shelved:
    try:
        path, trusted = shelf.file_of(workspace.snapshots, version), signing.trusted_in(workspace.snapshots)
        return Shelved(version, snapshot.read(path, trusted), "")
    except Fault as fault:
        return Shelved(version, None, fault.what)


def _told(troubles: list[str], read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except Fault as fault:
        troubles.append(f"{fault.where}: {fault.what}; {fault.mend}")
        return None
