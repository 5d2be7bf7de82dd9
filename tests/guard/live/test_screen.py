"""Does what a bank learns hold for the very next post, and does a bank that cannot be read stop the reading?"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ringfence.guard.live.scan import Scanner
from ringfence.guard.live.screen import BankScreen
from ringfence.guard.live.state import Posted
from ringfence.ingest.streams.stream import Message
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

BANK = Bank("kittiwake", action=Remedy.SUPPRESS)
CODE, OTHER = (np.random.default_rng(number).bytes(32) for number in (1, 2))
NEAR = (int.from_bytes(CODE) ^ 0b111).to_bytes(32)
FAR = (int.from_bytes(CODE) ^ (1 << 25) - 1).to_bytes(32)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


@pytest.fixture
def screen(place: Workspace) -> Iterator[BankScreen]:
    with closing(BankScreen(place)) as made:
        yield made


def put(place: Workspace, *codes: bytes, bank: Bank = BANK) -> None:
    with closing(Banks.of(place)) as banks:
        if bank.name not in banks.every():
            banks.add(bank)
        for code in codes:
            banks.put(bank.name, Item("", (Signal(HashKind.PDQ, code, 90), Signal(HashKind.MD5, code[:16]))))


def known(screen: BankScreen, *media: object) -> list[bool]:
    """Whether each of these posts, of one medium each or of several, is known."""
    scanner = Scanner(Lexicon.from_terms(["firecrest"]), screen=screen)
    batch = [
        Message(0, number, 0, json.dumps(
            {"table": "posts", "post_id": f"p{number}", "account_id": "al", "at": "2026-11-03T08:00:00Z",
             "media": one if isinstance(one, list) else [one]}
        ).encode())
        for number, one in enumerate(media)
    ]  # fmt: skip
    seen, refused = scanner.read(batch)
    assert not refused
    return [one.fact.known for one in seen if isinstance(one.fact, Posted)]


def pdq(code: bytes, quality: object = 90) -> dict[str, object]:
    return {"media_id": "m", "pdq": code.hex(), "quality": quality}


def test_without_banks_nothing_is_known_and_none_are_made(place: Workspace, screen: BankScreen) -> None:
    assert known(screen, pdq(CODE)) == [False]
    assert not place.media.exists()


def test_a_bank_that_comes_later_holds_for_the_next_post(place: Workspace, screen: BankScreen) -> None:
    assert known(screen, pdq(CODE)) == [False]
    put(place, CODE)
    assert known(screen, pdq(CODE), pdq(NEAR), pdq(OTHER), pdq(FAR)) == [True, True, False, False]
    put(place, OTHER)
    assert known(screen, pdq(OTHER)) == [True]


def test_any_medium_and_any_hash_of_it_counts(place: Workspace, screen: BankScreen) -> None:
    put(place, CODE)
    md5 = {"media_id": "m", "md5": CODE[:16].hex()}
    odd = {"media_id": "m", "pdq": "no hash", "sha256": "none either", "md5": ""}
    assert known(screen, [pdq(OTHER), pdq(CODE)], md5, odd, "m", [], [odd, md5]) == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("quality", "counts"), [(None, True), (50, True), (49, False), ("much", True), (2.5, True), (999, False)]
)
def test_a_picture_that_says_too_little_is_not_known(
    place: Workspace, screen: BankScreen, quality: object, *, counts: bool
) -> None:
    put(place, CODE)
    assert known(screen, pdq(CODE, quality)) == [counts]


def test_what_a_negative_bank_knows_of_one_medium_says_nothing_of_another(place: Workspace, screen: BankScreen) -> None:
    put(place, CODE)
    put(place, OTHER, bank=Bank("never", opinion=Opinion.NEGATIVE))
    assert known(screen, [pdq(OTHER), pdq(CODE)], pdq(OTHER)) == [True, False]


def test_a_match_for_a_person_flags_nobody(place: Workspace, screen: BankScreen) -> None:
    put(place, CODE, bank=replace(BANK, action=Remedy.REVIEW))
    assert known(screen, pdq(CODE)) == [False]


def test_banks_that_cannot_be_read_are_no_clean_post(place: Workspace, screen: BankScreen) -> None:
    place.media.mkdir()
    (place.media / "banks.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(Fault):
        known(screen, pdq(CODE))
