"""What came since the cases were last opened? The networks of the last discovery, and what users reported."""

from ringfence.cases import found, incoming, opening, reports
from ringfence.cases.opening import Opened
from ringfence.cases.reports import Received
from ringfence.cases.transaction import Transaction
from ringfence.store import events
from ringfence.store.workspace import Workspace


def take_in(within: Transaction, workspace: Workspace) -> tuple[Opened, Received]:
    """Open cases for what the last discovery found, bring the others up to date, and take in what was reported.

    Raises Fault where there is no discovery, or one later than it was opened already.
    """
    settings = workspace.config.cases
    made = opening.open_cases(within, found.found(workspace), settings.threshold)
    with events.connect(workspace) as store:
        given = incoming.reported(store, incoming.newest(within))
    return made, reports.receive(within, given, settings.urgent_reasons)
