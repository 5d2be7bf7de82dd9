"""How is a slate of accounts answered from JSON to JSON without an object for each candidate?

The answer is byte for byte the one that replies.py gives. Where that cannot be promised there is none, and the ordinary
way is taken. Decoding and encoding 500 ids costs more than judging them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from ringfence.guard import answers
from ringfence.guard.answers import Outcome, Versions
from ringfence.guard.decide import Guard
from ringfence.guard.judge import Rests
from ringfence.guard.service.replies import Judged, Tally
from ringfence.guard.service.requests import LONGEST_ID, MOST_CANDIDATES, Looking, viewer_of
from ringfence.guard.snapshots.tokens import NOT_PLAIN
from ringfence.model.words import Surface


class _Suggest(msgspec.Struct, forbid_unknown_fields=True):
    candidates: None  # they were taken out
    viewer: Looking = None


class _Recommend(msgspec.Struct, forbid_unknown_fields=True):
    candidates: None  # they were taken out
    viewer: Looking = None
    surface: Surface = Surface.RECOMMENDATION


class Answered(NamedTuple):
    """An answer as it is sent, with what is counted of it: judged candidates, each once, by verdict and reason."""

    payload: bytes
    surface: Surface
    subjects: int
    tally: Tally
    degraded: str
    versions: Versions


Asked = TypeVar("Asked", _Suggest, _Recommend)
_NAME = b'"candidates":'
_SUGGEST = msgspec.json.Decoder(_Suggest)
_RECOMMEND = msgspec.json.Decoder(_Recommend)
_ENCODE = msgspec.json.Encoder().encode
_NAMES = {surface: _ENCODE(surface) for surface in Surface}


def suggest(guard: Guard, body: bytes) -> Answered | None:
    """The answer to a request for suggestions, or None where it must be read in the ordinary way."""
    read = _read(body, _SUGGEST)
    return _answered(guard, Surface.SUGGESTION, read[0], read[1].viewer) if read else None


def recommend(guard: Guard, body: bytes) -> Answered | None:
    """The same for recommendations whose candidates are the accounts themselves."""
    read = _read(body, _RECOMMEND)
    return _answered(guard, read[1].surface, read[0], read[1].viewer) if read else None


def _read(body: bytes, decoder: msgspec.json.Decoder[Asked]) -> tuple[bytes, Asked] | None:
    """The candidates as they are written, and the request read with null in their place.

    They are taken to end at the first bracket. If that is part of an id, they are not plain; if it ends something else,
    what is left is no such request.
    """
    named = body.find(_NAME)
    start = named + len(_NAME)
    start += body[start : start + 1] == b" "
    end = body.find(b"]", start) + 1
    rest = b"%bnull%b" % (body[:start], body[end:])
    # A second list of candidates would count in place of the first, also by a name with escapes in it.
    if named < 0 or not end or body[start : start + 1] != b"[" or rest.count(_NAME) > 1 or b"\\" in rest:
        return None
    try:
        return body[start:end], decoder.decode(rest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _answered(guard: Guard, surface: Surface, candidates: bytes, looking: Looking) -> Answered | None:
    viewer = answers.viewer_of(viewer_of(looking))
    ready = guard.ready(surface, viewer)
    if ready is None:
        return None
    rests = ready.judge.rests(viewer, _rest)
    data = np.frombuffer(candidates, np.uint8)
    kind, count, hidden, shown, told, met = guard.known.judge_slate(
        data, MOST_CANDIDATES, LONGEST_ID, ready.rules, ready.verdicts, rests.written, rests.ends
    )
    if kind == NOT_PLAIN:
        return None
    payload = b'{"surface":%b,"kept":%b,"judged":[%b],"backfill":%d,%b' % (
        _NAMES[surface], shown.tobytes(), told.tobytes(), hidden, _tail(ready.degraded, ready.versions),
    )  # fmt: skip
    return Answered(payload, surface, count, _tally(met.tolist(), rests), ready.degraded, ready.versions)


def _tally(met: Sequence[int], rests: Rests) -> Tally:
    """How many different subjects met a rule, by what is counted of it."""
    tally: Tally = {}
    for outcome, many in zip(rests.outcomes, met, strict=True):
        if many:
            key = outcome.verdict, outcome.reason
            tally[key] = tally.get(key, 0) + many
    return tally


def _rest(outcome: Outcome) -> bytes:
    """What follows the subject, which is the same for every candidate that met the rule."""
    told = _ENCODE(Judged(0, outcome.verdict, outcome.reason, outcome.message, outcome.help))
    return told[len(b'{"subject":0') :]


@lru_cache(maxsize=64)
def _tail(degraded: str, versions: Versions) -> bytes:
    return b'"degraded":%b,"policy_version":%b,"snapshot_version":%b,"lexicon_version":%b}' % (
        _ENCODE(degraded), _ENCODE(versions.policy), _ENCODE(versions.snapshot), _ENCODE(versions.lexicon),
    )  # fmt: skip
