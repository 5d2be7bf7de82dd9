"""Which policy is active on this platform, and which was before it?

The active one is `policy.toml`. Each one that was ever activated, and the one it replaced, is a file in the folder
`policies`, named by a hash of its text. `history.jsonl` there only ever grows.
"""

import getpass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec

from ringfence.guard.policies import trial_files
from ringfence.guard.policies.policy import Policy
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the active policy. `file` and `before` are hashes; `version` is the policy's own."""

    at: datetime
    act: Literal["activated", "rolled_back"]
    version: str
    file: str
    before: str
    by: str


def activate(workspace: Workspace, policy: Policy) -> Event:
    """Make a policy the active one, and keep the one it replaces. The next publish hands it to the guard.

    Raises Fault when its version was used before, with another text: a decision names its policy by that.
    """
    with workspace.lock():
        return _activate(workspace, policy)


def promote(workspace: Workspace, policy: Policy) -> Event:
    """Make the policy on trial the active one, and end its trial."""
    with workspace.lock():
        event = _activate(workspace, policy)
        trial_files.remove(workspace)
        return event


def rollback(workspace: Workspace) -> Event:
    """Go back to the policy that the active one replaced. Raises Fault when it replaced none."""
    with workspace.lock():
        active = _kept(workspace)
        policy = read(workspace, _before(workspace, active))
        return _change(workspace, _event("rolled_back", policy, active), policy)


def read(workspace: Workspace, name: str) -> Policy:
    """A policy of the folder by its hash. Raises Fault when it is not there, or not as it was kept."""
    file = _file(workspace, name)
    text = _text(file)
    if _hash(text) != name:
        raise Fault("it is not as it was kept", where=str(file), mend="restore it from a copy")
    return Policy.parse(text, str(file))


def history(workspace: Workspace) -> tuple[Event, ...]:
    """Every change, oldest first. Raises Fault for a line that is none."""
    file = _history_file(workspace)
    try:
        lines = file.read_bytes().splitlines() if file.exists() else []
        return tuple(msgspec.json.decode(line, type=Event) for line in lines)
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(file), mend="make it readable") from error
    except msgspec.DecodeError as error:
        what = f"has a line that is no event ({error})"
        raise Fault(what, where=str(file), mend="find out who changed it, and restore the file from a copy") from error


def _activate(workspace: Workspace, policy: Policy) -> Event:
    before = _kept(workspace)
    if before == _hash(policy.text):
        where = f"policy {policy.version}"
        raise Fault("it is the active policy already", where=where, mend="publish, if the guard does not know it yet")
    _refuse_used(workspace, policy)
    _keep(workspace, policy.text)
    return _change(workspace, _event("activated", policy, before), policy)


def _change(workspace: Workspace, event: Event, policy: Policy) -> Event:
    # Written down first: a policy may be named here and not yet be active, but is never active without its line.
    audit.record(workspace, audit.Action.POLICY_CHANGED, f"{event.act} {policy.version} {event.file}", actor=event.by)
    lines = [*history(workspace), event]
    write_whole(_history_file(workspace), b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    write_whole(workspace.policy_file, policy.text.encode())
    return event


def _event(act: Literal["activated", "rolled_back"], policy: Policy, before: str) -> Event:
    return Event(datetime.now(UTC), act, policy.version, _hash(policy.text), before, getpass.getuser())


def _kept(workspace: Workspace) -> str:
    """The hash of the active policy's text, which is in the folder from now on, in order or not."""
    return _keep(workspace, _text(workspace.policy_file))


def _keep(workspace: Workspace, text: str) -> str:
    name = _hash(text)
    file = _file(workspace, name)
    if not file.exists():
        write_whole(file, text.encode())
    return name


def _before(workspace: Workspace, active: str) -> str:
    """The policy that the active one replaced. One that was edited in place replaced the last one activated."""
    stack: list[str] = []
    for event in history(workspace):
        rolled_back = event.act == "rolled_back"
        standing = event.file if rolled_back else event.before
        while standing in stack and stack[-1] != standing:
            stack.pop()
        if standing not in stack:
            stack.append(standing)
        if not rolled_back:
            stack.append(event.file)
    if stack[-1:] == [active]:
        stack.pop()
    if not stack:
        mend = "activate the policy that you want with `ringfence policy activate`"
        raise Fault("the active policy replaced no other", where=str(workspace.policy_file), mend=mend)
    return stack[-1]


def _refuse_used(workspace: Workspace, policy: Policy) -> None:
    name = _hash(policy.text)
    used = {event.version: event.file for event in history(workspace)}
    active = _text(workspace.policy_file)
    if active != policy.text and _version_in(active) == policy.version:
        used[policy.version] = _hash(active)
    if used.get(policy.version, name) != name:
        what = f"its version {policy.version!r} was used for another policy"
        raise Fault(what, where="version", mend="change version, so that decisions say which of the two made them")


def _version_in(text: str) -> str:
    """The version of a policy that may be out of order; empty when it has none."""
    try:
        return Policy.parse(text, "policy.toml").version
    except Fault:
        return ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("the policy cannot be read", where=str(file), mend="restore it, or run `ringfence init`") from error


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _file(workspace: Workspace, name: str) -> Path:
    return workspace.path / "policies" / f"{name}.toml"


def _history_file(workspace: Workspace) -> Path:
    return workspace.path / "policies" / "history.jsonl"
