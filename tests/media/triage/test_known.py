"""Is what any bank knows left out, and never what is still in doubt?"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.items import Item, Signal
from ringfence.media.matcher import Matcher
from ringfence.media.triage import known as module
from ringfence.media.triage.known import known
from ringfence.model.words import HashKind, Opinion
from ringfence.store.workspace import Workspace

LOOKS = [np.random.default_rng(one).bytes(32) for one in range(4)]
COLUMNS = ("key", "media_id", "sha256", "md5", "pdq")


@pytest.fixture
def matcher(tmp_path: Path) -> Iterator[Matcher]:
    place = Workspace.create(tmp_path / "platform")
    banks = Banks.of(place)
    banks.add(Bank("own"))
    banks.add(Bank("harmless", opinion=Opinion.NEGATIVE))
    banks.put("own", Item("0", (Signal(HashKind.PDQ, LOOKS[0], 90),)))
    banks.put("own", Item("1", (Signal(HashKind.PDQ, LOOKS[1], 90),), opinion=Opinion.INVESTIGATE))
    banks.put("harmless", Item("2", (Signal(HashKind.PDQ, LOOKS[2], 90),)))
    banks.put("own", Item("3", (Signal(HashKind.MD5, bytes(range(16))),)))
    banks.close()
    made = Matcher.open(place)
    yield made
    made.close()


def rows(*given: tuple[str | None, bytes | None]) -> pa.Table:
    """Media by MD5 and look."""
    made = [
        {"key": f"m{place}", "media_id": None, "sha256": "no digest", "md5": md5, "pdq": look.hex() if look else None}
        for place, (md5, look) in enumerate(given)
    ]
    schema = pa.schema([(name, pa.string()) for name in COLUMNS]).append(pa.field("quality", pa.int32()))
    return pa.Table.from_pylist([{**one, "quality": 90} for one in made], schema)


@pytest.mark.parametrize("chunk", [1, 3, 20_000])
def test_what_a_bank_knows_is_known_and_what_is_in_doubt_is_not(
    matcher: Matcher, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    near = bytes([LOOKS[0][0] ^ 255]) + LOOKS[0][1:]
    media = rows(
        (None, LOOKS[0]),
        (None, near),
        (None, LOOKS[1]),
        (None, LOOKS[2]),
        (None, LOOKS[3]),
        (bytes(range(16)).hex(), None),
        (None, None),
    )
    assert known(matcher, media).tolist() == [True, True, False, True, False, True, False]


def test_of_no_media_nothing_is_known(matcher: Matcher) -> None:
    assert known(matcher, rows()).tolist() == []
