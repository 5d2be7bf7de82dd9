"""The shipped table says what its sources say."""

import importlib.util
import sys
import unicodedata
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ringfence.terms.characters import CODE, KIND_AT, SIGNATURE_AT, SYMBOL_AT, UPPER, Kind, characters, stored

ROOT = Path(__file__).parents[2]
UNICODE = ROOT.parent / "shared" / "data" / "unicode"
WORDS = characters().words


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_characters", ROOT / "tools" / "build_characters.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_characters"] = module
    spec.loader.exec_module(module)
    return module


def kind(character: str) -> Kind:
    return Kind(int(WORDS[ord(character)]) >> KIND_AT & 15)


def symbol(character: str) -> str:
    return chr(int(WORDS[ord(character)]) >> SYMBOL_AT & CODE)


@pytest.mark.skipif(not UNICODE.exists(), reason="../shared/data/unicode is absent")
def test_the_shipped_table_is_what_its_sources_build(builder: ModuleType) -> None:
    made, shipped = builder.Builder(UNICODE).tables(), characters()
    assert np.array_equal(made.words, shipped.words)
    assert np.array_equal(made.expansions, shipped.expansions)
    assert np.array_equal(made.everyday, shipped.everyday)


@pytest.mark.skipif(not UNICODE.exists(), reason="../shared/data/unicode is absent")
def test_every_prototype_of_uts_39_is_followed_but_for_a_known_few(builder: ModuleType) -> None:
    missed = []
    for source, prototype in builder.confusables(UNICODE / "confusables.txt").items():
        letter = {"rn": "m", "l": "i"}.get(prototype, prototype)
        plain = len(letter) == 1 and "a" <= letter <= "z" and ord(source) > 0x7F
        if plain and kind(source) is not Kind.SEVERAL and symbol(source) != letter:
            missed.append(source)
    assert sorted(missed) == ["ſ"]


@pytest.mark.skipif(not UNICODE.exists(), reason="../shared/data/unicode is absent")
def test_every_emoji_is_one(builder: ModuleType) -> None:
    codes = builder.emoji(UNICODE / "emoji-sequences.txt")
    assert len(codes) > 1000
    assert all(int(WORDS[code]) >> 61 & 1 for code in codes if kind(chr(code)) is not Kind.SEVERAL)


def test_storing_and_reading_is_lossless(tmp_path: Path) -> None:
    shipped = characters()
    (tmp_path / "again.npz").write_bytes(stored(shipped))
    with np.load(tmp_path / "again.npz") as kept:
        assert set(kept) == {"base", "symbol", "rest", "expansions", "everyday"}
    assert stored(shipped) == (ROOT / "src/ringfence/terms/characters.npz").read_bytes()


def test_small_and_capital_letters_are_one() -> None:
    apart = [
        character
        for character in map(chr, range(0x110000))
        if len(character.lower()) == 1
        and kind(character) in (Kind.LETTER, Kind.LOOK_ALIKE)
        and kind(character.lower()) in (Kind.LETTER, Kind.LOOK_ALIKE)
        and symbol(character) != symbol(character.lower())
    ]
    # Lunate sigma is drawn as c; the capital sharp s and a few that fold to several letters are told apart by Unicode.
    assert set(apart) <= set("Ϲ")


def test_vowel_signs_are_letters_and_accents_are_not() -> None:
    for character in "\u093f\u0e34\u09bf\u0b95\u0e4c\u0f72":
        assert kind(character) is Kind.LETTER
    for character in "\u0301\u0308\u064b\u05b0\u0483\u20dd":
        assert kind(character) is Kind.MARK


def test_what_is_not_drawn_is_ignored() -> None:
    for character in "\u200b\u200d\ufe0f\u00ad\u2066\u3164\U000e0041\x00\u115f\ufeff":
        assert kind(character) is Kind.IGNORABLE


def test_letters_with_marks_share_a_base() -> None:
    assert int(WORDS[ord("é")]) & CODE == ord("e")
    assert int(WORDS[ord("é")]) >> SIGNATURE_AT & 127
    assert int(WORDS[ord("É")]) & UPPER
    assert symbol("1") == symbol("l") == symbol("I") == symbol("|") == symbol("!") == "i"
    assert unicodedata.normalize("NFD", "é")[1] == "\u0301"
