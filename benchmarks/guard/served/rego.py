"""What does a general policy engine make of a slate? Open Policy Agent's own engine, and another one for its language.

No registry has OPA's server, so its engine (Go, by the opa-golib-python-bindings package) and rego-cpp (by regopy) are
asked within one process, without any HTTP: what a server adds would come on top. Each process measures one engine:

    python -m benchmarks.guard.served.rego ENGINE IDS
"""

import importlib
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec
import psutil
from benchmarks.guard.served import asked, platforms
from benchmarks.guard.served.load import ROOT

OPA, REGO_CPP = "Open Policy Agent", "rego-cpp"
PACKAGE = "opa-golib-python-bindings"  # Apache-2.0
FOLDER = platforms.CACHE / "opa"
SECONDS, LEAST, MOST = 3.0, 3, 300
POLICY = """package guard

kept := [candidate | some candidate in input.candidates; not data.flagged[candidate]]
dropped := [candidate | some candidate in input.candidates; data.flagged[candidate]]
"""
Ask = Callable[[bytes], int]


class Measured(msgspec.Struct, frozen=True):
    """One engine with so many flagged ids: seconds to load them, seconds of CPU a slate, megabytes that it grew by."""

    engine: str
    ids: int
    load: float
    each: float
    slates: int
    grown: float


def available() -> Mapping[str, str]:
    """The engines that are here, each with its version. OPA's is fetched once if `uv` is at hand."""
    found = {REGO_CPP: version("regopy")}
    if _opa():
        (named,) = FOLDER.glob("*.dist-info")
        found[OPA] = f"by {PACKAGE} {named.name.removesuffix('.dist-info').rpartition('-')[2]}"
    return found


def measure(engine: str, ids: int) -> Measured | None:
    """In a process of its own; None when it could not hold so many."""
    command = [sys.executable, "-m", "benchmarks.guard.served.rego", engine, str(ids)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, cwd=ROOT, timeout=300)
    except subprocess.TimeoutExpired:
        return None
    return msgspec.json.decode(done.stdout, type=Measured) if done.returncode == 0 else None


def _opa() -> bool:
    """Put OPA's engine in a folder of its own: its package names a later Python, and its library needs none."""
    local = ROOT / ".tools" / "bin" / "uv"
    uv = shutil.which("uv") or (str(local) if local.exists() else None)
    if not (FOLDER / "opa_bindings").exists() and uv:
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--python-version", "3.14", "--target", str(FOLDER)]
        subprocess.run([*command, PACKAGE], check=False)
    return (FOLDER / "opa_bindings").exists()


def _asked_opa(flagged: Mapping[str, bool]) -> Ask:
    sys.path.insert(0, str(FOLDER))
    engine: Any = importlib.import_module("opa_bindings").OpaEngine()
    engine.add_policy("guard.rego", POLICY)
    engine.add_data(flagged, "flagged")
    return lambda body: len(engine.eval_document("guard", json.loads(body))["kept"])


def _asked_rego_cpp(flagged: Mapping[str, bool]) -> Ask:
    engine: Any = importlib.import_module("regopy").Interpreter()
    engine.add_module("guard", POLICY)
    engine.add_data({"flagged": flagged})

    def ask(body: bytes) -> int:
        engine.set_input(json.loads(body))
        return len(json.loads(str(engine.query("data.guard")))["expressions"][0]["kept"])

    return ask


def main() -> None:
    engine, count = sys.argv[1], int(sys.argv[2])
    numbers = platforms.flagged()[:count]
    flagged = dict.fromkeys(platforms.names(numbers), True)
    slates = asked.of_strings("", asked.slates(numbers)[:MOST])
    bodies = [request.partition(b"\r\n\r\n")[2] for request in slates.requests]
    expected = [sum(name not in flagged for name in json.loads(body)["candidates"]) for body in bodies]
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    ask = (_asked_opa if engine == OPA else _asked_rego_cpp)(flagged)
    if ask(bodies[0]) != expected[0]:
        raise RuntimeError("the engine's answer is not the right one")
    loaded = time.perf_counter() - began
    spent: list[float] = []
    end = time.perf_counter() + SECONDS
    for body, right in zip(bodies[1:], expected[1:], strict=True):
        if len(spent) >= LEAST and time.perf_counter() > end:
            break
        started = time.process_time()
        got = ask(body)
        spent.append(time.process_time() - started)
        if got != right:
            raise RuntimeError("the engine's answer is not the right one")
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    told = Measured(engine, count, loaded, statistics.median(spent), len(spent), grown)
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
