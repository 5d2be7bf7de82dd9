"""How are messages pulled from a JetStream consumer, many at a time?

One request is open at a time. The server answers it with messages, and with a status when it has no more.
"""

import asyncio
from collections import deque
from contextlib import suppress
from time import monotonic

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

REQUEST_SECONDS = 1.0  # after which the server says that nothing more has come, and is asked again
OVERDUE_SECONDS = 2.0  # how much later than that its answer may come before it is given up
GATHER_SECONDS = 0.05  # what comes so soon after a first message is taken with it
NOTHING = frozenset({"404", "408"})  # the statuses for: nothing is there, nothing came


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A message as a consumer delivers it: its number in the stream, its number by this consumer, and its time."""

    sequence: int
    delivered: int
    stored: int  # microseconds
    message: Msg


class Inbox:
    """Where the deliveries of one consumer arrive. `refused` is the server's own word for why there are no more."""

    def __init__(self, client: Client, stream: str, consumer: str) -> None:
        self.refused = ""
        self._client = client
        self._place = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._connection = client.stats["reconnects"]
        self._subscription: Subscription | None = None
        self._arrived: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._open = 0  # messages of the request that have not come
        self._until = 0.0

    async def take(self, most: int, wait: float) -> list[Delivery]:
        """What has arrived, at most so many; waits so long for a first one.

        Raises nats.errors.Error when the server refuses, or owes an answer.
        """
        end = monotonic() + wait
        while len(self._arrived) < most and (left := end - monotonic()) > 0:
            await self._ask(most)
            some = bool(self._arrived)
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
            if not some and self._arrived:
                end = min(end, monotonic() + GATHER_SECONDS)
        if self.refused and not self._arrived:
            raise nats.errors.Error(self.refused)
        return [_delivery(self._arrived.popleft()) for _ in range(min(most, len(self._arrived)))]

    async def close(self) -> None:
        if self._subscription is not None:
            with suppress(Exception):  # it went with its connection
                await self._subscription.unsubscribe()

    async def _ask(self, most: int) -> None:
        now = monotonic()
        if not self._client.is_connected or self._client.stats["reconnects"] != self._connection:
            raise nats.errors.Error("the connection was lost")  # and with it what was on its way
        if self._open > 0 and now > self._until + OVERDUE_SECONDS:
            raise nats.errors.TimeoutError
        if self._open > 0 or self.refused:
            return
        if self._subscription is None:
            self._subscription = await self._client.subscribe(self._client.new_inbox(), cb=self._arrive)
        self._open, self._until = most, now + REQUEST_SECONDS
        request = msgspec.json.encode({"batch": most, "expires": int(REQUEST_SECONDS * 1e9)})
        await self._client.publish(self._place, request, reply=self._subscription.subject)

    async def _arrive(self, one: Msg) -> None:
        if one.reply:
            self._open -= 1
            self._arrived.append(one)
        else:
            headers = one.headers or {}
            self._open = 0
            if headers.get("Status") not in NOTHING:
                self.refused = headers.get("Description") or f"status {headers.get('Status')}"
        self._news.set()


_SHORT = 9  # parts of the place of a message, as servers without domains write it


def _delivery(one: Msg) -> Delivery:
    """Read where a message stands from the address for its acknowledgement (NATS ADR-15)."""
    parts = one.reply.split(".")
    sequence, delivered, stored = parts[5:8] if len(parts) == _SHORT else parts[7:10]
    return Delivery(int(sequence), int(delivered), int(stored) // 1000, one)
