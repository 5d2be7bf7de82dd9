"""What would a lexicon do, before it does it? Its examples, its gaps, and its hits in a sample of ordinary posts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.terms.examples import Failed, failed_examples
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.term import WEAK

MILLION = 1_000_000
UNKNOWN = "unknown"
# Texts looked at in one go.
BATCH = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a term, a language or a tier is hit: how many posts it is out of, those with a hit, and per million."""

    name: str
    posts: int
    acting: int
    weak: int

    @property
    def acting_per_million(self) -> float:
        """Posts with an acting hit in a million."""
        return MILLION * self.acting / self.posts if self.posts else 0.0

    @property
    def weak_per_million(self) -> float:
        """Posts with nothing but weak hits in a million."""
        return MILLION * self.weak / self.posts if self.posts else 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """The dry run of a lexicon over a sample. Rates are the highest first; terms without a hit are left out."""

    version: str
    terms: int
    posts: int
    failed: tuple[Failed, ...]
    unlicensed: int
    overall: Rate
    by_term: tuple[Rate, ...]
    by_language: tuple[Rate, ...]
    by_tier: tuple[Rate, ...]


def check(lexicon: Lexicon, batches: Iterable[pa.RecordBatch]) -> Check:
    """Run a lexicon over batches with `text` and, where known, `lang`, one after the other."""
    posts = 0
    languages: Counter[str] = Counter()
    acting: set[tuple[int, str, str]] = set()  # post, what it is counted under, name
    weak: set[tuple[int, str, str]] = set()
    for batch in batches:
        told = (
            pc.fill_null(batch["lang"], UNKNOWN) if "lang" in batch.schema.names else pa.array([UNKNOWN] * len(batch))
        )
        languages.update({entry["values"]: entry["counts"] for entry in pc.value_counts(told).to_pylist()})
        for row, hit in lexicon.matcher.finds(batch["text"]):
            counted = weak if hit.tier in WEAK else acting
            names = (("", "all"), ("term", hit.term_id), ("language", told[row].as_py()), ("tier", str(hit.tier)))
            counted.update((posts + row, kind, name) for kind, name in names)
        posts += len(batch)
    weak -= acting
    totals = {name: posts for _, kind, name in acting | weak if kind != "language"}
    return Check(
        lexicon.version,
        len(lexicon),
        posts,
        failed_examples(lexicon),
        sum(term.licence is None for term in lexicon),
        _rates("", {"all": posts}, acting, weak)[0],
        _rates("term", {name: totals[name] for name in _named("term", acting | weak)}, acting, weak),
        _rates("language", dict(languages), acting, weak),
        _rates("tier", {name: totals[name] for name in _named("tier", acting | weak)}, acting, weak),
    )


def _named(kind: str, counted: set[tuple[int, str, str]]) -> set[str]:
    return {name for _, of, name in counted if of == kind}


def _rates(
    kind: str, posts: dict[str, int], acting: set[tuple[int, str, str]], weak: set[tuple[int, str, str]]
) -> tuple[Rate, ...]:
    sure = Counter(name for _, of, name in acting if of == kind)
    unsure = Counter(name for _, of, name in weak if of == kind)
    rates = (Rate(name, of, sure[name], unsure[name]) for name, of in posts.items())
    return tuple(sorted(rates, key=lambda rate: (-rate.acting_per_million, -rate.weak_per_million, rate.name)))
