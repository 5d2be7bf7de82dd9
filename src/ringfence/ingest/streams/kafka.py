"""How are events read from a Kafka topic, each partition in order and with no gap?

Partitions are assigned here and not by a group: the positions are those of the checkpoint, and the broker's committed
offsets are only told to it, for its lists of who lags.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from types import MappingProxyType

from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka import Message as Record

from ringfence.ingest.streams.stream import Message
from ringfence.model.faults import Fault

ANSWER_SECONDS = 5.0
LOOK_SECONDS = 30.0  # how often new partitions are looked for
QUEUE_KB = 65_536  # what librdkafka reads ahead, at most
_SILENT = logging.getLogger("ringfence.kafka")  # what librdkafka says on its own; `trouble` has what matters
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_OUT_OF_RANGE = frozenset({KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET})  # noqa: SLF001 - their name


class KafkaStream:
    """See `stream.Stream`. `settings` are librdkafka's, for whatever a cluster asks of its clients."""

    def __init__(
        self,
        servers: str,
        topic: str,
        group: str,
        positions: Mapping[int, int],
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Raises Fault when no broker answers, or there is no such topic, or it ends before a position."""
        self.missed = 0
        self.trouble = ""
        self._topic = topic
        self._servers = servers
        self._next = dict(positions)
        self._ended: set[int] = set()  # partitions whose end has been read
        self._partitions: set[int] = set()
        self._reading: set[int] = set()
        self._looked = monotonic()
        self._consumer = self._made(group, settings)
        try:
            self.name = self._assigned()
        except KafkaException as error:
            self.close()
            what = f"no Kafka broker answers ({_words(error)})"
            raise Fault(what, where=servers, mend="check the address and that it runs") from error
        except BaseException:
            self.close()
            raise

    def pull(self, most: int, wait: float) -> list[Message]:
        self._look()
        messages = []
        for record in self._consumer.consume(most, wait):
            if (error := record.error()) is not None:
                self._meet(error, record)
            elif (message := self._message(record)) is not None:
                messages.append(message)
        if messages:
            self.trouble = ""
        return messages

    def caught_up(self) -> bool:
        return self._ended >= self._partitions

    def acknowledge(self, positions: Mapping[int, int]) -> None:
        offsets = [TopicPartition(self._topic, partition, offset) for partition, offset in positions.items() if offset]
        if offsets:
            with suppress(KafkaException):  # the checkpoint counts; this is for the broker's own lists
                self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self) -> None:
        self._consumer.close()

    def _made(self, group: str, settings: Mapping[str, str]) -> Consumer:
        ours = {
            "bootstrap.servers": self._servers,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # a position that is gone is never passed over in silence
            "enable.partition.eof": True,
            "queued.max.messages.kbytes": QUEUE_KB,
            "error_cb": self._note,
            "logger": _SILENT,
        }
        try:
            return Consumer({**settings, **ours})
        except (KafkaException, TypeError, ValueError) as error:
            raise Fault(f"is no setting of Kafka ({error})", where="the Kafka settings", mend="mend it") from error

    def _assigned(self) -> str:
        """Read each partition from its position on; gives the name of this log."""
        about = self._consumer.list_topics(self._topic, ANSWER_SECONDS)
        found = about.topics[self._topic]
        if found.error is not None or not found.partitions:
            mend = "make the topic, or name one that is there"
            raise Fault(f"there is no topic {self._topic}", where=self._servers, mend=mend)
        self._partitions.update(found.partitions)
        for partition in sorted(self._partitions):
            self._begin(partition)
        return f"kafka:{self._topic}:{about.cluster_id or ''}"

    def _begin(self, partition: int) -> None:
        """Read a partition from its position on, or from what is left of it."""
        place = TopicPartition(self._topic, partition)
        first, end = self._consumer.get_watermark_offsets(place, ANSWER_SECONDS)
        wanted = self._next.get(partition, 0)
        if wanted > end:
            what = f"partition {partition} ends at {end}, and was read up to {wanted}"
            mend = "restore the topic, or remove the checkpoint to read it anew"
            raise Fault(what, where=f"topic {self._topic} of {self._servers}", mend=mend)
        if wanted and first > wanted:
            self.missed += first - wanted
        place.offset = max(first, wanted) if wanted else OFFSET_BEGINNING
        self._reading.add(partition)
        self._consumer.incremental_assign([place])

    def _look(self) -> None:
        """Now and then, whether there are partitions that are not read: new ones, or those that were in trouble."""
        if monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = monotonic()
        with suppress(KafkaException):  # librdkafka tells of what is wrong, and tries again
            self._partitions.update(
                self._consumer.list_topics(self._topic, ANSWER_SECONDS).topics[self._topic].partitions
            )
            for partition in sorted(self._partitions - self._reading):
                self._begin(partition)

    def _message(self, record: Record) -> Message | None:
        partition, offset, body = record.partition(), record.offset(), record.value()
        if partition is None or offset is None:
            return None
        kind, stored = record.timestamp()
        self._next[partition] = offset + 1
        self._ended.discard(partition)
        known = kind != TIMESTAMP_NOT_AVAILABLE
        return Message(partition, offset, stored * 1000 if known else 0, body if isinstance(body, bytes) else b"")

    def _meet(self, error: KafkaError, record: Record) -> None:
        partition = record.partition()
        if error.code() == KafkaError._PARTITION_EOF and partition is not None:  # noqa: SLF001 - their name
            self._ended.add(partition)
            self.trouble = ""
        elif error.code() in _OUT_OF_RANGE and partition is not None:
            self._reading.discard(partition)
            self._ended.discard(partition)
            self._consumer.incremental_unassign([TopicPartition(self._topic, partition)])
            with suppress(KafkaException):
                self._begin(partition)
        else:
            self._note(error)

    def _note(self, error: KafkaError) -> None:
        self.trouble = error.str()


def _words(error: KafkaException) -> str:
    return error.args[0].str() if error.args and isinstance(error.args[0], KafkaError) else str(error)
