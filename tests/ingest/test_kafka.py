import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from confluent_kafka import Producer, TopicPartition

from ringfence.ingest.streams import kafka
from ringfence.ingest.streams.kafka import KafkaStream
from ringfence.ingest.streams.stream import Message
from ringfence.model.faults import Fault

PARTITIONS = 4  # what the cluster gives a topic that is first asked for
Open = Callable[..., KafkaStream]


@pytest.fixture
def opened(kafka_cluster: str) -> Iterator[Open]:
    streams = []

    def opening(positions: Mapping[int, int] = {}, topic: str = "birds") -> KafkaStream:
        streams.append(KafkaStream(kafka_cluster, topic, "test", positions))
        return streams[-1]

    yield opening
    for stream in streams:
        stream.close()


def publish(servers: str, start: int, count: int) -> None:
    producer = Producer({"bootstrap.servers": servers}, logger=kafka._SILENT)
    for number in range(start, start + count):
        producer.produce("birds", b"%d" % number, partition=number % PARTITIONS)
    assert producer.flush(10) == 0


def read(stream: KafkaStream, count: int, seconds: float = 20) -> list[Message]:
    messages: list[Message] = []
    end = time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < end:
        messages += stream.pull(100, 0.2)
    return messages


def end_of(stream: KafkaStream, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not stream.caught_up() and time.monotonic() < end:
        assert stream.pull(100, 0.1) == []
    return stream.caught_up()


def numbers(messages: Sequence[Message], partition: int) -> list[int]:
    return [int(message.body) for message in messages if message.partition == partition]


def test_each_partition_comes_in_order_and_once(kafka_cluster: str, opened: Open) -> None:
    publish(kafka_cluster, 0, 300)
    stream = opened()
    messages = read(stream, 300)
    for partition in range(PARTITIONS):
        assert numbers(messages, partition) == list(range(partition, 300, PARTITIONS))
    assert all(abs(message.stored / 1e6 - time.time()) < 600 for message in messages)
    assert end_of(stream)
    publish(kafka_cluster, 300, PARTITIONS)
    assert len(read(stream, PARTITIONS)) == PARTITIONS


def test_reading_goes_on_from_positions_whatever_was_committed(kafka_cluster: str, opened: Open) -> None:
    publish(kafka_cluster, 0, 120)
    first = opened()
    assert len(read(first, 120)) == 120
    first.acknowledge({0: 30, 1: 30, 2: 0})
    messages = read(opened({0: 10, 1: 29, 2: 0, 3: 30}), 20 + 1 + 30)
    assert numbers(messages, 0) == list(range(40, 120, PARTITIONS))
    assert numbers(messages, 1) == [117]
    assert numbers(messages, 2) == list(range(2, 120, PARTITIONS))
    assert numbers(messages, 3) == []


def test_a_topic_that_ends_before_a_position_is_another_topic(kafka_cluster: str, opened: Open) -> None:
    publish(kafka_cluster, 0, 10 * PARTITIONS)
    with pytest.raises(Fault, match="partition 1 ends at 10, and was read up to 11"):
        opened({1: 11})


def test_partitions_that_are_added_are_read(kafka_cluster: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "LOOK_SECONDS", 0.0)
    with pytest.raises(Fault, match="there is no topic birds; make the topic"):
        opened()
    publish(kafka_cluster, 0, 1)
    stream = opened()
    assert len(read(stream, 1)) == 1
    stream._partitions.discard(2)  # as if the topic had had two of them
    stream._reading.discard(2)
    stream._consumer.incremental_unassign([TopicPartition("birds", 2)])
    publish(kafka_cluster, 0, 40)
    assert numbers(read(stream, 40), 2) == list(range(2, 40, PARTITIONS))


def test_what_cannot_be_read_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "ANSWER_SECONDS", 0.5)
    with pytest.raises(Fault, match="no Kafka broker answers"):
        KafkaStream("127.0.0.1:1", "birds", "test", {})
    with pytest.raises(Fault, match="is no setting of Kafka"):
        KafkaStream("127.0.0.1:1", "birds", "test", {}, {"no.such": "setting"})
