"""What does `ringfence live` make of a real broker, and what is kept when either side is killed or told to end?"""

import logging
import random
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from confluent_kafka import Producer
from tests.guard.live.parts import Server, delta_of, events, restart, sequence, signer_of
from tests.processes import PROCESSES

from ringfence.cli import live as command
from ringfence.guard.live import checkpoint, refusals
from ringfence.guard.live import follow as live
from ringfence.guard.live.follow import Folders, Settings
from ringfence.guard.live.known_hashes import FILE
from ringfence.guard.live.sources import Sources
from ringfence.ingest.streams.kafka import KafkaStream
from ringfence.ingest.streams.nats import NatsStream
from ringfence.ingest.streams.stream import Message
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def reading(place: Workspace, server: Server, **more: Any) -> Any:
    arguments = {"nats": server.url, "stream": "BIRDS", "workspace": place.path, **more}
    process = PROCESSES.Process(target=command.command, kwargs=arguments, daemon=True)
    process.start()
    return process


def config(place: Workspace, **settings: object) -> None:
    written = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (place.path / "ringfence.toml").write_text(f"[live]\n{written}")


def quiet_run(place: Workspace, server: Server) -> tuple[bytes, bytes]:
    """What the same stream comes to with nobody killed, in this process."""
    restart(place)
    live.follow(
        Folders(place.path / "live", place.snapshots),
        signer_of(place),
        Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints),
        Settings(),
        lambda _: NatsStream(server.url, "BIRDS", None, "quiet", 0),
        stopped=lambda: False,
        ends=lambda stream: stream.caught_up(),
        say=lambda _: None,
    )
    return delta_of(place), (place.path / "live" / refusals.FILE).read_bytes()


@pytest.mark.parametrize("rounds", [2, pytest.param(12, marks=pytest.mark.soak)])
def test_it_survives_being_killed_and_the_death_of_its_server(
    place: Workspace, nats_server: Server, rounds: int
) -> None:
    """kill -9 of either side, at moments that nobody chose; then the delta equals that of a quiet run, to the bit."""
    config(place, delta_seconds=0.05, checkpoint_seconds=0.1)
    bodies = events(4_000 * (rounds + 1), 3)
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", bodies[:4_000])
    chance = random.Random()
    moments = []
    for round_ in range(rounds):
        process = reading(place, nats_server)
        while sequence(place) < 4_000 * round_ + 1:
            assert process.is_alive()
            time.sleep(0.01)
        nats_server.publish("BIRDS", bodies[4_000 * (round_ + 1) : 4_000 * (round_ + 2)])
        if round_ % 2 == 0:
            nats_server.kill()
            nats_server.start()
        time.sleep(chance.random() * 0.5)
        moments.append(sequence(place))
        process.kill()
        process.join()
    process = reading(place, nats_server, to_end=True)
    process.join(60)
    assert process.exitcode == 0, moments
    assert sequence(place) == len(bodies), moments
    found = delta_of(place), (place.path / "live" / refusals.FILE).read_bytes()
    assert found == quiet_run(place, nats_server), moments


def test_partitions_that_come_in_any_order_give_the_same_delta(place: Workspace, kafka_cluster: str) -> None:
    bodies = [body for body in events(2_000) if b'"accounts"' not in body]
    silent = logging.getLogger("ringfence.kafka")
    producer = Producer({"bootstrap.servers": kafka_cluster}, logger=silent)
    for number, body in enumerate(bodies):
        producer.produce("birds", body, partition=number % 4)
    assert producer.flush(10) == 0

    def read(most: int) -> bytes:
        restart(place)
        live.follow(
            Folders(place.path / "live", place.snapshots),
            signer_of(place),
            Sources(place.lexicon_file, place.path / FILE, signer_of(place).fingerprints),
            Settings(delta_seconds=0.0, checkpoint_seconds=0.0),
            lambda positions: Narrow(kafka_cluster, "birds", "test", positions, most),
            stopped=lambda: False,
            ends=lambda stream: stream.caught_up(),
            say=lambda _: None,
        )
        return delta_of(place)

    assert read(2_000) == read(37)
    assert sequence(place) == len(bodies)


class Narrow(KafkaStream):
    """Gives fewer messages at a time than it is asked for."""

    def __init__(self, servers: str, topic: str, group: str, positions: Mapping[int, int], most: int) -> None:
        super().__init__(servers, topic, group, positions)
        self._most = most

    def pull(self, most: int, wait: float) -> list[Message]:
        return super().pull(min(most, self._most), wait)


def test_the_command_ends_when_it_is_told_to_and_keeps_all_it_has_read(place: Workspace, nats_server: Server) -> None:
    config(place, delta_seconds=0.05, checkpoint_seconds=3600)
    nats_server.make("BIRDS")
    nats_server.publish("BIRDS", events(200))
    process = reading(place, nats_server)
    while sequence(place) < 200:
        assert process.is_alive()
        time.sleep(0.05)
    process.terminate()
    process.join(30)
    assert process.exitcode == 0
    kept = checkpoint.load(place.path / "live" / checkpoint.FILE)
    assert kept
    assert kept.state.positions == [201]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "give --nats and --stream, or --kafka and --topic"),
        ({"nats": "nats://127.0.0.1:1"}, "give --nats and --stream"),
        ({"kafka": "a", "topic": "b", "nats": "c", "stream": "d"}, "give --nats and --stream"),
    ],
)
def test_a_stream_must_be_named(place: Workspace, arguments: dict[str, str], told: str) -> None:
    with pytest.raises(Fault, match=told):
        command.command(workspace=place.path, **arguments)  # type: ignore[arg-type]


def test_a_missing_client_says_what_to_install(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, arguments in (("nats", {"nats": "u", "stream": "s"}), ("confluent_kafka", {"kafka": "k", "topic": "t"})):
        monkeypatch.setitem(sys.modules, name, None)
        for module in ("nats", "kafka"):
            monkeypatch.delitem(sys.modules, f"ringfence.ingest.streams.{module}", raising=False)
        with pytest.raises(Fault, match=rf"{name} is not installed; install ringfence\[live\]"):
            command.command(workspace=place.path, **arguments)  # type: ignore[arg-type]
