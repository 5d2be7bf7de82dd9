"""What is a server asked? Thousands of different requests of each kind, so that no cache makes it look fast."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from benchmarks.guard.served import platforms
from benchmarks.guard.served.load import post
from numpy.typing import NDArray

from ringfence.guard.service import wire
from ringfence.model.words import Surface

SLATE, COMPLETIONS = 500, 10
VARIETY = 2_000  # different requests of a kind
SEED = 7
VIEWERS = 1_000_000
NUMBERS, STRINGS, BYTES = "500 whole numbers", "500 strings", "500 whole numbers in bytes"
_json = msgspec.json.encode
Slates = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request: how many subjects each has, and what a good answer holds."""

    name: str
    platform: str
    requests: list[bytes]
    subjects: int
    expected: bytes = b'"degraded":""'


def slates() -> Slates:
    """Candidates drawn from all accounts: 2.5% of them are flagged."""
    return np.random.default_rng(SEED).integers(0, platforms.ALL, (VARIETY, SLATE))


def of_numbers(name: str, chosen: Slates) -> Kind:
    bodies = ({"viewer": str(viewer), "candidates": row} for viewer, row in _viewed(chosen))
    return Kind(name, platforms.NUMBERS, [post("/v1/suggest", _json(body)) for body in bodies], SLATE)


def of_strings(name: str, chosen: Slates) -> Kind:
    bodies = (
        {"viewer": platforms.name(viewer), "candidates": [platforms.name(number) for number in row]}
        for viewer, row in _viewed(chosen)
    )
    return Kind(name, platforms.STRINGS, [post("/v1/suggest", _json(body)) for body in bodies], SLATE)


def of_bytes(name: str, chosen: Slates) -> Kind:
    def body(viewer: int, row: list[int]) -> bytes:
        return wire.encode_request(wire.SlateRequest(Surface.SUGGESTION, np.array(row, np.uint32), viewer))

    requests = [post("/v1/slate", body(*each), "application/octet-stream") for each in _viewed(chosen)]
    return Kind(name, platforms.NUMBERS, requests, SLATE, wire.ANSWER_MAGIC + b"\0")


def searches(terms: Sequence[str]) -> Kind:
    """Queries of two to four words; one in a hundred holds a term."""
    rng = np.random.default_rng(SEED)
    ordinary = _ordinary(rng)

    def query() -> str:
        said = rng.choice(ordinary, rng.integers(2, 5)).tolist()
        return " ".join([*said, str(rng.choice(terms))] if rng.random() < 0.01 else said)

    return Kind("search", platforms.NUMBERS, _posts("/v1/search", ({"query": query()} for _ in range(VARIETY))), 1)


def completions(terms: Sequence[str]) -> Kind:
    """Ten completions of a prefix of three letters; one in a hundred is a term."""
    rng = np.random.default_rng(SEED + 1)
    ordinary = _ordinary(rng)

    def candidate(prefix: str) -> str:
        return str(rng.choice(terms)) if rng.random() < 0.01 else f"{prefix}{rng.choice(ordinary)}"

    def body() -> dict[str, object]:
        prefix = str(rng.choice(ordinary))[:3]
        return {"prefix": prefix, "candidates": [candidate(prefix) for _ in range(COMPLETIONS)]}

    name = f"autocomplete of {COMPLETIONS}"
    requests = _posts("/v1/autocomplete", (body() for _ in range(VARIETY)))
    return Kind(name, platforms.NUMBERS, requests, COMPLETIONS)


def _viewed(chosen: Slates) -> Iterable[tuple[int, list[int]]]:
    viewers = np.random.default_rng(SEED + 2).integers(0, VIEWERS, len(chosen))
    return zip(viewers.tolist(), chosen.tolist(), strict=True)


def _posts(path: str, bodies: Iterable[object]) -> list[bytes]:
    return [post(path, _json(body)) for body in bodies]


def _ordinary(rng: np.random.Generator) -> NDArray[np.str_]:
    letters = list("abcdefghijklmnopqrstuvwxyz")
    return np.array(["".join(rng.choice(letters, rng.integers(3, 10))) for _ in range(5_000)])


def kinds() -> dict[str, Callable[[], Kind]]:
    """All kinds that are measured, made one at a time: each is some megabytes."""
    terms = platforms.words()
    return {
        NUMBERS: lambda: of_numbers(NUMBERS, slates()),
        STRINGS: lambda: of_strings(STRINGS, slates()),
        BYTES: lambda: of_bytes(BYTES, slates()),
        "search": lambda: searches(terms),
        "completions": lambda: completions(terms),
    }
