import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace

LIMITED = """
import resource, sys
from pathlib import Path
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
held = workspace.audit_file.stat().st_size + 10
resource.setrlimit(resource.RLIMIT_FSIZE, (held, held))
try:
    audit.record(workspace, audit.Action.SEEDS_READ, "seeds", actor="wren")
except Fault as fault:
    print(fault.what)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


def test_nothing_recorded_is_an_empty_audit(workspace: Workspace) -> None:
    assert audit.read(workspace) == ()


def test_a_disk_that_fills_up_within_a_line_leaves_none_of_it(workspace: Workspace) -> None:
    first = audit.record(workspace, audit.Action.SEEDS_READ, "seeds", actor="wren")
    command = [sys.executable, "-B", "-c", LIMITED, str(workspace.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot be written ({os.strerror(errno.EFBIG)})\n"
    assert audit.read(workspace) == (first,)
    second = audit.record(workspace, audit.Action.SEEDS_CHANGED, "seeds", actor="wren")
    assert audit.read(workspace) == (first, second)


def test_a_line_that_was_changed_is_named(workspace: Workspace) -> None:
    audit.record(workspace, audit.Action.SEEDS_READ, "seeds")
    with workspace.audit_file.open("a") as file:
        file.write("kittiwake\n")
    with pytest.raises(Fault, match=r"audit\.jsonl:2: is not an audit entry"):
        audit.read(workspace)
