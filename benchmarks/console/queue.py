"""How fast does the console show a queue of 100,000 cases, over HTTP, on PostgreSQL and on SQLite?

    python -m benchmarks.console.queue

A console as it is served, in a process of its own, and one reviewer with one connection. Each request is whole: the
session and the roles read anew, the page's cases fetched, the audit row written and synced, the page drawn. Pages are
of 50 cases, each the one after the page before. Writes benchmarks/results/console-queue.md.
"""

import multiprocessing
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess

import httpx
import numpy as np
import pyotp
import uvicorn
from benchmarks.cases import places
from benchmarks.cases.pages import CASES_IN_ALL, SHARE_LEASED, fill
from benchmarks.cases.places import Row
from tests.postgresql import Postgresql

from ringfence.cases import credentials, keys, staff
from ringfence.cases.database import Database
from ringfence.cases.people import Role, at_shell
from ringfence.cases.queue import Order
from ringfence.console import serving, settings
from ringfence.console.application import application
from ringfence.console.limits import Rate, Rates
from ringfence.demo import tables
from ringfence.store.workspace import Workspace

RESULT = places.RESULTS / "console-queue.md"
TIMES, PASSWORD = 100, "a long enough password"
PROMISED = 200  # ms, at p95
HEAD = ("database", "page", "requests", "median ms", "p95 ms", "worst ms", "KB")
FREELY = Rates(Rate(1e9, 1e9), Rate(1e9, 1e9), Rate(1e9, 1e9))
NEXT = re.compile(r'<a href="(/queue\?[^"]*after=[^"]*)"[^>]*>Next page')
FILTERS = {
    "held by nobody": "/queue?held=free",
    "held by me, who hold one": "/queue?held=mine",
    "marked urgent": "/queue?urgent=yes",
    "with reports that wait, of which there are none": "/queue?reported=yes",
    "that contain an account nobody knows": "/queue?about=nobody",
}


def main() -> None:
    with places.server() as server:
        rows = [row for name in places.NAMES for row in measured(name, server)]
    told = f"{CASES_IN_ALL:,} open cases, {SHARE_LEASED:.0%} of them held by others; promised is {PROMISED} ms at p95."
    lines = ["# The queue's page over HTTP", "", f"{told} {places.versions()}", "", *tables.table(HEAD, rows)]
    tables.write(RESULT, lines, "python -m benchmarks.console.queue")


def measured(name: str, server: Postgresql) -> Iterator[Row]:
    with places.place(name, server) as workspace:
        with closing(Database.open(workspace)) as database:
            secret = _hired(workspace, database)
            fill(database)
        with serving_at(workspace) as address, httpx.Client(base_url=address, timeout=60) as client:
            sign_in(client, secret)
            for order in Order:
                yield _line(name, f"by {order}, from page to page", list(walked(client, f"/queue?order={order}")))
            token = _token(client.get("/queue").text)
            taken = client.post("/queue/next", data={"csrf": token}, headers={"origin": address})
            assert taken.status_code == 303, taken.text
            for words, path in FILTERS.items():
                yield _line(name, words, [asked(client, path)[:2] for _ in range(TIMES // 4)])


def walked(client: httpx.Client, path: str) -> Iterator[tuple[float, int]]:
    for _ in range(TIMES):
        took, size, text = asked(client, path)
        yield took, size
        following = NEXT.search(text)
        assert following
        path = following[1].replace("&amp;", "&")


def asked(client: httpx.Client, path: str) -> tuple[float, int, str]:
    began = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return took, len(answer.content), answer.text


def sign_in(client: httpx.Client, secret: str) -> None:
    token = _token(client.get("/sign-in").text)
    fields = {"csrf": token, "person": "wren", "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
    answer = client.post("/sign-in", data=fields, headers={"origin": str(client.base_url).rstrip("/")})
    assert answer.status_code == 303, answer.text


@contextmanager
def serving_at(workspace: Workspace) -> Iterator[str]:
    """A console in a process of its own, and where it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        made = multiprocessing.get_context("fork").Process(target=_serve, args=(workspace, listener, port))
        made.start()
        address = f"http://127.0.0.1:{port}"
        _wait(address, made)
        try:
            yield address
        finally:
            made.terminate()
            made.join()


def _serve(workspace: Workspace, listener: socket.socket, port: int) -> None:
    made = replace(settings.read(workspace, "127.0.0.1", port), rates=FREELY)
    uvicorn.Server(serving.config(application(made), "127.0.0.1", port)).run(sockets=[listener])


def _wait(address: str, process: BaseProcess) -> None:
    for _ in range(300):
        assert process.is_alive()
        try:
            httpx.get(f"{address}/sign-in", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the console does not answer")


def _hired(workspace: Workspace, database: Database) -> str:
    with database.transaction(at_shell("own")) as within:
        staff.add(within, "wren", "Wren", [Role.REVIEWER])
        credentials.set_password(within, "wren", credentials.hashed(PASSWORD))
        address = credentials.set_totp(within, "wren", keys.sealing_key(workspace.path))
    return str(pyotp.parse_uri(address).secret)


def _token(page: str) -> str:
    return page.split('name="csrf" value="')[1][:64]


def _line(name: str, what: str, took: Sequence[tuple[float, int]]) -> Row:
    seconds = [one for one, _ in took]
    middle, late = np.quantile(seconds, [0.5, 0.95]) * 1e3
    size = max(one for _, one in took) / 1e3
    return name, what, str(len(took)), f"{middle:.1f}", f"{late:.1f}", f"{max(seconds) * 1e3:.1f}", f"{size:.0f}"


if __name__ == "__main__":
    main()
