"""Where does one platform's state live? In a folder with a config and a fixed place for everything else."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ringfence.model.faults import Fault
from ringfence.store import config, disk

CONFIG = "ringfence.toml"


@dataclass(frozen=True, slots=True)
class Workspace:
    """One platform's folder and its config. `create` makes one, `open` finds one."""

    path: Path
    config: config.Config

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make `path` a workspace with every setting at its default. Raises Fault when it already is one."""
        file = path / CONFIG
        if file.exists():
            raise Fault("is already there", where=str(file), mend="name another folder, or edit that file")
        disk.write_whole(file, config.written().encode())
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The workspace at `path`. Raises Fault when there is none or its config cannot be used."""
        file = path / CONFIG
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            raise Fault("is not a workspace", where=str(path), mend=f"run `ringfence init {path}`") from None
        except (OSError, UnicodeDecodeError) as error:
            raise Fault(f"cannot be read: {error}", where=str(file), mend="make it a readable UTF-8 file") from error
        return cls(path, config.parse(text, where=str(file)))

    @property
    def store(self) -> Path:
        return self.path / "store"

    @property
    def lexicon_file(self) -> Path:
        return self.path / "lexicon.csv"

    @property
    def policy_file(self) -> Path:
        return self.path / "policy.toml"

    @property
    def seeds_file(self) -> Path:
        return self.path / "seeds.parquet"

    @property
    def labels_file(self) -> Path:
        return self.path / "labels.parquet"

    @property
    def signals(self) -> Path:
        return self.path / "signals"

    @property
    def results(self) -> Path:
        return self.path / "results"

    @property
    def networks_history(self) -> Path:
        return self.results / "networks_history.parquet"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def guard_keys_file(self) -> Path:
        return self.path / "guard_keys.json"

    @property
    def exposure(self) -> Path:
        return self.path / "exposure"

    @property
    def media(self) -> Path:
        return self.path / "media"

    @property
    def cases_file(self) -> Path:
        return self.path / "cases.sqlite"

    @property
    def case_ties(self) -> Path:
        return self.path / "case_ties"

    @property
    def audit_heads(self) -> Path:
        return self.path / "audit_heads"

    @property
    def audit_file(self) -> Path:
        return self.path / "audit.jsonl"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer while this lasts; the system frees it even when the process is killed.

        Raises Fault at once when another process is writing.
        """
        with disk.writing(self.path):
            file = (self.path / ".lock").open("a")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                what = "another ringfence command is writing here"
                mend = "wait until it is done, then run this one again"
                raise Fault(what, where=str(self.path), mend=mend) from None
            yield
