"""Who carries plans out here, as pages say it? And what is missing, where nobody can."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from ringfence.cases.actions import Action
from ringfence.enforcement import configured
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

# What each does, in the words of the pages. Only what the platform can take back is ever called undone.
MEANING: Mapping[Action, str] = MappingProxyType(
    {
        Action.LIMIT: "left out of search, suggestions and recommendations",
        Action.RESTRICT: "can be read, and can write to nobody",
        Action.SUSPEND: "cannot be read and cannot sign in",
        Action.REMOVE_CONTENT: "what it posted is removed",
        Action.REPORT_TO_AUTHORITY: "handed to those who report to an authority",
        Action.CARE: "likely minors are handed to those who care for them, and nothing else is done",
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """`where` is the file or the host that gets the orders. `fault` says why nobody would, and `mend` what to do."""

    name: str
    where: str
    reversible: Collection[Action]
    fault: str = ""
    mend: str = ""


def target(workspace: Workspace) -> Target:
    """What ringfence.toml says. Nothing is asked of a webhook."""
    told = workspace.config.enforcement
    where = told.file if told.enforcer == "file" else urlsplit(told.url).netloc
    known = (told.enforcer, where, configured.reversible(workspace))
    try:
        configured.enforcer(workspace)
    except Fault as fault:
        return Target(*known, f"{fault.where} {fault.what}", fault.mend)
    return Target(*known)
