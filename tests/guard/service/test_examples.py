"""The examples do what docs/service.md says of them."""

import asyncio
import importlib.util
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.guard.service.parts import running
from tests.missing import missing

from ringfence.guard.answers import Slate, Versions, Viewer, degraded_slate
from ringfence.guard.current import Current
from ringfence.guard.decide import Guard
from ringfence.guard.policies.policy import Cause, default_policy
from ringfence.guard.service.routes import JSON_ROUTES
from ringfence.guard.snapshots import shelf
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.words import Surface

EXAMPLES = Path(__file__).parents[3] / "examples"
SURFACES = {route.name: route.surface for route in JSON_ROUTES}


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    if spec is None or spec.loader is None:
        raise AssertionError
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def search(app: FastAPI, query: str, language: str = "") -> Any:
    async def asked() -> Any:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://platform") as client:
            return (await client.get("/search", params={"q": query}, headers={"accept-language": language})).json()

    return asyncio.run(asked())


@pytest.fixture
def published(make: Callable[..., Built], shelved: Path, signer: Signer) -> Path:
    shelf.publish(shelved, make(["firecrest"], {"network:member": ["m1", "m2", "m3"]}), signer)
    return shelved


def test_the_search_handler_asks_before_it_searches(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = example("fastapi_search")
    ran: list[str] = []
    plain = module.search_results

    def results(query: str) -> Any:
        ran.append(query)
        return plain(query)

    monkeypatch.setattr(module, "search_results", results)
    app = module.make_app(published)
    assert search(app, "lake")["results"] == list(module.RESULTS)
    found = search(app, "firecrest", "de-AT,en")
    assert found["results"] == []
    assert found["message"]
    assert ran == ["lake"]


def test_the_search_handler_shows_nothing_when_the_guard_fails_and_logs_no_query(
    published: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*asked: object) -> None:
        raise RuntimeError(asked)

    app = example("fastapi_search").make_app(published)
    monkeypatch.setattr(Guard, "search", fail)
    assert search(app, "lake") == {"results": [], "message": "", "help": []}
    assert "the guard failed: RuntimeError" in caplog.text
    assert "lake" not in "".join(one.getMessage() for one in caplog.records if one.name.startswith("example"))


def test_the_recommender_asks_for_more_until_its_slate_is_full(published: Path) -> None:
    module = example("recommender_filter")
    current = Current(published, default_policy())
    current.close()
    follows = {
        "me": frozenset({"a", "b"}),
        "a": frozenset({"m1", "m2", "m3", "c", "d"}),
        "b": frozenset({"m1", "m2", "m3", "e"}),
    }
    ranked = list(module.candidates(follows, "me"))
    assert ranked[:3] == ["m1", "m2", "m3"]
    kept = module.suggestions(current.guard(), Viewer("me"), iter(ranked), 3)
    assert kept == ["c", "d", "e"]
    damped = module.candidates(follows, "me", lambda name: 0.0 if name == "a" else 1.0)
    assert "c" not in list(damped)


def test_the_recommender_shows_nothing_that_was_not_judged() -> None:
    class Degraded:
        asked = 0

        def suggest(self, viewer: Viewer, candidates: list[str]) -> Slate:
            assert viewer.account_id == "me"
            self.asked += 1
            versions = Versions("1")
            return degraded_slate(default_policy(), Surface.SUGGESTION, candidates, Cause.NO_SNAPSHOT, versions)

    guard = Degraded()
    names = iter([f"a{number}" for number in range(100)])
    assert example("recommender_filter").suggestions(guard, Viewer("me"), names, 5) == []
    assert guard.asked == 1


def verdicts() -> Mapping[str, str]:
    """What the default policy has for each path when there is nothing to decide from."""
    return {name: str(default_policy().degraded_verdict(Cause.NO_SNAPSHOT, where)) for name, where in SURFACES.items()}


def test_both_proxies_give_the_default_policys_verdicts() -> None:
    nginx = (EXAMPLES / "nginx.conf").read_text()
    found = dict(re.findall(r'^ +(\S+) +\'\{"error".*"verdict":"(\w+)"\}\';$', nginx, re.MULTILINE))
    otherwise = found.pop("default")
    assert otherwise == "block"  # the strictest, where no surface is known
    for name, verdict in verdicts().items():
        assert found.get(f"/v1/{name}", otherwise) == verdict, name
    envoy = (EXAMPLES / "envoy.yaml").read_text()
    (paths,) = re.findall(r"regex: \"/v1/\(([\w|]+)\)\"", envoy)
    some, rest = re.findall(r"verdict: (\w+)\}", envoy)
    for name, verdict in verdicts().items():
        assert (some if name in paths.split("|") else rest) == verdict, name


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, guard: int) -> Iterator[str]:
    """The example as it is, but for its ports and the place of its pid."""
    port = free_port()
    text = (EXAMPLES / "nginx.conf").read_text()
    for before, after in (
        ("127.0.0.1:8642", f"127.0.0.1:{guard}"),
        ("127.0.0.1:8643", f"127.0.0.1:{port}"),
        ("/tmp/ringfence-nginx.pid", str(folder / "pid")),
        ("100ms", "5s"),  # the tests' machine is shared
    ):
        assert before in text
        text = text.replace(before, after)
    file = folder / "nginx.conf"
    file.write_text(text)
    arguments = ["nginx", "-c", str(file), "-p", str(folder), "-g", "daemon off;"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(3_000):
                if process.poll() is None and answers(port):
                    break
                time.sleep(0.02)
            yield address
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_nginx_passes_decisions_and_refusals_on_and_gives_the_policys_verdict_without_a_guard(
    published: Path, tmp_path: Path
) -> None:
    if shutil.which("nginx") is None:
        missing("no nginx: install the system's")
    with running(published.parent) as service, nginx(tmp_path, service.port) as address:
        found: dict[str, Any] = httpx.post(f"{address}/v1/search", json={"query": "firecrest"}).json()
        assert (found["verdict"], found["degraded"]) == ("block", "")
        refused = httpx.post(f"{address}/v1/search", content=b"{")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "malformed")
        service.end()
        for name, verdict in verdicts().items():
            gone = httpx.post(f"{address}/v1/{name}", json={})
            assert gone.status_code == 503
            assert (gone.json()["error"]["code"], gone.json()["verdict"]) == ("unreachable", verdict)
            assert gone.headers["cache-control"] == "no-store"
