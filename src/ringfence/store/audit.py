"""Who read or changed what, and when? One line an act, written before the act goes ahead."""

import fcntl
import getpass
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from io import FileIO

import msgspec

from ringfence.model.faults import Fault
from ringfence.store import disk
from ringfence.store.workspace import Workspace

END = "command_line.head"
TAIL = 4_096  # bytes read at a time to find where the last line begins


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


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One act. `at` is UTC; `subject` is what was read or changed, by id.

    `before` is the SHA-256 of the line before, so that none is changed, removed or moved unseen; empty for the first
    line, and for those from before lines were chained.
    """

    who: str
    at: datetime
    action: Action
    subject: str
    before: str = ""


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the file ended when a line was last added: its size in bytes, and the SHA-256 of that line."""

    size: int
    last: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What the file is worth: its lines, how many of the first are not chained, and what is wrong, if anything."""

    lines: int
    unchained: int
    broken: str = ""


def record(workspace: Workspace, action: Action, subject: str, *, actor: str | None = None) -> Entry:
    """Write down one act, by `actor` or else by the user of this process, and return once it will last.

    Raises Fault when it cannot be written: then the act must not happen either.
    """
    with disk.writing(workspace.audit_file), workspace.audit_file.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = os.fstat(file.fileno()).st_size
        last = _last_line(file, before)
        chained = _digest(last) if last else ""
        entry = Entry(actor or getpass.getuser(), datetime.now(UTC), action, subject, chained)
        line = msgspec.json.encode(entry) + b"\n"
        try:
            left = memoryview(line)
            while left:  # a disk about to be full takes a part first, and refuses the rest
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            os.truncate(file.fileno(), before)  # half a line would spoil the next one too
            raise
        _keep_end(workspace, End(before + len(line), _digest(line[:-1])))
    return entry


def verified(workspace: Workspace) -> Chain:
    """Read the whole file, and check that each line rests on the one before and that none is missing at the end.

    Whoever may write both the file and its end beside it can still make both anew: neither is signed. The audit of the
    cases is (cases/audit.py).
    """
    file = workspace.audit_file
    content = file.read_bytes() if file.exists() else b""
    before, unchained = "", 0
    lines = content.splitlines()
    for number, line in enumerate(lines, 1):
        entry = _entry(line, f"{file}:{number}")
        unchained += not entry.before
        if (entry.before or unchained < number) and entry.before != before:
            return Chain(number - 1, unchained, f"line {number:,} does not rest on the line before it")
        before = _digest(line)
    end = _end(workspace)
    if end and (len(content) < end.size or _digest(content[: end.size].splitlines()[-1]) != end.last):
        return Chain(len(lines), unchained, "lines are missing at the end")
    return Chain(len(lines), unchained)


def read(workspace: Workspace) -> tuple[Entry, ...]:
    """Every act, oldest first. Raises Fault for a line that is no entry."""
    file = workspace.audit_file
    try:
        lines = file.read_bytes().splitlines() if file.exists() else []
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(file), mend="make it readable") from error
    return tuple(_entry(line, f"{file}:{number}") for number, line in enumerate(lines, 1))


def _last_line(file: FileIO, size: int) -> bytes:
    """The last line, without its end; empty where there is none."""
    read, start = b"", size
    while start and b"\n" not in read[:-1]:
        start = max(0, start - TAIL)
        read = os.pread(file.fileno(), size - start, start)
    return read.rstrip(b"\n").rpartition(b"\n")[2]


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _keep_end(workspace: Workspace, end: End) -> None:
    """Keep where the file ends beside it. It is renamed and not synced: what a power cut takes is an earlier end."""
    folder = workspace.audit_heads
    folder.mkdir(mode=0o700, exist_ok=True)
    aside = folder / f".{END}.new"
    aside.write_bytes(msgspec.json.encode(end))
    aside.replace(folder / END)


def _end(workspace: Workspace) -> End | None:
    file = workspace.audit_heads / END
    try:
        return msgspec.json.decode(file.read_bytes(), type=End)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        mend = "find out who changed it, and restore it from a copy"
        raise Fault("does not say where the audit ends", where=str(file), mend=mend) from error


def _entry(line: bytes, where: str) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.DecodeError as error:
        what = f"is not an audit entry ({error})"
        raise Fault(what, where=where, mend="find out who changed it, and restore the file from a copy") from error
