"""Which banks know a hash? By the paths and in the words of Hasher-Matcher-Actioner, and by /v1/match as a whole.

A look-up there asks for what acts: what a negative bank, a reviewer, a rollout or a pause keeps from acting is left
out, as its `enabled` does. `raw_lookup` has all that is near. The share of media on which a bank acts is settled by
the media's own hash and not by a coin, so `seed` changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ringfence.guard.service.media.curation import kind_of
from ringfence.guard.service.media.desk import MediaDesk
from ringfence.guard.service.media.hashing import hashed, spelled
from ringfence.media.hashes import RADIUS, parse
from ringfence.media.items import Signal
from ringfence.media.match import STOPS, Answer, Match, Reason
from ringfence.media.queries import Look, Query
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

PAIR = 2
ByBank = dict[str, list[dict[str, Any]]]


async def lookup(desk: MediaDesk, request: Request) -> Mapping[str, Any]:
    """GET /m/lookup, with a hash or an address; POST with a file. By bank; with a file by kind of hash and bank."""
    asked = request.query_params
    if request.method == "GET" and not asked.get("url"):
        if not asked.get("signal") or not asked.get("signal_type"):
            raise HTTPException(400, "Either url or both signal and signal_type are required")
        return await _by_bank(desk, request, asked["signal_type"], asked["signal"])
    hashes = spelled(await hashed(desk, request), asked.get("types"))
    found = {kind: await _by_bank(desk, request, kind, value) for kind, value in hashes.items()}
    return found.get(asked["signal_type"], {}) if asked.get("signal_type") else found


async def raw_lookup(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """GET /m/raw_lookup: every content that is near, whether its bank acts or not."""
    asked = request.query_params
    for name in ("signal", "signal_type"):
        if not asked.get(name):
            raise HTTPException(400, f"{name} is required")
    answer = await _answered(desk, asked["signal_type"], asked["signal"])
    near = sorted(_of_banks(answer.matches, request), key=lambda match: (match.distance, match.content))
    if asked.get("include_distance", "false").lower() in ("true", "1"):
        return {"matches": [_found(match) for match in near]}
    return {"matches": [match.content for match in near]}


async def compare(_: MediaDesk, request: Request) -> dict[str, Any]:
    """POST /m/compare: pairs of hashes by kind, whether they match and how far apart they are."""
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise HTTPException(400, "Request input was not a dict")
    return {name: _compared(name, pair) for name, pair in given.items()}


def _compared(name: str, pair: object) -> list[Any]:
    kind = kind_of(name)
    if not isinstance(pair, list) or len(pair) != PAIR:
        raise HTTPException(400, f"Comparison hashes for {kind} must be a list of exactly 2")
    one, other = (_value(kind, value) for value in pair)
    if kind is not HashKind.PDQ:
        return [one == other, {}]
    apart = sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))
    return [apart <= RADIUS, {"distance": apart}]


async def status(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """GET /m/index/status: `built_to` is the last change of the banks, behind which an index here never is."""
    sizes, change = await run_in_threadpool(desk.banks.hashes), await run_in_threadpool(desk.banks.last_change)
    limit = request.query_params.get("signal_type")
    kinds = [kind_of(limit)] if limit else list(sizes)
    return {kind.value: {"present": sizes[kind] > 0, "built_to": change, "size": sizes[kind]} for kind in kinds}


async def _by_bank(desk: MediaDesk, request: Request, kind: str, value: str) -> ByBank:
    answer = await _answered(desk, kind, value)
    bypass = request.query_params.get("bypass_coinflip", "false").lower() == "true"
    found: ByBank = {}
    for match in _of_banks(answer.matches, request):
        if match.remedy is not None or (bypass and _waits_for_rollout(match)):
            found.setdefault(match.bank, []).append(_found(match))
    return found


def _waits_for_rollout(match: Match) -> bool:
    """Whether nothing else than the rollout keeps it from acting."""
    waits = Reason.NOT_ROLLED_OUT in match.reasons and match.opinion is not Opinion.NEGATIVE
    return waits and not set(match.reasons) & (STOPS - {Reason.NOT_ROLLED_OUT})


def _of_banks(matches: Sequence[Match], request: Request) -> list[Match]:
    wanted = request.query_params.get("banks")
    names = set(wanted.split(",")) if wanted else None
    return [match for match in matches if names is None or match.bank in names]


def _found(match: Match) -> dict[str, Any]:
    return {"bank_content_id": match.content, "distance": str(match.distance)}


async def _answered(desk: MediaDesk, kind: str, value: str) -> Answer:
    known = kind_of(kind)
    parsed = _value(known, value)
    query = Query("", looks=(Look(parsed),)) if known is HashKind.PDQ else Query("", digests=(Signal(known, parsed),))
    return await run_in_threadpool(desk.matcher.match, query)


def _value(kind: HashKind, value: object) -> bytes:
    try:
        return parse(kind, str(value).strip(), kind)
    except Fault as fault:
        raise HTTPException(400, f"invalid signal: it {fault.what}; {fault.mend}") from fault
