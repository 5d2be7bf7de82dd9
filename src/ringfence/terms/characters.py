"""What does each code point mean to the fold?

Every code point has one 64-bit word, built ahead by tools/build_characters.py from the Unicode data and shipped:

    bits  0-20  base: the letter itself, folded (NFKC, case) and without marks
    bits 21-41  symbol: the class of letters that it may be taken for, as a letter
    bits 42-45  kind
    bits 46-50  script of the base
    bits 51-57  signature of the marks taken off, 0 for none
    bits 58-61  flags

For `Kind.SEVERAL`, base is a place in the table of expansions and symbol the number of words there.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("characters.npz")

CODE = (1 << 21) - 1
NO_SYMBOL = -(1 << 21)  # in the file, where a code point stands for no letter
SYMBOL_AT = 21
KIND_AT = 42
SCRIPT_AT = 46
SIGNATURE_AT = 51
ORDINARY = 1 << 58  # a letter that everyday spellings have with this mark
UPPER = 1 << 59
UNSPACED = 1 << 60  # of a script that sets no blanks between words, or joins endings on
EMOJI = 1 << 61

# The first word of a letter's name; every other script shares the number after the last.
SCRIPTS = {
    name: number
    for number, name in enumerate(
        (
            "", "LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "ARABIC", "CHEROKEE", "GEORGIAN", "COPTIC", "THAI",
            "HANGUL", "CJK", "HIRAGANA", "KATAKANA", "DEVANAGARI", "LISU", "CANADIAN", "ETHIOPIC", "YI", "LAO",
            "BENGALI", "TAMIL", "TELUGU", "SYRIAC", "RUNIC", "TIFINAGH", "BOPOMOFO", "VAI", "KHMER",
        )
    )
}  # fmt: skip


class Kind(IntEnum):
    """What a code point is to a reader of words."""

    OTHER = 0
    BLANK = 1
    NEWLINE = 2
    IGNORABLE = 3
    MARK = 4
    LETTER = 5
    LOOK_ALIKE = 6  # a letter or sign that may be taken for another letter
    DIGIT = 7
    SIGN = 8  # punctuation that may stand for a letter
    SEVERAL = 9


@dataclass(frozen=True, slots=True)
class Characters:
    """The tables: words by code point, expansions, and which (base, signature) pairs are everyday letters."""

    words: NDArray[np.int64]
    expansions: NDArray[np.int64]
    everyday: NDArray[np.bool_]


def packed(base: int, symbol: int, kind: Kind, *, script: int = 0, signature: int = 0, flags: int = 0) -> int:
    """One word of the table."""
    return base | symbol << SYMBOL_AT | kind << KIND_AT | script << SCRIPT_AT | signature << SIGNATURE_AT | flags


def stored(tables: Characters) -> bytes:
    """The tables as a file: most letters are their own base and symbol, so what differs is kept, and packs small."""
    codes = np.arange(len(tables.words))
    symbols = tables.words >> SYMBOL_AT & CODE
    sheet = BytesIO()
    np.savez_compressed(
        sheet,
        allow_pickle=False,
        base=((tables.words & CODE) - codes).astype(np.int32),
        symbol=np.where(symbols, symbols - codes, NO_SYMBOL).astype(np.int32),
        rest=(tables.words >> KIND_AT).astype(np.int32),
        expansions=tables.expansions,
        everyday=tables.everyday,
    )
    return sheet.getvalue()


@cache
def characters() -> Characters:
    """The shipped tables, read once a process."""
    with np.load(FILE, allow_pickle=False) as kept:
        codes = np.arange(len(kept["base"]), dtype=np.int64)
        symbols = np.where(kept["symbol"] == NO_SYMBOL, 0, kept["symbol"] + codes)
        words = (kept["base"] + codes) | symbols << SYMBOL_AT | kept["rest"].astype(np.int64) << KIND_AT
        return Characters(words, kept["expansions"], kept["everyday"])
