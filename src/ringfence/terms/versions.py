"""Which lexicon is active, which wait for a second person, and who let each of them in?

A version is a file in the workspace's `lexicons` folder, named by the hash of its content; the active one is a copy at
`lexicon.csv`. Every file here is sealed when there is a key (see seal.py). `history.jsonl` only ever grows.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms import formats, seal
from ringfence.terms.examples import failed_examples
from ringfence.terms.formats import Format
from ringfence.terms.lexicon import Lexicon, from_file
from ringfence.terms.plain import plain

TWO, ONE = "two people", "one person"
_VERSION = re.compile(r"[0-9a-f]{16}")
_NAME = 200  # characters of a person's name
_SHOWN = 3


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What became of a version. `by` proposed it, and `approved_by` let it in, both or one person.

    One that was refused has who refused it as `by`, and why.
    """

    at: datetime
    act: Literal["proposed", "activated", "refused"]
    version: str
    terms: int
    by: str
    approved_by: str | None = None
    people: str | None = None
    why: str | None = None


def propose(workspace: Workspace, lexicon: Lexicon, by: str) -> Event:
    """Put a lexicon forward; it is active at once unless lexicon.second_person asks for another person to activate it.

    Raises Fault when one of its examples fails, or when it has a term without a licence and lexicon.licence_required.
    """
    by = _person(by)
    _refuse(workspace, lexicon)
    with workspace.lock():
        audit.record(workspace, audit.Action.LEXICON_PROPOSED, lexicon.version, actor=by)
        _write(_file(workspace, lexicon.version), lexicon)
        proposal = _remember(workspace, Event(datetime.now(UTC), "proposed", lexicon.version, len(lexicon), by))
        return proposal if workspace.config.lexicon.second_person else _activate(workspace, lexicon, proposal, by)


def activate(workspace: Workspace, version: str, by: str) -> Event:
    """Make a version that was proposed the active one, also an old one again.

    Raises Fault when there is no such version, its file was changed, an example of it fails, or, with
    lexicon.second_person, when `by` is who proposed it last.
    """
    by = _person(by)
    with workspace.lock():
        proposal = _proposal(workspace, version)
        if workspace.config.lexicon.second_person and _same_person(by, proposal.by):
            what = f"{version} was proposed by {proposal.by}, and takes a second person"
            raise Fault(what, where="--by", mend="have somebody else look at it and activate it")
        lexicon = read(workspace, version)
        _refuse(workspace, lexicon)
        return _activate(workspace, lexicon, proposal, by)


def refuse(workspace: Workspace, version: str, by: str, why: str) -> Event:
    """Let a version that waits wait no longer; whoever proposed it may take it back so. It can be proposed again.

    Raises Fault for a version that does not wait, and where nobody says why.
    """
    by = _person(by)
    if not why.strip():
        raise Fault("nobody says why", where=f"lexicon {version}", mend="say it in a few words")
    with workspace.lock():
        waits = {event.version: event for event in waiting(workspace)}
        if version not in waits:
            raise Fault("does not wait for anybody", where=f"lexicon {version}", mend="see which versions do")
        audit.record(workspace, audit.Action.LEXICON_CHANGED, f"{version} refused", actor=by)
        event = Event(datetime.now(UTC), "refused", version, waits[version].terms, by, why=why.strip())
        return _remember(workspace, event)


def read(workspace: Workspace, version: str) -> Lexicon:
    """A version, active or not. Raises Fault when there is none of that name or its file does not hold it."""
    file = _file(workspace, version)
    if not file.exists():
        raise _unknown(workspace, version)
    lexicon = from_file(file)
    if lexicon.version != version:
        raise Fault("its terms are not those that were proposed", where=str(file), mend="import the list again")
    return lexicon


def keep(workspace: Workspace, lexicon: Lexicon) -> None:
    """Write a lexicon as the active one, sealed when there is a key, for a caller that records it."""
    _write(workspace.lexicon_file, lexicon)


def history(workspace: Workspace) -> tuple[Event, ...]:
    """Every proposal, activation and refusal, oldest first. Raises Fault for a line that is none."""
    file = _history_file(workspace)
    try:
        lines = file.read_bytes().splitlines() if file.exists() else []
        return tuple(msgspec.json.decode(line, type=Event) for line in lines)
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(file), mend="make it readable") from error
    except msgspec.DecodeError as error:
        what = f"has a line that is no event ({error})"
        raise Fault(what, where=str(file), mend="find out who changed it, and restore the file from a copy") from error


def waiting(workspace: Workspace) -> tuple[Event, ...]:
    """The proposals that nobody has activated or refused, oldest first; a version once, as it was proposed last."""
    open_: dict[str, Event] = {}
    for event in history(workspace):
        open_.pop(event.version, None)
        if event.act == "proposed":
            open_[event.version] = event
    return tuple(open_.values())


def _activate(workspace: Workspace, lexicon: Lexicon, proposal: Event, by: str) -> Event:
    people = ONE if _same_person(by, proposal.by) else TWO
    event = Event(datetime.now(UTC), "activated", lexicon.version, len(lexicon), proposal.by, by, people)
    # Written down first: a list may be named here and not yet be active, but is never active without its line.
    audit.record(workspace, audit.Action.LEXICON_CHANGED, lexicon.version, actor=by)
    _remember(workspace, event)
    keep(workspace, lexicon)
    return event


def _refuse(workspace: Workspace, lexicon: Lexicon) -> None:
    where = f"lexicon {lexicon.version}"
    if workspace.config.lexicon.licence_required:
        lacking = [term.id for term in lexicon if term.licence is None]
        if lacking:
            what = f"{len(lacking):,} terms have no licence ({', '.join(lacking[:_SHOWN])})"
            raise Fault(what, where=where, mend="fill in their licence, or name one for all with --licence")
    if failed := failed_examples(lexicon):
        told = "; ".join(one.sentence for one in failed[:_SHOWN])
        raise Fault(f"{len(failed):,} examples fail: {told}", where=where, mend="mend the terms or the examples")


def _proposal(workspace: Workspace, version: str) -> Event:
    for event in reversed(history(workspace)):
        if event.version == version and event.act == "proposed":
            return event
    raise _unknown(workspace, version)


def _unknown(workspace: Workspace, version: str) -> Fault:
    known = dict.fromkeys(event.version for event in reversed(history(workspace)))
    return Fault(f"there is no version {version!r}", where=str(_folder(workspace)), mend=choices(version, known))


def _folder(workspace: Workspace) -> Path:
    return workspace.path / "lexicons"


def _history_file(workspace: Workspace) -> Path:
    return _folder(workspace) / "history.jsonl"


def _file(workspace: Workspace, version: str) -> Path:
    if not _VERSION.fullmatch(version):
        raise _unknown(workspace, version)
    return _folder(workspace) / f"{version}.csv"


def _write(file: Path, lexicon: Lexicon) -> None:
    write_whole(file, seal.seal(formats.written(lexicon, Format.CSV), formats.KIND))


def _remember(workspace: Workspace, event: Event) -> Event:
    file = _history_file(workspace)
    lines = [*history(workspace), event]
    write_whole(file, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return event


def _person(name: str) -> str:
    name = " ".join(name.split())
    if not name or not name.isprintable() or len(name) > _NAME:
        raise Fault(f"{name!r} is nobody's name", where="--by", mend="write who you are")
    return name


def _same_person(one: str, other: str) -> bool:
    return plain(one).split() == plain(other).split()
