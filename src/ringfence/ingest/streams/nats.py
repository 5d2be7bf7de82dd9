"""How are events read from a NATS JetStream stream, in order, with no gap, whatever the server goes through?

A consumer is made at the position to read from, and made anew whenever its own count of deliveries has a gap: after a
lost connection, a server that came back, or when somebody removed it. So a message is never passed over.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from types import MappingProxyType
from typing import Any, TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StreamInfo
from nats.js.errors import NotFoundError

from ringfence.ingest.streams.nats_connection import connected, without_secrets, words
from ringfence.ingest.streams.nats_inbox import Delivery, Inbox
from ringfence.ingest.streams.stream import Message
from ringfence.model.faults import Fault

ANSWER_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # after an error, doubled from one to the other
IDLE_DAYS = 7  # after which the server itself removes a consumer that nobody reads from

_Answer = TypeVar("_Answer")
_ERRORS = (nats.errors.Error, OSError, TimeoutError)


class NatsStream:
    """See `stream.Stream`. Partition 0 holds everything; offsets are the stream's sequence numbers, from 1."""

    def __init__(
        self,
        url: str,
        stream: str,
        subject: str | None,
        consumer: str,
        position: int,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Read from a position on. `settings` are those of nats_connection.SETTINGS that the server asks for.

        Raises Fault when the server cannot be reached, or has no such stream, or one that is no log.
        """
        self.name = ""
        self.missed = 0
        self.trouble = ""
        self._stream, self._subject, self._consumer = stream, subject, consumer
        self._where = f"stream {stream} of {without_secrets(url)}"
        self._next = position
        self._delivered = 0  # by this consumer
        self._last: Delivery | None = None
        self._inbox: Inbox | None = None
        self._pause = FIRST_PAUSE
        self._rested = monotonic()
        self._client: Client | None = None
        self._loop = asyncio.new_event_loop()
        try:
            self._client = self._within(connected(url, consumer, settings, self._note))
            self._context = self._client.jetstream(timeout=ANSWER_SECONDS)
            self._within(self._open())
        except BaseException:
            self.close()
            raise

    def pull(self, most: int, wait: float) -> list[Message]:
        return self._within(self._pulled(most, wait))

    def caught_up(self) -> bool:
        return self._within(self._nothing_waits())

    def acknowledge(self, positions: Mapping[int, int]) -> None:
        last = self._last
        if last is not None and positions.get(0, 0) > last.sequence:
            self._last = None
            with suppress(*_ERRORS):  # the checkpoint counts; this is for the server's own lists
                self._within(last.message.ack())

    def close(self) -> None:
        if self._client is not None:
            with suppress(Exception):  # it is going away, and the checkpoint says how far it came
                self._within(asyncio.wait_for(self._client.close(), ANSWER_SECONDS))
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._within(asyncio.sleep(0))
        self._loop.close()

    def _within(self, act: Coroutine[Any, Any, _Answer]) -> _Answer:
        return self._loop.run_until_complete(act)

    def _note(self, told: str) -> None:
        self.trouble = told

    async def _open(self) -> None:
        try:
            info = await self._context.stream_info(self._stream)
            if info.config.retention not in (None, RetentionPolicy.LIMITS):
                what = f"keeps messages by {info.config.retention}, so that it is no log that can be read again"
                mend = "use a stream with retention limits, or one that mirrors this"
                raise Fault(what, where=self._where, mend=mend)
            self.name = _name(info)
            await self._begin()
        except NotFoundError as error:
            mend = "make the stream, or name one that is there"
            raise Fault("the server has no such stream", where=self._where, mend=mend) from error
        except (nats.errors.Error, TimeoutError, ValueError) as error:
            what = f"JetStream does not answer ({words(error)})"
            raise Fault(what, where=self._where, mend="enable JetStream, and check the rights of this user") from error

    def _refuse_another(self, info: StreamInfo) -> None:
        """Raise Fault when this is no longer the log that was read: then messages would be passed over as known."""
        mend = "restore it, or remove the checkpoint to read it anew"
        if _name(info) != self.name:
            raise Fault("the stream was deleted and made anew", where=self._where, mend=mend)
        if self._next > info.state.last_seq + 1:
            what = f"the stream ends at {info.state.last_seq}, and was read up to {self._next - 1}"
            raise Fault(what, where=self._where, mend=mend)

    async def _begin(self) -> None:
        """Make the consumer, from the next message on, and an inbox for what it delivers."""
        await self._end()
        info = await self._context.stream_info(self._stream)
        self._refuse_another(info)
        if 0 < self._next < info.state.first_seq:
            self._pass_over(info.state.first_seq)
        with suppress(NotFoundError):
            await self._context.delete_consumer(self._stream, self._consumer)
        config = ConsumerConfig(
            durable_name=self._consumer,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE if self._next else DeliverPolicy.ALL,
            opt_start_seq=self._next or None,
            ack_policy=AckPolicy.ALL,
            ack_wait=IDLE_DAYS * 86_400,  # nothing is delivered twice; this consumer is made anew instead
            max_ack_pending=-1,
            filter_subject=self._subject,
            inactive_threshold=IDLE_DAYS * 86_400,
        )
        await self._context.add_consumer(self._stream, config)
        if self._client is not None:
            self._inbox = Inbox(self._client, self._stream, self._consumer)

    async def _end(self) -> None:
        """Forget the consumer, and what it delivered that was not taken yet."""
        inbox, self._inbox, self._last = self._inbox, None, None
        self._delivered = 0
        if inbox is not None:
            await inbox.close()

    async def _pulled(self, most: int, wait: float) -> list[Message]:
        if (rest := self._rested - monotonic()) > 0:
            await asyncio.sleep(min(rest, wait))
            return []
        try:
            if self._inbox is None:
                await self._begin()
            deliveries = await self._inbox.take(most, wait) if self._inbox else []
            self.trouble = ""
        except _ERRORS as error:
            await self._end()
            self._rest(words(error))
            return []
        return await self._in_order(deliveries)

    async def _in_order(self, deliveries: Sequence[Delivery]) -> list[Message]:
        """The messages up to the first gap in what the consumer delivered; a gap is its end."""
        messages = []
        for one in deliveries:
            if one.delivered != self._delivered + 1 or one.sequence < self._next:
                await self._end()
                break
            self._delivered += 1
            if self._next and self._subject is None:
                self._pass_over(one.sequence)
            self._next = one.sequence + 1
            self._last = one
            messages.append(Message(0, one.sequence, one.stored, one.message.data))
        if messages:
            self._pause = FIRST_PAUSE
        return messages

    def _pass_over(self, sequence: int) -> None:
        """Go on from here; what lay between is no longer in the stream."""
        self.missed += sequence - self._next
        self._next = sequence

    def _rest(self, told: str) -> None:
        self.trouble = told
        self._rested = monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _nothing_waits(self) -> bool:
        try:
            info = await self._context.consumer_info(self._stream, self._consumer, timeout=ANSWER_SECONDS)
        except _ERRORS as error:
            self.trouble = words(error)
            return False
        delivered = info.delivered.consumer_seq if info.delivered else 0
        return info.num_pending == 0 and delivered == self._delivered and self._inbox is not None


def _name(info: StreamInfo) -> str:
    return f"nats:{info.config.name}:{info.created.isoformat() if info.created else ''}"
