"""How fast are terms found, beside peers, and what do size, hits and hostile texts cost?

One thread, posts in many languages (ordinary ones from the cache of quality/corpus.py where there is one, else made up
of words in nine scripts). Every figure is the median of REPEATS; ours verify and tell places. Terms are made-up words.
Writes benchmarks/results/terms.md.
"""

import gc
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import ahocorasick
import decancer_py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from flashtext import KeywordProcessor
from glin_profanity import Filter, FilterConfig

from ringfence.terms.match import Hit, Matcher
from ringfence.terms.plain import plain
from ringfence.terms.term import Term

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "terms.md"
CACHE = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".cache" / "terms") / "posts.parquet"
SEED, REPEATS, POSTS, QUERIES = 20261124, 3, 150_000, 30_000
SIZES = (1_000, 10_000, 100_000)
MEASURE_LOAD = """
import sys, time
from pathlib import Path
from ringfence.terms.lexicon import Lexicon
Lexicon.from_terms(["firecrest"]).find("warm")
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
began = time.perf_counter()
Lexicon.load(sys.argv[1]).find("firecrest")
taken = time.perf_counter() - began
after = peak()
print(taken, before * 1024 / 1e6, after * 1024 / 1e6)
"""


def words(count: int) -> list[str]:
    """Made-up words of six to twelve letters, which ordinary text holds few of."""
    rng = random.Random(SEED)
    parts = [first + last for first in "bcdfghjklmnprstvwz" for last in "aeiou"]
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choices(parts, k=rng.randint(3, 5))) + rng.choice("nrstlk")] = None
    return list(made)


def ordinary() -> tuple[pa.Array, str]:
    rng = np.random.default_rng(SEED)
    if CACHE.exists():
        texts = pq.read_table(CACHE, columns=["text"])["text"].combine_chunks()
        return texts.take(pa.array(np.sort(rng.choice(len(texts), POSTS, replace=False)))), "posts of the quality cache"
    others = ((0x430, 0x450), (0x3B1, 0x3CA), (0x4E00, 0x5000), (0x3042, 0x3090), (0xAC00, 0xB000), (0x627, 0x64B),
              (0x905, 0x93A), (0xE01, 0xE2F))  # fmt: skip
    scripts = [range(0x61, 0x7B)] * 8 + [range(*script) for script in others]
    pools = [["".join(map(chr, rng.choice(script, rng.integers(2, 9)))) for _ in range(2000)] for script in scripts]
    return pa.array(
        " ".join(rng.choice(pools[n % len(pools)], 12)) for n in range(POSTS)
    ), "made-up posts in nine scripts"


def rate(texts: pa.Array, run: Callable[[], object]) -> float:
    """Megabytes of text a second."""
    size = sum(map(len, map(str.encode, texts.to_pylist()))) / 1e6
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return size / statistics.median(taken)


def _each(matcher: Matcher, candidates: Sequence[str]) -> list[list[Hit]]:
    return [matcher.find(candidate, "query") for candidate in candidates]


def all_hits(matcher: Matcher, texts: pa.Array) -> int:
    return sum(1 for _ in matcher.finds(texts))


def peers(texts: pa.Array, terms: list[str]) -> dict[str, float]:
    strings = texts.to_pylist()
    automaton = ahocorasick.Automaton()
    for term in terms:
        automaton.add_word(term, term)
    automaton.make_automaton()
    processor = KeywordProcessor()
    processor.add_keywords_from_list(terms)
    wanted = set(terms)
    few, fewer = strings[: len(strings) // 10], strings[:200]
    checker = Filter(FilterConfig(custom_words=terms[:1000], languages=[]))

    def casefolded() -> None:
        for text in strings:
            folded = plain(text)
            for end, term in automaton.iter(folded):
                start = end - len(term) + 1
                bool((start == 0 or not folded[start - 1].isalnum()) and not folded[end + 1 : end + 2].isalnum())

    def cured() -> None:
        for text in few:
            wanted.intersection(str(decancer_py.parse(text)).split())

    return {
        "pyahocorasick, casefolded": rate(texts, casefolded),
        "flashtext": rate(pa.array(few), lambda: [processor.extract_keywords(text) for text in few]),
        "decancer + words": rate(pa.array(few), cured),
        "glin-profanity (1,000 terms)": rate(
            pa.array(fewer), lambda: [checker.check_profanity(text) for text in fewer]
        ),
    }


def latencies(calls: Sequence[Callable[[], object]]) -> str:
    gc.disable()
    taken = []
    for call in calls:
        began = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - began) / 1000)
    gc.enable()
    return " | ".join(f"{value:.1f}" for value in np.percentile(taken, (50, 99, 99.9)))


def hostile(terms: list[str]) -> dict[str, pa.Array]:
    rng = random.Random(SEED)
    alike = str.maketrans("aeopcxyis", "аеорсхуіѕ")  # Cyrillic
    posts = ordinary()[0].slice(0, 20_000).to_pylist()
    heavy = [
        f"{text[:40]} {rng.choice(terms)} {text[40:]}" if place % 5 == 0 else text for place, text in enumerate(posts)
    ]
    return {
        "ordinary, a hit every 5 posts": pa.array(heavy),
        "nothing but separators": pa.array([".-_ *~/" * 14] * 20_000),
        "letters spelled out": pa.array([" ".join(rng.choices("abcdefghij", k=50)) for _ in range(20_000)]),
        "nothing but look-alikes": pa.array([rng.choice(terms).translate(alike) * 8 for _ in range(20_000)]),
        "digits and signs": pa.array(["".join(rng.choices("0134578@$!|+", k=90)) for _ in range(20_000)]),
        "entities and percent signs": pa.array(["k%69tti &amp; <b>w</b>ake " * 4] * 5_000),
        "one post of 1 MB": pa.array([" ".join(posts)[:1_000_000].translate(dict.fromkeys(map(ord, "%&<")))]),
        "one post of 1 MB, with entities and tags": pa.array([" ".join(posts)[:1_000_000]]),
        "one post of 1 MB, one letter": pa.array(["a" * 1_000_000]),
    }


def swap_pause(old: Matcher, terms: list[Term]) -> list[str]:
    """Queries that go on while another thread builds a matcher and puts it in the first one's place."""
    current = [old]
    taken: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            began = time.perf_counter_ns()
            current[0].find("an ordinary query", "query")
            taken.append((time.perf_counter_ns() - began) / 1000)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)
    quiet = len(taken)
    fresh = Matcher(terms)
    built = len(taken)
    current[0] = fresh
    time.sleep(0.5)
    done.set()
    asking.join()
    stages = {
        "before": taken[:quiet],
        "while 100,000 terms are built": taken[quiet:built],
        "from the swap on": taken[built:],
    }
    return [
        f"| {name} | {len(times):,} | {median:.1f} | {rare:.1f} | {max(times):.0f} |"
        for name, times in stages.items()
        for median, rare in [np.percentile(times, (50, 99.9))]
    ]


def load(terms: list[str]) -> str:
    """Time and memory of a new process that loads them."""
    file = RESULTS.with_suffix(".csv")
    file.write_text("term\n" + "\n".join(terms) + "\n", "utf-8")
    command = [sys.executable, "-c", MEASURE_LOAD, str(file)]
    try:
        told = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(REPEATS)]
    finally:
        file.unlink()
    columns = zip(*(map(float, line.split()) for line in told), strict=True)
    taken, before, after = (statistics.median(column) for column in columns)
    return (
        f"Load of 100,000 terms from CSV until the first answer: {taken:.2f} s; peak {after:.0f} MB, of which "
        f"{before:.0f} MB were there before (interpreter, Arrow, numba)."
    )


def vetted(terms: list[str]) -> list[Term]:
    return [Term(str(number), term) for number, term in enumerate(terms)]


def main() -> None:
    texts, source = ordinary()
    queries = [text[:30] for text in texts.to_pylist()[:QUERIES]]
    rates, asked = [], []
    for size in SIZES:
        terms = words(size)
        matcher = Matcher(vetted(terms))
        all_hits(matcher, texts.slice(0, 1000))
        found = {"ringfence": rate(texts, partial(all_hits, matcher, texts)), **peers(texts, terms)}
        rates.append(f"| {size:,} | " + " | ".join(f"{value:.1f}" for value in found.values()) + " |")
        calls = [partial(matcher.find, query, "query") for query in queries]
        asked.append(f"| query | {size:,} | {latencies(calls)} |")
    tens = [queries[at : at + 10] for at in range(0, len(queries) - 10, 10)]
    ten_calls = [partial(_each, matcher, ten) for ten in tens]
    asked.append(f"| ten candidates | {SIZES[-1]:,} | {latencies(ten_calls)} |")
    usual = rate(texts, lambda: all_hits(matcher, texts))
    hard = {name: rate(text, partial(all_hits, matcher, text)) for name, text in hostile(terms).items()}
    size_mb = sum(map(len, map(str.encode, texts.to_pylist()))) / 1e6
    page = [
        "# Terms: speed",
        "",
        f"{len(texts):,} {source}, {size_mb:.1f} MB, one thread, megabytes a second. Ours verifies and tells places.",
        "",
        f"| terms | {' | '.join(found)} |",
        "|---|" + "---|" * len(found),
        *rates,
        "",
        "| call | terms | p50 us | p99 us | p99.9 us |",
        "|---|---|---|---|---|",
        *asked,
        "",
        f"| text, {SIZES[-1]:,} terms | MB/s | times slower than ordinary ({usual:.1f}) |",
        "|---|---|---|",
        *(f"| {name} | {speed:.1f} | {usual / speed:.1f} |" for name, speed in hard.items()),
        "",
        "| queries in one process | calls | p50 us | p99.9 us | slowest us |",
        "|---|---|---|---|---|",
        *swap_pause(matcher, vetted(terms)),
        "",
        load(terms),
        "",
        _signed(),
        "",
    ]
    RESULTS.write_text("\n".join(page), "utf-8")
    print("\n".join(page))


def _signed() -> str:
    packages = ("numba", "decancer-py", "pyahocorasick", "flashtext", "glin-profanity")
    named = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, {named}, {REPEATS} "
        "repeats. Command: `python benchmarks/terms/speed.py`"
    )


if __name__ == "__main__":
    main()
