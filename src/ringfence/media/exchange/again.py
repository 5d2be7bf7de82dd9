"""When is an exchange asked again, and after how long? Most of what fails is over in a minute."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from ringfence.media.exchange.asking import Answer, Dropped, Line
from ringfence.media.exchange.sent import Request
from ringfence.model.faults import Fault

PASSING = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
LATER = "what landed stays, and the next fetch goes on from there"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a question is put (`tries`), the first pause and the longest, in seconds.

    Pauses double, and each is a random share of what it may be, so that platforms that failed together do not come
    back together. An exchange that asks for a longer pause than `longest` is left alone until the next run.
    """

    tries: int = 5
    first: float = 1.0
    longest: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    share: Callable[[], float] = random.SystemRandom().random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def ask(line: Line, request: Request, media_types: Sequence[str], patience: Patience) -> Answer:
    """The first answer that is no passing trouble. Raises Fault when none came, or when it may not be read.

    The status may still be an error that asking again does not mend. Only for questions that may be put twice.
    """
    trouble = ""
    for turn in range(patience.tries):
        asked_pause = 0.0
        try:
            answer = line.ask(request, media_types)
        except Dropped as error:
            trouble = str(error)
        else:
            if answer.status not in PASSING:
                return answer
            trouble = f"it answers with status {answer.status}"
            asked_pause = _seconds(answer.retry_after, patience.now())
        if asked_pause > patience.longest:
            what = f"asks to be left alone for {asked_pause:,.0f} s (status {answer.status})"
            raise Fault(what, where=line.where, mend=f"fetch again after that; {LATER}")
        if turn + 1 < patience.tries:
            may = min(patience.first * 2**turn, patience.longest)
            patience.sleep(max(asked_pause, may * patience.share()))
    raise Fault(f"{trouble} ({patience.tries} tries)", where=line.where, mend=f"try again later; {LATER}")


def checked(answer: Answer, where: str) -> Answer:
    """The answer. Raises Fault for an error that asking again does not mend."""
    if answer.status in REFUSED:
        mend = "check the secret, and whether the exchange lets this machine's address in"
        raise Fault(f"refuses the secret (status {answer.status})", where=where, mend=mend)
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        mend = "it was not followed, as the secret would go there; check the address in exchanges.toml"
        raise Fault(f"sends elsewhere (status {answer.status})", where=where, mend=mend)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        mend = f"check the address and the settings in exchanges.toml; {LATER}"
        raise Fault(f"refuses the question (status {answer.status})", where=where, mend=mend)
    return answer


def _seconds(retry_after: str, now: datetime) -> float:
    """Of a Retry-After header, which is seconds or a date; 0 where it is neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:12])
    try:
        at = parsedate_to_datetime(retry_after)
        return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
