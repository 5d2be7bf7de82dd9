"""Which measurements of exposure has this workspace made? Those that it signed itself, the oldest first."""

from ringfence.exposure import history, report
from ringfence.exposure.audit import Audit
from ringfence.guard.files import signer_of
from ringfence.guard.snapshots.signing import Trusted
from ringfence.store.workspace import Workspace


def measurements(workspace: Workspace) -> tuple[list[Audit], list[str]]:
    """The measurements, and a line about each that cannot be read. Where there are none, no key is made to look."""
    if not workspace.exposure.exists():
        return [], []
    found, unread = history.readable(workspace, Trusted(frozenset({signer_of(workspace).public})))
    return sorted(found, key=lambda one: report.when(one.recipe.at)), unread
