"""A real service under a steady load on every surface, while somebody publishes, rolls back and adds every second.

Every answer must be right by the very snapshot that it names: one that mixes two, or comes late, or not at all, fails.
Ten seconds in the ordinary suite; ten minutes by `make soak`, where what grows is told from what has warmed up.
"""

import asyncio
import itertools
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest

from ringfence.guard.files import signer_of
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import wire
from ringfence.guard.snapshots import delta, shelf, signing
from ringfence.guard.snapshots.flags import table
from ringfence.model.words import Surface
from ringfence.store.workspace import Workspace

CLIENTS = 6
PAUSE = 0.005  # seconds between two requests of a client
EVERY = 1.0
SETTLED = 3  # snapshots that have answered
LATEST = 120.0  # seconds for what never takes them: an answer, and the first few snapshots
CROWD = [f"acct{number}" for number in range(20_000)]  # flagged in every snapshot, so that each weighs something
ALWAYS, LATER, NEVER = "al", "ben", "cy"
SAID = "firecrest"


@dataclass(slots=True)
class Truth:
    """What is right: by version the accounts that only that snapshot flags. `answers` counts good ones by version."""

    members: dict[str, tuple[str, int]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def took(self, version: str, fault: str) -> None:
        self.answers[version] = self.answers.get(version, 0) + 1
        if fault:
            self.wrong.append(fault)
        if fault or len(self.answers) >= SETTLED:
            self.settled.set()


@dataclass(frozen=True, slots=True)
class Held:
    """What the workers hold at one moment."""

    resident: int  # bytes
    files: int
    mapped: int  # snapshots
    threads: int


@pytest.mark.parametrize(
    ("workers", "warm", "seconds", "grows"),
    [(1, 2.0, 8.0, 40e6), pytest.param(2, 60.0, 540.0, 30e6, marks=pytest.mark.soak)],
)
def test_nothing_is_dropped_and_nothing_piles_up(
    tmp_path: Path, make: Any, workers: int, warm: float, seconds: float, grows: float
) -> None:
    """Under load for `warm` and then for `seconds`; memory may grow by `grows` bytes a worker in the latter."""
    workspace = Workspace.create(tmp_path)
    workspace.snapshots.mkdir()
    workspace.policy_file.write_text(default_policy().text)
    config = tmp_path / "ringfence.toml"  # a slow machine is no fault: nothing here is about being in time
    config.write_text(config.read_text().replace("deadline_ms = 50\n", "deadline_ms = 60000\n"))
    signing.trust(workspace.snapshots, signer_of(workspace))
    truth = Truth()
    publish(workspace, make, truth, 0)
    with serving(workspace, workers) as (port, process):
        first, last = asyncio.run(run(workspace, make, truth, port, process, (warm, seconds)))
        counted = metrics(port)
    assert not truth.wrong, truth.wrong[:5]
    assert len(truth.answers) >= SETTLED
    assert counted["ringfence_guard_requests_total"] == sum(truth.answers.values())
    assert counted["ringfence_guard_swaps_total"] >= len(truth.answers)
    assert not counted["ringfence_guard_degraded_total"]
    # A snapshot that is let go of is unmapped: each worker has the active one, and may be reading the next.
    assert last.mapped <= 3 * workers
    assert last.files <= first.files + 2 * workers
    assert last.threads == first.threads
    assert last.resident - first.resident < grows * workers


async def run(
    workspace: Workspace, make: Any, truth: Truth, port: int, process: int, spans: tuple[float, float]
) -> tuple[Held, Held]:
    """Clients and a publisher at once; gives what the workers held after the first span and after the second."""
    ended = asyncio.Event()
    clients = [asyncio.create_task(client(port, truth, ended, number)) for number in range(CLIENTS)]
    publisher = asyncio.create_task(publishing(workspace, make, truth, ended))
    await asyncio.wait_for(truth.settled.wait(), LATEST)  # the first service on a machine compiles
    await asyncio.sleep(spans[0])
    first = held(process)
    await asyncio.sleep(spans[1])
    last = held(process)
    ended.set()
    await asyncio.gather(publisher, *clients)
    return first, last


async def publishing(workspace: Workspace, make: Any, truth: Truth, ended: asyncio.Event) -> None:
    """Every second something else is active: a new snapshot, a delta over it, the one before."""
    for turn in itertools.count(1):
        if turn % 3 == 0:
            await asyncio.to_thread(shelf.rollback, workspace.snapshots, signer_of(workspace))
        else:
            await asyncio.to_thread(publish, workspace, make, truth, turn)
        if turn % 2:
            await asyncio.to_thread(add, workspace, turn)
        try:
            await asyncio.wait_for(ended.wait(), EVERY)
        except TimeoutError:
            continue
        return


def publish(workspace: Workspace, make: Any, truth: Truth, turn: int) -> None:
    """A snapshot that knows one name and one number that no other one knows."""
    member, number = f"member{turn}", 1_000_000 + turn
    built = make(
        [SAID], {"network:member": [ALWAYS, member, str(number), *CROWD]}, tags={"lake": 0.9},
        signer=signer_of(workspace),
    )  # fmt: skip
    truth.members[built.version] = member, number
    shelf.publish(workspace.snapshots, built, signer_of(workspace))


def add(workspace: Workspace, sequence: int) -> None:
    """A delta over the active snapshot, by which one more account is a member."""
    signer = signer_of(workspace)
    active = shelf.activation(workspace.snapshots, signing.Trusted(frozenset({signer.public}))).version
    flags = table([(LATER, "network:member", 1.0, None)])
    delta.write(workspace.snapshots, delta.Delta(active, sequence, datetime.now(UTC), flags, {}), signer)


async def client(port: int, truth: Truth, ended: asyncio.Event, number: int) -> None:
    """Ask on one connection until the end, all surfaces in turns, and judge every answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for turn in itertools.count(number):
        if ended.is_set():
            break
        version = next(reversed(truth.members))
        asked, judge = ASKED[turn % len(ASKED)]
        path, body = asked(*truth.members[version])
        try:
            async with asyncio.timeout(LATEST):
                status, answer = await post(reader, writer, path, body)
        except (OSError, asyncio.IncompleteReadError) as error:
            truth.wrong.append(f"{path}: {error!r}")
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        named, fault = judge(answer, truth.members) if status == 200 else ("", f"status {status}")
        truth.took(named, fault and f"{path}: {fault}")
        await asyncio.sleep(PAUSE)
    writer.close()
    await writer.wait_closed()


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes) -> tuple[int, bytes]:
    writer.write(f"POST {path} HTTP/1.1\r\nhost: guard\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


@contextmanager
def serving(workspace: Workspace, workers: int) -> Iterator[tuple[int, int]]:
    """The service as people start it: its port and its process."""
    command = [sys.executable, "-m", "ringfence", "serve", "--port", "0", "--workers", str(workers)]
    with subprocess.Popen([*command, "--workspace", str(workspace.path)], stderr=subprocess.PIPE, text=True) as process:
        try:
            yield port_of(process), process.pid
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()


def port_of(process: subprocess.Popen[str]) -> int:
    said = []
    for line in process.stderr or ():
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise AssertionError("".join(said))


def held(process: int) -> Held:
    """What the processes that answer hold together."""
    parent = psutil.Process(process)
    answering = [one for one in parent.children() if "resource_tracker" not in " ".join(one.cmdline())] or [parent]
    return Held(
        sum(one.memory_info().rss for one in answering),
        sum(one.num_fds() for one in answering),
        sum(Path(f"/proc/{one.pid}/maps").read_text().count(".snapshot") for one in answering),
        sum(one.num_threads() for one in answering),
    )


def metrics(port: int) -> dict[str, int]:
    """What the service counted, summed over all labels; of requests only the good ones."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    counted: dict[str, int] = {"ringfence_guard_degraded_total": 0}
    for line in lines:
        name, _, rest = line.partition("{" if "{" in line else " ")
        if not line.startswith("#") and (name != "ringfence_guard_requests_total" or 'status="200"' in rest):
            counted[name] = counted.get(name, 0) + int(float(line.split()[-1]))
    return counted


# What is asked, given the name and the number that the newest snapshot alone knows; and what is wrong with an answer.
Members = Mapping[str, tuple[str, int]]


def ask_search(*_: object) -> tuple[str, bytes]:
    return "/v1/search", msgspec.json.encode({"query": f"a {SAID}", "viewer": NEVER})


def ask_autocomplete(*_: object) -> tuple[str, bytes]:
    return "/v1/autocomplete", msgspec.json.encode({"prefix": "fire", "candidates": [SAID, "firewood"]})


def ask_hashtag(*_: object) -> tuple[str, bytes]:
    return "/v1/hashtag", msgspec.json.encode({"tag": "#lake"})


def ask_suggest(member: str, _: int) -> tuple[str, bytes]:
    return "/v1/suggest", msgspec.json.encode({"viewer": NEVER, "candidates": [NEVER, member, ALWAYS, LATER, "dee"]})


def ask_recommend(_: str, number: int) -> tuple[str, bytes]:
    return "/v1/recommend", msgspec.json.encode({"candidates": [number - 1, number, 7]})


def ask_slate(_: str, number: int) -> tuple[str, bytes]:
    ids = np.array([number - 1, number, 7], np.uint32)
    return "/v1/slate", wire.encode_request(wire.SlateRequest(Surface.SUGGESTION, ids))


def judge_search(answer: bytes, _: Members) -> tuple[str, str]:
    return told(answer, lambda said: said["verdict"] == "block" and said["message"] != "")


def judge_autocomplete(answer: bytes, _: Members) -> tuple[str, str]:
    return told(answer, lambda said: said["kept"] == ["firewood"])


def judge_hashtag(answer: bytes, _: Members) -> tuple[str, str]:
    return told(answer, lambda said: said["verdict"] == "drop" and said["reason"] == "tag:network")


def judge_suggest(answer: bytes, members: Members) -> tuple[str, str]:
    """The member is hidden exactly when the snapshot that answered knows it; a delta may have added one more."""

    def right(said: Any) -> bool:
        hidden = {one["subject"] for one in said["judged"]}
        member = next((one for one in (*said["kept"], *hidden) if one.startswith("member")), "")
        known = members[said["snapshot_version"]][0]
        kept = [one for one in (NEVER, member, LATER, "dee") if one not in hidden]
        return said["kept"] == kept and (member in hidden) == (member == known) and ALWAYS in hidden

    return told(answer, right)


def judge_recommend(answer: bytes, members: Members) -> tuple[str, str]:
    def right(said: Any) -> bool:
        number = members[said["snapshot_version"]][1]
        hidden = [one["subject"] for one in said["judged"]]
        return hidden == ([number] if number not in said["kept"] and hidden else []) and 7 in said["kept"]

    return told(answer, right)


def judge_slate(answer: bytes, members: Members) -> tuple[str, str]:
    said = wire.decode_answer(answer)
    verdicts = said.verdicts.tolist()
    good = not said.degraded and len(verdicts) == 3 and verdicts[2] == 0 and set(verdicts) <= {0, 3}
    return said.version.hex(), "" if good and said.version.hex() in members else f"{verdicts} {said.degraded}"


def told(answer: bytes, right: Any) -> tuple[str, str]:
    said = msgspec.json.decode(answer)
    fault = "" if not said["degraded"] and right(said) else f"wrong: {said}"
    return said["snapshot_version"], fault


ASKED = (
    (ask_search, judge_search),
    (ask_suggest, judge_suggest),
    (ask_autocomplete, judge_autocomplete),
    (ask_recommend, judge_recommend),
    (ask_hashtag, judge_hashtag),
    (ask_slate, judge_slate),
)
