import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Run

from ringfence.store.workspace import Workspace


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_console_is_served_says_how_to_begin_and_ends_when_told_to(tmp_path: Path, ending: int) -> None:
    Workspace.create(tmp_path / "platform")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = str(tmp_path / "platform")
    command = [sys.executable, "-m", "ringfence", "console", "--port", str(port), "--workspace", place]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr
        said = [served.stderr.readline() for _ in range(2)]
        assert said[0].startswith("Nobody can sign in yet: `ringfence people add")
        assert f"http://127.0.0.1:{port}" in said[1]
        for _ in range(1_200):
            try:
                page = httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=60)
            except httpx.ConnectError:
                time.sleep(0.05)
            else:
                break
        assert "ringfence people password" in page.text
        assert "Secure" not in page.headers["set-cookie"]
        os.kill(served.pid, ending)
        assert served.wait(60) == 0
        assert served.stderr.read() == ""


def test_it_listens_for_others_only_where_it_has_an_address(ringfence: Run, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "platform")
    refused = ringfence("console", "--host", "0.0.0.0", "--workspace", workspace.path)
    assert refused.returncode == 1
    assert "has no address" in refused.stderr
    assert refused.stderr.count("\n") == 1
