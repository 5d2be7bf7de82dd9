"""Snapshots for tests, made as a platform makes them: built, signed, put in a file and read again."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringfence.guard.policies.policy import Policy, default_policy
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.terms.lexicon import Lexicon

Flagged = Mapping[str, Iterable[str]]
Make = Callable[..., Built]
SIGNER = signing.new()


@pytest.fixture(scope="session")
def signer() -> Signer:
    return SIGNER


@pytest.fixture(scope="session")
def make() -> Make:
    """Build a snapshot from terms, lists of accounts by signal, and shares of tags."""

    def built(
        terms: Iterable[str] | Lexicon = ("firecrest",),
        accounts: Flagged | None = None,
        tags: Mapping[str, float] | None = None,
        policy: Policy | None = None,
        **more: object,
    ) -> Built:
        rows = [(one, signal, 1.0, None) for signal, ids in (accounts or {}).items() for one in ids]
        lexicon = terms if isinstance(terms, Lexicon) else Lexicon.from_terms(terms)
        at = {"created_at": datetime.now(UTC), "signer": SIGNER, **more}
        return snapshot.build(lexicon, policy or default_policy(), table(rows), tags=tags, **at)  # type: ignore[arg-type]

    return built


@pytest.fixture(scope="session")
def read_back(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Built], Snapshot]:
    """A snapshot as it is once it was written and read."""

    def read(built: Built) -> Snapshot:
        path = shelf.put(tmp_path_factory.mktemp("snapshot"), built, SIGNER)
        return snapshot.read(path, signing.Trusted(frozenset({SIGNER.public})))

    return read


@pytest.fixture
def shelved(tmp_path: Path) -> Path:
    """An empty folder of snapshots that trusts the tests' signer."""
    folder = tmp_path / "snapshots"
    folder.mkdir()
    signing.trust(folder, SIGNER)
    return folder
