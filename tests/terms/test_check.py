import pyarrow as pa

from ringfence.terms.check import check
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.term import Term


def batch(texts: list[str], languages: list[str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"text": texts, "lang": pa.array(languages, pa.string())})


def test_posts_are_counted_once_by_term_language_and_tier() -> None:
    lexicon = Lexicon.of([Term("k", "kittiwake", licence="ours"), Term("f", "firecrest", spares=("a firecrest",))])
    texts = ["kittiwake kittiwake", "kitt*wake", "a firecrest and a kitt*wake", "nothing", "nichts"]
    found = check(lexicon, [batch(texts[:3], ["en", "en", None]), batch(texts[3:], ["en", "de"])])
    assert (found.posts, found.unlicensed) == (5, 1)
    assert (found.overall.acting, found.overall.weak) == (2, 1)
    assert found.overall.acting_per_million == 400_000
    terms = {rate.name: (rate.posts, rate.acting, rate.weak) for rate in found.by_term}
    assert terms == {"k": (5, 1, 2), "f": (5, 1, 0)}
    languages = {rate.name: (rate.posts, rate.acting, rate.weak) for rate in found.by_language}
    assert languages == {"en": (3, 1, 1), "unknown": (1, 1, 0), "de": (1, 0, 0)}
    assert {rate.name for rate in found.by_tier} == {"exact", "wildcard"}
    assert [failed.text for failed in found.failed] == ["a firecrest"]


def test_a_sample_without_languages_or_posts() -> None:
    lexicon = Lexicon.from_terms(["kittiwake"])
    assert check(lexicon, [pa.RecordBatch.from_pydict({"text": ["kittiwake"]})]).overall.acting == 1
    empty = check(lexicon, [])
    assert (empty.posts, empty.overall.acting_per_million, empty.by_term) == (0, 0.0, ())
