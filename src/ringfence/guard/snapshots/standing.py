"""What would a guard answer from that starts now, and what is wrong with it?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ringfence.guard.snapshots import container, delta, shelf
from ringfence.guard.snapshots.signing import Trusted, trusted_in
from ringfence.guard.snapshots.snapshot import Snapshot
from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class Standing:
    """The active snapshot and the delta over it; what cannot be believed is not there, and `trouble` says why."""

    snapshot: str = ""
    created_at: datetime | None = None
    policy: str = ""
    delta: int = 0  # its sequence, 0 for none
    delta_at: datetime | None = None  # the last event in it
    trouble: tuple[str, ...] = ()


def standing(folder: Path, now: datetime | None = None) -> Standing:
    """How it stands with a folder of snapshots. One in which nothing was ever published is in no trouble."""
    at = now or datetime.now(UTC)
    if not shelf.versions(folder) and not (folder / shelf.CURRENT).exists():
        return Standing()
    try:
        trusted = trusted_in(folder)
        active = shelf.active(folder, trusted)
        named = shelf.activation(folder, trusted)
    except Fault as fault:
        return Standing(trouble=(str(fault),))
    sequence, last, unreadable = _delta(folder, active, trusted)
    trouble = (*_age(active, at), *_clock(named, at), *unreadable)
    return Standing(active.version, active.created_at, active.policy.version, sequence, last, trouble)


def _age(active: Snapshot, at: datetime) -> tuple[str, ...]:
    most = active.policy.max_age_hours
    if at < active.created_at + timedelta(hours=most):
        return ()
    hours = (at - active.created_at) // timedelta(hours=1)
    return (f"snapshot {active.version} is {hours} hours old and the policy's max_age_hours {most}; publish again",)


def _clock(named: shelf.Activation, at: datetime) -> tuple[str, ...]:
    if named.at <= at + shelf.SKEW:
        return ()
    return (
        f"snapshot {named.version} was activated at {named.at:%Y-%m-%d %H:%M}, which is yet to come: set the clock",
    )


def _delta(folder: Path, active: Snapshot, trusted: Trusted) -> tuple[int, datetime | None, tuple[str, ...]]:
    path = delta.file_of(folder, active.version)
    if not path.exists():
        return 0, None, ()
    try:
        known = delta.read(path, active, trusted)
        meta = container.read(path, delta.KIND, trusted, container.in_memory).meta
    except Fault as fault:
        return 0, None, (str(fault),)
    return known.sequence, datetime.fromisoformat(meta["at"]), ()
