import asyncio
import logging
import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import hypothesis
import nats
import pytest
from confluent_kafka import Producer
from nats.js.api import StreamConfig
from tests.missing import missing
from tests.postgresql import MEMORY, Postgresql, roomy

# Where there is room, files of tests are in memory: code syncs them as ever, and nobody waits for a disk.
if roomy(MEMORY, 8_000_000_000):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("ringfence", deadline=None)
hypothesis.settings.load_profile("ringfence")


class NatsServer:
    """A real NATS server with JetStream in a folder, that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            str(Path(sysconfig.get_path("scripts")) / "nats-server"),
            "-js",
            "-a",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        with (self._folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([*command, "-sd", str(self._folder)], stdout=log, stderr=log)
        for _ in range(1_200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError((self._folder / "nats.log").read_text())

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def make(self, name: str, **settings: object) -> None:
        async def made(context: nats.js.JetStreamContext) -> None:
            await context.add_stream(StreamConfig(name=name, subjects=[f"{name}.>"], **settings))  # type: ignore[arg-type]

        self._with(made)

    def remove(self, name: str) -> None:
        async def removed(context: nats.js.JetStreamContext) -> None:
            await context.delete_stream(name)

        self._with(removed)

    def publish(self, name: str, bodies: Sequence[bytes], subject: str = "events") -> None:
        async def published(context: nats.js.JetStreamContext) -> None:
            for start in range(0, len(bodies), 500):
                await asyncio.gather(
                    *(context.publish(f"{name}.{subject}", body) for body in bodies[start : start + 500])
                )

        self._with(published)

    def _with(self, act: object) -> None:
        async def acted() -> None:
            client = await nats.connect(self.url)
            await act(client.jetstream())  # type: ignore[operator]
            await client.close()

        asyncio.run(acted())


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    folder = tmp_path / "nats"
    folder.mkdir()
    server = NatsServer(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def kafka_cluster() -> Iterator[str]:
    """The addresses of librdkafka's own cluster, which speaks Kafka's protocol over TCP."""
    silent = logging.getLogger("test.kafka")
    silent.propagate = False
    silent.addHandler(logging.NullHandler())
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none"}, logger=silent)
    yield ",".join(f"{one.host}:{one.port}" for one in owner.list_topics(timeout=60).brokers.values())
    del owner


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """One real server for all tests of this process; each makes databases of its own."""
    try:
        server = Postgresql()
    except FileNotFoundError as error:
        missing(f"{error}: install the dev group, or the system's PostgreSQL")
    server.start()
    yield server
    server.stop()
