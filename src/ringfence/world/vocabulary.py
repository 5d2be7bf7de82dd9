"""Which words does the generated platform use? Harmless ones only: bird names stand for every vetted term."""

from collections.abc import Mapping

# What bird watchers write about. The first two are also seed terms, so that a keyword alone accuses the innocent.
BIRDS: tuple[str, ...] = (
    "firecrest", "kittiwake", "wryneck", "garganey", "hoopoe", "bittern", "dotterel", "twite", "whinchat", "smew",
    "avocet", "brambling", "chough", "corncrake", "crossbill", "dipper", "dunlin", "fieldfare", "gadwall", "gannet",
    "goldcrest", "goosander", "hawfinch", "hobby", "jackdaw", "knot", "lapwing", "linnet", "merlin", "nightjar",
    "nuthatch", "oriole", "osprey", "ouzel", "pintail", "pipit", "pochard", "puffin", "redpoll", "redshank",
    "ruff", "sanderling", "scaup", "serin", "shelduck", "shoveler", "shrike", "siskin", "stonechat", "teal",
    "treecreeper", "turnstone", "waxwing", "wheatear", "whimbrel", "wigeon", "woodcock", "woodlark", "yaffle",
    "yellowhammer",
)  # fmt: skip

# The endings that turn a bird name into a network's own word.
CODES: tuple[str, ...] = ("den", "loft", "roost", "perch", "brood", "clutch", "covey", "flock")

# The endings that make a network's later words, when it changes them.
LATER: tuple[str, ...] = ("nook", "moor", "fen", "rill", "copse", "dell", "heath", "glen")

# Words of ordinary posts, by language. A post joins a few of them; nobody reads for style here.
PHRASES: Mapping[str, tuple[str, ...]] = {
    "en": ("morning walk", "new recipe", "match tonight", "long week", "old photos", "rainy day", "good coffee"),
    "es": ("buenos días", "receta nueva", "partido de hoy", "semana larga", "fotos viejas", "café rico"),
    "de": ("schöner Morgen", "neues Rezept", "Spiel heute", "lange Woche", "alte Fotos", "Regentag"),
    "fr": ("belle journée", "nouvelle recette", "match ce soir", "longue semaine", "vieilles photos"),
    "pt": ("bom dia", "receita nova", "jogo de hoje", "semana longa", "fotos antigas", "dia de chuva"),
    "tr": ("merhaba", "yeni tarif", "bugün maç", "uzun hafta", "eski resimler", "güzel kahve"),
    "ja": ("おはよう", "新しいレシピ", "今夜の試合", "長い一週間", "古い写真", "雨の日"),
    "ar": ("صباح الخير", "وصفة جديدة", "مباراة اليوم", "أسبوع طويل", "صور قديمة"),
}  # fmt: skip
LANGUAGES: tuple[str, ...] = tuple(PHRASES)
LANGUAGE_SHARES: tuple[float, ...] = (0.46, 0.14, 0.08, 0.08, 0.08, 0.05, 0.07, 0.04)

BIOS: tuple[str, ...] = (
    "likes long walks", "football and food", "music, mostly", "reading list too long", "here for the photos",
    "opinions my own", "coffee first", "learning to cook", "plants and paint", "weekend cyclist",
)  # fmt: skip
CHILD_BIOS: tuple[str, ...] = (
    "year 8, school band",
    "13 and loves drawing",
    "class 7b",
    "turning 14 soon",
    "year 9 swimmer",
)
SEARCH_WORDS: tuple[str, ...] = (
    "recipes",
    "match",
    "weather",
    "trains",
    "music",
    "photos",
    "walks",
    "coffee",
    "garden",
)


def code_words(network: int, count: int) -> tuple[str, ...]:
    """The words that one planted network made up for itself, all different from every other network's."""
    return tuple(
        f"{BIRDS[(network * 7 + word * 3) % len(BIRDS)]}{CODES[word % len(CODES)]}{network or ''}"
        for word in range(count)
    )


def later_words(network: int, count: int) -> tuple[str, ...]:
    """The words that a network changes to, in the order of their use; all different, of every network and of its first.

    No seed term is part of any, so that nothing but the network's other ties leads from the first words to these.
    """
    plain = BIRDS[2:]
    return tuple(
        f"{plain[(network * 7 + word * 3) % len(plain)]}{LATER[word // len(plain) % len(LATER)]}{network or ''}"
        for word in range(count)
    )


def disguised(word: str) -> tuple[str, ...]:
    """The same word in four spellings that a plain comparison does not see."""
    digits = word.translate(str.maketrans("eio", "310"))
    wide = "".join(chr(ord(letter) + 0xFEE0) if "a" <= letter <= "z" else letter for letter in word)
    return (digits, wide, word[0] + word, "_".join((word[:3], word[3:])))
