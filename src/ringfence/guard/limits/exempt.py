"""Whom does automation leave alone, however high the score? Likely minors, and whom somebody has spoken for.

A likely minor goes to care. What a person has said of an account stands above what a model says of it.
"""

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.discovery import reviewed, vetted
from ringfence.discovery.minors import is_likely_minor
from ringfence.discovery.reviewed import Label
from ringfence.model.words import Opinion, Role, SeedKind
from ringfence.store.workspace import Workspace

BATCH = 65_536
# Labels of the platform's own events that speak of membership; the last one counts.
MEMBERSHIP = ("member", "network:member")
LABELLED = f"""
SELECT account_id FROM (
    SELECT account, arg_max(opinion, labels."at") AS opinion FROM labels
    WHERE lower(label) IN {MEMBERSHIP} GROUP BY account
) JOIN account_ids ON account = id WHERE opinion = $opinion
"""


@dataclass(frozen=True, slots=True)
class Exempt:
    """Account ids. `opposed` are those whom a person has said to be none, `disputed` those whom people disagree on."""

    minors: pa.Array
    opposed: pa.Array
    disputed: pa.Array


def exempt(workspace: Workspace, connection: duckdb.DuckDBPyConnection, among: pa.Array) -> Exempt:
    """Whom of these accounts automation leaves alone; `connection` is one to the workspace's events."""
    opposed, disputed = _spoken_for(workspace)
    labelled = {
        opinion: [name for (name,) in connection.execute(LABELLED, {"opinion": str(opinion)}).fetchall()]
        for opinion in (Opinion.NEGATIVE, Opinion.DISPUTED)
    }
    minors, found = _minors(connection, among), _found_minors(workspace)
    return Exempt(
        minors=pc.unique(pa.concat_arrays([minors, found.filter(pc.is_in(found, among))])),
        opposed=_among([*opposed, *labelled[Opinion.NEGATIVE]], among),
        disputed=_among([*disputed, *labelled[Opinion.DISPUTED]], among),
    )


def _spoken_for(workspace: Workspace) -> tuple[list[str], list[str]]:
    """Whom vetted seeds and reviewers' answers say to be none, and whom they disagree on."""
    standing = [one for one in vetted.read(workspace) if one.kind is SeedKind.ACCOUNT and not one.expired]
    answers = reviewed.standing(reviewed.history(workspace).to_pylist()).values()
    opposed = [one.seed for one in standing if one.opinion is Opinion.NEGATIVE]
    disputed = [one.seed for one in standing if one.opinion is Opinion.DISPUTED]
    return [*opposed, *(one.account_id for one in answers if one.label is Label.NO)], disputed


def _found_minors(workspace: Workspace) -> pa.Array:
    """Whom the last discovery took for a child: a profile may have changed since."""
    file = workspace.results / "scores.parquet"
    if not file.exists():
        return pa.array([], pa.string())
    found = pq.read_table(file, columns=["account_id"], filters=[("role", "=", str(Role.LIKELY_MINOR))])
    return found["account_id"].combine_chunks()


def _minors(connection: duckdb.DuckDBPyConnection, among: pa.Array) -> pa.Array:
    """Who declares an age under 18, or has a profile that reads as a child's, by now."""
    connection.register("among", pa.table({"account_id": among}))
    rows = connection.sql("SELECT account_id, declared_age, bio FROM accounts SEMI JOIN among USING (account_id)")
    found = [
        row["account_id"]
        for batch in rows.to_arrow_reader(BATCH)
        for row in batch.to_pylist()
        if is_likely_minor(row["declared_age"], row["bio"])
    ]
    return pa.array(sorted(set(found)), pa.string())


def _among(names: list[str], among: pa.Array) -> pa.Array:
    said = pa.array(sorted(set(names)), pa.string())
    return said.filter(pc.is_in(said, among))
