"""What becomes of a candidate for a new code word that somebody has judged? It stands in a proposal of the lexicon.

One that was turned down is kept as well, with that opinion, so that nobody is asked again. Whether the proposal takes a
second person is as `lexicon.second_person` says.
"""

from ringfence.discovery import drift
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store.workspace import Workspace
from ringfence.terms import versions
from ringfence.terms.lexicon import Lexicon, from_file
from ringfence.terms.rows import Row, Wrong, from_row
from ringfence.terms.versions import Event

OPINIONS = (Opinion.POSITIVE, Opinion.NEGATIVE, Opinion.INVESTIGATE)


def judge(workspace: Workspace, word: str, opinion: Opinion, by: str, category: str, licence: str) -> Event:
    """Propose the lexicon with a word in it, by somebody who may read candidates.

    It is laid on what the same person has put forward and nobody has activated yet, else on the active lexicon.
    """
    drift.may_read(workspace, by)
    if opinion not in OPINIONS:
        raise Fault(f"{opinion} is no decision on a word", where="opinion", mend=f"choose of {', '.join(OPINIONS)}")
    told: Row = {"term": word, "opinion": str(opinion), "source": f"drift, {by}"}
    told = {**told, **({"category": category} if category else {}), **({"licence": licence} if licence else {})}
    try:
        term = from_row(told)
    except Wrong as wrong:
        raise Fault(wrong.what, where="the candidate", mend=wrong.mend) from None
    before = _before(workspace, by)
    if any(term.id == one.id for one in before):
        raise Fault("is judged already", where="the candidate", mend="have what waits activated or refused first")
    return versions.propose(workspace, Lexicon.of((*before, term)), by)


def _before(workspace: Workspace, by: str) -> Lexicon:
    mine = [event.version for event in versions.waiting(workspace) if event.by == by]
    return versions.read(workspace, mine[-1]) if mine else from_file(workspace.lexicon_file)
