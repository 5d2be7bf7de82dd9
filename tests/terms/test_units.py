"""Every unit knows where it stood, for all of Unicode."""

from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringfence.terms.characters import CODE, KIND_AT, SYMBOL_AT, Kind, characters
from ringfence.terms.kernel import INLINED
from ringfence.terms.units import END, GAP, PART, RAW, SEPARATED, START, room, split

FOLDER = Path(__file__).parents[2] / "src/ringfence/terms"
TABLES = characters()


def units(text: str) -> list[tuple[str, int, int, int, int]]:
    """Class, start, end, gap and part of each unit; places in bytes."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    words, where = room(len(data))
    pictures = np.empty((len(data) + 1, 3), np.int32)
    count, _, _ = split(data, 0, len(data), RAW, TABLES.words, TABLES.expansions, words, where, pictures)
    classes = [chr(int(word) >> SYMBOL_AT & CODE) for word in words[:count]]
    starts, ends, gaps, parts = (where[:count, column].tolist() for column in (START, END, GAP, PART))
    return list(zip(classes, starts, ends, gaps, parts, strict=True))


@given(st.text(st.characters(exclude_categories=())))
@example("\ud800k\udfff")
@example("e\u0301" * 40)
def test_units_are_in_order_and_cover_whole_characters(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    last_start = last_end = 0
    for _, start, end, _, _ in units(text):
        assert start >= last_start
        assert start >= last_end or (start, end) == (last_start, last_end)  # several units of one character
        assert raw[start:end].decode("utf-8", "surrogatepass")
        last_start, last_end = start, end


def test_every_code_point_alone_is_told_in_its_own_place() -> None:
    for code in range(0x110000):
        if int(TABLES.words[code]) >> KIND_AT & 15 not in (Kind.LETTER, Kind.LOOK_ALIKE, Kind.SEVERAL) or code % 7:
            continue
        size = len(chr(code).encode())
        found = units(f"-{chr(code)}-")
        assert found
        assert {(start, end) for _, start, end, _, _ in found} == {(1, 1 + size)}


@pytest.mark.parametrize("raw", [b"\xff\xfek", b"\xc3", b"k\xf0\x9f", b"\x80\x80k", b"\xf8\x88\x80\x80\x80", b""])
def test_bytes_that_are_no_utf8_are_strange_characters_and_no_crash(raw: bytes) -> None:
    data = np.frombuffer(raw, np.uint8)
    words, where = room(len(data))
    pictures = np.empty((len(data) + 1, 3), np.int32)
    count, _, _ = split(data, 0, len(data), 0, TABLES.words, TABLES.expansions, words, where, pictures)
    assert count == raw.count(b"k")


def test_gaps_say_what_lies_between() -> None:
    found = units("a b\u200bc_d")
    assert [bool(gap & SEPARATED) for _, _, _, gap, _ in found] == [False, True, False, True]


def test_the_kernel_is_compiled_again_when_what_it_is_compiled_from_changes() -> None:
    """numba's cache looks at the kernel's own file alone, so the file has a stamp of the others."""
    inlined = b"".join(
        (FOLDER / name).read_bytes()
        for name in ("characters.py", "edges.py", "finds.py", "index.py", "masks.py", "units.py", "verify.py")
    )
    assert blake2b(inlined, digest_size=8).hexdigest() == INLINED
