"""What does each code point mean to the fold? Builds src/ringfence/terms/characters.npz from the Unicode data.

Needs the package unicodedata2 and the folder with `confusables.txt` and `emoji-sequences.txt` (Unicode 17):

    python tools/build_characters.py ../shared/data/unicode

The result is shipped; a test builds it again and compares. `ringfence.terms.characters` says how a word of it is packed.
"""

import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import unicodedata2 as ucd

from ringfence.terms.characters import (
    EMOJI,
    FILE,
    ORDINARY,
    SCRIPTS,
    UNSPACED,
    UPPER,
    Characters,
    Kind,
    packed,
    stored,
)

# Property Default_Ignorable_Code_Point (Unicode 17, DerivedCoreProperties) where the category is not Cf already.
IGNORABLE = frozenset(
    code
    for first, last in (
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
        (0x0640, 0x0640),  # tatweel stretches Arabic words and means nothing
        (0x2800, 0x2800),  # the blank of Braille is drawn as nothing
        (0x200B, 0x200F), (0x1F3FB, 0x1F3FF),  # skin tones
    )
    for code in range(first, last + 1)
)  # fmt: skip
BLANKS = frozenset(
    map(ord, " \t\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
)
NEWLINES = frozenset(map(ord, "\n\r\x85\u2028\u2029"))

# Marks that change how a letter looks and not which it is, in the scripts where that is so. Vowel signs stay.
STRIPPED = tuple(
    (first, last)
    for first, last in (
        (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
        (0x06D6, 0x06ED), (0x08D3, 0x08FF), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0x2DE0, 0x2DFF),
        (0xA66F, 0xA672), (0xA674, 0xA67D), (0xA69E, 0xA69F), (0xFE20, 0xFE2F), (0x1E000, 0x1E02A),
    )
)  # fmt: skip

# Letters with a mark in everyday spellings of the languages written in Latin, Greek and Cyrillic letters.
EVERYDAY = (
    "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýÿþāăąćĉċčďđēĕėęěĝğġģĥħĩīįıĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžơưǎǐǒǔǧǩǫǻșțȳẁẃẅ"
    "ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹəɓɗɛɔƙƴḍḥḷṁṃṅṇṛṣṭẓ"
    "άέήίόύώϊϋΐΰйёїґўќѓіјљњџћђәғқңөұүһӣӯҷҳӑӗҫӳ"
)
# Which letter a digit or sign stands for when it stands in a word.
LEET = {
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "i", "¡": "i", "¦": "i", "+": "t", "†": "t", "‡": "t", "€": "e", "£": "i",
    "¥": "y", "§": "s", "¢": "c", "©": "c", "(": "c", "{": "c", "[": "c", "<": "c", "®": "r", "×": "x", "°": "o",
    "µ": "u", "^": "a", "#": "h", "¤": "o", "∆": "a", "∑": "e", "√": "v", "∂": "d", "∫": "s", "∩": "n", "∪": "u",
    "∨": "v", "∧": "a", "∈": "e", "∞": "o", "⊂": "c", "π": "n",
}  # fmt: skip
# Where a prototype of UTS #39 is not the letter that people read.
READ_AS = {"ε": "e", "є": "e", "β": "b", "ĸ": "k", "м": "m", "ь": "b", "ъ": "b", "ы": "b", "я": "r", "ч": "y", "ц": "u", "п": "n", "л": "n", "ш": "w", "щ": "w", "з": "e", "э": "e", "ж": "x", "д": "a", "φ": "o", "ω": "w", "σ": "o", "θ": "o", "λ": "a", "π": "n", "μ": "u", "η": "n", "ς": "s", "δ": "d", "ξ": "e", "ψ": "y", "Ꮁ": "r"}  # fmt: skip
# Signs that follow a word and are no part of it, though NFKC makes letters of them.
AFTER_A_WORD = frozenset("™℠℡℻№")
# Read as they are drawn, where NFKC says that they are a form of a letter which is drawn otherwise.
DRAWN_AS = {"ϲ": "c", "Ϲ": "c"}
# Letters that are one class, as people write one for the other: l and i meet in 1, ! and |.
CLASSES = {"l": "i"}
# Alphabets that text decorators make of letters of other scripts, a to z; a dot where they keep the plain letter.
DECORATED = (
    "卂乃匚ᗪ乇千Ꮆ卄丨ﾌҜㄥ爪几ㄖ卩Ɋ尺丂ㄒㄩᐯ山乂ㄚ乙",
    "ค๒ς๔єŦﻮђเןкɭ๓ภ๏קợгรՇยשฬאץչ",
    "ᗩᗷᑕᗪEᖴᘜᕼIᒍKᒪᗰᑎOᑭᑫᖇᔕTᑌᐯᗯ᙭Yᘔ",
    "₳฿₵ĐɆ₣₲ⱧłJ₭Ⱡ₥₦Ø₱QⱤ₴₮ɄV₩ӾɎⱫ",
    "ǟɮƈɖɛʄɢɦɨʝӄʟʍռօքզʀֆȶʊʋաӼʏʐ",
    "αвс∂єƒgнιנкℓмησρqяѕтυνωχуz",
    "ԹՅՇԺȝԲԳɧɿʝƙʅʍՌԾρφՐՏԵՄעաՃՎՀ",
    "ልጌርዕቿቻኗዘጎጋጕረጠክዐየዒዪነፕሁሀሠሸሃጊ",
    "ムも匚刀乇下ムЊ工丁長乚从几口尸甲尺五丅凵リ山乂丫乙",
    "ꍏꌃꉓꀸꍟꎇꁅꃅꀤꀭꀘ꒒ꂵꈤꂦꉣꆰꋪꌗ꓄ꀎꃴꅏꊼꌩꁴ",
    "ΛBᄃDΣFGΉIJKᄂMПӨPQЯƧƬЦVЩXYZ",
    "ąҍçժҽƒցհìʝҟӀʍղօքզɾʂէմѵաxվՀ",
    "ΔβČĐξŦĞħĪĴҜĿMŇØPǪŘŞŦŬV.ЖYŽ",
    "ƛƁƇƊЄƑƓӇƖʆƘԼMƝƠƤƢƦƧƬƲƔƜҲƳȤ",
    "ąცƈɖɛʄɠɧıʝƙƖɱŋơ℘զཞʂɬų۷ῳҳყʑ",
    "ꪖ᥇ᥴᦔꫀᠻᧁꫝ꠸꠹ᛕꪶꪑꪀꪮρꪇ᥅ᦓꪻꪊꪜ᭙᥊ꪗɀ",
    "ᎪᏴᏟᎠᎬfᎶhᎥᎫᏦᏞmᏁᎾᏢqᏒsᏆuᏙᏔxᎽᏃ",
    "ꋫꃃꏸꁕꍟꄘꁍꑛꂑꀭꀗ꒒ꁒꁹꆂꉣꁸ꒓ꌚ꓅ꐇꏝꅐꇓꐟꁴ",
)  # fmt: skip

NAMED = re.compile(
    r"(?:(?:MODIFIER LETTER|LATIN SUBSCRIPT|LATIN|REGIONAL INDICATOR SYMBOL|(?:NEGATIVE |CROSSED NEGATIVE )?(?:CIRCLED|SQUARED|PARENTHESIZED)"
    r"(?: LATIN)?|OUTLINED LATIN|TORTOISE SHELL BRACKETED LATIN|COMBINING LATIN|RAISED)(?: CAPITAL| SMALL)?(?: LETTER)?(?: SMALL CAPITAL| CAPITAL| SMALL)?(?: LETTER)?) "
    r"(?:(TURNED|REVERSED|OPEN|SIDEWAYS|INSULAR|CLOSED|LONG|SCRIPT|BARRED|DOTLESS|INVERTED|BLACKLETTER|BOTTOM HALF|"
    r"TOP HALF|STRETCHED|TAILLESS|FINAL|SMALL CAPITAL|REVERSED OPEN|TURNED OPEN|SIDEWAYS OPEN|CHINESE|EGYPTOLOGICAL|TONE) )?"
    r"([A-Z]|ALPHA|IOTA|UPSILON|OMEGA|ESH|EZH|ENG|GAMMA|CHI|BETA|THORN)"
    r"(?: (?:WITH|MIDDLE|BETWEEN) (.+))?"
)  # fmt: skip
GREEK_NAMES = {
    "ALPHA": "a", "IOTA": "i", "UPSILON": "u", "OMEGA": "w", "ESH": "s", "EZH": "z", "ENG": "n", "GAMMA": "y",
    "CHI": "x", "BETA": "b", "THORN": "p",
}  # fmt: skip
LONGEST_EXPANSION = 8
UNSPACED_SCRIPTS = (
    "THAI",
    "LAO",
    "TIBETAN",
    "MYANMAR",
    "HANGUL",
    "KHMER",
    "TAI",
    "HIRAGANA",
    "KATAKANA",
    "CJK",
    "NEW",
    "YI",
    "JAVANESE",
    "BALINESE",
)


def confusables(path: Path) -> dict[str, str]:
    """UTS #39's prototypes: what a character may be taken for."""
    rows = re.findall(r"^([0-9A-F]+) ;\t([0-9A-F ]+) ;", path.read_text(encoding="utf-8-sig"), re.MULTILINE)
    return {chr(int(source, 16)): "".join(chr(int(code, 16)) for code in target.split()) for source, target in rows}


def emoji(path: Path) -> set[int]:
    """The code points that emoji are made of, without ASCII, selectors, joiners and tags."""
    codes: set[int] = set()
    for field in re.findall(r"^([0-9A-F. ]+?) *;", path.read_text(encoding="utf-8"), re.MULTILINE):
        for part in field.split():
            first, _, last = part.partition("..")
            codes.update(range(int(first, 16), int(last or first, 16) + 1))
    return {code for code in codes if code > 0xAF and code not in IGNORABLE and code != 0x20E3}


def marks(character: str) -> bool:
    """Whether it is a mark that the fold takes off."""
    code = ord(character)
    return any(first <= code <= last for first, last in STRIPPED) and ucd.category(character)[0] == "M"


def signature(text: str) -> int:
    """Seven bits that stand for a set of marks, 0 for none: each combining mark of Latin, Greek and Cyrillic its own."""
    total = 0
    for code in map(ord, text):
        total ^= code - 0x2FF if 0x300 <= code <= 0x36F else 113 + code % 15
    return total


class Builder:
    """Looks a character up in every source, in the order of how sure the source is."""

    def __init__(self, folder: Path) -> None:
        self.confusable = confusables(folder / "confusables.txt")
        self.emoji = emoji(folder / "emoji-sequences.txt")
        self.decorated = {
            character: chr(ord("a") + place)
            for alphabet in DECORATED
            for place, character in enumerate(alphabet)
            if ord(character) > 0x7F
        }
        self.everyday = {(parts[0], signature(parts[1:])) for parts in map(self.parts, EVERYDAY) if parts[1:]}

    @cache  # noqa: B019 - one builder a run
    def letter(self, character: str) -> str:
        """The class of a base letter: the plain Latin letter it may be taken for, or its prototype, or itself."""
        seen: set[str] = set()
        while character not in seen and not ("a" <= character <= "z"):
            seen.add(character)
            if found := self.look_alike(character):
                character = found
        return CLASSES.get(character, character)

    def look_alike(self, character: str) -> str | None:
        if character in LEET or character in READ_AS:
            return LEET.get(character) or READ_AS[character]
        if character >= "\u1100" and ucd.name(character, "").startswith("HANGUL"):
            return None
        prototype = self.confusable.get(character) or self.confusable.get(character.upper(), "")
        if prototype:
            prototype = {"rn": "m", "vv": "w"}.get(prototype, prototype)
            plain = "".join(part for part in ucd.normalize("NFKD", prototype).casefold() if not marks(part))
            if len(plain) == 1 and plain != character and "a" <= plain <= "z":
                return plain
        if found := named(character):
            return found[0]
        if prototype and len(plain) == 1 and plain != character and (plain.isalnum() or plain in LEET):
            return plain
        return self.decorated.get(character) or self.decorated.get(character.upper())

    def parts(self, character: str) -> str:
        """A base letter and its marks, from a folded letter."""
        decomposed: str = ucd.normalize("NFD", character)
        found = named(decomposed[0])
        alike = self.confusable.get(decomposed[0], "")
        if alike.isascii() and alike.isalpha() and found and alike != found[0]:
            return decomposed  # drawn like another letter than the one it is named after
        if found and found[1] and len(decomposed[0]) == 1 and not ("a" <= decomposed[0] <= "z"):
            return found[0] + chr(0xE000 + sum(map(ord, found[1])) % 0x1000) + decomposed[1:]
        return decomposed

    def words(self, code: int) -> list[int]:  # noqa: C901 - one rule a line
        """What one code point is: one packed word, or several when it stands for several letters."""
        character = chr(code)
        general = ucd.category(character)
        emoji_flag = EMOJI if code in self.emoji else 0
        if character in AFTER_A_WORD:
            return [packed(code, 0, Kind.OTHER, flags=emoji_flag)]
        if code in NEWLINES:
            return [packed(code, 0, Kind.NEWLINE)]
        if code in BLANKS:
            return [packed(code, 0, Kind.BLANK)]
        if code in IGNORABLE or general in ("Cf", "Cc"):
            return [packed(code, 0, Kind.IGNORABLE)]
        if marks(character):
            return [packed(code, 0, Kind.MARK, signature=signature(ucd.normalize("NFD", character)))]
        if "a" <= character.lower() <= "z" and code < 0x80:
            return [self.word(character.lower(), character, Kind.LETTER)]
        if character in DRAWN_AS:
            return [packed(code, ord(DRAWN_AS[character]), Kind.LOOK_ALIKE, script=SCRIPTS["GREEK"])]
        digit = ucd.digit(character, None)
        if digit is not None:
            look_alike = character if code > 0x7F and "a" <= self.letter(character) <= "z" else str(digit)
            return [packed(ord("0") + digit, ord(self.letter(look_alike)), Kind.DIGIT, flags=emoji_flag)]
        folded = self.folded(character)
        if len(folded) == 1 and folded in LEET and not folded.isalnum():
            return [packed(ord(folded), ord(self.letter(folded)), Kind.SIGN, flags=emoji_flag)]
        if general[0] in "LNM" or (folded != character and folded[:1].isalnum()):
            return self.letters(character, folded, emoji_flag)
        if "a" <= self.letter(character) <= "z":
            kind = Kind.LOOK_ALIKE if named(character) else Kind.SIGN
            return [packed(code, ord(self.letter(character)), kind, flags=emoji_flag)]
        return [packed(ord(folded) if len(folded) == 1 else code, 0, Kind.OTHER, flags=emoji_flag)]

    def folded(self, character: str) -> str:
        found = ucd.normalize("NFKC", character)
        while (again := ucd.normalize("NFKC", found.casefold())) != found:
            found = again
        return "".join(part for part in found if part.isalnum() or marks(part) or ucd.category(part)[0] == "M") or found

    def letters(self, character: str, folded: str, emoji_flag: int) -> list[int]:
        own = len(folded) == 1 and folded == character.lower()
        if len(folded) == 1 and folded not in "æœ" and ord(folded) > 0x7F and not named(folded):
            prototype = self.confusable.get(folded, "")
            plain = "".join(part for part in ucd.normalize("NFKD", prototype).casefold() if not marks(part))
            if 2 <= len(plain) <= 3 and plain.isascii() and plain.isalpha() and plain != "rn":
                return [self.word(part, character, Kind.LOOK_ALIKE) for part in plain]
        if folded in ("æ", "œ"):
            return [self.word(part, character, Kind.LETTER) for part in ("ae" if folded == "æ" else "oe")]
        words: list[int] = []
        pending = ""
        for part in [*ucd.normalize("NFD", folded), ""]:
            if part and marks(part) and pending:
                pending += part
                continue
            if pending and ord(pending[0]) not in IGNORABLE:
                words.append(self.word(pending, character, Kind.LETTER, emoji_flag, own=own))
            pending = part
        return words[:LONGEST_EXPANSION] or [packed(ord(character), 0, Kind.OTHER, flags=emoji_flag)]

    def word(self, piece: str, raw: str, kind: Kind, flags: int = 0, *, own: bool = True) -> int:
        if piece[0].isascii() and piece[0].isdigit():
            kind = Kind.DIGIT
        parts = self.parts(piece[0]) + piece[1:]
        base, stripped = parts[0], signature(parts[1:])
        symbol = self.letter(base)
        if kind is Kind.LETTER and symbol != base and not base.isascii():
            kind = Kind.LOOK_ALIKE
        if not own and named(raw) and "LETTER" in ucd.name(raw, "") and not ucd.decomposition(raw):
            kind = Kind.LOOK_ALIKE
        flags |= UPPER if raw.isupper() or raw.istitle() or "CAPITAL LETTER" in ucd.name(raw, "") else 0
        flags |= ORDINARY if (base, stripped) in self.everyday or raw.lower() in EVERYDAY else 0
        script = ucd.name(base, "").split(" ")[0].split("-")[0]
        flags |= UNSPACED if script in UNSPACED_SCRIPTS else 0
        return packed(
            ord(base), ord(symbol), kind, script=SCRIPTS.get(script, len(SCRIPTS)), signature=stripped, flags=flags
        )

    def tables(self) -> Characters:
        words = np.empty(0x110000, np.int64)
        expansions: list[int] = []
        for code in range(0x110000):
            if 0xD800 <= code <= 0xDFFF:
                words[code] = packed(code, 0, Kind.OTHER)
                continue
            found = self.words(code)
            if len(found) == 1:
                words[code] = found[0]
            else:
                words[code] = packed(
                    len(expansions), len(found), Kind.SEVERAL, flags=EMOJI if code in self.emoji else 0
                )
                expansions += found
        everyday = np.zeros((0x600, 128), np.bool_)
        for base, stripped in self.everyday:
            if ord(base) < 0x600:
                everyday[ord(base), stripped] = True
        return Characters(words, np.array(expansions, np.int64), everyday)


@cache
def named(character: str) -> tuple[str, str] | None:
    """The Latin letter that a character's name calls it a form of, and the words for the form."""
    match = NAMED.fullmatch(ucd.name(character, ""))
    if not match:
        return None
    form, letter, more = match.groups()
    return GREEK_NAMES.get(letter) or letter.lower(), " ".join(filter(None, (form, more)))


def built(folder: Path) -> bytes:
    """The shipped file's content, the same for the same sources."""
    return stored(Builder(folder).tables())


if __name__ == "__main__":
    FILE.write_bytes(built(Path(sys.argv[1])))
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes, Unicode {ucd.unidata_version}")
