"""ringfence live"""

import signal
import threading
from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from types import ModuleType
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.files import signer_of
from ringfence.guard.live import connection, follow
from ringfence.guard.live.follow import Folders, Open, Settings
from ringfence.guard.live.kept import FOLDER
from ringfence.guard.live.known_hashes import FILE
from ringfence.guard.live.screen import BankScreen
from ringfence.guard.live.sources import Sources
from ringfence.ingest.streams.stream import Stream
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def command(
    nats: Annotated[str | None, typer.Option(help="The URL of a NATS server with JetStream.")] = None,
    stream: Annotated[str | None, typer.Option(help="The name of the JetStream stream.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only messages of this subject of the stream.")] = None,
    kafka: Annotated[str | None, typer.Option(help="Kafka's bootstrap servers.")] = None,
    topic: Annotated[str | None, typer.Option(help="The name of the Kafka topic.")] = None,
    to_end: Annotated[bool, typer.Option("--to-end", help="Stop once all that is there has been read.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Follow a stream of events, and tell the guard within seconds of the signals they hold.

    Example: ringfence live --nats nats://127.0.0.1:4222 --stream EVENTS --workspace platform
    """
    place = say.workspace(workspace)
    if nats and stream and not (kafka or topic):
        opened = _nats(place, nats, stream, subject)
    elif kafka and topic and not (nats or stream or subject):
        opened = _kafka(place, kafka, topic)
    else:
        mend = "give --nats and --stream, or --kafka and --topic"
        raise Fault("it is not said which stream to read", where="ringfence live", mend=mend)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signer = signer_of(place)
    with closing(BankScreen(place)) as screen:
        state = follow.follow(
            Folders(place.path / FOLDER, place.snapshots),
            signer,
            Sources(place.lexicon_file, place.path / FILE, signer.fingerprints, screen),
            _settings(place),
            opened,
            stopped=stop.is_set,
            ends=lambda one: to_end and one.caught_up(),
            say=lambda told: typer.echo(told, err=True),
        )
    if as_json:
        say.as_json({"messages": state.applied, "refused": state.unread})


def _settings(place: Workspace) -> Settings:
    chosen = place.config.live
    return Settings(chosen.delta_seconds, chosen.checkpoint_seconds, chosen.most_users, chosen.most_accounts)


def _nats(place: Workspace, url: str, stream: str, subject: str | None) -> Open:
    module = _module("nats", "--nats")
    settings = _connection(place, "nats")

    def opened(positions: Mapping[int, int]) -> Stream:
        found: Stream = module.NatsStream(
            url, stream, subject, connection.reader(place.path), positions.get(0, 0), settings
        )
        return found

    return opened


def _kafka(place: Workspace, servers: str, topic: str) -> Open:
    module = _module("kafka", "--kafka")
    settings = _connection(place, "kafka")

    def opened(positions: Mapping[int, int]) -> Stream:
        found: Stream = module.KafkaStream(servers, topic, connection.reader(place.path), positions, settings)
        return found

    return opened


def _connection(place: Workspace, section: str) -> Mapping[str, str]:
    file = place.config.live.connection_file
    return connection.read(place.path / file, section) if file else {}


def _module(name: str, where: str) -> ModuleType:
    try:
        return import_module(f"ringfence.ingest.streams.{name}")
    except ModuleNotFoundError as error:
        raise Fault(f"{error.name} is not installed", where=where, mend="install ringfence[live]") from error
