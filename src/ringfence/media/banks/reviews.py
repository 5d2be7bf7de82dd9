"""What did people say of a content, and who must still be told? Every act with name, reason and time."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ringfence.media.banks import numbers
from ringfence.media.banks.bank import OWN
from ringfence.media.banks.contents import Review, moment
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion


class Act(StrEnum):
    """What can be done about a content."""

    CONFIRM = "confirm"
    DECONFIRM = "deconfirm"
    QUARANTINE = "quarantine"
    RELEASE = "release"


# What each does to the columns of a content. A person who confirmed or released it vouches for it: it is never held
# for a flood again. What is deconfirmed does nothing, so there is nothing left to hold.
_EFFECTS = {
    Act.CONFIRM: f"review = '{Review.CONFIRMED}'",
    Act.DECONFIRM: f"review = '{Review.DECONFIRMED}', held = NULL",
    Act.QUARANTINE: "held = :why",
    Act.RELEASE: "held = NULL, vouched = :at",
}
_FEEDBACK = {Act.CONFIRM: Opinion.POSITIVE, Act.DECONFIRM: Opinion.NEGATIVE}


@dataclass(frozen=True, slots=True)
class Said:
    """One act: what, by whom, why and when."""

    act: Act
    by: str
    why: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reviewer thinks of an exchange's item, to be sent there."""

    id: int
    source_id: str
    opinion: Opinion
    why: str
    at: datetime | None


def say(db: sqlite3.Connection, content: int, act: Act, by: str, why: str) -> None:
    """Do one act, inside one transaction. Raises Fault without a name or a reason, or for no content."""
    if not by.strip() or not why.strip():
        missing = "name" if not by.strip() else "reason"
        raise Fault(f"has no {missing}", where=f"{act} content {content}", mend="say who decides, and why")
    given = {"content": content, "act": act.value, "by": by, "why": why, "at": numbers.now()}
    done = db.execute(f"UPDATE contents SET {_EFFECTS[act]} WHERE content = :content AND NOT gone", given)
    if not done.rowcount:
        raise Fault("is in no bank", where=f"content {content}", mend="see `ringfence media bank show`")
    db.execute("INSERT INTO reviews (content, act, by, why, at) VALUES (:content, :act, :by, :why, :at)", given)
    if act in _FEEDBACK:
        # Of a reviewer who thinks again only the last word is sent.
        db.execute("DELETE FROM feedback WHERE content = :content AND sent IS NULL", given)
        db.execute(
            "INSERT INTO feedback (bank, content, opinion, why, at) SELECT bank, content, :opinion, :why, :at "
            "FROM contents JOIN banks USING (bank) WHERE content = :content AND source != :own",
            {**given, "opinion": _FEEDBACK[act].value, "own": OWN},
        )


def history(db: sqlite3.Connection, content: int) -> tuple[Said, ...]:
    """Everything that was done about a content, oldest first."""
    rows = db.execute("SELECT act, by, why, at FROM reviews WHERE content = ? ORDER BY review", (content,))
    return tuple(Said(Act(act), by, why, moment(at)) for act, by, why, at in rows)


def waiting(db: sqlite3.Connection, bank: int) -> tuple[Feedback, ...]:
    """What a bank's exchange was not told yet, oldest first."""
    rows = db.execute(
        "SELECT feedback, source_id, feedback.opinion, why, feedback.at FROM feedback JOIN contents USING (content) "
        "WHERE feedback.bank = ? AND sent IS NULL ORDER BY feedback",
        (bank,),
    )
    return tuple(
        Feedback(number, source, Opinion(opinion), why, moment(at)) for number, source, opinion, why, at in rows
    )


def sent(db: sqlite3.Connection, bank: int, ids: Sequence[int]) -> None:
    """Note that feedback has arrived; twice is as once."""
    db.execute(
        "UPDATE feedback SET sent = ? WHERE bank = ? AND sent IS NULL AND feedback IN (SELECT value FROM json_each(?))",
        (numbers.now(), bank, json.dumps(list(ids))),
    )
