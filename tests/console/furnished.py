"""What more has a platform that is worth a picture? What a few weeks leave: measurements, decisions, reveals."""

import subprocess
import sys
from contextlib import closing

from tests.console.visits import LARGEST, looked_up

from ringfence.cases import reports
from ringfence.cases.database import Database
from ringfence.cases.people import Person
from ringfence.console import reveals
from ringfence.discovery import triaging
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.triage import decide
from ringfence.model.words import Opinion
from ringfence.store.workspace import CONFIG, Workspace
from ringfence.terms import versions
from ringfence.terms.lexicon import Lexicon, from_file
from ringfence.terms.term import Term

# A second person for the lexicon, and who may read candidates for terms, as an operator sets them.
SETTINGS = {
    "second_person = false": "second_person = true",
    "drift_readers = []": 'drift_readers = ["senior-reviewer"]',
}
REVEALED = 7


def configured(workspace: Workspace) -> Workspace:
    """The workspace with SETTINGS, before anything is served from it."""
    file = workspace.path / CONFIG
    text = file.read_text()
    for before, after in SETTINGS.items():
        if text.count(before) != 1:
            raise AssertionError(before)
        text = text.replace(before, after)
    file.write_text(text)
    return Workspace.open(workspace.path)


def furnished(workspace: Workspace, person: str) -> None:
    """Do all of it; `person` is who has looked at some pieces and answered some reports."""
    subprocess.run(
        [sys.executable, "-c", "from ringfence.cli import run; run()", "exposure", "--workspace", workspace.path],
        check=True,
        capture_output=True,
    )
    _lexicon(workspace)
    _media(workspace)
    with closing(Database.open(workspace)) as database:
        me = Person(person, workspace.config.cases.tenant, "", frozenset())
        with database.transaction(me) as within:
            for _ in range(REVEALED):
                reveals.add(within)
            case = looked_up(within.connection, LARGEST)
            for one in reports.of(within, case)[:3]:
                reports.answer(within, one.report.report_id, reports.Decision.ACTED, "Thank you. We looked at it.")


def _lexicon(workspace: Workspace) -> None:
    """A version that waits: one term more, and one fewer."""
    active = from_file(workspace.lexicon_file)
    more = Term("whinchat", "whinchat", source="a list of a hotline", licence="for own use")
    versions.propose(workspace, Lexicon.of((*active.terms[1:], more)), "linnet")


def _media(workspace: Workspace) -> None:
    """Two clusters that are decided on, so that there is a bank; and one content of it in quarantine."""
    made = triaging.triaged(workspace).found.made
    first, second = (made.groups.name[int(one)] for one in made.listed(care=False)[:2])
    decide.decide(workspace, first, Opinion.POSITIVE, "wren", "Ten of ten uploaders are in one network.")
    decide.decide(workspace, second, Opinion.NEGATIVE, "wren", "A picture that a club hands out.")
    triaging.hand_over(workspace)
    with closing(Banks.of(workspace)) as banks:
        held = banks.contents(decide.BANK)[0]
        banks.say(held.content, Act.QUARANTINE, by="robin", why="Matches a picture that many have.")
