import errno
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
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


@pytest.fixture
def kept(workspace: Workspace) -> Workspace:
    for number in range(6):
        audit.record(workspace, audit.Action.SEEDS_READ, f"seed {number}" + "x" * 2_000 * number, actor="wren")
    return workspace


def test_a_file_that_nobody_touched_is_whole(kept: Workspace) -> None:
    assert audit.verified(kept) == audit.Chain(6, 1)


def test_lines_from_before_there_was_a_chain_are_counted(kept: Workspace) -> None:
    old = '{"who":"wren","at":"2026-01-01T00:00:00Z","action":"seeds_read","subject":"seeds"}\n' * 3
    kept.audit_file.write_text(old)
    audit.record(kept, audit.Action.SEEDS_READ, "seeds")
    assert audit.verified(kept) == audit.Chain(4, 3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [*lines[:2], lines[2].replace(b"wren", b"gull"), *lines[3:]], "line 4 does not rest"),
        (lambda lines: lines[:3] + lines[4:], "line 4 does not rest"),
        (lambda lines: lines[1:], "line 1 does not rest"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2 does not rest"),
        (lambda lines: lines[:-1], "missing at the end"),
        (lambda _: [], "missing at the end"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b"wren", b"gull")], "missing at the end"),
        (lambda lines: [*lines[:2], re.sub(rb',"before":"\w+"', b"", lines[2]), *lines[3:]], "line 3 does not rest"),
    ],
)
def test_what_is_done_to_the_file_is_found(
    kept: Workspace, change: Callable[[list[bytes]], list[bytes]], told: str
) -> None:
    lines = kept.audit_file.read_bytes().splitlines(keepends=True)
    kept.audit_file.write_bytes(b"".join(change(lines)))
    assert told in audit.verified(kept).broken


def test_many_who_record_at_once_make_one_chain(workspace: Workspace) -> None:
    workers = [
        threading.Thread(target=lambda: [audit.record(workspace, audit.Action.SEEDS_READ, "s") for _ in range(10)])
        for _ in range(5)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert audit.verified(workspace) == audit.Chain(50, 1)
