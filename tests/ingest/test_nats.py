import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import pytest

from ringfence.ingest.streams import nats_connection
from ringfence.ingest.streams.nats import NatsStream
from ringfence.ingest.streams.stream import Message
from ringfence.model.faults import Fault

Open = Callable[..., NatsStream]


class Server(Protocol):
    """What `nats_server` of conftest.py gives."""

    url: str
    port: int

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def make(self, name: str, **settings: object) -> None: ...
    def remove(self, name: str) -> None: ...
    def publish(self, name: str, bodies: Sequence[bytes], subject: str = "events") -> None: ...


@pytest.fixture
def opened(nats_server: Server) -> Iterator[Open]:
    streams = []

    def opening(position: int = 0, subject: str | None = None) -> NatsStream:
        streams.append(NatsStream(nats_server.url, "BIRDS", subject, "test", position))
        return streams[-1]

    yield opening
    for stream in streams:
        stream.close()


def bodies(start: int, count: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, start + count)]


def read(stream: NatsStream, count: int, seconds: float = 20) -> list[Message]:
    """The next messages, however often the stream has to be asked."""
    messages: list[Message] = []
    end = time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < end:
        messages += stream.pull(100, 0.2)
    return messages


def numbers(messages: Sequence[Message]) -> list[int]:
    return [int(message.body) for message in messages]


def test_everything_comes_in_order_and_once(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 1_000))
    stream = opened()
    messages = read(stream, 1_000)
    assert numbers(messages) == list(range(1_000))
    assert [message.offset for message in messages] == list(range(1, 1_001))
    assert all(abs(message.stored / 1e6 - time.time()) < 600 for message in messages)
    assert stream.caught_up()
    assert stream.pull(10, 0.1) == []
    nats_server.publish("BIRDS", bodies(1_000, 3))
    assert not stream.caught_up()
    assert numbers(read(stream, 3)) == [1_000, 1_001, 1_002]


def test_reading_goes_on_from_a_position(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 50))
    stream = opened(21)
    assert numbers(read(stream, 30)) == list(range(20, 50))
    stream.acknowledge({0: 51})
    assert numbers(read(opened(11), 40)) == list(range(10, 50))  # whatever was acknowledged


def test_one_subject_of_a_stream(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    for number in range(10):
        nats_server.publish("BIRDS", [b"%d" % number], "odd" if number % 2 else "even")
    stream = opened(subject="BIRDS.odd")
    assert numbers(read(stream, 5)) == [1, 3, 5, 7, 9]
    assert stream.caught_up()


def test_a_server_that_is_killed_and_comes_back(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 300))
    stream = opened()
    messages = list(stream.pull(100, 1))
    for round_ in range(2):
        nats_server.kill()
        assert stream.pull(100, 0.5) is not None  # gives up soon
        nats_server.start()
        nats_server.publish("BIRDS", bodies(300 + 100 * round_, 100))
        messages += read(stream, 300 + 100 * (round_ + 1) - len(messages), 30)
    assert numbers(messages) == list(range(500))
    assert stream.trouble == ""


def test_a_consumer_that_somebody_removed_is_made_anew(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 20))
    stream = opened()
    assert numbers(read(stream, 20)) == list(range(20))
    stream._within(stream._context.delete_consumer("BIRDS", "test"))
    nats_server.publish("BIRDS", bodies(20, 20))
    assert numbers(read(stream, 20)) == list(range(20, 40))


def test_a_gap_in_what_is_delivered_is_read_again(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 20))
    stream = opened()
    assert stream._inbox
    lost = stream._within(stream._inbox.take(5, 1))  # as if the connection had dropped them
    assert len(lost) == 5
    assert numbers(read(stream, 20)) == list(range(20))


def test_a_stream_made_anew_is_not_taken_for_the_old_one(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 20))
    stream = opened()
    assert len(read(stream, 20)) == 20
    with pytest.raises(Fault, match="ends at 20, and was read up to 29"):
        opened(30)
    nats_server.remove("BIRDS")
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies(0, 30))
    with pytest.raises(Fault, match="made anew"):
        read(stream, 1)
    assert opened().name != stream.name


def test_what_the_server_dropped_before_it_was_read_is_counted(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS", max_msgs=10)
    nats_server.publish("BIRDS", bodies(0, 30))
    stream = opened(11)
    assert stream.missed == 10
    assert numbers(read(stream, 10)) == list(range(20, 30))


def test_what_the_server_drops_while_it_is_read_is_counted_too(nats_server: Server, opened: Open) -> None:
    nats_server.make("BIRDS", max_msgs=10)
    nats_server.publish("BIRDS", bodies(0, 5))
    stream = opened()
    assert len(stream.pull(5, 10)) == 5  # all that was asked for has come, so nothing is on its way
    nats_server.publish("BIRDS", bodies(5, 30))
    assert numbers(read(stream, 10)) == list(range(25, 35))
    assert stream.missed == 20


def test_what_cannot_be_read_is_told_in_one_line(
    nats_server: Server, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Fault, match="no such stream; make the stream"):
        opened()
    nats_server.make("BIRDS", retention="workqueue")
    with pytest.raises(Fault, match="keeps messages by workqueue"):
        opened()
    nats_server.kill()
    monkeypatch.setattr(nats_connection, "CONNECT_SECONDS", 0.5)
    with pytest.raises(Fault, match="no NATS server answers") as caught:
        NatsStream(f"nats://bird:secret@127.0.0.1:{nats_server.port}", "BIRDS", None, "test", 0)
    assert "secret" not in str(caught.value)
