"""What may be done to an account, and how far is it done? The same few words for plans, orders and targets.

An order is known by its key, which it keeps however often it is asked. Whoever receives it does it once a key.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import msgspec


class Action(StrEnum):
    """One step of a plan, mildest first."""

    LIMIT = "limit"  # leave the account out of discovery features
    RESTRICT = "restrict"  # it can be read, and can write to nobody
    SUSPEND = "suspend"
    REMOVE_CONTENT = "remove_content"
    REPORT_TO_AUTHORITY = "report_to_authority"  # hand it to those who report; nothing is sent to an authority by it
    CARE = "care"  # hand a likely minor to those who protect them


class Direction(StrEnum):
    """Whether an action is to be done, or taken back."""

    DO = "do"
    UNDO = "undo"


class State(StrEnum):
    """How far an order is. SENT is written before it is asked, so whoever dies meanwhile leaves it to ask again."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"  # the platform refused
    UNKNOWN = "unknown"  # nobody knows whether it was done; it is asked again
    WITHHELD = "withheld"  # given back before it was asked


WORDS = 500  # characters that are kept of what a target says
REVERSIBLE = frozenset({Action.LIMIT, Action.RESTRICT, Action.SUSPEND})


@dataclass(frozen=True, slots=True)
class Order:
    """What a target is asked to do. `reason` is the name of the plan, and never what an account is suspected of.

    `undoes` is the key of the order that this one takes back, empty where it does something: a target that never did
    that has nothing to take back.
    """

    key: str
    account_id: str
    action: Action
    direction: Direction
    reason: str
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The target says that it is so now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The target says that it did not do it and will not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody knows: it did not answer, or not so that one could tell."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """It was not asked after all: the run was stopped first, or the target is left alone for a while."""

    reason: str = ""


Outcome = Done | Refused | Unclear | Unsent


def key(digest: str, account_id: str, action: Action, direction: Direction) -> str:
    """The key of an order: SHA-256 over one JSON array of the plan's digest, the account, the action, the direction."""
    return hashlib.sha256(msgspec.json.encode((digest, account_id, action, direction))).hexdigest()


def after(outcome: Outcome) -> tuple[State, str]:
    """The state that an order is in with this outcome, and what is kept of why: as much as both databases take."""
    match outcome:
        case Done():
            return State.DONE, ""
        case Refused(reason):
            return State.FAILED, _kept(reason)
        case Unclear(reason):
            return State.UNKNOWN, _kept(reason)
        case Unsent():
            return State.PENDING, ""
    assert_never(outcome)


def _kept(reason: str) -> str:
    return reason.replace("\0", " ")[:WORDS]
