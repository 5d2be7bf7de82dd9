"""What was measured before? Every sealed measurement of a workspace, one file each, named by its time."""

from collections.abc import Iterator
from pathlib import Path

from ringfence.exposure.audit import Audit, seal, unseal
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

LATEST = "exposure.json"


def keep(workspace: Workspace, audit: Audit, signer: Signer) -> Path:
    """Write a measurement into the history, then as the latest; each file whole or not at all."""
    sealed = seal(audit, signer)
    name = "".join(letter for letter in audit.recipe.at if letter.isdigit())
    write_whole(_folder(workspace) / f"{name}.json", sealed)
    write_whole(workspace.exposure / LATEST, sealed)
    return workspace.exposure / LATEST


def latest(workspace: Workspace, trusted: Trusted, command: str) -> Audit | None:
    """The last measurement by the same command, or None when there is none. Raises Fault for one that was changed."""
    for file in sorted(_folder(workspace).glob("*.json"), reverse=True):
        measured = unseal(file.read_bytes(), trusted, str(file))
        if measured.recipe.command == command:
            return measured
    return None


def every(workspace: Workspace, trusted: Trusted) -> Iterator[Audit]:
    """All measurements, the oldest first. Raises Fault at one that was changed."""
    for file in sorted(_folder(workspace).glob("*.json")):
        yield unseal(file.read_bytes(), trusted, str(file))


def _folder(workspace: Workspace) -> Path:
    return workspace.exposure / "history"
