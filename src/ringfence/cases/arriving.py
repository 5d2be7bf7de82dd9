"""What came since the cases were last opened? The networks of the last discovery, and what users reported."""

from ringfence.cases import found, incoming, opening, reports
from ringfence.cases.database import Database
from ringfence.cases.opening import Opened
from ringfence.cases.people import Person
from ringfence.cases.reports import Received
from ringfence.store import events
from ringfence.store.workspace import Workspace


def take_in(database: Database, person: Person, workspace: Workspace) -> tuple[Opened, Received]:
    """Open cases for what the last discovery found, bring the others up to date, and take in what was reported.

    Raises Fault where there is no discovery, or one later than it was opened already.
    """
    settings = workspace.config.cases
    run = found.found(workspace)  # may take a while, in which others can work
    with database.transaction(person) as within, events.connect(workspace) as store:
        made = opening.open_cases(within, run, settings.threshold)
        given = incoming.reported(store, incoming.newest(within))
        return made, reports.receive(within, given, settings.urgent_reasons)
