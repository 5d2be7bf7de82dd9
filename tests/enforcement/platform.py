"""A platform with a webhook, as a real server in a process of its own: it does each key once, and misbehaves as told.

How to answer comes as POST /manner, a list of manners of which each order uses up one; what was asked is at GET /told.
"""

import hashlib
import hmac
import http.client
import json
import os
import socket
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from tests.processes import PROCESSES

SECRET = b"a secret that is only for tests"
SLOW = 3.0  # seconds, longer than a test's patience


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, journal: Path) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.journal = journal
        self.turn = Lock()
        self.manners: list[str] = []
        self.asked: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        self.on: dict[str, dict[str, str]] = {}
        self.cancelled: set[str] = set()
        self.order: list[str] = []
        self.forged = 0
        self.headers: list[dict[str, str]] = []
        known = journal.read_text().splitlines() if journal.exists() else []
        journal.write_text("")
        for line in known:
            self.carry_out(json.loads(line))

    def carry_out(self, order: dict[str, str]) -> dict[str, str]:
        """Do it once a key, and undo what may come later."""
        key = order["key"]
        if key in self.cancelled:
            return {"key": key, "outcome": "refused", "reason": "was taken back before it came"}
        if key not in self.did:
            self.did[key] += 1
            self.order.append(key)
            if order["direction"] == "do":
                self.on[key] = order
            elif self.on.pop(order["undoes"], None) is None:
                self.cancelled.add(order["undoes"])
            with self.journal.open("a") as file:
                file.write(json.dumps(order) + "\n")
        return {"key": key, "outcome": "done"}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        own = self.server
        with own.turn:
            told = {"asked": own.asked, "did": own.did, "on": own.on, "order": own.order, "forged": own.forged,
                    "headers": own.headers}  # fmt: skip
            self._answer(200, json.dumps(told).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        own = self.server
        if self.path == "/manner":
            own.manners = json.loads(body)
            self._answer(200, b"{}")
            return
        with own.turn:
            if not self._signed(body):
                own.forged += 1
                self._answer(401, b"{}")
                return
            order = json.loads(body)
            own.asked[order["key"]] += 1
            own.headers.append({name.lower(): value for name, value in self.headers.items()})
            manner = own.manners.pop(0) if own.manners else "ok"
            told: dict[str, str] = {}
            if manner not in {"500 before", "late", "slam before", "refuse", "redirect"}:
                told = own.carry_out(order)
        self._misbehave(manner, order["key"], json.dumps(told).encode())

    def _misbehave(self, manner: str, key: str, told: bytes) -> None:
        if manner in {"late", "slow"}:
            time.sleep(SLOW)
        if manner == "die":
            os._exit(1)
        if manner in {"slam", "slam before"}:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif manner in {"half", "drip"}:
            self._broken(told[: len(told) // 2], drips=20 if manner == "drip" else 0)
        elif manner == "redirect":
            self._answer(307, b"{}", location=f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        else:
            status, body = self._odd(key, told).get(manner, (200, told))
            self._answer(status, body)
            if manner == "twice":
                self._answer(status, body)

    def _odd(self, key: str, told: bytes) -> dict[str, tuple[int, bytes]]:
        refused = {"key": key, "outcome": "refused", "reason": "has left"}
        return {
            "flood": (200, told + b" " * 1_000_000),
            "page": (200, b"<html>welcome</html>"),
            "other": (200, json.dumps({"key": "0" * 64, "outcome": "done"}).encode()),
            "refuse": (200, json.dumps(refused).encode()),
            "500": (500, told),
            "500 before": (500, b"{}"),
            "202": (202, b""),
            "204": (204, b""),
        }

    def _broken(self, part: bytes, drips: int) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + part)
        for _ in range(drips):
            self.wfile.write(b" ")
            time.sleep(SLOW / 10)
        self.close_connection = True

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _signed(self, body: bytes) -> bool:
        at = self.headers.get("x-ringfence-timestamp", "")
        wanted = hmac.new(SECRET, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        fresh = at.isdigit() and abs(time.time() - int(at)) < 300
        return fresh and hmac.compare_digest(self.headers.get("x-ringfence-signature", ""), f"v1={wanted}")

    def log_message(self, *_: object) -> None:
        """Tests look at what was done."""


def _serve(ready: Connection, port: int, journal: Path) -> None:
    server = _Server(port, journal)
    ready.send(server.server_port)
    server.serve_forever(0.05)


class Platform:
    """A running server, which remembers what it did when it is started again."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "platform.jsonl"
        self.port = 0
        self.start()
        self.url = f"http://127.0.0.1:{self.port}/orders"

    def start(self) -> None:
        here, there = PROCESSES.Pipe()
        self._process = PROCESSES.Process(target=_serve, args=(there, self.port, self._journal), daemon=True)
        self._process.start()
        there.close()  # so that a server that could not start is no wait without an end
        self.port = here.recv()

    def behave(self, *manners: str) -> None:
        """Answer the next orders in these manners, and then well."""
        self._ask("POST", "/manner", json.dumps(manners))

    def told(self) -> dict[str, Any]:
        """What was asked, and what was done."""
        found: dict[str, Any] = json.loads(self._ask("GET", "/told"))
        return found

    def stop(self) -> None:
        self._process.kill()
        self._process.join()

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body)
            return connection.getresponse().read()
        finally:
            connection.close()
