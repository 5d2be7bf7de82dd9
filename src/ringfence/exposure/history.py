"""What was measured before? Every sealed measurement of a workspace and its page, two files named by their time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringfence.exposure.audit import Audit, seal, unseal
from ringfence.exposure.page import is_page
from ringfence.exposure.page import seal as seal_page
from ringfence.exposure.page import unseal as unseal_page
from ringfence.exposure.report import render
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

LATEST = "exposure.json"
PAGE = "exposure.html"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the latest measurement lies: for programs, and for people."""

    measurement: Path
    page: Path


def keep(workspace: Workspace, audit: Audit, signer: Signer) -> Kept:
    """Write a measurement and its page into the history, then as the latest; each file whole or not at all.

    Earlier measurements that cannot be read are named in the page.
    """
    sealed = seal(audit, signer)
    past, unread = readable(workspace, Trusted(frozenset({signer.public})))
    page = seal_page(render(audit, sealed, past, unread), signer)
    name = "".join(letter for letter in audit.recipe.at if letter.isdigit())
    kept = Kept(workspace.exposure / LATEST, workspace.exposure / PAGE)
    write_whole(_folder(workspace) / f"{name}.json", sealed)
    write_whole(_folder(workspace) / f"{name}.html", page)
    write_whole(kept.measurement, sealed)
    write_whole(kept.page, page)
    return kept


def read(file: bytes, trusted: Trusted | None, where: str) -> Audit:
    """The measurement in either kind of file that `keep` writes. Raises Fault as `unseal` does."""
    return (unseal_page if is_page(file) else unseal)(file, trusted, where)


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


def readable(workspace: Workspace, trusted: Trusted) -> tuple[list[Audit], list[str]]:
    """All measurements that can be read, the oldest first, and a line about each that cannot."""
    found, unread = [], []
    for file in sorted(_folder(workspace).glob("*.json")):
        try:
            found.append(unseal(file.read_bytes(), trusted, str(file)))
        except Fault as fault:
            unread.append(f"{file.name} {fault.what}")
    return found, unread


def _folder(workspace: Workspace) -> Path:
    return workspace.exposure / "history"
