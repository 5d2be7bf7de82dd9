"""What came since the cases were last opened? The networks of the last discovery, and what users reported.

Both are read before the act begins: they take long on a large platform, and meanwhile others work on.
"""

from ringfence.cases import found, incoming, opening, reports
from ringfence.cases.database import Database
from ringfence.cases.opening import Opened
from ringfence.cases.people import Permission, Person
from ringfence.cases.reports import Received
from ringfence.store import events
from ringfence.store.workspace import Workspace


def take_in(database: Database, workspace: Workspace, person: Person) -> tuple[Opened, Received]:
    """Open cases for what the last discovery found, bring the others up to date, and take in what was reported.

    Raises Fault where there is no discovery, or one later than it was opened already.
    """
    settings = workspace.config.cases
    with database.transaction(person) as within:
        within.demand(Permission.OPEN_CASES)
        newest = incoming.newest(within)
    told = found.found(workspace)
    with events.connect(workspace) as store:
        given = incoming.reported(store, newest)
    with database.transaction(person) as within:
        made = opening.open_cases(within, told, settings.threshold)
        return made, reports.receive(within, given, settings.urgent_reasons)
