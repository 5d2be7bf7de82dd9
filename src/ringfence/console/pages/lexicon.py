"""Which terms are vetted, what waits for a second person, and which words may be new? Every term is masked first.

A page never has a term that was not asked for: it is named by a digest of its id.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases.audit import Act
from ringfence.cases.faults import Unknown
from ringfence.cases.people import Permission
from ringfence.console import drawing, reveals
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import After, Name, Sought, Why
from ringfence.console.page import POST, Page
from ringfence.console.pages.wellbeing import rules
from ringfence.discovery import drift, last_results, vetting
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store.workspace import Workspace
from ringfence.terms import versions
from ringfence.terms.diff import diff
from ringfence.terms.lexicon import Lexicon, from_file
from ringfence.terms.term import Term

PAGE = 100
Key = Annotated[str, Form(pattern=r"^[0-9a-f]{24}$")]
Version = Annotated[str, Form(pattern=r"^[0-9a-f]{16}$")]


def show(asking: Asker, category: Sought = "", opinion: Sought = "", after: After = 0) -> Response:
    """The terms of the active lexicon, a page at a time."""
    lexicon = _active(asking.settings.workspace)
    _read(asking, lexicon.version if lexicon else "none")
    terms = [
        one
        for one in lexicon or ()
        if (not category or one.category == category) and (not opinion or one.opinion == opinion)
    ]
    kept = {name: value for name, value in (("category", category), ("opinion", opinion)) if value}
    older = "/lexicon?" + urlencode({**kept, "after": after + PAGE}) if after + PAGE < len(terms) else ""
    return drawing.drawn(
        asking,
        "lexicon.html",
        lexicon=lexicon,
        rows=[(key(one.id), one) for one in terms[after : after + PAGE]],
        of=len(terms),
        after=after,
        categories=sorted({one.category for one in lexicon or ()}),
        opinions=tuple(Opinion),
        chosen=(category, opinion),
        first="/lexicon?" + urlencode(kept) if after else "",
        older=older,
        today=asking.at.date(),
        waiting=len(versions.waiting(asking.settings.workspace)),
    )


def reveal(asking: Asker, key: Key, version: Annotated[str, Form(pattern=r"^([0-9a-f]{16}|active)$")]) -> Response:
    """One term, once it is written down that it was asked for."""
    workspace = asking.settings.workspace
    lexicon = _active(workspace) if version == "active" else versions.read(workspace, version)
    term = _named(lexicon or (), key)
    with asking.act() as within:
        within.demand(Permission.READ_LEXICON)
        within.record(Act.TERM_REVEALED, key, {"lexicon": lexicon.version if lexicon else None})
        reveals.add(within)
        looked = reveals.mine(within, rules(asking), asking.zone)
    template = "_term.html" if asking.fragment else "term.html"
    return drawing.drawn(asking, template, term=term, looked=looked, back="/lexicon", swapped=asking.fragment)


def history(asking: Asker) -> Response:
    """The versions there were, and those that wait, each with what it would change."""
    workspace = asking.settings.workspace
    _read(asking, "versions")
    active = _active(workspace)
    waits = [(event, *_changes(workspace, active, event.version)) for event in versions.waiting(workspace)]
    return drawing.drawn(
        asking,
        "lexicon_versions.html",
        active=active.version if active else "",
        waits=waits,
        events=tuple(reversed(versions.history(workspace))),
        second=workspace.config.lexicon.second_person,
        waiting=len(waits),
    )


def activate(asking: Asker, version: Version) -> Response:
    """Make a version the active one. Whether that takes a second person is checked by versions.activate."""
    with asking.act() as within:
        within.demand(Permission.KEEP_LEXICON)
        within.record(Act.LEXICON_DECIDED, version, {"decision": "activated"})
        versions.activate(asking.settings.workspace, version, within.person.id)
    return drawing.see("/lexicon/versions", "activated")


def refuse(asking: Asker, version: Version, why: Why) -> Response:
    """Let a version wait no longer."""
    with asking.act() as within:
        within.demand(Permission.KEEP_LEXICON)
        within.record(Act.LEXICON_DECIDED, version, {"decision": "refused", "why": why})
        versions.refuse(asking.settings.workspace, version, within.person.id, why)
    return drawing.see("/lexicon/versions", "version_refused")


def drifting(asking: Asker) -> Response:
    """Words that may be new. The list is asked for by the page, since it takes a while."""
    workspace = asking.settings.workspace
    with asking.act() as within:
        within.demand(Permission.READ_LEXICON)
    return drawing.drawn(
        asking,
        "lexicon_drift.html",
        may=asking.person.id in workspace.config.lexicon.drift_readers,
        waiting=len(versions.waiting(workspace)),
        rows=None,
    )


def candidates(asking: Asker) -> Response:
    """The list of those words, for whom the config names; each masked."""
    workspace = asking.settings.workspace
    with asking.act() as within:
        within.demand(Permission.READ_LEXICON)
        drift.may_read(workspace, within.person.id)
        within.record(Act.DRIFT_READ, "candidates")
    try:
        rows = _candidates(workspace, asking.person.id)
    except Fault as fault:
        return drawing.failed(asking, fault)
    if asking.fragment:
        return drawing.drawn(asking, "_drift.html", rows=rows)
    waits = len(versions.waiting(workspace))
    return drawing.drawn(asking, "lexicon_drift.html", may=True, waiting=waits, rows=rows)


def reveal_word(asking: Asker, key: Key) -> Response:
    """One candidate, once it is written down that it was asked for."""
    word = _word(asking.settings.workspace, asking.person.id, key)
    with asking.act() as within:
        drift.may_read(asking.settings.workspace, within.person.id)
        within.record(Act.TERM_REVEALED, key, {"lexicon": "drift"})
        reveals.add(within)
        looked = reveals.mine(within, rules(asking), asking.zone)
    template = "_term.html" if asking.fragment else "term.html"
    return drawing.drawn(
        asking, template, term=Term("", word), looked=looked, back="/lexicon/drift/list", swapped=asking.fragment
    )


def judge(
    asking: Asker,
    key: Key,
    opinion: Annotated[Opinion, Form()],
    category: Name = "",
    licence: Name = "",
) -> Response:
    """Confirm a candidate, turn it down, or keep it to be looked into: a proposal of the lexicon with it."""
    workspace = asking.settings.workspace
    word = _word(workspace, asking.person.id, key)
    with asking.act() as within:
        within.demand(Permission.KEEP_LEXICON)
        within.record(Act.LEXICON_DECIDED, key, {"decision": str(opinion)})
        event = vetting.judge(workspace, word, opinion, within.person.id, category.strip(), licence.strip())
    return drawing.see("/lexicon/drift/list", "judged_active" if event.act == "activated" else "judged")


def key(name: str) -> str:
    """What stands for a term or a word on a page."""
    return sha256(f"lexicon\0{name}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _read(asking: Asking, subject: str) -> None:
    with asking.act() as within:
        within.demand(Permission.READ_LEXICON)
        within.record(Act.LEXICON_READ, subject)


def _active(workspace: Workspace) -> Lexicon | None:
    file = workspace.lexicon_file
    if not file.exists():
        return None
    told = file.stat()
    return _loaded(file, told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=1)
def _loaded(file: Path, _when: int, _size: int) -> Lexicon:
    return from_file(file)


def _named(terms: Lexicon | Sequence[Term], wanted: str) -> Term:
    for one in terms:
        if key(one.id) == wanted:
            return one
    raise Unknown("there is no such term", where="lexicon", mend="open the page again: it has changed")


def _changes(workspace: Workspace, active: Lexicon | None, version: str) -> tuple[Any, str]:
    """What a version would change, or why that cannot be told."""
    try:
        new = versions.read(workspace, version)
    except Fault as fault:
        return None, fault.what
    made = diff(active or Lexicon.of(()), new)
    added, removed = ([(key(one.id), one) for one in some] for some in (made.added, made.removed))
    return {"added": added, "removed": removed, "changed": [(key(one.id), one) for one in made.changed]}, ""


def _candidates(workspace: Workspace, by: str) -> list[tuple[str, dict[str, Any]]]:
    rows = _drift(workspace, by)
    return [(key(row["word"]), {name: value for name, value in row.items() if name != "word"}) for row in rows]


def _word(workspace: Workspace, by: str, wanted: str) -> str:
    for row in _drift(workspace, by):
        if key(row["word"]) == wanted:
            return str(row["word"])
    raise Unknown("there is no such candidate", where="drift", mend="open the page again: it has changed")


def _drift(workspace: Workspace, by: str) -> Sequence[dict[str, Any]]:
    """The candidates; found once for a discovery and a lexicon, as it takes a while. Who may read is asked anew."""
    drift.may_read(workspace, by)
    at = last_results.last_run(workspace).at
    told = workspace.lexicon_file.stat() if workspace.lexicon_file.exists() else None
    return _found(workspace.path, by, at, told.st_mtime_ns if told else 0)


@lru_cache(maxsize=2)
def _found(path: Path, by: str, _at: datetime, _when: int) -> Sequence[dict[str, Any]]:
    return tuple(drift.read(Workspace.open(path), by).to_pylist())


PAGES = (
    Page("/lexicon", "lexicon", show, Permission.READ_LEXICON, menu="Lexicon"),
    Page("/lexicon/reveal", "reveal_term", reveal, Permission.READ_LEXICON, POST),
    Page("/lexicon/versions", "lexicon_versions", history, Permission.READ_LEXICON),
    Page("/lexicon/activate", "activate_lexicon", activate, Permission.KEEP_LEXICON, POST),
    Page("/lexicon/refuse", "refuse_lexicon", refuse, Permission.KEEP_LEXICON, POST),
    Page("/lexicon/drift", "drift", drifting, Permission.READ_LEXICON),
    Page("/lexicon/drift/list", "drift_list", candidates, Permission.READ_LEXICON),
    Page("/lexicon/drift/reveal", "reveal_word", reveal_word, Permission.READ_LEXICON, POST),
    Page("/lexicon/drift/judge", "judge_word", judge, Permission.KEEP_LEXICON, POST),
)
