"""Which policy is on trial on this platform?

`policy.trial.toml` holds the policy, `policy.trial.json` how it is tried. The second names the first by its hash: a
trial whose policy was edited in place is refused, not run.
"""

import getpass
import secrets
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec

from ringfence.guard.policies.policy import Policy
from ringfence.guard.policies.trial import KEY_LENGTH, Mode, Trial
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.disk import write_whole, writing
from ringfence.store.workspace import Workspace


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a policy is tried: since when, and who said so. `policy` is the hash of its file."""

    mode: Mode
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    key: Annotated[bytes, msgspec.Meta(min_length=KEY_LENGTH, max_length=KEY_LENGTH)]
    policy: str
    since: datetime
    by: str


def start(workspace: Workspace, policy: Policy, mode: Mode, share: float) -> Trial:
    """Put a policy on trial, in place of the one that was. The next publish hands it to the guard.

    While there is a trial its key stays, so that a larger share keeps everybody who was in it.
    """
    with workspace.lock():
        key = _key(workspace) or secrets.token_bytes(KEY_LENGTH)
        by = getpass.getuser()
        told = f"{mode}, {share:.1%}" if mode is Mode.PERCENT else str(mode)
        audit.record(workspace, audit.Action.POLICY_CHANGED, f"trial of {policy.version}, {told}", actor=by)
        entry = Entry(mode, share, key, _digest(policy.text), datetime.now(UTC), by)
        write_whole(_policy_file(workspace), policy.text.encode())
        write_whole(_entry_file(workspace), msgspec.json.encode(entry))
    return Trial(policy, mode, share, key)


def read(workspace: Workspace) -> Trial | None:
    """The trial of a workspace, or None. Raises Fault when its files cannot be used."""
    entry = _entry(workspace)
    if entry is None:
        return None
    file = _policy_file(workspace)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("the policy on trial cannot be read", where=str(file), mend=_mend()) from error
    if _digest(text) != entry.policy:
        raise Fault("it was changed while on trial", where=str(file), mend=_mend())
    return Trial(Policy.parse(text, str(file)), entry.mode, entry.share, entry.key)


def end(workspace: Workspace) -> None:
    """Take the policy off trial. Raises Fault when there is none."""
    with workspace.lock():
        if not _entry_file(workspace).exists():
            raise no_trial(workspace)
        audit.record(workspace, audit.Action.POLICY_CHANGED, "end of the trial")
        remove(workspace)


def remove(workspace: Workspace) -> None:
    """Remove the trial's files, for a caller that records it and holds the workspace's lock."""
    with writing(workspace.path):
        # What names the policy goes first: one that is left alone is no trial.
        _entry_file(workspace).unlink(missing_ok=True)
        _policy_file(workspace).unlink(missing_ok=True)


def no_trial(workspace: Workspace) -> Fault:
    return Fault("no policy is on trial", where=str(workspace.path), mend="start one with `ringfence policy try`")


def _key(workspace: Workspace) -> bytes | None:
    entry = _entry(workspace)
    return entry.key if entry else None


def _entry(workspace: Workspace) -> Entry | None:
    file = _entry_file(workspace)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Entry)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fault(f"it cannot be read ({error.strerror})", where=str(file), mend=_mend()) from error
    except msgspec.DecodeError as error:
        raise Fault("it says no trial", where=str(file), mend="remove it, and start the trial again") from error


def _mend() -> str:
    return "run `ringfence policy withdraw`, or `ringfence policy try` with the policy that is meant"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _policy_file(workspace: Workspace) -> Path:
    return workspace.path / "policy.trial.toml"


def _entry_file(workspace: Workspace) -> Path:
    return workspace.path / "policy.trial.json"
