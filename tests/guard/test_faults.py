"""What is answered when something is broken: each fault is brought about, each path asked, docs/faults.md compared.

The page is written anew by `RINGFENCE_WRITE_FAULTS=1 pytest tests/guard/test_faults.py -n 0`.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import wire
from ringfence.guard.service.application import Application, Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.snapshots import delta, shelf, signing
from ringfence.guard.snapshots.delta import Delta
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.words import Surface
from ringfence.store import config

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
Make = Callable[..., Built]
Body = bytes | AsyncIterator[bytes]

# What is asked on each path where nothing is broken. Nothing in it is restricted, so only a fault can hold it back.
PROBES: Mapping[str, dict[str, Any]] = {
    "search": {"query": "robin"},
    "autocomplete": {"prefix": "r", "candidates": ["robin"]},
    "related": {"query": "birds", "candidates": ["robin"]},
    "hashtag": {"tag": "#robin"},
    "tags": {"tags": ["#robin"]},
    "suggest": {"candidates": ["cy"]},
    "recommend": {"candidates": ["cy"]},
}
SLATE = wire.encode_request(wire.SlateRequest(Surface.RECOMMENDATION, np.array([6], np.uint32)))
PATHS = (*PROBES, "slate")


@dataclass(frozen=True)
class Broken:
    """A service with something broken: what to ask it on a path, and with which headers."""

    app: Application
    body: Callable[[str], Body] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Bench:
    """Where faults are brought about: a folder of snapshots and what to make them with."""

    def __init__(self, folder: Path, make: Make, signer: Signer, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "snapshots"
        self.folder.mkdir()
        self.make, self.signer, self.patch = make, signer, patch
        signing.trust(self.folder, signer)

    def publish(self, bird: str = "firecrest", signer: Signer | None = None, **more: Any) -> Path:
        built = self.make([bird], **more)
        path = shelf.put(self.folder, built, signer or self.signer)
        if signer is None:
            shelf.activate(self.folder, built.version, self.signer)
        return path

    def served(self, **settings: Any) -> Application:
        """The service with a good snapshot, or whatever there is."""
        settings = {"deadline_ms": 60_000, **settings}
        place = Place(self.folder, default_policy(), config.Guard(**settings), self.folder.parent / "guard_keys.json")
        return application(place, Board(1), 0)

    def good(self, **settings: Any) -> Application:
        self.publish()
        return self.served(**settings)


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Another file in its place; one that is mapped is never changed where it lies."""
    content = change(path.read_bytes())
    path.unlink()
    path.write_bytes(content)


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def unsigned(content: bytes) -> bytes:
    return content[:16] + bytes(96) + content[112:]


def at_start(change: Callable[[bytes], bytes]) -> Callable[[Bench], Broken]:
    def fault(bench: Bench) -> Broken:
        rewritten(bench.publish(), change)
        return Broken(bench.served())

    return fault


def while_served(change: Callable[[bytes], bytes]) -> Callable[[Bench], Broken]:
    def fault(bench: Bench) -> Broken:
        app = bench.good()
        rewritten(bench.publish("kittiwake"), change)
        return looked(app)

    return fault


def looked(app: Application) -> Broken:
    app.desk.current.look()
    return Broken(app)


def no_snapshot(bench: Bench) -> Broken:
    return Broken(bench.served())


def foreign_at_start(bench: Bench) -> Broken:
    path = bench.publish()
    stranger = signing.new()
    path.unlink()
    shelf.put(bench.folder, bench.make(["firecrest"]), stranger)
    return Broken(bench.served())


def garbage_current(bench: Bench) -> Broken:
    app = bench.good()
    (bench.folder / "current").write_bytes(b"{}")
    return looked(app)


def replayed(bench: Bench) -> Broken:
    bench.publish("kittiwake")
    old = (bench.folder / "current").read_bytes()
    app = bench.good()
    (bench.folder / "current").write_bytes(old)
    return looked(app)


def from_the_future(bench: Bench) -> Broken:
    app = bench.good()
    built = bench.make(["kittiwake"])
    shelf.put(bench.folder, built, bench.signer)
    shelf.activate(bench.folder, built.version, bench.signer, datetime.now(UTC) + timedelta(hours=1))
    return looked(app)


def old_beside_fresh(bench: Bench) -> Broken:
    app = bench.good()
    bench.publish("kittiwake", created_at=datetime.now(UTC) - timedelta(days=30))
    return looked(app)


def stale(bench: Bench) -> Broken:
    bench.publish(created_at=datetime.now(UTC) - timedelta(days=30))
    return Broken(bench.served())


def broken_delta(bench: Bench) -> Broken:
    base = bench.publish()
    flags = table([("cy", "account:hits", 1.0, None)])
    written = delta.write(bench.folder, Delta(base.stem, 1, datetime.now(UTC), flags, {}), bench.signer)
    rewritten(written, half)
    return Broken(bench.served())


def sent(make_body: Callable[[str], Body], **settings: Any) -> Callable[[Bench], Broken]:
    """A request that is broken, to a service that is not."""
    return lambda bench: Broken(bench.good(**settings), make_body)


def with_probe(**change: Any) -> Callable[[str], Body]:
    """The probe with fields changed; bytes for a slate stand for the same fault there."""
    return lambda path: b"junk" if path == "slate" else msgspec.json.encode({**PROBES[path], **change})


def raw(content: bytes) -> Callable[[str], Body]:
    return lambda _: content


def too_many(count: int) -> Callable[[str], Body]:
    def body(path: str) -> Body:
        if path == "slate":
            return wire.encode_request(wire.SlateRequest(Surface.RECOMMENDATION, np.zeros(count, np.uint32)))
        probe = PROBES[path]
        many = {name: value * count for name, value in probe.items() if isinstance(value, list)}
        return msgspec.json.encode({**probe, **(many or {"viewer": "v" * 2 * count})})

    return body


def too_long(path: str) -> Body:
    if path == "slate":
        return SLATE + b"\0"
    long = {name: "r" * 10_001 for name, value in PROBES[path].items() if isinstance(value, str)}
    return msgspec.json.encode({**PROBES[path], **(long or {"viewer": "v" * 10_240})})


def never_ending(_: str) -> Body:
    async def parts() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(3600)

    return parts()


def late(bench: Bench) -> Broken:
    headers = {"x-request-start": f"t={time.time() - 5:.3f}", "x-ringfence-deadline-ms": "100"}
    return Broken(bench.good(), None, headers)


def skewed(bench: Bench) -> Broken:
    return Broken(
        bench.good(), None, {"x-request-start": f"t={time.time() + 500:.3f}", "x-ringfence-deadline-ms": "100"}
    )


def overloaded(bench: Bench) -> Broken:
    app = bench.good()
    bench.patch.setattr(app.desk.admission, "_most", 0)
    return Broken(app)


def wrong_key(bench: Bench) -> Broken:
    (bench.folder.parent / "guard_keys.json").write_text("half a file")
    return Broken(bench.good(), None, {"authorization": "Bearer rfk_kittiwake"})


def bug(bench: Bench) -> Broken:
    app = bench.good()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("kittiwake")

    bench.patch.setattr("ringfence.guard.decide.Guard._present", fail)
    return Broken(app)


FAULTS: Mapping[str, Callable[[Bench], Broken]] = {
    "nothing is broken": lambda bench: Broken(bench.good()),
    "no snapshot was ever published": no_snapshot,
    "the only snapshot is cut in half": at_start(half),
    "one bit of the only snapshot is changed": at_start(flipped),
    "the only snapshot is not signed": at_start(unsigned),
    "the only snapshot is signed by a key that is not trusted": foreign_at_start,
    "a new snapshot is cut in half": while_served(half),
    "one bit of a new snapshot is changed": while_served(flipped),
    "a new snapshot is not signed": while_served(unsigned),
    "the name of the active snapshot is garbage": garbage_current,
    "an old activation is put back": replayed,
    "an activation is signed for the future": from_the_future,
    "a new snapshot is too old": old_beside_fresh,
    "the only snapshot is too old": stale,
    "the delta is cut in half": broken_delta,
    "the body is no JSON": sent(raw(b'{"query": ')),
    "the body is no UTF-8": sent(raw(b'{"query": "\xff"}')),
    "the body is nested 100,000 deep": sent(raw(b"[" * 100_000)),
    "a number is NaN": sent(raw(b'{"candidates": [NaN]}')),
    "a field is not known": sent(with_probe(nest=1)),
    "the surface is not known": sent(with_probe(surface="nest")),
    "an id is 10 KB long": sent(with_probe(viewer="v" * 10_240)),
    "a text is too long": sent(too_long),
    "there are 10,001 candidates": sent(too_many(10_001)),
    "there are a million candidates": sent(too_many(1_000_000)),
    "the body never ends": sent(never_ending, body_timeout_ms=50),
    "the deadline is over": late,
    "the caller's clock is ahead": skewed,
    "too many requests are being read": overloaded,
    "the key is wrong": wrong_key,
    "the guard itself fails": bug,
}


async def asked(broken: Broken) -> list[str]:
    """What each path says."""
    transport = httpx.ASGITransport(app=broken.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://guard", timeout=60) as client:
        return [await ask(client, broken, path) for path in PATHS]


async def ask(client: httpx.AsyncClient, broken: Broken, path: str) -> str:
    """What a path says, in a few words: the status where it is no 200, the verdict, and the cause."""
    body = broken.body(path) if broken.body else SLATE if path == "slate" else msgspec.json.encode(PROBES[path])
    content = "application/octet-stream" if path == "slate" else "application/json"
    response = await client.post(f"/v1/{path}", content=body, headers={"content-type": content, **broken.headers})
    assert b"kittiwake" not in response.content
    return told(response, path)


def told(response: httpx.Response, path: str) -> str:
    if response.status_code != httpx.codes.OK:
        said = response.json()
        return f"{response.status_code} {said.get('verdict', '')}".strip()
    if path == "slate":
        answer = wire.decode_answer(response.content)
        return worded(str(wire.VERDICTS[answer.verdicts[0]]), str(answer.degraded))
    answer = response.json()
    verdict = answer["verdict"] if "verdict" in answer else [*answer["judged"], {"verdict": "allow"}][0]["verdict"]
    return worded(verdict, answer["degraded"])


def worded(verdict: str, cause: str) -> str:
    return f"{verdict} ({cause.replace('_', ' ')})" if cause else verdict


def rows_of_page() -> dict[str, list[str]]:
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    return {line[0]: line[1:] for line in lines[1:]}


FOUND: dict[str, list[str]] = {}
HARMLESS = ("nothing is broken", "the caller's clock is ahead")


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_gives_on_each_surface_what_the_page_says(
    tmp_path: Path, make: Make, signer: Signer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    broken = FAULTS[name](Bench(tmp_path, make, signer, monkeypatch))
    try:
        said = asyncio.run(asked(broken))
    finally:
        broken.app.desk.current.close()
    FOUND[name] = said
    if not os.environ.get("RINGFENCE_WRITE_FAULTS"):
        assert said == rows_of_page().get(name)


def test_the_page_has_these_faults_and_no_other() -> None:
    if os.environ.get("RINGFENCE_WRITE_FAULTS"):
        PAGE.write_text(written(), "utf-8")
    assert list(rows_of_page()) == list(FAULTS)


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if name not in ("nothing is broken", "the caller's clock is ahead")]
)
def test_no_fault_lets_through_what_was_not_judged(name: str) -> None:
    """Where something is shown, it was judged: by the last good snapshot, or by a stale one, which the answer says."""
    kept = "new snapshot" in name or "activation" in name or "name of the active" in name or "delta" in name
    for cell in rows_of_page()[name]:
        if cell.startswith("allow"):
            assert kept or cell == "allow (stale snapshot)", cell
        else:
            assert cell.split()[-1] in ("block", "drop") or cell.split("(")[0].strip() in ("block", "drop"), cell


INTRODUCTION = """
Each fault was brought about by a test, with the default policy, and each path of the service was asked for something
that is not restricted: whatever is held back here is held back by the fault. `allow` in a row means that the last good
snapshot decided. A word in brackets is the cause that the answer names. A number is the status of a refusal, which
carries the verdict to go by; it is the policy's choice for that cause and surface, and `[degraded]` in the
[policy](policy.md#degraded-mode) changes it.
"""
END = """
A new snapshot, activation or delta that is refused leaves the last good one in service; `/readyz` names the trouble. A
process that dies is replaced; callers meanwhile go by their own copy of these verdicts, as `examples/` shows.
"""


def written() -> str:
    head = ["fault", *(f"`{path}`" for path in PATHS)]
    lines = [
        "# What is answered when something is broken",
        "",
        *INTRODUCTION.strip().splitlines(),
        "",
        "| " + " | ".join(head) + " |",
        "|---" * len(head) + "|",
        *("| " + " | ".join([name, *FOUND[name]]) + " |" for name in FAULTS),
        "",
        *END.strip().splitlines(),
    ]
    return "\n".join(lines) + "\n"
