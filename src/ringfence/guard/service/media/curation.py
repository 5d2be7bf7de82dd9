"""How are banks kept over HTTP? By the paths and in the words of Hasher-Matcher-Actioner.

A bank's `matching_enabled_ratio` is our rollout, and a content's id our number of it. What it leaves open is as for any
bank: radius, quality and action at their defaults, its source the platform itself.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ringfence.guard.service.media.desk import MediaDesk
from ringfence.guard.service.media.hashing import hashed, spelled
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.contents import Content
from ringfence.media.hashes import parse
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
LONGEST_DISABLED = timedelta(days=5 * 365)
ENABLED, DISABLED = 1, 0  # a content's `disable_until_ts` that is no time
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
METADATA = frozenset({"content_id", "content_uri", "json"})


def bank_of(bank: Bank) -> dict[str, Any]:
    return {"name": bank.name, "matching_enabled_ratio": bank.rollout}


async def banks(desk: MediaDesk, _: Request) -> list[dict[str, Any]]:
    """GET /c/banks"""
    every = await run_in_threadpool(desk.banks.every)
    return [bank_of(bank) for bank in every.values()]


async def add(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """POST /c/banks"""
    given = await _object(request)
    bank = Bank(_name(given.get("name")), rollout=_ratio(given, 1.0))
    if bank.name in await run_in_threadpool(desk.banks.every):
        raise HTTPException(403, "Bank already exists")
    await run_in_threadpool(desk.banks.add, bank)
    return bank_of(bank)


async def show(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """GET /c/bank/{bank}"""
    return bank_of(await _bank(desk, request))


async def change(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """PUT /c/bank/{bank}"""
    bank = await _bank(desk, request)
    given = await _object(request)
    name = _name(given["name"]) if given.get("name") is not None else bank.name
    changed = replace(bank, name=name, rollout=_ratio(given, bank.rollout))
    if name != bank.name and name in await run_in_threadpool(desk.banks.every):
        raise HTTPException(403, "Bank name already exists")
    await run_in_threadpool(desk.banks.change, bank.name, changed)
    return bank_of(changed)


async def remove(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """DELETE /c/bank/{bank}: one that is not there is gone already."""
    name = request.path_params["bank"]
    if name in await run_in_threadpool(desk.banks.every):
        await run_in_threadpool(desk.banks.remove, name)
    return {"message": "Done"}


async def add_content(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """POST /c/bank/{bank}/content, with a file or with an address"""
    bank = await _bank(desk, request)
    source_id = await _metadata(request)
    found = await hashed(desk, request)
    return await _put(desk, bank.name, spelled(found), source_id, found.quality)


async def add_signals(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """POST /c/bank/{bank}/signal, with hashes by their kinds"""
    bank = await _bank(desk, request)
    given = await _object(request)
    if not given:
        raise HTTPException(400, "No signals given")
    return await _put(desk, bank.name, given, "", None)


async def content(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """GET /c/bank/{bank}/content/{content}"""
    bank = await _bank(desk, request)
    found = await _content(desk, request)
    told = {**_told(found), "bank": bank_of(bank)}
    if _wanted(request, "include_signals"):
        signals = await run_in_threadpool(desk.banks.signals, found.content)
        told["signals"] = {one.kind.value: one.value.hex() for one in signals}
    return told


async def change_content(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """PUT /c/bank/{bank}/content/{content}: enabled at once, or disabled until a time"""
    bank = await _bank(desk, request)
    found = await _content(desk, request)
    given = await _object(request)
    if "disable_until_ts" in given:
        until = _until(given["disable_until_ts"])
        await run_in_threadpool(desk.banks.disable, found.content, until)
        found = replace(found, disabled_until=until)
    return {**_told(found), "bank": bank_of(bank)}


async def remove_content(desk: MediaDesk, request: Request) -> dict[str, Any]:
    """DELETE /c/bank/{bank}/content/{content}"""
    await _bank(desk, request)
    try:
        found = await _content(desk, request)
    except HTTPException:
        return {"deleted": 0}
    await run_in_threadpool(desk.banks.withdraw, found.content)
    return {"deleted": 1}


async def _put(
    desk: MediaDesk, bank: str, given: Mapping[str, Any], source_id: str, quality: int | None
) -> dict[str, Any]:
    signals = tuple(_signal(kind, value, quality) for kind, value in given.items())
    number = await run_in_threadpool(desk.banks.put, bank, Item(source_id, signals))
    return {"id": number, "signals": {signal.kind.value: signal.value.hex() for signal in signals}}


def _signal(kind: str, value: object, quality: int | None) -> Signal:
    known = kind_of(kind)
    if not isinstance(value, str):
        raise HTTPException(400, f"Invalid {known} signal: it is no text")
    try:
        return Signal(known, parse(known, value.strip(), known), quality if known is HashKind.PDQ else None)
    except Fault as fault:
        raise HTTPException(400, f"Invalid {known} signal: it {fault.what}; {fault.mend}") from fault


def kind_of(name: str) -> HashKind:
    """A kind of hash by its name there, where MD5 is that of videos. Raises HTTPException for another."""
    plain = name.removeprefix("video_")
    if plain not in set(HashKind):
        raise HTTPException(400, "No such SignalType: use one of " + ", ".join(HashKind))
    return HashKind(plain)


async def _object(request: Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return given


def _name(name: object) -> str:
    if name is None:
        raise HTTPException(400, "name is required")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise HTTPException(400, "Bank names must be in CAPS_AND_UNDERSCORE, no digit first")
    return name


def _ratio(given: Mapping[str, Any], before: float) -> float:
    """The share of media on which a bank acts, as one or the other field says."""
    if (ratio := given.get("enabled_ratio")) is not None:
        try:
            return float(ratio)
        except (TypeError, ValueError):
            raise HTTPException(400, "Invalid float: enabled_ratio is a share from 0 to 1") from None
    if (enabled := given.get("enabled")) is not None:
        return 1.0 if enabled in (True, "true", "True", "1") else 0.0
    return before


async def _bank(desk: MediaDesk, request: Request) -> Bank:
    every = await run_in_threadpool(desk.banks.every)
    if (found := every.get(request.path_params["bank"])) is None:
        raise HTTPException(404, "bank not found")
    return found


async def _content(desk: MediaDesk, request: Request) -> Content:
    """The content that a path names, in the bank that it names: an id of another bank's is none of its."""
    try:
        found = await run_in_threadpool(desk.banks.content, request.path_params["content"])
    except (Fault, OverflowError):
        found = None
    if found is None or found.gone or found.bank != request.path_params["bank"]:
        raise HTTPException(404, "content not found")
    return found


def _told(found: Content) -> dict[str, Any]:
    return {
        "id": found.content,
        "disable_until_ts": _seconds(found.disabled_until),
        "collab_metadata": {found.bank: [found.source_id]},
        "original_media_uri": None,
    }


def _seconds(until: datetime | None) -> int:
    if until is None:
        return ENABLED
    return DISABLED if until >= FOR_EVER else int(until.timestamp())


def _until(given: object) -> datetime | None:
    """Until when a content is disabled; None is not at all."""
    try:
        seconds = int(str(given))
    except ValueError:
        raise HTTPException(400, "Invalid int: disable_until_ts is seconds since 1970") from None
    if seconds < 0:
        raise HTTPException(400, "disable_until_ts must be a non-negative integer")
    if seconds in (ENABLED, DISABLED):
        return None if seconds == ENABLED else FOR_EVER
    if seconds > (datetime.now(UTC) + LONGEST_DISABLED).timestamp():
        raise HTTPException(400, "disable_until_ts must be less than 5 years in the future")
    return datetime.fromtimestamp(seconds, UTC)


async def _metadata(request: Request) -> str:
    """The platform's own id of what it adds, where its JSON says one."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        return ""
    metadata = (await _object(request)).get("metadata", {})
    if not isinstance(metadata, dict) or not set(metadata) <= METADATA:
        raise HTTPException(400, f"metadata is an object with no other keys than {', '.join(sorted(METADATA))}")
    return str(metadata.get("content_id", ""))


def _wanted(request: Request, name: str) -> bool:
    return request.query_params.get(name, "false").lower() in ("true", "1")
