import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.service.admission import Admission, Receive, deadline
from ringfence.guard.service.refusals import CUT_OFF, INVALID, OVERLOADED, TOO_LARGE, TOO_SLOW, Kind, Refusal

NEVER = 3600.0


def admission(*, limit: int = 100, timeout_ms: int = 5_000, most: int = 3) -> Admission:
    return Admission(body_limit=limit, body_timeout_ms=timeout_ms, max_in_flight=most)


def sender(*parts: bytes, last: bool = True, pause: float = 0.0) -> Receive:
    """A client that sends these parts, and then either is done or says nothing more."""

    async def messages() -> AsyncIterator[dict[str, Any]]:
        for place, part in enumerate(parts):
            await asyncio.sleep(pause)
            yield {"type": "http.request", "body": part, "more_body": not last or place < len(parts) - 1}
        await asyncio.sleep(NEVER)

    made = messages()
    return made.__anext__


def gone() -> Receive:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    return receive


async def outcome(reading: Coroutine[Any, Any, bytes]) -> bytes | Kind:
    try:
        return await reading
    except Refusal as refusal:
        return refusal.kind


def run(made: Admission, receive: Receive) -> bytes | Kind:
    return asyncio.run(outcome(made.body(receive)))


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_a_body_is_read_whole_or_refused_for_its_size(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    assert run(admission(), sender(*parts)) == (whole if len(whole) <= 100 else TOO_LARGE)


def test_the_limit_itself_is_taken() -> None:
    assert run(admission(), sender(b"x" * 100)) == b"x" * 100
    assert run(admission(), sender(b"x" * 101)) is TOO_LARGE


def test_a_client_that_leaves_has_cut_its_body_off() -> None:
    assert run(admission(), gone()) is CUT_OFF


def test_a_body_that_never_ends_is_refused_as_soon_as_it_is_too_large() -> None:
    assert run(admission(), sender(*[b"x" * 60] * 3, last=False)) is TOO_LARGE


def test_a_client_that_stops_is_refused_in_time_and_forgotten() -> None:
    made = admission(timeout_ms=20)
    assert run(made, sender(b"x", last=False)) is TOO_SLOW
    assert made.in_flight == 0


def test_a_byte_now_and_then_does_not_prolong_the_time() -> None:
    assert run(admission(timeout_ms=60), sender(*[b"x"] * 50, pause=0.01)) is TOO_SLOW


def test_one_more_than_allowed_is_told_so_at_once_and_the_others_go_on() -> None:
    async def several() -> list[bytes | Kind]:
        made = admission(most=3)
        reading = [asyncio.create_task(outcome(made.body(sender(b"a", b"b", pause=0.05)))) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert made.in_flight == 3
        one_more = await outcome(made.body(sender(b"c")))
        done = [one_more, *await asyncio.gather(*reading)]
        assert made.in_flight == 0
        return [*done, await outcome(made.body(sender(b"d")))]

    assert asyncio.run(several()) == [OVERLOADED, b"ab", b"ab", b"ab", b"d"]


def test_being_cancelled_by_somebody_else_is_no_slowness() -> None:
    async def cancelled() -> int:
        made = admission()
        reading = asyncio.create_task(made.body(sender(b"x", last=False)))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return made.in_flight

    assert asyncio.run(cancelled()) == 0


def test_the_sweep_finds_later_ones_too() -> None:
    async def twice() -> list[bytes | Kind]:
        made = admission(timeout_ms=20)
        first = await outcome(made.body(sender(b"x", last=False)))
        await asyncio.sleep(0.05)
        return [first, await outcome(made.body(sender(b"x", last=False)))]

    assert asyncio.run(twice()) == [TOO_SLOW, TOO_SLOW]


def test_what_is_spilt_is_bounded() -> None:
    async def spill() -> int:
        taken = 0

        async def receive() -> dict[str, Any]:
            nonlocal taken
            taken += 50
            return {"type": "http.request", "body": b"x" * 50, "more_body": True}

        await admission(limit=100).spill(receive)
        return taken

    assert asyncio.run(spill()) <= 200


def test_spilling_ends_in_time() -> None:
    asyncio.run(admission(timeout_ms=20).spill(sender(b"x", last=False)))


def skews() -> tuple[list[int], Callable[[], object]]:
    seen: list[int] = []
    return seen, lambda: seen.append(1)


def until(start: bytes | None = None, wanted: bytes | None = None) -> tuple[float, int]:
    """Milliseconds left from now, and how often a clock was not believed."""
    seen, skewed = skews()
    headers = {b"x-request-start": start, b"x-ringfence-deadline-ms": wanted}
    end = deadline({name: value for name, value in headers.items() if value is not None}, 50, 1000.0, skewed)
    return round((end - 1000.0) * 1000, 3), len(seen)


def test_without_headers_the_default_holds() -> None:
    assert until() == (50, 0)


@pytest.mark.parametrize("wanted", [1, 50, 999, 60_000])
def test_a_request_may_say_how_long_it_has(wanted: int) -> None:
    assert until(wanted=str(wanted).encode()) == (wanted, 0)


@pytest.mark.parametrize(
    "wanted", [b"0", b"-1", b"60001", b"99999", b"100000", b"1.5", b"", b"x", b" 5", b"\xef\xbc\x95"]
)
def test_a_deadline_that_is_none_is_refused(wanted: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        until(wanted=wanted)
    assert caught.value.kind is INVALID


def test_the_time_that_a_proxy_says_it_waited_counts() -> None:
    left, skewed = until(f"t={time.time() - 0.03:.3f}".encode())
    assert skewed == 0
    assert 0 < left <= 21
    assert until(f"t={time.time() - 30:.3f}".encode())[0] < 0


@pytest.mark.parametrize("ahead", [5, 3600, -61, -1e6])
def test_a_start_that_cannot_be_is_passed_over_and_counted(ahead: float) -> None:
    assert until(f"t={time.time() + ahead:.3f}".encode()) == (50, 1)


@pytest.mark.parametrize("start", [b"", b"t=", b"t=x", b"1700000000", b"t=1e9", b"t=-5", b"t=nan", b"t=1700000000.1.2"])
def test_a_start_that_is_no_time_is_passed_over_and_counted(start: bytes) -> None:
    assert until(start) == (50, 1)


@given(st.binary(max_size=30))
def test_no_start_breaks_it_or_gives_more_time(start: bytes) -> None:
    left, _ = until(start)
    assert left <= 50 + 1e-6
