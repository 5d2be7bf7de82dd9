"""Does what a bank knows flag who shared it, for as long as the bank and its reviewers let it?"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ringfence.guard.collect import collect
from ringfence.guard.known_media import LASTS, SIGNAL, flagged
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.items import Item, Signal
from ringfence.media.rematch import rematch
from ringfence.model.schemas import SCORES
from ringfence.model.words import HashKind, Opinion
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

NOW = datetime(2026, 11, 20, tzinfo=UTC)
BANK = Bank("kittiwake", action=Remedy.SUPPRESS)
CODES = [np.random.default_rng(number).bytes(32) for number in range(4)]


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A platform on which each of four accounts shared one picture; a label says of the last what it shared."""
    workspace = Workspace.create(tmp_path / "platform")
    made = "2026-11-01T08:00:00Z"
    told: dict[str, list[dict[str, object]]] = {
        "accounts": [{"account_id": f"a{number}", "created_at": made} for number in range(4)],
        "posts": [
            {"post_id": f"p{number}", "account_id": f"a{number}", "at": made, "text": "",
             "media": [{"media_id": f"m{number}", "pdq": code.hex(), "quality": 90}]}
            for number, code in enumerate(CODES)
        ],
        "labels": [{"account_id": "a3", "label": SIGNAL, "opinion": "positive", "at": made, "source": "platform"}],
    }  # fmt: skip
    for name, rows in told.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    load(workspace, [tmp_path / f"{name}.jsonl" for name in told])
    return workspace


@pytest.fixture
def banks(place: Workspace) -> Iterator[Banks]:
    with closing(Banks.of(place)) as made:
        made.add(BANK)
        yield made


def put(banks: Banks, code: bytes) -> int:
    return banks.put("kittiwake", Item("", (Signal(HashKind.PDQ, code, 90),)))


def names(place: Workspace) -> list[str]:
    table = flagged(place, NOW)
    assert set(table["signal"].to_pylist()) <= {SIGNAL}
    return [str(name) for name in table["account_id"].to_pylist()]


def test_nobody_is_flagged_without_banks(place: Workspace) -> None:
    assert names(place) == []


def test_who_shared_it_is_flagged_for_thirty_days(place: Workspace, banks: Banks) -> None:
    put(banks, CODES[1])
    rematch(place)
    assert flagged(place, NOW).to_pylist() == [
        {"account_id": "a1", "signal": SIGNAL, "strength": 1.0, "until": NOW + LASTS}
    ]


@pytest.mark.parametrize("act", [Act.DECONFIRM, Act.QUARANTINE])
def test_a_person_ends_it(place: Workspace, banks: Banks, act: Act) -> None:
    number = put(banks, CODES[1])
    rematch(place)
    banks.say(number, act, by="wren", why="a landscape")
    assert names(place) == []


@pytest.mark.parametrize(
    "changed",
    [
        replace(BANK, action=Remedy.REVIEW),
        replace(BANK, opinion=Opinion.NEGATIVE),
        replace(BANK, opinion=Opinion.DISPUTED),
    ],
)
def test_a_bank_that_no_longer_acts_flags_nobody(place: Workspace, banks: Banks, changed: Bank) -> None:
    put(banks, CODES[1])
    rematch(place)
    banks.change("kittiwake", changed)
    assert names(place) == []


def test_what_is_withdrawn_disabled_or_gone_with_its_bank_flags_nobody(place: Workspace, banks: Banks) -> None:
    numbers = [put(banks, code) for code in CODES[:3]]
    rematch(place)
    banks.withdraw(numbers[0])
    banks.disable(numbers[1], NOW + timedelta(days=1))
    assert names(place) == ["a2"]
    banks.remove("kittiwake")
    assert names(place) == []


def test_a_match_for_a_person_flags_nobody(place: Workspace, banks: Banks) -> None:
    """Far away, or from a source that anybody may submit to."""
    far = (int.from_bytes(CODES[0]) ^ (1 << 25) - 1).to_bytes(32)
    put(banks, far)
    banks.add(Bank("other", "stopncii", action=Remedy.SUPPRESS))
    banks.put("other", Item("1", (Signal(HashKind.PDQ, CODES[1], 90),)))
    assert rematch(place).matched == 2
    assert names(place) == []


def test_the_guard_is_told_once_of_each(place: Workspace, banks: Banks) -> None:
    put(banks, CODES[1])
    put(banks, CODES[3])
    rematch(place)
    with events.connect(place) as connection:
        rows = collect(place, connection, SCORES.empty_table(), NOW).to_pylist()
    known = sorted((row["account_id"], row["until"]) for row in rows if row["signal"] == SIGNAL)
    assert known == [("a1", NOW + LASTS), ("a3", None)]  # what the label says of the last one does not end
