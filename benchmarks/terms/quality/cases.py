"""Which disguised spellings does a term turn up in? Generates them, each kind by its own rule, from a seed.

The look-alikes come from UTS #39 read backwards; the unseen ones are letters of other scripts that no table of ours has.
The texts around a term are in several languages. Terms are birds.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BIRDS = ["accentor", "albatross", "auklet", "avocet", "bananaquit", "barbet", "bateleur", "becard", "bittern", "blackbird", "bluebird", "bobolink", "boobook", "brant", "brolga", "bufflehead", "bulbul", "bunting", "bushtit", "bustard", "buzzard", "canary", "caracara", "cardinal", "cassowary", "catbird", "chaffinch", "chicken", "chough", "cockatiel", "cockatoo", "condor", "coot", "cormorant", "corncrake", "cotinga", "coucal", "courser", "cowbird", "crane", "crossbill", "crow", "cuckoo", "curassow", "curlew", "currawong", "darter", "dipper", "dotterel", "dove", "drongo", "duck", "dunlin", "dunnock", "eagle", "egret", "eider", "emu", "euphonia", "falcon", "fieldfare", "finch", "firecrest", "flamingo", "flicker", "frigatebird", "fulmar", "galah", "gallinule", "gannet", "garganey", "gnatcatcher", "godwit", "goldcrest", "goosander", "goshawk", "grebe", "grosbeak", "grouse", "guan", "guillemot", "guineafowl", "gull", "gyrfalcon", "hamerkop", "harrier", "hawk", "hawfinch", "heron", "hoatzin", "hobby", "honeyguide", "hoopoe", "hornbill", "hummingbird", "ibis", "jabiru", "jacamar", "jacana", "jackdaw", "jay", "junco", "kagu", "kakapo", "kea", "kestrel", "killdeer", "kingbird", "kingfisher", "kinglet", "kite", "kittiwake", "kiwi", "knot", "kookaburra", "lapwing", "lark", "limpkin", "linnet", "longspur", "lorikeet", "loon", "lyrebird", "macaw", "magpie", "mallard", "manakin", "martin", "merganser", "merlin", "mockingbird", "moorhen", "motmot", "munia", "murre", "mynah", "nighthawk", "nightingale", "nightjar", "noddy", "nutcracker", "nuthatch", "oriole", "osprey", "ostrich", "ouzel", "ovenbird", "owl", "oystercatcher", "parakeet", "pardalote", "parrot", "partridge", "peafowl", "pelican", "penguin", "petrel", "phalarope", "pheasant", "phoebe", "pigeon", "pintail", "pipit", "pitta", "plover", "pochard", "potoo", "pratincole", "ptarmigan", "puffbird", "puffin", "quail", "quetzal", "rail", "raven", "razorbill", "redpoll", "redshank", "redstart", "rhea", "roadrunner", "robin", "roller", "rook", "rosella", "ruff", "sanderling", "sandgrouse", "sandpiper", "sapsucker", "scaup", "scoter", "serin", "shag", "shearwater", "shelduck", "shoveler", "shrike", "siskin", "skimmer", "skua", "skylark", "smew", "snipe", "sparrow", "spoonbill", "starling", "stilt", "stint", "stonechat", "stork", "sunbird", "swallow", "swan", "swift", "tanager", "tattler", "teal", "tern", "thrasher", "thrush", "tinamou", "titmouse", "toucan", "towhee", "treecreeper", "trogon", "tropicbird", "turaco", "turnstone", "twite", "veery", "verdin", "vireo", "vulture", "wagtail", "wallcreeper", "warbler", "waxbill", "waxwing", "weaver", "wheatear", "whimbrel", "whinchat", "whitethroat", "wigeon", "willet", "woodcock", "woodlark", "woodpecker", "wren", "wryneck", "yaffle", "yellowhammer"]  # fmt: skip

AROUND = (
    "look at this {} today", "who else likes {}?", "{} again, as always", "so, (the {}) it was", "mira este {} hoy", "schau mal, {} heute",
    "c'est {} aujourd'hui", "вот {} сегодня", "今日は {} です", "oggi {} e basta", "انظر {} اليوم", "zobacz {} dzisiaj",
)  # fmt: skip
LATIN_AROUND = tuple(text for text in AROUND if text.isascii())

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u2061\u115f\u3164"
MARKS = [chr(code) for code in range(0x300, 0x370)]
EVERYDAY = {"a": "àáâãäå", "c": "çćč", "e": "èéêëę", "i": "ìíîï", "l": "ł", "n": "ñń", "o": "òóôõöø", "s": "śš", "u": "ùúûü", "z": "żź"}  # fmt: skip
EMOJI = "🐦🔥🌈🍕🎈⭐🌊"
LEET = {"a": "4", "b": "8", "e": "3", "g": "9", "i": "1", "l": "1", "o": "0", "s": "5", "t": "7", "z": "2"}
SYMBOLS = {"a": "@", "i": "!", "l": "|", "s": "$", "e": "€", "t": "+", "c": "("}
MATHEMATICAL = (
    0x1D41A,
    0x1D44E,
    0x1D482,
    0x1D4B6,
    0x1D4EA,
    0x1D51E,
    0x1D552,
    0x1D586,
    0x1D5BA,
    0x1D5EE,
    0x1D622,
    0x1D656,
    0x1D68A,
)
# Letters of scripts from which no look-alike is drawn above: what an attacker finds tomorrow.
UNSEEN = [chr(code) for first, last in ((0xA800, 0xA820), (0x1B83, 0x1BA0), (0xAA00, 0xAA28), (0x11103, 0x11126), (0x16A40, 0x16A5E)) for code in range(first, last)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One disguised term in a text. `least` is the length of term from which the kind is counted."""

    kind: str
    term: str
    text: str


Disguise = Callable[[str, random.Random], str]


def confusables(folder: Path) -> dict[str, list[str]]:
    """The single characters that UTS #39 says may be taken for each small letter."""
    found: dict[str, list[str]] = {}
    for line in (folder / "confusables.txt").read_text(encoding="utf-8-sig").splitlines():
        parts = [part.strip() for part in line.split("#")[0].split(";")]
        if len(parts) < 3 or " " in parts[0]:
            continue
        source, target = chr(int(parts[0], 16)), "".join(chr(int(code, 16)) for code in parts[1].split())
        letter = {"rn": "m"}.get(target, target)
        if len(letter) == 1 and letter.isascii() and letter.islower() and ord(source) > 0x7F:
            found.setdefault(letter, []).append(source)
    return found


def each(text: str, change: Callable[[str], str]) -> str:
    return "".join(map(change, text))


def between(text: str, pick: Callable[[], str]) -> str:
    return "".join(letter + pick() for letter in text[:-1]) + text[-1]


def some(text: str, rng: random.Random, share: float, change: Callable[[str], str]) -> str:
    """At least one place, about a share of them."""
    places = [place for place, letter in enumerate(text) if change(letter) != letter]
    if not places:
        return text
    chosen = set(rng.sample(places, max(1, round(share * len(places)))))
    return "".join(change(letter) if place in chosen else letter for place, letter in enumerate(text))


def stretched(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + text[place] * rng.randint(3, 7) + text[place + 1 :]


def disguises(alike: dict[str, list[str]]) -> dict[str, tuple[int, Disguise]]:
    """Every kind: the least letters of a term that it is counted for, and how it is made."""

    def look_alike(letter: str, rng: random.Random) -> str:
        return rng.choice(alike[letter]) if letter in alike else letter

    def zero_width(text: str, rng: random.Random) -> str:
        return between(text, lambda: rng.choice(ZERO_WIDTH))

    def random_case(text: str, rng: random.Random) -> str:
        return each(text, lambda letter: rng.choice((letter, letter.upper())))

    def masked(text: str, rng: random.Random) -> str:
        place = rng.randrange(1, len(text) - 1)
        return text[:place] + rng.choice("*#_-.•?") + text[place + 1 :]

    def unseen(text: str, rng: random.Random) -> str:
        place = rng.randrange(len(text))
        return text[:place] + rng.choice(UNSEEN) + text[place + 1 :]

    def one_dot(text: str, rng: random.Random) -> str:
        place = rng.randrange(1, len(text))
        return text[:place] + rng.choice(".-_/·") + text[place:]

    return {
        "exact": (1, lambda text, _: text),
        "upper case": (1, lambda text, _: text.upper()),
        "random case": (1, random_case),
        "full width": (1, lambda text, _: each(text, lambda letter: chr(ord(letter) + 0xFEE0))),
        "mathematical": (1, lambda text, rng: _mathematical(text, rng.choice(MATHEMATICAL))),
        "a mark on each": (1, lambda text, rng: each(text, lambda letter: letter + rng.choice(MARKS))),
        "piled marks": (1, lambda text, rng: each(text, lambda letter: letter + "".join(rng.choices(MARKS, k=rng.randint(2, 6))))),
        "everyday accents": (5, lambda text, rng: some(text, rng, 0.4, lambda letter: rng.choice(EVERYDAY.get(letter, letter)))),
        "zero width": (1, zero_width),
        "variation selectors": (1, lambda text, rng: between(text, lambda: chr(rng.randint(0xFE00, 0xFE0F)))),
        "tag characters": (1, lambda text, rng: between(text, lambda: chr(rng.randint(0xE0020, 0xE007E)))),
        "bidi isolates": (1, lambda text, rng: between(text, lambda: rng.choice("\u2066\u2067\u2068") + "\u2069")),
        "bidi override": (1, lambda text, _: "\u202e" + text[::-1] + "\u202c"),
        "spaced": (1, lambda text, _: " ".join(text)),
        "dotted": (1, lambda text, _: ".".join(text)),
        "dashed": (1, lambda text, _: "-".join(text)),
        "underscored": (1, lambda text, _: "_".join(text)),
        "emoji between": (1, lambda text, rng: rng.choice(EMOJI).join(text)),
        "one separator": (5, one_dot),
        "percent encoded": (1, lambda text, _: each(text, lambda letter: f"%{ord(letter):02X}")),
        "markup inside": (5, lambda text, rng: text[:2] + rng.choice(("<b>{}</b>", "**{}**", "~~{}~~")).format(text[2:-1]) + text[-1]),
        "stretch": (1, stretched),
        "stretch all": (1, lambda text, rng: each(text, lambda letter: letter * rng.randint(3, 5))),
        "hashtag": (1, lambda text, _: "#" + text),
        "camel hashtag": (1, lambda text, _: f"#Love{text.capitalize()}Now"),
        "handle": (1, lambda text, rng: "@" + rng.choice(("{}", "{}_fan", "the_{}", "x.{}")).format(text)),
        "handle with digits": (1, lambda text, rng: f"@{text}{rng.randint(1, 2025)}"),
        "all look-alike": (1, lambda text, rng: each(text, lambda letter: look_alike(letter, rng))),
        "one look-alike": (3, lambda text, rng: some(text, rng, 0.0, lambda letter: look_alike(letter, rng))),
        "one unseen look-alike": (6, unseen),
        "leet third": (5, lambda text, rng: some(text, rng, 0.34, lambda letter: LEET.get(letter, letter))),
        "leet all": (5, lambda text, _: each(text, lambda letter: LEET.get(letter, letter))),
        "leet symbol": (5, lambda text, rng: some(text, rng, 0.5, lambda letter: SYMBOLS.get(letter, letter))),
        "one letter masked": (6, masked),
        "look-alike + zero width + case": (5, lambda text, rng: zero_width(some(random_case(text, rng), rng, 0.3, lambda letter: look_alike(letter, rng)), rng)),
        "spaced + look-alike": (5, lambda text, rng: " ".join(some(text, rng, 0.3, lambda letter: look_alike(letter, rng)))),
        "leet + dots": (5, lambda text, rng: ".".join(some(text, rng, 0.34, lambda letter: LEET.get(letter, letter)))),
        "marks + stretch": (5, lambda text, rng: each(stretched(text, rng), lambda letter: letter + rng.choice(MARKS))),
    }  # fmt: skip


def _mathematical(text: str, first: int) -> str:
    letters = (chr(first + ord(letter) - ord("a")) for letter in text)
    return "".join(
        made if unicodedata.category(made) != "Cn" else letter for made, letter in zip(letters, text, strict=True)
    )


def cases(terms: list[str], each_kind: int, seed: int, unicode: Path) -> Iterator[Case]:
    """`each_kind` cases of every kind, over the terms that are long enough for it, in a text."""
    for kind, (least, disguise) in disguises(confusables(unicode)).items():
        rng = random.Random(f"{seed} {kind}")
        long_enough = [term for term in terms if len(term) >= least]
        for _ in range(each_kind):
            term = rng.choice(long_enough)
            written = disguise(term, rng)
            around = LATIN_AROUND if kind == "all look-alike" else AROUND
            if written != term or kind == "exact":
                yield Case(kind, term, rng.choice(around).format(written))
