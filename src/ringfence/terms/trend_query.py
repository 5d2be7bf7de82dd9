"""Which terms and combinations say the same as a ThreatExchange trend query?

A TREND_QUERY indicator is a JSON text, {"and": [{"or": ["a", "b"]}, ...], "not": ["c"]}: something of every list of the
`and`, and nothing of the `not`, anywhere in the text. A piece is a word, or `regex-(...)` around a regular expression.
Source: python-threatexchange, threatexchange/signal_type/trend_query.py (read at 01d5192).

The first list anchors combinations of which the other words are parts. Regular expressions are never run: one that
is a plain phrase becomes a term, any other is counted and left out, and where leaving it out would make a query find
more than it says, the query is refused. Queries tell capitals apart and terms do not, so these too find more.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import product
from math import prod
from typing import Annotated, Any

import msgspec

from ringfence.model.faults import Fault
from ringfence.terms.plain import plain
from ringfence.terms.rows import Row, Wrong, from_row
from ringfence.terms.term import Mode, bare

TYPE = "TREND_QUERY"
# A query whose lists multiply to more combinations than this is better written as several.
MOST_COMBINATIONS = 1_000
LINE_BYTES = 1 << 20
_REGEX = "regex-"
_PHRASE = re.compile(r"[^\W_]+(?:[ '-][^\W_]+)*")
_EDGE = r"\b"


@dataclass(frozen=True, slots=True)
class Refused:
    """A query that nothing was made of: by the id it came with, or its place in the file."""

    query: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a file of queries comes to: rows for `from_row`, the queries refused, how many expressions were left out."""

    rows: tuple[Row, ...]
    queries: int
    refused: tuple[Refused, ...]
    expressions: int


Word = tuple[str, Mode]


class _Or(msgspec.Struct, rename={"or_": "or"}):
    or_: Annotated[list[str], msgspec.Meta(min_length=1)]


class _Asked(msgspec.Struct, rename={"and_": "and", "not_": "not"}):
    """A query as it is written; what else it has is not read."""

    and_: Annotated[list[_Or], msgspec.Meta(min_length=1)]
    not_: list[str] | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Query:
    lists: tuple[tuple[Word, ...], ...]
    without: tuple[Word, ...]
    language: str | None
    expressions: int


@dataclass(slots=True)
class _Made:
    """Rows in the making. A word that some query looks for alone is a term; any other is there for combinations."""

    words: dict[str, dict[str, Any]] = field(default_factory=dict)
    anchors: dict[str, dict[str, Any]] = field(default_factory=dict)

    def named(self, word: Word) -> str:
        """The id of a word, which gets a row when it is first named."""
        text, mode = word
        key = _hash("word", plain(bare(text)), mode)
        self.words.setdefault(key, {"id": key, "term": text, "mode": str(mode), "context": True})
        return key

    def alone(self, word: Word, language: str | None) -> None:
        """Look for a word by itself."""
        row = self.words[self.named(word)]
        row["context"] = False
        row.setdefault("language", language)

    def combine(self, word: Word, language: str | None, **parts: list[str]) -> None:
        """Look for a word with other terms around it."""
        text, mode = word
        named = [f"{name} {part}" for name in parts for part in sorted(parts[name])]
        key = _hash("anchor", plain(bare(text)), mode, *named)
        row = {"id": key, "term": text, "mode": str(mode), "language": language, **parts}
        self.anchors.setdefault(key, row)


def read(content: bytes, where: str) -> Found:
    """The rows that a file of queries comes to: JSON lines, a JSON list, or an answer of the exchange with its `data`.

    Each entry is a query, or a record with an `indicator`. Raises Fault when the file is none of these.
    """
    made, refused, expressions, queries = _Made(), [], 0, 0
    for place, entry in _entries(content, where):
        queries += 1
        name = str(entry["id"]) if isinstance(entry, dict) and isinstance(entry.get("id"), str | int) else place
        try:
            query = _query(entry)
            expressions += query.expressions
            _add(query, made)
        except Wrong as wrong:
            refused.append(Refused(name, f"{wrong.what}; {wrong.mend}"))
    rows = (*made.words.values(), *made.anchors.values())
    return Found(rows, queries, tuple(refused), expressions)


def _entries(content: bytes, where: str) -> Iterator[tuple[str, Any]]:
    try:
        whole = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        whole = None
    if isinstance(whole, dict) and isinstance(whole.get("data"), list):
        whole = whole["data"]
    if isinstance(whole, list):
        yield from ((f"entry {number}", entry) for number, entry in enumerate(whole, 1))
        return
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        place = f"row {number}"
        if len(line) > LINE_BYTES:
            raise Fault(f"it is longer than {LINE_BYTES >> 20} MB", where=f"{where}, {place}", mend="split the query")
        try:
            yield place, msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            mend = "write each line as a query or a record with an `indicator`"
            raise Fault(f"it is not JSON ({error})", where=f"{where}, {place}", mend=mend) from error


def _query(entry: Any) -> _Query:
    """One entry, read and checked. Raises Wrong for what cannot be said in terms."""
    if isinstance(entry, dict) and "indicator" in entry:
        kind, status = entry.get("type", TYPE), entry.get("status", "MALICIOUS")
        if kind != TYPE:
            raise Wrong(f"it is a {kind}, not a {TYPE}", "leave it out of the file")
        if status != "MALICIOUS" or entry.get("should_delete"):
            said = "withdrawn" if entry.get("should_delete") else f"marked {status}"
            raise Wrong(f"it is {said} on the exchange", "have a person vet it first")
        entry = entry["indicator"]
    if isinstance(entry, str):
        try:
            entry = msgspec.json.decode(entry)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Wrong(f"its indicator is not JSON ({error})", "ask whoever shared it") from None
    try:
        asked = msgspec.convert(entry, _Asked)
    except msgspec.ValidationError:
        raise Wrong("it is no trend query", 'write it as {"and": [{"or": ["a", "b"]}], "not": ["c"]}') from None
    read = [_words(part.or_) for part in asked.and_]
    without = _words(asked.not_ or ())
    left_out = sum(count for _, count in read) + without[1]
    if without[1]:
        raise Wrong(_leaves_out(without[1], "its `not`"), "without them it would find more than it says")
    if bare_ := next((count for words, count in read if not words), 0):
        raise Wrong(_leaves_out(bare_, "all of one `or`"), "write words in their place")
    return _Query(tuple(words for words, _ in read), without[0], asked.language, left_out)


def _leaves_out(count: int, where: str) -> str:
    return f"{where} has {count} regular expression{'s' * (count != 1)} that are no plain phrase"


def _words(texts: Iterable[str]) -> tuple[tuple[Word, ...], int]:
    """The words of a list without repeats, and how many pieces of it are none."""
    read = [_word(text) for text in texts]
    return tuple(dict.fromkeys(word for word in read if word)), read.count(None)


def _word(text: str) -> Word | None:
    mode = Mode.WORD
    if text.startswith(_REGEX):
        text = text[len(_REGEX) + 1 : -1]
        if text.startswith(_EDGE) and text.endswith(_EDGE):
            text = text[len(_EDGE) : -len(_EDGE)]
        else:
            mode = Mode.SUBSTRING
        if not _PHRASE.fullmatch(text):
            return None
    try:
        return from_row({"term": text}).term, mode
    except Wrong:
        return None


def _add(query: _Query, made: _Made) -> None:
    without = set(query.without)
    # A text with a word of the `not` is no find, so that word completes nothing.
    lists = [tuple(word for word in words if word not in without) for words in query.lists]
    if not all(lists):
        raise Wrong("one of its `or` lists is all in its `not`, so it finds nothing", "ask whoever shared it")
    anchors, *others = lists
    if not others and not without:
        for word in anchors:
            made.alone(word, query.language)
        return
    # One list may be the any_of; of every other one, each word in turn is needed beside the anchor.
    others.sort(key=len)
    some = others.pop() if others and len(others[-1]) > 1 else ()
    if (count := len(anchors) * prod(map(len, others))) > MOST_COMBINATIONS:
        raise Wrong(f"it comes to {count} combinations, and {MOST_COMBINATIONS} is the most", "split it")
    for word in anchors:
        for needed in product(*others):
            made.combine(
                word,
                query.language,
                all_of=_ids(made, needed),
                any_of=_ids(made, some),
                none_of=_ids(made, query.without),
            )


def _ids(made: _Made, words: Sequence[Word]) -> list[str]:
    return list(dict.fromkeys(made.named(word) for word in words))


def _hash(*pieces: str) -> str:
    return blake2b("\0".join(pieces).encode(), digest_size=6).hexdigest()
