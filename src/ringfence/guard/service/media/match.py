"""What is known of media, in one answer? POST /v1/match, with one object or a line of JSON each for many.

What comes in is what `ringfence media hash` writes; what goes out has each match with its bank, source, labels,
distance, transform and quality, and the most serious remedy that holds. Media themselves are never sent here.
"""

from collections.abc import Sequence

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ringfence.guard.service.media.desk import MediaDesk
from ringfence.guard.service.refusals import INVALID, MALFORMED, MEDIA_UNAVAILABLE, TOO_LARGE, Refusal
from ringfence.guard.service.requests import HEADERS
from ringfence.media.match import Answer
from ringfence.media.queries import Query, read
from ringfence.model.faults import Fault

LINES = "application/x-ndjson"
MOST_QUERIES = 10_000


async def match(desk: MediaDesk, request: Request) -> Response:
    """The answer to a query, or one a line to many, in their order."""
    body = await request.body()
    many = request.headers.get("content-type", "").lower().startswith(LINES)
    queries = _queries(body.splitlines() if many else [body])
    answers = await run_in_threadpool(_answers, desk, queries)
    encoded = [msgspec.json.encode(answer) for answer in answers]
    if many:
        return Response(b"".join(line + b"\n" for line in encoded), headers=HEADERS, media_type=LINES)
    return Response(encoded[0], headers=HEADERS, media_type="application/json")


def _answers(desk: MediaDesk, queries: Sequence[Query]) -> Sequence[Answer]:
    try:
        return desk.matcher.match_all(queries)
    except Fault as fault:
        raise Refusal(MEDIA_UNAVAILABLE, f"{fault.where}: {fault.what}", fault.mend) from fault


def _queries(lines: list[bytes]) -> list[Query]:
    given = [line for line in lines if line.strip()]
    if not given:
        raise Refusal(MALFORMED, "there is no query", "send one JSON object, or a line of JSON each")
    if len(given) > MOST_QUERIES:
        raise Refusal(TOO_LARGE, f"there are more than {MOST_QUERIES:,} queries", "send fewer at a time")
    return [_query(line, number) for number, line in enumerate(given, 1)]


def _query(line: bytes, number: int) -> Query:
    try:
        return read(line, f"query {number}")
    except Fault as fault:
        raise Refusal(INVALID, f"query {number} {fault.what}", fault.mend) from fault
