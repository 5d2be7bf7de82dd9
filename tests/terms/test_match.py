"""Terms are found in any disguise, and in nothing else. Each trap of the research has its test."""

import random
import re
import string
import unicodedata
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.terms.match import FIELDS, HITS, Field, Hit, Matcher
from ringfence.terms.plain import plain
from ringfence.terms.term import Mode, Term, Tier

BIRDS = ("kittiwake", "firecrest", "snow goose", "owl", "flicker", "vole", "otter", "puffin", "model", "canary")
MATCHER = Matcher([Term(bird, bird) for bird in BIRDS])
SPELLINGS = ("kittiwake", "k1tt1w4k3", "kitt*wake", "#LovePuffinNow", "snow   goose", "o.w.l", "k%69ttiwake", "lake")


def found(text: str, field: str = "post", matcher: Matcher = MATCHER) -> list[tuple[str, str, str]]:
    return [(hit.term, str(hit.tier), text[hit.start : hit.end]) for hit in matcher.find(text, field)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "term", "tier"),
    [
        ("look at this kittiwake today", "kittiwake", "exact"),
        ("KITTIWAKE", "kittiwake", "folded"),
        ("ｋｉｔｔｉｗａｋｅ", "kittiwake", "folded"),
        ("𝓴𝓲𝓽𝓽𝓲𝔀𝓪𝓴𝓮", "kittiwake", "folded"),
        ("k̶i̶t̶t̶i̶w̶a̶k̶e̶", "kittiwake", "folded"),
        ("k\u200bi\u2060t\ufe0ft\U000e0041iwake", "kittiwake", "folded"),
        ("kit<b>ti</b>wake", "kittiwake", "folded"),
        ("<kittiwake>", "kittiwake", "exact"),
        ("</kittiwake>", "kittiwake", "exact"),
        ("<b kittiwake> %41", "kittiwake", "exact"),
        ("\u202ekittiwake\u202c", "kittiwake", "exact"),
        ("k%69ttiw%61ke", "kittiwake", "folded"),
        ("k%2569ttiwake", "kittiwake", "folded"),
        ("&#107;ittiwake", "kittiwake", "folded"),
        ("\u202eekawittik\u202c", "kittiwake", "folded"),
        ("kit**ti**wake", "kittiwake", "spaced"),
        ("kittiwаke", "kittiwake", "confusable"),
        ("🅺🅸🆃🆃🅸🆆🅰🅺🅴", "kittiwake", "confusable"),
        ("fIicker", "flicker", "confusable"),
        ("k1tt1w4k3", "kittiwake", "leet"),
        ("k!ttiw@ke", "kittiwake", "leet"),
        ("0tter", "otter", "leet"),
        ("kiiiittiwaaake", "kittiwake", "stretched"),
        ("kkiittttiiwwaakkee", "kittiwake", "stretched"),
        ("k i t t i w a k e", "kittiwake", "spaced"),
        ("k.i.t.t.i.w.a.k.e", "kittiwake", "spaced"),
        ("k🐦i🐦t🐦t🐦i🐦w🐦a🐦k🐦e", "kittiwake", "spaced"),
        ("kitti.wake", "kittiwake", "spaced"),
        ("fire!crest", "firecrest", "spaced"),
        ("#LoveKittiwakeNow", "kittiwake", "camel"),
        ("@kittiwake_fan", "kittiwake", "exact"),
        ("@kittiwake1987", "kittiwake", "exact"),
        ("#LovePuffinNow", "puffin", "camel"),
        ("kittíwake", "kittiwake", "accented"),
        ("kitt*wake", "kittiwake", "wildcard"),
        ("kittiw\U00016a41ke", "kittiwake", "wildcard"),
        ("kkittiwake", "kittiwake", "wildcard"),
        ("snow   goose", "snow goose", "folded"),
        ("#SnowGoose", "snow goose", "folded"),
        ("s n o w g o o s e", "snow goose", "spaced"),
        ("this otter", "otter", "exact"),
        ("(otter)", "otter", "exact"),
        ("l'otter", "otter", "exact"),
        ("o.w.l", "owl", "spaced"),
        ("a puffin—bird", "puffin", "exact"),
        ("a puffin… or two", "puffin", "exact"),
        ("Puffin™", "puffin", "folded"),
        ("puffin○○", "puffin", "exact"),
        ("puffin➕", "puffin", "exact"),
        ("(o)(t)(t)(e)(r)", "otter", "spaced"),
        ("οττερ".replace("ρ", "r"), "otter", "confusable"),
    ],
)
def test_each_disguise_is_found_in_its_tier(text: str, term: str, tier: str) -> None:
    assert [(name, how) for name, how, _ in found(text)] == [(term, tier)]


@pytest.mark.parametrize(
    "text",
    [
        "voie",  # i for l, both plain: another word
        "@antotter x otters",
        "howl", "owlish", "slowly",
        "p r o w l e r",  # spelled out, and longer
        "snowgoose",  # a phrase is two words outside of names
        "kitti wake",
        "word(owl" [:5],
        "mode! is on",  # punctuation, and no letter
        "media! mode!",
        "34913", "0773",
        "сор", "совпадает",  # words of another script
        "öwl",  # too short for an everyday accent
        "ow*", "o*l",  # too short for a mask
        "canaryy",  # one letter doubled, and it is the last: found, but weak
    ],
)  # fmt: skip
def test_what_is_no_acting_hit(text: str) -> None:
    assert not [hit for hit in MATCHER.find(text) if hit.acts]


def test_a_word_wholly_of_another_script_is_a_disguise_only_among_others() -> None:
    term = Matcher([Term("t", "koala")])
    assert found("look at this коаӏа today", matcher=term) == [("koala", "confusable", "коаӏа")]
    assert found("вот это коаӏа сегодня", matcher=term) == []
    short = Matcher([Term("t", "coot")])
    assert found("look at this соот today", matcher=short) == []  # of four letters, a word by chance anywhere
    assert found("look at this cоot today", matcher=short) == [("coot", "confusable", "cоot")]
    # Letters of one script are never taken for one another, though the table has them in one class.
    cyrillic = Matcher([Term("t", "пилот")])
    assert found("лилот ПИЛОТ пилоt", matcher=cyrillic) == [
        ("пилот", "folded", "ПИЛОТ"),
        ("пилот", "confusable", "пилоt"),
    ]


def test_fields_read_names_as_names() -> None:
    assert found("LoveKittiwake", "hashtag") == [("kittiwake", "camel", "Kittiwake")]
    assert found("lovekittiwake", "hashtag") == []
    assert found("kittiwake_99", "handle") == [("kittiwake", "exact", "kittiwake")]
    assert found("snowgoose", "query") == [("snow goose", "folded", "snowgoose")]
    assert found("LoveKittiwake", "bio") == []


def test_modes() -> None:
    def only(mode: Mode) -> Matcher:
        return Matcher([Term("t", "otter", mode=mode)])

    assert found("seaotters", matcher=only(Mode.SUBSTRING)) == [("otter", "exact", "otter")]
    assert found("sea-otter!", matcher=only(Mode.WORD)) == [("otter", "exact", "otter")]
    assert found("sea-otter!", matcher=only(Mode.TOKEN)) == []
    assert found("an 'otter!' #otter", matcher=only(Mode.TOKEN)) == [("otter", "exact", "otter")] * 2
    assert found("otter #otter @otter", matcher=only(Mode.HASHTAG)) == [("otter", "exact", "otter")]
    assert found("otter #otter @otter", matcher=only(Mode.HANDLE)) == [("otter", "exact", "otter")]
    assert found("otter", "hashtag", only(Mode.HASHTAG)) == [("otter", "exact", "otter")]


def test_a_hashtag_term_stands_in_a_hashtag_by_its_grammar() -> None:
    matcher = Matcher([Term("t", "otter", mode=Mode.HASHTAG)])
    assert found("#otter", matcher=matcher)
    assert not found("see https://lake.example/#otter and x#otter", matcher=matcher)


def test_scripts_without_blanks_need_no_boundary() -> None:
    matcher = Matcher([Term("t", "山火"), Term("h", "오리"), Term("i", "नीलकंठ")])
    assert found("大山火事", matcher=matcher) == [("山火", "exact", "山火")]
    assert found("저오리가", matcher=matcher) == [("오리", "exact", "오리")]
    assert found("वह नीलकंठ है", matcher=matcher) == [("नीलकंठ", "exact", "नीलकंठ")]
    assert found("नलकठ", matcher=matcher) == []  # without its vowel signs it is another word


def test_vowel_points_are_written_or_left_out() -> None:
    matcher = Matcher([Term("f", "فلامنجو"), Term("s", "שָׁלוֹם")])
    assert found("فَلامِنجو", matcher=matcher) == [("فلامنجو", "folded", "فَلامِنجو")]
    assert [hit.tier for hit in matcher.find("שלום")] == ["folded"]


@pytest.mark.parametrize("mark", "…–—«»“”„‚‘’·•′″¿¡§%‰†‡©®™°€£¥+=~^`´¨¸.,;:!?'\"/\\|()[]{}<>*#@&$-_№")
def test_no_sign_after_or_before_a_word_hides_it(mark: str) -> None:
    for text in (f"a kittiwake{mark}", f"a kittiwake{mark} b", f"a {mark}kittiwake b", f"a {mark}kittiwake{mark} b"):
        assert [hit.tier for hit in MATCHER.find(text)] == ["exact"], text
    assert MATCHER.find(f"a kittiwake{mark}bird")


def test_emoji_have_a_channel_of_their_own() -> None:
    matcher = Matcher([Term("e", "🐦🔥"), Term("w", "👩‍🚀")])
    assert found("so🐦\ufe0f🔥so", matcher=matcher) == [("🐦🔥", "folded", "🐦\ufe0f🔥")]
    assert found("🔥🐦", matcher=matcher) == []
    assert found("🐦 and 🔥", matcher=matcher) == []
    assert found("👩🏽‍🚀", matcher=matcher) == [("👩‍🚀", "folded", "👩🏽‍🚀")]


def test_many_long_emoji_terms_have_room() -> None:
    """With room for letters alone, the trie of so many sequences that share no start would be full, and end never."""
    chance = random.Random(0)
    terms = ["".join(chr(0x1F400 + chance.randrange(200)) for _ in range(9)) for _ in range(20_000)]
    matcher = Matcher([Term(str(number), term) for number, term in enumerate(terms)])
    assert [hit.term_id for hit in matcher.find(f"a {terms[12_345]} b")] == ["12345"]


def test_places_in_three_units() -> None:
    text = "é🐦 kittiwake"
    (hit,) = MATCHER.find(text)
    assert text[hit.start : hit.end] == "kittiwake"
    assert text.encode()[hit.start_utf8 : hit.end_utf8] == b"kittiwake"
    assert text.encode("utf-16-le")[2 * hit.start_utf16 : 2 * hit.end_utf16].decode("utf-16-le") == "kittiwake"


def test_only_what_is_vetted_and_has_not_expired_is_looked_for() -> None:
    terms = [
        Term("a", "otter", expires=date(2026, 1, 31)),
        Term("b", "owl", opinion=type(Term("x", "x").opinion)("disputed")),
    ]
    assert [hit.term for hit in Matcher(terms, date(2026, 1, 31)).find("otter owl")] == ["otter"]
    assert Matcher(terms, date(2026, 2, 1)).find("otter owl") == []
    assert Matcher([]).find("otter") == []


def test_layers_of_a_term_are_its_own() -> None:
    strict = Matcher([Term("t", "kittiwake", layers=((Tier.LEET, None), (Tier.SPACED, 12)))])
    assert found("k1ttiwake k.i.t.t.i.w.a.k.e kittiwake", matcher=strict) == [("kittiwake", "exact", "kittiwake")]
    loose = Matcher([Term("t", "owl", layers=((Tier.LEET, 3),))])
    assert [hit.tier for hit in loose.find("o\u1d21l")] == ["confusable"]


def test_exceptions_shield_their_own_term_only() -> None:
    matcher = Matcher([Term("t", "otter", mode=Mode.SUBSTRING, never_inside=("potter", "sea otter")), Term("u", "sea")])
    assert found("Potter otter sea otter", matcher=matcher) == [("otter", "exact", "otter"), ("sea", "exact", "sea")]


def test_combinations() -> None:
    matcher = Matcher(
        [
            Term("nest", "nest", context=True),
            Term("egg", "egg", context=True),
            Term("zoo", "zoo", context=True),
            Term("anchor", "heron", all_of=("nest",), any_of=("egg", "owl"), none_of=("zoo",), window=20),
            Term("owl", "owl"),
        ]
    )
    assert found("heron nest egg", matcher=matcher) == [("heron", "exact", "heron")]
    assert matcher.find("heron nest egg")[0].together == ("nest", "egg")
    assert found("heron nest", matcher=matcher) == []
    assert found("nest egg", matcher=matcher) == []
    assert found("heron nest egg zoo", matcher=matcher) == []
    assert found(f"heron nest {'.' * 30} egg", matcher=matcher) == []
    assert found("heron nest owl", matcher=matcher) == [("heron", "exact", "heron"), ("owl", "exact", "owl")]


def test_autocomplete_tells_what_completes_a_term() -> None:
    assert MATCHER.completes("kitti", "kittiwake")
    assert MATCHER.completes("kitti", "wake")
    assert MATCHER.completes("nice kitti", "kittiwake colony")
    assert not MATCHER.completes("kitti", "kitten")
    assert not MATCHER.completes("kittiwake", "kittiwake colony")  # the prefix is one already


def test_many_texts_are_as_each() -> None:
    texts = ["a kittiwake", None, "", "k%69ttiwake and owl", "🐦 KITTIWAKE", "nothing"] * 50
    table = MATCHER.find_many(texts)
    assert table.schema == HITS
    rows = [(row, hit) for row, text in enumerate(texts) if text for hit in MATCHER.find(text)]
    assert table["row"].to_pylist() == [row for row, _ in rows]
    assert table["reason"].to_pylist() == [hit.reason for _, hit in rows]
    assert MATCHER.find_many(pa.chunked_array([texts[:7], texts[7:]])).equals(table)
    assert MATCHER.find_many(pa.array(texts).slice(3)).num_rows == table.num_rows - 1
    assert MATCHER.find_many(pa.array(["otter"]).dictionary_encode()).num_rows == 1
    assert MATCHER.find_many([]).num_rows == 0


WORDS = st.text(st.sampled_from("abLI1é "), min_size=1, max_size=6).filter(lambda word: any(map(str.isalpha, word)))


@settings(max_examples=300)
@given(st.lists(WORDS, min_size=1, max_size=8), st.text(st.sampled_from("abLI1é .-_#!A"), max_size=40))
def test_many_terms_find_what_each_alone_finds(words: list[str], text: str) -> None:
    terms = [Term(str(number), word) for number, word in enumerate(dict.fromkeys(word.strip() for word in words))]
    together = sorted((hit.term_id, hit.start, hit.end, str(hit.tier)) for hit in Matcher(terms).find(text))
    alone = sorted(
        (hit.term_id, hit.start, hit.end, str(hit.tier)) for term in terms for hit in Matcher([term]).find(text)
    )
    assert together == alone


@settings(max_examples=300)
@given(
    st.text(st.sampled_from("abcdefg"), min_size=1, max_size=3),
    st.lists(st.text(st.sampled_from("abcdefgéB"), min_size=1, max_size=4), max_size=8),
    st.sampled_from((" ", ", ", "\n", " 🐦 ")),
)
def test_plain_words_are_found_where_a_slow_reading_finds_them(word: str, words: list[str], blank: str) -> None:
    text = blank.join(words)
    expected = [match.span() for match in re.finditer(r"\w+", text) if plain(match[0]) == word]
    hits = [hit for hit in Matcher([Term("t", word)]).find(text) if hit.tier in (Tier.EXACT, Tier.FOLDED)]
    assert [(hit.start, hit.end) for hit in hits if plain(text[hit.start : hit.end]) == word] == expected


@settings(max_examples=300)
@given(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.text(st.characters(exclude_categories=()), max_size=30),
)
def test_whatever_stands_around_it_a_spelled_term_has_its_place(before: str, after: str) -> None:
    text = f"{before}\n\u2029 kittiwake \n{after}"
    at = len(before) + 3
    told = [(hit.start, hit.end) for hit in MATCHER.find(text) if hit.term == "kittiwake"]
    if "\u202e" not in before and "<" not in before and "&" not in before + after:
        assert (at, at + 9) in told
    for hit in MATCHER.find(text):
        _round_trips(text, hit)


@given(st.text(st.sampled_from(string.printable + "éтאゼ🐦\u202e\u202c\u0301\u200b\ud800ßﬁ㎏"), max_size=60))
def test_offsets_of_every_hit_name_the_same_place(text: str) -> None:
    matcher = Matcher([Term("a", "ss"), Term("b", "fi"), Term("c", "kg"), Term("d", "t", mode=Mode.SUBSTRING)])
    hits = matcher.find(f"{text}\nss")
    assert hits[-1].end == len(text) + 3
    for hit in hits:
        _round_trips(f"{text}\nss", hit)


@given(st.lists(st.sampled_from(SPELLINGS), max_size=4), st.sampled_from(FIELDS))
def test_categories_are_those_of_the_hits(texts: list[str], field: Field) -> None:
    text = " ".join(texts)
    matcher = Matcher([Term(bird, bird, category=bird[0]) for bird in BIRDS])
    assert matcher.categories(text, field) == [(hit.category, hit.acts) for hit in matcher.find(text, field)]


def _round_trips(text: str, hit: Hit) -> None:
    written = text[hit.start : hit.end]
    assert written
    raw = text.encode("utf-8", "surrogatepass")[hit.start_utf8 : hit.end_utf8]
    assert raw.decode("utf-8", "surrogatepass") == written
    wide = text.encode("utf-16-le", "surrogatepass")[2 * hit.start_utf16 : 2 * hit.end_utf16]
    assert wide.decode("utf-16-le", "surrogatepass") == written


def test_a_ligature_is_never_cut() -> None:
    matcher = Matcher([Term("a", "s"), Term("b", "fire")])
    assert found("ß", matcher=matcher) == []
    assert found("ﬁre", matcher=matcher) == [("fire", "folded", "ﬁre")]


@pytest.mark.parametrize(
    "text",
    [
        "\u0301" * 1_000_000,
        "e" + "\u0301" * 1_000_000,
        "a." * 500_000,
        "o" * 1_000_000,
        "ﷺ" * 200_000,
        "%" * 1_000_000,
        "<b>" * 300_000,
        "\u202e" * 500_000,
        "🐦" * 300_000,
        "#" * 1_000_000,
        "o w l " * 200_000,
        "\x00" * 1_000_000,
        "\ud800" * 300_000,
    ],
    ids=range(13),
)
def test_after_a_long_odd_text_a_term_is_still_found_in_its_place(text: str) -> None:
    written = f"{text}\nkittiwake"
    hit = MATCHER.find(written)[-1]
    assert (hit.term, str(hit.tier), hit.start, hit.end) == ("kittiwake", "exact", len(text) + 1, len(written))
    _round_trips(written, hit)


def test_ten_megabytes_have_hits_to_the_end() -> None:
    text = "a long quiet text of ordinary words, " * 270_000 + "kittiwake"
    (hit,) = MATCHER.find(text)
    assert (hit.start, hit.end) == (len(text) - 9, len(text))


def test_the_sentence_says_what_was_undone() -> None:
    (hit,) = MATCHER.find("so k1tt1wаke")
    assert hit.reason == (
        'The text has "k1tt1wаke" at character 4, which is the term "kittiwake" written with letters that look like '
        "others and with digits for letters."
    )
    assert hit.layers == ("look-alikes", "digits")
    assert unicodedata.is_normalized("NFC", hit.reason)
