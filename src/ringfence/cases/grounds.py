"""What else is known of those whom a plan would act on? Read from the platform's events and from what people said."""

from collections.abc import Collection

import pyarrow as pa

from ringfence.cases.preview import Grounds
from ringfence.cases.reach import harms
from ringfence.discovery import last_results, reviewed, vetted
from ringfence.discovery.reviewed import Label
from ringfence.store import events
from ringfence.store.workspace import Workspace

ALL = "plan"  # stands for a network's id where only one group is asked about


def read(workspace: Workspace, accounts: Collection[str]) -> Grounds:
    """Whom these accounts reach, who of them may be a child by now, who was said to be none, which seeds lead there."""
    with events.connect(workspace) as connection:
        told, minors = harms(connection, {ALL: sorted(accounts)}, {})
    harm = told.get(ALL)
    return Grounds(
        minors=minors,
        opposed=frozenset(accounts) & _opposed(workspace),
        seeds=_seeds(workspace, accounts),
        audience=harm.audience if harm else None,
        viewers=harm.viewers if harm else None,
        minors_reached=harm.minors_reached if harm else None,
    )


def _opposed(workspace: Workspace) -> frozenset[str]:
    answers = reviewed.standing(reviewed.history(workspace).to_pylist()).values()
    said = {one.account_id for one in answers if one.label is Label.NO}
    return frozenset(said) | frozenset(vetted.negative(workspace))


def _seeds(workspace: Workspace, accounts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The seed that each account leads to; an account that is one rests on itself."""
    if not (workspace.results / "explanations.parquet").exists():
        return {}
    table = last_results.read_explanations(workspace).select(["account_id", "path_to"])
    wanted = pa.array(sorted(accounts), pa.string())
    table = table.filter(pa.compute.is_in(table["account_id"], wanted))
    starts = set(last_results.last_run(workspace).seed_accounts)
    rows = zip(table["account_id"].to_pylist(), table["path_to"].to_pylist(), strict=True)
    led = {account: (seed,) for account, seed in rows if seed}
    return {**led, **{account: (account,) for account in starts & set(accounts)}}
