"""A real service in a process of its own, for tests that have to see it as its clients do."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from ringfence.guard.policies import policy
from ringfence.guard.service import settings as service
from ringfence.store import config
home = Path(sys.argv[1])
settings = config.Guard.model_validate_json(sys.argv[2])
sys.exit(service.serve(home / "snapshots", policy.default_policy(), port=0, home=home, settings=settings,
                       ready=partial(print, flush=True)))
"""
QUICK = {"drain_notice_ms": 300, "drain_seconds": 8, "keep_alive_seconds": 2, "deadline_ms": 60_000}


@dataclass(slots=True)
class Running:
    """A service that takes requests at `address`."""

    address: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])

    def end(self) -> tuple[int, str]:
        """Tell it to end; gives its exit code and what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output + errors


@contextmanager
def started(home: Path, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A service over the workspace-like folder `home` from its first moment on, killed in the end if it is there."""
    arguments = [sys.executable, "-c", PROGRAM, str(home), json.dumps({**QUICK, **settings})]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def running(home: Path, **settings: Any) -> Iterator[Running]:
    """The same once it answers."""
    with started(home, **settings) as process:
        if process.stdout is None:
            raise AssertionError
        address = process.stdout.readline().strip()
        yield Running(address, process)
