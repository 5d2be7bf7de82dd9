"""How does what is known reach the guard? As one snapshot of terms, policy, flagged accounts and risky tags."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.discovery import last_results
from ringfence.guard import onward_tags
from ringfence.guard.collect import collect
from ringfence.guard.files import read_policy, signer_of
from ringfence.guard.limits import automatic as limits
from ringfence.guard.limits import journal
from ringfence.guard.limits.automatic import Applied
from ringfence.guard.live.kept import kept
from ringfence.guard.policies import trial_files
from ringfence.guard.policies.help import with_own
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.changes import Changes, changes
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.guard.tag_risk import LEADING, tag_risk, unnamed
from ringfence.guard.together import flags_together, tags_together
from ringfence.model.faults import Fault
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

ATTEMPTS = 3  # at a snapshot in which limits are as they stand when it is served
MOSTLY = 0.5  # from this share of flagged people a tag is told of, where no term stands in it


@dataclass(frozen=True, slots=True)
class Published:
    """What is served now. `changes` are against the snapshot before, None where there was none that could be read.

    `applied` says what became of automatic limits, None where they were left as they stood. `unnamed` are tags that are
    mostly used by flagged people while no term stands in them.
    """

    served: Snapshot
    changes: Changes | None
    applied: Applied | None
    unnamed: tuple[str, ...]

    @property
    def version(self) -> str:
        return self.served.version


# What came since the last discovery, as flags and shares of tags. It is given the accounts that make a tag risky.
Live = Callable[[list[str]], tuple[pa.Table, Mapping[str, float]]]


def publish(
    workspace: Workspace, scores: pa.Table, model: str, now: datetime | None = None, live: Live | None = None
) -> Published:
    """Limit what the policy says is to be limited, then build a snapshot, write it and make it the active one.

    `live` tells what `ringfence live` has come to, by its checkpoint unless given; its flags and shares are laid over
    what is in the store. Raises Fault for a policy that leaves out a signal or category, and for a checkpoint that is
    not whole; what was served is then served on.
    """
    at = now or datetime.now(UTC)
    applied = limits.apply(workspace, scores, read_policy(workspace), at)
    return _publish(workspace, scores, model, at, applied, live)


def republish(workspace: Workspace, now: datetime | None = None, live: Live | None = None) -> Published | None:
    """Publish the last discovery again with the limits as they stand; None where nothing was published before."""
    if not shelf.versions(workspace.snapshots):
        return None
    model = last_results.last_run(workspace).model
    return _publish(workspace, last_results.read_scores(workspace), model, now or datetime.now(UTC), None, live)


def _known(
    workspace: Workspace, scores: pa.Table, at: datetime, live: Live | None
) -> tuple[pa.Table, dict[str, float]]:
    """The flags of accounts and the shares of tags that a snapshot gets."""
    with events.connect(workspace) as connection:
        flags = collect(workspace, connection, scores, at)
        tags = tags_together(tag_risk(connection, flags), onward_tags.read(workspace, at))
    live = live or kept(workspace)
    if live is None:
        return flags, tags
    lead = flags.filter(pc.is_in(flags["signal"], pa.array(LEADING)))["account_id"]
    more_flags, more_tags = live(pc.unique(lead).to_pylist())
    return flags_together(flags, more_flags), tags_together(tags, more_tags)


def _publish(
    workspace: Workspace, scores: pa.Table, model: str, at: datetime, applied: Applied | None, live: Live | None
) -> Published:
    signer = signer_of(workspace)
    trusted = Trusted(frozenset({signer.public}))
    for _ in range(ATTEMPTS):
        as_of = journal.read(workspace).check
        built, lexicon, tags = _built(workspace, scores, model, at, live, signer)
        with workspace.lock():
            # What was lifted or undone while this was built must not be served again.
            if journal.read(workspace).check == as_of:
                before = _before(workspace, trusted)
                path = _shelve(workspace, built, signer, at)
                break
    else:
        mend = "wait until nobody changes them, then publish again"
        raise Fault("limits were changed each time while it was built", where=str(workspace.snapshots), mend=mend)
    served = snapshot.read(path, trusted)
    return Published(served, changes(before, served) if before else None, applied, unnamed(tags, lexicon, MOSTLY))


def _built(
    workspace: Workspace, scores: pa.Table, model: str, at: datetime, live: Live | None, signer: Signer
) -> tuple[Built, Lexicon, dict[str, float]]:
    """A snapshot of what is known now, with the lexicon and the shares of tags in it."""
    lexicon = Lexicon.load(workspace.lexicon_file)
    flags, tags = _known(workspace, scores, at, live)
    built = snapshot.build(
        lexicon,
        read_policy(workspace),
        flags,
        signer=signer,
        tags=tags,
        trial=trial_files.read(workspace),
        packs=with_own(workspace.path / "help"),
        model_version=model,
        created_at=at,
    )
    return built, lexicon, tags


def _shelve(workspace: Workspace, built: Built, signer: Signer, at: datetime) -> Path:
    audit.record(workspace, audit.Action.SNAPSHOT_PUBLISHED, built.version)
    signing.trust(workspace.snapshots, signer)
    return shelf.publish(workspace.snapshots, built, signer, at)


def _before(workspace: Workspace, trusted: Trusted) -> Snapshot | None:
    """What is served before a publish. One that cannot be read must not stop its mending."""
    try:
        return shelf.active(workspace.snapshots, trusted)
    except Fault:
        return None
