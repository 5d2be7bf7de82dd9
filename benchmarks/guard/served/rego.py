"""What does a general policy engine make of a slate? Open Policy Agent's own engine, and another one for its language.

No registry has OPA's server, so its engine (Go, by the opa-golib-python-bindings package) and rego-cpp (by regopy) are
asked within one process, without any HTTP: what a server adds would come on top. Each process measures one engine:

    python -m benchmarks.guard.served.rego ENGINE FOLDER
"""

import importlib
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from benchmarks.guard.served import asked, platforms
from benchmarks.guard.served.load import ROOT

OPA, REGO_CPP = "Open Policy Agent", "rego-cpp"
PACKAGE, RELEASE = "opa-golib-python-bindings", "0.4.4"  # Apache-2.0
FLAGGED = {OPA: 10_000, REGO_CPP: 1_000}  # ids, of those that are asked for: far fewer than the guard has
TURNS, SECONDS, MOST = 3, 1.5, 300  # seconds of a turn, and slates in it
PATIENCE = 60.0  # seconds for one engine
POLICY = """package guard

kept := [candidate | some candidate in input.candidates; not data.flagged[candidate]]
dropped := [candidate | some candidate in input.candidates; data.flagged[candidate]]
"""
Ask = Callable[[bytes], int]


class Measured(msgspec.Struct, frozen=True):
    """One engine: seconds to load the ids, the median seconds of CPU for a slate of each turn, slates in all."""

    load: float
    each: list[float]
    slates: int


def measure(engine: str, folder: Path) -> Measured | None:
    """In a process of its own; None when the engine is not to be had here or takes too long."""
    if engine == OPA and not _fetched(folder):
        return None
    command = [sys.executable, "-m", "benchmarks.guard.served.rego", engine, str(folder)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, cwd=ROOT, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    return msgspec.json.decode(done.stdout, type=Measured) if done.returncode == 0 else None


def _fetched(folder: Path) -> bool:
    """Put OPA's engine in a folder of its own: its package names a later Python, and its library needs none."""
    local = ROOT / ".tools" / "bin" / "uv"
    uv = shutil.which("uv") or (str(local) if local.exists() else None)
    if not uv:
        return False
    command = [uv, "pip", "install", "--quiet", "--no-deps", "--python-version", "3.14", "--target", str(folder)]
    try:
        done = subprocess.run([*command, f"{PACKAGE}=={RELEASE}"], check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _asked_opa(flagged: Mapping[str, bool]) -> Ask:
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
    engine, folder = sys.argv[1:]
    sys.path.insert(0, folder)
    chosen = asked.slates()[:MOST]
    some = np.random.default_rng(platforms.SEED).choice(np.unique(chosen), FLAGGED[engine], replace=False)
    flagged = dict.fromkeys(platforms.names(some), True)
    slates = asked.of_strings("", chosen)
    bodies = [request.partition(b"\r\n\r\n")[2] for request in slates.requests]
    began = time.perf_counter()
    ask = (_asked_opa if engine == OPA else _asked_rego_cpp)(flagged)
    _check(ask, bodies[0], flagged)
    loaded = time.perf_counter() - began
    turns = [_turn(ask, bodies, flagged) for _ in range(TURNS)]
    told = Measured(loaded, [statistics.median(turn) for turn in turns], sum(map(len, turns)))
    sys.stdout.buffer.write(msgspec.json.encode(told))


def _turn(ask: Ask, bodies: Sequence[bytes], flagged: Collection[str]) -> list[float]:
    """Seconds of CPU of each slate, on all threads."""
    spent: list[float] = []
    end = time.perf_counter() + SECONDS
    for body in bodies:
        if spent and time.perf_counter() > end:
            break
        spent.append(_check(ask, body, flagged))
    return spent


def _check(ask: Ask, body: bytes, flagged: Collection[str]) -> float:
    """Seconds of CPU of one slate, when its answer is the right one."""
    began = time.process_time()
    kept = ask(body)
    spent = time.process_time() - began
    if kept != sum(name not in flagged for name in json.loads(body)["candidates"]):
        raise RuntimeError("the engine's answer is not the right one")
    return spent


if __name__ == "__main__":
    main()
