"""How is a slate of accounts answered from JSON to JSON without an object for each candidate?

The answer is byte for byte the one that replies.py gives; where that cannot be promised, there is none, and the ordinary
way is taken. Decoding and encoding 500 ids costs more than judging them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringfence.guard.answers import Outcome, Versions
from ringfence.guard.decide import Guard
from ringfence.guard.replies import Judged
from ringfence.guard.requests import LONGEST_ID, MOST_CANDIDATES, Looking, viewer_of
from ringfence.guard.tokens import NOT_PLAIN, NUMBERS, TEXTS, kept, tokens
from ringfence.model.words import Surface, Verdict


class _Suggest(msgspec.Struct, forbid_unknown_fields=True):
    candidates: msgspec.Raw
    viewer: Looking = None


class _Recommend(msgspec.Struct, forbid_unknown_fields=True):
    candidates: msgspec.Raw
    viewer: Looking = None
    surface: Surface = Surface.RECOMMENDATION


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it is sent, with what is counted of it: judged candidates, each once, by verdict and reason."""

    payload: bytes
    surface: Surface
    count: int
    tally: Mapping[tuple[Verdict, str], int]
    degraded: str
    versions: Versions


_SUGGEST = msgspec.json.Decoder(_Suggest)
_RECOMMEND = msgspec.json.Decoder(_Recommend)
_ENCODE = msgspec.json.Encoder().encode


def suggest(guard: Guard, body: bytes) -> Answered | None:
    """The answer to a request for suggestions, or None where it must be read in the ordinary way."""
    try:
        asked = _SUGGEST.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _answered(guard, Surface.SUGGESTION, asked.candidates, asked.viewer)


def recommend(guard: Guard, body: bytes) -> Answered | None:
    """The same for recommendations whose candidates are the accounts themselves."""
    try:
        asked = _RECOMMEND.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _answered(guard, asked.surface, asked.candidates, asked.viewer)


def _answered(guard: Guard, surface: Surface, candidates: msgspec.Raw, looking: Looking) -> Answered | None:
    data = np.frombuffer(memoryview(candidates), np.uint8)
    kind, starts, ends, values = tokens(data, MOST_CANDIDATES, LONGEST_ID)
    if kind == NOT_PLAIN:
        return None
    if kind == NUMBERS:
        profiles = guard.known.profiles_of_numbers(values)
    else:
        profiles = guard.known.profiles_of_spans(data, starts, ends)
    judged = guard.judged(surface, viewer_of(looking), profiles)
    if judged is None:
        return None
    quotes = 1 if kind == TEXTS else 0
    shown = kept(data, starts, ends, quotes, judged.codes).tobytes()
    told, tally = _told(data, starts, ends, quotes, judged.met)
    hidden = int(np.count_nonzero(judged.codes >= _HIDDEN))
    payload = b'{"surface":%b,"kept":%b,"judged":[%b],"backfill":%d,%b' % (
        _ENCODE(surface), shown, b",".join(told), hidden, _tail(judged.degraded, judged.versions),
    )  # fmt: skip
    return Answered(payload, surface, len(starts), tally, judged.degraded, judged.versions)


_HIDDEN = 3


def _told(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    quotes: int,
    met: Mapping[int, Outcome],
) -> tuple[list[bytes], dict[tuple[Verdict, str], int]]:
    """What is said of each candidate that met a rule, each once, and how many of each there are."""
    raw = data.tobytes()
    rests: dict[int, bytes] = {}
    said: dict[bytes, int] = {}
    for place, outcome in met.items():
        kind = id(outcome)
        if kind not in rests:
            rests[kind] = _rest(outcome)
        said.setdefault(raw[starts[place] - quotes : ends[place] + quotes], kind)
    counts = Counter(said.values())
    tally: dict[tuple[Verdict, str], int] = {}
    for outcome in {id(outcome): outcome for outcome in met.values()}.values():
        key = (outcome.verdict, outcome.reason)
        tally[key] = tally.get(key, 0) + counts[id(outcome)]
    return [b'{"subject":' + subject + rests[kind] for subject, kind in said.items()], tally


@lru_cache(maxsize=1024)
def _rest(outcome: Outcome) -> bytes:
    """What follows the subject, which is the same for every candidate that met the rule."""
    told = _ENCODE(Judged(0, outcome.verdict, outcome.reason, outcome.message, outcome.help))
    return told[len(b'{"subject":0') :]


@lru_cache(maxsize=64)
def _tail(degraded: str, versions: Versions) -> bytes:
    return b'"degraded":%b,"policy_version":%b,"snapshot_version":%b,"lexicon_version":%b}' % (
        _ENCODE(degraded), _ENCODE(versions.policy), _ENCODE(versions.snapshot), _ENCODE(versions.lexicon),
    )  # fmt: skip
