import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any
from unicodedata import category, normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ringfence.terms import hashtags as module
from ringfence.terms.hashtags import MARKS, Tag, hashtags, mentions, normalised

CASES = Path(__file__).parents[2].parent / "shared" / "data" / "hashtags"

# Characters that the grammar treats in different ways, and whole pieces that drawing single ones would hardly make.
ODD = st.sampled_from(
    "#\uff03@\uff20&_/:.,?()!-+ \n\taZz09\u00b2\u2163\u00bd\u00b7\u30fb\u200c\u200d\u05be\u3003\u0301\u0e01\u0e48\u0e38"
    "\u0915\u094d\ufe0e\ufe0f\u20e3\u2066\u6f22\u00e9\u0130\u1e9e\u03a3\uff21\uff9e\uf870\U0001f3ff\U00020021\ud800\udfff\0"
)
PIECES = st.sampled_from(["http://", "https://a.com/", "lake.org/", "www.", ".com", "rt@", "RT:", "#a", "@b/c", "://"])
TEXTS = st.one_of(st.text(), st.lists(ODD | PIECES, max_size=30).map("".join))
JOINTS = "_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"


def cases(file: str, *sections: str) -> list[Any]:
    if not CASES.is_dir():
        return [
            pytest.param("", None, marks=pytest.mark.skip(reason="the conformance cases (shared/data) are not here"))
        ]
    tests = yaml.safe_load((CASES / file).read_text("utf-8"))["tests"]
    return [
        pytest.param(case["text"], case["expected"], id=f"{section}-{number}")
        for section in sections
        for number, case in enumerate(tests[section])
    ]


@pytest.mark.parametrize(("text", "expected"), cases("extract.yml", "hashtags", "hashtags_from_astral"))
def test_published_hashtags(text: str, expected: list[str]) -> None:
    assert [tag.shown for tag in hashtags(text)] == expected


@pytest.mark.parametrize(("text", "expected"), cases("extract.yml", "hashtags_with_indices"))
def test_published_places_of_hashtags(text: str, expected: list[dict[str, Any]]) -> None:
    assert [{"hashtag": tag.shown, "indices": [tag.start, tag.end]} for tag in hashtags(text)] == expected


@pytest.mark.parametrize(("text", "expected"), cases("extract.yml", "mentions"))
def test_published_mentions(text: str, expected: list[str]) -> None:
    assert [mention.name for mention in mentions(text) if not mention.slug] == expected


@pytest.mark.parametrize(("text", "expected"), cases("extract.yml", "mentions_with_indices"))
def test_published_places_of_mentions(text: str, expected: list[dict[str, Any]]) -> None:
    assert [{"screen_name": it.name, "indices": [it.start, it.end]} for it in mentions(text)] == expected


@pytest.mark.parametrize(("text", "expected"), cases("extract.yml", "mentions_or_lists_with_indices"))
def test_published_places_of_lists(text: str, expected: list[dict[str, Any]]) -> None:
    found = [{"screen_name": it.name, "list_slug": it.slug, "indices": [it.start, it.end]} for it in mentions(text)]
    assert found == expected


@pytest.mark.parametrize(("text", "expected"), cases("validate.yml", "hashtags"))
def test_published_valid_hashtags(text: str, expected: bool) -> None:  # noqa: FBT001 - the case says which
    assert [(tag.start, tag.end) for tag in hashtags(text)] == [(0, len(text))] * expected


@pytest.mark.parametrize(("text", "expected"), cases("validate.yml", "usernames", "lists"))
def test_published_valid_names(text: str, expected: bool, request: pytest.FixtureRequest) -> None:  # noqa: FBT001
    as_list = request.node.callspec.id.startswith("lists")
    whole = [it for it in mentions(text) if (it.start, it.end) == (0, len(text)) and bool(it.slug) is as_list]
    assert bool(whole) is expected


@given(TEXTS)
def test_every_tag_and_mention_is_where_it_says(text: str) -> None:
    tags, named = hashtags(text), mentions(text)
    for tag in tags:
        assert text[tag.start : tag.end] in {"#" + tag.shown, "\uff03" + tag.shown}
        assert tag.name == normalised(tag.shown)
    for it in named:
        assert text[it.start : it.end] in {"@" + it.name + it.slug, "\uff20" + it.name + it.slug}
    for found in (tags, named):
        places = [place for it in found for place in (it.start, it.end)]
        assert places == sorted(places)


def letter(character: str) -> bool:
    return category(character)[0] in "LM" or character == "\uf870"


def body(character: str) -> bool:
    return letter(character) or category(character) == "Nd" or character in JOINTS


def tag_end(text: str, sigil: int) -> int | None:
    """The end of the tag whose sigil would stand at a place, or None if there is no tag."""
    if text[sigil : sigil + 1] not in {"#", "\uff03"} or text[sigil + 1 : sigil + 2] in {"\ufe0f", "\u20e3"}:
        return None
    end = sigil + 1
    while end < len(text) and body(text[end]):
        end += 1
    return end if any(map(letter, text[sigil + 1 : end])) else None


def tags_by_hand(text: str) -> list[tuple[int, int]]:
    """The grammar once more, for texts without links: try every place, and after a tag go on where it ended."""
    found = []
    at = 0
    while at < len(text):
        before = text[at] in "\ufe0e\ufe0f" or not (text[at] == "&" or body(text[at]))
        sigils = [0] * (at == 0) + [at + 1] * before
        ends = [(sigil, end) for sigil in sigils if (end := tag_end(text, sigil)) is not None]
        at = ends[0][1] if ends else at + 1
        found += [it for it in ends[:1] if not text.startswith(("#", "\uff03", "://"), it[1])]
    return found


@given(st.lists(ODD | PIECES, max_size=40).map("".join))
def test_tags_are_those_found_by_hand(text: str) -> None:
    text = text.replace(".", ",")  # without a full stop there is no link
    assert [(tag.start, tag.end) for tag in hashtags(text)] == tags_by_hand(text)


def test_marks_and_numbers_are_those_of_all_planes() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    for kind in ("M.", "Nl", "No"):
        known = re.compile(f"[{module._class(kind)}]")
        assert [it for it in everything if known.match(it)] == [it for it in everything if re.match(kind, category(it))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://lake.example/#bittern", []),
        ("HTTPS://lake.example:8080/a(b(c)d)#bittern?x#y", []),
        ("https://lake.example?see=#bittern", []),
        ("see lake.org/#bittern", []),
        ("\u6e56lake.org/#bittern", []),
        ("https://\u6e56.\u6e56\u6e56/#bittern", []),
        ("https://lake.example/(#bittern", ["bittern"]),  # the bracket never closes, so the link ended before it
        ("https://lake.example/,?#bittern", ["bittern"]),  # a path ends in no comma, so no query follows
        ("https://lake.example/ #bittern", ["bittern"]),
        ("https://lake.example/\u201d#bittern", ["bittern"]),
        ("https://lake/#bittern", ["bittern"]),
        ("https://a_b.example/x https://a.b_c.example/#bittern", ["bittern"]),
        ("https://-lake.example/#bittern", ["bittern"]),
        ("https://lake..example/#bittern", ["bittern"]),
        ("$lake.org/#bittern", ["bittern"]),
        ("me@lake.org/#bittern", ["bittern"]),
        ("word.otherword/#bittern", ["bittern"]),  # no known domain: better a tag too many than one too few
        ("no/,lake.org/#bittern", []),
        ("#bittern\u00b7lake.org/#kittiwake", ["bittern\u00b7lake", "kittiwake"]),  # the tag came first: no link
        ("lake.org #bittern https://lake.org/#firecrest #kittiwake", ["bittern", "kittiwake"]),
        ("##bittern", ["bittern"]),
        ("#bittern#kittiwake", []),
        ("#bittern\ufe0f#kittiwake", []),  # the selector belongs to the first tag, which is refused
        ("a#bittern\ufe0f#kittiwake", ["kittiwake"]),
        ("#\ufe0f\u20e3 &#bittern;", []),
        ("\u00bd#bittern\u00b2", ["bittern"]),
        ("\ud800#bittern\udfff", ["bittern"]),
        ("", []),
    ],
)
def test_links_and_neighbours(text: str, shown: list[str]) -> None:
    assert [tag.shown for tag in hashtags(text)] == shown


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@a/b-@c", []),  # what stands between them belongs to the list that is refused
        ("art@bittern rt@bittern xrt:@kittiwake .rt@kittiwake", ["bittern", "kittiwake"]),
        ("\uff20bittern", ["bittern"]),
        ("@" + "b" * 21, ["b" * 20]),
        ("@bittern\u0301 @kittiwake\u212a", ["kittiwake"]),  # the Kelvin sign is no "k"
    ],
)
def test_mentions_and_neighbours(text: str, named: list[str]) -> None:
    assert [it.name for it in mentions(text)] == named


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("#BITTERN", "bittern"),
        ("\uff03\uff22\uff29\uff34\uff34\uff25\uff32\uff2e", "bittern"),
        ("Kittiw\u00e4ke", "kittiwake"),
        ("kittiwa\u0308\u0328ke\ufe0f", "kittiwake"),
        ("\u0110\u00d8\u0141\u0130\u0131\u0166\u0126\u014a", "doliithn"),
        ("fire-crest!", "firecrest"),
        ("\U0001d41f\u24d8\u02b3e_cre\u017ft", "fire_crest"),
        ("il\u00b7lusi\u00f3", "il\u00b7lusio"),
        ("\u039f\u03a3", "\u03bf\u03c3"),
        (
            "\u0e19\u0e49\u0e33\u0e40\u0e1b\u0e47\u0e14",
            normalize("NFKC", "\u0e19\u0e49\u0e33\u0e40\u0e1b\u0e47\u0e14"),
        ),  # Thai: a tone, a vowel
        ("\u092a\u0915\u094d\u0937\u0940", "\u092a\u0915\u094d\u0937\u0940"),  # Hindi: a virama
        ("\uff8a\uff9f", "\u30d1"),
        ("\u1112!\u1161", "\ud558"),
        ("\u00b2\u00bd\u2460", "2121"),
        ("\u3007\u1369", "\u3007"),
        ("#\u0301", ""),
    ],
)
def test_names(tag: str, name: str) -> None:
    assert normalised(tag) == name


@given(TEXTS)
def test_a_name_is_its_own_name_and_holds_no_sigil(text: str) -> None:
    name = normalised(text)
    assert normalised(name) == name
    assert not set(name) & set("#\uff03@\uff20&/:.,?()!-+ \n\t\0\ufe0f\u0301\ud800")


@given(st.text(st.characters(categories=["M"]), max_size=60))
def test_names_keep_every_mark_that_has_a_script(marks: str) -> None:
    loose = re.compile(f"[{module._LOOSE}]")
    kept = loose.sub("", normalize("NFKC", marks).lower())
    assert normalised(marks) == loose.sub("", normalize("NFKC", kept).lower())


@given(st.lists(ODD, max_size=8).map("".join), st.integers(1, 200))
def test_long_texts_are_normalised_piece_by_piece_to_the_same(text: str, times: int) -> None:
    long = ("a" + text) * times
    assert module._nfkc(long) == normalize("NFKC", long)


HARD = {
    "sigils": "#",
    "tags run together": "#a",
    "refused at a letter": "a#",
    "mentions": "@a",
    "at signs": "@",
    "lists": " @a/b-",
    "retweets": "rt:",
    "surrogates": "\ud800#\udfff@",
    "digits": "1",
    "loose marks": "\u0301\u0316",
    "marks out of order": "\u0e48\u0e38",
    "signs of hosts": "_-",
    "dots": "a.",
    "protocols": "http://a",
    "links": "http://a.co/#",
    "brackets": "a.co/(",
    "brackets in pairs": "((a)a)",
    "hosts in hosts": "\u6e56a",
}


def test_no_pattern_can_give_back_what_it_took() -> None:
    grammar = module._grammar()
    patterns = [it for it in vars(module).values() if isinstance(it, re.Pattern)]
    patterns += [grammar.tag, grammar.dropped, grammar.piece]
    assert len(patterns) >= 9
    parse: Callable[[str], object] = import_module("re._parser").parse
    for pattern in patterns:
        # An unbounded repeat that is not possessive is what makes a pattern slower than its text is long.
        assert not re.search(r"(?<!POSSESSIVE_REPEAT), \(\d+, MAXREPEAT", repr(parse(pattern.pattern)))


def calls(text: str) -> int:
    """How many calls, of Python and of C, it takes to read a text."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        hashtags(text)
        mentions(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize("start", ["", "#a ", "#", "#a http://a.co/"])
def test_work_grows_no_faster_than_the_text(start: str, piece: str) -> None:
    hashtags(start + piece)
    assert calls(start + piece * 4000) <= 4 * calls(start + piece * 1000) + 100


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD.keys())
def test_a_million_characters_are_read(piece: str) -> None:
    # Were any step quadratic, these would take minutes, not a part of a second.
    text = ("#a " + piece * 1_000_000)[:1_000_000]
    assert hashtags(text)[:1] in {(Tag("a", "a", 0, 2),), ()}
    mentions(text)
    normalised(text)


def test_no_run_of_marks_is_put_in_order_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(form: Any, text: str) -> str:
        seen.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr(module, "normalize", counted)
    marks = "\u0e48\u0e38" * 5000
    (tag,) = hashtags("#\u0e01" + marks)
    assert max(seen) <= MARKS + 1
    assert sorted(tag.name) == sorted("\u0e01" + marks)
