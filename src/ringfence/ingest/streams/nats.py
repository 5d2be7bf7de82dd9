"""How are events read from a NATS JetStream stream, in order, with no gap, whatever the server goes through?

A consumer is made at the position to read from, and made anew whenever its own count of deliveries has a gap: after a
lost connection, a server that came back, or when somebody removed it. So a message is never passed over.
"""

import asyncio
import ssl
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from time import monotonic
from types import MappingProxyType
from typing import Any, TypeVar

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StreamInfo
from nats.js.errors import NotFoundError

from ringfence.ingest.choices import choices
from ringfence.ingest.streams.stream import Message
from ringfence.model.faults import Fault

SETTINGS = ("user", "password", "token", "tls_ca", "tls_cert", "tls_key")
CONNECT_SECONDS = 5.0
RECONNECT_SECONDS = 0.5
PING_SECONDS = 10  # so that a connection that nobody closed is noticed
ANSWER_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # after an error, doubled from one to the other
LOOK_SECONDS = 2.0  # how often a quiet consumer is looked at: it may be gone
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
        """Read from a position on. `settings` are those of SETTINGS that the server asks for.

        Raises Fault when the server cannot be reached, or has no such stream, or one that is no log.
        """
        self.name = ""
        self.missed = 0
        self.trouble = ""
        self._url, self._stream, self._subject, self._consumer = url, stream, subject, consumer
        self._next = position
        self._delivered = 0  # by this consumer
        self._last: Msg | None = None
        self._pause = FIRST_PAUSE
        self._rested = self._looked = monotonic()
        self._subscription: JetStreamContext.PullSubscription | None = None
        self._loop = asyncio.new_event_loop()
        try:
            self._client = self._loop.run_until_complete(self._connected(settings))
            self._context = self._client.jetstream(timeout=ANSWER_SECONDS)
            self._loop.run_until_complete(self._open())
        except BaseException:
            self.close()
            raise

    def pull(self, most: int, wait: float) -> list[Message]:
        return self._within(self._pulled(most, wait))

    def caught_up(self) -> bool:
        return self._within(self._nothing_waits())

    def acknowledge(self, positions: Mapping[int, int]) -> None:
        last = self._last
        if last is not None and positions.get(0, 0) > last.metadata.sequence.stream:
            self._last = None
            self._within(self._acknowledged(last))

    def close(self) -> None:
        if client := getattr(self, "_client", None):
            with suppress(Exception):  # it is going away, and the checkpoint says how far it came
                self._loop.run_until_complete(asyncio.wait_for(client.close(), ANSWER_SECONDS))
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _within(self, act: Coroutine[Any, Any, _Answer]) -> _Answer:
        return self._loop.run_until_complete(act)

    async def _connected(self, settings: Mapping[str, str]) -> Client:
        async def noted(error: Exception) -> None:
            self.trouble = _words(error)

        options = _options(settings)
        try:
            return await asyncio.wait_for(
                nats.connect(
                    self._url,
                    name=self._consumer,
                    error_cb=noted,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_SECONDS,
                    ping_interval=PING_SECONDS,
                    connect_timeout=int(ANSWER_SECONDS),
                    **options,
                ),
                CONNECT_SECONDS,
            )
        except (nats.errors.Error, OSError, TimeoutError, ValueError) as error:
            what = f"no NATS server answers ({self.trouble or _words(error)})"
            raise Fault(what, where=_without_secrets(self._url), mend="check the address and that it runs") from error

    async def _open(self) -> None:
        try:
            info = await self._context.stream_info(self._stream)
            if info.config.retention not in (None, RetentionPolicy.LIMITS):
                what = f"keeps messages by {info.config.retention}, so that it is no log that can be read again"
                mend = "use a stream with retention limits, or one that mirrors this"
                raise Fault(what, where=self._where, mend=mend)
            self.name = _name(info)
            if 0 < self._next < info.state.first_seq:
                self.missed = info.state.first_seq - self._next
            await self._begin()
        except NotFoundError as error:
            mend = "make the stream, or name one that is there"
            raise Fault("the server has no such stream", where=self._where, mend=mend) from error
        except (nats.errors.Error, TimeoutError, ValueError) as error:
            what = f"JetStream does not answer ({_words(error)})"
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
        """Make the consumer, from the next message on."""
        self._refuse_another(await self._context.stream_info(self._stream))
        if self._subscription is not None:
            with suppress(Exception):
                await self._subscription.unsubscribe()
            self._subscription = None
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
        self._subscription = await self._context.pull_subscribe_bind(self._consumer, stream=self._stream)
        self._delivered = 0
        self._last = None

    async def _pulled(self, most: int, wait: float) -> list[Message]:
        if (rest := self._rested - monotonic()) > 0:
            await asyncio.sleep(min(rest, wait))
            return []
        try:
            if self._subscription is None:
                await self._begin()
            messages = self._in_order(await self._subscription.fetch(most, wait)) if self._subscription else []
        except nats.errors.TimeoutError:  # nothing came
            await self._look()
            return []
        except _ERRORS as error:
            self._rest(error)
            return []
        if messages:
            self.trouble = ""
            self._pause = FIRST_PAUSE
        return messages

    def _in_order(self, delivered: list[Msg]) -> list[Message]:
        """The messages up to the first gap in what the consumer delivered; a gap is its end."""
        messages = []
        for one in delivered:
            about = one.metadata
            if about.sequence.consumer != self._delivered + 1 or about.sequence.stream < self._next:
                self._subscription = None
                break
            self._delivered += 1
            self._next = about.sequence.stream + 1
            self._last = one
            stored = int(about.timestamp.timestamp() * 1_000_000)
            messages.append(Message(0, about.sequence.stream, stored, one.data))
        return messages

    async def _look(self) -> None:
        """Now and then, whether the consumer is still there; a connection that is down tells by itself."""
        if monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = monotonic()
        try:
            await self._context.consumer_info(self._stream, self._consumer, timeout=ANSWER_SECONDS)
            self.trouble = ""
        except _ERRORS as error:
            self.trouble = _words(error)
            self._subscription = None

    def _rest(self, error: Exception) -> None:
        self.trouble = _words(error)
        self._subscription = None
        self._rested = monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _nothing_waits(self) -> bool:
        try:
            info = await self._context.consumer_info(self._stream, self._consumer, timeout=ANSWER_SECONDS)
        except _ERRORS as error:
            self.trouble = _words(error)
            return False
        delivered = info.delivered.consumer_seq if info.delivered else 0
        return info.num_pending == 0 and delivered == self._delivered and self._subscription is not None

    async def _acknowledged(self, last: Msg) -> None:
        with suppress(nats.errors.Error, OSError):  # the checkpoint counts; this is for the server's own lists
            await last.ack()

    @property
    def _where(self) -> str:
        return f"stream {self._stream} of {_without_secrets(self._url)}"


def _options(settings: Mapping[str, str]) -> dict[str, Any]:
    """What nats.connect takes for our settings."""
    for name in settings.keys() - set(SETTINGS):
        raise Fault(f"unknown setting {name}", where="[nats]", mend=choices(name, SETTINGS))
    options: dict[str, Any] = {name: settings[name] for name in ("user", "password", "token") if name in settings}
    if "tls_ca" in settings or "tls_cert" in settings:
        try:
            context = ssl.create_default_context(cafile=settings.get("tls_ca"))
            if "tls_cert" in settings:
                context.load_cert_chain(settings["tls_cert"], settings.get("tls_key"))
        except OSError as error:
            raise Fault(
                f"cannot be used ({error})", where="[nats] tls_ca, tls_cert, tls_key", mend="mend it"
            ) from error
        options["tls"] = context
    return options


def _name(info: StreamInfo) -> str:
    return f"nats:{info.config.name}:{info.created.isoformat() if info.created else ''}"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _without_secrets(url: str) -> str:
    """The address without a name and a password in it."""
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest.rpartition("@")[2]
