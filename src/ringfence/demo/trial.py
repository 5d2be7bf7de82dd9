"""How is discovery tried on a generated platform? A world in a workspace, with the truth beside it, ready to ask."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import ringfence
from ringfence.demo import evaluate
from ringfence.discovery import last_results, results
from ringfence.discovery.expand import Expansion, expansion
from ringfence.discovery.minors import likely_minors
from ringfence.discovery.seeds import Seeds, seeds
from ringfence.graph.build import build
from ringfence.graph.relations import Graph
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.versions import keep
from ringfence.world.adversary import NONE, Adversary
from ringfence.world.write import World, write

MADE_BY = ("model", "world", "ingest", "store", "terms")  # the rooms that decide what is in a workspace
ACTIVE = 20  # loud seeds are drawn from so many of the most active members


@dataclass(frozen=True, slots=True)
class Trial:
    """A platform as discovery sees it, and the truth by dense id, which discovery does not see."""

    workspace: Workspace
    graph: Graph
    signals: pa.Table
    minors: NDArray[np.bool_]
    truth: evaluate.Truth

    def start(self, account_ids: Sequence[str] = (), *, terms: bool = False) -> Seeds:
        """Seeds from accounts, from the terms of the workspace's lexicon, or from both."""
        return seeds(self.graph, list(account_ids), self.signals if terms else None)

    def discover(self, start: Seeds) -> Expansion:
        return expansion(self.graph, start, self.minors, 0)


def settled(folder: Path, events_in: Path, terms: Sequence[str]) -> Workspace:
    """A new workspace in `folder` with the events of a world, a lexicon of the `terms`, and the scan for them done."""
    workspace = Workspace.create(folder)
    keep(workspace, Lexicon.from_terms(terms))
    load(workspace, [events_in])
    results.scan(workspace)
    return workspace


def opened(workspace: Workspace, world: Path) -> Trial:
    """The trial of a settled workspace; the truth is in the folder of its `world`."""
    with events.connect(workspace) as connection:
        graph = build(connection)
        minors = likely_minors(connection, graph.size)
    return Trial(workspace, graph, last_results.signals(workspace), minors, evaluate.truth(world, graph.accounts))


def trial(folder: Path, accounts: int, seed: int, adversary: Adversary = NONE) -> tuple[World, Trial]:
    """A world of its own in a new `folder`, settled with the terms that an analyst would start from."""
    world = write(folder / "world", accounts, seed, adversary=adversary)
    return world, opened(settled(folder / "workspace", world.folder, world.seed_terms), world.folder)


def cached(cache: Path, accounts: int, seed: int, adversary: Adversary = NONE) -> tuple[World, Trial]:
    """The same, made at most once: kept in `cache` under all that decides what is in it, the code that makes it too."""
    key = sha256(repr((_code(), accounts, seed, adversary)).encode()).hexdigest()[:16]
    folder, told = cache / key, cache / f"{key}.json"
    if not told.exists():
        shutil.rmtree(folder, ignore_errors=True)  # left by a run that was cut short
        world, made = trial(folder, accounts, seed, adversary)
        told.write_bytes(msgspec.json.encode(_Told(*(getattr(world, name) for name in _Told.__struct_fields__))))
        return world, made
    kept = msgspec.structs.asdict(msgspec.json.decode(told.read_bytes(), type=_Told))
    world = World(folder=folder / "world", adversary=adversary, **kept)
    return world, opened(Workspace.open(folder / "workspace"), world.folder)


class _Told(msgspec.Struct, frozen=True):
    """What a `World` says of itself, but for where it is and who hides in it."""

    accounts: int
    posts: int
    ties: int
    planted_members: int
    seed_terms: tuple[str, ...]
    seed_accounts: tuple[str, ...]
    seed: int


def _code() -> str:
    package = Path(ringfence.__file__).parent
    files = sorted(file for room in MADE_BY for file in (package / room).rglob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def random_members(trial: Trial, count: int, draw: int) -> list[str]:
    """Member accounts drawn at random: what chance reports would lead to."""
    chosen = np.random.default_rng(draw).choice(np.flatnonzero(trial.truth.member), count, replace=False)
    return _names(trial, chosen)


def loud_members(trial: Trial, count: int, draw: int) -> list[str]:
    """Members drawn from the ACTIVE that have most ties of all kinds: what an analyst would see first."""
    ties = np.zeros(trial.graph.size)
    for relation in trial.graph.relations:
        ties += relation.forward.degree()
    members = np.flatnonzero(trial.truth.member)
    loudest = members[np.argsort(-ties[members], kind="stable")][:ACTIVE]
    return _names(trial, np.random.default_rng(draw).choice(loudest, count, replace=False))


def _names(trial: Trial, accounts: NDArray[np.int64]) -> list[str]:
    return [str(trial.graph.accounts[int(account)]) for account in accounts]
