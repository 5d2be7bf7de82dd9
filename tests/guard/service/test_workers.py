import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import httpx
import psutil
import pytest
import trustme
from tests.guard.service.parts import Running, running, started

from ringfence.guard.service import api_keys
from ringfence.guard.snapshots import shelf, signing
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built

QUERY = b'{"query": "firecrest"}'


@pytest.fixture
def home(make: Callable[..., Built], signer: Signer, tmp_path: Path) -> Path:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    signing.trust(folder, signer)
    shelf.publish(folder, make(["firecrest"]), signer)
    return tmp_path


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last, "it never came true"
        time.sleep(0.02)


class Caller(threading.Thread):
    """Asks without a pause until connections are refused; `dropped` has what became of requests that got no answer."""

    def __init__(self, service: Running) -> None:
        super().__init__()
        self.service = service
        self.answered = 0
        self.dropped: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.service.address, timeout=20) as client:
            while True:
                try:
                    response = client.post("v1/search", content=QUERY)
                except httpx.ConnectError:
                    return
                except httpx.HTTPError as error:
                    self.dropped.append(repr(error))
                    return
                if response.status_code != 200 or response.json()["verdict"] != "block":
                    self.dropped.append(response.text)
                    return
                self.answered += 1


def status(service: Running) -> int:
    return httpx.get(f"{service.address}readyz", timeout=10).status_code


@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_end_it_drops_nothing_and_says_so_first(home: Path, workers: int) -> None:
    with running(home, workers=workers, access_log="access.jsonl", drain_notice_ms=2_000) as service:
        callers = [Caller(service) for _ in range(4)]
        for caller in callers:
            caller.start()
        until(lambda: all(caller.answered > 20 for caller in callers))
        service.process.send_signal(signal.SIGTERM)
        until(lambda: status(service) == 503)  # it still takes connections, and says that it will not
        code, written = service.ended()
        for caller in callers:
            caller.join()
    assert [caller.dropped for caller in callers] == [[], [], [], []]
    assert code == 0
    assert "Traceback" not in written
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", service.port), timeout=5)
    lines = [json.loads(line) for line in (home / "access.jsonl").read_text().splitlines()]
    assert len(lines) == sum(caller.answered for caller in callers)
    assert "firecrest" not in written + (home / "access.jsonl").read_text()


@pytest.mark.parametrize("late", ["the supervisor", "the workers"])
def test_nothing_is_dropped_when_a_process_is_held_up_as_the_last_connections_come(home: Path, late: str) -> None:
    with running(home, workers=2, drain_notice_ms=700) as service:
        held_up = [psutil.Process(service.process.pid)] if late == "the supervisor" else workers_of(service.process)
        callers = [Caller(service) for _ in range(4)]
        for caller in callers:
            caller.start()
        until(lambda: all(caller.answered > 20 for caller in callers))
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.6 if late == "the supervisor" else 0.74)
        for process in held_up:
            process.suspend()
        time.sleep(0.6)
        for process in held_up:
            process.resume()
        code, _ = service.ended()
        for caller in callers:
            caller.join()
    assert [caller.dropped for caller in callers] == [[], [], [], []]
    assert code == 0


def test_a_request_that_is_being_sent_is_waited_for(home: Path) -> None:
    with running(home) as service, socket.create_connection(("127.0.0.1", service.port), timeout=20) as half:
        head = b"POST /v1/search HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(QUERY)
        half.sendall(head + QUERY[:5])
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.8)
        half.sendall(QUERY[5:])
        answer = read_all(half)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
        assert service.ended()[0] == 0


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def test_who_never_finishes_does_not_keep_it_from_ending(home: Path) -> None:
    with (
        running(home, drain_seconds=3, body_timeout_ms=60_000) as service,
        socket.create_connection(("127.0.0.1", service.port)) as half,
    ):
        half.sendall(b"POST /v1/search HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nx")
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        service.process.communicate(timeout=30)  # half of what the client may take
        assert service.process.returncode == 0


def workers_of(process: Popen[str]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    """Not the tracker that multiprocessing has beside them, and none that has just been killed."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_a_worker_that_is_killed_is_replaced_and_its_counts_are_kept(home: Path) -> None:
    with running(home, workers=2) as service, httpx.Client(base_url=service.address, timeout=20) as client:
        before = {worker.pid for worker in workers_of(service.process)}
        assert len(before) == 2
        for _ in range(30):
            assert client.post("v1/search", content=QUERY, headers={"connection": "close"}).status_code == 200
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len({worker.pid for worker in workers_of(service.process)} - before) == 2)

        def counted() -> bool:
            try:
                text = httpx.get(f"{service.address}metrics", timeout=20).text
            except httpx.HTTPError:
                return False
            return all(
                line in text
                for line in (
                    'requests_total{route="search",status="200",surface="search"} 30.0',
                    "ringfence_guard_workers 2.0",
                )
            )

        until(counted)
        assert service.end()[0] == 0


def test_workers_end_when_nobody_is_left_to_look_after_them(home: Path) -> None:
    with running(home, workers=2) as service:
        left = workers_of(service.process)
        assert len(left) == 2
        service.process.kill()
        until(lambda: not any(lives(worker) for worker in left))


def test_workers_end_that_have_nobody_before_they_are_ready(home: Path) -> None:
    with started(home, workers=2) as process:
        until(lambda: len(workers_of(process)) == 2)
        left = workers_of(process)
        process.kill()
        until(lambda: not any(lives(worker) for worker in left))


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != "zombie"
    except psutil.NoSuchProcess:
        return False


def test_keys_are_asked_for_and_one_that_is_revoked_is_refused_without_a_restart(home: Path) -> None:
    file = home / "guard_keys.json"
    decide = api_keys.add(file, "frontend", api_keys.Role.DECIDE)
    scrape = api_keys.add(file, "prometheus", api_keys.Role.METRICS)
    with (
        running(home, access_log="access.jsonl") as service,
        httpx.Client(base_url=service.address, timeout=20) as client,
    ):

        def asked(method: str, path: str, key: str = "") -> int:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            body = QUERY if method == "POST" else None
            return client.request(method, path, headers=headers, content=body).status_code

        assert [asked("POST", "v1/search", key) for key in ("", scrape, decide)] == [401, 403, 200]
        assert [asked("GET", "metrics", key) for key in ("", decide, scrape)] == [401, 403, 200]
        assert [asked("GET", path) for path in ("healthz", "readyz", "openapi.json", "")] == [200, 200, 200, 401]
        api_keys.revoke(file, "frontend")
        until(lambda: asked("POST", "v1/search", decide) == 401)
        file.write_text("{")
        until(lambda: asked("GET", "metrics", scrape) == 401)
        state = client.get("readyz")
        assert (state.status_code, state.json()["trouble"]) == (503, "keys_unreadable")
        _, written = service.end()
    everything = written + (home / "access.jsonl").read_text()
    assert decide not in everything
    assert decide[21:] not in everything
    assert '"key":"frontend"' in everything


def test_over_mutual_tls_only_a_client_of_the_ca_is_answered(home: Path) -> None:
    ca = trustme.CA()
    server, mine, theirs = ca.issue_cert("localhost", "127.0.0.1"), ca.issue_cert("me"), trustme.CA().issue_cert("x")
    server.cert_chain_pems[0].write_to_path(home / "cert.pem")
    server.private_key_pem.write_to_path(home / "key.pem")
    ca.cert_pem.write_to_path(home / "ca.pem")
    files = {"tls_cert": "cert.pem", "tls_key": "key.pem", "client_ca": "ca.pem"}
    with running(home, **files) as service:
        assert service.address.startswith("https://")
        for cert, taken in ((mine, True), (theirs, False), (None, False)):
            context = httpx.create_ssl_context()
            ca.configure_trust(context)
            if cert is not None:
                cert.configure_cert(context)
            with httpx.Client(verify=context, timeout=20) as client:
                if taken:
                    assert client.post(f"{service.address}v1/search", content=QUERY).json()["verdict"] == "block"
                else:
                    with pytest.raises(httpx.HTTPError):
                        client.post(f"{service.address}v1/search", content=QUERY)
        assert service.end()[0] == 0
