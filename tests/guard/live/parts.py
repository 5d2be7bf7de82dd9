"""Events of a small platform, and what the live delta of its workspace says."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.snapshots import delta, shelf, signing, snapshot
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
KNOWN = "ab" * 32


class Server(Protocol):
    """What `nats_server` of conftest.py gives."""

    url: str

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def make(self, name: str, **settings: object) -> None: ...
    def publish(self, name: str, bodies: Sequence[bytes], subject: str = "events") -> None: ...


def post(number: int, account: str, **more: object) -> dict[str, object]:
    at = NOW + timedelta(seconds=number)
    return {"table": "posts", "post_id": f"p{number}", "account_id": account, "at": at.isoformat(), **more}


def events(count: int, seed: int = 0) -> list[bytes]:
    """A platform's events, with a few that are none."""
    chance = random.Random(seed)
    bodies: list[bytes] = []
    for number in range(count):
        account = f"acct-{int(chance.paretovariate(0.8)) % 500}"
        kind = chance.random()
        row: dict[str, object] = post(number, account, text="a walk by the lake", hashtags=[f"tag{number % 50}"])
        if kind < 0.05:
            row["text"] = "see firecrest"
        elif kind < 0.10:
            row["hashtags"] = ["Dunnock", "#dunnock"]
        elif kind < 0.12:
            row["media"] = [{"media_id": "m", "sha256": KNOWN}]
        elif kind < 0.14:
            row = {"table": "accounts", "account_id": account, "declared_age": chance.randint(13, 30)}
        elif kind < 0.15:
            at = NOW + timedelta(seconds=number - 50)
            row = {"table": "labels", "account_id": account, "label": "fine", "opinion": "negative", "at": str(at)}
        elif kind < 0.16:
            bodies.append(chance.choice([b"{", b"[]", b'{"table": "birds"}', b'{"table": "posts"}', b"\xff"]))
            continue
        bodies.append(json.dumps(row).encode())
    return bodies


def publish(place: Workspace, members: Sequence[str]) -> str:
    signer = signer_of(place)
    flags = table([(account, "network:member", 1.0, None) for account in members])
    built = snapshot.build(Lexicon.load(place.lexicon_file), default_policy(), flags, signer=signer)
    place.snapshots.mkdir(exist_ok=True)
    signing.trust(place.snapshots, signer)
    shelf.publish(place.snapshots, built, signer)
    return built.version


def signer_of(place: Workspace) -> Signer:
    return signing.from_file(place.path / signing.SECRET_FILE)


def delta_of(place: Workspace) -> bytes:
    version = shelf.activation(place.snapshots, signing.trusted_in(place.snapshots)).version
    return delta.file_of(place.snapshots, version).read_bytes()


def restart(place: Workspace) -> None:
    """As if nothing had been read yet."""
    for file in [*(place.path / "live").glob("*"), *place.snapshots.glob("*.delta")]:
        file.unlink()


def sequence(place: Workspace) -> int:
    trusted = signing.trusted_in(place.snapshots)
    version = shelf.activation(place.snapshots, trusted).version
    path = delta.file_of(place.snapshots, version)
    base = shelf.active(place.snapshots, trusted)
    return delta.read(path, base, trusted).sequence if path.exists() else 0
