import io
import subprocess
import sys
from collections.abc import Callable

import pytest

from ringfence.cli import run

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def ringfence() -> Run:
    """The whole command, from its arguments to its exit code, in this process.

    To start Python and to read what a command needs would take two seconds each time; `test_help.py` does that once.
    """

    def ran(*args: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = ["ringfence", *map(str, args)]
        streams = [io.TextIOWrapper(io.BytesIO(said), "utf-8") for said in (stdin.encode(), b"", b"")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", command)
            for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
                patch.setattr(sys, name, stream)
            code = _code()
        said = [_text(stream) for stream in streams[1:]]
        return subprocess.CompletedProcess(command, code, *said)

    return ran


def _code() -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
