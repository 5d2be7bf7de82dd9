"""Who read or changed what, and when? One line an act, written before the act goes ahead."""

import fcntl
import getpass
import os
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from ringfence.model.faults import Fault
from ringfence.store import disk
from ringfence.store.workspace import Workspace


class Action(StrEnum):
    """Everything that is ever recorded."""

    SCORES_READ = "scores_read"
    NETWORK_READ = "network_read"
    EXPLANATION_READ = "explanation_read"
    EVIDENCE_READ = "evidence_read"
    QUARANTINE_READ = "quarantine_read"
    SEEDS_READ = "seeds_read"
    SEEDS_CHANGED = "seeds_changed"
    LABELS_READ = "labels_read"
    LABELS_CHANGED = "labels_changed"
    DISCOVERY_RUN = "discovery_run"
    CLASSIFY_RUN = "classify_run"
    RECIDIVISM_READ = "recidivism_read"
    LEXICON_READ = "lexicon_read"
    LEXICON_PROPOSED = "lexicon_proposed"
    LEXICON_CHANGED = "lexicon_changed"
    DRIFT_READ = "drift_read"
    POLICY_CHANGED = "policy_changed"
    TRAFFIC_READ = "traffic_read"
    SNAPSHOT_PUBLISHED = "snapshot_published"
    KEYS_CHANGED = "keys_changed"
    SNAPSHOT_ACTIVATED = "snapshot_activated"
    LIMITS_READ = "limits_read"
    LIMITS_CHANGED = "limits_changed"
    DAMPING_READ = "damping_read"
    EXPOSURE_FED = "exposure_fed"
    MEDIA_TRIAGE_READ = "media_triage_read"
    MEDIA_TRIAGE_DECIDED = "media_triage_decided"
    MEDIA_BANK_READ = "media_bank_read"
    MEDIA_BANK_CHANGED = "media_bank_changed"
    MEDIA_MATCHED = "media_matched"
    MEDIA_REMATCHED = "media_rematched"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act. `at` is UTC; `subject` is what was read or changed, by id."""

    who: str
    at: datetime
    action: Action
    subject: str


def record(workspace: Workspace, action: Action, subject: str, *, actor: str | None = None) -> Entry:
    """Write down one act, by `actor` or else by the user of this process, and return once it will last.

    Raises Fault when it cannot be written: then the act must not happen either.
    """
    entry = Entry(actor or getpass.getuser(), datetime.now(UTC), action, subject)
    line = msgspec.json.encode(entry) + b"\n"
    with disk.writing(workspace.audit_file), workspace.audit_file.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = os.fstat(file.fileno()).st_size
        try:
            left = memoryview(line)
            while left:  # a disk about to be full takes a part first, and refuses the rest
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            os.truncate(file.fileno(), before)  # half a line would spoil the next one too
            raise
    return entry


def read(workspace: Workspace) -> tuple[Entry, ...]:
    """Every act, oldest first. Raises Fault for a line that is no entry."""
    file = workspace.audit_file
    try:
        lines = file.read_bytes().splitlines() if file.exists() else []
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(file), mend="make it readable") from error
    return tuple(_entry(line, f"{file}:{number}") for number, line in enumerate(lines, 1))


def _entry(line: bytes, where: str) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.DecodeError as error:
        what = f"is not an audit entry ({error})"
        raise Fault(what, where=where, mend="find out who changed it, and restore the file from a copy") from error
