"""What is a server asked? Thousands of different requests of each kind, so that no cache makes it look fast."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from benchmarks.guard.served import platforms
from benchmarks.guard.served.load import post
from numpy.typing import NDArray

from ringfence.guard import wire
from ringfence.model.words import Surface

SLATE, COMPLETIONS = 500, 10
VARIETY = 4_000  # different requests of a kind
SEED = 7
VIEWERS = 1_000_000
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


def slates(known: NDArray[np.int64], share: float | None = None) -> Slates:
    """Candidates drawn from all accounts, or with a share of flagged ones."""
    rng = np.random.default_rng(SEED)
    drawn: Slates = rng.integers(0, platforms.ALL, (VARIETY, SLATE))
    if share is not None:
        drawn = np.where(rng.random(drawn.shape) < share, rng.choice(known, drawn.shape), drawn)
    return drawn


def of_numbers(name: str, chosen: Slates, path: str = "/v1/suggest") -> Kind:
    bodies = ({"viewer": str(viewer), "candidates": row} for viewer, row in _viewed(chosen))
    return Kind(name, platforms.NUMBERS, [post(path, _json(body)) for body in bodies], SLATE)


def of_strings(name: str, chosen: Slates, path: str = "/v1/suggest") -> Kind:
    bodies = (
        {"viewer": platforms.name(viewer), "candidates": [platforms.name(number) for number in row]}
        for viewer, row in _viewed(chosen)
    )
    return Kind(name, platforms.STRINGS, [post(path, _json(body)) for body in bodies], SLATE)


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


def kinds() -> list[Callable[[], Kind]]:
    """All kinds that are measured, made one at a time: each is some megabytes."""
    known, terms = platforms.flagged(), platforms.words()
    return [
        lambda: of_numbers("500 numbers", slates(known)),
        lambda: of_numbers("500 numbers, 10% flagged", slates(known, 0.1)),
        lambda: of_bytes("500 numbers in bytes", slates(known)),
        lambda: of_strings("500 strings", slates(known)),
        lambda: of_strings("500 strings, 10% flagged", slates(known, 0.1)),
        lambda: searches(terms),
        lambda: completions(terms),
    ]
