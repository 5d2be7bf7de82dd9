"""How far has the check of an audit come? One at a time, in a thread; its end is kept until the next.

The console is one process, so it is kept in memory: after a restart nothing was checked yet.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases import heads, verify
from ringfence.cases.audit import Act
from ringfence.cases.database import Database
from ringfence.cases.people import Permission
from ringfence.cases.tables import AUDIT_HEADS
from ringfence.cases.transaction import Transaction
from ringfence.cases.verify import Verdict
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.audit import Chain
from ringfence.store.workspace import Workspace

LOG = logging.getLogger("ringfence.console")
_CHECKS: dict[tuple[str, str], "Check"] = {}
_ONE = threading.Lock()


@dataclass(slots=True)
class Check:
    """One check: of `total` rows so many `rows` are read. `verdict` and `lines` are there once it is done.

    `fault` says why it could not be done.
    """

    by: str
    at: datetime
    total: int
    rows: int = 0
    verdict: Verdict | None = None
    lines: Chain | None = None
    fault: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.verdict is None and not self.fault

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return min(1.0, self.rows / self.total) if self.total else 0.0

    @property
    def whole(self) -> bool:
        """Whether both audits are as they were written."""
        return bool(self.verdict and self.lines and not self.verdict.broken and not self.lines.broken)


def last(database: Database, tenant: str) -> Check | None:
    """The check that runs, or the last one; None before the first."""
    return _CHECKS.get((database.where, tenant))


def begin(within: Transaction, database: Database, workspace: Workspace) -> None:
    """Begin to check the audits of the cases and of the command line, unless a check runs; that is recorded."""
    within.demand(Permission.READ_AUDIT)
    within.record(Act.AUDIT_VERIFIED, "audit")
    asked = sa.select(AUDIT_HEADS.c.number).where(AUDIT_HEADS.c.tenant == within.tenant)
    total = within.connection.execute(asked).scalar() or 0
    with _ONE:
        before = last(database, within.tenant)
        if before is not None and before.running:
            return
        made = _CHECKS[database.where, within.tenant] = Check(within.person.name, within.at, total)
    threading.Thread(target=_run, args=(made, database, within.tenant, workspace), daemon=True).start()


def _run(check: Check, database: Database, tenant: str, workspace: Workspace) -> None:
    def advanced(rows: int) -> None:
        check.rows = rows

    try:
        lines = audit.verified(workspace)
        key = database.key.public_key().public_bytes_raw().hex()
        beside = heads.read(database.beside, tenant)
        with database.look() as connection:
            verdict = verify.verify(connection, tenant, key, [beside] if beside else [], advanced)
    except Fault as fault:
        check.fault = f"{fault.where}: {fault.what}; {fault.mend}"
    except Exception:
        LOG.exception("the check of the audit ended")
        check.fault = "It ended unexpectedly; the log of the console says why."
    else:
        check.lines, check.verdict = lines, verdict
